"""Running Terraform, its backends, and text inside Terraform JSON."""
