"""From a tree to an archive whose bytes depend on nothing but the files in it."""
