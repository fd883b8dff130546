"""The accuracy of a network on an architecture: data, weights, quantization, arithmetic by placement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from archsim.arithmetic.macs import MacFunction
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.quantization import Quantization
from archsim.inference.accuracy import Accuracy, Progress, evaluate, sensitivity, top1
from archsim.inference.calibration import Calibration, calibrate
from archsim.inference.compensation import is_biased
from archsim.inference.mac_layers import exact_alike
from archsim.inference.memory_paths import MemoryPaths, memory_paths
from archsim.inference.memory_reads import MemoryErrors, MemoryReads
from archsim.inference.quantized import QuantizedNetwork, quantize
from archsim.inference.remarks import option_remarks, overflow_remarks
from archsim.inference.unit_functions import layer_macs
from archsim.mapping.placement import Placement, place
from archsim.mapping.storage import stored_widths
from archsim.workload.datasets import Images, Part, check_data_folder, check_images, has_part, open_dataset
from archsim.workload.network import Network
from archsim.workload.parameters import ImageSet, Parameters
from archsim.workload.weights import find_weights, load_parameters

_WITHOUT_TRAINING: Final = 10
"""Every so many of all test images where a data set has no training images here."""


Overall = Callable[[int, int], None]
"""Called with the number of images done and how many there are to do, over all passes."""


@dataclass(frozen=True)
class Question:
    """What to measure.

    Attributes
    ----------
    images
        Number of test images.
    dataset
        Name of the data set; the trace's own where None.
    directory
        Folder with data sets and weights.
    quantization
        How the network is quantized; None: as the architecture says.
    layer_by_layer
        Whether to measure each layer alone on its unit's arithmetic, too; without errors of memories.
    batch
        Images that are mapped together, where it matters in which memory a tensor lies.
    lifetimes
        Seconds for which the result of a layer (``input``: an image) lies in its memory, for memories whose
        errors grow with time; those left out lie there for good.
    """

    images: int
    dataset: str | None = None
    directory: Path | None = None
    quantization: Quantization | None = None
    layer_by_layer: bool = False
    batch: int = 1
    lifetimes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What was measured.

    Attributes
    ----------
    dataset
        Name of the data set.
    accuracy
        On the units' arithmetic, beside exact arithmetic and float32.
    compensated
        Top-1 with biases corrected by the expected error of the multipliers; None where no layer has one that
        is inexact and known by its table.
    alone
        Top-1 when only this layer is on its unit's arithmetic, by layer; empty unless asked for.
    quantization
        How the network was quantized.
    bits
        Operand width of every layer with MACs.
    calibrated_on
        Part of the data set and number of images that ranges were taken from.
    memory_errors
        What was read from the memories that have errors, by name.
    remarks
        Sentences on what deserves a second look: options without effect, sums that overflowed.
    """

    dataset: str
    accuracy: Accuracy
    compensated: float | None
    alone: Mapping[str, float]
    quantization: Quantization
    bits: Mapping[str, int]
    calibrated_on: tuple[Part, int]
    memory_errors: Mapping[str, MemoryErrors] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def measure(
    architecture: Architecture,
    network: Network,
    question: Question,
    seed: int = 0,
    progress: Overall | None = None,
) -> Answer:
    """Return the accuracy of a network whose layers run on the arithmetic of their units.

    Ranges are calibrated on training images; where the data set has none, on every tenth of all its test
    images, whichever of them are measured.

    Parameters
    ----------
    progress
        Called after each batch of every pass over the images: all networks in step, the one with corrected
        biases, and each layer alone.

    Raises
    ------
    InputError
        If data, weights or formats are missing or do not fit.
    """
    name = question.dataset or network.dataset
    if name is None:
        raise InputError(f"network {network.name!r} names no data set: choose one with --dataset")
    check_data_folder(question.directory)
    reference = network.weights_for(question.dataset)
    parameters = load_parameters(find_weights(reference, question.directory), network)
    images = _load(network, name, question)
    placement = place(network, architecture)
    functions = layer_macs(placement, architecture, seed)
    paths = memory_paths(network, architecture, placement, batch=question.batch, lifetimes=question.lifetimes)
    options = _options(architecture, question, list(functions))
    part, sample = images_for_ranges(network, name, question.directory, options.calibration.images)
    calibration = calibrate(network, parameters, sample, options.calibration)
    stored = stored_bits(placement, architecture)
    study = _Study(network, parameters, calibration, options, functions, stored, paths, seed)
    on_units = study.on_units()
    passes = _Passes(progress, len(images), 1 + study.biased + question.layer_by_layer * len(functions))
    accuracy = evaluate(parameters, images, on_units, study.exact(), passes.after(0))
    return Answer(
        dataset=name,
        accuracy=accuracy,
        compensated=study.compensated(images, passes.after(1)),
        alone=study.alone(images, passes.after(1 + study.biased)) if question.layer_by_layer else {},
        quantization=options,
        bits={layer: mac.activation.format.bits for layer, mac in on_units.macs.items()},
        calibrated_on=(part, len(sample)),
        memory_errors={} if on_units.reads is None else on_units.reads.errors(),
        remarks=(
            *option_remarks(options, list(functions), (part, len(sample))),
            *overflow_remarks(accuracy.overflowed, placement, options.overflow),
        ),
    )


def _options(architecture: Architecture, question: Question, layers: list[str]) -> Quantization:
    options = question.quantization or architecture.quantization
    try:
        options.check_layers(layers)
    except InputError as error:
        raise architecture.fault(error.message, "quantization.layer_bits", error.suggestion) from None
    return options


def _load(network: Network, name: str, question: Question) -> Images:
    images = open_dataset(name, question.directory).first(question.images, network.preprocessing)
    check_images(images, network, f"data set {name!r}")
    return images


def images_for_ranges(network: Network, name: str, directory: Path | None, count: int) -> tuple[Part, Images]:
    """Return the images that ranges come from, at most `count`, and the part of the data set they are in."""
    if not has_part(name, directory, "train"):
        whole = open_dataset(name, directory)
        step = _WITHOUT_TRAINING if len(whole) > _WITHOUT_TRAINING else 1
        wanted = min(len(whole), (count - 1) * step + 1)
        return "test", whole.first(wanted, network.preprocessing).every(step)
    training = open_dataset(name, directory, "train")
    return "train", training.first(min(count, len(training)), network.preprocessing)


@dataclass(frozen=True)
class _Study:
    """One network, quantized in several ways."""

    trained: Network
    parameters: Parameters
    calibration: Calibration
    options: Quantization
    functions: Mapping[str, MacFunction]
    stored: Mapping[str, int]
    paths: MemoryPaths | None
    seed: int

    def on_units(self, *, compensate: bool = False) -> QuantizedNetwork:
        """The network on the units' arithmetic, with operands as the memories deliver them."""
        return self._network(
            self.functions,
            compensate=compensate,
            reads=None if self.paths is None else MemoryReads(self.paths, self.seed),
        )

    def exact(self) -> QuantizedNetwork:
        """The network with exact arithmetic on operands of the units' widths, no memory in error."""
        layer = self.trained.layer
        return self._network({name: exact_alike(one, layer(name)) for name, one in self.functions.items()})

    def _network(
        self,
        functions: Mapping[str, MacFunction],
        *,
        compensate: bool = False,
        reads: MemoryReads | None = None,
    ) -> QuantizedNetwork:
        return quantize(
            self.trained,
            self.parameters,
            self.calibration,
            self.options,
            functions,
            compensate=compensate,
            stored=self.stored,
            reads=reads,
        )

    @property
    def biased(self) -> bool:
        """Whether a multiplier's expected error is known."""
        return any(is_biased(function) for function in self.functions.values())

    def compensated(self, images: ImageSet, progress: Progress | None) -> float | None:
        """Top-1 with corrected biases, where a multiplier's expected error is known."""
        if not self.biased:
            return None
        return top1(self.on_units(compensate=True), images, progress)

    def alone(self, images: ImageSet, progress: Progress | None) -> Mapping[str, float]:
        """Top-1 with one layer at a time on its unit's arithmetic."""
        given = self.trained, self.parameters, self.calibration, self.options, self.functions
        return sensitivity(*given, images, progress, self.stored)


@dataclass(frozen=True)
class _Passes:
    """Progress over several passes through the same images."""

    progress: Overall | None
    images: int
    count: int

    def after(self, passes: int) -> Progress | None:
        """What a pass tells after that many others."""
        tell = self.progress
        if tell is None:
            return None
        return lambda done: tell(passes * self.images + done, self.count * self.images)


def stored_bits(placement: Placement, architecture: Architecture) -> dict[str, int]:
    """Return the bits of what every layer (and ``input``) stores: as many as its traffic is counted with."""
    widths = stored_widths(placement, architecture)
    return {name: widths[stored] for name, stored in placement.stored.items() if stored in widths}
