"""What a release was made from and consists of: the SBOM, the statement, and who signed it."""
