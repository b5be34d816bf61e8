"""What the doubles of the three clouds have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

from .web import Response

METADATA_ADDRESS = "169.254.169.254"
METADATA_NAME = "metadata.google.internal"


@dataclass
class Secrets:
    """The secrets of a cloud's store by name, and how soon the machine may read them."""

    values: dict[str, str] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)  # statuses to answer with first


def tree_answer(tree: object, path: str) -> Response:
    """Answer from a tree of mappings the way metadata services list their folders."""
    for part in filter(None, path.split("/")):
        if not isinstance(tree, dict) or part not in tree:
            return Response.text("not found", 404)
        tree = tree[part]
    if isinstance(tree, dict):
        names = [f"{key}/" if isinstance(value, dict) else key for key, value in tree.items()]
        return Response.text("\n".join(names))
    return Response.text(str(tree))
