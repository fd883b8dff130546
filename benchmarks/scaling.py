"""Wall time against the size of the job: layers, tiles, images. More than linear shows as an exponent.

Usage: ``python benchmarks/scaling.py``
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from timing import event_seconds, forget_tilings, shortest

from archsim import Architecture, Network, load_network, simulate
from archsim.mapping.mapper import map_network
from archsim.workload import Activation, Add, Conv2d, build_network

LAYERS = (32, 64, 128, 256, 512, 1024)
TILES = (512, 1024, 2048, 4096, 8192, 16384)
IMAGES = (32, 64, 128, 256, 512, 1024)
FITTED = 3
"""Exponents are fitted to so many of the largest sizes: a constant share flatters the small ones."""


@dataclass(frozen=True)
class Point:
    """One size; times in bare SimPy events. ``running`` is engine, ledger, invariants and report."""

    size: int
    tiles: int
    mapping: float
    running: float


@dataclass(frozen=True)
class Series:
    name: str
    unit: str
    meaning: str
    points: tuple[Point, ...]

    @property
    def mapping_exponent(self) -> float:
        return exponent([(point.size, point.mapping) for point in self.points[-FITTED:]])

    @property
    def running_exponent(self) -> float:
        return exponent([(point.size, point.running) for point in self.points[-FITTED:]])


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Slope of the least-squares line through the logarithms: time grows as size to that power."""
    xs, ys = [log(x) for x, _ in points], [log(y) for _, y in points]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return over / sum((x - x_mean) ** 2 for x in xs)


def all_series(event_s: float, repeats: int) -> Iterator[Series]:
    def series(name: str, unit: str, meaning: str, jobs: Sequence[tuple[int, Job]]) -> Series:
        return Series(name, unit, meaning, tuple(measured(size, job, event_s, repeats) for size, job in jobs))

    shipped = Architecture.load("von_neumann")
    told = "blocks of two convolutions, a ReLU and an addition, repeated; von_neumann"
    jobs = [(size, (shipped, residual_blocks(size // 4), 1)) for size in LAYERS]
    yield series("layers", "layer", told, jobs)
    split = Architecture.load("von_neumann", ['mapping=[{layer: "*", rows: 4, columns: 64}]'])
    told = "one convolution on more and more rows, 4 rows per tile; von_neumann"
    yield series("tiles", "tile", told, [(size, (split, tall(4 * size), 1)) for size in TILES])
    for order in ("layer_major", "image_major"):
        ordered = Architecture.load("von_neumann", [f"schedule.batch_order={order}"])
        jobs = [(size, (ordered, load_network("resnet8"), size)) for size in IMAGES]
        yield series(f"images, {order}", "image", "resnet8 on von_neumann", jobs)


Job = tuple[Architecture, Network, int]


def measured(size: int, job: Job, event_s: float, repeats: int) -> Point:
    architecture, network, batch = job

    def afresh(work: Callable[[], object]) -> float:
        def forgetting() -> None:
            forget_tilings()
            work()

        return shortest(forgetting, repeats) / event_s

    schedule = map_network(network, architecture, batch)
    tiles = sum(part.tile_count for part in schedule.parts) * schedule.repeats
    mapping = afresh(lambda: map_network(network, architecture, batch))
    whole = afresh(lambda: simulate(architecture, network, batch))
    return Point(size, tiles, mapping, whole - mapping)


def residual_blocks(count: int) -> Network:
    """Blocks of four layers whose sums keep an earlier activation alive, as in a ResNet."""
    layers: list[Conv2d | Activation | Add] = []
    before = "input"
    for i in range(count):
        layers += [
            Conv2d(name=f"wide{i}", out_channels=64, kernel=3, padding=1, inputs=[before]),
            Activation(name=f"relu{i}", function="relu"),
            Conv2d(name=f"narrow{i}", out_channels=64, kernel=1),
            Add(name=f"sum{i}", inputs=[f"narrow{i}", before]),
        ]
        before = f"sum{i}"
    return build_network(f"{count} blocks", (64, 56, 56), layers)


def tall(rows: int) -> Network:
    return build_network("tall", (64, rows, 64), [Conv2d(name="conv", out_channels=64, kernel=3, padding=1)])


def main() -> None:
    event_s = event_seconds(3)
    for series in all_series(event_s, repeats=3):
        print(f"{series.name} ({series.meaning})")
        for point in series.points:
            each = point.running * event_s / point.tiles * 1e9
            print(
                f"  {point.size:6}  {point.tiles:7,} tiles  map {point.mapping * event_s:8.3f} s"
                f"  run {point.running * event_s:8.3f} s  {each:9,.0f} ns per tile"
            )
        print(f"  exponents: map {series.mapping_exponent:.2f}, run {series.running_exponent:.2f}")


if __name__ == "__main__":
    main()
