"""All rules, one module per layer; :mod:`countersign.rules` joins them into one table.

R rules concern the container, the image, and its signature; K rules are the kernel's and dyld's
for any image; A rules are Apple silicon's; F1 is the format itself. P rules are our own policy,
Q rules are what a user demands, and N rules say what was not checked. Only what macOS itself
refuses, or a user demands, is an error.
"""
