"""This machine as a cloud."""
