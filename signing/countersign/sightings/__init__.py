"""What Macs report of code that they refused: log lines, crash reports, messages of tools."""
