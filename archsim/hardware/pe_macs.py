"""The multipliers of a PE array: one design, one per layer, or one per group of columns."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from archsim.arithmetic.adders.base import Adder
from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.mixed_macs import MixedMacs
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.mac import Design, Mac
from archsim.hardware.options import LayerRule, first_match
from archsim.hardware.technology import Technology
from archsim.registry import Kind
from archsim.workload.layer import Layer

_MULTIPLY: Final = "mac.multiply"
_KEPT: Final = 64
"""Fitted designs that are kept for units that differ in nothing else."""


class LayerMultiplier(LayerRule):
    """Layers that match are computed with this multiplier."""

    multiplier: Annotated[Multiplier, Kind("multipliers")]
    """Design of the multiplier."""


class ColumnMultiplier(BaseModel):
    """Neighbouring columns with one kind of multiplier."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    columns: int = Field(ge=1, examples=[16])
    """How many columns."""

    multiplier: Annotated[Multiplier, Kind("multipliers")]
    """Design of their multipliers."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Neighbouring columns whose multipliers are alike.

    Attributes
    ----------
    mac
        Multiplier and adder of each PE.
    field
        Where the design is named.
    first, count
        The first of the columns, and how many they are.
    action
        What a multiplication is called.
    """

    mac: Mac
    field: str
    first: int
    count: int
    action: str = _MULTIPLY

    def outputs(self, total: int, period: int) -> int:
        """Return how many of ``total`` outputs lie here, if output m lies in column m modulo the period."""
        rounds, rest = divmod(total, period)
        return rounds * self.count + min(max(rest - self.first, 0), self.count)


@dataclass(frozen=True)
class PeMacs:
    """All multipliers and adders of a PE array.

    Attributes
    ----------
    bits, sum_bits
        Widths of operands and of partial sums.
    columns
        Columns of the array.
    by_layer, by_columns
        Designs for some layers, or for some columns, in place of ``multiplier``.
    fitted
        Designs at their widths: fitting a table reads it, so units that share the list read it once.
    """

    bits: int
    sum_bits: int
    columns: int
    multiplier: Multiplier
    adder: Adder
    by_layer: Sequence[LayerMultiplier] = ()
    by_columns: Sequence[ColumnMultiplier] = ()
    fitted: list[Mac] = field(default_factory=list)

    def _mac(self, multiplier: Multiplier) -> Mac:
        mac = Mac(self.bits, self.sum_bits, multiplier, self.adder)
        known = next((one for one in self.fitted if one.is_same(mac)), None)
        if known is None:
            self.fitted.append(mac)
            del self.fitted[:-_KEPT]
        return known or mac

    def used(self, layer: Layer | None) -> tuple[Columns, ...]:
        """Return the columns by their design as a layer uses them; None: a layer that no rule matches."""
        if self.by_columns:
            return self._side_by_side()
        rule = None if layer is None else first_match(self.by_layer, layer)
        if rule is None:
            return (Columns(self._mac(self.multiplier), "", 0, self.columns),)
        index = self.by_layer.index(rule)
        return (Columns(self._mac(rule.multiplier), f"layer_multipliers.{index}.", 0, self.columns),)

    def _side_by_side(self) -> tuple[Columns, ...]:
        found, first = [], 0
        for i, one in enumerate(self.by_columns):
            action = f"{_MULTIPLY}_columns_{first}_{first + one.columns - 1}"
            mac = self._mac(one.multiplier)
            found.append(Columns(mac, f"column_multipliers.{i}.", first, one.columns, action))
            first += one.columns
        return tuple(found)

    def _every(self) -> tuple[Columns, ...]:
        """All designs that the array has: a PE holds one multiplier of each design for layers."""
        layers = (
            Columns(self._mac(one.multiplier), f"layer_multipliers.{i}.", 0, self.columns)
            for i, one in enumerate(self.by_layer)
        )
        return (*self.used(None), *layers)

    def cycles(self, layer: Layer) -> int:
        """Return the cycles of a multiplication: the columns wait for the slowest."""
        return max(one.mac.cycles for one in self.used(layer))

    def cycle_factor(self, share: float) -> float:
        """Return the cycle time, that of the slowest design, over that with exact multipliers."""
        return max(one.mac.cycle_factor(share) for one in self._every())

    def check(self, stated: Container[str], share: float | None, *, in_passes: bool, follows: bool) -> None:
        """Check every design as :meth:`Mac.check` and :meth:`Mac.check_clock` do.

        Raises
        ------
        InputError
            If one does not fit; `field` names it.
        """
        for one in self._every():
            with _named(one.field):
                one.mac.check(stated, one.action, in_passes=in_passes)
                one.mac.check_clock(share, follows=follows)

    def check_columns(self, across_columns: str | None, *, stated_multiplier: bool) -> None:
        """Check that the columns add up, and that outputs lie across them.

        Parameters
        ----------
        across_columns
            What the dataflow puts there; None where it maps in passes.
        stated_multiplier
            Whether the file names one for all columns as well.

        Raises
        ------
        InputError
            If not; `field` is `column_multipliers`.
        """
        if not self.by_columns:
            return
        stated = sum(one.columns for one in self.by_columns)
        problems = {
            f"names {stated} columns, the array has {self.columns}": stated != self.columns,
            "needs a dataflow with output channels across the columns": across_columns != "filters",
            "takes the place of multiplier: leave one of them out": stated_multiplier,
            "does not go with layer_multipliers": bool(self.by_layer),
        }
        for message, holds in problems.items():
            if holds:
                raise InputError(message, field="column_multipliers")

    def designs(self, clock_hz: int | None) -> Mapping[str, Design]:
        """Return the designs by the field that names them; the clock where it follows the multipliers."""
        every = self._every()
        named = {f"{one.field}multiplier": one.mac.designs(clock_hz)["multiplier"] for one in every}
        return named | {"accumulator_adder": every[0].mac.designs()["accumulator_adder"]}

    def counts(self, layer: Layer, active_macs: int, packs_groups: bool) -> Mapping[str, int]:
        """Return the multiplications by action; every output has as many, so they split as outputs do."""
        product = layer.gemm if layer.is_mac else None
        total = 1 if product is None else product.groups if packs_groups else product.filters
        found, outputs, before = {}, 0, 0
        for one in self.used(layer):
            outputs += one.outputs(total, self.columns)
            until = active_macs * outputs // total
            found[one.action] = until - before
            before = until
        return found

    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:
        """Return joules per multiplication by action, for the designs that the layer uses."""
        return {one.action: one.mac.multiply_energy(technology) for one in self.used(layer)}

    def add_energy(self, technology: Technology) -> Sourced:
        """Return the energy in joules of one addition to a partial sum."""
        return self._every()[0].mac.add_energy(technology)

    def exact_energy(self, technology: Technology) -> Sourced:
        """Return the energy in joules of an exact multiplication and addition."""
        return self._every()[0].mac.exact_energy(technology)

    def areas(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return the areas in mm2 of a PE's multipliers, the mean over the columns, and of its adder."""
        every = self._every()
        areas = [(one, one.mac.areas(technology)) for one in every]
        if len(every) == 1:
            return areas[0][1]
        shares = [(one.count / self.columns, area["multipliers"]) for one, area in areas]
        source = "; ".join(f"{share:g} per PE x {area.source}" for share, area in shares)
        total = Sourced(sum(share * area.value for share, area in shares), source)
        return {**areas[0][1], "multipliers": total}

    def function(self, layer: Layer, packs_groups: bool) -> MacFunction:
        """Return what the columns compute for a layer."""
        used = self.used(layer)
        if len(used) == 1:
            return used[0].mac.function()
        return MixedMacs(tuple((one.mac.function(), one.count) for one in used), packs_groups)


@contextmanager
def _named(prefix: str) -> Iterator[None]:
    """Put the place of a design before the field of an error about its multiplier."""
    try:
        yield
    except InputError as error:
        if error.field is None or not error.field.startswith("multiplier"):
            raise
        raise InputError(error.message, field=prefix + error.field, suggestion=error.suggestion) from None
