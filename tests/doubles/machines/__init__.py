"""The machines' user data, booted for real.

user data ─▶ a Debian under systemd-nspawn ──veth── doubles of the cloud, at its own names
             (machine.py on rootfs.py)               (services/ in network.py)
"""
