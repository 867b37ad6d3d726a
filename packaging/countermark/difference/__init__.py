"""Comparing two archives or trees, and saying why they differ."""
