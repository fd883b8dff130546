"""Energy of a netlist from the toggles of its nets.

Counted are the zero-delay transitions of each net between two operand pairs, weighted with the capacitance
that the net charges. Left out are wires, leakage and sizing of gates, and glitches (see
:mod:`~archsim.arithmetic.netlists.glitches`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.netlists.evaluation import Integers, net_words, unpacked
from archsim.arithmetic.netlists.loads import capacitances
from archsim.arithmetic.netlists.netlist import Netlist

EXHAUSTIVE_BITS: Final = 16
"""Input bits up to which all operand pairs are counted; wider netlists are sampled."""

SEED: Final = 0
"""Of random operands."""

_SAMPLES: Final = 1 << 16


def toggle_energy(netlist: Netlist, operands: Mapping[str, ArrayLike]) -> float:
    """Return the mean energy per step of a stream of operands, in inputs of a unit inverter.

    Parameters
    ----------
    operands
        The stream of each input port: two or more integers in the order in which they are multiplied, e.g.
        the activations and weights that one multiplier of an array sees.
    """
    streams = {port: np.asarray(operands[port], dtype=np.int64).reshape(-1) for port in netlist.inputs}
    return sum(
        capacitance * float(np.count_nonzero(bits[1:] != bits[:-1])) / (bits.size - 1)
        for capacitance, bits in _charged_nets(netlist, streams)
    )


def uniform_energy(netlist: Netlist, tied: Mapping[str, int] | None = None) -> float:
    """Return the mean energy per step over uniform operands that are independent from step to step.

    Input ports in `tied` keep the value that it gives them, e.g. those that choose a mode.

    A net that is 1 for a share p of the operand pairs toggles with probability 2 p (1 - p). All pairs are
    evaluated up to `EXHAUSTIVE_BITS` input bits, 65,536 random ones beyond (seed `SEED`).
    """
    return sum(
        capacitance * 2 * share * (1 - share)
        for capacitance, bits in _charged_nets(netlist, _uniform_operands(netlist, tied or {}))
        for share in [np.count_nonzero(bits) / bits.size]
    )


def _charged_nets(
    netlist: Netlist, operands: Mapping[str, Integers]
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield the capacitance of each net, its driver's own included, and its bits over the operands."""
    charged = capacitances(netlist)
    size = next(iter(operands.values())).size
    for net, words in net_words(netlist, operands).items():
        yield charged[net], unpacked(words, size)


def _uniform_operands(netlist: Netlist, tied: Mapping[str, int]) -> dict[str, Integers]:
    widths = {port: len(bits) for port, bits in netlist.inputs.items() if port not in tied}
    if sum(widths.values()) <= EXHAUSTIVE_BITS:
        grid = np.meshgrid(*(np.arange(1 << width) for width in widths.values()), indexing="ij")
        values = dict(zip(widths, (axis.reshape(-1) for axis in grid), strict=True))
    else:
        random = np.random.default_rng(SEED)
        values = {port: random.integers(0, 1 << width, _SAMPLES) for port, width in widths.items()}
    size = next(iter(values.values())).size
    return values | {port: np.full(size, value, dtype=np.int64) for port, value in tied.items()}
