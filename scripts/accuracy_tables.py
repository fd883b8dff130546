"""Generated parts of docs/accuracy.md, from the figures that ``make accuracy`` left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from accuracy.cases import ALL, CLAIMED, EXACT, EXACT_GROUP, NARROW, PIM, Arithmetic, group_of, up_to
from accuracy.choice import (
    Lost,
    as_it_is,
    best,
    corrected,
    is_approximate,
    is_claimed,
    is_kept,
    is_narrow,
    saving,
)
from accuracy.store import Loss, Measured, Row, load
from doc_tables import Make, figure, markdown

from archsim import Architecture
from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.error_metrics import ErrorMetrics, measure
from archsim.hardware.compute.pe_array import PeArray

CLAIM = 0.42
"""Energy that ACE-CNN saves at best: Shakibhamedan et al., IEEE TCAS-I 2024 [pub]
(reference/arithmetic.md §5)."""

_WITH_GLITCHES = "with glitches its energy is "
_DASH = "-"
_BITS = 8
_COLUMNS: Mapping[str, tuple[Callable[[Row], bool], Lost]] = {
    "SCDM8, as it is": (is_claimed, as_it_is),
    "SCDM8, compensated": (is_claimed, corrected),
    "any design, as it is": (is_approximate, as_it_is),
    "any design, compensated": (is_approximate, corrected),
    "exact, narrower": (is_narrow, as_it_is),
}


@cache
def _networks() -> tuple[Measured, ...]:
    return load()


def percent(share: float) -> str:
    """Return a share in percent with one decimal."""
    return f"{share * 100:.1f}"


def accuracy_networks() -> str:
    """Return what was executed and how far quantization alone goes."""
    header = [
        "network",
        "data set",
        "images",
        "float32, %",
        "exact int8, %",
        "uJ",
        "of it multiplications, %",
    ]
    rows = [
        [
            f"`{one.network}`",
            f"`{one.dataset}`",
            f"{one.images:,}",
            percent(one.top1_float),
            percent(one.exact.top1),
            _microjoules(one.exact.energy_j),
            percent(one.multiply_share),
        ]
        for one in _networks()
    ]
    return markdown(header, rows)


def accuracy_best() -> str:
    """Return for each network the design that saves most at a loss of one point."""
    rows = [[one.title, *(_chosen(one, *how) for how in _COLUMNS.values())] for one in _networks()]
    return markdown(["network", *_COLUMNS], rows)


def _chosen(network: Measured, among: Callable[[Row], bool], lost: Lost) -> str:
    row = best(network, among, lost)
    if row is None:
        return "none" if any(map(among, network.rows)) else "not run"
    return f"{row.arithmetic}: {' / '.join(map(percent, saving(network, row)))}"


def accuracy_claim() -> str:
    """Return what the figures say of 42 % less energy."""
    return "\n".join(
        f"- {sentence}" for sentence in (_multiplier(), _macs(), _whole(), _one_sided(), _fewer_bits())
    )


def _multiplier() -> str:
    costs = {name: _cost(one) for name, one in _claimed().items()}
    glitches = {name: ratio for name, cost in costs.items() if (ratio := _glitch_ratio(cost)) is not None}
    enough = [name for name, ratio in glitches.items() if 1 - ratio >= CLAIM]
    kept = {name: [one.title for one in _networks() if _keeps(one, name)] for name in enough}
    told = _listed([f"{name} on {_listed(names)}" for name, names in kept.items() if names])
    most = max(1 - cost.energy for cost in costs.values())
    return (
        f"**The multiplier alone.** Without glitches no SCDM8 design saves more than {percent(most)} %. With "
        f"glitches {_listed(enough)} save {CLAIM * 100:.0f} % or more of the multiplier. With "
        f"compensated biases {told or 'none of these, on none of the networks,'} lose at most 1 point."
    )


def _macs() -> str:
    cheapest = min(_claimed().values(), key=lambda one: _cost(one).energy)
    glitches, share = _glitch_ratio(_cost(cheapest)), _multiplications_of_macs()
    most = share * (1 - (glitches or 1.0))
    return (
        f"**Multiplications and additions.** {_range(0)} {cheapest.name}, whatever it does to the accuracy, "
        f"would save {percent(most)} % with its energy with glitches: exact additions are left [calc]."
    )


def _multiplications_of_macs() -> float:
    """Return the share of multiplications in the energy of exact MACs, from what a design saves of both."""
    network, one = _networks()[0], next(iter(_claimed().values()))
    row = next(row for row in network.rows if row.arithmetic == one.name)
    return saving(network, row)[0] / (1 - _cost(one).energy)


def _whole() -> str:
    shares = [one.multiply_share for one in _networks()]
    return (
        f"**The whole inference.** {_range(1)} Multiplications take {percent(min(shares))} to "
        f"{percent(max(shares))} % of the energy: no multiplier can save more than that and its own leakage."
    )


def _range(level: int) -> str:
    """Return smallest and largest saving of SCDM8 over the networks."""
    parts = []
    for name, how in (("as it is", as_it_is), ("with compensated biases", corrected)):
        found = [(one, best(one, is_claimed, how)) for one in _networks()]
        savings = [saving(one, row)[level] for one, row in found if row is not None]
        without = [one.title for one, row in found if row is None]
        told = (
            f"{percent(min(savings))} to {percent(max(savings))} % {name}" if savings else f"nothing {name}"
        )
        parts.append(told + (f" (no design on {_listed(without)})" if without else ""))
    return f"At a loss of at most 1 point, SCDM8 saves {', and '.join(parts)}."


def _one_sided() -> str:
    losses = [_drop(one, "SCDM8_73") for one in _networks()]
    told = ", ".join(
        f"{one.title} {percent(before)} (compensated {percent(after)})"
        for one, (before, after) in zip(_networks(), losses, strict=True)
    )
    return f"**One-sided errors.** Points that SCDM8_73 loses: {told}."


def _fewer_bits() -> str:
    better, lossy = [], []
    for one in (one for one in _networks() if any(map(is_narrow, one.rows))):
        row, design = best(one, is_narrow, as_it_is), best(one, is_approximate, corrected)
        if row is None:
            lossy.append(one.title)
        elif design is None or (row.energy_j or 0) < (design.energy_j or 0):
            better.append(f"{one.title} ({row.arithmetic})")
    without = f" No narrower format keeps within it on {_listed(lossy)}." if lossy else ""
    return (
        "**Fewer bits.** At the same bound of 1 point, exact arithmetic on narrower operands beats every "
        f"approximate 8-bit design on {_listed(better) or 'no network'}: it saves in memories and registers, "
        f"too.{without}"
    )


def _drop(network: Measured, name: str) -> tuple[float, float]:
    row = next(row for row in network.rows if row.arithmetic == name)
    return row.loss.mean, row.loss_compensated.mean


def _keeps(network: Measured, name: str) -> bool:
    return any(row.arithmetic == name and is_kept(row.loss_compensated) for row in network.rows)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def accuracy_designs() -> str:
    """Return error and energy of every approximate design."""
    header = ["arithmetic", "MED", "mean error", "energy", "with glitches", "MACs", "source of the energy"]
    return markdown(header, _design_rows())


def _design_rows() -> Iterator[list[str]]:
    energies = _networks()[0]
    ratios = {row.arithmetic: 1 - saving(energies, row)[0] for row in energies.rows if row.macs_j}
    for one in _approximate():
        errors, cost = _errors(one), _cost(one)
        glitches = _glitch_ratio(cost)
        yield [
            one.name,
            figure(errors.mean_error_distance),
            f"{errors.bias:+,.1f}" if errors.bias else "0",
            f"{cost.energy:.3f}",
            _DASH if glitches is None else f"{glitches:.3f}",
            f"{ratios[one.name]:.3f}" if one.name in ratios else _DASH,
            cost.source.split(",")[0],
        ]


def accuracy_rows() -> str:
    """Return all rows of every network."""
    return "\n\n".join(f"### {one.title}\n\n{_table(one)}" for one in _networks())


def _table(network: Measured) -> str:
    header = [
        "arithmetic",
        "images",
        "top-1, %",
        "loss, points",
        "compensated, %",
        "loss, points",
        "uJ",
        "inference",
        "MACs",
    ]
    in_float = ["float32", f"{network.images:,}", percent(network.top1_float), *[_DASH] * 6]
    return markdown(header, [in_float, *(_cells(network, row) for row in network.rows)])


def _cells(network: Measured, row: Row) -> list[str]:
    macs, whole = saving(network, row)
    ratios = [_DASH] * 2 if row.energy_j is None else [f"{1 - whole:.3f}", f"{1 - macs:.3f}"]
    corrected_ones = [_DASH] * 2
    if row.compensated is not None:
        corrected_ones = [percent(row.compensated), _with_error(row.loss_compensated)]
    return [
        row.arithmetic,
        f"{row.images:,}",
        percent(row.top1),
        _DASH if row.arithmetic == EXACT else _with_error(row.loss),
        *corrected_ones,
        _microjoules(row.energy_j),
        *ratios,
    ]


def _with_error(loss: Loss) -> str:
    return f"{loss.mean * 100:.1f} ± {loss.error * 100:.1f}"


def _microjoules(joules: float | None) -> str:
    return _DASH if joules is None else figure(joules * 1e6)


def _approximate() -> list[Arithmetic]:
    return [one for one in up_to(ALL) if one.group not in (EXACT_GROUP, NARROW, PIM)]


def _claimed() -> dict[str, Arithmetic]:
    return {one.name: one for one in _approximate() if group_of(one.name) == CLAIMED}


@cache
def _cost(one: Arithmetic) -> RelativeCost:
    return _unit(one).designs()["multiplier"].cost


@cache
def _errors(one: Arithmetic) -> ErrorMetrics:
    unit = _unit(one)
    return measure(unit.multiplier.fitted(_BITS, signed=True))


def _unit(one: Arithmetic) -> PeArray:
    unit = Architecture.load(one.config, one.overrides).compute["npu"]
    assert isinstance(unit, PeArray)
    return unit


def _glitch_ratio(cost: RelativeCost) -> float | None:
    """Return the energy with glitches, which netlists have beside the one without."""
    _, found, ratio = cost.provenance.partition(_WITH_GLITCHES)
    return float(ratio) if found else None


ACCURACY_TABLES: Mapping[str, Make[str]] = {
    one.__name__: one
    for one in (accuracy_networks, accuracy_best, accuracy_claim, accuracy_designs, accuracy_rows)
}
