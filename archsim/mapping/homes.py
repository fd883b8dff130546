"""Where activations live: exact dynamic programming over live ranges, memory by memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from archsim.mapping.placement import Placement

_MOST_STATES = 256
"""Combinations of homes kept per step; beyond, the cheapest are kept (no shipped network gets there)."""

StepCost = Callable[[int, Mapping[str, str], Mapping[str, int]], float | None]
"""Cost of step i, given the homes of the live tensors and the bits that they occupy; None: does not fit."""


@dataclass(frozen=True, slots=True)
class LiveRange:
    """A stored tensor: its size, the first step that writes it and the last that reads it.

    Attributes
    ----------
    options
        Memories in which it may live, the default first.
    """

    name: str
    bits: int
    first: int
    last: int
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _State:
    cost: float
    live: tuple[tuple[str, str], ...]
    chosen: tuple[tuple[str, str], ...]


def live_ranges(
    placement: Placement, bits: Mapping[str, int], options: Mapping[str, tuple[str, ...]]
) -> tuple[LiveRange, ...]:
    """Live ranges of all tensors; the network's input is there from the start, results stay to the end."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for i, step in enumerate(placement.steps):
        for name in step.inputs:
            first.setdefault(name, -1)
            last[name] = i
        first.setdefault(step.output, i)
    end = len(placement.steps)
    return tuple(
        LiveRange(
            name, bits[name], first[name], end if name in placement.results else last[name], options[name]
        )
        for name in first
    )


def choose(ranges: Sequence[LiveRange], steps: int, cost: StepCost) -> tuple[dict[str, str], int | None]:
    """Homes with the least summed cost.

    Returns
    -------
    homes, blocked
        The home of every tensor, and the first step for which nothing fits (None: all fit).
    """
    by_name = {live.name: live for live in ranges}
    states = [_State(0.0, (), ())]
    for live in (live for live in ranges if live.first < 0):
        states = [_born(state, live.name, home) for state in states for home in live.options]
    for step in range(steps):
        born = [live for live in ranges if live.first == step]
        following: dict[tuple[tuple[str, str], ...], _State] = {}
        for state in _with_homes(states, born):
            paid = _pay(state, step, by_name, cost)
            if paid is not None:
                _keep_best(following, paid)
        if not following:
            return {}, step
        states = sorted(following.values(), key=lambda state: (state.cost, state.live))[:_MOST_STATES]
    return dict(states[0].chosen), None


def _born(state: _State, name: str, home: str) -> _State:
    return _State(state.cost, (*state.live, (name, home)), (*state.chosen, (name, home)))


def _with_homes(states: Sequence[_State], born: Sequence[LiveRange]) -> Iterator[_State]:
    if not born:
        yield from states
        return
    for state in _with_homes(states, born[1:]):
        for home in born[0].options:
            yield _born(state, born[0].name, home)


def _pay(state: _State, step: int, ranges: Mapping[str, LiveRange], cost: StepCost) -> _State | None:
    homes = dict(state.live)
    occupied: dict[str, int] = {}
    for name, home in state.live:
        occupied[home] = occupied.get(home, 0) + ranges[name].bits
    paid = cost(step, homes, occupied)
    if paid is None:
        return None
    live = tuple((name, home) for name, home in state.live if ranges[name].last > step)
    return _State(state.cost + paid, live, state.chosen)


def _keep_best(found: dict[tuple[tuple[str, str], ...], _State], state: _State) -> None:
    other = found.get(state.live)
    if other is None or state.cost < other.cost:
        found[state.live] = state
