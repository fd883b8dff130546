"""DRAM parts: organisation, timing and currents from the data file, and the energy per command from them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.datatables import table_text

_PICO = 1e-12
_MILLI = 1e-3
_TRANSFERS_PER_CYCLE = 2


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(_Row):
    """Minimum distances in cycles of the part's clock, named as in the standards."""

    CL: int
    tRCD: int  # noqa: N815
    tRAS: int  # noqa: N815
    tRC: int  # noqa: N815
    tRFC: int  # noqa: N815
    tREFI: int  # noqa: N815


class Supply(_Row):
    """One core supply: voltage, and currents of one device in mA, named as in the standards."""

    voltage: float
    IDD0: float
    IDD2N: float
    IDD3N: float
    IDD4R: float
    IDD4W: float
    IDD5: float


class OutputSupply(_Row):
    """The supply of the output drivers: voltage and currents of one device in mA during transfers."""

    voltage: float
    IDD4R: float
    IDD4W: float


class DramPart(_Row):
    """One rank of a DRAM part; energies per command follow from its supply currents.

    The command formulas are those of DRAMsim3 and DRAMPower: the current of the command less that of the
    standby state that flows anyway, times voltage and duration, over all devices of the rank and all
    supplies [calc].
    """

    source: str
    io: str
    """What the energies say of the input and output drivers."""
    data_rate_mts: int = Field(gt=0)
    """Million transfers per second on each data line."""
    bus_bits: int = Field(gt=0)
    devices: int = Field(gt=0)
    banks: int = Field(gt=0)
    rows: int = Field(gt=0)
    row_bytes: int = Field(gt=0)
    clock_ps: int = Field(gt=0)
    burst_cycles: int = Field(gt=0)
    timing: Timing
    supplies: tuple[Supply, ...]
    output: OutputSupply | None = None

    @property
    def rank_bits(self) -> int:
        """Bits of one rank: banks x rows x row."""
        return self.banks * self.rows * self.row_bits

    @property
    def row_bits(self) -> int:
        """Bits that one activation opens."""
        return self.row_bytes * 8

    @property
    def burst_bits(self) -> int:
        """Bits that one read or write command moves."""
        return self.bus_bits * self.burst_cycles * _TRANSFERS_PER_CYCLE

    @property
    def activate_j(self) -> float:
        """Energy of one activate-precharge pair: n V tCK (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))."""
        cycle, active = self.timing.tRC, self.timing.tRAS
        return self._energy(
            sum(
                s.voltage * (s.IDD0 * cycle - s.IDD3N * active - s.IDD2N * (cycle - active))
                for s in self.supplies
            )
        )

    @property
    def read_j(self) -> float:
        """Energy of one read burst: n V tCK (IDD4R - IDD3N) BL, plus that of the output supply."""
        core = sum(s.voltage * (s.IDD4R - s.IDD3N) for s in self.supplies)
        drivers = self.output.voltage * self.output.IDD4R if self.output else 0.0
        return self._energy((core + drivers) * self.burst_cycles)

    @property
    def write_j(self) -> float:
        """Energy of one write burst: n V tCK (IDD4W - IDD3N) BL, plus that of the output supply."""
        core = sum(s.voltage * (s.IDD4W - s.IDD3N) for s in self.supplies)
        drivers = self.output.voltage * self.output.IDD4W if self.output else 0.0
        return self._energy((core + drivers) * self.burst_cycles)

    @property
    def refresh_j(self) -> float:
        """Energy of one all-bank refresh: n V tCK (IDD5 - IDD3N) tRFC."""
        return self._energy(sum(s.voltage * (s.IDD5 - s.IDD3N) for s in self.supplies) * self.timing.tRFC)

    @property
    def refresh_w(self) -> float:
        """Average power of refreshing one rank: one refresh every tREFI."""
        return self.refresh_j / (self.timing.tREFI * self.clock_ps * _PICO)

    @property
    def background_w(self) -> float:
        """Power of one rank in active standby: n V IDD3N."""
        return self.devices * sum(s.voltage * s.IDD3N for s in self.supplies) * _MILLI

    def _energy(self, volt_milliampere_cycles: float) -> float:
        return self.devices * volt_milliampere_cycles * _MILLI * self.clock_ps * _PICO


@cache
def dram_parts() -> Mapping[str, DramPart]:
    """Return all parts of the data file by name."""
    import yaml

    rows = yaml.safe_load(table_text("dram_parts.yaml"))
    return {name: DramPart.model_validate(row) for name, row in rows.items()}


def dram_part(name: str) -> DramPart:
    """Return the part of that name.

    Raises
    ------
    InputError
        If there is none; the nearest name is suggested.
    """
    parts = dram_parts()
    if name not in parts:
        raise InputError(
            f"unknown DRAM part '{name}': {expected_one_of(parts)}", suggestion=nearest(name, parts)
        )
    return parts[name]
