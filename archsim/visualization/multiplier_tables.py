"""Printed tables of multipliers: one design metric by metric, a family design by design."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.error_metrics import ErrorMetrics
from archsim.arithmetic.multiplier_report import MultiplierReport, pareto_front
from archsim.results.formatting import ABSENT, integer
from archsim.results.tables import Cells, Table, assemble, number_cells, text_cells

_NONZERO = "over pairs with a product other than 0"


def multiplier_table(report: MultiplierReport) -> Table:
    """Return one row per metric with its definition, then energy, delay and area relative to exact."""
    rows = [*_error_rows(report.error), *_cost_rows(report)]
    names, values, meanings = (list(column) for column in zip(*rows, strict=True))
    cells = [
        text_cells("metric", names),
        number_cells("value", values),
        text_cells("what it is", meanings, shortest=20),
    ]
    told = f"costs: {report.cost.provenance}" if report.cost else report.note
    note = f"E = result - exact, {_pairs_text(report.error)}; {told}"
    return assemble(report.design.described(), cells, footer=False, note=note)


def family_table(reports: Sequence[MultiplierReport], keys: Sequence[str]) -> Table:
    """Return one row per design: swept parameters, relative cost and error; `*` is on the Pareto front."""
    front = set(pareto_front(reports))
    sources = dict.fromkeys(one.cost.source for one in reports if one.cost)
    numbers = {source: str(number) for number, source in enumerate(sources, 1)}
    cells = [
        *(text_cells(key, [str(getattr(one.design, key)) for one in reports]) for key in keys),
        *_cost_cells([one.cost for one in reports]),
        *_error_cells([one.error for one in reports]),
        text_cells("Pareto", ["*" if i in front else "" for i in range(len(reports))], rank=1),
        text_cells("source", [numbers[one.cost.source] if one.cost else ABSENT for one in reports], rank=1),
    ]
    told = [f"source {number}: {source}" for source, number in numbers.items()]
    if not all(one.cost for one in reports):
        told.append(f"{ABSENT}: no figures, unless `cost` states them")
    note = "; ".join([f"MRED {_NONZERO}", "* on the Pareto front of energy and MRED", *told])
    kind = reports[0].design.kind
    return assemble(f"{kind}: {_pairs_text(reports[0].error)}", cells, footer=False, note=note)


def _error_rows(error: ErrorMetrics) -> list[tuple[str, str, str]]:
    return [
        ("ER", _figure(100 * error.error_rate) + " %", "share of pairs with a wrong product"),
        ("MED", _figure(error.mean_error_distance), "mean |E|"),
        ("NMED", _figure(error.normalized_mean_error_distance), "MED over the largest exact product"),
        ("MRED", _figure(error.mean_relative_error_distance_nonzero), f"mean |E| / |exact| {_NONZERO}"),
        ("MRED, all", _figure(error.mean_relative_error_distance_all), "the same sum over all pairs"),
        ("WCE", integer(error.worst_case_error), "largest |E|" + (" of the sample" if error.sampled else "")),
        ("bias", _figure(error.bias), "mean E"),
        ("MSE", _figure(error.mean_squared_error), "mean E^2"),
        ("NoEB", _figure(error.effective_bits), "bits of the product - log2(1 + sqrt(MSE))"),
    ]


def _cost_rows(report: MultiplierReport) -> list[tuple[str, str, str]]:
    if report.cost is None:
        return [("energy", ABSENT, "no figure")]
    ratios = {"energy": report.cost.energy, "delay": report.cost.delay, "area": report.cost.area}
    return [
        (
            name,
            _ratio(value),
            "relative to exact" if value is not None else "no figure",
        )
        for name, value in ratios.items()
    ]


def _cost_cells(costs: Sequence[RelativeCost | None]) -> Iterable[Cells]:
    for rank, name in ((0, "energy"), (5, "delay"), (4, "area")):
        yield number_cells(name, [_ratio(getattr(cost, name) if cost else None) for cost in costs], rank=rank)


def _error_cells(errors: Sequence[ErrorMetrics]) -> list[Cells]:
    return [
        number_cells("MRED", [_figure(one.mean_relative_error_distance_nonzero) for one in errors]),
        number_cells("MED", [_figure(one.mean_error_distance) for one in errors], rank=2),
        number_cells("ER", [_figure(100 * one.error_rate) for one in errors], "%", rank=3),
        number_cells("WCE", [integer(one.worst_case_error) for one in errors], rank=6),
        number_cells("bias", [_figure(one.bias) for one in errors], rank=7),
        number_cells("NoEB", [_figure(one.effective_bits) for one in errors], rank=8),
    ]


def _pairs_text(error: ErrorMetrics) -> str:
    of = f"a random sample of {error.pairs:,} pairs" if error.sampled else f"all {error.pairs:,} pairs"
    return f"uniform operands, {of}"


def _ratio(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"


def _figure(value: float) -> str:
    """Return a number with six significant digits."""
    return f"{value:,.0f}" if 1e6 <= abs(value) < 1e12 else f"{value:,.6g}"
