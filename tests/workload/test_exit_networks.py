"""The shipped networks with early exits: what each exit costs, and the fixed weights of the bands."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from archsim.config import shipped_folder
from archsim.workload import Op, load_network
from archsim.workload.weights import find_weights, load_parameters

ICNNS = ("digits_icnn", "fashion_icnn")
TRAINED = (*ICNNS, "fashion_exits")


@pytest.mark.parametrize("name", ICNNS)
def test_bands_are_the_haar_transform_of_two_by_two_pixels(name: str) -> None:
    network = load_network(name)
    parameters = load_parameters(find_weights(network.weights_for()), network)
    bands = [parameters[f"iteration{index}.bands"] for index in (2, 3)]
    rows, columns, diagonal = np.concatenate([band.weight[:, 0] for band in bands])
    assert not any(band.bias.any() for band in bands)
    np.testing.assert_array_equal(rows, [[0.5, 0.5], [-0.5, -0.5]])
    np.testing.assert_array_equal(columns, rows.T)
    np.testing.assert_array_equal(diagonal, 2 * rows * columns)
    basis = np.stack([np.full((2, 2), 0.5), rows, columns, diagonal]).reshape(4, 4)
    np.testing.assert_array_equal(basis @ basis.T, np.eye(4))


def icnn_macs(size: int, own: int, joint: tuple[int, int, int], stride: int, pool: int) -> Iterator[int]:
    """Positions x outputs x inputs x taps, up to each exit."""
    half = size // 2
    positions = (half // stride) ** 2
    total, earlier = 0, 0
    for bands, features in zip((0, 2, 1), joint, strict=True):
        total += half**2 * bands * 4
        total += positions * 9 * own * max(bands, 1)
        total += positions * 9 * features * (own + earlier)
        total += 10 * features * (half // stride // pool) ** 2
        earlier = features
        yield total


FORMULAS = {
    "digits_icnn": list(icnn_macs(8, 8, (16, 16, 24), 1, 1)),
    "fashion_icnn": list(icnn_macs(28, 12, (16, 24, 32), 2, 2)),
    "fashion_exits": [
        28**2 * 9 * 8 + 7**2 * 9 * 8 * 16 + 7**2 * 16 * 10,
        28**2 * 9 * 8 + 7**2 * 9 * 8 * 16 + 7**2 * 16 * 10
        + 14**2 * 9 * 8 * 24 + 7**2 * 9 * 24 * 32 + 3**2 * 32 * 10,
    ],
    "digits_exits": [
        8**2 * 9 * 16 + 4**2 * 16 * 10,
        8**2 * 9 * 16 + 4**2 * 16 * 10 + 8**2 * 9 * 16**2 + 4**2 * 9 * 16 * 32 + 2**2 * 32 * 10,
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_macs_up_to_each_exit(name: str) -> None:
    network = load_network(name)
    names = [layer.name for layer in network.layers]
    macs = np.cumsum([layer.macs for layer in network.layers])
    assert [macs[names.index(output)] for output in network.outputs] == FORMULAS[name]


@pytest.mark.parametrize("name", TRAINED)
def test_the_trace_states_the_macs_of_its_exits(name: str) -> None:
    text = (shipped_folder("traces") / f"{name}.yaml").read_text(encoding="utf-8")
    stated = {exit_: int(macs.replace(",", "")) for macs, exit_ in re.findall(r"([\d,]+) up to (\w+)", text)}
    assert stated == dict(zip(load_network(name).exits, FORMULAS[name], strict=False))


@pytest.mark.parametrize("name", TRAINED)
def test_exits_and_end_are_softmaxes_that_nothing_reads(name: str) -> None:
    network = load_network(name)
    assert network.outputs == (*network.exits, "end")
    assert {network.layer(output).op for output in network.outputs} == {Op.SOFTMAX}
