"""The public constructs. Each works alone in anybody's CDKTF stack, without a topology file.

Import them from `trunkline`. Each stands in a module of its own, so that an edge on one cloud needs
neither Cloudflare's binding nor another cloud's.
"""
