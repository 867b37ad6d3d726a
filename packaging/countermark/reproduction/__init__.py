"""Building the same again: what determines a release, and whether two builds of it are equal."""
