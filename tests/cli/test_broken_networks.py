"""Broken meshes and caches: one line with the place, exit 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from edits import Edit, check_edit, ids
from test_broken_architectures import ARCHITECTURE

pytestmark = pytest.mark.usefixtures("in_empty_folder")

BUS = "{kind: bus, width: 128 b, clock: 500 MHz, connects: [dram, buffer, npu, cpu]}"
BUFFER = "{kind: sram, capacity: 512 KiB, width: 128 b, banks: 8, backed_by: dram}"


def on_mesh(fields: str, columns: int = 2) -> str:
    nodes = "width: 128 b, clock: 500 MHz, connects: [dram, buffer, npu, cpu]"
    return f"{{kind: mesh, columns: {columns}, rows: 2, {nodes}, {fields}}}"


def cached(fields: str) -> str:
    return f"{{kind: cache, width: 128 b, backed_by: dram, {fields}}}"


EDITS = [
    Edit(
        "unknown node", BUS, on_mesh("positions: {bufer: [0, 0]}"), "did you mean 'buffer'?"
    ),  # codespell:ignore
    Edit(
        "one place for two", BUS, on_mesh("positions: {npu: [1, 1], cpu: [1, 1]}"), "'npu' is at 1,1 already"
    ),
    Edit("off the mesh", BUS, on_mesh("positions: {npu: [2, 0]}"), "2,0 lies outside a mesh of 2 x 2"),
    Edit("a place is two numbers", BUS, on_mesh("positions: {npu: [1]}"), "positions.npu"),
    Edit("too small", BUS, on_mesh("router_cycles: 1", columns=1), "4 nodes do not fit into a mesh of 1 x 2"),
    Edit("odd cache", BUFFER, cached("capacity: 1000 B"), "1 kB does not divide into 4 ways of 64 B lines"),
    Edit("sets", BUFFER, cached("capacity: 48 KiB"), "are a power of two, got 192"),
    Edit("protected", BUFFER, cached("capacity: 64 KiB, protected_ways: 9"), "there are 4 ways"),
]


@pytest.mark.parametrize("edit", EDITS, ids=ids(EDITS))
def test_broken_network(edit, refused):
    Path("broken.yaml").write_text(ARCHITECTURE.replace(edit.old, edit.new, 1))
    error = refused("run", "broken.yaml", "lenet5", "-o", "out")
    check_edit(ARCHITECTURE, edit, error, "broken.yaml")
    assert [path.name for path in Path().iterdir()] == ["broken.yaml"]
