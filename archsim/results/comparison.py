"""Several reports on one network, and their ratios to the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from archsim.errors import InputError
from archsim.results.record import Record, dump_json
from archsim.results.report import Cell, Report, group_of

if TYPE_CHECKING:
    import pandas as pd

COMPARISON_SCHEMA = "archsim.comparison/1"
"""Name and version of the comparison's format."""


class LayerRatio(Record):
    """One layer against the same layer of the first report; None where the first has none or zero of it."""

    name: str
    latency: float | None
    energy: float | None
    dynamic_energy: float | None


def _by_key(ratios: Mapping[str, float | None]) -> dict[str, float | None]:
    return dict(sorted(ratios.items()))


class Ratios(Record):
    """Figures of one report divided by those of the first: below 1 is less than the first.

    A ratio is None where the first has zero, or where one of the two does not know the figure.
    """

    architecture: str
    baseline: str
    """Architecture of the first report."""
    latency: float | None
    energy: float | None
    dynamic_energy: float | None
    leakage_energy: float | None
    average_power: float | None
    edp: float | None
    area: float | None
    """Sums of the components whose area has a source, on both sides."""
    energy_by_component: Annotated[dict[str, float | None], AfterValidator(_by_key)]
    """For the components that both have, by name."""
    energy_by_group: Annotated[dict[str, float | None], AfterValidator(_by_key)]
    """The same for whole units, memories and links: `npu` sums `npu.mac` and the other parts."""
    layers: tuple[LayerRatio, ...]
    """For the layers that both have, by name; a layer that is split over units is summed."""


class Comparison(Record):
    """Reports side by side, and each one's ratios to the first."""

    format: Literal["archsim.comparison/1"] = Field(default="archsim.comparison/1", alias="schema")
    """Name and version of this format."""
    reports: tuple[Report, ...]
    ratios: tuple[Ratios, ...]
    """One entry per report, the first included."""

    def to_json(self) -> str:
        """Return the comparison as JSON text, deterministic like :meth:`Report.to_json`."""
        return dump_json(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the totals as a pandas frame: one row per architecture, units in the column names."""
        import pandas as pd

        return pd.DataFrame(comparison_records(self)).set_index("architecture")


def compare(reports: Sequence[Report]) -> Comparison:
    """Return the reports side by side with their ratios to the first.

    Raises
    ------
    InputError
        If there is no report, or if they are not of one network and batch.
    """
    check_comparable(reports)
    ratios = tuple(_ratios(report, reports[0]) for report in reports)
    return Comparison(reports=tuple(reports), ratios=ratios)


def check_comparable(reports: Sequence[Report], *, any_batch: bool = False) -> None:
    """Check that there are reports, and that all are of one network and, unless `any_batch`, of one batch.

    Raises
    ------
    InputError
        If not.
    """
    if not reports:
        raise InputError("nothing to compare")
    first = reports[0]
    for other in reports[1:]:
        if other.network != first.network or not (any_batch or other.batch == first.batch):
            mine, theirs = (f"{report.network} (batch {report.batch})" for report in (first, other))
            raise InputError(f"cannot compare a run of {theirs} with a run of {mine}")


def comparison_records(comparison: Comparison) -> list[dict[str, Cell]]:
    """Return one flat record per report: its totals, units in the names, and `<figure>_ratio` columns."""
    pairs = zip(comparison.reports, comparison.ratios, strict=True)
    return [_record(report, ratios) for report, ratios in pairs]


def total_area(report: Report) -> float | None:
    """Return the summed area in mm2 of the components that have a source, None if none has."""
    return fsum(area.value for area in report.area_mm2.values()) if report.area_mm2 else None


def energy_by_group(report: Report) -> dict[str, float]:
    """Return joules by unit, memory and link."""
    energies: dict[str, float] = {}
    for name, joules in report.energy_by_component_j.items():
        group = group_of(name)
        energies[group] = energies.get(group, 0.0) + joules
    return energies


def component_area(report: Report, component: str) -> float | None:
    """Return the area in mm2 of one component and its parts (`npu.mac`), None without a source."""
    areas = [area.value for name, area in report.area_mm2.items() if f"{name}.".startswith(f"{component}.")]
    return fsum(areas) if areas else None


_FIGURES = ("latency", "energy", "dynamic_energy", "leakage_energy", "average_power", "edp", "area")


def _record(report: Report, ratios: Ratios) -> dict[str, Cell]:
    record: dict[str, Cell] = {
        "architecture": report.architecture,
        "network": report.network,
        "batch": report.batch,
    }
    record |= report.totals.model_dump()
    record["area_mm2"] = total_area(report)
    return record | {f"{name}_ratio": getattr(ratios, name) for name in _FIGURES}


def _ratios(report: Report, first: Report) -> Ratios:
    mine, base = report.totals, first.totals
    return Ratios(
        architecture=report.architecture,
        baseline=first.architecture,
        latency=_ratio(mine.latency_s, base.latency_s),
        energy=_ratio(mine.energy_j, base.energy_j),
        dynamic_energy=_ratio(mine.dynamic_energy_j, base.dynamic_energy_j),
        leakage_energy=_ratio(mine.leakage_energy_j, base.leakage_energy_j),
        average_power=_ratio(mine.average_power_w, base.average_power_w),
        edp=_ratio(mine.edp_js, base.edp_js),
        area=_ratio(total_area(report), total_area(first)),
        energy_by_component=_common(report.energy_by_component_j, first.energy_by_component_j),
        energy_by_group=_common(energy_by_group(report), energy_by_group(first)),
        layers=_layer_ratios(report, first),
    )


def _ratio(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None


def _common(mine: Mapping[str, float], base: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _ratio(mine[name], base[name]) for name in mine if name in base}


def _layer_ratios(report: Report, first: Report) -> tuple[LayerRatio, ...]:
    mine, base = _layer_sums(report), _layer_sums(first)
    return tuple(
        LayerRatio(name=name, latency=latency, energy=energy, dynamic_energy=dynamic)
        for name in mine
        if name in base
        for latency, energy, dynamic in [tuple(map(_ratio, mine[name], base[name]))]
    )


def _layer_sums(report: Report) -> dict[str, tuple[float, float, float]]:
    """Return latency, energy and dynamic energy of each layer name, in the order of the report."""
    sums: dict[str, tuple[float, float, float]] = {}
    for layer in report.layers:
        latency, energy, dynamic = sums.get(layer.name, (0.0, 0.0, 0.0))
        sums[layer.name] = (
            latency + layer.latency_s,
            energy + layer.energy_j,
            dynamic + layer.dynamic_energy_j,
        )
    return sums
