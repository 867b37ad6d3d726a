from __future__ import annotations

from hypothesis import settings

settings.register_profile("layout", deadline=None)  # no test asserts a time
settings.load_profile("layout")
