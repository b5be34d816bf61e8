"""Which stacks a topology becomes, what each holds, and how they become files."""
