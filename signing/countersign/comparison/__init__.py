"""Comparing files: by their bytes, by what their signatures say, and by the code below."""
