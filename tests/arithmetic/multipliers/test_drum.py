import pytest
from bit_level import by_magnitude, disagreements
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.arithmetic.multipliers.drum import Drum


def _segment(value: int, k: int) -> int:
    digits = f"{value:b}"
    if len(digits) <= k:
        return value
    return int(digits[: k - 1] + "1" + "0" * (len(digits) - k), 2)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("width", "k"), [(2, 1), (4, 1), (4, 2), (4, 3), (8, 3), (8, 4), (8, 6), (8, 7), (16, 6)]
)
def test_multiplies_the_segments_of_both_operands(width, k, signed):
    design = Drum(k=k, width=width, signed=signed)
    model = by_magnitude(lambda a, b: _segment(a, k) * _segment(b, k))
    assert not disagreements(design, model)


@given(st.integers(1, 16), st.data())
def test_operands_that_fit_the_segment_are_multiplied_exactly(k, data):
    operands = st.integers(0, (1 << k) - 1)
    a, b = data.draw(operands), data.draw(operands)
    assert Drum(k=k, width=16).product(a, b) == a * b


@given(st.integers(2, 10), st.integers(1, 65535), st.integers(1, 65535))
def test_relative_error_of_an_operand_is_below_a_unit_of_the_segment(k, a, b):
    # Each factor errs by at most 2^-(k-1), relative: see Hashemi et al.
    bound = (1 + 2.0 ** (1 - k)) ** 2 - 1
    assert abs(Drum(k=k, width=16).product(a, b) - a * b) <= bound * a * b


def test_a_k_beyond_the_operands_is_refused_with_the_allowed_ones():
    with pytest.raises(ValidationError, match="expected 1 to 8, as operands have 8 bits, got 9"):
        Drum(k=9, width=8)
