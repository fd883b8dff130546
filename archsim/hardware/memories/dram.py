"""Off-chip DRAM: channels with a controller, or a constant rate and commands counted from the bits moved."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from archsim.hardware.cost import Sourced
from archsim.hardware.dram_channels import DramChannels, DramOptions
from archsim.hardware.dram_parts import DramPart, dram_part
from archsim.hardware.memories.base import Memory
from archsim.hardware.technology import Technology

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
        return DramChannels(self._part, self.channels, self.controller.of(self.ranks))

    @field_validator("part")
    @classmethod
    def _known_part(cls, part: str) -> str:
        dram_part(part)
        return part

    @property
    def _part(self) -> DramPart:
        return dram_part(self.part)

    @property
    def capacity_bits(self) -> int:
        """Bits of all ranks of all channels."""
        return self._part.rank_bits * self.ranks * self.channels

    @property
    def alignment_bytes(self) -> int:
        """One row of every channel, so that no two tensors share a row."""
        return self._part.row_bytes * self.channels

    def bits_per_ps(self, clock_hz: int) -> Fraction:  # noqa: ARG002
        """Return the peak rate of all channels times 1 - tRFC / tREFI, whatever the requester's clock."""
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
        source = f"{part.source}, from supply currents [calc]"
        return {
            "activate": Sourced(part.activate_j, source),
            "read": Sourced(part.read_j, f"{source}; {part.io}"),
            "write": Sourced(part.write_j, f"{source}; {part.io}"),
        }

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return active standby and average refresh power in watts of every rank of every channel."""
        part = self._part
        ranks = self.ranks * self.channels
        source = f"{ranks} x {part.source}" if ranks > 1 else part.source
        return {
            "background": Sourced(ranks * part.background_w, f"{source}, V IDD3N (active standby) [calc]"),
            "refresh": Sourced(ranks * part.refresh_w, f"{source}, all-bank refresh every tREFI [calc]"),
        }

    def area(self, technology: Technology) -> Sourced | None:  # noqa: ARG002
        """Return None: another chip, for which no source gives an area."""
        return None
