"""Code requirements: how they are stored, what they say, and whether code satisfies them."""
