"""How results look: text, JSON, and progress while the work goes on."""
