"""The whole journey on this machine: `cloud: local`, from nothing to figures and back."""
