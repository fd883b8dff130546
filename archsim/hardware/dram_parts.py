"""DRAM parts: organisation, timing and currents from the data file, and the energy per command from them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Self

from pydantic import Field, model_validator

from archsim.config import build, load_document
from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.datatables import table_text
from archsim.hardware.dram_timing import Row, Timing

_PICO = 1e-12
_MILLI = 1e-3
_TRANSFERS_PER_CYCLE = 2
_REFRESHES: Final = 8192
_MOST_ROUNDING: Final = 0.01
"""Part files round their clocks to two digits of a nanosecond."""


class Supply(Row):
    """One core supply: voltage, and currents of one device in mA, named as in the standards."""

    voltage: float = Field(gt=0)
    IDD0: float = Field(ge=0)
    IDD2N: float = Field(ge=0)
    IDD2P: float = Field(ge=0)
    IDD3N: float = Field(ge=0)
    IDD4R: float = Field(ge=0)
    IDD4W: float = Field(ge=0)
    IDD5: float = Field(ge=0)
    IDD6: float = Field(ge=0)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for field in ("IDD4R", "IDD4W", "IDD5"):
            if getattr(self, field) < self.IDD3N:
                raise InputError(f"{field} is less than IDD3N, which flows anyway", field=field)
        return self


class OutputSupply(Row):
    """The supply of the output drivers: voltage and currents of one device in mA during transfers."""

    voltage: float = Field(gt=0)
    IDD4R: float = Field(ge=0)
    IDD4W: float = Field(ge=0)


class CommandCycles(Row):
    """Cycles for which a command occupies the command lines."""

    activate: int = Field(ge=1, le=16)
    column: int = Field(ge=1, le=16)
    other: int = Field(ge=1, le=16)
    split_buses: bool = False
    """Whether column commands have lines of their own."""


class DramPart(Row):
    """One rank of a DRAM part; energies per command follow from its supply currents.

    The command formulas are those of DRAMsim3 and DRAMPower: the current of the command less that of the
    standby state that flows anyway, times voltage and duration, over all devices of the rank and all
    supplies [calc].
    """

    short_name: str | None = None
    """A shorter name under which the part is found too."""
    source: str
    io: str
    """What the energies say of the input and output drivers."""
    data_rate_mts: int = Field(gt=0)
    """Million transfers per second on each data line."""
    bus_bits: int = Field(gt=0)
    devices: int = Field(gt=0)
    bank_groups: int = Field(gt=0)
    banks_per_group: int = Field(gt=0)
    """Banks of a group; of the rank where there is one group."""
    rows: int = Field(gt=0)
    row_bytes: int = Field(gt=0)
    clock_ps: int = Field(gt=0)
    burst_cycles: int = Field(gt=0)
    commands: CommandCycles
    timing: Timing
    supplies: tuple[Supply, ...] = Field(min_length=1)
    output: OutputSupply | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for field in ("bank_groups", "banks_per_group", "rows", "row_bytes"):
            value = getattr(self, field)
            if value & (value - 1):
                raise InputError(f"{field} of {value} is no power of two", field=field)
        if self.burst_bytes & (self.burst_bytes - 1) or self.burst_bytes * 8 != self.burst_bits:
            raise InputError(
                f"a burst of {self.burst_bits} bits is no power of two in bytes", field="bus_bits"
            )
        if self.row_bytes < self.burst_bytes:
            raise InputError(f"a row is smaller than a burst of {self.burst_bytes} bytes", field="row_bytes")
        clock = 2 * 10**6 / self.data_rate_mts
        if abs(self.clock_ps / clock - 1) > _MOST_ROUNDING:
            message = f"two transfers per cycle of {self.data_rate_mts} MT/s make {clock:.0f} ps"
            raise InputError(message, field="clock_ps")
        return self

    @property
    def banks(self) -> int:
        """Banks of a rank."""
        return self.bank_groups * self.banks_per_group

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
    def burst_bytes(self) -> int:
        """Bytes that one read or write command moves."""
        return self.burst_bits // 8

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
    def refresh_window_s(self) -> float:
        """Time in which all rows are refreshed once: 8192 refreshes (JEDEC [sheet]), in whole ms."""
        return round(_REFRESHES * self.timing.tREFI * self.clock_ps * _PICO / _MILLI) * _MILLI

    def refreshed(self, rate: float) -> Self:
        """Return the part with refreshes at a fraction of its own rate, in whole cycles between them."""
        per_bank = self.timing.tREFIpb
        slower = {"tREFI": round(self.timing.tREFI / rate)}
        if per_bank is not None:
            slower["tREFIpb"] = round(per_bank / rate)
        return self.model_copy(update={"timing": self.timing.model_copy(update=slower)})

    @property
    def refresh_w(self) -> float:
        """Average power of refreshing one rank: one refresh every tREFI."""
        return self.refresh_j / (self.timing.tREFI * self.clock_ps * _PICO)

    @property
    def refresh_bank_j(self) -> float:
        """Energy of one per-bank refresh: an all-bank refresh shared among the banks.

        Assumption: it recharges as many rows of its bank as the all-bank refresh does; IDD5 of one bank is
        given for none of the parts.
        """
        return self.refresh_j / self.banks

    @property
    def background_w(self) -> float:
        """Power of one rank in active standby, with rows open: n V IDD3N."""
        return self._power("IDD3N")

    @property
    def precharged_w(self) -> float:
        """Power of one rank in standby with all rows closed: n V IDD2N."""
        return self._power("IDD2N")

    @property
    def power_down_w(self) -> float:
        """Power of one rank in precharge power-down: n V IDD2P."""
        return self._power("IDD2P")

    @property
    def self_refresh_w(self) -> float:
        """Power of one rank that refreshes itself: n V IDD6."""
        return self._power("IDD6")

    def _power(self, current: str) -> float:
        return float(self.devices * sum(s.voltage * getattr(s, current) for s in self.supplies) * _MILLI)

    def _energy(self, volt_milliampere_cycles: float) -> float:
        return self.devices * volt_milliampere_cycles * _MILLI * self.clock_ps * _PICO


@cache
def dram_parts() -> Mapping[str, DramPart]:
    """Return all parts of the data file by name."""
    import yaml

    rows = yaml.safe_load(table_text("dram_parts.yaml"))
    return {name: DramPart.model_validate(row) for name, row in rows.items()}


@cache
def dram_part_names() -> Mapping[str, str]:
    """Return the full name of each part by its full and its short name."""
    parts = dram_parts()
    return {name: name for name in parts} | {
        part.short_name: name for name, part in parts.items() if part.short_name
    }


def dram_part(name: str) -> DramPart:
    """Return the part of that name, full or short.

    Raises
    ------
    InputError
        If there is none; the nearest name is suggested.
    """
    names = dram_part_names()
    if name not in names:
        raise InputError(
            f"unknown DRAM part '{name}': {expected_one_of(names)}", suggestion=nearest(name, names)
        )
    return dram_parts()[names[name]]


def read_dram_part(name_or_path: str) -> tuple[str, DramPart]:
    """Return a part and its full name: one of the data file, or that of a YAML file with the same fields.

    Raises
    ------
    InputError
        If there is no such part, or if the file does not describe a possible one.
    """
    if not name_or_path.endswith((".yaml", ".yml")):
        part = dram_part(name_or_path)
        return dram_part_names()[name_or_path], part
    return name_or_path, build(DramPart, load_document(name_or_path))
