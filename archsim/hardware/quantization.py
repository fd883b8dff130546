"""How a network is quantized for the units of an architecture: the block `quantization` of its file."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archsim.arithmetic.number_format import number_format
from archsim.errors import InputError, nearest
from archsim.workload.layer import Layer

Scheme = Literal["integer", "manifest", "ace_cnn"]
Rounding = Literal["float32_rne", "fixed_point"]
Method = Literal["min_max", "percentile", "mse"]
Overflow = Literal["wrap", "saturate"]

Bits = Annotated[int, Field(ge=2, le=16, strict=True)]

_PERCENTILE: Final = 99.99

_WILD: Final = frozenset("*?[")


class _Block(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


class CalibrationOptions(_Block):
    """How the ranges of activations follow from a sample of images."""

    method: Method = "min_max"
    """``min_max``: every value seen is in range. ``percentile``: the given share of magnitudes is.
    ``mse``: the clipped range with the least square error of the quantized values."""

    percentile: float | None = Field(default=None, gt=0, le=100, allow_inf_nan=False)
    """Share in percent, for the method of that name alone; 99.99 where it is left out."""

    images: int = Field(default=200, ge=1, strict=True)
    """Training images; fewer where the data set has fewer. Where it has none, the first of every tenth test
    image, whatever images the accuracy is measured on."""

    @model_validator(mode="after")
    def _check_percentile(self) -> Self:
        if self.percentile is not None and self.method != "percentile":
            message = f"has no effect with method {self.method}: leave it out, or set method: percentile"
            raise InputError(message, field="percentile")
        return self

    @property
    def share(self) -> float:
        """Percentile in use."""
        return _PERCENTILE if self.percentile is None else self.percentile


class Quantization(_Block):
    """Post-training quantization of weights and activations."""

    scheme: Scheme = "integer"
    """``integer``: codes from layer to layer. ``manifest``: inputs and weights of layers with MACs in
    integers, everything between in float32. ``ace_cnn``: as ``manifest``, each input scaled to its own
    largest value."""

    rounding: Rounding = "float32_rne"
    """How sums become codes under ``integer``: a float32 factor and round half to even, as ONNX's QLinear
    operators, or a fixed-point factor that rounds twice, as gemmlowp."""

    weights: Literal["per_channel", "per_tensor"] = "per_channel"
    """One weight scale for each output channel, or one for the whole tensor."""

    activations: Literal["symmetric", "asymmetric"] = "symmetric"
    """Zero point 0 where the unit's operands are signed, or codes over the whole range of the values."""

    calibration: CalibrationOptions = CalibrationOptions()
    """Where the ranges of activations come from."""

    bits: Bits | None = None
    """Most bits of the operands of layers with MACs; none: those of the unit, which more do not change."""

    layer_bits: dict[str, Bits] = {}
    """The same for single layers in place of `bits`, by name or glob; the first match wins."""

    overflow: Overflow = "wrap"
    """What becomes of a sum that leaves the accumulator, once, at the end of the sum."""

    @model_validator(mode="after")
    def _check_scheme(self) -> Self:
        idle = {"rounding": self.scheme != "integer" and self.rounding == "fixed_point"}
        if self.scheme == "ace_cnn":
            idle["activations"] = self.activations == "asymmetric"
            idle["calibration.method"] = self.calibration.method != "min_max"
        for field, stated in idle.items():
            if stated:
                raise InputError(f"has no effect under scheme {self.scheme}: leave it out", field=field)
        return self

    @property
    def per_channel(self) -> bool:
        """Whether weights have one scale for each output channel."""
        return self.weights == "per_channel"

    @property
    def even(self) -> bool:
        """Whether activations have zero point 0 where the format is signed."""
        return self.activations == "symmetric"

    def bits_of(self, layer: Layer) -> int | None:
        """Return the most bits of a layer's operands: the block's, no more than its own format's."""
        matches = (bits for name, bits in self.layer_bits.items() if fnmatchcase(layer.name, name))
        own = None if layer.number_format is None else number_format(layer.number_format).bits
        stated = [bits for bits in (next(matches, self.bits), own) if bits is not None]
        return min(stated, default=None)

    def check_layers(self, names: list[str]) -> None:
        """Refuse a full name in `layer_bits` that is none of the layers with MACs; a glob may match nothing.

        Raises
        ------
        InputError
            With the nearest name.
        """
        for name in self.layer_bits:
            if name not in names and not _WILD & set(name):
                message = f"the network has no layer {name!r} with multiply-accumulates"
                raise InputError(message, field="quantization.layer_bits", suggestion=nearest(name, names))

    def unmatched(self, names: list[str]) -> list[str]:
        """Return the patterns of `layer_bits` that match none of these layers."""
        return [name for name in self.layer_bits if not any(fnmatchcase(layer, name) for layer in names)]
