"""How the pixels of a data set become the values that a network was trained on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from archsim.errors import InputError
from archsim.workload.geometry import LARGEST, Pair
from archsim.workload.parameters import Reals

Pixels = NDArray[np.uint8]
"""Images as stored: [image][channel][row][column]."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Preprocessing(BaseModel):
    """Resize, crop, order of channels, then (pixel / scale - mean) / std in float32.

    (x - 128) / 128 is `{scale: 128, mean: 1}`; nothing at all keeps the pixels' values of 0 to 255.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    size: Pair | None = None
    """Rows and columns to which an image is resized (bilinear, needs Pillow)."""
    crop: Pair | None = None
    """Rows and columns that are kept around the centre, after resizing."""
    channel_order: Literal["rgb", "bgr"] = "rgb"
    """Order of the channels that the network expects."""
    scale: Positive = 1.0
    """Divisor of the pixel values."""
    mean: Annotated[tuple[Finite, ...], BeforeValidator(_as_list), Field(min_length=1)] = (0.0,)
    """Subtracted after the division: one number, or one per channel."""
    std: Annotated[tuple[Positive, ...], BeforeValidator(_as_list), Field(min_length=1)] = (1.0,)
    """Divisor after the subtraction: one number, or one per channel."""

    label_offset: Annotated[int, Field(ge=0, le=LARGEST, strict=True)] = 0
    """Added to the class of an image: 1 where the network's output 0 stands for the background."""

    def apply(self, pixels: Pixels) -> Reals:
        """Return the values that the network takes.

        Parameters
        ----------
        pixels
            Images as the data set stores them.

        Raises
        ------
        InputError
            If `mean` or `std` has not one number per channel, if a crop is larger than the image, or if
            resizing is asked for and Pillow is not installed.
        """
        channels = pixels.shape[1]
        mean = _per_channel("mean", self.mean, channels)
        std = _per_channel("std", self.std, channels)
        shaped = _cropped(pixels if self.size is None else _resized(pixels, self.size), self.crop)
        ordered = shaped[:, ::-1] if self.channel_order == "bgr" else shaped
        values = (ordered.astype(np.float32) / np.float32(self.scale) - mean) / std
        return np.ascontiguousarray(values, dtype=np.float32)


def _per_channel(name: str, values: tuple[float, ...], channels: int) -> Reals:
    if len(values) not in {1, channels}:
        message = f"{len(values)} values, but the images have {channels} channel{'s' * (channels > 1)}"
        raise InputError(message, field=f"preprocessing.{name}")
    return np.array(values, dtype=np.float32)[:, None, None]


def _cropped(pixels: Pixels, crop: tuple[int, int] | None) -> Pixels:
    if crop is None:
        return pixels
    rows, columns = pixels.shape[2:]
    if crop[0] > rows or crop[1] > columns:
        message = f"{crop[0]}x{crop[1]} is larger than the image of {rows}x{columns}"
        raise InputError(message, field="preprocessing.crop")
    top, left = (rows - crop[0]) // 2, (columns - crop[1]) // 2
    return pixels[:, :, top : top + crop[0], left : left + crop[1]]


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if pixels.shape[2:] == size:
        return pixels
    image = import_pillow("resizing images")
    planes = pixels.reshape(-1, *pixels.shape[2:])
    resized = [
        np.asarray(image.fromarray(plane).resize(size[::-1], image.Resampling.BILINEAR)) for plane in planes
    ]
    return np.array(resized, dtype=np.uint8).reshape(*pixels.shape[:2], *size)


def import_pillow(purpose: str) -> Any:
    """Return Pillow's `Image` module; `InputError` that names the extra where it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise InputError(f"{purpose} needs Pillow: pip install 'archsim[images]'") from None
    return Image
