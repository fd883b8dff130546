"""How each tensor of an integer network is coded, and what is known of its values beforehand."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.arithmetic.number_format import NumberFormat
from archsim.arithmetic.quantization import Quantizer
from archsim.inference.calibration import Calibration
from archsim.inference.coding import quantizer, scalar
from archsim.inference.graph import clamped_by
from archsim.workload.layer import Layer, Op
from archsim.workload.network import INPUT, Network

_NONNEGATIVE = frozenset({"relu", "relu6", "sigmoid", "hard_sigmoid"})


def encodings(
    network: Network, calibration: Calibration, formats: Mapping[str, NumberFormat], *, even: bool
) -> dict[str, Quantizer]:
    """Return the quantizer of every stored tensor; a softmax that ends the network stays real.

    A relu or relu6 that alone reads a layer with MACs or an addition is fused: both have its range, and the
    narrower of their formats. Windows' maxima and copies keep the codes of what they read where they are
    stored in the same format.

    Parameters
    ----------
    formats
        Of what is stored, by name of the layer and ``input``.
    """
    clamped = {reader: name for name, reader in fused_layers(network).items()}
    found: dict[str, Quantizer] = {}
    for name in (INPUT, *(layer.name for layer in network.layers)):
        layer = None if name == INPUT else network.layer(name)
        kept = None if layer is None else _kept(layer, found, formats[name], clamped)
        if kept is not None:
            found[name] = kept
        elif layer is None or not ends_in_reals(network, layer):
            reader = None if layer is None else fused_reader(network, layer)
            ranged = name if reader is None else reader.name
            stored = min((formats[name], formats[ranged]), key=lambda one: one.bits)
            limits = calibration.limits(ranged, stored, even=even)
            found[name] = scalar(quantizer(limits, stored, even=even))
    return found


def _kept(
    layer: Layer, found: Mapping[str, Quantizer], stored: NumberFormat, clamped: Mapping[str, str]
) -> Quantizer | None:
    """Return the quantizer that a layer shares with another; None where it has its own."""
    if layer.name in clamped:
        return found[clamped[layer.name]]
    if layer.folded:
        return found[layer.inputs[0]]
    if keeps_codes(layer) and found[layer.inputs[0]].format == stored:
        return found[layer.inputs[0]]
    return None


def fused_reader(network: Network, layer: Layer) -> Layer | None:
    """Return the relu or relu6 that runs as a clamp in a layer's output, if there is one."""
    return clamped_by(network, layer) if layer.is_mac or layer.op is Op.ADD else None


def fused_layers(network: Network) -> dict[str, str]:
    """Return the fused activations by the layer whose output they clamp."""
    readers = {layer.name: fused_reader(network, layer) for layer in network.layers if not layer.folded}
    return {name: reader.name for name, reader in readers.items() if reader is not None}


def keeps_codes(layer: Layer) -> bool:
    """Whether every output value is one of the input's (or zero)."""
    return layer.op is Op.MAX_POOL or (layer.op is Op.ELEMENTWISE and layer.function == "copy")


def ends_in_reals(network: Network, layer: Layer) -> bool:
    """Whether the layer is a softmax that no other reads: codes would make ties of its small values."""
    return layer.op is Op.SOFTMAX and not network.consumers(layer.name)


def nonnegative(network: Network, name: str) -> bool:
    """Whether a tensor can hold no negative value, whatever the images."""
    if name == INPUT:
        return False
    layer = network.layer(name)
    if layer.op is Op.ACTIVATION:
        return layer.function in _NONNEGATIVE
    if layer.op is Op.SOFTMAX:
        return True
    if layer.is_mac or (layer.op is Op.ELEMENTWISE and layer.function in {"subtract", "scale", "other"}):
        return False
    return all(nonnegative(network, source) for source in layer.inputs)
