"""Which networks and which arithmetics the table of accuracies has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.netlist_costs import Design, netlist_cost, parameter_text
from archsim.registry import create

FEW, SOME, MANY, ALL = range(1, 5)
"""How many arithmetics a network has: the longer its inference, the fewer."""

BASELINE: Final = "von_neumann"
"""The architecture whose multiplier is exchanged, and whose exact int8 every ratio is taken to."""

CLAIMED: Final = "SCDM8"
"""The group of the designs that ACE-CNN introduces."""

EXACT: Final = "int8"
"""The exact arithmetic on operands of 8 bits."""

EXACT_GROUP, NARROW, PIM = "exact", "exact, narrower", "3D-PIM"
"""Groups that are no approximate multipliers."""

_BITS: Final = 8
"""Width of the operands of the approximate designs."""

_READ_OUT: Final = 1000
"""Images at most for rows that are computed readout by readout."""


@dataclass(frozen=True, slots=True)
class Case:
    """One network on the first images of one data set.

    Attributes
    ----------
    network, dataset
        Names of the trace and of the data set.
    images
        Number of test images, the first ones of the files.
    depth
        How many arithmetics are run: from `FEW` to `ALL`.
    embedded
        Whether data and weights are part of the package.
    """

    network: str
    dataset: str
    images: int
    depth: int
    embedded: bool = False

    def images_of(self, arithmetic: Arithmetic) -> int:
        """Return on how many images a row is measured: fewer in memory, where every readout is computed."""
        return min(self.images, _READ_OUT) if arithmetic.group == PIM else self.images

    @property
    def title(self) -> str:
        """Network and data set."""
        return f"{self.network} on {self.dataset}"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What a network is executed on.

    Attributes
    ----------
    name
        As the table shows it.
    group
        Family of designs.
    config
        Name of the shipped architecture.
    overrides
        Changes to it.
    depth
        The least depth of a network that has this row.
    seed
        Of the mismatch of cells.
    """

    name: str
    group: str
    config: str
    overrides: tuple[str, ...]
    depth: int = ALL
    seed: int = 0


CASES: Final = (
    Case("digits_cnn", "digits", 500, ALL, embedded=True),
    Case("lenet5", "mnist", 10_000, ALL),
    Case("lenet5", "fashion_mnist", 10_000, ALL),
    Case("cnn2_mnist", "mnist", 10_000, ALL),
    Case("resnet8", "cifar10", 1000, MANY),
    Case("resnet20", "cifar10", 1000, SOME),
    Case("resnet56", "cifar10", 1000, FEW),
    Case("mobilenet_v1_0.25_128", "imagenet_sample", 1000, FEW),
)


def up_to(depth: int) -> tuple[Arithmetic, ...]:
    """Return the rows of a network of that depth; exact int8 is the first."""
    return tuple(one for one in _ARITHMETICS if one.depth <= depth)


def _design(name: str, group: str, depth: int, kind: str, **fields: Any) -> Arithmetic:
    given = {"kind": kind, **fields, **_netlist_cost(kind, fields)}
    text = ", ".join(f"{field}: {value}" for field, value in given.items())
    return Arithmetic(name, group, BASELINE, (f"compute.npu.multiplier={{{text}}}",), depth)


def _netlist_cost(kind: str, fields: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the cost to state where archsim would take a published one: one source for all."""
    design = create("multipliers", {"kind": kind, **fields})
    assert isinstance(design, Multiplier)
    if design.fitted(_BITS, signed=True).relative_cost().source.startswith("netlist"):
        return {}
    cost = netlist_cost(Design(kind, parameter_text(fields), _BITS, signed=True))
    assert cost is not None, f"no netlist of {kind} {fields}"
    ratios = f"energy: {cost.energy!r}, delay: {cost.delay!r}, area: {cost.area!r}"
    return {"cost": f'{{{ratios}, source: "{cost.provenance}"}}'}


def _rows() -> Iterator[Arithmetic]:
    """Yield all rows, group by group."""
    yield Arithmetic(EXACT, EXACT_GROUP, BASELINE, (), FEW)
    for bits, depth in ((7, SOME), (6, SOME), (5, MANY), (4, SOME)):
        yield Arithmetic(f"int{bits}", NARROW, BASELINE, (f"compute.npu.number_format=int{bits}",), depth)
    yield from _carry_disregard()
    yield from _others()
    yield from _in_memory()


_SCDM8: Final[Mapping[str, int]] = {
    "41": FEW,
    "51": FEW,
    "62": MANY,
    "71": SOME,
    "72": MANY,
    "73": FEW,
    "84": SOME,
}
"""Degrees that deeper networks run, too; shallow ones run all that ACE-CNN's first author made tables of."""

_CDM8: Final[Mapping[str, int]] = {"40": SOME, "51": SOME, "73": SOME, "84": ALL, "aa": ALL}
_MIRROR: Final[Mapping[tuple[str, str], int]] = {
    ("ama5", "D1"): FEW,
    ("ama5", "D2"): MANY,
    ("ama5", "D3"): MANY,
}


def _carry_disregard() -> Iterator[Arithmetic]:
    for digits in (f"{x}{y}" for x in range(4, 9) for y in range(1, 5)):
        low, high = map(int, digits)
        depth = _SCDM8.get(digits, ALL)
        yield _design(f"SCDM8_{digits}", CLAIMED, depth, "scdm8", low=low, high=high)
    for digits, depth in _CDM8.items():
        low, high = (int(digit, 16) for digit in digits)
        yield _design(f"CDM8_{digits}", "CDM8", depth, "cdm8", low=low, high=high)


def _others() -> Iterator[Arithmetic]:
    for cell in ("ama1", "ama5"):
        for degree in ("D1", "D2", "D3", "D4"):
            depth = _MIRROR.get((cell, degree), ALL)
            name = f"{cell.upper()} {degree}"
            yield _design(name, "mirror adders", depth, "ama_array", cell=cell, columns=degree)
    for k, depth in ((6, ALL), (5, SOME), (4, SOME)):
        yield _design(f"DRUM k={k}", "DRUM", depth, "drum", k=k)
    for columns, depth in ((3, SOME), (4, FEW), (5, SOME), (6, ALL)):
        yield _design(f"truncated {columns}", "truncated", depth, "truncated", columns=columns)
    yield _design("Mitchell", "Mitchell", SOME, "mitchell")
    for bits, depth in ((6, ALL), (8, SOME)):
        yield _design(f"LOA {bits}", "LOA", depth, "loa_array", low_bits=bits)


_FITTING: Final = "compute.pim.banks=256"
"""2 MiB, as in pim_3d_edge.yaml: enough for the weights of the networks here, at 8 bits too."""


def _in_memory() -> Iterator[Arithmetic]:
    real = (_FITTING, "compute.pim.mismatch=true")
    few_rows = "compute.pim.rows_per_readout=4"
    fine = "compute.pim.converter={kind: adc, bits: 10}"
    yield Arithmetic("3D-PIM int8, cells alike", PIM, "pim_3d_int8", (_FITTING,), MANY)
    for seed, depth in ((0, MANY), (1, ALL)):
        yield Arithmetic(f"3D-PIM int8, seed {seed}", PIM, "pim_3d_int8", real, depth, seed)
    fewer = (*real, few_rows, fine)
    yield Arithmetic("3D-PIM int8, N = 4, ADC 10 b, seed 0", PIM, "pim_3d_int8", fewer)
    yield Arithmetic("3D-PIM int4, seed 0", PIM, "pim_3d", real)


_ARITHMETICS: Final = tuple(_rows())


def group_of(name: str) -> str:
    """Return the family of designs of a row.

    Raises
    ------
    KeyError
        If no row has that name.
    """
    return {one.name: one.group for one in _ARITHMETICS}[name]


def groups() -> list[str]:
    """Return all families of designs, in the order of the table."""
    return list(dict.fromkeys(one.group for one in _ARITHMETICS))
