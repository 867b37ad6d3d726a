"""Lists of digests, such as ``SHA256SUMS``: writing, reading and checking them."""
