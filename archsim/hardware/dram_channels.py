"""Interleaved channels of a DRAM part, each with a controller: their options and their average power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from archsim.hardware.cost import Sourced
from archsim.hardware.dram_controller import ControllerOptions, check_controller, kernel_channel
from archsim.hardware.dram_mapping import DEFAULT_MAPPING
from archsim.hardware.dram_parts import DramPart
from archsim.hardware.dram_rules import Command


class DramOptions(BaseModel):
    """What the controller of a DRAM does; times in cycles of the part's clock."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mapping: str = DEFAULT_MAPPING
    """Address mapping of a channel: robabgco, robacobg, xor."""

    page: Literal["open", "closed"] = "open"
    """`open`: rows stay open. `closed`: every access closes its row."""

    refresh: Literal["all_bank", "per_bank", "none"] = "all_bank"
    """Of a rank, of one bank after the other, or none."""

    queue: int = Field(default=32, ge=1, le=96)
    """Reads, and writes, that wait in a channel."""

    power_down_after: int = Field(default=0, ge=0)
    """Cycles without data after which a rank goes to power-down; 0: never."""

    self_refresh_after: int = Field(default=0, ge=0)
    """Cycles without data after which a rank refreshes itself; 0: never."""

    def of(self, ranks: int) -> ControllerOptions:
        """Return the options of a channel with that many ranks."""
        return ControllerOptions(ranks=ranks, **self.model_dump())


@dataclass(frozen=True, slots=True)
class DramChannels:
    """Channels of a part; the bursts of neighbouring addresses lie in neighbouring channels.

    Attributes
    ----------
    devices, note
        Devices of a rank relative to those of the part, and what the source says of them.
    """

    part: DramPart
    channels: int
    options: ControllerOptions
    devices: float = 1.0
    note: str = ""

    def check(self) -> None:
        """Refuse options that contradict each other or the part.

        Raises
        ------
        InputError
            With the option.
        """
        check_controller(self.part, self.options)

    def open(self) -> list[Any]:
        """Return the channels of the kernel, in their first state."""
        return [kernel_channel(self.part, self.options) for _ in range(self.channels)]

    def static_power(self, tallies: list[Mapping[str, Any]]) -> Mapping[str, Sourced]:
        """Return the average power in watts of standby and refresh, from what all channels have counted."""
        part = self.part
        states = {
            "active": (part.background_w, _total(tallies, "cycles_active")),
            "precharged": (part.precharged_w, _total(tallies, "cycles_idle")),
            "power-down": (part.power_down_w, _total(tallies, "cycles_down")),
            "self-refresh": (part.self_refresh_w, _total(tallies, "cycles_self")),
        }
        cycles = sum(count for _, count in states.values())
        ranks = self.options.ranks * self.channels
        if not cycles:
            return {"background": Sourced(0.0, part.source), "refresh": Sourced(0.0, part.source)}
        background = ranks * self.devices * sum(power * count for power, count in states.values()) / cycles
        shares = ", ".join(f"{name} {count / cycles:.2%}" for name, (_, count) in states.items() if count)
        seconds = cycles / ranks * part.clock_ps * 1e-12
        all_banks, one_bank = (sum(tally["counted"][kind] for tally in tallies) for kind in _REFRESHES)
        refresh = self.devices * (all_banks * part.refresh_j + one_bank * part.refresh_bank_j) / seconds
        source = (f"{ranks} x {part.source}" if ranks > 1 else part.source) + self.note
        return {
            "background": Sourced(background, f"{source}; time of the ranks: {shares} [calc]"),
            "refresh": Sourced(refresh, f"{source}; {all_banks + one_bank} refreshes in the run [calc]"),
        }


_REFRESHES = (Command.REFAB, Command.REFPB)


def _total(tallies: list[Mapping[str, Any]], name: str) -> int:
    return sum(int(tally[name]) for tally in tallies)
