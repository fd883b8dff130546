"""Post-training quantization: a network in integers, each layer on the arithmetic of its unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.number_format import NumberFormat, number_format
from archsim.arithmetic.operand_weights import histogram
from archsim.arithmetic.quantization import Quantizer, symmetric
from archsim.errors import InputError
from archsim.hardware.quantization import Quantization
from archsim.inference.accumulators import Tally, accumulated
from archsim.inference.between_reals import dynamic_operations, own_scale, static_operations
from archsim.inference.calibration import Calibration, tensors
from archsim.inference.coding import decode, encode, operand_format, quantizer, scalar
from archsim.inference.compensation import compensated, multiplier_of
from archsim.inference.encodings import encodings, fused_layers
from archsim.inference.float_operations import parameters_of
from archsim.inference.graph import Operation, Tensor, steps
from archsim.inference.integer_operations import IntegerPlan
from archsim.inference.mac_layers import QuantizedMac, exact_macs, quantized_mac
from archsim.inference.memory_reads import MemoryReads
from archsim.inference.reference import Observe
from archsim.workload.layer import Layer
from archsim.workload.network import INPUT, Network
from archsim.workload.parameters import LayerParameters, Parameters, blocks

INT8: Final = number_format("int8")

_STORED_BITS: Final = range(2, 17)
"""Bits of codes: a sign and a magnitude at least, and no more than compiled loops have."""


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedNetwork:
    """A network ready to run on batches of images.

    Attributes
    ----------
    network
        Its layers.
    operations
        What each layer computes.
    coded
        How outputs are coded, by layer; the others are real values.
    fused
        Activations by the layer whose output they clamp: that layer has no output of its own.
    macs
        Integers of the layers with MACs.
    tallies
        Of the layers with MACs whose sums are counted while the network runs.
    reads
        Memories with errors that tensors are read from; None: tensors are read as they were written.
    """

    network: Network
    operations: Mapping[str, Operation]
    coded: Mapping[str, Quantizer]
    fused: Mapping[str, str]
    macs: Mapping[str, QuantizedMac]
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    reads: MemoryReads | None = None

    def steps(self, values: NDArray[np.float32]) -> Iterator[tuple[str, Tensor]]:
        """Yield the name and the output of each layer for one batch, codes as they are."""
        return steps(self.network, np.asarray(values, dtype=np.float32), self._reading())

    def _reading(self) -> Mapping[str, Operation]:
        if self.reads is None:
            return self.operations
        # A fused activation computes nothing here: its input and its output are one tensor, read once.
        reading = (layer for layer in self.network.layers if layer.name not in self.fused.values())
        through = {
            layer.name: self.reads.operation(layer, self.operations[layer.name], self.coded)
            for layer in reading
        }
        return {**self.operations, **through}

    def reals(self, name: str, output: Tensor) -> NDArray[np.float32]:
        """Return what a layer's output stands for."""
        return decode(output, self.coded[name]) if name in self.coded else output

    def run(
        self,
        values: NDArray[np.float32],
        *,
        batch: int = 32,
        observe: Observe | None = None,
    ) -> NDArray[np.float32]:
        """Return the real outputs [image][class] of the network's end; `observe` sees each layer's codes.

        Raises
        ------
        InputError
            If the images do not fit the network.
        """
        last = self.network.end
        output = np.empty((len(values), self.network.layer(last).output_elements), np.float32)
        for block in blocks(len(values), batch):
            for name, tensor in self.steps(values[block]):
                if observe is not None:
                    observe(name, tensor)
                if name == last:
                    output[block] = self.reals(name, tensor).reshape(len(tensor), -1)
        return output


def quantize(  # noqa: PLR0913 - the network, its ranges, its arithmetic, and one switch
    network: Network,
    parameters: Parameters,
    calibration: Calibration,
    options: Quantization | None = None,
    functions: Mapping[str, MacFunction] | None = None,
    *,
    compensate: bool = False,
    stored: Mapping[str, int] | None = None,
    reads: MemoryReads | None = None,
) -> QuantizedNetwork:
    """Return the network in integers.

    Parameters
    ----------
    parameters
        Trained float32 values, batch normalisation folded.
    calibration
        Ranges of the float32 network's tensors.
    options
        Scheme, scales and widths; the defaults of `Quantization` if ``None``. `calibration` has the ranges.
    functions
        Arithmetic of the layers with MACs, by name; those left out multiply exactly in int8. A unit's operand
        range decides what its layer is quantized to.
    compensate
        Whether biases are corrected by the expected error of the multiplier.
    stored
        Bits of the codes that each layer (and ``input``) stores under scheme ``integer``; 8 where left out.
        Codes are signed and have 2 to 16 bits: what is narrower or wider takes the nearest of these.
    reads
        Memories with errors that weights and activations are read from; for the scheme `integer` alone.

    Raises
    ------
    InputError
        If something does not fit: names, shapes, operand ranges, layers without a defined function.
    """
    chosen = options or Quantization()
    if reads is not None and chosen.scheme != "integer":
        message = f"errors of memories need codes between layers: scheme integer, not {chosen.scheme}"
        raise InputError(message, field="quantization.scheme")
    given = functions or {}
    return _Choices(network, parameters, calibration, chosen, given, compensate, stored or {}, reads).result()


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """The choices that the layers share."""

    network: Network
    parameters: Parameters
    calibration: Calibration
    options: Quantization
    given: Mapping[str, MacFunction]
    compensate: bool
    stored: Mapping[str, int]
    reads: MemoryReads | None

    def result(self) -> QuantizedNetwork:
        self._check_names()
        integer = self.options.scheme == "integer"
        coded = self._coded() if integer else {}
        tallies = {layer.name: Tally() for layer in self._layers}
        functions = {layer.name: self._function(layer, tallies[layer.name]) for layer in self._layers}
        macs = {layer.name: self._mac(layer, functions[layer.name], coded) for layer in self._layers}
        if self.compensate:
            macs = self._compensated(macs, functions)
        if self.reads is not None:
            macs = {name: _read_back(mac, self.reads) for name, mac in macs.items()}
        return QuantizedNetwork(
            self.network,
            self._operations(coded, macs, functions),
            coded,
            fused_layers(self.network) if integer else {},
            macs,
            tallies,
            self.reads,
        )

    @property
    def _layers(self) -> list[Layer]:
        return [layer for layer in self.network.layers if layer.is_mac]

    def _check_names(self) -> None:
        for name in self.given:
            if not self.network.layer(name).is_mac:
                raise InputError(f"layer {name!r} has no multiply-accumulates", field="functions")

    def _coded(self) -> dict[str, Quantizer]:
        names = (INPUT, *(layer.name for layer in self.network.layers))
        formats = {name: _stored_format(self.stored.get(name, INT8.bits)) for name in names}
        return encodings(self.network, self.calibration, formats, even=self.options.even)

    def _function(self, layer: Layer, tally: Tally) -> MacFunction:
        return accumulated(self.given.get(layer.name, exact_macs(INT8)), self.options.overflow, tally)

    def _format(self, layer: Layer, function: MacFunction) -> NumberFormat:
        return operand_format(function, self.options.bits_of(layer))

    def _mac(self, layer: Layer, function: MacFunction, coded: Mapping[str, Quantizer]) -> QuantizedMac:
        own, operands = parameters_of(layer, self.parameters), self._format(layer, function)
        if self.options.scheme == "ace_cnn":
            if not operands.signed:
                raise InputError(f"scheme ace_cnn needs signed operands, layer {layer.name!r} has none")
            own = LayerParameters(own.weight, np.zeros_like(own.bias))
            activation = scalar(symmetric([float(operands.highest)], operands))
        else:
            activation = self._activation(layer, operands, coded)
        return quantized_mac(layer, own, activation, operands, per_channel=self.options.per_channel)

    def _activation(self, layer: Layer, operands: NumberFormat, coded: Mapping[str, Quantizer]) -> Quantizer:
        """Return how a layer's input is coded: as it is stored, where the unit takes such codes."""
        stored = coded.get(layer.inputs[0])
        if stored is not None and stored.format == operands:
            return stored
        name = self.network.source(layer.inputs[0])
        limits = self.calibration.limits(name, operands, even=self.options.even)
        return scalar(quantizer(limits, operands, even=self.options.even))

    def _compensated(
        self, macs: Mapping[str, QuantizedMac], functions: Mapping[str, MacFunction]
    ) -> dict[str, QuantizedMac]:
        """Return the layers with biases corrected for the operands that the calibration images give them."""
        wanted = {name: multiplier_of(functions[name]) for name in self.given}
        encoder = _dynamic_codes if self.options.scheme == "ace_cnn" else encode
        counts: dict[str, NDArray[np.int64]] = {}
        for tensor, values in tensors(self.network, self.parameters, self.calibration.images):
            for name in self.network.consumers(tensor):
                if name in wanted:
                    found = histogram(encoder(values, macs[name].activation), wanted[name])
                    counts[name] = counts.get(name, 0) + found
        return {
            name: compensated(mac, wanted[name], counts[name]) if name in wanted else mac
            for name, mac in macs.items()
        }

    def _operations(
        self,
        coded: Mapping[str, Quantizer],
        macs: Mapping[str, QuantizedMac],
        functions: Mapping[str, MacFunction],
    ) -> dict[str, Operation]:
        if self.options.scheme == "integer":
            return IntegerPlan(
                self.network,
                coded,
                macs,
                functions,
                self.options.rounding,
                any_code=self.reads is not None,
            ).operations()
        if self.options.scheme == "manifest":
            return static_operations(self.network, macs, functions)
        return dynamic_operations(self.network, self.parameters, macs, functions)


def _read_back(mac: QuantizedMac, reads: MemoryReads) -> QuantizedMac:
    return replace(mac, read=reads.weights(mac.layer, mac.codes, mac.weight.format.bits))


def _stored_format(bits: int) -> NumberFormat:
    return number_format(f"int{min(max(bits, _STORED_BITS[0]), _STORED_BITS[-1])}")


def _dynamic_codes(values: Tensor, coded: Quantizer) -> Tensor:
    return own_scale(values, coded)[0]
