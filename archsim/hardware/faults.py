"""What a memory says of its errors, and which data it keeps from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archsim.arithmetic.cells import CellErrors
from archsim.hardware.options import Names

TensorKind = Literal["weights", "activations"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class CriticalData(_Part):
    """Tensors, or their highest bits, that lie in the critical region of a memory."""

    tensors: Literal["weights", "activations", "all"] = "all"
    """Weights, activations or both."""

    layer: Names = ("*",)
    """Layers whose weights or results are meant (``input``: the images); ``*`` and ``?`` are wildcards."""

    high_bits: int | None = Field(default=None, ge=1)
    """Bits of each code, from the sign down; none: all of them."""

    def bits(self, kind: TensorKind, layer: str, width: int) -> int:
        """How many bits of a tensor's codes of `width` bits the entry keeps."""
        meant = self.tensors in ("all", kind) and any(fnmatchcase(layer, one) for one in self.layer)
        return min(width, self.high_bits or width) if meant else 0


class CriticalRegion(_Part):
    """A part of a memory that works as if no knob were turned: no cell fails, nothing is saved.

    Accesses and refreshes are taken to spread over the memory as its capacity does, so the region has its
    share of them.
    """

    share: float = Field(gt=0, lt=1, examples=[0.25])
    """Share of the capacity."""

    data: tuple[CriticalData, ...] = Field(min_length=1, examples=[[{"tensors": "weights", "high_bits": 2}]])
    """What lies there; all other data lies in the approximate region."""

    def bits(self, kind: TensorKind, layer: str, width: int) -> int:
        """How many bits of a tensor's codes of `width` bits lie in the region, from the sign down."""
        return max(entry.bits(kind, layer, width) for entry in self.data)


@dataclass(frozen=True, slots=True)
class MemoryFaults:
    """Errors of the cells of a memory.

    Attributes
    ----------
    errors
        Shares of the cells that fail for data that lies there for so many seconds, at most.
    secded
        Words of 64 bits have 8 check bits.
    critical
        What lies in cells that never fail.
    """

    errors: Callable[[float], CellErrors]
    secded: bool = False
    critical: CriticalRegion | None = None

    def reliable_bits(self, kind: TensorKind, layer: str, width: int) -> int:
        """How many bits of a tensor's codes, from the sign down, lie in cells that never fail."""
        return 0 if self.critical is None else self.critical.bits(kind, layer, width)


def not_critical(region: CriticalRegion | None, factor: float) -> float:
    """Return the factor of a whole memory of which all but the critical region has the factor given."""
    return factor if region is None else region.share + (1 - region.share) * factor
