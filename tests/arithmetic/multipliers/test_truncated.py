import pytest
from bit_level import array_model, disagreements
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.arithmetic.multipliers.truncated import Truncated


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("width", "columns"), [(2, 1), (4, 3), (4, 5), (8, 4), (8, 7), (8, 11), (16, 12), (16, 20)]
)
def test_equals_the_array_without_its_low_columns(width, columns, signed):
    design = Truncated(columns=columns, width=width, signed=signed)
    assert not disagreements(design, array_model(width, signed, lambda i, j: i + j >= columns))


@given(st.integers(2, 8), st.booleans(), st.data())
def test_is_symmetric_and_errs_by_less_than_the_dropped_weight(width, signed, data):
    columns = data.draw(st.integers(0, width - 1))
    design = Truncated(columns=columns, width=width, signed=signed)
    operands = st.integers(design.lowest, design.highest)
    a, b = data.draw(operands), data.draw(operands)
    # Below column N each column c holds c + 1 partial products, all of them positive.
    dropped = sum((c + 1) << c for c in range(columns))
    assert design.product(a, b) == design.product(b, a)
    assert 0 <= a * b - design.product(a, b) <= dropped


def test_columns_have_to_leave_a_partial_product():
    with pytest.raises(ValidationError, match="columns 0 to 14: none is left"):
        Truncated(columns=15, width=8)
    assert Truncated(columns=14, width=8).product(255, 255) == 1 << 14
    assert Truncated(columns=20).fitted(16, signed=False).product(65535, 65535) > 0
