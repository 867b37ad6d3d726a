"""Reading trees: directories, and archives without unpacking them."""
