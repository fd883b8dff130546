"""A set-associative cache, part of which may be protected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, log2
from typing import Annotated, Literal

from pydantic import Field, model_validator

from archsim.errors import InputError
from archsim.hardware.cacti import (
    BankShape,
    SramBank,
    node_refusal,
    shape_refusal,
    smallest_bank_bytes,
    sram_bank,
)
from archsim.hardware.cost import Sourced
from archsim.hardware.lru_cache import CacheShape
from archsim.hardware.memories.base import Memory
from archsim.hardware.technology import Technology
from archsim.units import Capacity, Frequency, Width, format_quantity, text_default

_BITS_PER_BYTE = 8
_PS_PER_S = 10**12
_STATE_BITS = 2
"""Valid and dirty."""


class Cache(Memory, kind="cache"):
    """A cache with LRU replacement, write-back and write-allocate; tags of all ways first, then one way.

    Some of the ways may be protected with check bits (SECDED): they read and write at an energy of their own.
    The engine lets tensors stream through the cache: what passes is written once and read once, which is what
    compulsory misses do, and a tensor stays in the cache where all that is alive fits. What an exact sequence
    of addresses does is a matter of :mod:`archsim.hardware.lru_cache`, by :attr:`shape`. Left out: misses
    of conflicting lines, dead lines that are written back, tags that are updated apart, prefetching,
    coherence, the logic that compares tags and that encodes and corrects.
    """

    capacity: Annotated[Capacity, Field(gt=0)]
    """Capacity of all ways, without tags and check bits."""

    width: Annotated[Width, Field(gt=0)]
    """Bits of one access, and of the port."""

    ways: int = Field(default=4, ge=1)
    """Lines of a set; assumption: a common associativity of first-level caches."""

    line: Annotated[Capacity, Field(gt=0)] = text_default("64 B")
    """Bytes of a line; assumption: that of common cores."""

    protected_ways: int = Field(default=0, ge=0)
    """Ways that store 8 check bits with every 64; lines are spread evenly over all ways."""

    cell: Literal["itrs-hp", "itrs-lop", "itrs-lstp"] = "itrs-lop"
    """Cells and periphery: high performance, low operating power or low standby power."""

    address_bits: int = Field(default=32, ge=1, le=64)
    """Bits of an address, for the tags; assumption: 4 GiB."""

    clock: Annotated[Frequency, Field(gt=0)] | None = None
    """Clock of the port; by default that of whoever accesses it."""

    @model_validator(mode="after")
    def _check_shape(self) -> Cache:
        for errors in (self._uneven(), self._beyond()):
            for error in errors:
                raise error
        return self

    def _uneven(self) -> Iterator[InputError]:
        lines = f"{self.ways} ways of {format_quantity(self.line, 'capacity')} lines"
        whole = format_quantity(self.capacity, "capacity")
        if self.capacity % (self.ways * self.line):
            yield InputError(f"{whole} does not divide into {lines}", field="capacity")
        for name, count in (("line", self.line), ("ways", self.shape.sets)):
            if count & (count - 1):
                what = "bytes of a line" if name == "line" else f"sets, {whole} in {lines}:"
                yield InputError(f"{what} are a power of two, got {count}", field=name)
        if self.line * _BITS_PER_BYTE % self.width:
            yield InputError(f"a line of {self.line} B is not made of whole accesses", field="width")

    def _beyond(self) -> Iterator[InputError]:
        if self.protected_ways > self.ways:
            yield InputError(f"there are {self.ways} ways", field="protected_ways")
        if self._tag_bits <= 0:
            whole = format_quantity(self.capacity, "capacity")
            yield InputError(f"{self.address_bits} b do not address {whole}", field="address_bits")
        for part, shape in (("way", self._way(protected=False)), ("tags", self._tags)):
            refused = shape_refusal(shape)
            if refused:
                yield InputError(f"{part}: {refused}", field="ways" if part == "tags" else "capacity")

    @property
    def shape(self) -> CacheShape:
        """Sets, ways and line, for :class:`archsim.hardware.lru_cache.LruCache`."""
        return CacheShape(self.capacity // (self.ways * self.line), self.ways, self.line)

    @property
    def _tag_bits(self) -> int:
        return self.address_bits - int(log2(self.shape.sets)) - int(log2(self.line))

    @property
    def _tags(self) -> BankShape:
        """Tags, states and ages of a set, read at once; at the least the smallest tabulated array."""
        age_bits = (self.ways - 1).bit_length()
        width = self.ways * (self._tag_bits + _STATE_BITS + age_bits)
        capacity = -(-self.shape.sets * width // _BITS_PER_BYTE)
        least = 0 if shape_refusal(BankShape(1 << 16, width)) else smallest_bank_bytes(width)
        return BankShape(max(capacity, least), width, self.cell)

    def _way(self, *, protected: bool) -> BankShape:
        return BankShape(self.capacity // self.ways, self.width, self.cell, protected)

    @property
    def _parts(self) -> Mapping[str, tuple[int, BankShape]]:
        """Arrays by name: how many there are and their shape."""
        ways = {
            "": (self.ways - self.protected_ways, self._way(protected=False)),
            "protected_": (self.protected_ways, self._way(protected=True)),
        }
        return {name: (count, shape) for name, (count, shape) in ways.items() if count}

    @property
    def capacity_bits(self) -> int:
        """Bits that the cache holds, without tags and check bits."""
        return self.capacity * _BITS_PER_BYTE

    def bits_per_ps(self, clock_hz: int) -> Fraction:
        """Return one access of ``width`` bits per cycle of the port's clock, else of the requester's."""
        return Fraction(self.width * (self.clock or clock_hz), _PS_PER_S)

    def latency_ps(self, technology: Technology) -> int:
        """Return the access time of the tags and then of a way, the slower kind if there are two."""
        tags = sram_bank(technology, self._tags).access_s
        way = max(sram_bank(technology, shape).access_s for _, shape in self._parts.values())
        return ceil(round((tags + way) * _PS_PER_S, 3))

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Return accesses of each part, by its share of the ways, and one of the tags with each of them.

        A partial word is counted whole.
        """
        read, written = -(-read_bits // self.width), -(-written_bits // self.width)
        found = {"tag_access": read + written}
        for name, (ways, _) in self._parts.items():
            found[f"{name}read"] = -(-read * ways // self.ways)
            found[f"{name}write"] = -(-written * ways // self.ways)
        return found

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return joules of one access of the tags of a set, and of one word of a way of each part."""
        tags = sram_bank(technology, self._tags)
        found = {"tag_access": Sourced(tags.read_j, f"tags of {self.ways} ways: {tags.source}")}
        for name, (_, shape) in self._parts.items():
            way = sram_bank(technology, shape)
            found[f"{name}read"] = Sourced(way.read_j, way.source)
            found[f"{name}write"] = Sourced(way.write_j, way.source)
        return found

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return the leakage in watts of all ways and of the tags."""
        return {"leakage": self._summed(technology, "leakage_w", "leakage_source")}

    def area(self, technology: Technology) -> Sourced:
        """Return the area in mm2 of all ways and of the tags."""
        return self._summed(technology, "area_mm2", "source")

    def _summed(self, technology: Technology, figure: str, source: str) -> Sourced:
        arrays: list[tuple[int, SramBank]] = [
            (count, sram_bank(technology, shape)) for count, shape in (*self._parts.values(), (1, self._tags))
        ]
        value = sum(count * float(getattr(bank, figure)) for count, bank in arrays)
        return Sourced(value, " + ".join(f"{count} x {getattr(bank, source)}" for count, bank in arrays))

    def refusal(self, technology: Technology, clock_hz: int) -> str | None:
        """Tell why the node has no figures or an array cannot cycle as fast as the port's clock."""
        missing = node_refusal(technology)
        if missing:
            return missing
        clock = self.clock or clock_hz
        shapes = (*(shape for _, shape in self._parts.values()), self._tags)
        cycle_s = max(sram_bank(technology, shape).cycle_s for shape in shapes)
        if cycle_s * clock <= 1:
            return None
        told = format_quantity(clock, "frequency")
        cycle = f"{cycle_s * 1e9:.2f} ns"
        return f"ways and tags cycle in {cycle}, slower than {told}; use more ways or a slower clock"
