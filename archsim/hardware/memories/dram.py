"""Off-chip DRAM: channels with a controller, or a constant rate and commands counted from the bits moved."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.dram_channels import DramChannels, DramOptions
from archsim.hardware.dram_parts import DramPart, dram_part
from archsim.hardware.faults import CriticalRegion, MemoryFaults, not_critical
from archsim.hardware.memories.base import Memory
from archsim.hardware.retention import leaking_cells
from archsim.hardware.technology import Technology
from archsim.units import Temperature, Time

_TRANSFERS_PER_S = 10**6
_PS_PER_S = 10**12


class Dram(Memory, kind="dram"):
    """DRAM channels of a named part.

    With ``model: controller`` every burst is a request to a controller that obeys the part's timing, and
    energy is counted by command and by the time that ranks spend in each state. Rate and latency below are
    what the mapper plans with.

    With ``model: streaming`` each transfer opens every row that it needs once and then streams bursts from
    open rows of interleaved bank groups: the rate is the peak of the data lines less the time of refreshes,
    and the latency is that of a closed bank. Left out: row conflicts between streams, the turn from reads to
    writes, tFAW, power-down. Energies do not depend on the technology of the chip.
    """

    part: str = Field(examples=["LPDDR4-3200-x16-8Gb"])
    """Name of a part, e.g. LPDDR4-3200-x16-8Gb."""

    channels: int = Field(default=1, ge=1)
    """Independent channels; transfers spread over all of them."""

    ranks: int = Field(default=1, ge=1)
    """Ranks per channel."""

    model: Literal["controller", "streaming"] = "controller"
    """`controller`: command by command. `streaming`: at a constant rate, for transfers in row order."""

    controller: DramOptions = DramOptions()
    """What the controller does."""

    refresh_interval: Time | None = Field(default=None, examples=["256 ms"])
    """Time between two refreshes of a cell; none: that of the part, 8192 x tREFI (64 ms or 32 ms)."""

    temperature: Temperature | None = None
    """Temperature of the cells; none: that of the technology."""

    ecc: bool = False
    """Correct single and detect double errors in words of 64 bits; check bits have devices of their own."""

    critical: CriticalRegion | None = None
    """Part of the capacity that is refreshed as the part says, and what lies there; none: there is none."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.controlled is not None:
            self.controlled.check()
        return self

    @property
    def controlled(self) -> DramChannels | None:
        """All channels, or None with ``model: streaming``."""
        if self.model == "streaming":
            return None
        options = self.controller.of(self.ranks)
        return DramChannels(self._part, self.channels, options, self._devices, self._noted(""))

    @field_validator("part")
    @classmethod
    def _known_part(cls, part: str) -> str:
        dram_part(part)
        return part

    @model_validator(mode="after")
    def _check_interval(self) -> Dram:
        least = dram_part(self.part).refresh_window_s
        if self.refresh_interval is not None and self.refresh_interval < least:
            raise InputError(
                f"expected at least {least * 1e3:g} ms, the interval at which no cell of the part fails",
                field="refresh_interval",
            )
        return self

    @property
    def _part(self) -> DramPart:
        """The part, refreshed as often as the interval and the critical region say."""
        part = dram_part(self.part)
        if self.refresh_interval is None:
            return part
        rarer = part.refresh_window_s / self.refresh_interval
        return part.refreshed(not_critical(self.critical, rarer))

    @property
    def _devices(self) -> float:
        """Devices relative to a rank without check bits."""
        return 9 / 8 if self.ecc else 1.0

    def _noted(self, source: str) -> str:
        return f"{source}; x 9/8: check bits in devices of their own [assume]" if self.ecc else source

    @property
    def capacity_bits(self) -> int:
        """Bits of all ranks of all channels."""
        return self._part.rank_bits * self.ranks * self.channels

    @property
    def alignment_bytes(self) -> int:
        """One row of every channel, so that no two tensors share a row."""
        return self._part.row_bytes * self.channels

    def bits_per_ps(self, clock_hz: int) -> Fraction:  # noqa: ARG002
        """Return the peak rate of all channels less the time of refreshes, whatever the requester's clock."""
        part = self._part
        peak = Fraction(part.data_rate_mts * _TRANSFERS_PER_S * part.bus_bits * self.channels, _PS_PER_S)
        return peak * (1 - Fraction(part.timing.tRFC, part.timing.tREFI))

    def latency_ps(self, technology: Technology) -> int:  # noqa: ARG002
        """Return the latency of a closed bank: tRCD + CL + one burst."""
        part = self._part
        return (part.timing.tRCD + part.timing.CL + part.burst_cycles) * part.clock_ps

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Return rows opened (reads and writes apart) and bursts; a partial row or burst is a whole one."""
        part = self._part
        return {
            "activate": -(-read_bits // part.row_bits) - (-written_bits // part.row_bits),
            "read": -(-read_bits // part.burst_bits),
            "write": -(-written_bits // part.burst_bits),
        }

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return joules of an activate-precharge pair, a read burst and a write burst of one rank."""
        part = self._part
        source, devices = self._noted(f"{part.source}, from supply currents [calc]"), self._devices
        return {
            "activate": Sourced(part.activate_j * devices, source),
            "read": Sourced(part.read_j * devices, f"{source}; {part.io}"),
            "write": Sourced(part.write_j * devices, f"{source}; {part.io}"),
        }

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return active standby and average refresh power in watts of every rank of every channel."""
        part = self._part
        ranks = self.ranks * self.channels
        source = self._noted(f"{ranks} x {part.source}" if ranks > 1 else part.source)
        every = (
            f"all-bank refresh every tREFI of {part.timing.tREFI:,} cycles" if self.refresh_interval else ""
        )
        background, refresh = (ranks * self._devices * power for power in (part.background_w, part.refresh_w))
        return {
            "background": Sourced(background, f"{source}, V IDD3N (active standby) [calc]"),
            "refresh": Sourced(refresh, f"{source}, {every or 'all-bank refresh every tREFI'} [calc]"),
        }

    def faults(self, technology: Technology) -> MemoryFaults | None:
        """Return the cells that lose their charge between two refreshes; None at the part's interval."""
        interval = self.refresh_interval
        if interval is None or interval <= dram_part(self.part).refresh_window_s:
            return None
        celsius = technology.temperature if self.temperature is None else self.temperature
        return MemoryFaults(
            lambda exposure_s: leaking_cells(interval, celsius, exposure_s),
            secded=self.ecc,
            critical=self.critical,
        )

    def area(self, technology: Technology) -> Sourced | None:  # noqa: ARG002
        """Return None: another chip, for which no source gives an area."""
        return None
