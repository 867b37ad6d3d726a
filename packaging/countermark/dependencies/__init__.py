"""What a suite needs before it can be built: libraries for its hosts, tools for this machine."""
