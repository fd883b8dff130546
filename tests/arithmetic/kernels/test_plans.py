"""Properties of tables, and the kernels that they choose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy_layers import DESIGNS, multiplier

from archsim.arithmetic.kernels import instruction_set, instruction_sets, prepare
from archsim.arithmetic.kernels.plans import fit_bytes, plan
from archsim.arithmetic.kernels.properties import (
    Table,
    by_activation_nibbles,
    by_weight_nibbles,
    factors,
    offset_and_scale,
    rank,
)
from archsim.errors import InputError

seeds = st.integers(0, 2**32 - 1)


def errors(design):
    return Table(design.layer_table().astype(np.int64), design.lowest).errors(0, 2**design.bits - 1)


@given(st.integers(0, 6), seeds)
def test_the_rank_of_a_product_of_factors_is_their_number(count, seed):
    rng = np.random.default_rng(seed)
    left, right = rng.integers(-99, 100, (64, count)), rng.integers(-99, 100, (count, 48))
    assert rank(left @ right) == count


@given(st.integers(1, 6), seeds)
def test_factors_multiply_to_the_matrix(count, seed):
    rng = np.random.default_rng(seed)
    # A unit block makes columns of the matrix an integer basis.
    right = np.hstack([np.eye(count, dtype=np.int64), rng.integers(-9, 10, (count, 30))])
    matrix = rng.integers(-99, 100, (40, count)) @ right
    for given_matrix in (matrix, matrix.T.copy()):
        found = factors(given_matrix, 6)
        assert found is not None
        assert np.array_equal(found.left @ found.right, given_matrix)
        assert found.left.shape[1] == rank(given_matrix)
    assert count == 1 or factors(matrix, count - 1) is None


@given(seeds, st.integers(1, 40))
def test_sums_over_nibbles_are_found_and_put_together_again(seed, scale):
    rng = np.random.default_rng(seed)
    low, high = rng.integers(-9, 10, (20, 1, 16)), rng.integers(-9, 10, (20, 16, 1))
    matrix = (scale * (low + high)).reshape(20, 256)
    parts = by_weight_nibbles(matrix)
    assert parts is not None
    assert parts.low.min() >= 0
    assert parts.high.min() >= 0
    joined = parts.smallest + parts.scale * (parts.high[:, :, None] + parts.low[:, None, :])
    assert np.array_equal(joined.reshape(20, 256), matrix)
    assert (parts.smallest, parts.scale) == offset_and_scale(matrix)
    assert parts.scale % scale == 0
    matrix[3, 77] += 1
    assert by_weight_nibbles(matrix) is None


# Ranks of T and E and separability in b and a (reference/arithmetic.md §10 [calc]).
ROWS = [
    ("cdm8", {"low": 7, "high": 3}, 16, 15, True, False),
    ("cdm8", {"low": 10, "high": 10}, 8, 7, True, False),
    ("cdm8", {"low": 4, "high": 4}, 12, 11, True, True),
    ("scdm8", {"low": 5, "high": 1}, 12, 11, True, False),
    ("mitchell", {}, 128, 127, False, False),
    ("drum", {"k": 6}, 1, 2, False, False),
    ("kulkarni", {}, 2, 1, True, True),
    ("truncated", {"columns": 8}, 7, 8, True, True),
    ("ama_array", {"cell": "ama2", "columns": 8}, 35, 34, False, False),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_ranks_and_separability_are_the_printed_ones(row):
    kind, fields, of_products, of_errors, in_weight, in_activation = row
    design = multiplier(kind, **fields)
    error = errors(design)
    assert rank(design.layer_table().astype(np.int64)) == of_products
    assert rank(error) == of_errors
    assert (by_weight_nibbles(error) is not None) == in_weight
    assert by_activation_nibbles(error) == in_activation


def test_most_carry_disregard_designs_have_one_byte_of_error_per_nibble():
    """16 of the 20 SCDM8 tables and 5 of the 13 CDM8 designs (reference/arithmetic.md §11 [calc])."""
    signed = [multiplier("scdm8", low=low, high=high) for low in range(4, 9) for high in range(1, 5)]
    codes = ("40", "44", "51", "62", "73", "74", "84", "95", "a6", "a7", "a8", "a9", "aa")
    unsigned = [multiplier("cdm8", low=int(code[0], 16), high=int(code[1], 16)) for code in codes]
    if "avx512" in instruction_sets():
        assert sum(plan(design, "avx512", 0, 255).name == "separable_plane" for design in signed) == 16
        fast = [plan(design, "avx512", 0, 255).name == "separable_plane" for design in unsigned]
        assert [code for code, found in zip(codes, fast, strict=True) if found] == [
            "40",
            "44",
            "51",
            "62",
            "73",
        ]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.described())
@pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
def test_a_plan_describes_the_table(design, level):
    """Factors, planes and offsets put together give the products back, for all operands."""
    last = 2**design.bits - 1
    for first in {0, -design.lowest}:
        chosen = plan(design, level, first, last)
        assert fit_bytes(chosen)
        rows = slice(first, last + 1)
        products = (chosen.pairs.left @ chosen.pairs.right)[rows] if chosen.path != "table" else chosen.offset
        if chosen.path == "plane":
            products = products + chosen.offset + chosen.scale * chosen.plane[rows].astype(np.int64)
        elif chosen.path == "separable":
            both = chosen.nibbles.high[:, :, None] + chosen.nibbles.low[:, None, :]
            products = products + chosen.offset + chosen.scale * both.reshape(len(both), -1)
        elif chosen.path == "table":
            products = design.layer_table()
            assert np.ptp(products) < 2**16
            products = products[rows]
        assert np.array_equal(products, design.layer_table()[rows])


def test_activations_after_a_relu_take_a_faster_kernel():
    """DRUM of magnitudes spans -144 to 120, more than a byte: negative activations cost two factors more."""
    design = multiplier("drum", k=4, signed=True)
    for level in instruction_sets()[1:]:
        after, before = plan(design, level, 128, 255), plan(design, level, 0, 255)
        assert after.name == "remapped"
        assert after.pairs.left.shape[1] == 2
        assert before.name == "table" or before.pairs.left.shape[1] == 4


def test_the_instruction_set_can_be_forced(monkeypatch):
    for level in instruction_sets():
        monkeypatch.setenv("ARCHSIM_ISA", level)
        assert instruction_set() == level
    monkeypatch.delenv("ARCHSIM_ISA")
    assert instruction_set() == instruction_sets()[-1]
    monkeypatch.setenv("ARCHSIM_ISA", "avx3")
    with pytest.raises(InputError, match="ARCHSIM_ISA=avx3: expected"):
        instruction_set()
    with pytest.raises(InputError):
        prepare(np.zeros((1, 1, 1, 1), int), multiplier("exact"))(np.zeros((1, 1, 1, 1), int))
