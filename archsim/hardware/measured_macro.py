"""A fabricated in-memory macro by its published figures at one supply, and the laws that move them.

What is measured is an input; other supplies, data, operand widths, rates and efficiencies follow from it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from archsim.hardware.cost import Sourced
from archsim.hardware.slicing import LineStatistics
from archsim.units import Area, Energy, Time, Voltage


class MeasuredMacro(BaseModel):
    """Energies, cycle and areas of a macro as its paper gives them, all at the supply ``at``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    source: str = Field(min_length=1)
    """Paper, figures and tags of all that follows."""

    at: Annotated[Voltage, Field(gt=0)]
    """Supply at which the figures were measured."""

    supply: Annotated[Voltage, Field(gt=0)] | None = None
    """Supply at which the macro runs; by default that of the figures."""

    cycle: Annotated[Time, Field(gt=0)]
    """Duration of one readout and conversion."""

    cycle_exponent: float = Field(default=0.0, ge=0, le=10)
    """k of the cycle's law, ``fixed + (1 - fixed) (at / supply)^k``; 0: the supply does not matter."""

    fixed_cycle_fraction: float = Field(default=0.0, ge=0, le=1)
    """Part of the cycle that the supply does not move."""

    energy_exponent: float = Field(default=2.0, ge=0, le=10)
    """k of the energies' law, ``(supply / at)^k``; 2 for capacitors charged from the supply."""

    full_energy: Energy
    """Energy of a word column's readout at full discharge."""

    idle_energy: Energy | None = None
    """The same without discharge; by default that at full discharge: it does not depend on data."""

    conversion_energy: Energy = 0.0
    """Energy of one conversion; 0: part of the column's readout."""

    accumulation_energy: Energy | None = None
    """Energy of the data path per code; by default that of the group's ``adder``."""

    array_area: Area | None = None
    """Area of the cells and what drives them."""

    converter_area: Area | None = None
    """Area of all converters."""

    data_path_area: Area | None = None
    """Area of the digital data path."""

    @property
    def running_v(self) -> float:
        """Supply in volts at which the macro runs."""
        return self.at if self.supply is None else self.supply

    @property
    def cycle_s(self) -> float:
        """Duration of one readout in seconds at the running supply.

        The law is CiMLoop's for both of its references, Jia et al. (fixed 0, k 2.66) and Sinangil et al.
        (fixed 0.6, k 2.75) [pub] (reference/pim.md §5).
        """
        moving = (1.0 - self.fixed_cycle_fraction) * (self.at / self.running_v) ** self.cycle_exponent
        return float(self.cycle * (self.fixed_cycle_fraction + moving))

    @property
    def fastest_hz(self) -> int:
        """The highest clock in whole hertz at which a readout fits a cycle."""
        return int(1.0 / self.cycle_s)

    def line_energy(self, seen: LineStatistics, rows: int, depth: int, lines: int) -> Sourced:
        """Return the mean energy in joules of one bit line and readout.

        A line is restored with ``C V dV``, and its drop dV is proportional to the sum of pulse widths, so
        the mean over the data is linear in the mean sum: idle + (full - idle) mean / full scale.

        Parameters
        ----------
        seen
            What the lines of a layer see.
        rows, depth
            Rows of one readout and of the whole column, whose last readout pulses what is left.
        lines
            Bit lines of one word column.
        """
        idle_j = self.full_energy if self.idle_energy is None else self.idle_energy
        pulsed = depth / (-(-depth // rows) * rows)
        share = seen.mean_discharge * pulsed
        return self._moved((idle_j + (self.full_energy - idle_j) * share) / lines, seen.source)

    def conversion(self) -> Sourced:
        """Return the energy in joules of one conversion."""
        return self._moved(self.conversion_energy, "" if self.conversion_energy else "part of the readout")

    def accumulation(self) -> Sourced | None:
        """Return the energy in joules of the data path per code, None where the paper gives none."""
        return None if self.accumulation_energy is None else self._moved(self.accumulation_energy, "")

    def areas(self) -> dict[str, Sourced]:
        """Return the areas in mm2 that the paper gives, by part."""
        given = {"array": self.array_area, "converter": self.converter_area, "digital": self.data_path_area}
        return {name: Sourced(area, self.source) for name, area in given.items() if area is not None}

    def _moved(self, energy_j: float, note: str) -> Sourced:
        scale = (self.running_v / self.at) ** self.energy_exponent
        law = f"x ({self.running_v:g} V / {self.at:g} V)^{self.energy_exponent:g}" if scale != 1 else ""
        return Sourced(energy_j * scale, "; ".join(part for part in (self.source, law, note) if part))
