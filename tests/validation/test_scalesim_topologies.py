"""Cycles of whole runs against SCALE-Sim: its closed forms on every row of its own topologies, its tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archsim import Architecture, load_network, simulate
from archsim.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
from validation import scalesim  # noqa: E402 - the folder has to be on the path

FLOWS = tuple(scalesim.FLOWS)
SMALL, ALEXNET = (ROOT / "benchmarks" / "topologies" / name for name in ("small.csv", "alexnet.csv"))
# Layers of more than two million pixels, or of more than 256 MiB: too large for the shipped memories.
LARGE = {
    "unet2d.csv",
    "UNet_2d.csv",
    "Resnet50_4k_no_pool.csv",
    "MobileNet_4k_non_dw.csv",
    "mobilnet_4k.csv",
    "mobilnet_reduce_run.csv",
    "yolo.csv",
}


@pytest.fixture(scope="module")
def topologies(shared_data: Path) -> Path:
    return shared_data / "scalesim_topologies"


def differing(architecture: Architecture, flow: str, files: list[Path]) -> Iterator[tuple[object, ...]]:
    """Layers whose compute cycles in the report are not SCALE-Sim's."""
    unit = architecture.compute["npu"]
    for path in files:
        network, stated = load_network(path), scalesim.stated_rows(path)
        rows = simulate(architecture, network).layers[: len(network.layers)]
        for row, one in zip(rows, stated, strict=True):
            expected = scalesim.stall_free_cycles(flow, one, unit.rows, unit.columns)
            if row.compute_cycles != expected:
                yield path.name, row.name, row.compute_cycles, expected
            assert row.macs == one.pixels * one.depth * one.filters, (path.name, row.name)
            assert row.cycles == row.compute_cycles + row.stall_cycles


def test_all_files_are_looked_at(topologies: Path) -> None:
    files = scalesim.topology_files(topologies)
    assert len(files) == 38
    assert {path.name for path in files} >= LARGE
    assert sum(len(scalesim.stated_rows(path)) for path in files) == 532
    (other,) = set(topologies.rglob("*.csv")) - set(files)
    with pytest.raises(InputError, match="separated by tabs"):
        load_network(other)


@pytest.mark.parametrize("flow", FLOWS)
def test_layers_take_scalesims_cycles_on_the_shipped_configurations(topologies: Path, flow: str) -> None:
    files = [path for path in scalesim.topology_files(topologies) if path.name not in LARGE]
    assert not list(differing(Architecture.load(f"scalesim_32x32_{flow}"), flow, files))


@pytest.mark.parametrize("flow", FLOWS)
def test_large_layers_take_scalesims_cycles_in_larger_memories(topologies: Path, flow: str) -> None:
    files = [path for path in scalesim.topology_files(topologies) if path.name in LARGE]
    assert not list(differing(scalesim.large(flow, 32, 32), flow, files))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(128, 128), (16, 48), (64, 8)])
@pytest.mark.parametrize("flow", FLOWS)
def test_every_layer_takes_scalesims_cycles_on_other_arrays(
    topologies: Path, flow: str, size: tuple[int, int]
) -> None:
    files = scalesim.topology_files(topologies)
    assert not list(differing(scalesim.large(flow, *size), flow, files))


def test_the_forms_are_those_of_the_published_rows() -> None:
    """The reference of the tests above, on rows that SCALE-Sim itself counted."""
    for place, flow in enumerate(FLOWS):
        found = [scalesim.stall_free_cycles(flow, one, 32, 32) for one in scalesim.stated_rows(SMALL)]
        assert found == [cycles[place] for cycles in scalesim.COUNTED.values()]
    conv1 = scalesim.stated_rows(ALEXNET)[0]
    assert conv1 == (3025, 363, 96)
    assert scalesim.stall_free_cycles("ws", conv1, 32, 32) == 112_283


def test_the_published_rows_are_met_without_the_topologies() -> None:
    (section,) = scalesim.sections()
    assert len(section.rows) == 16
    assert [row.ours for row in section.rows] == [row.reference for row in section.rows]


@pytest.mark.slow
def test_all_layers_of_the_topologies_count_as_equal(topologies: Path) -> None:
    _, section = scalesim.sections(topologies)
    assert [(row.reference, row.ours) for row in section.rows] == [(532, 532)] * 3


def test_a_single_cycle_of_difference_is_found(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("Layer, M, N, K,\na, 40, 50, 60,\n")
    architecture = Architecture.load("scalesim_32x32_ws")
    assert not list(differing(architecture, "ws", [path]))
    assert [found[1:] for found in differing(architecture, "os", [path])] == [("a", 535, 487)]


def test_a_split_layer_is_not_scalesims() -> None:
    """Why the configurations hold every layer whole: a tile that splits the pixels pays its fill again."""
    split = [*scalesim.LARGE, 'mapping=[{layer: "*", rows: 5}]']
    cycles = scalesim.compute_cycles(Architecture.load("scalesim_32x32_ws", split), load_network(ALEXNET))
    assert cycles["conv1"] > 112_283
