"""Generated parts of the page on 3D-PIM: what its readouts lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from doc_tables import Make, figure, markdown

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import MacFunction, exact_macs
from archsim.hardware.compute.pim_3d import Pim3d
from archsim.workload.layer import Layer, Op, TensorShape

_LAYER = Layer(
    "conv",
    Op.CONV2D,
    ("input",),
    (TensorShape(64, 12, 12),),
    TensorShape(64, 12, 12),
    kernel=(3, 3),
    padding=(1, 1, 1, 1),
)
_CASES = [
    *((number_format, rows, 8) for number_format in ("int4", "int8") for rows in (4, 8, 16)),
    *(("int4", 8, bits) for bits in (6, 10, 12)),
]
_HEADER = ["format", "N", "converter", "proportional, dB", "fitted, dB", "gain", "with mismatch, dB"]


def pim_losses() -> str:
    """Return SQNR and gain of a random layer by format, N and converter, with one loss after the other."""
    return markdown(_HEADER, (_losses(*case) for case in _CASES))


def _losses(number_format: str, rows: int, converter_bits: int) -> list[str]:
    converter = {"kind": "adc", "bits": converter_bits}
    fields = {"memory": "buffer", "banks": 64, "number_format": number_format, "converter": converter}
    unit = Pim3d.model_validate(fields | {"rows_per_readout": rows, "mismatch": True})
    real = unit.mac_function(_LAYER, np.random.SeedSequence(0))
    alike = replace(real, cells=None)
    linear = replace(alike, readout=unit.shared_line.proportional_readout())
    found = [_compared(macs, unit.operands(_LAYER).input_bits) for macs in (linear, alike, real)]
    sqnr = [figure(decibels, 3) for decibels, _ in found]
    return [number_format, str(rows), f"{converter_bits} b", *sqnr[:2], f"{found[1][1]:.3f}", sqnr[2]]


def _compared(macs: MacFunction, bits: int) -> tuple[float, float]:
    """Return SQNR in dB, and the factor that fits the exact sums best."""
    rng, full = np.random.default_rng(0), 1 << bits
    shape, zero = _LAYER.input_shapes[0], -full // 2
    # Activations after a ReLU, their zero at the lowest code, and weights; normal, cut at 3 sigma.
    activations = rng.normal(0, full / 3, (2, shape.channels, shape.rows, shape.columns))
    codes = np.clip(np.rint(activations), 0, full - 1).astype(np.int64) + zero
    weights = np.clip(np.rint(rng.normal(0, full / 6, (64, 64, 3, 3))), zero, -zero - 1).astype(np.int64)
    start = -zero * weights.sum(axis=(1, 2, 3))
    window = Window(padding=1, pad_value=zero)
    exact, found = (
        one.convolver(weights, window, start, zero)(codes).astype(np.float64)
        for one in (exact_macs(bits, 32), macs)
    )
    power = float((exact**2).sum())
    return 10 * np.log10(power / ((found - exact) ** 2).sum()), float((found * exact).sum()) / power


PIM_TABLES: Mapping[str, Make[str]] = {"pim_losses": pim_losses}
