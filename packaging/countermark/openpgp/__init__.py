"""OpenPGP: keys, the signatures that they made, and making signatures."""
