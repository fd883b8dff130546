import numpy as np
import pytest
from bit_level import disagreements
from pydantic import ValidationError

from archsim.arithmetic.multipliers.multi_precision import MultiPrecision
from archsim.errors import InputError


def composed(a: int, b: int, bits: int, signed: bool) -> int:
    """Four multipliers of half the width, down to single bits; high halves carry the sign."""
    if bits == 1:
        sign = -1 if signed else 1
        return (sign * a if a > 0 else a) * (sign * b if b > 0 else b)
    half = bits // 2
    halves = [((value >> half) % (1 << half), value % (1 << half)) for value in (a, b)]
    (a_high, a_low), (b_high, b_low) = halves
    return (
        (_product(a_high, b_high, half, signed, signed) << (2 * half))
        + (_product(a_high, b_low, half, signed, False) << half)
        + (_product(a_low, b_high, half, False, signed) << half)
        + _product(a_low, b_low, half, False, False)
    )


def _product(a: int, b: int, bits: int, a_signed: bool, b_signed: bool) -> int:
    """A 2^bits x 2^bits block that reads its bit patterns with or without a sign."""
    left = a - (1 << bits) if a_signed and a >> (bits - 1) else a
    right = b - (1 << bits) if b_signed and b >> (bits - 1) else b
    return sum(((left >> i) & 1) * (right << i) for i in range(bits)) - ((right << bits) if left < 0 else 0)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("mode", [8, 4, 2])
def test_every_mode_is_exact_and_equals_its_composition_of_narrower_ones(mode, signed):
    design = MultiPrecision(mode=mode, signed=signed)
    assert design.bits == mode
    assert not disagreements(design, lambda a, b: composed(a, b, mode, signed))
    values = design.operand_values()
    assert (design.table() == np.outer(values, values)).all()


def test_narrower_modes_give_more_products_per_operation():
    modes = {mode: MultiPrecision(mode=mode).products_per_operation for mode in (8, 4, 2)}
    assert modes == {8: 1, 4: 2, 2: 4}


@pytest.mark.parametrize(
    ("width", "mode", "products"), [(8, 8, 1), (5, 8, 1), (4, 4, 2), (3, 4, 2), (2, 2, 4)]
)
def test_the_mode_follows_the_units_operands(width, mode, products):
    design = MultiPrecision().fitted(width, signed=True)
    assert (design.active_mode, design.products_per_operation) == (mode, products)
    assert design.product(design.lowest, design.lowest) == design.lowest**2


def test_operands_have_to_fit_the_mode():
    with pytest.raises(ValidationError, match="8-bit operands do not fit the 4-bit mode"):
        MultiPrecision(mode=4).fitted(8, signed=True)
    with pytest.raises(ValidationError, match="defined for 2 to 8 bits"):
        MultiPrecision().fitted(16, signed=True)
    assert MultiPrecision(mode=8).fitted(4, signed=True).products_per_operation == 1


def test_a_narrow_mode_costs_more_than_a_narrow_array():
    assert 1.2 < MultiPrecision(mode=4).relative_cost().energy < MultiPrecision(mode=2).relative_cost().energy
    assert MultiPrecision().fitted(2, signed=True).relative_cost() == MultiPrecision(mode=2).relative_cost()


def test_no_energy_is_invented():
    with pytest.raises(InputError, match="no figures for the energy"):
        MultiPrecision(mode=4).fitted(3, signed=True).relative_cost()
    stated = MultiPrecision(mode=4, cost={"energy": 0.6, "source": "measured"})
    assert stated.relative_cost().energy == 0.6
