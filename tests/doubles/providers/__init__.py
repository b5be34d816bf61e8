"""Doubles of Terraform's providers: the real schemas, and what the real ones refuse."""
