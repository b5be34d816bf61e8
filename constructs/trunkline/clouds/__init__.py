"""The clouds, by name; `facts.py` holds the registry. A binding is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from trunkline.bindings.extras import require_bindings
from trunkline.clouds.facts import check_cloud

if TYPE_CHECKING:
    from trunkline.clouds.base import Cloud


def cloud_class(name: str) -> type[Cloud]:
    """The class that makes a cloud's resources; ConfigurationError without it or its binding."""
    check_cloud(name)
    with require_bindings():
        module = import_module(f"trunkline.clouds.{name}.resources")
    found: type[Cloud] = getattr(module, name.capitalize())
    return found
