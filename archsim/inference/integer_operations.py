"""What layers compute on codes alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archsim.arithmetic.kernels.codes import Limits, added
from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.quantization import Quantizer
from archsim.hardware.quantization import Rounding
from archsim.inference.coding import (
    BYTE,
    all_codes,
    code_type,
    decode,
    encode,
    looked_up,
    rounded,
    same,
    translation,
    zero_code,
)
from archsim.inference.encodings import ends_in_reals, fused_layers, fused_reader, keeps_codes, nonnegative
from archsim.inference.fixed_point_operations import fixed_point_add, fixed_point_average
from archsim.inference.float_operations import without_weights
from archsim.inference.functions import FUNCTIONS
from archsim.inference.graph import Operation, Tensor, identity
from archsim.inference.mac_layers import QuantizedMac, sums_of
from archsim.inference.requantization import Clamp, requantizer
from archsim.inference.windows import copied, largest, window_counts, window_sums
from archsim.workload.layer import Layer, Op
from archsim.workload.network import INPUT, Network

_AVERAGES = frozenset({Op.AVERAGE_POOL, Op.GLOBAL_AVERAGE_POOL})


@dataclass(frozen=True, slots=True, eq=False)
class IntegerPlan:
    """A network in integers: how tensors are coded, weights, the units' arithmetic, how sums become codes."""

    network: Network
    coded: Mapping[str, Quantizer]
    macs: Mapping[str, QuantizedMac]
    functions: Mapping[str, MacFunction]
    rounding: Rounding
    any_code: bool = False
    """Whether inputs may have codes that no operation gives: those with errors of memories."""

    def operations(self) -> dict[str, Operation]:
        """Return what each layer computes, and the coding of the images under ``input``."""
        fused = set(fused_layers(self.network).values())
        first = self.coded[INPUT]
        found: dict[str, Operation] = {INPUT: lambda inputs: encode(inputs[0], first)}
        for layer in self.network.layers:
            found[layer.name] = identity if layer.name in fused else self._operation(layer)
        return found

    def clamp(self, layer: Layer) -> Clamp:
        """Return the codes that a layer's output may have: those of a fused activation's values."""
        into = self.coded[layer.name]
        lowest, highest = into.format.lowest, into.format.highest
        reader = fused_reader(self.network, layer)
        if reader is None:
            return Clamp(lowest, highest)
        if reader.function == "relu6":
            highest = int(encode(np.array([6], dtype=np.float32), into)[0])
        return Clamp(max(lowest, zero_code(into)), highest)

    def _operation(self, layer: Layer) -> Operation:
        if layer.folded:
            return identity
        if layer.is_mac:
            return self._mac(layer)
        return self._choosing(layer) if keeps_codes(layer) else self._combining(layer)

    def _choosing(self, layer: Layer) -> Operation:
        """Pass some of the codes on, converted first where the output has others."""
        into = self.coded[layer.name]
        zero, table = zero_code(into), translation(self.coded[layer.inputs[0]], into)

        def chosen(inputs: tuple[Tensor, ...]) -> Tensor:
            codes = inputs[0] if table is None else looked_up(inputs[0], table)
            return largest(codes, layer) if layer.op is Op.MAX_POOL else copied(codes, layer, zero)

        return chosen

    def _combining(self, layer: Layer) -> Operation:
        if layer.op is Op.ACTIVATION and layer.function in FUNCTIONS:
            return self._table(layer)
        if layer.op is Op.CONCAT:
            return self._concat(layer)
        if layer.op is Op.ADD and len(layer.inputs) == 2:
            return self._add(layer)
        if layer.op in _AVERAGES:
            return self._average(layer)
        return self._through_reals(layer)

    def _mac(self, layer: Layer) -> Operation:
        mac, clamp = self.macs[layer.name], self.clamp(layer)
        stored = self.coded[layer.inputs[0]]
        origin = zero_code(mac.activation)
        clipped = nonnegative(self.network, layer.inputs[0]) and not self.any_code
        lowest = origin if clipped else mac.activation.format.lowest
        table = translation(stored, mac.activation, lowest)
        sums = sums_of(mac, self.functions[layer.name], lowest)
        codes = requantizer(
            mac.scales, self.coded[layer.name], clamp, self.rounding, wide=mac.activation.format.bits > BYTE
        )
        if table is None:
            return lambda inputs: codes(sums(inputs[0]))
        return lambda inputs: codes(sums(looked_up(inputs[0], table)))

    def _table(self, layer: Layer) -> Operation:
        """Look the function up: one entry for every code of the input."""
        source, into = self.coded[layer.inputs[0]], self.coded[layer.name]
        assert layer.function is not None
        table = encode(FUNCTIONS[layer.function](decode(all_codes(source), source)), into)
        return lambda inputs: looked_up(inputs[0], table)

    def _concat(self, layer: Layer) -> Operation:
        tables = [translation(self.coded[name], self.coded[layer.name]) for name in layer.inputs]
        join = without_weights(layer)

        def joined(inputs: tuple[Tensor, ...]) -> Tensor:
            pairs = zip(inputs, tables, strict=True)
            return join(tuple(one if table is None else looked_up(one, table) for one, table in pairs))

        return joined

    def _add(self, layer: Layer) -> Operation:
        first, second = (self.coded[name] for name in layer.inputs)
        into, clamp = self.coded[layer.name], self.clamp(layer)
        if self.rounding == "fixed_point":
            return fixed_point_add(first, second, into, clamp)
        ratio, other = first.scale / into.scale, second.scale / into.scale
        # The order of ONNX Runtime's MLAS QLinearAdd: all zero points first.
        start = np.float32(into.zero_point) - (ratio * zero_code(first) + other * zero_code(second))
        factors = float(ratio.reshape(())), float(start.reshape(())), float(other.reshape(()))
        limits = Limits(0, clamp.lowest, clamp.highest)
        return lambda inputs: added(*_of_one_type(inputs, into), factors, limits).astype(
            code_type(into), copy=False
        )

    def _average(self, layer: Layer) -> Operation:
        source, into = self.coded[layer.inputs[0]], self.coded[layer.name]
        counts, zero = window_counts(layer), zero_code(source)
        if self.rounding == "fixed_point" and same(source, into):
            return fixed_point_average(layer, counts, into)
        ratio = (source.scale / (into.scale * counts.astype(np.float32))).astype(np.float32)
        kind: Any = np.int32 if source.format.bits <= BYTE else np.int64

        def average(inputs: tuple[Tensor, ...]) -> Tensor:
            sums = window_sums(inputs[0], layer, kind) - (counts * zero).astype(kind)
            return rounded(sums.astype(np.float32) * ratio, into)

        return average

    def _through_reals(self, layer: Layer) -> Operation:
        """Compute on the values that codes stand for; a softmax at the end keeps them."""
        function = without_weights(layer)
        sources = [self.coded[name] for name in layer.inputs]
        into = None if ends_in_reals(self.network, layer) else self.coded[layer.name]

        def computed(inputs: tuple[Tensor, ...]) -> Tensor:
            pairs = zip(inputs, sources, strict=True)
            values = function(tuple(decode(codes, source) for codes, source in pairs))
            return values if into is None else encode(values, into)

        return computed


def _of_one_type(inputs: tuple[Tensor, ...], into: Quantizer) -> tuple[Tensor, Tensor]:
    """Return two inputs in the type of codes that holds them and the output."""
    kind = np.result_type(*inputs, code_type(into))
    first, second = (codes.astype(kind, copy=False) for codes in inputs)
    return first, second
