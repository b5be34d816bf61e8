"""Machines on this computer: groups of processes on loopback that Terraform starts and ends.

`python -m trunkline.local` is what Terraform calls; `trunkline local` is for people. A machine is a
folder below `.trunkline`, and what lies there is drawn in `folder.py`. Nothing here knows CDKTF.
"""
