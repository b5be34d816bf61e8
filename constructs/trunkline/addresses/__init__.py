"""The names and addresses by which the pieces of a topology find one another."""
