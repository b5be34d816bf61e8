"""The costs of a topology, from list prices; no cloud is contacted."""
