"""Terraform over all stacks of a topology, in a folder of its own."""
