"""Approximate arithmetic in a whole run: what moves in the report, and where a mistake is refused."""

from __future__ import annotations

import json
from math import fsum

import pytest

from archsim import Architecture, Report, compare, load_network, simulate
from archsim.errors import InputError
from archsim.results.comparison_tables import totals_comparison
from archsim.results.report import ActionRow
from archsim.results.tables import totals_table

NPU = "compute.npu"
SOURCE = "made up for this test"
COST = "{energy: 0.5, delay: 0.6, area: 0.75, source: made up for this test}"
CHEAP = f"{NPU}.multiplier={{kind: exact, cost: {COST}}}"


def run(*changes: str, architecture: str = "von_neumann", network: str = "lenet5") -> Report:
    return simulate(Architecture.load(architecture, changes), load_network(network))


def actions(report: Report) -> dict[tuple[str, str], ActionRow]:
    return {(row.component, row.action): row for row in report.actions}


def test_only_the_multipliers_cost_something_else() -> None:
    exact, other = run(), run(CHEAP)
    before, after = actions(exact), actions(other)
    moved = {key for key, row in before.items() if row != after[key]}
    assert before.keys() == after.keys()
    assert moved == {("npu.mac", "multiply"), ("npu.multipliers", "leakage")}
    assert other.totals.latency_s == exact.totals.latency_s
    assert [(row.name, row.cycles, row.bytes) for row in other.layers] == [
        (row.name, row.cycles, row.bytes) for row in exact.layers
    ]
    assert {name for name, area in exact.area_mm2.items() if other.area_mm2[name] != area} == {
        "npu.multipliers"
    }


def test_multiplications_cost_their_count_times_the_exact_energy_times_the_ratio() -> None:
    exact, other = run(), run(CHEAP)
    before, after = (actions(report)["npu.mac", "multiply"] for report in (exact, other))
    assert after.count == before.count == exact.totals.macs
    assert after.energy_j == pytest.approx(0.5 * before.count * before.energy_per_action_j, rel=1e-12)
    saved = 0.5 * before.energy_j + 0.25 * actions(exact)["npu.multipliers", "leakage"].energy_j
    assert exact.totals.energy_j - other.totals.energy_j == pytest.approx(saved, rel=1e-9)
    assert fsum(layer.energy_j for layer in other.layers) == pytest.approx(other.totals.energy_j, rel=1e-12)


def test_the_report_names_what_is_not_exact() -> None:
    report = run(CHEAP)
    (name,) = report.arithmetic
    row = report.arithmetic[name]
    assert (name, row.design, row.source) == ("npu.multiplier", "exact (signed 8-bit)", SOURCE)
    assert (row.energy, row.delay, row.area) == (0.5, 0.6, 0.75)
    told = "npu.multiplier: exact (signed 8-bit), 0.500 of the energy of the exact one"
    assert totals_table(report).note == told
    assert Report.from_json(report.to_json()) == report


def test_a_comparison_says_who_is_not_exact() -> None:
    exact, other = run(), run(CHEAP, "name=cheap")
    assert totals_comparison(compare([exact, other])).note.endswith(
        "; cheap: npu.multiplier is exact (signed 8-bit)"
    )
    assert "multiplier" not in totals_comparison(compare([exact, exact])).note


def test_the_report_of_exact_units_does_not_speak_of_it() -> None:
    report = run()
    assert report.arithmetic == {}
    assert "arithmetic" not in json.loads(report.to_json())
    assert Report.from_json(report.to_json()) == report


def test_a_faster_multiplier_shortens_the_run_only_where_the_clock_follows_it() -> None:
    follows = (f"{NPU}.clock_follows_multiplier=true", f"{NPU}.multiplier_share_of_cycle=0.5")
    plain, faster = run(CHEAP), run(CHEAP, *follows)
    clock = run(CHEAP, f"{NPU}.clock=625 MHz")  # 500 MHz / (1 - 0.5 + 0.5 x 0.6)
    assert faster.totals == clock.totals
    assert faster.layers == clock.layers
    assert faster.arithmetic["npu.multiplier"].clock_hz == 625_000_000
    assert plain.arithmetic["npu.multiplier"].clock_hz is None
    assert totals_table(faster).note.endswith("of the exact one, clock 625.0 MHz")
    assert faster.totals.latency_s < plain.totals.latency_s
    assert run(*follows).totals == run().totals


@pytest.mark.parametrize("high", [0, 3])
def test_no_carry_disregard_multiplier_costs_more_than_the_exact_one(high: int) -> None:
    exact = run()
    kind = f"{NPU}.multiplier.kind=scdm8"
    for low in range(4, 11):
        report = run(kind, f"{NPU}.multiplier.low={low}", f"{NPU}.multiplier.high={high}")
        assert report.totals.energy_j < exact.totals.energy_j
        assert report.totals.latency_s == exact.totals.latency_s
        assert report.area_mm2["npu.multipliers"].value < exact.area_mm2["npu.multipliers"].value


# EvoApproxLib [pub]: mul8s_1KX2 takes 0.391 of 0.425 mW, 1.51 of 1.48 ns, 641.1 of 729.8 um2.
def test_figures_of_a_published_design_reach_the_report() -> None:
    exact, other = run(), run(f"{NPU}.multiplier={{kind: truncated, columns: 4}}")
    before, after = (actions(report)["npu.mac", "multiply"] for report in (exact, other))
    assert after.energy_per_action_j == pytest.approx(before.energy_per_action_j * 0.391 / 0.425, rel=1e-12)
    assert "truncated (columns 4, signed 8-bit): EvoApproxLib" in after.source
    areas = [report.area_mm2["npu.multipliers"].value for report in (exact, other)]
    assert areas[1] == pytest.approx(areas[0] * 641.1 / 729.8, rel=1e-12)
    assert other.arithmetic["npu.multiplier"].delay == pytest.approx(1.51 / 1.48, rel=1e-12)


def test_signs_around_an_unsigned_design_are_paid_for() -> None:
    """The re-synthesis of CDM8 [pub] is unsigned: an int8 array takes the netlist that has the negations."""
    report = run(f"{NPU}.multiplier={{kind: cdm8, low: 7, high: 3}}")
    assert report.arithmetic["npu.multiplier"].energy > 7.852 / 10.955
    assert "netlist" in report.arithmetic["npu.multiplier"].source


def test_adders_of_partial_sums_are_named_beside_the_multiplier() -> None:
    report = run(CHEAP, f"{NPU}.accumulator_adder={{kind: loa, low_bits: 4}}")
    assert list(report.arithmetic) == ["npu.accumulator_adder", "npu.multiplier"]
    assert report.arithmetic["npu.accumulator_adder"].design == "loa (low_bits 4) of 32 b"
    assert report.arithmetic["npu.accumulator_adder"].energy == pytest.approx((28 + 0.8) / 32)


def test_a_layer_takes_as_many_times_the_cycles_as_a_product_takes_cycles() -> None:
    stream = f"{NPU}.multiplier={{kind: stochastic, cost: {{energy: 1, source: made up for this test}}}}"
    one, many = run("schedule.objective=latency"), run("schedule.objective=latency", stream)
    assert {row.name: 128 * row.compute_cycles for row in one.layers if row.macs} == {
        row.name: row.compute_cycles for row in many.layers if row.macs
    }


def test_the_shipped_twin_differs_in_its_multipliers_alone() -> None:
    exact, twin = run(), run(architecture="von_neumann_approximate")
    before, after = actions(exact), actions(twin)
    moved = {key for key, row in before.items() if row != after[key]}
    assert moved == {("npu.mac", "multiply"), ("npu.multipliers", "leakage")}
    assert all(after[key].energy_j < before[key].energy_j for key in moved)
    assert twin.arithmetic["npu.multiplier"].design == "scdm8 (split weight, low 7, high 3, signed 8-bit)"
    assert twin.totals.latency_s == exact.totals.latency_s


@pytest.mark.parametrize("architecture", ["von_neumann", "von_neumann_approximate"])
def test_another_kind_of_multiplier_is_set_in_any_order(architecture: str) -> None:
    changes = [f"{NPU}.multiplier.kind=drum", f"{NPU}.multiplier.k=6"]
    report, other = (run(*order, architecture=architecture) for order in (changes, changes[::-1]))
    assert report == other
    assert report.arithmetic["npu.multiplier"].design == "drum (k 6, signed 8-bit)"


def test_a_row_stationary_array_pays_its_buses_as_before() -> None:
    exact, other = run(architecture="eyeriss"), run(CHEAP.replace(NPU, "compute.pes"), architecture="eyeriss")
    before, after = actions(exact), actions(other)
    moved = {
        key[1] for key, row in before.items() if row.energy_per_action_j != after[key].energy_per_action_j
    }
    assert moved == {"multiply", "leakage"}


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ([f"{NPU}.multiplier={{kind: exact, width: 4}}"], f"1:45: {NPU}.multiplier.width", "expected 8"),
        (
            [f"{NPU}.number_format=int16", f"{NPU}.multiplier={{kind: cdm8, low: 7, high: 3}}"],
            f"1:24: {NPU}.multiplier.width",
            "cdm8 is defined for 8 bits, the unit's operands are signed 16-bit",
        ),
        (
            [
                f"{NPU}.multiplier={{kind: cdm8, low: 7, high: 0, cost: {{energy: 0.9, source: x}}}}",
                f"{NPU}.clock_follows_multiplier=true",
                f"{NPU}.multiplier_share_of_cycle=0.5",
            ],
            f"1:60: {NPU}.multiplier.cost",
            "no figures for the delay of cdm8",
        ),
        (
            [f"{NPU}.multiplier={{kind: stochastic}}"],
            f"1:24: {NPU}.multiplier.cost",
            r"no figures for the energy of stochastic .*; state cost: {energy: ..., source: ...}",
        ),
        (
            [f"{NPU}.accumulator_adder={{kind: loa, low_bits: 40}}"],
            f"1:53: {NPU}.accumulator_adder.low_bits",
            "40 of 32 bits",
        ),
        (
            [f"{NPU}.multiplier_share_of_cycle=0.5"],
            f"1:39: {NPU}.multiplier_share_of_cycle",
            "belong together",
        ),
    ],
)
def test_a_mistake_is_refused_when_the_architecture_is_loaded(
    changes: list[str], place: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Architecture.load("von_neumann", changes)
    assert place in str(caught.value)
