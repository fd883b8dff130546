"""Figures: what is drawn agrees with the report, nothing is covered, files are the same."""

from __future__ import annotations

import math
import re

import pytest

from archsim.visualization.accuracy import accuracy_by_layer
from archsim.visualization.accuracy_against_energy import accuracy_against_energy
from archsim.visualization.batches import against_batch
from archsim.visualization.energy import energy_by_layer, energy_comparison
from archsim.visualization.labels import Dot, name_dots
from archsim.visualization.latency import latency_by_layer
from archsim.visualization.panels import energy_panels, latency_panels
from archsim.visualization.roofline import Roof, Roofs, roofline
from archsim.visualization.rooflines import roofline_comparison
from archsim.visualization.rows import MOST_ROWS, rows_of
from archsim.visualization.style import (
    OKABE_ITO,
    OTHER,
    colour_map,
    figure_bytes,
    framed,
    save,
)

ROOFS = Roofs("dram", (Roof("npu", 512e9),), (Roof("dram", 12.8e9), Roof("bus", 8e9)))


def _axes(figure):
    return figure.axes[0]


def _bar_sum(figure):
    return math.fsum(patch.get_width() for patch in _axes(figure).patches)


def _unit(figure):
    prefix = re.search(r"\((\w?)[JsW]\)", _axes(figure).get_xlabel())[1]
    return {"m": 1e-3, "µ": 1e-6, "n": 1e-9, "p": 1e-12, "": 1.0}[prefix]


def test_bars_of_the_layers_sum_to_the_energy_of_the_run(make_report, deep_report):
    for report in (make_report(), deep_report):
        figure = energy_by_layer(report)
        assert _bar_sum(figure) * _unit(figure) == pytest.approx(report.totals.energy_j, rel=1e-9)


def test_bars_of_an_architecture_sum_to_its_energy_and_hatched_ones_to_its_leakage(make_report):
    reports = [make_report(), make_report(architecture="dear", scale=5)]
    figure = energy_comparison(reports)
    unit = _unit(figure)
    for number, report in enumerate(reports):
        bars = [bar for bar in _axes(figure).patches if round(bar.get_y() + bar.get_height() / 2) == number]
        assert math.fsum(bar.get_width() for bar in bars) * unit == pytest.approx(
            report.totals.energy_j, rel=1e-9
        )
        hatched = math.fsum(bar.get_width() for bar in bars if bar.get_hatch())
        assert hatched * unit == pytest.approx(report.totals.leakage_energy_j, rel=1e-9)


def test_each_architecture_is_labelled_with_its_total(make_report):
    figure = energy_comparison([make_report(), make_report(architecture="dear")])
    texts = [text.get_text() for text in _axes(figure).texts]
    assert len(texts) == 2
    assert all("dynamic" in text for text in texts)
    assert [tick.get_text() for tick in _axes(figure).get_yticklabels()] == ["von_neumann", "dear"]


def test_latency_is_split_as_the_cycles_are(make_report):
    report = make_report()
    figure = latency_by_layer(report)
    computing, stalled = ([bar.get_width() for bar in container] for container in _axes(figure).containers)
    for layer, busy, waiting in zip(report.layers, computing, stalled, strict=True):
        assert busy / (busy + waiting) == pytest.approx(layer.compute_cycles / layer.cycles)
        assert (busy + waiting) * _unit(figure) == pytest.approx(layer.latency_s)


def test_roofline_shows_each_layer_with_macs_at_its_rate_and_intensity(make_report):
    report = make_report()
    figure = roofline(report, ROOFS)
    shown = sorted(tuple(point) for marks in _axes(figure).collections for point in marks.get_offsets())
    expected = sorted(
        (layer.macs / layer.bytes["dram"].total, layer.macs / layer.latency_s)
        for layer in report.layers
        if layer.macs
    )
    assert [value for point in shown for value in point] == pytest.approx(
        [v for point in expected for v in point]
    )


def test_a_layer_without_traffic_stands_to_the_right_of_all_others(make_report):
    plan = (("a", "conv2d", "npu", 100, 5, 0, 10), ("b", "conv2d", "npu", 100, 5, 0, 0))
    figure = roofline(make_report(plan), ROOFS)
    intensities = sorted(point[0] for marks in _axes(figure).collections for point in marks.get_offsets())
    assert intensities == pytest.approx([10.0, 40.0])


def test_a_long_network_is_drawn_in_order_with_a_readable_number_of_bars(deep_report):
    for field in ("energy_j", "latency_s"):
        rows = rows_of(deep_report, field)
        assert len(rows) <= MOST_ROWS
        assert [layer.name for row in rows for layer in row.layers] == [
            layer.name for layer in deep_report.layers
        ]
        assert len({row.label for row in rows}) == len(rows)


def test_more_layers_than_rows_are_merged_where_they_are_small(make_report):
    plan = tuple((f"l{n}", "conv2d", "npu", 10 if n % 3 else 5000, 10, 0, 5) for n in range(150))
    rows = rows_of(make_report(plan), "energy_j")
    assert len(rows) == MOST_ROWS
    large = [row for row in rows if any(layer.macs == 5000 for layer in row.layers)]
    assert sum(len(row.layers) for row in rows) == 150
    assert len(large) >= 40


def test_layers_in_an_output_stage_share_the_bar_of_their_producer(make_report):
    layers = make_report().layers
    fused = layers[1].model_copy(update={"cycles": 0, "compute_cycles": 0, "unit": "npu"})
    report = make_report().model_copy(update={"layers": (layers[0], fused, layers[2])})
    assert [row.label for row in rows_of(report, "energy_j")] == ["conv1 + relu1", "fc"]


def test_shares_of_a_split_layer_are_told_apart(make_report):
    plan = (("conv", "conv2d", "npu", 100, 5, 0, 10), ("conv", "conv2d", "pim", 100, 5, 0, 10))
    assert [row.label for row in rows_of(make_report(plan), "energy_j")] == ["conv (npu)", "conv (pim)"]


def test_a_component_has_one_colour_in_all_figures_and_its_parts_are_tints(make_report):
    report = make_report().model_copy(
        update={"energy_by_component_j": {"npu.mac": 3.0, "npu.registers": 1.0, "dram": 2.0}}
    )
    colours = colour_map([report])
    assert colours["npu.mac"] == OKABE_ITO[0]
    assert colours["dram"] == OKABE_ITO[1]
    assert colours["npu.registers"] not in OKABE_ITO
    assert len(set(colours.values())) == 3
    assert colour_map([report, report]) == colours


def test_components_beyond_the_palette_are_grey(make_report):
    many = {f"part{number}": 10.0 - number for number in range(10)}
    colours = colour_map([make_report().model_copy(update={"energy_by_component_j": many})])
    assert [colours[f"part{n}"] for n in range(10)] == [*OKABE_ITO, OTHER, OTHER]


def test_parts_that_eyes_could_not_tell_apart_are_grey(make_report):
    parts = {f"npu.part{number}": 10.0 - number for number in range(7)}
    colours = colour_map([make_report().model_copy(update={"energy_by_component_j": parts})])
    assert len(set(colours.values())) == 5
    assert [colours[f"npu.part{n}"] for n in range(7)][4:] == [OTHER] * 3


def test_tiny_components_are_summed_as_other(make_report):
    report = make_report()
    layers = tuple(
        layer.model_copy(
            update={"energy_by_component_j": layer.energy_by_component_j | {"dust": layer.energy_j / 1e4}}
        )
        for layer in report.layers
    )
    dusty = report.model_copy(
        update={
            "layers": layers,
            "energy_by_component_j": report.energy_by_component_j | {"dust": report.totals.energy_j / 1e4},
        }
    )
    legend = [text.get_text() for text in energy_by_layer(dusty).legends[0].get_texts()]
    assert "other" in legend
    assert "dust" not in legend


def _boxes(figure, texts):
    from matplotlib.text import Text

    renderer = figure.canvas.get_renderer()
    # Of an annotation only the text counts, not its line.
    return [Text.get_window_extent(text, renderer) for text in texts]


def _overlaps(boxes):
    return [
        (a, b)
        for position, a in enumerate(boxes)
        for b in boxes[position + 1 :]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 3
    ]


def _crowd(report):
    """Forty runs with long names whose energies and accuracies are close together."""
    runs = []
    for number in range(40):
        totals = report.totals.model_copy(update={"energy_j": 1e-6 * (1 + number % 7 / 50)})
        accuracy = report.accuracy.model_copy(
            update={"top1": 0.9 + number % 9 / 100, "top1_compensated": 0.99 - number % 4 / 300}
        )
        changes = {"totals": totals, "accuracy": accuracy, "architecture": f"architecture_{number}"}
        runs.append(report.model_copy(update=changes))
    return runs


@pytest.fixture(
    params=[
        "energy_by_layer",
        "latency_by_layer",
        "roofline",
        "energy_comparison",
        "energy_panels",
        "energy_shares",
        "latency_panels",
        "roofline_comparison",
        "against_batch",
        "accuracy_by_layer",
        "accuracy_of_few",
        "accuracy_against_energy",
    ]
)
def drawn(request, deep_report, make_report, measured_of):
    """Each kind of figure of a hard case, drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    five = [make_report(architecture=f"architecture_{n}", scale=n) for n in range(1, 6)]
    deep = [deep_report.model_copy(update={"architecture": f"architecture_{n}"}) for n in range(1, 6)]
    batches = [one.model_copy(update={"batch": batch}) for one in five for batch in (1, 8, 64)]
    figure = {
        "energy_by_layer": lambda: energy_by_layer(deep_report),
        "latency_by_layer": lambda: latency_by_layer(deep_report),
        "roofline": lambda: roofline(deep_report, ROOFS),
        "energy_comparison": lambda: energy_comparison(
            [make_report(architecture=f"architecture_{n}", scale=n) for n in range(1, 7)]
        ),
        "energy_panels": lambda: energy_panels(deep),
        "energy_shares": lambda: energy_panels(deep, shares=True),
        "latency_panels": lambda: latency_panels(deep),
        "roofline_comparison": lambda: roofline_comparison(five, [ROOFS] * 5),
        "against_batch": lambda: against_batch(batches),
        "accuracy_by_layer": lambda: accuracy_by_layer(measured_of(160)),
        "accuracy_of_few": lambda: accuracy_by_layer(measured_of(3)),
        "accuracy_against_energy": lambda: accuracy_against_energy(_crowd(measured_of(3))),
    }[request.param]()
    FigureCanvasAgg(figure).draw()
    return figure


def _level_texts(axes):
    """Texts of one plot that stand level: marks, names of the axes, headings, names of dots and bars."""
    level = [text for text in axes.texts if not text.get_rotation()]
    marks = [
        tick.label1
        for axis, limits in ((axes.yaxis, axes.get_ylim()), (axes.xaxis, axes.get_xlim()))
        for tick in axis.get_major_ticks()
        if min(limits) <= tick.get_loc() <= max(limits)
    ]
    # matplotlib keeps three titles; ours are at the left.
    return [*level, *marks, axes.xaxis.label, axes._left_title]


def test_all_text_is_inside_the_figure_large_enough_and_covers_no_other_text(drawn):
    texts = [*drawn.texts, *(text for axes in drawn.axes for text in _level_texts(axes))]
    for legend in drawn.legends:
        texts += legend.get_texts()
    texts = [text for text in texts if text.get_text()]
    assert all(text.get_fontsize() >= 8 for text in texts)
    boxes = _boxes(drawn, texts)
    width, height = drawn.get_size_inches() * drawn.dpi
    outside = [
        (text.get_text(), box)
        for text, box in zip(texts, boxes, strict=True)
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height
    ]
    assert outside == []
    assert _overlaps(boxes) == []


def test_axes_start_at_zero_energy_and_time(drawn):
    for axes in drawn.axes:
        # Differences of top-1 are small beside it, and so are those of runs with different multipliers.
        shows_differences = "top-1" in axes.get_title(loc="left") + axes.get_ylabel()
        if axes.get_xscale() == "linear" and not shows_differences:
            assert axes.get_xlim()[0] == 0


def test_names_that_find_no_room_are_counted():
    _, axes = framed("crowded", [], height=1.0, left=0.5)
    dots = [Dot(0.5, 0.5, f"a rather long name {number}", 2.0) for number in range(100)]
    hidden = name_dots(axes, dots)
    assert 0 < hidden < 100
    assert len(axes.texts) == 100 - hidden


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_files_are_the_same_every_time_and_carry_no_date(make_report, tmp_path, kind):
    first, second = (figure_bytes(energy_by_layer(make_report()), kind) for _ in range(2))
    assert first == second
    assert b"matplotlib.org" not in first or kind == "svg"
    assert not re.search(rb"<dc:date>|CreationDate|\d{4}-\d\d-\d\dT", first)
    path = tmp_path / f"figure.{kind}"
    save(energy_by_layer(make_report()), path)
    assert path.read_bytes() == first


def test_pixel_figures_are_fit_for_print(make_report):
    data = figure_bytes(energy_by_layer(make_report()))
    width = int.from_bytes(data[16:20], "big")
    assert width >= 7 * 200


def test_empty_runs_can_be_drawn(make_report):
    report = make_report().model_copy(update={"layers": ()})
    for figure in (energy_by_layer(report), latency_by_layer(report), roofline(report, ROOFS)):
        assert figure_bytes(figure)
