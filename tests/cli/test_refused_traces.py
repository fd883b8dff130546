"""Broken traces and topologies: one line with the place, a hint for a typo, exit 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from edits import Edit, check_edit, ids

pytestmark = pytest.mark.usefixtures("in_empty_folder")

TRACE = """\
archsim: 1
name: small
input: {channels: 1, rows: 28, columns: 28}
layers:
  - {name: conv1, op: conv2d, out_channels: 6, kernel: 5, padding: 2}
  - {name: relu1, op: activation, function: relu}
  - {name: pool1, op: max_pool, kernel: 2, stride: 2}
  - {name: conv2, op: conv2d, out_channels: 6, kernel: 3, padding: 1}
  - {name: add, op: add, inputs: [pool1, conv2]}
  - {name: fc, op: linear, out_channels: 10}
  - {name: prob, op: softmax}
"""

SCALE_SIM = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
conv1, 227, 227, 11, 11, 3, 96, 4,
conv2, 27, 27, 5, 5, 96, 256, 1,
"""


TRACE_EDITS = [
    Edit(
        "typo of an op",
        "op: conv2d, out_channels: 6, kernel: 5",
        "op: conv2, out_channels: 6, kernel: 5",
        "'conv2d'",
    ),
    Edit("typo of a field", "kernel: 5", "kernal: 5", "did you mean 'kernel'?"),
    Edit(
        "typo of out_channels", "linear, out_channels", "linear, out_chanels", "did you mean 'out_channels'?"
    ),
    Edit("typo of padding", "padding: 2", "pading: 2", "did you mean 'padding'?"),
    Edit("typo of layers", "layers:", "leyers:", "did you mean 'layers'?"),
    Edit("typo of a function", "function: relu", "function: rellu", "did you mean 'relu'?"),
    Edit("typo of an input", "[pool1, conv2]", "[pool, conv2]", "did you mean 'pool1'?"),
    Edit("an input that does not exist", "[pool1, conv2]", "[pool1, nowhere]", "nowhere"),
    Edit("an input that comes later", "[pool1, conv2]", "[pool1, fc]", "fc"),
    Edit("a layer that reads itself", "[pool1, conv2]", "[pool1, add]", "add"),
    Edit("one input for an addition", "[pool1, conv2]", "[pool1]", "input"),
    Edit("shapes that do not add", "[pool1, conv2]", "[relu1, conv2]", "x"),
    Edit("a kernel larger than its input", "kernel: 5, padding: 2", "kernel: 50", "kernel"),
    Edit("a window larger than its input", "max_pool, kernel: 2", "max_pool, kernel: 99", "kernel"),
    Edit("no kernel", "kernel: 5", "kernel: 0", "kernel"),
    Edit("a negative kernel", "kernel: 5", "kernel: -5", "kernel"),
    Edit("half a kernel", "kernel: 5", "kernel: 2.5", "kernel"),
    Edit("a kernel of three numbers", "kernel: 5", "kernel: [5, 5, 5]", "kernel"),
    Edit("a kernel as a flag", "kernel: 5", "kernel: true", "kernel"),
    Edit("no stride", "stride: 2", "stride: 0", "stride"),
    Edit("negative padding", "padding: 2", "padding: -2", "padding"),
    Edit("no channels", "out_channels: 6, kernel: 3", "out_channels: 0, kernel: 3", "out_channels"),
    Edit("groups that do not divide", "kernel: 3, padding: 1", "kernel: 3, padding: 1, groups: 4", "groups"),
    Edit("a missing field", "out_channels: 6, kernel: 5", "kernel: 5", "out_channels"),
    Edit("a missing op", "op: softmax", "inputs: [fc]", "op"),
    Edit("a missing name", "name: prob, ", "", "name"),
    Edit("two layers of one name", "name: conv2", "name: conv1", "conv1"),
    Edit("a layer called input", "name: prob", "name: input", "input"),
    Edit("an empty name", "name: prob", "name: ''", "name"),
    Edit("no layers", TRACE[TRACE.index("layers:") :], "layers: []\n", "layers"),
    Edit("layers as a mapping", TRACE[TRACE.index("layers:") :], "layers: {a: 1}\n", "layers"),
    Edit("no input", "input: {channels: 1, rows: 28, columns: 28}\n", "", "input", 1),
    Edit("no rows of the input", "rows: 28, ", "", "rows"),
    Edit("a negative size", "rows: 28", "rows: -28", "rows"),
    Edit("a size with a unit", "rows: 28", "rows: 28 px", "rows"),
    Edit("an absurd size", "rows: 28", "rows: 1000000000000000000", "rows"),
    Edit(
        "sparsity above one", "out_channels: 10", "out_channels: 10, weight_sparsity: 1.5", "weight_sparsity"
    ),
    Edit("a row that is a word", "  - {name: prob, op: softmax}", "  - softmax", ""),
    Edit("one key twice", "kernel: 5", "kernel: 5, kernel: 3", "kernel"),
    Edit("another version", "archsim: 1", "archsim: 7", "version"),
    Edit("an exit that does not exist", "layers:", "exits: [nowhere]\nlayers:", "nowhere"),
    Edit("an alias that is not defined", "kernel: 5", "kernel: *k", ""),
]

TOPOLOGY_EDITS = [
    Edit("a word for a number", "227, 227", "227, many", "many"),
    Edit("a negative number", "conv2, 27", "conv2, -27", ""),
    Edit("a filter larger than its input", "27, 27, 5", "27, 27, 50", ""),
    Edit("a missing column", "conv2, 27, 27, 5, 5, 96, 256, 1,", "conv2, 27, 27, 5, 5", ""),
    Edit("no stride", "256, 1,", "256, 0,", ""),
]


def test_the_sound_file_is_sound(command):
    Path("good.yaml").write_text(TRACE)
    code, _, err = command("validate", "good.yaml")
    assert (code, err) == (0, "")


def test_the_sound_topology_is_sound(command):
    Path("good.csv").write_text(SCALE_SIM)
    code, _, err = command("validate", "good.csv")
    assert (code, err) == (0, "")


def test_every_typo_has_a_suggestion():
    typos = [edit for edit in TRACE_EDITS if edit.name.startswith("typo of")]
    assert len(typos) > 5
    assert all("'" in edit.hint for edit in typos if edit.name != "typo of a unit")


@pytest.mark.parametrize("edit", TRACE_EDITS, ids=ids(TRACE_EDITS))
def test_broken_trace(edit, refused):
    Path("broken.yaml").write_text(TRACE.replace(edit.old, edit.new, 1))
    error = refused("run", "von_neumann", "broken.yaml", "-o", "out")
    check_edit(TRACE, edit, error, "broken.yaml")
    assert [path.name for path in Path().iterdir()] == ["broken.yaml"]


@pytest.mark.parametrize("edit", TOPOLOGY_EDITS, ids=ids(TOPOLOGY_EDITS))
def test_broken_topology(edit, refused):
    Path("broken.csv").write_text(SCALE_SIM.replace(edit.old, edit.new, 1))
    error = refused("run", "von_neumann", "broken.csv", "-o", "out")
    check_edit(SCALE_SIM, edit, error, "broken.csv")
    assert [path.name for path in Path().iterdir()] == ["broken.csv"]
