"""Machines on this computer: groups of processes on loopback that Terraform starts and ends.

Terraform calls `python -m trunkline.local`; `trunkline local` is for people. A machine is a folder
below `.trunkline`, drawn in `layout.py`. Nothing here imports CDKTF.
"""
