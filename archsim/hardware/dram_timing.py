"""Timing of a DRAM part in cycles of its clock, named as in the standards, and what cannot be true of it."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archsim.errors import InputError

LONGEST: Final = 10**6
"""Cycles that no constraint of a part reaches."""


class Row(BaseModel):
    """A frozen part of a data file; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _cycles(*, least: int = 1) -> Any:
    return Field(ge=least, le=LONGEST)


class Timing(Row):
    """Minimum distances in cycles of the part's clock, from the start of one command to that of the next."""

    CL: int = _cycles()
    """Read command to its first data."""
    CWL: int = _cycles()
    """Write command to its first data."""
    tRCD: int = _cycles()  # noqa: N815
    """Activation to read."""
    tRCDW: int = _cycles()  # noqa: N815
    """Activation to write."""
    tRP: int = _cycles()  # noqa: N815
    """Precharge of one bank to activation."""
    tRPab: int = _cycles()  # noqa: N815
    """Precharge of all banks to activation."""
    tRAS: int = _cycles()  # noqa: N815
    """Activation to precharge."""
    tRC: int = _cycles()  # noqa: N815
    """Activation to activation of the same bank."""
    tCCD_S: int = _cycles()  # noqa: N815
    """Column command to the next one of its kind in another bank group."""
    tCCD_L: int = _cycles()  # noqa: N815
    """The same within a bank group."""
    tRRD_S: int = _cycles()  # noqa: N815
    """Activation to activation in another bank group."""
    tRRD_L: int = _cycles()  # noqa: N815
    """The same within a bank group."""
    tFAW: int = _cycles()  # noqa: N815
    """Window that holds four activations of a rank at most."""
    tWR: int = _cycles()  # noqa: N815
    """End of written data to precharge."""
    tRTP: int = _cycles()  # noqa: N815
    """Read to precharge."""
    tWTR_S: int = _cycles()  # noqa: N815
    """End of written data to a read in another bank group."""
    tWTR_L: int = _cycles()  # noqa: N815
    """The same within a bank group."""
    tRTW: int = _cycles(least=0)  # noqa: N815
    """Idle cycles of the data lines between a read and a write of one rank."""
    tCS: int = _cycles(least=0)  # noqa: N815
    """Idle cycles of the data lines between bursts of two ranks."""
    tPPD: int = _cycles()  # noqa: N815
    """Precharge to precharge of another bank."""
    tRFC: int = _cycles()  # noqa: N815
    """All-bank refresh to the next command."""
    tREFI: int = _cycles()  # noqa: N815
    """Average interval of all-bank refreshes."""
    tRFCpb: int | None = Field(None, ge=1, le=LONGEST)  # noqa: N815
    """Per-bank refresh to the next command of its bank; absent where the part has none."""
    tREFIpb: int | None = Field(None, ge=1, le=LONGEST)  # noqa: N815
    """Average interval of per-bank refreshes of a rank."""
    tRREFD: int | None = Field(None, ge=1, le=LONGEST)  # noqa: N815
    """Per-bank refresh to an activation or refresh of another bank."""
    tXP: int = _cycles()  # noqa: N815
    """Power-down exit to a command."""
    tXS: int = _cycles()  # noqa: N815
    """Self-refresh exit to a command."""
    tCKE: int = _cycles()  # noqa: N815
    """Shortest power-down."""
    tCKESR: int = _cycles()  # noqa: N815
    """Shortest self-refresh."""
    tPDEN: int = _cycles()  # noqa: N815
    """Precharge or refresh to power-down entry."""

    @property
    def refreshes_banks(self) -> bool:
        """Whether the part can refresh one bank at a time."""
        return self.tRFCpb is not None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for field, least, why in self._lower_bounds():
            found = getattr(self, field)
            if found < least:
                raise InputError(f"{field} of {found} cycles is less than {why} = {least}", field=field)
        parts = (self.tRFCpb, self.tREFIpb, self.tRREFD)
        if any(one is None for one in parts) and any(one is not None for one in parts):
            raise InputError("tRFCpb, tREFIpb and tRREFD belong together: give all of them or none")
        return self

    def _lower_bounds(self) -> list[tuple[str, int, str]]:
        """Return (field, its least value, the reason): shorter ones contradict another field."""
        found = [
            ("tRC", self.tRAS + self.tRP, "tRAS + tRP"),
            ("tRPab", self.tRP, "tRP"),
            ("tRAS", self.tRCD, "tRCD"),
            ("tCCD_L", self.tCCD_S, "tCCD_S"),
            ("tRRD_L", self.tRRD_S, "tRRD_S"),
            ("tWTR_L", self.tWTR_S, "tWTR_S"),
            ("tFAW", self.tRRD_S, "tRRD_S"),
            ("tREFI", self.tRFC + 1, "tRFC + 1"),
        ]
        if self.tRFCpb is not None and self.tREFIpb is not None:
            found.append(("tRFC", self.tRFCpb, "tRFCpb"))
            found.append(("tREFI", self.tREFIpb, "tREFIpb"))
        return found
