"""Which provider the resources of a construct use, where a stack has several of one kind."""

from __future__ import annotations

from collections.abc import Iterator

from cdktf import TerraformDataSource, TerraformProvider, TerraformResource
from constructs import Construct

from trunkline.errors import ConfigurationError


def use_provider(construct: Construct, provider: TerraformProvider | None) -> None:
    """Let what `construct` has made until now use `provider`; None leaves it to the stack.

    Raises ConfigurationError where the provider is of a cloud of which nothing is made.
    """
    if provider is None:
        return
    kind = provider.terraform_resource_type
    made = list(_made_by(kind, construct))
    if not made:
        raise ConfigurationError(
            f"{type(construct).__name__} {construct.node.id}: the provider {kind} makes nothing in "
            "it; give the provider of its cloud"
        )
    for child in made:
        child.provider = provider


def _made_by(kind: str, construct: Construct) -> Iterator[TerraformResource | TerraformDataSource]:
    for child in construct.node.find_all():
        match child:
            case (
                TerraformResource(terraform_resource_type=found)
                | TerraformDataSource(terraform_resource_type=found)
            ) if found.startswith(f"{kind}_"):
                yield child
