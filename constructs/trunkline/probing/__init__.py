"""Probes: the agent that measures on them, and the operator's side that collects the results."""
