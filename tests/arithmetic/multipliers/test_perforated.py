import pytest
from bit_level import array_model, disagreements
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.arithmetic.multipliers.perforated import Perforated


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("width", "rows"), [(2, (0,)), (4, (1, 3)), (8, (2, 3)), (8, (0, 1, 7)), (16, (0, 4, 9)), (16, (15, 1))]
)
def test_equals_the_array_without_those_rows(width, rows, signed):
    design = Perforated(rows=rows, width=width, signed=signed)
    assert not disagreements(design, array_model(width, signed, lambda i, j: j not in rows))


@given(st.sets(st.integers(0, 6), min_size=1), st.integers(-128, 127), st.integers(-128, 127))
def test_is_the_exact_product_of_an_operand_without_those_bits(rows, a, b):
    cleared = b & ~sum(1 << row for row in rows)
    assert Perforated(rows=tuple(rows), signed=True).product(a, b) == a * cleared


@pytest.mark.parametrize(
    ("rows", "message"),
    [((1, 1), "names a row twice"), ((8,), "row 8"), (tuple(range(8)), "no row is left"), ((), "at least 1")],
)
def test_rows_have_to_exist_once_and_leave_one(rows, message):
    with pytest.raises(ValidationError, match=message):
        Perforated(rows=rows, width=8)
