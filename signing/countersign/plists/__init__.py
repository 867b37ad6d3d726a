"""Property lists, in the forms and with the strictness of those on macOS that read them."""
