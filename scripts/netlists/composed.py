"""An 8-bit multiplier composed of 2x2 blocks that also works as narrower ones side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archsim.arithmetic.netlists.verilog import HIGH, LOW, Module

PORTS = 8
"""Bits of each operand."""

Bits = Sequence[str]


@dataclass(frozen=True)
class Operand:
    """Bits of an operand or of a part of it; for each 2-bit part, the net that tells whether it is signed."""

    bits: Bits
    signs: Bits

    @property
    def halves(self) -> tuple[Operand, Operand]:
        """The low and the high half."""
        bits, parts = len(self.bits) // 2, len(self.signs) // 2
        low = Operand(self.bits[:bits], self.signs[:parts])
        return low, Operand(self.bits[bits:], self.signs[parts:])

    def gated(self, module: Module, enable: str) -> Operand:
        """Return the operand where `enable` is 1, else 0, so that what it drives stands still."""
        return Operand([module.both(bit, enable) for bit in self.bits], self.signs)


def multi_precision_verilog(name: str, *, signed: bool) -> str:
    """Return the operator: `p` is one 16-bit, two 8-bit or four 4-bit products, the lowest lane first.

    `wide` is 1 where products across the 4-bit parts are added (8-bit mode), `middle` where those across the
    2-bit parts of each 4-bit part are (8-bit and 4-bit mode).
    """
    module = Module(name, {"a": PORTS, "b": PORTS, "wide": 1, "middle": 1})
    wide, middle = module.port("wide")[0], module.port("middle")[0]
    signs = [LOW] * 4
    if signed:
        # A part has a sign where a lane ends with it.
        narrow, halves = module.inverse(middle), module.inverse(wide)
        signs = [narrow, halves, narrow, HIGH]
    a, b = (Operand(module.port(name), signs) for name in ("a", "b"))
    return module.text(p=_product(module, a, b, {8: wide, 4: middle}))


def _product(module: Module, a: Operand, b: Operand, enables: dict[int, str]) -> list[str]:
    """Return the product of two operands, or the products of their lanes side by side.

    The two cross products, of one low and one high half, are added only where the mode has no lanes here.
    The low product is never negative then, so it needs no sign extension.
    """
    width = len(a.bits)
    if width == 2:
        return _block(module, a, b)
    enable = enables[width]
    (a_low, a_high), (b_low, b_high) = a.halves, b.halves
    low, high = _product(module, a_low, b_low, enables), _product(module, a_high, b_high, enables)
    crosses = [
        _extended(module, x.gated(module, enable), y.gated(module, enable), enables, width + width // 2)
        for x, y in ((a_low, b_high), (a_high, b_low))
    ]
    middle = module.ripple(*crosses)[: len(crosses[0])]
    upper = module.ripple([*low[width // 2 :], *high], middle)[: len(middle)]
    return [*low[: width // 2], *upper]


def _extended(module: Module, x: Operand, y: Operand, enables: dict[int, str], width: int) -> list[str]:
    """Return a product in `width` bits, extended with its highest bit if an operand is signed."""
    bits = _product(module, x, y, enables)
    sign = module.both(bits[-1], module.either(x.signs[-1], y.signs[-1]))
    return [*bits, *[sign] * (width - len(bits))]


def _block(module: Module, a: Operand, b: Operand) -> list[str]:
    """Return the four bits of a 2x2 product: unsigned, less 4 b where a is negative and 4 a where b is."""
    (a0, a1), (b0, b1) = a.bits, b.bits
    second, carry = module.add(module.both(a1, b0), module.both(a0, b1))
    upper = list(module.add(module.both(a1, b1), carry))
    for sign, other in ((module.both(a1, a.signs[0]), b.bits), (module.both(b1, b.signs[0]), a.bits)):
        if sign != LOW:
            inverted = [module.inverse(module.both(bit, sign)) for bit in other]
            upper = module.ripple(upper, inverted, HIGH)[:2]
    return [module.both(a0, b0), second, *upper]
