"""Spin-transfer-torque MRAM with weaker or shorter writes and reads."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, erfc, exp, sqrt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from archsim.arithmetic.cells import CellErrors
from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.faults import CriticalRegion, MemoryFaults, not_critical
from archsim.hardware.memories.base import Memory
from archsim.hardware.stated import Source, StatedArea, StatedEnergy, StatedPower, StatedTime
from archsim.hardware.technology import Technology
from archsim.units import Capacity, Width

_BITS_PER_BYTE = 8
_PS_PER_S = 10**12

_EXAMPLE: dict[str, JsonValue] = {
    "overdrive": 1.5,
    "reduced_time": 20.0,
    "error_one": 1e-8,
    "error_zero": 1e-9,
    "read_margin": 6.0,
    "source": "assumption: figures of an example",
}


class Switching(BaseModel):
    """How the cells of a memory switch at nominal current and duration."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        json_schema_extra={"examples": [_EXAMPLE]},
    )

    overdrive: float = Field(gt=1)
    """Nominal write current over the critical current of a cell."""

    reduced_time: float = Field(gt=0)
    """Nominal pulse in units of the cell's time constant (damping x precession frequency x time)."""

    error_one: float = Field(gt=0, lt=0.5)
    """Share of the writes of a 1 that fail at nominal current and duration."""

    error_zero: float = Field(gt=0, lt=0.5)
    """Share of the writes of a 0 that fail."""

    read_margin: float = Field(gt=0)
    """Read signal at nominal current over the standard deviation of cells and sense amplifiers."""

    source: Source


class SttMram(Memory, kind="stt_mram"):
    """Spin-transfer-torque MRAM: nominal figures are stated, knobs take them down and errors up.

    Writes of less current or duration take less energy, in proportion to the charge, and fail more often:
    the tail of the write error rate falls as exp(-2 (i - 1) t) with reduced current i and time t (Butler et
    al., IEEE Trans. Magn. 48(12), 2012 [abs]). Reads of less current take less energy in proportion, and a
    bit is misread where a Gaussian deviation exceeds the signal [assume]. Which cells fail is fixed:
    variation from cell to cell decides, not heat [assume]. Left out: disturbance by reads, loss over time,
    retried writes, and the energy that does not depend on the current.
    """

    capacity: Annotated[Capacity, Field(gt=0)]
    """Capacity of all banks together."""

    width: Annotated[Width, Field(gt=0)]
    """Bits of one access, and of the port."""

    banks: int = Field(default=1, ge=1)
    """Banks that are accessed at the same time, each through a port of its own."""

    read_energy: StatedEnergy
    """Energy of reading ``width`` bits at nominal current."""

    write_energy: StatedEnergy
    """Energy of writing ``width`` bits at nominal current and duration."""

    read_time: StatedTime
    """Time of one read of a bank."""

    write_time: StatedTime
    """Time of one write of a bank, nearly all of it the nominal pulse."""

    switching: Switching
    """What the error rates follow from."""

    write_current: float = Field(default=1.0, gt=0, le=1)
    """Write current as a fraction of the nominal one."""

    write_duration: float = Field(default=1.0, gt=0, le=1)
    """Write pulse as a fraction of the nominal one."""

    read_current: float = Field(default=1.0, gt=0, le=1)
    """Sensing current as a fraction of the nominal one."""

    leakage_power: StatedPower | None = None
    """Power of the periphery that flows all the time; none: the source gives none."""

    total_area: StatedArea | None = None
    """Area of the whole memory; none: the source gives none."""

    ecc: bool = False
    """Store 8 check bits with every 64 (single error correction, double error detection)."""

    critical: CriticalRegion | None = None
    """Part of the capacity that is read and written at nominal figures, and what lies there; none: none."""

    @model_validator(mode="after")
    def _check_current(self) -> SttMram:
        if self.switching.overdrive * self.write_current <= 1:
            least = 1 / self.switching.overdrive
            raise InputError(
                f"{self.write_current:g} of the nominal current does not switch a cell: "
                f"expected more than {least:.3g}",
                field="write_current",
            )
        return self

    @property
    def capacity_bits(self) -> int:
        """Bits that the memory holds, without check bits."""
        return self.capacity * _BITS_PER_BYTE

    def bits_per_ps(self, clock_hz: int) -> Fraction:
        """Return one access per cycle, as far as the slower of reads and writes of all banks allows."""
        slower = max(self.read_time.value, self._write_s)
        pause_ps = max(1, ceil(round(slower * _PS_PER_S, 3)))
        return min(Fraction(self.width * clock_hz, _PS_PER_S), Fraction(self.width * self.banks, pause_ps))

    def latency_ps(self, technology: Technology) -> int:  # noqa: ARG002
        """Return the time of a read."""
        return ceil(round(self.read_time.value * _PS_PER_S, 3))

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Return accesses, a partial word counted as a whole one."""
        return {"read": -(-read_bits // self.width), "write": -(-written_bits // self.width)}

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return joules of one access: nominal energy times charge; 72 bits for 64 with check bits."""
        stored, note = (9 / 8, "; x 9/8: check bits [assume]") if self.ecc else (1.0, "")
        read = not_critical(self.critical, self.read_current)
        write = not_critical(self.critical, self.write_current * self.write_duration)
        return {
            "read": self.read_energy.sourced(stored * read, f"; x {read:.3g} of the charge{note}"),
            "write": self.write_energy.sourced(stored * write, f"; x {write:.3g} of the charge{note}"),
        }

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return the stated leakage in watts, where there is one; cells have none."""
        return {} if self.leakage_power is None else {"leakage": self.leakage_power.sourced()}

    def area(self, technology: Technology) -> Sourced | None:  # noqa: ARG002
        """Return the stated area in mm2, where there is one."""
        return None if self.total_area is None else self.total_area.sourced()

    def faults(self, technology: Technology) -> MemoryFaults | None:  # noqa: ARG002
        """Return the cells that are not switched or are misread; None where no knob is turned."""
        if self.write_current == self.write_duration == self.read_current == 1:
            return None
        errors = CellErrors(
            falls=self._failing(self.switching.error_one), rises=self._failing(self.switching.error_zero)
        )
        return MemoryFaults(lambda _: errors, secded=self.ecc, critical=self.critical)

    @property
    def _write_s(self) -> float:
        whole = self.critical is not None
        return self.write_time.value * (1.0 if whole else self.write_duration)

    def _failing(self, nominal: float) -> float:
        """Share of cells that fail for one stored value: not written, or misread though written."""
        full = 2 * (self.switching.overdrive - 1) * self.switching.reduced_time
        overdrive = self.switching.overdrive * self.write_current
        used = 2 * (overdrive - 1) * self.switching.reduced_time * self.write_duration
        unwritten = min(0.5, nominal * exp(full - used))
        return min(0.5, unwritten + 0.5 * erfc(self.switching.read_margin * self.read_current / sqrt(2)))
