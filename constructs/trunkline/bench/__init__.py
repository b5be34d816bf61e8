"""Load tests against the routes of a topology."""
