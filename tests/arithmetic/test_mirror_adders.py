"""Approximate full adders: the published logic, how far each is from exact, and any integer type."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from archsim.arithmetic.mirror_adders import TRUTH_TABLES, cell

# The logic beside the tables of reference/arithmetic.md §7, with ' as 1 - x.
LOGIC = {
    "exact": lambda a, b, c: (a ^ b ^ c, int(a + b + c >= 2)),
    "ama1": lambda a, b, c: (int(c and a == b), b | (a & c)),
    "ama2": lambda a, b, c: (1 - int(a + b + c >= 2), int(a + b + c >= 2)),
    "ama3": lambda a, b, c: (1 - (b | (a & c)), b | (a & c)),
    "ama4": lambda a, b, c: (c & ((1 - a) | b), a),
    "ama5": lambda a, b, _c: (b, a),
}
WRONG = {"exact": (0, 0), "ama1": (2, 1), "ama2": (2, 0), "ama3": (3, 1), "ama4": (3, 2), "ama5": (4, 2)}
ERRORS = {
    "exact": [0, 0, 0, 0, 0, 0, 0, 0],
    "ama1": [0, 0, 1, 0, -1, 0, 0, 0],
    "ama2": [1, 0, 0, 0, 0, 0, 0, -1],
    "ama3": [1, 0, 1, 0, 0, 0, 0, -1],
    "ama4": [0, 0, -1, -1, 1, 0, 0, 0],
    "ama5": [0, -1, 0, -1, 1, 0, 1, 0],
}
INPUTS = np.array(list(product((0, 1), repeat=3)), dtype=np.int64).T


@pytest.mark.parametrize("name", TRUTH_TABLES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_cells_are_the_published_logic(name, dtype):
    total, carry = cell(name, *INPUTS.astype(dtype))
    assert total.dtype == carry.dtype == dtype
    expected = [LOGIC[name](*bits) for bits in product((0, 1), repeat=3)]
    assert list(zip(total.tolist(), carry.tolist(), strict=True)) == expected


@pytest.mark.parametrize("name", TRUTH_TABLES)
def test_cells_err_where_the_reference_says(name):
    total, carry = cell(name, *INPUTS)
    exact, exact_carry = cell("exact", *INPUTS)
    assert (2 * exact_carry + exact == INPUTS.sum(axis=0)).all()
    assert (int((total != exact).sum()), int((carry != exact_carry).sum())) == WRONG[name]
    assert (2 * carry + total - INPUTS.sum(axis=0)).tolist() == ERRORS[name]


@pytest.mark.parametrize("name", TRUTH_TABLES)
def test_only_exact_and_ama2_may_have_their_operands_swapped(name):
    a, b, c = INPUTS
    same = all((x == y).all() for x, y in zip(cell(name, a, b, c), cell(name, b, a, c), strict=True))
    assert same == (name in ("exact", "ama2"))


def test_cells_broadcast():
    total, carry = cell("ama5", np.zeros((3, 1), np.uint8), np.ones((1, 2), np.uint8), np.uint8(1))
    assert total.tolist() == [[1, 1]] * 3
    assert carry.tolist() == [[0, 0]] * 3
