"""Layers that several units share: every unit computes its own output channels."""

import numpy as np
import pytest

from archsim.arithmetic.kernels import Arithmetic, Window
from archsim.arithmetic.macs import DigitalMacs
from archsim.inference.unit_functions import SplitMacs
from archsim.registry import create

EXACT = DigitalMacs(Arithmetic(create("multipliers", {"kind": "exact"})))
APPROXIMATE = DigitalMacs(Arithmetic(create("multipliers", {"kind": "scdm8", "low": 7, "high": 3})))


@pytest.mark.parametrize(("groups", "counts"), [(1, (5, 7)), (4, (3, 9)), (6, (8, 4))])
def test_every_unit_computes_its_own_outputs(groups, counts):
    rng = np.random.default_rng(groups)
    window = Window(padding=1, groups=groups)
    inputs, weights = (
        rng.integers(-128, 128, (2, 12, 6, 5)),
        rng.integers(-128, 128, (12, 12 // groups, 3, 3)),
    )
    bias = rng.integers(-999, 999, 12)
    split = SplitMacs(((EXACT, counts[0]), (APPROXIMATE, counts[1])))
    sums = split.convolver(weights, window, bias, -128)(inputs)
    alone = [one.convolver(weights, window, bias, -128)(inputs) for one in (EXACT, APPROXIMATE)]
    assert np.array_equal(sums[:, : counts[0]], alone[0][:, : counts[0]])
    assert np.array_equal(sums[:, counts[0] :], alone[1][:, counts[0] :])
    assert not np.array_equal(alone[0], alone[1])
