import numpy as np
import pytest
from bit_level import array_model, disagreements
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.arithmetic.multipliers.broken_array import BrokenArray
from archsim.arithmetic.multipliers.perforated import Perforated
from archsim.arithmetic.multipliers.truncated import Truncated


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("width", "rows", "columns"), [(4, 1, 3), (4, 3, 0), (8, 2, 5), (8, 3, 10), (8, 7, 9), (16, 5, 14)]
)
def test_equals_the_array_without_those_rows_and_columns(width, rows, columns, signed):
    design = BrokenArray(rows=rows, columns=columns, width=width, signed=signed)
    model = array_model(width, signed, lambda i, j: j >= rows and i + j >= columns)
    assert not disagreements(design, model)


@given(st.integers(0, 14), st.booleans())
def test_without_broken_rows_it_is_the_truncated_multiplier(columns, signed):
    broken = BrokenArray(rows=0, columns=columns, width=8, signed=signed)
    assert (broken.table() == Truncated(columns=columns, width=8, signed=signed).table()).all()


@given(st.integers(1, 7), st.booleans())
def test_without_broken_columns_it_is_perforated(rows, signed):
    broken = BrokenArray(rows=rows, columns=0, width=8, signed=signed)
    assert (broken.table() == Perforated(rows=tuple(range(rows)), width=8, signed=signed).table()).all()


def test_costs_the_same_as_the_design_that_it_equals():
    perforated = Perforated(rows=(0, 1, 2), signed=True).relative_cost()
    assert BrokenArray(rows=3, columns=3, signed=True).relative_cost() == perforated


def test_splits_the_operand_that_is_named():
    weight = BrokenArray(rows=4, columns=6)
    activation = BrokenArray(rows=4, columns=6, split="activation")
    assert (weight.layer_table() == activation.layer_table().T).all()
    assert (weight.layer_table() != weight.layer_table().T).any()
    assert weight.layer_products(np.array([200]), np.array([15])) == 0


@pytest.mark.parametrize(
    ("rows", "columns", "message"), [(8, 0, "8 rows: none is left"), (0, 15, "15 columns: none is left")]
)
def test_something_has_to_be_left(rows, columns, message):
    with pytest.raises(ValidationError, match=message):
        BrokenArray(rows=rows, columns=columns, width=8)
