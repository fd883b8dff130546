import pytest
from bit_level import by_magnitude, disagreements
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.multipliers.mitchell import Mitchell

FRACTION = 16


def _logarithm(value: int) -> int:
    """The register of the logarithm: characteristic, then 16 bits of mantissa."""
    place = len(bin(value)) - 3
    return (place << FRACTION) + (value << (FRACTION - place)) - (1 << FRACTION)


def _product(a: int, b: int) -> int:
    if 0 in (a, b):
        return 0
    total = _logarithm(a) + _logarithm(b)
    mantissa = (1 << FRACTION) | total % (1 << FRACTION)
    return (mantissa << (total >> FRACTION)) >> FRACTION


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_equals_the_addition_of_logarithm_registers(width, signed):
    assert not disagreements(Mitchell(width=width, signed=signed), by_magnitude(_product))


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_error_is_one_sided_and_at_most_one_ninth(a, b):
    error = a * b - Mitchell(width=16).product(a, b)
    assert 0 <= 9 * error <= a * b


@given(st.integers(0, 15), st.integers(0, 65535))
def test_powers_of_two_are_multiplied_exactly(place, b):
    assert Mitchell(width=16).product(1 << place, b) == b << place
