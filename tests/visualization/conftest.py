"""Reports for figures, from the same builder as the tests of the results."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from archsim.results.report import Report

_BUILDER = Path(__file__).resolve().parents[1] / "results" / "conftest.py"


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """The builder of hand-made reports."""
    spec = importlib.util.spec_from_file_location("hand_made_reports", _BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build_report


@pytest.fixture(scope="session")
def deep_report(make_report) -> Report:
    """A report of 120 layers, each convolution followed by an activation in its output stage."""
    plan = []
    for number in range(60):
        plan.append(
            (f"block{number}.conv", "conv2d", "npu", 1000 + 37 * number, 20, number % 7, 100 + number)
        )
        plan.append((f"block{number}.relu", "activation", "npu", 0, 1 + number % 2, 0, 8))
    return make_report(tuple(plan), network="deep")
