"""Which stored results are known to hold zeros: what the layers that read them state."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.workload.network import Network


def output_zeros(network: Network) -> Mapping[str, float]:
    """Return the known fraction of zeros of each layer's result, as it is stored.

    A layer with MACs states the zeros of its input. They are taken for those of the producer's result too,
    also where pooling lies between (assumption: pooling removes zeros, so this is the least). Where several
    layers read a result the smallest fraction counts; where one of them states none, nothing is known.
    """
    known: dict[str, float | None] = {}
    for layer in reversed(network.layers):
        stated = layer.activation_sparsity if layer.is_mac else known.get(layer.name)
        for name in layer.inputs:
            seen = known.get(name, stated)
            known[name] = None if stated is None or seen is None else min(seen, stated)
    return {name: zeros for name, zeros in known.items() if zeros is not None}
