"""Mach-O: the facts that a signature depends on, read with every size checked before its use."""
