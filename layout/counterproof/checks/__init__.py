"""The checks of a tree, one module per group of rules; :mod:`counterproof.judging` applies them."""
