"""Energy with glitches: what nets charge while signals that arrive at different times settle.

A gate's output follows its function after the gate's delay, in whole tau, and ignores what lasts shorter
(inertial delay, as in VHDL and Verilog). All operands change at once, and all nets have settled before the
next step. Gates of one size make paths of very different lengths; sized for speed they have fewer glitches.
This counts rather too many, as zero-delay toggles count too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.netlists.evaluation import Integers, net_words
from archsim.arithmetic.netlists.gates import Words
from archsim.arithmetic.netlists.loads import capacitances, gate_delays
from archsim.arithmetic.netlists.netlist import Netlist
from archsim.arithmetic.netlists.toggles import SEED

_STEPS: Final = 2048

_Waves = NDArray[np.uint64]
"""Words of a net, one row for each tau."""


def glitch_energy(netlist: Netlist, operands: Mapping[str, ArrayLike]) -> float:
    """Return the mean energy per step of a stream of operands with glitches, in inputs of a unit inverter.

    Parameters
    ----------
    operands
        The stream of each input port, as for :func:`~archsim.arithmetic.netlists.toggles.toggle_energy`.
    """
    streams = {port: np.asarray(operands[port], dtype=np.int64).reshape(-1) for port in netlist.inputs}
    steps = next(iter(streams.values())).size - 1
    charged = capacitances(netlist)
    return sum(
        charged[net] * _transitions(waves, steps) / steps for net, waves in _settling(netlist, streams)
    )


def uniform_glitch_energy(netlist: Netlist, tied: Mapping[str, int] | None = None) -> float:
    """Return the mean energy per step over 2,048 steps between random operands (seed `SEED`).

    Input ports in `tied` keep the value that it gives them.
    """
    random, tied = np.random.default_rng(SEED), tied or {}
    streams = {
        port: np.full(_STEPS + 1, tied[port])
        if port in tied
        else random.integers(0, 1 << len(bits), _STEPS + 1)
        for port, bits in netlist.inputs.items()
    }
    return glitch_energy(netlist, streams)


def _settling(netlist: Netlist, streams: Mapping[str, Integers]) -> Iterator[tuple[int, _Waves]]:
    """Yield what each net does from the moment at which all operands change."""
    before = net_words(netlist, {port: stream[:-1] for port, stream in streams.items()})
    after = net_words(netlist, {port: stream[1:] for port, stream in streams.items()})
    delays = {net: max(1, round(delay)) for net, delay in gate_delays(netlist).items()}
    driven = {gate.output for gate in netlist.gates}
    first = {net: 0 for net in before if net not in driven}
    last = dict(first)
    for gate in netlist.gates:
        first[gate.output] = min(first[net] for net in gate.inputs) + delays[gate.output]
        last[gate.output] = max(last[net] for net in gate.inputs) + delays[gate.output]
    length = max(last.values()) + 2
    waves = {net: _step(before[net], after[net], length) for net in first if net not in driven}
    yield from waves.items()
    for gate in netlist.gates:
        wanted = gate.type.function(*(waves[net] for net in gate.inputs))
        net = gate.output
        waves[net] = _inertial(wanted, delays[net], (first[net], last[net] + 1))
        yield net, waves[net]


def _step(before: Words, after: Words, length: int) -> _Waves:
    waves = np.broadcast_to(after, (length, after.size)).copy()
    waves[0] = before
    return waves


def _inertial(wanted: _Waves, delay: int, active: tuple[int, int]) -> _Waves:
    """Return an output that takes a value that is wanted for `delay` rows; it changes while `active`."""
    ones, zeros = _lasting(wanted, delay)
    waves = np.empty_like(wanted)
    start, end = active
    waves[:start] = wanted[0]
    for time in range(start, end + 1):
        np.bitwise_and(zeros[time - 1], waves[time - 1], out=waves[time])
        np.bitwise_or(ones[time - 1], waves[time], out=waves[time])
    waves[end + 1 :] = wanted[-1]
    return waves


def _lasting(wanted: _Waves, delay: int) -> tuple[_Waves, _Waves]:
    """Return where a value was 1 for the last `delay` rows, and where it was 1 in any of them."""
    every, some, covered = wanted.copy(), wanted.copy(), 1
    while covered < delay:
        shift = min(covered, delay - covered)
        every[shift:] = every[shift:] & every[:-shift]
        some[shift:] = some[shift:] | some[:-shift]
        covered += shift
    return every, some


def _transitions(waves: _Waves, steps: int) -> int:
    """Return how often a net changes in all steps; bits beyond them stand still."""
    changed = (waves[1:] ^ waves[:-1]).astype("<u8").view(np.uint8)
    return int(np.unpackbits(changed, axis=1, count=steps, bitorder="little").sum())
