"""The rehearsal: the very stacks of a topology, on one machine, from apply to destroy.

Terraform ──▶ doubles of the providers ──▶ the sky: a resource does what it does in its cloud
              (doubles/providers)           (sky.py, clouds/: one file per cloud)
                                              │
    machines that boot with their user data ◀─┤  names, tunnels, the Worker in workerd
    behind a firewall each, on one internet   │  (cloudflare_edge.py, names.py)
    with distances (internet.py) ◀────────────┘

`journey.py` is what a user does, step by step.
"""
