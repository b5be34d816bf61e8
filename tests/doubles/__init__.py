"""What cannot be had here, played: each thing once, for all tests that need it.

machines/   Debian machines that boot with their user data, and their networks
services/   what clouds and vendors answer a machine: metadata, secrets, packages, a tunnel
providers/  Terraform's providers, and a runner of Terraform
hub.py      distances between network namespaces
"""
