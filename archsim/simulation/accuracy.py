"""A report with the accuracy that was measured on the same architecture and network."""

from __future__ import annotations

from dataclasses import asdict

from archsim.inference.measuring import Answer
from archsim.inference.memory_reads import MemoryErrors
from archsim.results.accuracy import AccuracyRow, QuantizationRow, to_decibels
from archsim.results.memory_errors import MemoryErrorsRow
from archsim.results.report import LayerRow, Report


def with_accuracy(report: Report, answer: Answer) -> Report:
    """Return the report with top-1, agreement, signal to noise of every layer and errors of memories."""
    found = answer.accuracy
    row = AccuracyRow(
        dataset=answer.dataset,
        images=found.images,
        quantization=_quantization(answer),
        top1=found.top1,
        top1_float=found.top1_float,
        top1_exact=found.top1_exact,
        top1_compensated=answer.compensated,
        agreement=found.agreement,
        overflowed_sums=dict(found.overflowed),
        sqnr_against_exact_db={
            name: to_decibels(error.against_exact) for name, error in found.layers.items()
        },
        sqnr_own_db={name: to_decibels(error.own) for name, error in found.layers.items()},
    )
    return report.model_copy(
        update={
            "accuracy": row,
            "memory_errors": {name: _errors(one) for name, one in answer.memory_errors.items()},
            "totals": report.totals.model_copy(update={"top1": found.top1}),
            "layers": tuple(_measured(layer, answer) for layer in report.layers),
        }
    )


def _quantization(answer: Answer) -> QuantizationRow:
    chosen, (part, images) = answer.quantization, answer.calibrated_on
    method, share = chosen.calibration.method, chosen.calibration.share
    return QuantizationRow(
        scheme=chosen.scheme,
        rounding=chosen.rounding,
        weights=chosen.weights,
        activations=chosen.activations,
        overflow=chosen.overflow,
        bits=dict(answer.bits),
        calibration=f"{method} {share:g}" if method == "percentile" else method,
        calibration_images=images,
        calibration_part=part,
    )


def _errors(found: MemoryErrors) -> MemoryErrorsRow:
    return MemoryErrorsRow(weak_cells=found.weak_cells, **asdict(found.counts))


def _measured(layer: LayerRow, answer: Answer) -> LayerRow:
    error = answer.accuracy.layers.get(layer.name)
    changes = {
        "sqnr_db": None if error is None else to_decibels(error.against_float),
        "top1_if_only_this_layer": answer.alone.get(layer.name),
    }
    return layer.model_copy(update=changes)
