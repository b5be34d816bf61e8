"""The demo: every command of `cloud: local` in one run, from nothing to figures and back."""
