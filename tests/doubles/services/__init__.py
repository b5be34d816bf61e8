"""Doubles of what a machine talks to when it starts: metadata, secrets, packages."""
