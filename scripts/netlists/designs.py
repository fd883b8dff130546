"""All designs: a kind and its parameters to a Verilog module, as `archsim` understands them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archsim.arithmetic.netlists.exact_array import array_sum, partial_products
from archsim.arithmetic.netlists.verilog import LOW, Module
from netlists import arrays, logarithmic, row_adders

TOP = "design"
"""Name of every module that :func:`verilog` returns."""

Parameters = Mapping[str, Any]


def verilog(kind: str, parameters: Parameters, width: int, *, signed: bool) -> str:
    """Return the multiplier `p` = `a` x `b` of a kind with the parameters of its class."""
    module = Module(TOP, {"a": width, "b": width})
    a, b = module.port("a"), module.port("b")
    if kind in _TWOS_COMPLEMENT:
        return module.text(p=_TWOS_COMPLEMENT[kind](module, a, b, signed=signed, **parameters))
    if kind == "scdm8":
        return module.text(p=row_adders.scdm8(module, a, b, **parameters))
    core = _UNSIGNED[kind]
    bits = _by_magnitude(module, core, parameters) if signed else core(module, a, b, **parameters)
    return module.text(p=bits)


def _by_magnitude(module: Module, core: Callable[..., list[str]], parameters: Parameters) -> list[str]:
    """Return the signed product of magnitudes: two conditional negations, the core, a third one."""
    a, b = module.port("a"), module.port("b")
    product = core(module, *(_negated(module, operand, operand[-1]) for operand in (a, b)), **parameters)
    return _negated(module, product, module.parity(a[-1], b[-1]))


def _negated(module: Module, bits: Sequence[str], negative: str) -> list[str]:
    """Return a number in two's complement, negated where a bit says so: an inversion and an increment."""
    inverted = [module.parity(bit, negative) if bit != LOW else negative for bit in bits]
    return module.ripple(inverted, [], negative)[: len(bits)]


def _exact(module: Module, a: Sequence[str], b: Sequence[str], *, signed: bool) -> list[str]:
    return array_sum(module, partial_products(module, a, b, signed=signed))


def _cdm16(module: Module, a: Sequence[str], b: Sequence[str], **parts: str) -> list[str]:
    order = ("low_low", "high_low", "low_high", "high_high")
    return row_adders.cdm16(module, a, b, columns=[CDM16_PARTS[parts[name]] for name in order])


CDM16_PARTS = {
    "exact": (0, 0),
    "cdm8_40": (4, 0),
    "cdm8_84": (8, 4),
    "cdm8_95": (9, 5),
    "cdm8_a8": (10, 8),
    "cdm8_aa": (10, 10),
}
"""Columns without carries of the 8-bit parts of a CDM16 (reference/arithmetic.md §6)."""

_TWOS_COMPLEMENT: Mapping[str, Callable[..., list[str]]] = {
    "exact": _exact,
    "truncated": arrays.truncated,
    "broken_array": arrays.broken_array,
    "perforated": arrays.perforated,
    "operand_truncated": arrays.operand_truncated,
}

_UNSIGNED: Mapping[str, Callable[..., list[str]]] = {
    "ama_array": arrays.ama_array,
    "loa_array": row_adders.loa_array,
    "kulkarni": row_adders.kulkarni,
    "cdm8": row_adders.cdm8,
    "cdm16": _cdm16,
    "mitchell": logarithmic.mitchell,
    "drum": logarithmic.drum,
}
