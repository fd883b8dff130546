"""Tables of a comparison: architectures side by side, each with its ratio to the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from archsim.results.comparison import Comparison, Ratios, energy_by_group, total_area
from archsim.results.formatting import ABSENT, images, quantity, ratio, scaled
from archsim.results.report import Report, group_of
from archsim.results.tables import Cells, Table, assemble, number_cells, text_cells

_Figure = tuple[str, Callable[[Report], float | None], str, str | None]
"""Name, value, unit, and the field of `Ratios` that belongs to it."""

_FIGURES: tuple[_Figure, ...] = (
    ("latency", lambda report: report.totals.latency_s, "s", "latency"),
    ("energy", lambda report: report.totals.energy_j, "J", "energy"),
    ("  dynamic", lambda report: report.totals.dynamic_energy_j, "J", "dynamic_energy"),
    ("  leakage and background", lambda report: report.totals.leakage_energy_j, "J", "leakage_energy"),
    ("average power", lambda report: report.totals.average_power_w, "W", "average_power"),
    ("energy-delay product", lambda report: report.totals.edp_js, "Js", "edp"),
    ("throughput", lambda report: report.totals.throughput_gops * 1e9, "OPS", None),
    ("top-1", lambda report: _percent(report.totals.top1), "%", None),
    ("area (sourced parts)", total_area, "mm2", "area"),
    ("setup energy (once)", lambda report: report.setup.energy_j or None, "J", None),
    ("setup time (once)", lambda report: report.setup.latency_s or None, "s", None),
)
_UNPREFIXED = {"%", "mm2"}


def totals_comparison(comparison: Comparison) -> Table:
    """Return one row per figure of merit, with each architecture's value and its ratio to the first."""
    known = [figure for figure in _FIGURES if any(figure[1](one) is not None for one in comparison.reports)]
    rows = [_figure_texts(comparison, figure) for figure in known]
    cells = [text_cells("figure", [figure[0] for figure in known])]
    cells += _side_by_side(comparison, rows)
    first = comparison.reports[0]
    title = f"{first.network}, {images(first.batch)}: ratios to {first.architecture}"
    notes = ["1 MAC is 2 operations (OPS); setup is in no other row", *_designs(comparison)]
    return assemble(title, cells, footer=False, note="; ".join(notes))


def _designs(comparison: Comparison) -> Iterable[str]:
    """Yield what is not exact on which architecture."""
    for report in comparison.reports:
        for part, row in report.arithmetic.items():
            yield f"{report.architecture}: {part} is {row.design}"


def component_comparison(comparison: Comparison) -> Table:
    """Return the energy of each component on each architecture, and the ratios where both have it.

    Units, memories and links stand with their sums above their parts, the costliest anywhere first.
    """
    energies = [energy_by_group(one) | one.energy_by_component_j for one in comparison.reports]
    ratios = [one.energy_by_group | one.energy_by_component for one in comparison.ratios]
    names = _component_names(energies)
    labels = [name if group_of(name) == name else f"  {name}" for name in names]
    cells = [text_cells("component", labels), *_columns(comparison, names, energies, ratios)]
    return assemble("energy by component", cells, footer=False)


def layer_comparison(comparison: Comparison, figure: str) -> Table:
    """Return the `latency` or `energy` of each layer on each architecture, and the ratios.

    Parameters
    ----------
    figure
        `latency` or `energy`. The latency of a layer is the time that its unit was occupied by it.
    """
    unit = {"latency": "s", "energy": "J"}[figure]
    values = [_layer_values(report, f"{figure}_{unit.lower()}") for report in comparison.reports]
    names = list(dict.fromkeys(name for one in values for name in one))
    ratios = [{layer.name: getattr(layer, figure) for layer in one.layers} for one in comparison.ratios]
    cells = [text_cells("layer", names), *_columns(comparison, names, values, ratios, unit)]
    return assemble(f"{figure} by layer", cells, footer=False)


def _columns(
    comparison: Comparison,
    names: Sequence[str],
    values: Sequence[Mapping[str, float]],
    ratios: Sequence[Mapping[str, float | None]],
    unit: str = "J",
) -> Iterable[Cells]:
    """Return a value column per architecture, all in one unit, and a ratio column for all but the first."""
    table = [[one.get(name) for name in names] for one in values]
    # One unit and one number of decimals for all architectures.
    prefixed, texts = scaled([value for column in table for value in column], unit)
    for number, report in enumerate(comparison.reports):
        column = texts[number * len(names) : (number + 1) * len(names)]
        yield number_cells(report.architecture, column, prefixed)
        if number:
            yield number_cells("ratio", [ratio(ratios[number].get(name)) for name in names], rank=number)


def _figure_texts(comparison: Comparison, figure: _Figure) -> list[tuple[str, str]]:
    """Return value and ratio texts of one figure for each architecture."""
    _, value_of, unit, field = figure
    values = [value_of(report) for report in comparison.reports]
    texts = _same_unit(values, unit)
    return [
        (text, ratio(_own_ratio(values, number) if field is None else _field(entry, field)))
        for number, (text, entry) in enumerate(zip(texts, comparison.ratios, strict=True))
    ]


def _field(entry: Ratios, name: str) -> float | None:
    value: float | None = getattr(entry, name)
    return value


def _own_ratio(values: Sequence[float | None], number: int) -> float | None:
    first, value = values[0], values[number]
    return value / first if first and value is not None else None


def _same_unit(values: Sequence[float | None], unit: str) -> list[str]:
    if unit in _UNPREFIXED:
        return [ABSENT if value is None else f"{value:.2f} {unit}" for value in values]
    if any(value is not None and value < 1e-3 * max(filter(None, values), default=0.0) for value in values):
        return [quantity(value, unit) for value in values]
    prefixed, texts = scaled(values, unit)
    return [text if text == ABSENT else f"{text} {prefixed}" for text in texts]


def _side_by_side(comparison: Comparison, rows: Sequence[Sequence[tuple[str, str]]]) -> Iterable[Cells]:
    for number, report in enumerate(comparison.reports):
        yield number_cells(report.architecture, [row[number][0] for row in rows])
        if number:
            yield number_cells("ratio", [row[number][1] for row in rows])


def _component_names(energies: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the groups, each followed by its parts; the costliest on any architecture first."""
    largest: dict[str, float] = {}
    for one in energies:
        for name, joules in one.items():
            largest[name] = max(largest.get(name, 0.0), joules)

    def rank(name: str) -> tuple[float, str, bool, float, str]:
        group = group_of(name)
        return -largest[group], group, name != group, -largest[name], name

    return sorted(largest, key=rank)


def _layer_values(report: Report, field: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for layer in report.layers:
        sums[layer.name] = sums.get(layer.name, 0.0) + getattr(layer, field)
    return sums


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value
