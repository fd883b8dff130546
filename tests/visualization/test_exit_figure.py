"""The figure of a network with exits: steps at what each way takes, as high as the images that took it."""

from __future__ import annotations

import pytest

from archsim.errors import InputError
from archsim.results.exits import Distribution, ExitsRow, PathRow
from archsim.visualization.exits import exit_distributions
from archsim.visualization.style import figure_bytes

COUNTS = (50, 30, 20)
COSTS = ((1e-6, 2e-7), (3e-6, 5e-7), (4e-6, 9e-7))


@pytest.fixture
def left_early(make_report):
    rows = tuple(
        PathRow(
            exit=name,
            images=count,
            share=count / 100,
            share_exact=count / 100,
            share_float=count / 100,
            top1_of_all=0.9,
            latency_s=latency,
            energy_j=energy,
            macs=1,
        )
        for name, count, (latency, energy) in zip(("exit1", "exit2", "(end)"), COUNTS, COSTS, strict=True)
    )
    spreads = [Distribution.of(values, COUNTS) for values in zip(*COSTS, strict=True)]
    exits = ExitsRow(images=100, top1=0.9, paths=rows, latency_s=spreads[0], energy_j=spreads[1])
    return make_report().model_copy(update={"exits": exits})


def test_steps_stand_where_images_leave(left_early):
    latency, energy = exit_distributions(left_early).axes
    assert latency.lines[0].get_xdata()[1:-1] == pytest.approx([1, 3, 4])
    assert energy.lines[0].get_xdata()[1:-1] == pytest.approx([200, 500, 900])
    for axes in (latency, energy):
        assert axes.lines[0].get_ydata()[1:-1] == pytest.approx([50, 80, 100])
    assert latency.lines[1].get_xdata()[0] == pytest.approx(0.5 * 1 + 0.3 * 3 + 0.2 * 4)
    assert latency.get_xlabel() == "latency (µs)"
    assert energy.get_xlabel() == "energy (nJ)"


def test_the_same_report_gives_the_same_bytes(left_early):
    assert figure_bytes(exit_distributions(left_early)) == figure_bytes(exit_distributions(left_early))


def test_a_report_without_exits_has_no_such_figure(make_report):
    with pytest.raises(InputError, match="no exits"):
        exit_distributions(make_report())
