"""Choose when images leave the shipped networks with exits, measure what follows, and write docs/exits.json.

Usage: ``python scripts/make_exits.py [--data DIR] [NETWORK...]``. DIR has Fashion-MNIST; without it only the
networks on the digits are run and the rest is kept. A threshold is chosen on training images alone, by the
rule of `chosen`; the traces state it. Test images then say what it does. Afterwards ``python
scripts/make_docs.py docs/models/exits.md`` writes the page.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from archsim import Architecture, Network, load_network
from archsim.inference import Question, calibrate, evaluate, measure, quantize
from archsim.inference.exits import ExitRecord
from archsim.results.exits import END, Distribution
from archsim.simulation.exits import simulate_paths, sweep
from archsim.workload.datasets import load_images
from archsim.workload.exits import ExitCondition, with_threshold
from archsim.workload.parameters import LabelledImages
from archsim.workload.weights import find_weights, load_parameters

DATA: Final = Path(__file__).resolve().parents[1] / "docs" / "exits.json"
NETWORKS: Final[Mapping[str, int]] = {
    "digits_exits": 500,
    "digits_icnn": 500,
    "fashion_exits": 10_000,
    "fashion_icnn": 10_000,
}
"""Number of test images of each network."""
EMBEDDED: Final = "digits"
ARCHITECTURE: Final = "von_neumann"
THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
TOLERATED: Final = 0.001
"""Loss of top-1 on the judging images. None at all would keep every image of fashion_icnn to the end."""
_JUDGED: Final = 0.2
"""Share of the training images, the last ones, that judge the thresholds."""
_RANGES: Final = 200
"""Training images, the first ones, that give the ranges, as architectures have it."""
_DIGITS: Final = 6


@dataclass(frozen=True)
class Found:
    """What the rule gives on training images, and what follows on test images.

    Attributes
    ----------
    network, dataset
        What was executed, with exact int8.
    judged
        Number of training images.
    at_the_end
        Top-1 of these at the end.
    by_threshold
        Top-1 of these where they leave; by threshold, as text.
    threshold
        The choice.
    images, top1, top1_end
        Test images, top-1 where they leave and at the end.
    shares
        Who leaves where.
    energy_j, latency_s
        Mean, 95th percentile, and of an inference to the end.
    """

    network: str
    dataset: str
    judged: int
    at_the_end: float
    by_threshold: Mapping[str, float]
    threshold: float
    images: int
    top1: float
    top1_end: float
    shares: Mapping[str, float]
    energy_j: Mapping[str, float]
    latency_s: Mapping[str, float]


def find(name: str, data: Path | None) -> Found:
    """Choose the threshold of a network and measure what it does.

    Raises
    ------
    InputError
        If images are missing.
    """
    network = load_network(name)
    assert network.dataset is not None
    record = training_record(network, data)
    by_threshold = {f"{one:g}": right(record, network, one) for one in THRESHOLDS}
    threshold = chosen(by_threshold, at_the_end(record), len(record.labels))
    return Found(
        network=name,
        dataset=network.dataset,
        judged=len(record.labels),
        at_the_end=at_the_end(record),
        by_threshold=by_threshold,
        threshold=threshold,
        **_tested(network, threshold, data),
    )


def chosen(by_threshold: Mapping[str, float], end: float, images: int) -> float:
    """Return the smallest threshold at which top-1 is at most `TOLERATED` below the end's; 1 if none is."""
    kept = [
        float(threshold)
        for threshold, top1 in by_threshold.items()
        if round((end - top1) * images) <= TOLERATED * images
    ]
    return min(kept, default=1.0)


def training_record(network: Network, data: Path | None) -> ExitRecord:
    """Return what the exits say of the last training images, in exact int8."""
    assert network.dataset is not None
    parameters = load_parameters(find_weights(network.weights_for(), data), network)
    images = load_images(network.dataset, data, part="train", preprocessing=network.preprocessing)
    first = len(images.labels) - round(_JUDGED * len(images.labels))
    judged = LabelledImages(images.values[first:], images.labels[first:])
    sample = LabelledImages(images.values[:_RANGES], images.labels[:_RANGES])
    exact = quantize(network, parameters, calibrate(network, parameters, sample))
    return evaluate(parameters, judged, exact, exact).exits


def right(record: ExitRecord, network: Network, threshold: float) -> float:
    """Return top-1 with one threshold at all exits."""
    conditions = {name: ExitCondition("min_probability", threshold) for name in network.exits}
    return float(np.mean(record.units.given(conditions) == record.labels))


def at_the_end(record: ExitRecord) -> float:
    """Return top-1 where no image leaves early."""
    return float(np.mean(record.units.given({}) == record.labels))


def _tested(network: Network, threshold: float, data: Path | None) -> Mapping[str, object]:
    images = NETWORKS[network.name]
    architecture = Architecture.load(ARCHITECTURE)
    record = measure(architecture, network, Question(images, directory=data)).accuracy.exits
    paths = simulate_paths(architecture, with_threshold(network, threshold))
    (setting,) = sweep(record, paths, "min_probability", [threshold])
    whole = paths[END].totals
    return {
        "images": images,
        "top1": setting.top1,
        "top1_end": at_the_end(record),
        "shares": setting.shares,
        "energy_j": _three(setting.energy_j, whole.energy_j),
        "latency_s": _three(setting.latency_s, whole.latency_s),
    }


def _three(spread: Distribution, end: float) -> dict[str, float]:
    values = {"mean": spread.mean, "p95": spread.p95, "end": end}
    return {name: float(f"{value:.{_DIGITS}g}") for name, value in values.items()}


def load(path: Path = DATA) -> dict[str, Found]:
    """Return what the file holds, by network; nothing where there is none."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return {one["network"]: Found(**one) for one in stored}


def save(found: Mapping[str, Found], path: Path = DATA) -> None:
    """Write the networks in their order."""
    text = json.dumps([asdict(found[name]) for name in NETWORKS if name in found], indent=1, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def main(arguments: Sequence[str]) -> int:
    """Run the networks whose images are there; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with fashion_mnist")
    parser.add_argument("networks", nargs="*", help=f"default: {' '.join(NETWORKS)}")
    options = parser.parse_args(arguments)
    found = load()
    for name in options.networks or NETWORKS:
        if load_network(name).dataset != EMBEDDED and options.data is None:
            print(f"{name}: kept, for images name a folder with --data", file=sys.stderr)
            continue
        found[name] = find(name, options.data)
        print(found[name], file=sys.stderr, flush=True)
    save(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
