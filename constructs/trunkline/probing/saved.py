"""The measurement file on disk: what an earlier collection left, and how a new one completes it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from trunkline.errors import OutputError, TrunklineError
from trunkline.model import Topology
from trunkline.probing.collect import Collection
from trunkline.probing.document import Document, document, is_emulated


class EarlierMeasurementsError(TrunklineError):
    """A file that a collection would have to throw away; it is left as it is."""


def read_earlier(path: Path, topology: Topology) -> Document | None:
    """The measurements that are to be completed; None where there is no file yet.

    Raises EarlierMeasurementsError where the file is something else.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        fits = content["version"] == 1 and content["method"]["tool"] == "trunkline"
        [(pair["from"], pair["to"], pair["sweeps"]) for pair in content["pairs"]]
        name = content["topology"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refuse(path, "is no measurement file") from error
    if not fits:
        raise _refuse(path, "was measured with another tool or version")
    if name != topology.name:
        raise _refuse(path, f"holds the measurements of {name}, not of {topology.name}")
    earlier: Document = content
    return earlier


def save_collection(
    path: Path, topology: Topology, collection: Collection, earlier: Document | None
) -> Document:
    """Write what is known now, whole or not at all, and return it.

    Where no agent answered, a file that is there stays as it is. Raises OutputError.
    """
    emulated = is_emulated(collection)
    if earlier and emulated is None:
        return earlier
    if earlier and emulated != earlier["method"]["emulated"]:
        raise _refuse(path, "would mix emulated with measured distances")
    content = document(topology, collection, earlier)
    if collection.answers:
        _write(path, json.dumps(content, indent=1) + "\n")
    return content


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(scratch).chmod(0o644)
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; choose another file with --output"
        ) from error


def _refuse(path: Path, what: str) -> EarlierMeasurementsError:
    return EarlierMeasurementsError(
        f"{path}: {what}; move it away, or choose another file with --output"
    )
