"""The default toolchain: files for CMake, and the programs that stand for a compiler's.

What runs in place of a compiler (:mod:`~countermark.toolchains.call` and all that it imports)
imports nothing from elsewhere: it is started thousands of times, without site-packages.
"""
