from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_netlist_costs import measured_figures
from netlists.parameters import wanted

from archsim.arithmetic.multipliers.drum import Drum
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.multipliers.perforated import Perforated
from archsim.arithmetic.multipliers.truncated import Truncated
from archsim.arithmetic.netlist_costs import (
    Design,
    Measured,
    measured,
    netlist_cost,
    parameter_text,
    read_table,
    table_text,
)
from archsim.arithmetic.netlists.figures import Figures
from archsim.arithmetic.netlists.synthesis import is_available, tool_version
from archsim.errors import InputError

ROWS = measured()


def cost(kind, width=8, signed=False, **parameters):
    found = netlist_cost(Design(kind, parameter_text(parameters), width, signed))
    assert found is not None, (kind, parameters, width, signed)
    return found


def test_the_table_holds_every_design_that_it_should():
    assert {one.design for one in wanted()} == set(ROWS)


def test_the_exact_array_costs_itself():
    for design in ROWS:
        if design.kind == "exact":
            found = netlist_cost(design)
            assert (found.energy, found.delay, found.area) == (1, 1, 1)


def test_designs_that_drop_nothing_are_the_exact_array():
    for signed in (False, True):
        for kind, nothing in (("truncated", {"columns": 0}), ("operand_truncated", {"low_bits": 0}),
                              ("broken_array", {"rows": 0, "columns": 0})):  # fmt: skip
            found = cost(kind, signed=signed, **nothing)
            assert (found.energy, found.delay, found.area) == (1, 1, 1), kind
    assert cost("ama_array", cell="ama1", columns=0).area == 1


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [4, 8, 16])
def test_dropping_columns_never_raises_area_or_energy(width, signed):
    costs = [cost("truncated", width, signed, columns=count) for count in range(2 * width - 1)]
    for fewer, more in pairwise(costs):
        assert more.area <= fewer.area
        assert more.energy <= fewer.energy


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("columns", range(15))
def test_dropping_rows_of_a_broken_array_never_raises_area_or_energy(columns, signed):
    costs = [cost("broken_array", 8, signed, rows=rows, columns=columns) for rows in range(8)]
    for fewer, more in pairwise(costs):
        assert more.area <= fewer.area
        assert more.energy <= fewer.energy


@pytest.mark.parametrize(
    ("kind", "lows"),
    # Where column 8 has no carries, the constant of the Baugh-Wooley array needs a row of half adders.
    [("cdm8", range(11)), ("scdm8", range(9)), ("scdm8", range(9, 11))],
)
def test_columns_without_carries_never_raise_area(kind, lows):
    areas = [[cost(kind, signed=kind == "scdm8", low=x, high=y).area for y in range(11)] for x in lows]
    for of_one_low in areas:
        assert of_one_low == sorted(of_one_low, reverse=True)
    for of_one_high in zip(*areas, strict=True):
        assert list(of_one_high) == sorted(of_one_high, reverse=True)


def test_the_last_row_of_drum_is_the_exact_array():
    assert cost("drum", k=8).energy == 1
    assert [cost("drum", k=k).area for k in range(2, 7)] == sorted(
        cost("drum", k=k).area for k in range(2, 7)
    )


def test_a_sign_magnitude_wrapper_costs_area_and_time():
    for kind, parameters in (("mitchell", {}), ("drum", {"k": 4}), ("kulkarni", {})):
        assert cost(kind, signed=True, **parameters).area > cost(kind, **parameters).area
        assert cost(kind, signed=True, **parameters).delay > cost(kind, **parameters).delay


def test_multipliers_find_their_rows():
    assert Truncated(columns=6).relative_cost() == cost("truncated", columns=6)
    assert Drum(k=4).fitted(16, signed=True).relative_cost() == cost("drum", 16, True, k=4)
    perforated = Perforated(rows=(5, 2), split="activation").relative_cost()
    assert perforated == cost("perforated", rows=(2, 5))
    assert "yosys 0." in perforated.source
    assert "relative to the exact array" in perforated.source


def test_published_and_stated_figures_come_first():
    assert "EvoApproxLib" in Truncated(columns=2, signed=True).relative_cost().source
    stated = {"energy": 0.3, "source": "measured"}
    assert Drum(k=4, cost=stated).relative_cost().source == "measured"
    assert Exact().relative_cost().source == "exact multiplier"


def test_designs_without_a_row_still_ask_for_a_cost():
    with pytest.raises(InputError, match=r"no figures for the energy of drum .*5-bit") as caught:
        Drum(k=3, width=5).relative_cost()
    assert caught.value.field == "cost"


eighths = st.integers(0, 9999).map(lambda number: number / 8)


@given(
    st.dictionaries(
        st.builds(Design, st.sampled_from(["exact", "drum"]), st.sampled_from(["", "k=2", "a=1; b=2 3"]),
                  st.integers(2, 16), st.booleans()),
        st.builds(Measured, st.builds(Figures, st.integers(0, 99), eighths, eighths, eighths), st.just("x")),
    )
)  # fmt: skip
def test_a_table_reads_back_as_written(rows):
    assert read_table(table_text(["made by a test"], rows)) == rows


def test_parameters_are_one_text_whatever_their_order():
    assert parameter_text({"rows": (3, 1), "columns": 2, "mode": None}) == "columns=2; rows=1 3"
    assert parameter_text({}) == ""


@pytest.mark.skipif(not is_available(), reason="synthesis needs yosys: pip install archsim[netlist]")
def test_the_table_is_what_the_tool_gives():
    some = [one for one in wanted() if one.width <= 8][3::161]
    if ROWS[some[0].design].tool != tool_version():
        pytest.skip("the table was made with another version of yosys")
    for one in some:
        found, row = measured_figures(one), ROWS[one.design].figures
        assert found.area == row.area
        assert (found.delay, found.energy, found.glitch_energy) == pytest.approx(
            (row.delay, row.energy, row.glitch_energy), abs=6e-4
        )
