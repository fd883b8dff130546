"""Pixels to the values that a network was trained on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.errors import InputError
from archsim.workload.preprocessing import Preprocessing

RGB = np.arange(2 * 3 * 4 * 6, dtype=np.uint8).reshape(2, 3, 4, 6)


def test_without_steps_the_pixels_stay() -> None:
    values = Preprocessing().apply(RGB)
    assert values.dtype == np.float32
    assert (values == RGB).all()


def test_every_channel_is_scaled_and_standardised_by_its_own_figures() -> None:
    # The usual normalisation of ImageNet networks, pixel 124 of the middle channel by hand [calc].
    steps = Preprocessing(scale=255, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    pixels = np.full((1, 3, 2, 2), 124, np.uint8)
    values = steps.apply(pixels)[0, :, 0, 0]
    expected = [(124 / 255 - m) / s for m, s in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
    # One unit in the last place of pixel / 255 and of the mean, both in [0.25, 0.5), grown by the deviation.
    assert values == pytest.approx(expected, rel=0, abs=2 * 2**-25 / 0.224)


@given(st.integers(0, 255))
def test_scale_128_and_mean_1_is_pixel_minus_128_over_128_exactly(pixel: int) -> None:
    steps = Preprocessing(scale=128, mean=1)
    assert steps.apply(np.full((1, 1, 1, 1), pixel, np.uint8)).item() == (pixel - 128) / 128


def test_crop_keeps_the_centre_and_bgr_turns_the_channels() -> None:
    values = Preprocessing(crop=[2, 4], channel_order="bgr").apply(RGB)
    assert (values == RGB[:, ::-1, 1:3, 1:5]).all()


def test_bilinear_resize_of_a_constant_and_of_a_ramp() -> None:
    pytest.importorskip("PIL")
    constant = Preprocessing(size=5).apply(np.full((1, 3, 8, 8), 77, np.uint8))
    assert constant.shape == (1, 3, 5, 5)
    assert (constant == 77).all()
    ramp = np.tile(np.arange(0, 64, 8, dtype=np.uint8), (8, 1))[None, None]
    halves = Preprocessing(size=[8, 4]).apply(ramp)[0, 0, 0]
    assert (np.diff(halves) > 0).all()
    assert halves.mean() == pytest.approx(ramp.mean(), abs=0.5)


def test_a_size_that_the_image_has_needs_no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    assert Preprocessing(size=[4, 6]).apply(RGB).shape == RGB.shape
    with pytest.raises(InputError, match=r"needs Pillow: pip install 'archsim\[images\]'"):
        Preprocessing(size=2).apply(RGB)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"mean": [1, 2]}, "preprocessing.mean: 2 values, but the images have 3 channels"),
        ({"std": [1, 2, 3, 4]}, "preprocessing.std: 4 values, but the images have 3 channels"),
        ({"crop": [5, 2]}, "preprocessing.crop: 5x2 is larger than the image of 4x6"),
    ],
)
def test_steps_that_do_not_fit_the_images_are_refused(steps: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Preprocessing.model_validate(steps).apply(RGB)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "steps",
    [{"scale": 0}, {"std": [1, 0]}, {"mean": []}, {"mean": float("nan")}, {"size": 0}, {"label_offset": -1}],
)
def test_impossible_steps_are_refused(steps: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Preprocessing.model_validate(steps)
