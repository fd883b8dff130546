"""Plain parts for engine tests: round rates, latencies and cycles, so that times are worked out by hand.

They have no kind and so stay out of the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from archsim.hardware.architecture import Architecture
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Array, Operands, Sourced, Work
from archsim.hardware.links.bus import Bus
from archsim.hardware.memories.base import Memory
from archsim.hardware.technology import Technology
from archsim.mapping.schedule import Part, Run, Schedule, Tile, Transfer
from archsim.workload.layer import Layer, Op, TensorShape

FAST = 10**6
"""Bits per nanosecond of a memory that never limits a bus of 1000 b/ns."""

PRICE = Sourced(1e-12, "assumption: a round number for tests")


class PlainMemory(Memory):
    """A memory of a given rate, first-word latency and size."""

    bits_per_ns: int = FAST
    first_word_ps: int = 0
    size_bits: int = 1 << 50

    @property
    def capacity_bits(self) -> int:
        return self.size_bits

    def bits_per_ps(self, clock_hz: int) -> Fraction:
        return Fraction(self.bits_per_ns, 1000)

    def latency_ps(self, technology: Technology) -> int:
        return self.first_word_ps

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        return {"read": read_bits, "write": written_bits}

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        return {"read": PRICE, "write": PRICE}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        return {}

    def area(self, technology: Technology) -> None:
        return None


class PlainUnit(ComputeUnit):
    """A unit with one multiplier: a MAC or an element per cycle."""

    prefetches_weights_alone: bool = False

    @property
    def overlaps_activations(self) -> bool:
        return not self.prefetches_weights_alone

    @property
    def multipliers(self) -> int:
        return 1

    def refusal(self, layer: Layer) -> None:
        return None

    def operands(self, layer: Layer) -> Operands:
        return Operands(8, 8, 8, 32)

    def array(self, layer: Layer, *, resident: bool) -> Array:
        return Array("depth", "filters", "pixels", 1, 1, 0)

    def streaming_cycles(self, layer: Layer, elements: int) -> int:
        return elements

    def counts(self, layer: Layer, work: Work) -> Mapping[str, int]:
        return {"mac.multiply": work.macs}

    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:
        return {"mac.multiply": PRICE}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        return {}

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        return {}


def machine(
    *units: str,
    clock: str = "1 GHz",
    double_buffering: bool = True,
    prefetches_weights_alone: bool = False,
    port_bits_per_ns: int = FAST,
    memories: Mapping[str, PlainMemory] | None = None,
    links: Mapping[str, Bus] | None = None,
) -> Architecture:
    """Units ``a``, ``b``, ... with a private memory each (``mem_a``), on one bus of 1 b/ps with ``dram``.

    At 1 b/ps a bus takes as many picoseconds as it moves bits.
    """
    private: dict[str, Any] = {f"mem_{name}": PlainMemory(bits_per_ns=port_bits_per_ns) for name in units}
    stores: dict[str, Any] = {"dram": PlainMemory()} | private | dict(memories or {})
    bus = Bus(width=1000, clock="1 GHz", connects=("dram", *private))
    return Architecture.from_dict(
        {
            "archsim": 1,
            "name": "bench",
            "technology": {"node": "45 nm", "voltage": "0.9 V"},
            "memories": stores,
            "links": {"bus": bus} if links is None else dict(links),
            "compute": {
                name: PlainUnit(
                    clock=clock,
                    memory=f"mem_{name}",
                    double_buffering=double_buffering,
                    prefetches_weights_alone=prefetches_weights_alone,
                )
                for name in units
            },
            "placement": [{"unit": units[0]}],
        }
    )


def layer(name: str) -> Layer:
    """A layer of which hand-made schedules only use the name."""
    one = TensorShape(1, 1, 1)
    return Layer(name, Op.ACTIVATION, ("input",), (one,), one, function="relu")


def tile(
    loads: int = 0, cycles: int = 0, stores: int = 0, *, unit: str = "a", port: int = 0, dram: str = "dram"
) -> Tile:
    """A tile that loads and stores so many bits between ``dram`` and the unit's memory."""
    memory = f"mem_{unit}"
    return Tile(
        label=f"{loads}/{cycles}/{stores}",
        loads=(Transfer("inputs", dram, memory, loads),) if loads else (),
        stores=(Transfer("outputs", memory, dram, stores),) if stores else (),
        port_read_bits=port,
        port_write_bits=0,
        finished_bits=stores,
        work=Work(cycles=cycles),
    )


def part(unit: str, *tiles: tuple[Tile, int], name: str = "", after: tuple[int, ...] = ()) -> Part:
    """A part on a unit: pairs of a tile and how often it is executed."""
    runs = tuple(Run(one, count) for one, count in tiles)
    return Part(layer(name or f"on_{unit}"), 0, unit, 1, runs, waits_for=after)


def schedule(*parts: Part, images: int = 1, in_flight: int = 1) -> Schedule:
    """Every part executed once per image."""
    return Schedule(parts, repeats=images, images_in_flight=in_flight, homes={})
