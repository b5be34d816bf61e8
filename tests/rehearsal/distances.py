"""How far places are from one another: round trips by zone, from distances.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

FILE = Path(__file__).with_name("distances.yaml")
CLOUDFLARE = "cloudflare"
OPERATOR = "operator"


@dataclass(frozen=True)
class Distances:
    """Round trips in milliseconds by pair of places; the rest is `elsewhere` apart."""

    pairs: dict[frozenset[str], float]
    elsewhere: float
    cloudflare: float
    same_zone: float
    jitter: float
    loss: float

    def milliseconds(self, here: str, there: str) -> float:
        if CLOUDFLARE in (here, there):
            return self.cloudflare
        if here == there:
            return self.same_zone
        return self.pairs.get(frozenset((here, there)), self.elsewhere)


def load(file: Path = FILE) -> Distances:
    data = YAML(typ="safe").load(file.read_text())
    names = list(data["zones"])
    pairs = {
        frozenset((name, other)): float(value)
        for name, row in data["zones"].items()
        for other, value in zip(names, row, strict=False)
    }
    names_of_rest = ("elsewhere", "cloudflare", "same_zone", "jitter", "loss")
    return Distances(pairs, **{name: float(data[name]) for name in names_of_rest})
