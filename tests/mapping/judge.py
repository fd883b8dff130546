"""Prices of a walked mapping: the objective of the mapper, written again from its definition."""

from __future__ import annotations

from partial_sums import Counts

from archsim.mapping.problem import Problem


def _loads_weights(problem: Problem) -> bool:
    return problem.weights != "resident" and problem.weights_staged


def moved_bits(problem: Problem, counts: Counts) -> dict[str, int]:
    """Bits between the homes and the unit, by tensor; partial sums one way."""
    operands = problem.operands
    return {
        "weights": counts.loaded["weights"] * operands.weight_bits * _loads_weights(problem),
        "inputs": counts.loaded["inputs"] * operands.input_bits * problem.inputs_staged,
        "outputs": counts.stored * operands.output_bits * problem.outputs_staged,
        "spilled": counts.spilled * operands.accumulator_bits,
        "reloaded": counts.reloaded * operands.accumulator_bits,
    }


def _tile_bits(problem: Problem, counts: Counts) -> dict[str, int]:
    """The largest tile of each tensor that passes through the unit's memory or cells."""
    operands = problem.operands
    return {
        "weights": counts.largest["weights"] * operands.weight_bits * _loads_weights(problem),
        "inputs": counts.largest["inputs"] * operands.input_bits * problem.inputs_staged,
        "outputs": counts.largest["outputs"] * operands.output_bits * problem.outputs_staged,
    }


def _room(problem: Problem, counts: Counts) -> dict[str, int]:
    """The largest tile of each tensor, twice where another one follows it under double buffering."""
    tile = _tile_bits(problem, counts)
    if counts.spilled:
        tile["outputs"] = counts.largest["outputs"] * problem.operands.accumulator_bits
    return {
        tensor: bits * (2 if problem.double_buffering and counts.changes[tensor] > 1 else 1)
        for tensor, bits in tile.items()
    }


def room_bits(problem: Problem, counts: Counts) -> int:
    """Room in the unit's memory."""
    room = _room(problem, counts)
    return room["inputs"] + room["outputs"] + (room["weights"] if problem.weights == "memory" else 0)


def cell_bits(problem: Problem, counts: Counts) -> int:
    """Room in the unit's own cells."""
    return 0 if problem.weights == "memory" else _room(problem, counts)["weights"]


def fits(problem: Problem, counts: Counts) -> bool:
    """Whether buffer, cells and accumulators are large enough; sums can only spill to another memory."""
    return (
        room_bits(problem, counts) <= problem.free_bits
        and cell_bits(problem, counts) <= problem.cell_bits
        and counts.most_sums <= problem.sums_held
        and (problem.outputs_staged or not counts.spilled)
    )


def time_ps(problem: Problem, counts: Counts) -> float:
    """Longer of computing and moving, plus the first load and the last store; their sum without doubling."""
    costs, operands = problem.costs, problem.operands
    port = counts.input_reads * operands.input_bits + counts.stored * operands.output_bits
    if problem.weights == "memory":
        port += counts.weight_reads * operands.weight_bits
    busy = max(counts.cycles * costs.cycle_ps, port * costs.port_ps)
    moved, tile = moved_bits(problem, counts), _tile_bits(problem, counts)
    rates = {"weights": costs.weight_ps, "inputs": costs.input_ps, "outputs": costs.output_ps}
    changes = max(
        counts.changes["weights"] * _loads_weights(problem),
        counts.changes["inputs"] * problem.inputs_staged,
    )
    moving = costs.latency_ps * changes + sum(moved[name] * rate for name, rate in rates.items())
    moving += (moved["spilled"] + moved["reloaded"]) * costs.spill_ps
    if not problem.double_buffering:
        return busy + moving
    return max(busy, moving) + sum(tile[name] * rate for name, rate in rates.items())


def energy_j(problem: Problem, counts: Counts) -> float:
    """Counted actions times their energies, and static power over the time."""
    costs, moved = problem.costs, moved_bits(problem, counts)
    written = counts.loaded["weights"] if problem.weights == "cells" and _loads_weights(problem) else 0
    return (
        moved["weights"] * costs.fill_weight_j
        + moved["inputs"] * costs.fill_input_j
        + moved["outputs"] * costs.store_output_j
        + moved["spilled"] * costs.spill_j
        + counts.macs * costs.mac_j
        + counts.input_reads * costs.input_read_j
        + counts.weight_reads * costs.weight_read_j
        + counts.passes * costs.pass_j
        + counts.stored * costs.output_j
        + counts.sum_reads * costs.sum_read_j
        + counts.sum_writes * costs.sum_write_j
        + written * costs.weight_write_j
        + counts.cycles * costs.cycle_j
        + counts.tiles * costs.tile_j
        + costs.static_w * time_ps(problem, counts) * 1e-12
    )


def objective(problem: Problem, counts: Counts) -> float:
    """Value of the declared objective: bits, picoseconds, joules or joule-picoseconds."""
    if problem.objective == "traffic":
        return float(sum(moved_bits(problem, counts).values()))
    if problem.objective == "latency":
        return time_ps(problem, counts)
    if problem.objective == "energy":
        return energy_j(problem, counts)
    return energy_j(problem, counts) * time_ps(problem, counts)
