"""Programs to compare with, each in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def installed(environment: Path, peer: str, requirements: tuple[str, ...], seconds: int) -> Path | None:
    """Python of an environment with a peer; None, with a message, where it cannot be installed in time."""
    python, done = environment / "bin" / "python", environment / ".installed"
    if done.is_file():
        return python
    pip = (str(python), "-m", "pip", "install", "--quiet", "--timeout", "15", "--retries", "1")
    try:
        for command in ((sys.executable, "-m", "venv", str(environment)), (*pip, *requirements)):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds)
    except (subprocess.SubprocessError, OSError) as error:
        lines = str(getattr(error, "stderr", None) or error).strip().splitlines()
        message = f"no comparison with {peer}, which could not be installed: {lines[-1:]}"
        print(message, file=sys.stderr)
        return None
    done.touch()
    return python
