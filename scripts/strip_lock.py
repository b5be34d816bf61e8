"""Take every package index out of a Pipfile.lock, so that pipenv's own default applies."""

import json
import sys
from pathlib import Path


def strip(lock: dict[str, dict[str, object]]) -> None:
    """Remove the sources, and the index of each package."""
    lock["_meta"]["sources"] = []
    for section in ("default", "develop"):
        for package in lock[section].values():
            if isinstance(package, dict):
                package.pop("index", None)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    content = json.loads(path.read_text())
    strip(content)
    path.write_text(json.dumps(content, indent=4, sort_keys=True) + "\n")
