"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

# Two test processes share the cores: a kernel's waiting threads must not spin on them.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data sets and foreign graphs, which the project itself never ships."""
    folder = _SHARED / "data"
    if not folder.is_dir():
        pytest.skip("needs the shared data folder (../shared/data), which is not part of the project")
    return folder
