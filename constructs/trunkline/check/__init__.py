"""Asks whether all of a topology is up, from end to end."""
