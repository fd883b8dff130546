"""Where tensors lie in the memories that hold them: a place for all weights and activations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import ceil

from archsim.hardware.architecture import Architecture
from archsim.mapping.homes import LiveRange
from archsim.mapping.placement import Placement
from archsim.workload.network import INPUT, Network

_TRIES = 64

Places = Mapping[tuple[str, str], "Place"]
"""By tensor and memory. Tensors are ``input``, ``<layer>`` (its result) and ``<layer>.weights``."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes of a memory that hold one tensor.

    Attributes
    ----------
    base_bytes, size_bytes
        Where the tensor of the first image begins and how long that of one image is.
    stride_bytes, copies
        The tensor of image i begins ``(i % copies) * stride_bytes`` further on.
    channel, channels, shift_bytes
        An activation may share its pixels with others (concatenations): ``channels`` lie in each, its own
        from ``channel`` on, and the first pixel begins ``shift_bytes`` before ``base_bytes``. Bytes are
        counted as if tensors lay behind each other. 0 channels: just its own.
    """

    base_bytes: int
    size_bytes: int
    stride_bytes: int = 0
    copies: int = 1
    channel: int = 0
    channels: int = 0
    shift_bytes: int = 0

    def first_byte(self, image: int) -> int:
        """First byte of the tensor of an image."""
        return self.base_bytes + image % self.copies * self.stride_bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What a schedule has to hold where, and in what order.

    Attributes
    ----------
    homes
        Memory of every stored tensor.
    images, in_flight
        Images that a step treats at once, and images that may be in the network at the same time; one of
        them is 1.
    awaited
        For every step the earlier steps that have ended before it starts, as far as it waits for them itself.
    """

    network: Network
    placement: Placement
    ranges: Sequence[LiveRange]
    homes: Mapping[str, str]
    images: int
    in_flight: int
    awaited: Sequence[Set[int]]


@dataclass(frozen=True, slots=True)
class _Block:
    """One stored tensor: its bytes and the steps between which it needs them."""

    name: str
    image_bytes: int
    bytes: int
    first: int
    last: int
    touched: frozenset[int]


def weights_of(layer: str) -> str:
    """Name of the tensor of a layer's weights."""
    return f"{layer}.weights"


def allocate(held: Held, architecture: Architecture) -> Places:
    """Give every tensor a place in its memory.

    Weights come first, in network order, and stay. Behind them come activations, the largest first, each at
    the lowest address that is free while it lives (the greedy order of Pisarchyk and Lee, 2020 [pub]). A
    tensor takes the bytes of a dead one only where the step that writes it waits for all steps that touched
    that one. Under ``image_major`` each image in flight has activations of its own. Bases are multiples of
    the memory's ``alignment_bytes``.

    Raises
    ------
    InputError
        If a memory is too small, with its field.
    """
    found: dict[tuple[str, str], Place] = {}
    ends = dict.fromkeys(architecture.memories, 0)
    for memory, name, size in _weights(held.placement, architecture):
        found[name, memory] = Place(ends[memory], size)
        ends[memory] = _aligned(ends[memory] + size, architecture, memory)
    blocks = _blocks(held)
    for memory, start in ends.items():
        mine = [block for block in blocks if held.homes[block.name] == memory]
        room = (architecture.memories[memory].capacity_bits // 8 - start) // held.in_flight
        bases = _pack(mine, held.awaited, architecture.memories[memory].alignment_bytes, room)
        peak = max((bases[block.name] + block.bytes for block in mine), default=0)
        region = _aligned(peak, architecture, memory)
        _check(architecture, memory, start + (held.in_flight - 1) * region + peak)
        for block in mine:
            stride = region if held.in_flight > 1 else block.image_bytes
            whole = Place(
                start + bases[block.name], block.image_bytes, stride, max(held.images, held.in_flight)
            )
            found.update(((name, memory), place) for name, place in _members(held, block.name, whole))
    return found


def _weights(placement: Placement, architecture: Architecture) -> Iterator[tuple[str, str, int]]:
    """Memory, name and bytes of all weights; the shares of a split layer lie behind each other."""
    bits: dict[tuple[str, str], int] = {}
    for step, share in placement.shares:
        unit = architecture.compute[share.unit]
        key = (architecture.root(unit.memory), weights_of(step.layer.name))
        held = share.layer.weight_elements * unit.operands(share.layer).weight_bits
        bits[key] = bits.get(key, 0) + held
    return ((memory, name, -(-size // 8)) for (memory, name), size in bits.items() if size)


def _blocks(held: Held) -> list[_Block]:
    touched: dict[str, set[int]] = {}
    for i, step in enumerate(held.placement.steps):
        for name in (step.output, *step.inputs):
            touched.setdefault(name, set()).add(i)
    found = []
    for live in held.ranges:
        image_bytes = ceil(live.bits / (8 * held.images))
        size, steps = image_bytes * held.images, frozenset(touched[live.name])
        found.append(_Block(live.name, image_bytes, size, live.first, live.last, steps))
    return found


def _pack(
    blocks: Sequence[_Block], awaited: Sequence[Set[int]], alignment: int, room: int | None = None
) -> dict[str, int]:
    """Offset of every block; blocks that may live at the same time do not overlap.

    Where the greedy order leaves gaps, so that a block ends beyond the room, that block goes first in the
    next try; after some tries the best one counts.
    """
    before = _ancestors(awaited)
    order = sorted(blocks, key=lambda one: -one.bytes)
    best: tuple[int, dict[str, int]] | None = None
    for _ in range(_TRIES):
        bases = _lay(order, before, alignment)
        peak, last = max(((bases[one.name] + one.bytes, i) for i, one in enumerate(order)), default=(0, 0))
        if best is None or peak < best[0]:
            best = peak, bases
        if room is None or peak <= room:
            break
        order.insert(0, order.pop(last))
    assert best is not None
    return best[1]


def _lay(order: Iterable[_Block], before: Sequence[Set[int]], alignment: int) -> dict[str, int]:
    """Offsets of blocks that are laid down one after the other, each as low as it can be."""
    bases: dict[str, int] = {}
    done: list[_Block] = []
    for block in order:
        base = 0
        in_the_way = (other for other in done if not _apart(block, other, before))
        for other in sorted(in_the_way, key=lambda one: bases[one.name]):
            if base + block.bytes > bases[other.name]:
                base = max(base, -(-(bases[other.name] + other.bytes) // alignment) * alignment)
        bases[block.name] = base
        done.append(block)
    return bases


def _ancestors(awaited: Sequence[Set[int]]) -> list[frozenset[int]]:
    """For every step all steps that have ended before it starts."""
    found: list[frozenset[int]] = []
    for direct in awaited:
        found.append(frozenset(direct).union(*(found[j] for j in direct)))
    return found


def _apart(one: _Block, other: _Block, before: Sequence[Set[int]]) -> bool:
    """Whether one tensor is dead whenever the other one lives."""
    earlier, later = (one, other) if one.last < other.last else (other, one)
    return later.first >= 0 and earlier.last < later.first and earlier.touched <= before[later.first]


def _members(held: Held, stored: str, whole: Place) -> Iterator[tuple[str, Place]]:
    """Places of all tensors that share storage.

    What layers write lies side by side in network order. A concatenation begins where the first of its
    inputs does; one of inputs that do not lie side by side is taken as if they did.
    """
    written = {step.layer.name for step in held.placement.steps} | {INPUT}
    elements = held.placement.elements[stored]
    starts: dict[str, int] = {}
    end = 0
    for name, size, pixels, inputs in _tensors(held.network):
        if held.placement.stored[name] != stored:
            continue
        if name in written:
            starts[name], end = end, end + size
        else:
            starts[name] = min(starts[one] for one in inputs)
        first, last = (whole.size_bytes * at // elements for at in (starts[name], starts[name] + size))
        place = Place(whole.base_bytes + first, last - first, whole.stride_bytes, whole.copies)
        if not held.network.independent:
            place = replace(place, **_pixels(starts[name], elements, pixels, first))
        yield name, place


def _pixels(start: int, elements: int, pixels: int, shift: int) -> dict[str, int]:
    return {"channel": start // pixels, "channels": elements // pixels, "shift_bytes": shift}


def _tensors(network: Network) -> Iterator[tuple[str, int, int, Iterable[str]]]:
    """Name, elements, pixels and inputs of the input and of all results."""
    shape = network.input_shape
    yield INPUT, shape.elements, shape.rows * shape.columns, ()
    for layer in network.layers:
        shape = layer.output_shape
        yield layer.name, layer.output_elements, shape.rows * shape.columns, layer.inputs


def _aligned(size: int, architecture: Architecture, memory: str) -> int:
    alignment = architecture.memories[memory].alignment_bytes
    return -(-size // alignment) * alignment


def _check(architecture: Architecture, memory: str, needed: int) -> None:
    capacity = architecture.memories[memory].capacity_bits // 8
    if needed > capacity:
        message = f"'{memory}' holds {capacity} bytes, but the places of all tensors in it take {needed}"
        raise architecture.fault(message, f"memories.{memory}")
