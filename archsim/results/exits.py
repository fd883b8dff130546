"""What a report says of the images that leave a network at its exits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import fsum
from typing import Self

from archsim.results.record import Record

END = "(end)"
"""Name of the way that leads through the whole network."""


class PathRow(Record):
    """One way through the network: up to an exit, or to the end."""

    exit: str
    """Name of the exit; `(end)` for the whole network."""
    measure: str | None = None
    """What decides whether an image leaves: `min_probability` or `max_entropy`."""
    threshold: float | None = None
    """Probability or entropy (nats) that an image has to reach."""
    images: int
    """Images that took this way."""
    share: float
    """The same as a fraction of all images."""
    share_exact: float
    """Fraction with exact arithmetic, whose exits decide by their own answers."""
    share_float: float
    """Fraction in float32."""
    top1: float | None = None
    """Top-1 of the images that took this way; None where there are none."""
    top1_of_all: float
    """Top-1 if all images ended here."""
    latency_s: float
    """Of one image alone, to the instant at which the exit's answer is stored."""
    energy_j: float
    """Of one image alone, leakage during its latency included."""
    macs: int
    """Of one image."""


class Distribution(Record):
    """A figure over the images. Percentiles are by nearest rank: each is the figure of an image."""

    mean: float
    min: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float], counts: Sequence[int]) -> Self:
        """Return the distribution of values that occur so many times; at least one of them does."""
        occurring = sorted((value, count) for value, count in zip(values, counts, strict=True) if count)
        ranks = list(accumulate(count for _, count in occurring))

        def percentile(percent: int) -> float:
            rank = -(-percent * ranks[-1] // 100)
            return next(value for (value, _), last in zip(occurring, ranks, strict=True) if last >= rank)

        return cls(
            mean=fsum(value * count for value, count in occurring) / ranks[-1],
            min=occurring[0][0],
            p50=percentile(50),
            p95=percentile(95),
            p99=percentile(99),
            max=occurring[-1][0],
        )


class ExitsRow(Record):
    """Images that end where they are sure enough: who leaves where, and what that takes."""

    images: int
    """Test images."""
    top1: float
    """Share of images whose class, at the exit where they leave, is that of the label."""
    paths: tuple[PathRow, ...]
    """Exits with a condition in order, then the end."""
    latency_s: Distribution
    """Over the images, each executed alone."""
    energy_j: Distribution
    """Over the images, each executed alone."""
