"""Images per second of ResNet-20 on approximate multipliers, bit-true, against float32 in PyTorch.

Usage: ``python benchmarks/accuracy.py [--images N] [--repeats N]``. Weights and images are random: the time
does not depend on them. Each program runs in a process of its own, one after the other, because threads of
OpenMP spin for a while after their work; both use as many threads as there are cores that they may use.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from peers import installed
from timing import shortest

from archsim.arithmetic.kernels import Arithmetic
from archsim.arithmetic.kernels.levels import thread_count
from archsim.arithmetic.macs import DigitalMacs
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.inference import Calibration, QuantizedNetwork, calibrate, evaluate, quantize, top1
from archsim.registry import create
from archsim.workload import Network, load_network
from archsim.workload.parameters import LabelledImages, LayerParameters, Parameters

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".venv-torch"
VERSION = "2.13.0"
NETWORK = "resnet20"
DESIGN = {"kind": "scdm8", "low": 7, "high": 3}
IMAGES = 1000
EXACT = {"kind": "exact", "width": 8, "signed": True}
CALIBRATION = 200
INSTALL_S = 900


@dataclass(frozen=True)
class Measured:
    """``ratio`` is archsim's time / PyTorch's; the peak is that of archsim's whole process.

    ``study_ratio`` is that of all networks that ``archsim run --images`` executes, calibration included.
    """

    network: str
    multiplier: str
    images: int
    threads: int
    torch: str
    images_per_s: float
    torch_images_per_s: float
    ratio: float
    study_ratio: float
    peak_mib: float


def prepared(environment: Path = ENVIRONMENT) -> Path | None:
    """Python of an environment with PyTorch; None, with a message, where it cannot be installed."""
    return installed(environment, f"PyTorch {VERSION}", (f"torch=={VERSION}", "numpy"), INSTALL_S)


def random_parameters(network: Network) -> Parameters:
    rng = np.random.default_rng(0)
    found = {}
    for layer in network.layers:
        if layer.is_mac:
            outputs, depth = layer.output_shape.channels, layer.gemm.depth
            shape = (outputs, depth // (layer.kernel[0] * layer.kernel[1]), *layer.kernel)
            weight = rng.normal(size=shape) * np.sqrt(2 / depth)
            found[layer.name] = LayerParameters(weight.astype(np.float32), np.zeros(outputs, np.float32))
    return found


@dataclass(frozen=True)
class Study:
    """ResNet-20 with every layer on SCDM8, and all that is measured beside it."""

    network: Network
    parameters: Parameters
    images: LabelledImages

    def ranges(self) -> Calibration:
        sample = slice(CALIBRATION)
        return calibrate(
            self.network,
            self.parameters,
            LabelledImages(self.images.values[sample], self.images.labels[sample]),
        )

    def quantized(self, ranges: Calibration, design: Mapping[str, object], **how: bool) -> QuantizedNetwork:
        multiplier = create("multipliers", design)
        assert isinstance(multiplier, Multiplier)
        macs = DigitalMacs(Arithmetic(multiplier))
        functions = {layer.name: macs for layer in self.network.layers if layer.is_mac}
        return quantize(self.network, self.parameters, ranges, functions=functions, **how)

    def whole(self) -> None:
        """All that ``archsim run --images`` executes: float32, integers, own errors, corrected biases."""
        ranges = self.ranges()
        evaluate(self.parameters, self.images, self.quantized(ranges, DESIGN), self.quantized(ranges, EXACT))
        top1(self.quantized(ranges, DESIGN, compensate=True), self.images)


def random_study(images: int) -> Study:
    network = load_network(NETWORK)
    values = np.random.default_rng(1).normal(size=(images, *network.input_shape)).astype(np.float32)
    labels = np.zeros(images, dtype=np.int64)
    return Study(network, random_parameters(network), LabelledImages(values, labels))


def own(images: int, repeats: int) -> dict[str, float]:
    """Seconds of the approximate network and of the whole study on all images, and the peak of the memory."""
    import resource

    study = random_study(images)
    network = study.quantized(study.ranges(), DESIGN)
    seconds = shortest(lambda: network.run(study.images.values), repeats)
    whole = shortest(study.whole, 1)
    # Kibibytes, but bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "seconds": seconds,
        "study_seconds": whole,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


def measure(python: Path, images: int = IMAGES, repeats: int = 3) -> Measured:
    """Both programs one after the other."""
    ours = _result([sys.executable, __file__, "--child", "--images", str(images), "--repeats", str(repeats)])
    theirs = _result([str(python), str(HERE / "torch_worker.py"), str(images), str(repeats)])
    return Measured(
        network=NETWORK,
        multiplier=" ".join(f"{name}={value}" for name, value in DESIGN.items()).removeprefix("kind="),
        images=images,
        threads=thread_count(None),
        torch=str(theirs["version"]),
        images_per_s=round(images / float(ours["seconds"]), 1),
        torch_images_per_s=round(images / float(theirs["seconds"]), 1),
        ratio=float(f"{float(ours['seconds']) / float(theirs['seconds']):.3g}"),
        study_ratio=float(f"{float(ours['study_seconds']) / float(theirs['seconds']):.3g}"),
        peak_mib=round(float(ours["peak_mib"])),
    )


def _result(command: Sequence[str]) -> dict[str, float | str]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=IMAGES, help="number of images")
    parser.add_argument("--repeats", type=int, default=3, help="repetitions; the shortest counts")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        print(json.dumps(own(given.images, given.repeats)))
        return 0
    python = prepared()
    if python is not None:
        print(json.dumps(asdict(measure(python, given.images, given.repeats)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
