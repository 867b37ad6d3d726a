"""The rules of a release as a whole, by subject."""
