"""What a design costs relative to the exact one of the same source."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class RelativeCost:
    """Energy, delay and area of a design relative to the exact design of the same source, and that source.

    Attributes
    ----------
    energy, delay, area
        Ratios without a unit; ``None`` where the source prints none.
    source
        Where the ratios come from: the same text for all designs of one source.
    detail
        What the source says of this design alone.
    """

    energy: float
    delay: float | None
    area: float | None
    source: str
    detail: str = ""

    @property
    def provenance(self) -> str:
        """Source and detail as one text."""
        return f"{self.source}; {self.detail}" if self.detail else self.source


class StatedCost(BaseModel):
    """Cost of a design relative to the exact one of the same source, stated by the user."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    energy: float = Field(gt=0)
    """Energy of one operation over that of the exact design."""

    delay: float | None = Field(default=None, gt=0)
    """Critical path over that of the exact design."""

    area: float | None = Field(default=None, gt=0)
    """Area over that of the exact design."""

    source: str = Field(min_length=1)
    """Where the figures come from."""

    def relative(self) -> RelativeCost:
        """Return the same figures as the cost of a design."""
        return RelativeCost(self.energy, self.delay, self.area, self.source)
