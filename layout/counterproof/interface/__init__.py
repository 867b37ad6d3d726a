"""Interfaces between programs: Cap'n Proto schemas of two versions, and what has changed."""
