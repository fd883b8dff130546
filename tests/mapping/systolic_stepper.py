"""A systolic array, register by register: every cycle each PE passes its operands to its neighbours.

The array is always stepped as a whole (PEs without work hold zeros), one fold after the other, no overlap.
A fold ends with the cycle in which the last PE (output stationary) or the last result at the bottom edge
(weight and input stationary) is done; the sums of an output-stationary fold are read where they are. The
textbook count of a layer is the sum over its folds. SCALE-Sim reports one cycle less per layer.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int64]


def _step_right(registers: Matrix, entering: Matrix) -> Matrix:
    """Every value moves one PE to the right; ``entering`` goes into the first column."""
    return np.column_stack([entering, registers[:, :-1]])


def _step_down(registers: Matrix, entering: Matrix) -> Matrix:
    """Every value moves one PE down; ``entering`` goes into the first row."""
    return np.vstack([entering, registers[:-1]])


def _skewed(stream: Matrix, cycle: int) -> Matrix:
    """What enters lane i in a cycle: element ``cycle - i`` of its stream, zero before and after."""
    lanes, length = stream.shape
    at = cycle - np.arange(lanes)
    inside = (at >= 0) & (at < length)
    return np.where(inside, stream[np.arange(lanes), np.clip(at, 0, length - 1)], 0)


def _padded(block: Matrix, rows: int, columns: int) -> Matrix:
    return np.pad(block, ((0, rows - block.shape[0]), (0, columns - block.shape[1])))


def output_stationary_fold(left: Matrix, top: Matrix) -> tuple[Matrix, int]:
    """(R x K) times (K x C): operands flow right and down, each PE keeps its sum."""
    rows, depth = left.shape
    columns = top.shape[1]
    a, b = np.zeros((2, rows, columns), dtype=np.int64)
    sums = np.zeros((rows, columns), dtype=np.int64)
    marks, seen = np.zeros((rows, columns), dtype=np.int64), np.zeros((rows, columns), dtype=np.int64)
    tokens = np.ones((rows, depth), dtype=np.int64)
    cycle = 0
    while seen[-1, -1] < depth:
        a, b = _step_right(a, _skewed(left, cycle)), _step_down(b, _skewed(top.T, cycle))
        marks = _step_right(marks, _skewed(tokens, cycle))
        sums += a * b
        seen += marks
        cycle += 1
    return sums, cycle


def stationary_fold(held: Matrix, stream: Matrix) -> tuple[Matrix, int]:
    """(S x R) times the held (R x C): the stream flows right, sums run down and leave at the bottom."""
    rows, columns = held.shape
    length = stream.shape[0]
    weights = np.zeros((rows, columns), dtype=np.int64)
    for step in range(rows):
        weights = _step_down(weights, held[rows - 1 - step])
    a, sums, marks = np.zeros((3, rows, columns), dtype=np.int64)
    tokens = np.ones((rows, length), dtype=np.int64)
    results: list[list[int]] = [[] for _ in range(columns)]
    cycle = 0
    while len(results[-1]) < length:
        a, marks = _step_right(a, _skewed(stream.T, cycle)), _step_right(marks, _skewed(tokens, cycle))
        sums = _step_down(sums, np.zeros(columns, dtype=np.int64)) + weights * a
        for column in np.flatnonzero(marks[-1]):
            results[column].append(int(sums[-1, column]))
        cycle += 1
    return np.array(results, dtype=np.int64).T, rows + cycle


def run_layer(dataflow: str, inputs: Matrix, weights: Matrix, shape: tuple[int, int]) -> tuple[Matrix, int]:
    """Product of inputs (pixels x depth) and weights (depth x filters), fold by fold, and its cycles."""
    if dataflow == "output_stationary":
        return _output_stationary(inputs, weights, shape)
    if dataflow == "weight_stationary":
        return _stationary(weights, inputs, shape)
    product_transposed, cycles = _stationary(inputs.T, weights.T, shape)
    return product_transposed.T, cycles


def _output_stationary(inputs: Matrix, weights: Matrix, shape: tuple[int, int]) -> tuple[Matrix, int]:
    rows, columns = shape
    result = np.zeros((len(inputs), weights.shape[1]), dtype=np.int64)
    total = 0
    for i, j in product(range(0, len(inputs), rows), range(0, weights.shape[1], columns)):
        left, top = inputs[i : i + rows], weights[:, j : j + columns]
        sums, cycles = output_stationary_fold(
            _padded(left, rows, left.shape[1]), _padded(top, len(top), columns)
        )
        result[i : i + rows, j : j + columns] = sums[: len(left), : top.shape[1]]
        total += cycles
    return result, total


def _stationary(held: Matrix, stream: Matrix, shape: tuple[int, int]) -> tuple[Matrix, int]:
    """``stream`` (S x K) times ``held`` (K x M), K across the rows and M across the columns."""
    rows, columns = shape
    result = np.zeros((len(stream), held.shape[1]), dtype=np.int64)
    total = 0
    for i, j in product(range(0, len(held), rows), range(0, held.shape[1], columns)):
        block, part = held[i : i + rows, j : j + columns], stream[:, i : i + rows]
        sums, cycles = stationary_fold(_padded(block, rows, columns), _padded(part, len(part), rows))
        result[:, j : j + columns] += sums[:, : block.shape[1]]
        total += cycles
    return result, total
