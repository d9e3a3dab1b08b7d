"""Every performance claim, as a command: `python -m benchmarks`."""
