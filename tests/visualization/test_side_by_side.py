"""Figures of several architectures: what is drawn agrees with the reports, layers meet their like."""

from __future__ import annotations

import math

import pytest

import archsim.visualization
from archsim.errors import InputError
from archsim.visualization.batches import against_batch
from archsim.visualization.labels import Dot, name_dots
from archsim.visualization.panels import energy_panels, latency_panels
from archsim.visualization.roofline import Roof, Roofs
from archsim.visualization.rooflines import roofline_comparison
from archsim.visualization.rows import shared_rows
from archsim.visualization.style import framed, line_keys

ROOFS = Roofs("dram", (Roof("npu", 512e9),), (Roof("dram", 12.8e9), Roof("bus", 8e9)))
FAST = Roofs("dram", (Roof("pim", 40e12),), (Roof("bus", 8e9),))
UNITS = {"mJ": 1e-3, "µJ": 1e-6, "nJ": 1e-9, "pJ": 1e-12, "ns": 1e-9, "µs": 1e-6}


@pytest.fixture
def pair(make_report):
    return [make_report(), make_report(architecture="dear", scale=5)]


def unit_of(figure):
    """Unit named under the panels, or beside the axis."""
    names = [text.get_text() for text in figure.texts] + [axes.get_ylabel() for axes in figure.axes]
    return next(value for name in names for unit, value in UNITS.items() if name.endswith(f"({unit})"))


def bars(axes):
    """Summed widths of the bars by row."""
    rows = {}
    for patch in axes.patches:
        row = round(patch.get_y() + patch.get_height() / 2)
        rows[row] = rows.get(row, 0.0) + patch.get_width()
    return [rows[row] for row in sorted(rows)]


def test_the_panels_hold_the_energy_of_each_layer_and_architecture(pair):
    figure = energy_panels(pair)
    for axes, report in zip(figure.axes, pair, strict=True):
        drawn = [width * unit_of(figure) for width in bars(axes)]
        assert drawn == pytest.approx([layer.energy_j for layer in report.layers], rel=1e-9)
        assert axes.get_title(loc="left").startswith(f"{report.architecture}\n")


def test_shares_of_each_architecture_sum_to_all_of_it(pair):
    figure = energy_panels(pair, shares=True)
    for axes, report in zip(figure.axes, pair, strict=True):
        expected = [100 * layer.energy_j / report.totals.energy_j for layer in report.layers]
        assert bars(axes) == pytest.approx(expected, rel=1e-9)
        assert sum(bars(axes)) == pytest.approx(100, rel=1e-9)
    assert figure.texts[-1].get_text().endswith("energy (%)")


def test_a_part_that_matters_to_a_small_architecture_is_told_apart_in_shares(make_report):
    small, large = make_report(), make_report(architecture="large", scale=1)
    tiny = {name: joules / 1e4 for name, joules in small.energy_by_component_j.items()}
    layers = tuple(
        layer.model_copy(
            update={
                "energy_by_component_j": {f"s.{k}": v / 1e4 for k, v in layer.energy_by_component_j.items()}
            }
        )
        for layer in small.layers
    )
    small = small.model_copy(
        update={
            "energy_by_component_j": {f"s.{name}": joules for name, joules in tiny.items()},
            "layers": layers,
            "totals": small.totals.model_copy(update={"energy_j": sum(tiny.values())}),
        }
    )

    def legend(figure):
        return {text.get_text() for text in figure.legends[0].get_texts()}

    assert "s.dram" in legend(energy_panels([large, small], shares=True))
    assert "s.dram" not in legend(energy_panels([large, small]))


def test_the_panels_hold_the_time_of_each_layer(pair):
    figure = latency_panels(pair)
    for axes, report in zip(figure.axes, pair, strict=True):
        drawn = [width * unit_of(figure) for width in bars(axes)]
        assert drawn == pytest.approx([layer.latency_s for layer in report.layers], rel=1e-9)
        computing = [bar.get_width() for bar in axes.containers[0]]
        shares = [layer.compute_cycles / layer.cycles for layer in report.layers]
        assert [a / b for a, b in zip(computing, bars(axes), strict=True)] == pytest.approx(shares)


def test_all_panels_have_one_scale(pair):
    for figure in (energy_panels(pair), latency_panels(pair)):
        assert len({axes.get_xlim() for axes in figure.axes}) == 1
        longest = max(max(bars(axes)) for axes in figure.axes)
        assert longest < figure.axes[0].get_xlim()[1] < 1.2 * longest


def test_layers_share_the_bar_of_the_first_report_by_name(make_report):
    plan = (("a", "conv2d", "npu", 100, 5, 0, 10), ("relu", "activation", "cpu", 0, 3, 0, 0))
    whole = make_report(plan)
    split = make_report(
        (("a", "conv2d", "npu", 60, 5, 0, 6), ("a", "conv2d", "pim", 40, 5, 0, 4), *plan[1:]),
        architecture="split",
    )
    for first, second in ((whole, split), (split, whole)):
        labels, groups = shared_rows([first, second], "energy_j")
        assert labels == ["a", "relu"]
        for report, bars_ in zip((first, second), groups, strict=True):
            assert [layer for group in bars_ for layer in group] == list(report.layers)
            assert [sum(layer.macs for layer in group) for group in bars_] == [100, 0]


def test_what_the_first_report_lacks_comes_last(make_report):
    one = make_report()
    idle = one.layers[1].model_copy(update={"name": "(idle)", "unit": "", "cycles": 0, "compute_cycles": 0})
    other = one.model_copy(update={"layers": (idle, *one.layers)})
    labels, groups = shared_rows([one, other], "energy_j")
    assert labels == ["conv1", "relu1", "fc", "(idle)"]
    assert groups[0][-1] == ()
    assert groups[1][-1] == (idle,)


def test_an_activation_in_an_output_stage_meets_one_on_a_core(make_report):
    apart = make_report()
    fused = apart.layers[1].model_copy(update={"cycles": 0, "compute_cycles": 0, "unit": "npu"})
    together = apart.model_copy(update={"layers": (apart.layers[0], fused, apart.layers[2])})
    assert shared_rows([together, apart], "energy_j")[0] == ["conv1 + relu1", "fc"]
    assert shared_rows([apart, together], "energy_j")[0] == ["conv1", "relu1", "fc"]


def test_a_line_gives_the_cost_of_one_image(make_report):
    one = make_report()
    four = one.model_copy(update={"batch": 4})
    other = make_report(architecture="dear", scale=3)
    figure = against_batch([four, other, one])
    lines = figure.axes[0].get_lines()
    assert [list(line.get_xdata()) for line in lines] == [[1, 4], [1]]
    drawn = [float(y) * unit_of(figure) for line in lines for y in line.get_ydata()]
    joules = one.totals.energy_j
    assert drawn == pytest.approx([joules, joules / 4, other.totals.energy_j])
    assert len({line.get_marker() for line in lines}) == len({line.get_color() for line in lines}) == 2


@pytest.mark.parametrize("field", ["energy_j", "dynamic_energy_j", "leakage_energy_j", "latency_s"])
@pytest.mark.parametrize("scale", [1, 7, 3000])
def test_the_cost_axis_has_a_mark_below_and_above_all_lines(make_report, field, scale):
    axes = against_batch([make_report(scale=scale)], field).axes[0]
    low, high = axes.get_ylim()
    marks = [mark for mark in axes.get_yticks() if low <= mark <= high]
    (value,) = axes.get_lines()[0].get_ydata()
    assert any(mark <= value for mark in marks)
    assert any(mark >= value for mark in marks)
    assert len(marks) <= 4


def test_the_plane_shows_each_layer_of_each_architecture(pair):
    figure = roofline_comparison(pair, [ROOFS, FAST])
    shown = sorted(
        tuple(map(float, place)) for marks in figure.axes[0].collections for place in marks.get_offsets()
    )
    expected = sorted(
        (layer.macs / layer.bytes["dram"].total, layer.macs / layer.latency_s)
        for report in pair
        for layer in report.layers
        if layer.macs
    )
    assert [v for place in shown for v in place] == pytest.approx([v for place in expected for v in place])


def test_a_roof_is_the_fastest_unit_and_the_slowest_way_drawn_once(pair):
    figure = roofline_comparison(pair, [ROOFS, FAST])
    slope, *peaks = figure.axes[0].get_lines()
    assert [y / x for x, y in slope.get_xydata()] == pytest.approx([8e9, 8e9])
    assert slope.get_xydata()[1] == pytest.approx([40e12 / 8e9, 40e12])
    assert [line.get_xydata()[0].tolist() for line in peaks] == [[64, 512e9], [5000, 40e12]]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["von_neumann: 512.0 GMAC/s", "dear: 40.00 TMAC/s"]


def test_ways_of_different_rates_are_drawn_apart(pair):
    other = Roofs("hbm", (Roof("pim", 1e12),), (Roof("hbm", 1e11),))
    figure = roofline_comparison(pair, [ROOFS, other])
    rates = [line.get_ydata()[0] / line.get_xdata()[0] for line in figure.axes[0].get_lines()[:2]]
    assert rates == pytest.approx([8e9, 1e11])
    assert figure.axes[0].get_xlabel() == "MACs per byte of dram or hbm"


def test_layers_without_traffic_are_hollow_and_right_of_all_architectures(make_report):
    plan = (("a", "conv2d", "npu", 100, 5, 0, 10), ("b", "conv2d", "npu", 100, 5, 0, 0))
    more = (("a", "conv2d", "npu", 100, 5, 0, 2), ("b", "conv2d", "npu", 100, 5, 0, 0))
    reports = [make_report(plan), make_report(more, architecture="dear")]
    figure = roofline_comparison(reports, [ROOFS, FAST])
    hollow = [marks for marks in figure.axes[0].collections if not len(marks.get_facecolor())]
    assert [place[0] for marks in hollow for place in marks.get_offsets()] == [200.0, 200.0]
    assert [text.get_text() for text in figure.axes[0].texts].count("hollow: no traffic") == 1


def test_the_slowest_layer_of_each_architecture_is_named(make_report):
    plan = (("quick", "conv2d", "npu", 100, 5, 0, 10), ("slow", "conv2d", "npu", 5000, 900, 0, 10))
    axes = roofline_comparison([make_report(plan)], [ROOFS]).axes[0]
    named = {text.get_text() for text in axes.texts}
    assert "slow" in named
    assert "quick" not in named


def test_dots_without_a_name_take_room_and_are_not_counted_as_hidden():
    _, axes = framed("dots", [], height=1.0, left=0.5)
    crowd = [Dot(x / 50, y / 50, "", 6.0) for x in range(51) for y in range(51)]
    assert name_dots(axes, crowd) == 0
    assert name_dots(axes, [Dot(0.5, 0.5, "named", 6.0), *crowd]) == 1


def test_no_two_lines_of_a_figure_look_alike():
    keys = line_keys([str(number) for number in range(72)])
    assert len({(key.colour, key.marker) for key in keys}) == 72


@pytest.mark.parametrize(
    "draw", [energy_panels, latency_panels, lambda reports: roofline_comparison(reports, [])]
)
def test_only_runs_of_one_network_and_batch_stand_side_by_side(make_report, draw):
    one = make_report()
    for reports in ([], [one, one.model_copy(update={"batch": 2})], [one, make_report(network="other")]):
        with pytest.raises(InputError, match="compare"):
            draw(reports)


def test_batches_of_two_networks_are_refused(make_report):
    with pytest.raises(InputError, match="cannot compare a run of other"):
        against_batch([make_report(), make_report(network="other")])


def test_empty_runs_can_be_drawn_side_by_side(make_report):
    empty = make_report().model_copy(update={"layers": ()})
    idle = empty.model_copy(update={"totals": empty.totals.model_copy(update={"energy_j": 0.0})})
    for figure in (
        energy_panels([empty, empty]),
        latency_panels([empty, empty]),
        roofline_comparison([empty], [ROOFS]),
        roofline_comparison([empty], [Roofs("dram", (), ())]),
        against_batch([idle]),
    ):
        assert archsim.visualization.figure_bytes(figure)


def test_figures_are_the_same_every_time(pair):
    for draw in (
        energy_panels,
        latency_panels,
        against_batch,
        lambda r: roofline_comparison(r, [ROOFS, FAST]),
    ):
        assert archsim.visualization.figure_bytes(draw(pair)) == archsim.visualization.figure_bytes(
            draw(pair)
        )


def test_public_figures_are_those_that_are_listed():
    assert all(callable(getattr(archsim.visualization, name)) for name in archsim.visualization.__all__)


def test_widths_close(pair):
    figure = energy_panels(pair)
    whole = math.fsum(width for axes in figure.axes for width in bars(axes)) * unit_of(figure)
    assert whole == pytest.approx(math.fsum(one.totals.energy_j for one in pair), rel=1e-9)
