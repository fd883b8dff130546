"""The multiplier and the adder of a processing element: what they cost beside the exact ones."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from archsim.arithmetic.adders.base import Adder
from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.kernels import Arithmetic
from archsim.arithmetic.macs import DigitalMacs, exact_macs
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.multipliers.exact import Exact
from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.technology import Technology, arithmetic_area, arithmetic_energy

_WIDEST_FUNCTION: Final = 16
"""Widest operand for which multipliers have a function; an exact one beyond is priced all the same."""

_ADDITIONS: Final = ("mac.add", "accumulator.add")
"""Actions whose stated energy would leave the adder's own without effect."""


@dataclass(frozen=True, slots=True)
class Design:
    """An arithmetic design in a unit.

    Attributes
    ----------
    text
        Kind and parameters.
    cost
        Beside the exact design.
    clock_hz
        Clock of the unit, where it follows the design's delay.
    """

    text: str
    cost: RelativeCost
    clock_hz: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it is the exact design at its own cost."""
        return self.text.startswith("exact ") and self.cost == RelativeCost(1.0, 1.0, 1.0, self.cost.source)

    def energy(self, exact: Sourced) -> Sourced:
        """Return the energy of one operation, given that of the exact design in joules."""
        return exact if self.is_exact else self._times(exact, self.cost.energy)

    def area(self, exact: Sourced) -> Sourced:
        """Return the area, given that of the exact design in mm2, which stands where the source has none."""
        if self.cost.area is None:
            lacking = f"assumption: the area of the exact one for {self.text}, whose source gives none"
            return Sourced(exact.value, f"{exact.source}; {lacking} ({self.cost.provenance})")
        return exact if self.is_exact else self._times(exact, self.cost.area)

    def _times(self, exact: Sourced, ratio: float) -> Sourced:
        return Sourced(
            exact.value * ratio, f"{exact.source}; x {ratio:.4g}, {self.text}: {self.cost.provenance}"
        )


@dataclass(frozen=True)
class Mac:
    """One multiplier and one adder of a processing element, for two's-complement operands.

    Attributes
    ----------
    bits, sum_bits
        Widths of operands and of partial sums.
    """

    bits: int
    sum_bits: int
    multiplier: Multiplier
    adder: Adder

    def designs(self, clock_hz: int | None = None) -> Mapping[str, Design]:
        """Return the designs at their widths by the field that names them; the multiplier's may set a clock.

        Raises
        ------
        InputError
            If one does not fit or no source has figures for it; `field` starts with its name.
        """
        multiplier = replace(self._multiplier_design, clock_hz=clock_hz)
        return {"multiplier": multiplier, "accumulator_adder": self._adder_design}

    def is_same(self, other: Mac) -> bool:
        """Tell whether another pair has the very same designs and widths."""
        same_widths = (self.bits, self.sum_bits) == (other.bits, other.sum_bits)
        return same_widths and self.multiplier is other.multiplier and self.adder is other.adder

    @property
    def cycles(self) -> int:
        """Cycles of one multiplication, those of the longest where they differ."""
        return 1 if self._is_too_wide else self._fitted.longest_cycles

    @property
    def _is_too_wide(self) -> bool:
        design = self.multiplier
        left_open = design.width is None and design.signed is not False
        return isinstance(design, Exact) and left_open and self.bits > _WIDEST_FUNCTION

    @cached_property
    def _fitted(self) -> Multiplier:
        return self.multiplier.fitted(self.bits, signed=True)

    @cached_property
    def _multiplier_design(self) -> Design:
        try:
            if self._is_too_wide:
                return Design(f"exact (signed {self.bits}-bit)", self.multiplier.relative_cost())
            return Design(self._fitted.described(), self._fitted.relative_cost())
        except InputError as error:
            raise _below("multiplier", error) from None

    @cached_property
    def _adder_design(self) -> Design:
        try:
            text = f"{self.adder.described()} of {self.sum_bits} b"
            return Design(text, self.adder.relative_cost(self.sum_bits))
        except InputError as error:
            raise _below("accumulator_adder", error) from None

    def check(self, stated: Container[str], multiply: str, *, in_passes: bool) -> None:
        """Check that the designs have figures, which are used, and cycles that the array can take.

        Parameters
        ----------
        stated
            Actions whose energy the architecture states.
        multiply
            The action that is a multiplication.
        in_passes
            The array is row stationary.

        Raises
        ------
        InputError
            If they do not, or if a stated energy takes the place of that of an approximate design.
        """
        designs = self.designs()
        if in_passes and self.cycles > 1:
            message = f"takes {self.cycles} cycles; a row-stationary array takes one per multiplication"
            raise InputError(message, field="multiplier")
        replaced = {multiply: "multiplier"} | dict.fromkeys(_ADDITIONS, "accumulator_adder")
        for action, field in replaced.items():
            design = designs[field]
            if action in stated and not design.is_exact:
                raise InputError(
                    f"takes the place of the figures of {design.text}: "
                    "leave it out, or use the exact design and state that of yours here",
                    field=f"action_energies.{action}",
                )

    def function(self) -> DigitalMacs:
        """Return what the pair computes: products added in an accumulator that wraps.

        Raises
        ------
        InputError
            If the operands are too wide for a multiplier's function.
        """
        if self._is_too_wide:
            return exact_macs(self.bits, self.sum_bits)
        return DigitalMacs(Arithmetic(self._fitted, self.adder, self.sum_bits))

    def multiply_energy(self, technology: Technology) -> Sourced:
        """Return the energy in joules of one multiplication."""
        return self._multiplier_design.energy(self._exact_multiply(technology))

    def add_energy(self, technology: Technology) -> Sourced:
        """Return the energy in joules of one addition to a partial sum."""
        return self._adder_design.energy(self._exact_add(technology))

    def exact_energy(self, technology: Technology) -> Sourced:
        """Return the energy in joules of an exact multiplication and addition, a unit of other energies."""
        multiply = self._exact_multiply(technology)
        return Sourced(multiply.value + self._exact_add(technology).value, multiply.source)

    def _exact_multiply(self, technology: Technology) -> Sourced:
        return arithmetic_energy(technology, "integer_multiply", self.bits)

    def _exact_add(self, technology: Technology) -> Sourced:
        return arithmetic_energy(technology, "integer_add", self.sum_bits)

    def areas(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return the areas of the multiplier and of the adder in mm2, as `multipliers` and `adders`."""
        multiplier = arithmetic_area(technology, "integer_multiply", self.bits)
        adder = arithmetic_area(technology, "integer_add", self.sum_bits)
        return {
            "multipliers": self._multiplier_design.area(multiplier),
            "adders": self._adder_design.area(adder),
        }

    def check_clock(self, share: float | None, *, follows: bool) -> None:
        """Check that the clock can follow the multiplier where it is told to.

        Raises
        ------
        InputError
            If the multiplier's share of the cycle, or its delay, is missing, or the share is for nothing.
        """
        if follows != (share is not None):
            raise InputError(
                "clock_follows_multiplier: true and multiplier_share_of_cycle belong together",
                field="clock_follows_multiplier" if share is None else "multiplier_share_of_cycle",
            )
        if share is not None:
            self.cycle_factor(share)

    def cycle_factor(self, share: float) -> float:
        """Return the cycle time over that with exact multipliers, which take a share of the cycle.

        Raises
        ------
        InputError
            If no source has the delay of the multiplier; `field` is `multiplier.cost`.
        """
        design = self._multiplier_design
        if design.cost.delay is None:
            raise InputError(
                f"no figures for the delay of {design.text}, which the clock is to follow; "
                "state cost: {energy: ..., delay: ..., source: ...}",
                field="multiplier.cost",
            )
        return 1 - share * (1 - design.cost.delay)


def _below(field: str, error: InputError) -> InputError:
    path = field if error.field is None else f"{field}.{error.field}"
    return InputError(error.message, field=path, suggestion=error.suggestion)
