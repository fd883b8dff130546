"""Where an address lies in a DRAM channel: mappings by name, for any organisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.dram_parts import DramPart

MAPPINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "robabgco": ("row", "rank", "bank", "group", "column", "channel"),
    "robacobg": ("row", "rank", "bank", "column", "group", "channel"),
    "xor": ("row", "rank", "bank", "group", "column", "channel"),
}
"""Fields from the top bit down, above the bytes of one burst.

`xor` is `robabgco` whose bank and bank group are XORed with the lowest bits of the row, so that rows a power
of two apart lie in different banks: the permutation of Zhang, Zhu and Zhang, MICRO 2000 [pub].
"""
_HASHED: Final = "xor"
DEFAULT_MAPPING: Final = "robabgco"


class Place(NamedTuple):
    """A burst: channel, rank, bank group, bank of the group, row and column (in bursts)."""

    channel: int
    rank: int
    group: int
    bank: int
    row: int
    column: int


@dataclass(frozen=True)
class AddressMapping:
    """Bits of each field, lowest bit first; `offset` bits lie within one burst."""

    name: str
    offset: int
    low: Mapping[str, int]
    bits: Mapping[str, int]

    @property
    def is_hashed(self) -> bool:
        """Whether bank and bank group are XORed with the row."""
        return self.name == _HASHED

    @property
    def capacity(self) -> int:
        """Bytes of all channels."""
        return 1 << int(self.offset + sum(self.bits.values()))

    def place(self, address: int) -> Place:
        """Return where a byte address lies."""
        burst = address >> self.offset
        found = {name: burst >> low & (1 << self.bits[name]) - 1 for name, low in self.low.items()}
        if self.is_hashed:
            found["group"] ^= found["row"] & (1 << self.bits["group"]) - 1
            found["bank"] ^= found["row"] >> self.bits["group"] & (1 << self.bits["bank"]) - 1
        return Place(*(found[name] for name in Place._fields))

    def address(self, place: Place) -> int:
        """Return the first byte address of a burst: the inverse of :meth:`place`."""
        fields = place._asdict()
        if self.is_hashed:
            fields["group"] ^= place.row & (1 << self.bits["group"]) - 1
            fields["bank"] ^= place.row >> self.bits["group"] & (1 << self.bits["bank"]) - 1
        return int(sum(value << self.low[name] for name, value in fields.items())) << self.offset


def address_mapping(
    part: DramPart, name: str = DEFAULT_MAPPING, ranks: int = 1, channels: int = 1
) -> AddressMapping:
    """Return the mapping of that name for some channels of a part.

    Raises
    ------
    InputError
        If there is no such mapping, or if ranks or channels are no powers of two.
    """
    if name not in MAPPINGS:
        raise InputError(
            f"unknown address mapping '{name}': {expected_one_of(MAPPINGS)}",
            suggestion=nearest(name, MAPPINGS),
        )
    for what, count in (("ranks", ranks), ("channels", channels)):
        if count < 1 or count & (count - 1):
            raise InputError(f"{count} {what} are no power of two, so that addresses have no bits for them")
    sizes = {
        "channel": channels,
        "rank": ranks,
        "group": part.bank_groups,
        "bank": part.banks_per_group,
        "row": part.rows,
        "column": part.row_bytes // part.burst_bytes,
    }
    bits = {field: size.bit_length() - 1 for field, size in sizes.items()}
    low, place = {}, 0
    for field in reversed(MAPPINGS[name]):
        low[field] = place
        place += bits[field]
    return AddressMapping(name, part.burst_bytes.bit_length() - 1, low, bits)
