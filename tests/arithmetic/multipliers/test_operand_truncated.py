import pytest
from bit_level import disagreements
from pydantic import ValidationError

from archsim.arithmetic.multipliers.operand_truncated import OperandTruncated


def _cleared(value: int, low_bits: int, width: int) -> int:
    """The operand read from its bit pattern with zeros at the end."""
    pattern = f"{value % (1 << width):0{width}b}"[: width - low_bits] + "0" * low_bits
    return int(pattern, 2) - ((1 << width) if value < 0 else 0)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("width", "low_bits"), [(2, 1), (4, 2), (8, 1), (8, 5), (16, 7)])
def test_multiplies_operands_without_their_low_bits(width, low_bits, signed):
    design = OperandTruncated(low_bits=low_bits, width=width, signed=signed)
    assert not disagreements(design, lambda a, b: _cleared(a, low_bits, width) * _cleared(b, low_bits, width))


def test_a_bit_has_to_be_left():
    with pytest.raises(ValidationError, match="operands have 8 bits: none is left"):
        OperandTruncated(low_bits=8, width=8)
