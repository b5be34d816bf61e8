"""The operator's keys: a file that a shell reads, which only its owner may read.

Each line is `export TF_VAR_<variable>=<key>`, or `unset` for an earlier key that is forgotten. A
key that stays with the operator stands as `trunkline_<name>=<key>`, without export. A
key that is there is never changed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from trunkline.backbone import driver_of
from trunkline.documents.write import write_private
from trunkline.errors import OutputError, TrunklineError
from trunkline.model import (
    AUTHORITY_KEY,
    EDGE_KEY,
    PREVIOUS,
    PROBE_KEY,
    Cloudflare,
    Key,
    Topology,
    node_key,
)
from trunkline.probing.key import generate_key

_LINE = re.compile(r"(?:export TF_VAR_|trunkline_)(\w+)=([0-9a-fA-F]{64})\Z")
# No stack takes these: they stay with the operator, and a shell does not hand them on.
_OPERATORS = (AUTHORITY_KEY.variable, AUTHORITY_KEY.previous)
_HEADER = "# The keys of a topology. Keep this file where you keep secrets, and out of Git.\n"


class KeysError(TrunklineError):
    """A file of keys that cannot be read, or a step of a rotation out of order."""


@frozen
class Keys:
    """The keys by the variable that takes them."""

    values: Mapping[str, str]

    @staticmethod
    def read(path: Path) -> Keys:
        """The keys in a file; none where it is not there. KeysError for any other text."""
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return Keys({})
        except (OSError, UnicodeDecodeError) as error:
            raise KeysError(f"{path} cannot be read: {error}; name another file") from None
        values = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line or line.startswith(("#", "unset TF_VAR_")):
                continue
            if not (found := _LINE.match(line)):
                raise KeysError(
                    f"{path}:{number}: not a line of keys (export TF_VAR_...=64 hexadecimal "
                    "digits); name another file, or take the line out"
                )
            values[found[1]] = found[2]
        return Keys(values)

    def write(self, path: Path) -> None:
        """Write them whole; OutputError where that cannot be done."""
        lines = "".join(_line(name, value) for name, value in self.values.items())
        # A shell may have them from before.
        lines += "".join(f"unset TF_VAR_{name}\n" for name in self._without_previous())
        try:
            write_private(path, (_HEADER + lines).encode())
        except OSError as error:
            why = error.strerror or error
            raise OutputError(f"cannot write {path}: {why}; choose another file") from None

    def _without_previous(self) -> Iterator[str]:
        """The variables of earlier keys that no rotation has left."""
        for name in self.values:
            previous = f"{name}{PREVIOUS}"
            overlaps = name not in (PROBE_KEY.variable, *_OPERATORS) and not name.endswith(PREVIOUS)
            if overlaps and previous not in self.values:
                yield previous

    def environment(self) -> dict[str, str]:
        """The keys as Terraform and `collect` take them."""
        return {
            f"TF_VAR_{name}": value for name, value in self.values.items() if name not in _OPERATORS
        }

    def having(self, key: Key) -> Keys:
        """With a new key, where there is none."""
        return self if key.variable in self.values else self._with(key.variable, generate_key())

    def rotated(self, key: Key) -> Keys:
        """With a new key; the one before stays, where its machines take both for a while."""
        if (old := self.values.get(key.variable)) is None:
            raise KeysError(
                f"there is no {key.name} key to rotate; make one first, without --rotate"
            )
        if not key.overlaps:
            return self._with(key.variable, generate_key())
        if key.previous in self.values:
            raise KeysError(
                f"the {key.name} key is being rotated already: apply all stacks with both keys, "
                f"then run trunkline keys --retire {key.kind}"
            )
        return self._with(key.variable, generate_key())._with(key.previous, old)

    def retired(self, key: Key) -> Keys:
        """Without the key before the last one."""
        if key.previous not in self.values:
            raise KeysError(f"there is no earlier {key.name} key to retire; nothing has changed")
        left = {name: value for name, value in self.values.items() if name != key.previous}
        return Keys(left)

    def _with(self, variable: str, value: str) -> Keys:
        return Keys({**self.values, variable: value})


def keys_of(topology: Topology) -> tuple[Key, ...]:
    """The keys that the stacks of a topology take; edges of this machine have none."""
    edges = (EDGE_KEY,) if isinstance(topology.ingress, Cloudflare) else ()
    probes = (PROBE_KEY,) if topology.probes else ()
    return (*probes, *edges, *backbone_keys(topology), *authority_keys(topology))


def authority_keys(topology: Topology) -> tuple[Key, ...]:
    """The key that signs the certificates of the backbone's nodes, where its kind has any."""
    backbone = topology.backbone
    return (AUTHORITY_KEY,) if backbone and driver_of(backbone.kind).has_authority else ()


def name_in_file(name: str) -> str:
    """How a key is called in the file: as Terraform takes it, or as the operator's own."""
    return f"trunkline_{name}" if name in _OPERATORS else f"TF_VAR_{name}"


def _line(name: str, value: str) -> str:
    export = "" if name in _OPERATORS else "export "
    return f"{export}{name_in_file(name)}={value}\n"


def backbone_keys(topology: Topology, site: str | None = None) -> tuple[Key, ...]:
    """The keys of the backbone's nodes, one for each edge of all sites, or of `site` alone.

    There are none where its machines make them themselves.
    """
    if not topology.backbone or not driver_of(topology.backbone.kind).makes_keys:
        return ()
    sites = [each.name for each in topology.sites if site in (None, each.name)]
    return tuple(node_key(name) for each in sites for name in topology.node_names(each))
