"""Ratios of signal to noise as reports state them."""

from __future__ import annotations

import json
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from archsim.inference import sqnr_db
from archsim.results.accuracy import AccuracyRow, from_decibels, to_decibels


@given(st.floats(-300, 300) | st.sampled_from([inf, -inf]))
def test_a_ratio_comes_back_from_json(ratio: float) -> None:
    assert from_decibels(json.loads(json.dumps(to_decibels(ratio), allow_nan=False))) == ratio


def test_noise_without_signal_is_told_apart_from_no_noise() -> None:
    found = {"same": sqnr_db(1.0, 0.0), "dead": sqnr_db(0.0, 1.0), "some": sqnr_db(10.0, 1.0)}
    row = AccuracyRow(
        dataset="digits",
        images=1,
        top1=0,
        top1_float=1,
        top1_exact=1,
        agreement=0,
        sqnr_own_db={name: to_decibels(ratio) for name, ratio in found.items()},
    )
    stated = json.loads(row.model_dump_json())["sqnr_own_db"]
    assert stated == {"same": None, "dead": "-inf", "some": 10.0}
    assert AccuracyRow.model_validate(row.model_dump()) == row
