import hashlib
import os
import pickle
from typing import Annotated

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from archsim.arithmetic import product_tables
from archsim.arithmetic.error_metrics import measure
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.multipliers.operand_truncated import OperandTruncated
from archsim.arithmetic.multipliers.table import Table
from archsim.config import build, load_document
from archsim.errors import InputError
from archsim.registry import Kind

TRUNCATED = OperandTruncated(low_bits=1, signed=True)


def stored(products, axes, order, signed):
    """The matrix of a file: products [activation][weight] ascending, as the file's indices want them."""
    side = len(products)
    matrix = products if axes[0] == "activation" else products.T
    if order == "bit_pattern" and signed:
        matrix = np.roll(matrix, side // 2, axis=(0, 1))
    return matrix


def write(path, matrix, dtype="int32"):
    """A file of the format that the suffix names."""
    rows = matrix.tolist()
    if path.suffix == ".npy":
        np.save(path, matrix)
    elif path.suffix == ".bin":
        path.write_bytes(matrix.astype(np.dtype(dtype).newbyteorder("<")).tobytes())
    elif path.suffix == ".h":
        lines = ",\n".join("{" + ", ".join(map(str, row)) + "}" for row in rows)
        side = len(rows)
        path.write_text(
            f"#include <stdint.h>\n// [a][b] = {{1}};\nconst int16_t lut [{side}][{side}] = {{{lines}}};\n"
        )
    else:
        path.write_text(
            "\n".join((", " if path.suffix == ".csv" else " ").join(map(str, row)) for row in rows)
        )
    return path


def refusal(**fields):
    with pytest.raises(ValidationError) as refused:
        Table(**fields)
    error = refused.value.errors()[0]["ctx"]["error"]
    assert isinstance(error, InputError)
    return error


@pytest.fixture
def exact(tmp_path):
    """Fields of a 2-bit signed table, ascending, that is exact."""
    values = np.arange(-2, 2)
    return {"file": str(write(tmp_path / "exact.npy", np.outer(values, values))), "signed": True, "width": 2}


LAYOUTS = st.fixed_dictionaries(
    {
        "axes": st.sampled_from([("activation", "weight"), ("weight", "activation")]),
        "order": st.sampled_from(["ascending", "bit_pattern"]),
        "signed": st.booleans(),
        "width": st.integers(2, 4),
    }
)


@given(st.sampled_from([".npy", ".bin", ".csv", ".txt", ".h"]), LAYOUTS, st.integers(0, 2**32 - 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_format_gives_back_the_products(tmp_path, suffix, layout, seed):
    side, steps = 1 << layout["width"], 1 << 2 * layout["width"]
    low = -steps // 2 if layout["signed"] else 0
    products = np.random.default_rng(seed).integers(low, low + steps, size=(side, side))
    matrix = stored(products, layout["axes"], layout["order"], layout["signed"])
    path = write(tmp_path / f"{seed}{suffix}", matrix)
    design = Table(file=str(path), dtype="int32" if suffix == ".bin" else None, **layout)
    assert (design.table() == products).all()
    assert design.product(design.lowest, design.highest) == products[0, -1]


@pytest.mark.parametrize("suffix", [".npy", ".bin", ".csv", ".h"])
@pytest.mark.parametrize("signed", [False, True])
def test_an_eight_bit_table_is_the_design_that_it_was_made_from(tmp_path, suffix, signed):
    original = OperandTruncated(low_bits=2, signed=signed)
    matrix = stored(original.table(), ("activation", "weight"), "bit_pattern", signed)
    path = write(tmp_path / f"t{suffix}", matrix, "int16" if signed else "uint16")
    dtype = {"dtype": "int16" if signed else "uint16"} if suffix == ".bin" else {}
    design = Table(file=str(path), signed=signed, order="bit_pattern", **dtype)
    assert (design.table() == original.table()).all()
    assert measure(design) == measure(original)


def test_flat_and_float_arrays_of_integers_are_read(tmp_path):
    np.save(tmp_path / "t.npy", TRUNCATED.table().astype(float).ravel())
    assert (Table(file=str(tmp_path / "t.npy"), signed=True).table() == TRUNCATED.table()).all()


def test_hexadecimal_c_arrays_are_read(tmp_path):
    (tmp_path / "t.h").write_text(
        "uint8_t t[16] = {" + ",".join(hex(a * b) for a in range(4) for b in range(4)) + "};"
    )
    assert Table(file=str(tmp_path / "t.h"), signed=False, width=2).product(3, 3) == 9


@pytest.mark.parametrize(("order", "operands"), [("ascending", (1, -2)), ("bit_pattern", (-1, 0))])
@pytest.mark.parametrize("entry", ["nan", "inf", "0.5", "8", "-9"])
def test_the_first_offending_pair_is_named(tmp_path, order, operands, entry):
    tokens = ["0"] * 16
    tokens[3 * 4 + 0] = tokens[15] = entry
    (tmp_path / "t.csv").write_text(",".join(tokens))
    fields = {"file": str(tmp_path / "t.csv"), "signed": True, "width": 2, "order": order}
    error = refusal(**fields)
    a, b = operands
    assert error.field == "file"
    assert f"t.csv: the product of a = {a} and b = {b} is {float(entry)} (and 1 more): " in error.message
    assert ("from -8 to 7" if entry in ("8", "-9") else "expected an integer") in error.message
    assert f"a = {b} and b = {a} " in refusal(**fields, axes=("weight", "activation")).message


@pytest.mark.parametrize(("entry", "signed", "valid"), [(-1, False, 0), (256, False, 255), (128, True, 127)])
def test_results_have_twice_the_bits(tmp_path, entry, signed, valid):
    matrix = np.zeros((16, 16), dtype=int)
    matrix[2, 3] = entry
    path = write(tmp_path / "t.npy", matrix)
    assert "8-bit result" in refusal(file=str(path), signed=signed, width=4).message
    matrix[2, 3] = valid
    path = write(tmp_path / "valid.npy", matrix)
    assert Table(file=str(path), signed=signed, width=4).table().max() == valid


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"1,2,3", "3 entries: 2-bit operands have 16 pairs"),
        ("t.csv", b"1,x,3", "entry 2 of 3 is no number: 'x'"),
        ("t.txt", b"\xff\xfe", "not UTF-8 text at byte 0"),
        ("t.h", b"int lut;", "no initialised array"),
        ("t.h", b"int lut[4] = {1, 2", "no initialised array"),
        ("t.h", b"/*" * 500_000, "no initialised array"),
        ("t.h", b"[]={" * 250_000, "no initialised array"),
        ("t.csv", b"9" * 1_000_000, "1 entries: 2-bit operands have 16 pairs"),
        ("t.h", b"int lut[2] = {1, y};", "entry 2 of 2 is no number: 'y'"),
        ("t.npy", b"not an array", "not an array of NumPy"),
        ("t.json", b"[]", "unknown format of t.json: expected one of .npy, .bin, .csv, .txt, .h"),
        ("t.bin", b"\0" * 16, "needs the type of its entries"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in refusal(file=str(tmp_path / name), signed=True, width=2).message


def test_arrays_of_another_form_are_refused(tmp_path, exact):
    (tmp_path / "t.bin").write_bytes(b"\0" * 33)
    odd = refusal(file=str(tmp_path / "t.bin"), signed=True, width=2, dtype="int16")
    assert "33 bytes are no whole number of int16 entries" in odd.message
    for name, array, message in [
        ("long", np.zeros((2, 8), int), "shape (2, 8): expected (4, 4)"),
        ("complex", np.zeros((4, 4), complex), "expected integers, got complex128"),
        ("flags", np.zeros((4, 4), bool), "expected integers, got bool"),
    ]:
        np.save(tmp_path / f"{name}.npy", array)
        assert message in refusal(file=str(tmp_path / f"{name}.npy"), signed=True, width=2).message
    assert refusal(**exact | {"width": 4}).message.endswith("16 entries: 4-bit operands have 256 pairs")


def test_fields_have_to_fit_each_other(exact):
    assert refusal(**exact, axes=("weight", "weight")).field == "axes"
    assert refusal(**exact, dtype="int8").field == "dtype"
    assert refusal(**exact | {"file": "missing.npy"}).message == "no such file: missing.npy"
    assert refusal(**exact | {"file": "nul\0.npy"}).field == "file"
    assert refusal(**exact, sha256="0" * 64).field == "sha256"
    with pytest.raises(ValidationError, match="2 to 8 bits"):
        Table(**exact | {"width": 9})
    with pytest.raises(ValidationError, match="signed"):
        Table(file=exact["file"], width=2)


@given(st.binary(max_size=40), st.integers(0, 255), st.integers(0, 255))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_refused_or_read_but_never_crash(tmp_path, extra, place, value):
    content = bytearray(write(tmp_path / "whole.npy", np.zeros((4, 4), dtype=np.int8)).read_bytes())
    content[place % len(content)] = value
    path = tmp_path / f"{hashlib.sha256(bytes(content) + extra).hexdigest()}.npy"
    path.write_bytes(bytes(content) + extra if value % 2 else bytes(content)[:place])
    try:
        table = Table(file=str(path), signed=True, width=2).table()
    except ValidationError as error:
        refused = error.errors()[0]["ctx"]["error"]
    else:
        refused = None
        assert -8 <= table.min() <= table.max() <= 7
    assert refused is None or isinstance(refused, InputError)


DECLARED = {
    "mean_error_distance": 53,
    "worst_case_error": 255,
    "error_rate": 0.7461,
    "mean_relative_error_distance_nonzero": 0.0441,
    "bias": 0.75,
}
"""As EvoApproxLib prints them for mul8s_1L2H, operand truncation by one bit."""


def test_declared_figures_are_compared_to_their_digits(tmp_path):
    path = str(write(tmp_path / "t.npy", TRUNCATED.table()))
    assert Table(file=path, signed=True, declared=DECLARED)
    for accepted in (53, 53.3, 53.33, 53.334, 53.333):
        Table(file=path, signed=True, declared={"mean_error_distance": accepted})
    for wrong in (54, 0, 1e-300, 10**30, 52, 53.4, 53.32, 53.335):
        error = refusal(file=path, signed=True, declared={"mean_error_distance": wrong})
        assert error.field == "declared.mean_error_distance"
        assert error.message == f"declared {wrong}, the table has 53.33398438"


@pytest.mark.parametrize("name", list(DECLARED))
def test_every_declared_figure_is_checked(tmp_path, name):
    path = str(write(tmp_path / "t.npy", TRUNCATED.table()))
    assert (
        refusal(file=path, signed=True, declared=DECLARED | {name: 2 * DECLARED[name]}).field
        == f"declared.{name}"
    )


def test_a_library_header_whose_negative_quadrant_is_wrong_is_caught(tmp_path):
    damaged = TRUNCATED.table().copy()
    damaged[:128, :128] = OperandTruncated(low_bits=2, signed=True).table()[:128, :128]
    matrix = stored(damaged, ("activation", "weight"), "bit_pattern", signed=True)
    path = str(write(tmp_path / "mul8s_1L2H.h", matrix))
    silent = Table(file=path, signed=True, order="bit_pattern")
    assert (silent.table() == damaged).all()
    error = refusal(file=path, signed=True, order="bit_pattern", declared={"mean_error_distance": 53})
    assert error.message.startswith("declared 53, the table has ")
    # The same file read by the wrong kind of index is far off as well.
    assert (
        refusal(file=path, signed=True, declared={"mean_error_distance": 53}).field
        == "declared.mean_error_distance"
    )


def test_the_hash_identifies_the_content(tmp_path, exact):
    design = Table(**exact)
    digest = hashlib.sha256((tmp_path / "exact.npy").read_bytes()).hexdigest()
    assert design.content_hash == digest
    assert design.described() == f"table (exact.npy, sha256 {digest[:16]}, signed 2-bit)"
    other = Table(**exact, axes=("weight", "activation"), order="bit_pattern")
    assert "weight by activation, by bit pattern" in other.described()
    assert Table(**exact, sha256=digest) != other
    assert Table(**exact) == design
    assert hash(Table(**exact)) == hash(design)
    assert pickle.loads(pickle.dumps(design)).product(-2, -2) == 4
    assert design.fitted(2, signed=True).product(-2, 1) == -2
    with pytest.raises(InputError) as refused:
        design.fitted(8, signed=True)
    assert refused.value.field == "width"


def test_a_file_is_read_once_until_it_changes(tmp_path, exact, monkeypatch):
    reads = []
    whole = product_tables.read_bytes
    monkeypatch.setattr(product_tables, "read_bytes", lambda path: reads.append(path) or whole(path))
    path = write(tmp_path / "once.npy", np.zeros((4, 4), dtype=int))
    first = Table(**exact | {"file": str(path)})
    second = Table(**exact | {"file": str(path)}).fitted(2, signed=True)
    assert len(reads) == 1
    write(path, np.ones((4, 4), dtype=int))
    os.utime(path, ns=(1, 1))
    assert Table(**exact | {"file": str(path)}).product(0, 0) == 1
    assert len(reads) == 2
    assert [first.product(0, 0), second.product(0, 0)] == [0, 0]


class _Unit(BaseModel):
    multiplier: Annotated[Multiplier, Kind("multipliers")]


def _load(path) -> Multiplier:
    return build(_Unit, load_document(path)).multiplier


def test_paths_are_relative_to_the_configuration_or_the_one_that_it_extends(tmp_path, monkeypatch):
    folder = tmp_path / "base" / "tables"
    folder.mkdir(parents=True)
    write(folder / "t.npy", TRUNCATED.table())
    base = tmp_path / "base" / "base.yaml"
    base.write_text("multiplier: {kind: table, file: tables/t.npy, signed: true}\n")
    (tmp_path / "variant.yaml").write_text("extends: base/base.yaml\nmultiplier: {order: ascending}\n")
    for path in (base, tmp_path / "variant.yaml"):
        assert (_load(path).table() == TRUNCATED.table()).all()
    monkeypatch.chdir(folder)
    (tmp_path / "cwd.yaml").write_text("multiplier: {kind: table, file: t.npy, signed: true}\n")
    assert (_load(tmp_path / "cwd.yaml").fitted(8, signed=True).table() == TRUNCATED.table()).all()


def test_a_refused_table_tells_where_it_stands(tmp_path):
    write(tmp_path / "t.npy", TRUNCATED.table())
    (tmp_path / "a.yaml").write_text(
        "multiplier:\n  kind: table\n  file: t.npy\n  signed: true\n  declared: {mean_error_distance: 5}\n"
    )
    with pytest.raises(InputError) as refused:
        _load(tmp_path / "a.yaml")
    assert str(refused.value) == (
        f"{tmp_path}/a.yaml:5:35: multiplier.declared.mean_error_distance: "
        "declared 5, the table has 53.33398438"
    )
