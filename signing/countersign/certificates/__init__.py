"""Certificates: the CMS signature of a code directory, its timestamp, and where the chain leads."""
