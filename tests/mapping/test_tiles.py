"""The tiles of a schedule against the mapper's own account, on every layer of shipped networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from archsim.config import find
from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import Work, total_work
from archsim.mapping.layers import LayerMapper, MacMapping, Situation
from archsim.mapping.placement import place
from archsim.mapping.prices import Prices
from archsim.mapping.schedule import Run
from archsim.mapping.tiling import price
from archsim.workload import load_network

ARCHITECTURES = (
    "von_neumann",
    "scalesim_32x32_ws",
    "scalesim_32x32_os",
    "scalesim_32x32_is",
    "pim_3d_edge",
)
NETWORKS = ("vgg16", "resnet18", "mobilenet_v2", "googlenet")


def mappings(config: str, network: str, images: int = 1) -> Iterator[MacMapping]:
    """Every layer with MACs, with its activations outside and then inside the unit's memory."""
    machine = Architecture.load(config)
    mapper = LayerMapper(machine, Prices(machine), images, frozenset())
    for step in place(load_network(find("traces", network)), machine).steps:
        for share in step.shares:
            memory = machine.compute[share.unit].memory
            root, room = machine.root(memory), machine.memories[memory].capacity_bits
            for inputs, output in ((root, root), (memory, root), (root, memory), (memory, memory)):
                mapped = mapper.map(share, Situation((inputs,) * len(share.layer.inputs), output, room))
                if isinstance(mapped, MacMapping):
                    assert sum(run.tile.work.macs * run.count for run in mapped.runs()) == (
                        images * share.layer.macs
                    )
                    yield mapped


def moved(runs: tuple[Run, ...]) -> Counter[str]:
    found: Counter[str] = Counter()
    for run in runs:
        for transfer in (*run.tile.loads, *run.tile.stores):
            found[transfer.tensor] += run.count * transfer.bits
    return found


def energy_j(mapped: MacMapping, work: Work, traffic: Counter[str]) -> float:
    """Energy of a schedule's counts at the prices that the mapper was given."""
    costs, time_ps = mapped.problem.costs, mapped.choice.time_ps
    return (
        traffic["weights"] * costs.fill_weight_j
        + traffic["inputs"] * costs.fill_input_j
        + traffic["outputs"] * costs.store_output_j
        + traffic["partial_sums"] / 2 * costs.spill_j
        + work.macs * costs.mac_j
        + work.input_reads * costs.input_read_j
        + work.weight_reads * costs.weight_read_j
        + work.output_passes * costs.pass_j
        + work.outputs * costs.output_j
        + work.accumulator_reads * costs.sum_read_j
        + work.accumulator_writes * costs.sum_write_j
        + work.weight_writes * costs.weight_write_j
        + work.cycles * costs.cycle_j
        + sum(run.count for run in mapped.runs()) * costs.tile_j
        + costs.static_w * time_ps * 1e-12
    )


def check(mapped: MacMapping) -> None:
    """The tiles add up to the cost that chose them, to whole outputs, to no less than the compulsory."""
    runs = mapped.runs()
    work, traffic = total_work((run.tile.work, run.count) for run in runs), moved(runs)
    problem, choice = mapped.problem, mapped.choice
    assert work.cycles == choice.cycles
    assert sum(run.count for run in runs) == choice.tiles
    assert traffic.total() == choice.traffic_bits
    assert work.outputs == problem.groups * problem.filters * problem.pixels
    assert energy_j(mapped, work, traffic) == pytest.approx(choice.energy_j, rel=1e-9, abs=0)
    assert choice == price(problem, choice.tiling)
    for (tensor, _), bits in mapped.compulsory_bits().items():
        assert traffic[tensor] >= bits, tensor
    if problem.outputs_staged:
        assert traffic["outputs"] == work.outputs * problem.operands.output_bits


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("config", ARCHITECTURES)
def test_tiles_of_shipped_networks_add_up_to_the_mappers_account(config: str, network: str) -> None:
    for mapped in mappings(config, network):
        check(mapped)


@pytest.mark.parametrize("config", ["von_neumann", "pim_3d_edge"])
def test_tiles_of_a_batch_add_up_too(config: str) -> None:
    for mapped in mappings(config, "resnet18", images=3):
        check(mapped)


def test_scalesim_layers_are_one_tile_with_compulsory_traffic() -> None:
    for mapped in mappings("scalesim_32x32_is", "resnet18"):
        assert mapped.choice.tiles == 1
        assert moved(mapped.runs()).total() == sum(mapped.compulsory_bits().values())
