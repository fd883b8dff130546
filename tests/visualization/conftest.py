"""Reports for figures, from the same builder as the tests of the results."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from archsim.results.accuracy import AccuracyRow
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


@pytest.fixture(scope="session")
def measured_of(make_report) -> Callable[[int], Report]:
    """The builder of reports with so many layers, each with errors and the sensitivity to it."""

    def build(count: int) -> Report:
        names = [f"layer{number}" for number in range(count)]
        report = make_report(
            tuple((name, "conv2d", "npu", 1000, 10, 5, 400) for name in names), network="deep"
        )
        accuracy = AccuracyRow(
            dataset="cifar10",
            images=1000,
            top1=0.85,
            top1_float=0.92,
            top1_exact=0.915,
            agreement=0.87,
            sqnr_against_exact_db={name: 30 - 20 * n / count for n, name in enumerate(names)},
            sqnr_own_db={name: None if n % 5 else 12.5 for n, name in enumerate(names)},
        )
        layers = tuple(
            layer.model_copy(
                update={"sqnr_db": 29 - 20 * n / count, "top1_if_only_this_layer": 0.9 - n / 1000}
            )
            for n, layer in enumerate(report.layers)
        )
        return report.model_copy(update={"layers": layers, "accuracy": accuracy})

    return build
