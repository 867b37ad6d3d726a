"""A release as it is published: signed by those who vouch for it, and checked by anyone."""
