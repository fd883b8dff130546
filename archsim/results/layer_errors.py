"""How errors go through a network, layer by layer, as a report holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archsim.errors import InputError
from archsim.results.accuracy import AccuracyRow, from_decibels
from archsim.results.report import LayerRow, Report


@dataclass(frozen=True, slots=True)
class LayerErrors:
    """Errors of one output; ratios of signal to noise in dB, infinite where nothing differs.

    A ratio is minus infinity where the signal is zero throughout and what was found is not.

    Attributes
    ----------
    layers
        The layer, and those after it that pass its output on as it is, such as a fused activation.
    against_float, against_exact
        Errors of all layers up to here, against float32 and against exact integers.
    own
        What the layer adds itself, against exact integers; None where a report does not say.
    top1_alone
        Top-1 as a fraction when only this layer is on its unit's arithmetic, where it was asked for.
    """

    layers: tuple[LayerRow, ...]
    against_float: float
    against_exact: float
    own: float | None
    top1_alone: float | None

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layers[0].name


def errors_by_layer(report: Report) -> list[LayerErrors]:
    """Return the errors of every output in execution order; a layer that several units share comes once.

    Raises
    ------
    InputError
        If no accuracy was measured.
    """
    accuracy = report.accuracy
    if accuracy is None:
        raise InputError("the report has no accuracy: run it with images", field="accuracy")
    once = {layer.name: layer for layer in reversed(report.layers)}
    found: list[LayerErrors] = []
    for layer in report.layers:
        if layer.name not in accuracy.sqnr_against_exact_db or once[layer.name] is not layer:
            continue
        one = _errors_of(layer, accuracy)
        if found and _passes_on(one, found[-1]):
            found[-1] = replace(found[-1], layers=(*found[-1].layers, layer))
        else:
            found.append(one)
    return found


def _errors_of(layer: LayerRow, accuracy: AccuracyRow) -> LayerErrors:
    own = accuracy.sqnr_own_db
    return LayerErrors(
        (layer,),
        from_decibels(layer.sqnr_db),
        from_decibels(accuracy.sqnr_against_exact_db[layer.name]),
        from_decibels(own[layer.name]) if layer.name in own else None,
        layer.top1_if_only_this_layer,
    )


def _passes_on(one: LayerErrors, before: LayerErrors) -> bool:
    """Whether a layer is an activation with the very errors of the layer before it: both have one output."""
    same = (one.against_float, one.against_exact) == (before.against_float, before.against_exact)
    return same and one.layers[0].op == "activation"
