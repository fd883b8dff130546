"""What every registered adder must keep, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from archsim.arithmetic.adders.base import Adder
from archsim.errors import InputError
from archsim.registry import create, kinds


def _examples(field: Mapping[str, Any]) -> list[Any]:
    return [field["const"]] if "const" in field else list(field.get("enum", field.get("examples", [])))


def _designs() -> list[Any]:
    """Return each kind with all choices of its required fields: enumerations, else the schema's examples."""
    designs = []
    for kind, member in kinds("adders").items():
        schema = member.model_json_schema()
        fields = {name: _examples(schema["properties"][name]) for name in schema["required"]}
        for values in product(*fields.values()):
            part = create("adders", dict(zip(fields, values, strict=True)))
            designs.append(pytest.param(part, id="-".join(map(str, [kind, *values[1:]]))))
    return designs


def _operands(bits: int) -> tuple[np.ndarray, np.ndarray]:
    limits = np.array([-(1 << (bits - 1)), -1, 0, 1, (1 << (bits - 1)) - 1], dtype=np.int64)
    generator = np.random.default_rng(bits)
    drawn = generator.integers(limits[0], limits[-1], size=200, endpoint=True, dtype=np.int64)
    values = np.concatenate([limits, drawn])
    return np.repeat(values, len(limits)), np.tile(limits, len(values))


@pytest.mark.parametrize("adder", _designs())
class TestEveryAdder:
    @pytest.mark.parametrize("bits", [8, 20, 32, 48, 64])
    def test_sums_stay_in_range_and_keep_shape_and_type(self, adder, bits):
        a, b = _operands(bits)
        sums = adder.sums(a, b, bits)
        assert (sums.dtype, sums.shape) == (np.int64, a.shape)
        assert sums.min() >= -(1 << (bits - 1))
        assert sums.max() <= (1 << (bits - 1)) - 1

    def test_sums_leave_operands_alone_and_repeat(self, adder):
        a, b = _operands(16)
        kept = a.copy(), b.copy()
        first = adder.sums(a, b, 16)
        assert np.array_equal(first, adder.sums(a, b, 16))
        assert np.array_equal(a, kept[0])
        assert np.array_equal(b, kept[1])

    def test_operands_broadcast_and_scalars_add(self, adder):
        a, b = np.arange(-20, 20)[:, None], np.arange(-9, 9)[None, :]
        table = adder.sums(a, b, 12)
        assert table.shape == (40, 18)
        assert table[3, 5] == adder.sums(np.int64(-17), np.int64(-4), 12)

    def test_the_low_part_says_how_far_a_sum_may_be_off(self, adder):
        """Exact upper bits see a wrong carry at most: |error| < 2^(low_bits + 1), modulo 2^bits."""
        if adder.low_part is None:
            pytest.skip("no low part")
        a, b = _operands(32)
        error = (adder.sums(a, b, 32) - a - b + 2**31) % 2**32 - 2**31
        assert np.abs(error).max() < 2 ** (adder.low_part.bits + 1)
        if adder.low_part.cell == "exact" or not adder.low_part.bits:
            assert not error.any()

    def test_cost_is_sourced_or_asked_for(self, adder):
        try:
            cost = adder.relative_cost(32)
        except InputError:
            with pytest.raises(InputError, match=r"state cost: \{energy"):
                adder.relative_cost(32)
            return
        assert 0 <= cost.energy <= 1.5
        assert len(cost.source) > 8

    def test_a_stated_cost_goes_first(self, adder):
        stated = {"energy": 0.5, "source": "a measurement of mine"}
        mine = create("adders", adder.model_dump(mode="json") | {"cost": stated})
        assert isinstance(mine, Adder)
        assert mine.relative_cost(32).energy == 0.5
        assert mine.relative_cost(32).source == "a measurement of mine"

    def test_is_documented_and_frozen_and_reads_back_what_it_writes(self, adder):
        assert type(adder).__doc__
        assert all(field.description for field in type(adder).model_fields.values())
        assert create("adders", adder.model_dump(mode="json")) == adder
        with pytest.raises(ValidationError, match="frozen"):
            adder.cost = None
        with pytest.raises(InputError, match="Extra inputs"):
            create("adders", adder.model_dump(mode="json") | {"no_such_key": 1})

    def test_a_kernel_that_knows_only_the_low_part_computes_the_same(self, adder):
        if adder.low_part is None:
            pytest.skip("no low part")
        a, b = _operands(16)
        expected = [_ripple(int(x), int(y), adder.low_part, 16) for x, y in zip(a, b, strict=True)]
        assert adder.sums(a, b, 16).tolist() == expected


# Outputs (sum, carry) of the cells as logic, from reference/arithmetic.md §7.
_CELLS = {
    "exact": lambda a, b, c: (a ^ b ^ c, int(a + b + c >= 2)),
    "ama1": lambda a, b, c: (int(c and a == b), b | (a & c)),
    "ama2": lambda a, b, c: (int(a + b + c < 2), int(a + b + c >= 2)),
    "ama3": lambda a, b, c: (1 - (b | (a & c)), b | (a & c)),
    "ama4": lambda a, b, c: (c & ((1 - a) | b), a),
    "ama5": lambda a, b, _c: (b, a),
    "or": lambda a, b, _c: (a | b, a & b),
    "zero": lambda _a, _b, _c: (0, 0),
}


def _ripple(a: int, b: int, low_part: tuple[str, int], bits: int) -> int:
    """Add bit by bit, as a kernel that is given the low part would."""
    cell, low_bits = low_part
    carry = total = 0
    for place in range(bits):
        gate = _CELLS[cell if place < low_bits else "exact"]
        one, carry = gate(a >> place & 1, b >> place & 1, carry)
        total |= one << place
    return total - (1 << bits) if total >> (bits - 1) else total
