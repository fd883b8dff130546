"""The figure and the table of errors by layer: what is drawn and printed is what the report says."""

from __future__ import annotations

import math

import pytest

from archsim.errors import InputError
from archsim.results.accuracy import AccuracyRow
from archsim.results.accuracy_tables import accuracy_table
from archsim.results.layer_errors import errors_by_layer
from archsim.visualization import accuracy_against_energy, accuracy_by_layer, accuracy_front
from archsim.visualization.printing import run_tables
from archsim.visualization.rows import MOST_ROWS
from archsim.workload import load_network

FLOAT, EXACT, OWN, ALONE = "s", "o", "D", "o"
"""Shapes of the dots in the first panel, and in the second."""


@pytest.fixture
def measured(make_report):
    """A report of three layers: one with errors of its own, its fused activation, and one that is exact."""
    report = make_report()
    accuracy = AccuracyRow(
        dataset="digits",
        images=200,
        top1=0.9,
        top1_float=0.99,
        top1_exact=0.98,
        agreement=0.91,
        sqnr_against_exact_db={"conv1": 20.5, "relu1": 20.5, "fc": 14.25},
        sqnr_own_db={"conv1": 20.5, "relu1": None, "fc": None},
    )
    conv, relu, fc = report.layers
    layers = (
        conv.model_copy(update={"sqnr_db": 20.0, "top1_if_only_this_layer": 0.92}),
        relu.model_copy(update={"sqnr_db": 20.0}),
        fc.model_copy(update={"sqnr_db": 14.0, "top1_if_only_this_layer": 0.975}),
    )
    return report.model_copy(update={"layers": layers, "accuracy": accuracy})


def dots(axes, marker, *, filled):
    """Places of one kind of dot by row."""
    found = {}
    for line in axes.lines:
        hollow = line.get_markerfacecolor() == "white"
        if line.get_marker() == marker and hollow != filled:
            xs, ys = line.get_data()
            found |= {int(y): float(x) for x, y in zip(xs, ys, strict=True) if not math.isnan(x)}
    return found


def names(axes):
    return [tick.get_text() for tick in axes.get_yticklabels()]


def test_finite_ratios_are_drawn_where_they_are(measured):
    axes, _ = accuracy_by_layer(measured).axes
    assert names(axes) == ["conv1 + relu1", "fc"]
    assert dots(axes, FLOAT, filled=True) == {0: 20.0, 1: 14.0}
    assert dots(axes, EXACT, filled=True) == {0: 20.5, 1: 14.25}
    assert dots(axes, OWN, filled=True) == {0: 20.5}
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_infinite_ratios_stand_in_a_marked_column_right_of_all_others(measured):
    axes, _ = accuracy_by_layer(measured).axes
    (place,) = dots(axes, OWN, filled=False).items()
    assert place[0] == 1
    (column,) = axes.patches
    left, right = column.get_x(), column.get_x() + column.get_width()
    assert 20.5 < left < place[1] < right <= axes.get_xlim()[1]
    mark = dict(zip((t.get_text() for t in axes.get_xticklabels()), axes.get_xticks(), strict=True))["∞"]
    assert left < mark < right
    assert not dots(axes, FLOAT, filled=False)


def test_where_nothing_is_exact_there_is_no_such_column(measured):
    every = measured.accuracy.model_copy(update={"sqnr_own_db": {"conv1": 20.5, "relu1": None, "fc": 16.0}})
    axes, _ = accuracy_by_layer(measured.model_copy(update={"accuracy": every})).axes
    assert not axes.patches
    assert "∞" not in [tick.get_text() for tick in axes.get_xticklabels()]


def test_an_exact_network_is_drawn_against_float_alone(measured):
    exact = dict.fromkeys(("conv1", "relu1", "fc"))
    accuracy = measured.accuracy.model_copy(update={"sqnr_against_exact_db": exact, "sqnr_own_db": exact})
    axes = accuracy_by_layer(measured.model_copy(update={"accuracy": accuracy})).axes[0]
    assert dots(axes, FLOAT, filled=True) == {0: 20.0, 1: 14.0}
    assert not dots(axes, EXACT, filled=True) | dots(axes, OWN, filled=True)
    places = [dots(axes, marker, filled=False) for marker in (EXACT, OWN)]
    assert [set(place) for place in places] == [{0, 1}, {0, 1}]
    assert places[0][0] != places[1][0]


def test_ratios_below_one_are_inside_the_axes(measured):
    drowned = {"conv1": 20.5, "relu1": 20.5, "fc": -3.5}
    accuracy = measured.accuracy.model_copy(update={"sqnr_against_exact_db": drowned})
    axes = accuracy_by_layer(measured.model_copy(update={"accuracy": accuracy})).axes[0]
    assert dots(axes, EXACT, filled=True)[1] == -3.5
    assert axes.get_xlim()[0] <= -3.5


def test_the_second_panel_holds_the_sensitivity_between_the_whole_networks(measured):
    figure = accuracy_by_layer(measured)
    _, axes = figure.axes
    assert dots(axes, ALONE, filled=True) == pytest.approx({0: 92.0, 1: 97.5})
    upright = sorted(line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1)
    assert upright == pytest.approx([90.0, 98.0])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "all layers exact: 98.0 %" in legend
    assert "all layers as placed: 90.0 %" in legend
    low, high = axes.get_xlim()
    assert low < 90
    assert high > 98


def test_without_sensitivity_there_is_one_panel(measured):
    layers = tuple(one.model_copy(update={"top1_if_only_this_layer": None}) for one in measured.layers)
    figure = accuracy_by_layer(measured.model_copy(update={"layers": layers}))
    assert len(figure.axes) == 1


def test_a_report_without_own_errors_is_drawn_without_them(measured):
    older = measured.accuracy.model_copy(update={"sqnr_own_db": {}})
    figure = accuracy_by_layer(measured.model_copy(update={"accuracy": older}))
    assert not dots(figure.axes[0], OWN, filled=True) | dots(figure.axes[0], OWN, filled=False)
    assert "what the layer adds itself" not in [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_line_breaks_where_a_row_does_not_read_the_one_above_it(measured):
    """In digits_exits the second convolution reads the first, past the exit between them."""
    network = load_network("digits_exits")
    names_of = ["conv1", "relu1", "exit1.pool", "exit1", "conv2", "relu2"]
    ratios = dict(zip(names_of, (20.0, 20.0, 18.0, 17.0, 12.0, 12.0), strict=True))
    row = measured.layers[0]
    layers = tuple(
        row.model_copy(update={"name": name, "op": network.layer(name).op.value, "sqnr_db": ratios[name]})
        for name in names_of
    )
    accuracy = measured.accuracy.model_copy(
        update={"sqnr_against_exact_db": ratios, "sqnr_own_db": dict.fromkeys(names_of)}
    )
    report = measured.model_copy(update={"layers": layers, "accuracy": accuracy})
    axes = accuracy_by_layer(report, network).axes[0]
    assert names(axes) == ["conv1 + relu1", "exit1.pool", "exit1", "conv2 + relu2"]
    line = next(one for one in axes.lines if one.get_marker() == EXACT)
    gaps = [y for x, y in zip(*line.get_data(), strict=True) if math.isnan(x)]
    assert gaps == [2.5]
    assert dots(axes, EXACT, filled=True) == {0: 20.0, 1: 18.0, 2: 17.0, 3: 12.0}
    unknown = next(one for one in accuracy_by_layer(report).axes[0].lines if one.get_marker() == EXACT)
    assert not any(map(math.isnan, unknown.get_xdata()))


def test_what_is_fused_is_named_without_the_common_block(measured):
    layers = tuple(one.model_copy(update={"name": f"iteration1.{one.name}"}) for one in measured.layers)
    accuracy = measured.accuracy.model_copy(
        update={
            field: {f"iteration1.{name}": ratio for name, ratio in getattr(measured.accuracy, field).items()}
            for field in ("sqnr_against_exact_db", "sqnr_own_db")
        }
    )
    report = measured.model_copy(update={"layers": layers, "accuracy": accuracy})
    assert names(accuracy_by_layer(report).axes[0]) == ["iteration1.conv1 + relu1", "iteration1.fc"]


def test_no_dot_lies_on_the_edge_of_the_axis(measured):
    drowned = {"conv1": 20.5, "relu1": 20.5, "fc": -3.5}
    accuracy = measured.accuracy.model_copy(update={"sqnr_against_exact_db": drowned})
    axes = accuracy_by_layer(measured.model_copy(update={"accuracy": accuracy})).axes[0]
    low, high = axes.get_xlim()
    assert low < -3.5 - 0.02 * (high - low)


def test_a_report_without_accuracy_is_refused(make_report):
    for function in (accuracy_by_layer, accuracy_table, errors_by_layer):
        with pytest.raises(InputError, match="no accuracy"):
            function(make_report())


@pytest.mark.parametrize("count", [1, 60, 61, 160])
def test_every_output_is_drawn_and_no_more_are_named_than_can_be_read(measured_of, count):
    report = measured_of(count)
    axes, other = accuracy_by_layer(report).axes
    expected = {row: report.layers[row].sqnr_db for row in range(count)}
    assert dots(axes, FLOAT, filled=True) == expected
    assert len(dots(other, ALONE, filled=True)) == count
    assert len(names(axes)) <= MOST_ROWS
    rows = dict(zip((round(place) for place in axes.get_yticks()), names(axes), strict=True))
    assert rows[0] == "layer0"
    assert all(label == report.layers[row].name for row, label in rows.items())


def test_a_layer_of_two_units_comes_once(measured):
    conv = measured.layers[0]
    parts = (conv, conv.model_copy(update={"unit": "pim"}), *measured.layers[1:])
    rows = errors_by_layer(measured.model_copy(update={"layers": parts}))
    assert [one.name for one in rows] == ["conv1", "fc"]


def test_an_activation_with_errors_of_its_own_has_its_own_row(measured):
    conv, relu, fc = measured.layers
    layers = (conv, relu.model_copy(update={"sqnr_db": 19.0}), fc)
    rows = errors_by_layer(measured.model_copy(update={"layers": layers}))
    assert [one.name for one in rows] == ["conv1", "relu1", "fc"]


def test_the_table_says_what_the_report_says(measured):
    table = accuracy_table(measured)
    rows = [dict(zip((column.header for column in table.columns), row, strict=True)) for row in table.rows]
    assert [row["layer"] for row in rows] == ["conv1 + relu1", "fc"]
    assert [row["against float"] for row in rows] == ["20.0", "14.0"]
    assert [row["against exact"] for row in rows] == ["20.5", "14.2"]
    assert [row["own"] for row in rows] == ["20.5", "∞"]
    assert [row["top-1 alone"] for row in rows] == ["92.0", "97.5"]
    assert [row["loss"] for row in rows] == ["6.0", "0.5"]


def test_on_80_columns_the_figures_of_each_layer_stay(measured):
    headers = [column.header for column in accuracy_table(measured).fit(80).columns]
    assert {"layer", "against float", "against exact", "own", "top-1 alone"} <= set(headers)


def test_errors_by_layer_are_printed_where_they_were_measured(measured, make_report):
    titles = [table.title for table in run_tables(measured)]
    assert titles[3] == "von_neumann: errors by layer of tiny"
    assert not [title for title in (table.title for table in run_tables(make_report())) if "errors" in title]


def run_with(report, energy_j, top1, compensated=None, **changes):
    """The same run with other energy and accuracy."""
    accuracy = report.accuracy.model_copy(update={"top1": top1, "top1_compensated": compensated})
    totals = report.totals.model_copy(update={"energy_j": energy_j})
    return report.model_copy(update={"accuracy": accuracy, "totals": totals, **changes})


@pytest.fixture
def choices(measured):
    """Four runs by falling energy: the third is beaten by the fourth, but for a correction of its biases."""
    return [
        run_with(measured, 4e-6, 0.98),
        run_with(measured, 3e-6, 0.90, 0.97),
        run_with(measured, 2.5e-6, 0.6, 0.7),
        run_with(measured, 2e-6, 0.8, 0.79),
    ]


def test_the_front_holds_what_no_other_beats_in_energy_and_accuracy(choices):
    assert accuracy_front(choices) == [0, 1, 3]
    cheap = [*choices, run_with(choices[0], 1e-6, 0.98)]
    assert accuracy_front(cheap) == [4]


def test_energy_is_that_of_one_image(choices):
    shared = [*choices[:3], choices[3].model_copy(update={"batch": 8})]
    axes = accuracy_against_energy(shared).axes[0]
    assert min(x for x, _ in points(axes, "o")) == pytest.approx(0.25)


def points(axes, marker):
    """Dots of one shape in order."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if line.get_marker() == marker
    ]


def test_each_run_has_a_dot_and_a_second_one_with_corrected_biases(choices):
    axes = accuracy_against_energy(choices, ["a", "b", "c", "d"], marked=["c"]).axes[0]
    assert "µJ" in axes.get_xlabel()
    plain = [value for place in points(axes, "o") for value in place]
    assert plain == pytest.approx([4, 2, 3, 10, 2, 20])
    assert [value for place in points(axes, "D") for value in place] == pytest.approx([2.5, 40])
    corrected = [value for place in points(axes, "^") for value in place]
    assert corrected == pytest.approx([3, 3, 2.5, 30, 2, 21])
    assert {text.get_text() for text in axes.texts} == {"a", "b", "c", "d"}


def test_the_front_is_drawn_through_the_better_dot_of_each_run(choices):
    axes = accuracy_against_energy(choices).axes[0]
    line = max(axes.lines, key=lambda one: len(one.get_xdata()))
    corners = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
    expected = [(2, 20), (3, 20), (3, 3), (4, 3), (4, 2)]
    assert [v for corner in corners for v in corner] == pytest.approx([v for one in expected for v in one])


def test_accuracies_on_different_images_are_not_drawn_together(choices, make_report):
    fewer = choices[0].accuracy.model_copy(update={"images": 100})
    with pytest.raises(InputError, match="different images"):
        accuracy_against_energy([*choices, choices[0].model_copy(update={"accuracy": fewer})])
    with pytest.raises(InputError, match="no accuracy"):
        accuracy_against_energy([*choices, make_report()])


def test_small_errors_stand_on_top_and_are_named_by_accuracy(choices):
    axes = accuracy_against_energy(choices).axes[0]
    bottom, top = axes.get_ylim()
    assert bottom > 40
    assert 0 < top < 2
    for place, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert float(text.get_text()) == pytest.approx(100 - place)


def test_a_network_without_errors_has_a_place(measured):
    perfect = [run_with(measured, 2e-6, 1.0), run_with(measured, 1e-6, 0.95)]
    axes = accuracy_against_energy(perfect).axes[0]
    # Half of one of 200 images.
    assert min(y for _, y in points(axes, "o")) == pytest.approx(0.25)
