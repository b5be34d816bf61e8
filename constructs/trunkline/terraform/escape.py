"""Text inside Terraform JSON, where `${…}` and `%{…}` are expressions."""


def escape(text: str) -> str:
    """`text` so that Terraform reads it as it stands, with no expression in it."""
    return text.replace("${", "$${").replace("%{", "%%{")
