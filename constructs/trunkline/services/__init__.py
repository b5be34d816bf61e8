"""The services that edges carry for applications: the catalogue, and what an entry means."""
