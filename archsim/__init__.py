"""Simulator of neural-network SoCs: what does this chip cost, and how wrong does it get, on this network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

# Waiting threads of OpenMP would spin on processors that other threads need. It reads this once, when the
# first kernel is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "Comparison",
    "Network",
    "Report",
    "__version__",
    "compare",
    "load_network",
    "simulate",
]

if TYPE_CHECKING:
    from archsim.hardware.architecture import Architecture
    from archsim.results.comparison import Comparison, compare
    from archsim.results.report import Report
    from archsim.simulation import simulate
    from archsim.workload import Network, load_network

_HOMES = {
    "Architecture": "archsim.hardware.architecture",
    "Comparison": "archsim.results.comparison",
    "Network": "archsim.workload",
    "Report": "archsim.results.report",
    "compare": "archsim.results.comparison",
    "load_network": "archsim.workload",
    "simulate": "archsim.simulation",
}


def __getattr__(name: str) -> object:
    """Load public names on first use, so that importing the package stays fast."""
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module 'archsim' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
