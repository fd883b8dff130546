"""Broken architectures: one line with the place, a hint for a typo, exit 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from edits import Edit, check_edit, ids

pytestmark = pytest.mark.usefixtures("in_empty_folder")

ARCHITECTURE = """\
archsim: 1
name: mine
technology: {node: 45 nm, voltage: 0.9 V, temperature: 25 C}
memories:
  dram: {kind: dram, part: LPDDR4-3200-x16-8Gb, channels: 2}
  buffer: {kind: sram, capacity: 512 KiB, width: 128 b, banks: 8, backed_by: dram}
links:
  bus: {kind: bus, width: 128 b, clock: 500 MHz, connects: [dram, buffer, npu, cpu]}
compute:
  npu: {kind: pe_array, rows: 32, columns: 32, clock: 500 MHz, dataflow: weight_stationary, memory: buffer,
        number_format: int8, multiplier: {kind: exact}, accumulator: int32, accumulator_capacity: 32 KiB}
  cpu: {kind: core, clock: 500 MHz, memory: buffer}
placement:
  - {op: [conv2d, linear], unit: npu}
  - {op: "*", unit: cpu}
schedule: {batch_order: layer_major, objective: energy}
manager: {kind: static}
"""


ARCHITECTURE_EDITS = [
    # Names that are one letter wrong, or mean something else.
    Edit("typo of a top key", "memories:", "memoreis:", "did you mean 'memories'?"),
    Edit("typo of the technology", "technology:", "tehcnology:", "did you mean 'technology'?"),
    Edit("typo of placement", "placement:", "placment:", "did you mean 'placement'?"),
    Edit("typo of a field", "rows: 32", "rwos: 32", "did you mean 'rows'?"),
    Edit("typo of capacity", "capacity: 512 KiB", "capacty: 512 KiB", "did you mean 'capacity'?"),
    Edit("typo of backed_by", "backed_by: dram", "backed_byy: dram", "did you mean 'backed_by'?"),
    Edit(
        "typo of the clock", "clock: 500 MHz, memory: buffer}", "clokc: 500 MHz, memory: buffer}", "'clock'"
    ),
    Edit("typo of connects", "connects:", "connect:", "did you mean 'connects'?"),
    Edit("typo of a kind", "kind: sram", "kind: srma", "did you mean 'sram'?"),
    Edit("typo of pe_array", "kind: pe_array", "kind: pe_aray", "did you mean 'pe_array'?"),
    Edit("typo of bus", "kind: bus", "kind: bsu", "did you mean 'bus'?"),
    Edit(
        "typo of a dataflow",
        "weight_stationary",
        "wieght_stationary",
        "did you mean 'weight_stationary'?",
        10,
    ),
    Edit("typo of the multiplier", "{kind: exact}", "{kind: exatc}", "did you mean 'exact'?"),
    Edit("typo of the manager", "kind: static", "kind: statci", "did you mean 'static'?"),
    Edit("typo of an operation", "[conv2d, linear]", "[conv2, linear]", "did you mean 'conv2d'?"),
    Edit("typo of the order", "layer_major", "layer_mayor", "did you mean 'layer_major'?"),
    Edit("typo of the objective", "objective: energy", "objective: enrgy", "did you mean 'energy'?"),
    Edit("typo of a DRAM part", "LPDDR4-3200-x16-8Gb", "LPDDR4-3200-x16-8GB", "'LPDDR4-3200-x16-8Gb'"),
    Edit("typo of kind itself", "{kind: core,", "{knid: core,", "did you mean 'kind'?"),
    Edit("typo in the version key", "archsim: 1", "archism: 1", "did you mean 'archsim'?"),
    Edit("upper case", "memories:", "Memories:", "did you mean 'memories'?"),
    Edit("a key of another kind", "banks: 8", "channels: 8", "channels"),
    Edit("an unknown key", "channels: 2", "channels: 2, colour: red", "colour"),
    Edit("a kind of another family", "kind: core", "kind: sram", "compute"),
    # References that lead nowhere.
    Edit("missing memory behind", "backed_by: dram", "backed_by: drma", "did you mean 'dram'?"),
    Edit(
        "missing memory of a unit",
        "clock: 500 MHz, memory: buffer}",
        "clock: 500 MHz, memory: bufer}",
        "'buffer'",
    ),
    Edit("missing end of a link", "npu, cpu]", "npu, gpu]", "gpu"),
    Edit("missing unit of a rule", "unit: npu", "unit: nup", "did you mean 'npu'?"),
    Edit("a unit not on the bus", ", npu, cpu]", ", npu]", "cpu", 12),
    Edit("a memory not on the bus", "[dram, buffer, npu", "[buffer, npu", "dram", 6),
    Edit("a memory behind itself", "backed_by: dram", "backed_by: buffer", "circle"),
    Edit("one name twice in two families", "  bus: {kind: bus", "  npu: {kind: bus", "npu", 10),
    Edit("a part with a dot", "  cpu: {kind", "  c.pu: {kind", "dots"),
    # Numbers and units.
    Edit("no unit", "512 KiB", "512", "unit"),
    Edit("wrong unit", "capacity: 512 KiB", "capacity: 512 MHz", "capacity"),
    Edit("typo of a unit", "512 KiB", "512 KyB", "KyB"),
    Edit("a time for a clock", "clock: 500 MHz, connects", "clock: 2 ns, connects", "frequency"),
    Edit("a clock in lower case", "clock: 500 MHz, connects", "clock: 500 mhz, connects", "MHz"),
    Edit("bytes for a node", "45 nm", "45 KiB", "length"),
    Edit("a bare voltage", "0.9 V", "0.9", "unit"),
    Edit("negative rows", "rows: 32", "rows: -32", "rows"),
    Edit("no rows", "rows: 32", "rows: 0", "rows"),
    Edit("half a row", "rows: 32", "rows: 32.5", "rows"),
    Edit("rows as a word", "rows: 32", "rows: many", "rows"),
    Edit("rows as a list", "rows: 32", "rows: [32]", "rows"),
    Edit("rows as a flag", "rows: 32", "rows: true", "rows"),
    Edit("rows as nothing", "rows: 32", "rows: null", "rows"),
    Edit("negative capacity", "512 KiB", "-512 KiB", "negative"),
    Edit("no capacity", "capacity: 512 KiB", "capacity: 0 B", "capacity"),
    Edit("a third of a byte", "capacity: 512 KiB", "capacity: 0.3 B", "whole"),
    Edit("not a number", "rows: 32", "rows: .nan", "rows"),
    Edit("infinity", "0.9 V", ".inf V", "voltage"),
    Edit("an absurd number", "512 KiB", "1e99 KiB", "range"),
    Edit("a huge exponent", "512 KiB", "1e999999999 KiB", "range"),
    Edit("negative clock", "clock: 500 MHz, connects", "clock: -500 MHz, connects", "negative"),
    Edit("a clock of zero", "clock: 500 MHz, connects", "clock: 0 Hz, connects", "clock"),
    Edit("a node without data", "45 nm", "3 nm", "nm"),
    Edit("colder than absolute zero", "25 C", "-300 C", "C"),
    Edit("an unknown number format", "int8, mult", "int7x, mult", "int7x"),
    Edit("no banks", "banks: 8", "banks: 0", "banks"),
    Edit("more banks than bytes", "banks: 8", "banks: 900000000", "bank"),
    # Shapes of the document.
    Edit(
        "a list for a mapping",
        "  cpu: {kind: core, clock: 500 MHz, memory: buffer}",
        "  cpu: [core]",
        "mapping",
    ),
    Edit(
        "a word for a mapping",
        "technology: {node: 45 nm, voltage: 0.9 V, temperature: 25 C}",
        "technology: 45 nm",
    ),
    Edit("a mapping for a name", "name: mine", "name: {a: 1}", "name"),
    Edit("an empty name", "name: mine", "name: ''", "name"),
    Edit("a number for a name", "name: mine", "name: 3", "name"),
    Edit("no version", "archsim: 1\n", "", "archsim"),
    Edit("another version", "archsim: 1", "archsim: 2", "version"),
    Edit("no name", "name: mine\n", "", "name", 1),
    Edit("no kind", "{kind: core, ", "{", "kind"),
    Edit("no capacity key", "capacity: 512 KiB, ", "", "capacity"),
    Edit("one key twice", "name: mine", "name: mine\nname: yours", "name", 3),
    Edit("one key twice in a flow mapping", "rows: 32,", "rows: 32, rows: 64,", "rows"),
    Edit("one part twice", "links:", "  dram: {kind: dram, part: LPDDR4-3200-x16-8Gb}\nlinks:", "dram"),
    Edit("a rule without a unit", "unit: npu}", "layer: a}", "unit"),
    Edit("no rules", ARCHITECTURE[ARCHITECTURE.index("placement:") :], "placement: []\n", "placement"),
    # Text that is not YAML.
    Edit("a tab", "  dram: {kind", "\tdram: {kind"),
    Edit("an open brace", "channels: 2}", "channels: 2", "", 6),
    Edit("an open quote", 'op: "*"', 'op: "*', "", 0),
    Edit("a closing brace too many", "channels: 2}", "channels: 2}}"),
    Edit("bad indentation", "  buffer: {kind: sram", "   buffer: {kind: sram"),
    Edit("no space after the colon", "name: mine", "name:mine"),
    Edit("an unknown anchor", "name: mine", "name: *who"),
    Edit("a tag", "name: mine", "name: !!python/object/apply:os.system [ls]"),
    Edit("a second document", "manager: {kind: static}", "---\nmanager: {kind: static}"),
    Edit("a control character", "name: mine", "name: mi\x07ne"),
]


def test_the_sound_file_is_sound(command):
    Path("good.yaml").write_text(ARCHITECTURE)
    code, _, err = command("validate", "good.yaml")
    assert (code, err) == (0, "")


def test_every_typo_has_a_suggestion():
    typos = [edit for edit in ARCHITECTURE_EDITS if edit.name.startswith("typo of")]
    assert len(typos) > 5
    assert all("'" in edit.hint for edit in typos if edit.name != "typo of a unit")


@pytest.mark.parametrize("edit", ARCHITECTURE_EDITS, ids=ids(ARCHITECTURE_EDITS))
def test_broken_architecture(edit, refused):
    Path("broken.yaml").write_text(ARCHITECTURE.replace(edit.old, edit.new, 1))
    error = refused("run", "broken.yaml", "lenet5", "-o", "out")
    check_edit(ARCHITECTURE, edit, error, "broken.yaml")
    assert [path.name for path in Path().iterdir()] == ["broken.yaml"]


def test_a_mistake_in_the_base_is_told_in_the_base(refused):
    Path("base.yaml").write_text(ARCHITECTURE.replace("rows: 32", "rows: -1"))
    Path("derived.yaml").write_text("extends: base.yaml\nname: derived\n")
    assert "base.yaml:10:" in refused("validate", "derived.yaml")
