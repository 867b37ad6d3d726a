"""Smoke tests: the programs of a stage or an archive are started, and must do what they promise.

Nothing else in this package runs anything of what it is shown. A rig
(:class:`~counterproof.smoke.rig.Rig`) holds the programs, the way in which this machine runs them,
and a scratch directory.
"""
