"""Evaluate a netlist on many operands at once, 64 of them in a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.netlists.gates import Words
from archsim.arithmetic.netlists.netlist import ONE, ZERO, Netlist

Integers = NDArray[np.int64]

CHUNK: Final = 1 << 20
"""Operands evaluated at once: bounds the memory, 128 KiB a net."""


def evaluate(netlist: Netlist, operands: Mapping[str, ArrayLike]) -> dict[str, Integers]:
    """Return the value of every output port for arrays of operands.

    Parameters
    ----------
    operands
        Integers by input port, all of one shape; of each the port's low bits are taken, so that negative
        ones enter in two's complement.

    Returns
    -------
    int64 arrays of that shape by output port, read as unsigned numbers.
    """
    arrays = {port: np.asarray(operands[port], dtype=np.int64) for port in netlist.inputs}
    shape = next(iter(arrays.values())).shape
    flat = {port: array.reshape(-1) for port, array in arrays.items()}
    size = next(iter(flat.values())).size
    found = {port: np.zeros(size, dtype=np.int64) for port in netlist.outputs}
    for start in range(0, size, CHUNK):
        part = slice(start, start + CHUNK)
        nets = net_words(netlist, {port: array[part] for port, array in flat.items()})
        for port, bits in netlist.outputs.items():
            found[port][part] = _value(nets, bits, found[port][part].size)
    return {port: array.reshape(shape) for port, array in found.items()}


def net_words(netlist: Netlist, operands: Mapping[str, Integers]) -> dict[int, Words]:
    """Return the value of every net, bit i of word w being that of operand 64 w + i."""
    size = next(iter(operands.values())).size
    words = -(-size // 64)
    nets = {ZERO: np.zeros(words, dtype=np.uint64), ONE: np.full(words, ~np.uint64(0))}
    for port, bits in netlist.inputs.items():
        nets.update({net: _packed(operands[port] >> place & 1) for place, net in enumerate(bits)})
    for gate in netlist.gates:
        nets[gate.output] = gate.type.function(*(nets[net] for net in gate.inputs))
    return nets


def unpacked(words: Words, size: int) -> NDArray[np.uint8]:
    """Return the first `size` bits of a net, one a byte."""
    return np.unpackbits(words.astype("<u8").view(np.uint8), count=size, bitorder="little")


def _packed(bits: Integers) -> Words:
    padded = np.zeros(-(-bits.size // 64) * 64, dtype=np.uint8)
    padded[: bits.size] = bits
    return np.packbits(padded, bitorder="little").view("<u8").astype(np.uint64)


def _value(nets: Mapping[int, Words], bits: tuple[int, ...], size: int) -> Integers:
    value = np.zeros(size, dtype=np.int64)
    for place, net in enumerate(bits):
        value |= unpacked(nets[net], size).astype(np.int64) << place
    return value
