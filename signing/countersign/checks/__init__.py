"""The rules at work: functions from parsed facts to findings, one module per layer."""
