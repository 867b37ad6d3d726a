"""How programs are hardened, and what they ask of the system: read once, then judged.

:mod:`.reading` takes the facts of an image, :mod:`.pool` does so where a crash does no harm,
:mod:`.checking` judges them by the rules of :mod:`counterproof.rulebook.hardening`.
"""
