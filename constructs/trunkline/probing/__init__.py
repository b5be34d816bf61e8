"""What probes run."""
