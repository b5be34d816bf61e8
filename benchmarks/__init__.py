"""What trunkline costs to run, measured: `python -m benchmarks` from the repository's root."""
