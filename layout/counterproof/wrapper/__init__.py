"""What ``bin/bitcoin COMMAND`` runs on a user's machine, told from names, modes and images."""
