"""Bundles: directories that codesign signs as one, and what their signatures seal of them.

:mod:`countersign.bundle.reader` is the front door: it is told what a tree or an archive holds,
while somebody else walks it, and says what is wrong with the bundles in it.
"""
