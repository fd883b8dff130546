"""A 2 x 2 array with everything around it and a network of four layers, to be counted by hand."""

from __future__ import annotations

from typing import Any

from archsim.hardware.architecture import Architecture
from archsim.workload import Activation, Conv2d, Linear, MaxPool, Network, build_network

TINY: dict[str, Any] = {
    "archsim": 1,
    "name": "tiny",
    # 77 C is 350 K, where the SRAM leakages are tabulated: no temperature scaling comes in.
    "technology": {"node": "45 nm", "voltage": "0.9 V", "temperature": "77 C"},
    "memories": {
        "dram": {"kind": "dram", "part": "LPDDR4-3200-x16-8Gb", "model": "streaming"},
        "buffer": {"kind": "sram", "capacity": "16 KiB", "width": "64 b", "backed_by": "dram"},
    },
    "links": {
        "bus": {
            "kind": "bus",
            "width": "8 b",
            "clock": "500 MHz",
            "connects": ["dram", "buffer", "npu", "cpu"],
        }
    },
    "compute": {
        "npu": {
            "kind": "pe_array",
            "rows": 2,
            "columns": 2,
            "clock": "500 MHz",
            "dataflow": "weight_stationary",
            "memory": "buffer",
            "accumulator_capacity": "1 KiB",
        },
        "cpu": {"kind": "core", "clock": "500 MHz", "memory": "buffer"},
    },
    "placement": [
        {"op": ["conv2d", "linear", "activation"], "unit": "npu"},
        {"unit": "cpu"},
    ],
    "schedule": {"objective": "traffic"},
    "mapping": [{"layer": "*"}],
}


def tiny(**changes: Any) -> Architecture:
    """Return the architecture, with whole sections replaced."""
    return Architecture.from_dict(TINY | changes)


def network() -> Network:
    """Return a convolution 2x4x4 -> 3x2x2, a ReLU, a pooling to 3x1x1 and a linear layer to 5."""
    layers = [
        Conv2d(name="conv", out_channels=3, kernel=3),
        Activation(name="relu", function="relu"),
        MaxPool(name="pool", kernel=2),
        Linear(name="fc", out_channels=5),
    ]
    return build_network("tiny", (2, 4, 4), layers)
