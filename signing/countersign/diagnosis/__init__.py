"""Why a file is refused: what was changed, where, and most likely by what."""
