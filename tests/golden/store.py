"""Golden files: one gzipped JSON tree per case, with the same bytes for the same numbers."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import cast

from comparer import Tree

FOLDER = Path(__file__).parent / "reports"
"""Where the golden files are."""

SUFFIX = ".json.gz"


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Return the file of the case of that name."""
    return folder / f"{name}{SUFFIX}"


def names(folder: Path = FOLDER) -> set[str]:
    """Return the names of the cases that have a file."""
    return {path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")}


def read(path: Path) -> Tree:
    """Return the tree in a file."""
    return cast(Tree, json.loads(gzip.decompress(path.read_bytes())))


def write(path: Path, tree: Tree) -> None:
    """Write a tree; neither the time nor the file's name is in the bytes.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = json.dumps(tree, separators=(",", ":"), allow_nan=False)
    buffer = io.BytesIO()
    # Unlike gzip.compress, a GzipFile writes the same header on every system and Python.
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=buffer, mtime=0) as packed:
        packed.write(text.encode())
    path.write_bytes(buffer.getvalue())
