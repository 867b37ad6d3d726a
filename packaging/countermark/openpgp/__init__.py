"""OpenPGP: whose keys count, and which signatures of a file are good.

pysequoia does the cryptography; it comes with the extra ``attest`` and is imported late.
"""
