"""Where a run came from: versions, command line, input files. No clock, no user, no machine name."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

_PACKAGES = ("numpy", "pydantic", "PyYAML", "simpy", "matplotlib")


def provenance(version: str, command: Sequence[str], inputs: Iterable[Path]) -> dict[str, object]:
    """Return what somebody else needs to repeat the run.

    Parameters
    ----------
    version
        Version of archsim.
    command
        Arguments of the command line, without the program.
    inputs
        Files that were read; each is listed with the SHA-256 of its bytes.
    """
    return {
        "archsim": version,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": platform.system(),
        "machine": platform.machine(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "command": ["archsim", *command],
        "inputs": [{"file": str(path), "sha256": _digest(path)} for path in dict.fromkeys(inputs)],
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
