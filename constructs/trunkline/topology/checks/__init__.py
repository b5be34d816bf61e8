"""Checks of meaning, by subject. Each is a small function from a draft to its problems."""
