"""What builders attest: writing it as Guix builders do, reading it, and seeing who agrees."""
