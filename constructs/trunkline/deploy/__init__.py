"""Terraform over all stacks of a topology, in a workspace folder."""
