"""Looking into signatures: everything that is in them, as far as it can be read."""
