"""A first ``countermark.toml`` for a suite that has none: CMake is asked what the suite is."""
