"""Writing an archive anew with some of its members replaced, and all else as it was."""

from countermark.rewriting.archive import rewrite_archive

__all__ = ["rewrite_archive"]
