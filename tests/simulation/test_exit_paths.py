"""An image that leaves at an exit executes the beginning of what an image executes that runs to the end."""

from __future__ import annotations

from math import fsum

import pytest
from exit_networks import branchy, sequence, with_exits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_system import tiny

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.inference import Question, measure
from archsim.mapping.mapper import map_network
from archsim.results.exits import END
from archsim.simulation import simulate
from archsim.simulation.exits import simulate_paths, sweep
from archsim.simulation.exits import with_exits as with_exits_row
from archsim.workload import Activation, Linear, build_network, load_network, with_threshold

STREAMING = ("memories.dram.model=streaming",)
"""A constant rate: with a controller the average power of standby is that of each run as a whole."""

CASES = {
    "branches": (tiny, branchy),
    "sequence": (tiny, sequence),
    "digits": (lambda: Architecture.load("von_neumann", STREAMING), lambda: load_network("digits_exits")),
    "banks": (lambda: Architecture.load("pim_3d", STREAMING), lambda: load_network("digits_exits")),
}


def two_units() -> Architecture:
    """A system whose exits run beside the trunk, if nothing keeps the trunk from going on."""
    return tiny(
        placement=[
            {"layer": "exit*", "unit": "cpu"},
            {"op": ["conv2d", "linear", "activation"], "unit": "npu"},
            {"unit": "cpu"},
        ]
    )


def assert_beginning(part, whole):
    """The rows of a shorter run are those of the whole one, but for leakage of layers that overlap."""
    rows = {(row.name, row.unit): row for row in whole.layers}
    for row in part.layers:
        if row.op == "idle":
            continue
        other = rows[row.name, row.unit]
        assert row.model_copy(update={"bound_by": other.bound_by}) == other


@pytest.mark.parametrize("case", CASES)
def test_leaving_early_is_the_beginning_of_the_whole_run(case):
    architecture, network = (make() for make in CASES[case])
    paths = simulate_paths(architecture, network)
    whole = paths[END]
    before = 0.0
    for report in paths.values():
        assert_beginning(report, whole)
        assert before < report.totals.latency_s <= whole.totals.latency_s
        assert report.totals.energy_j <= whole.totals.energy_j
        assert report.setup == whole.setup
        before = report.totals.latency_s


@pytest.mark.parametrize("case", CASES)
def test_running_to_the_end_is_the_ordinary_run(case):
    architecture, network = (make() for make in CASES[case])
    assert simulate_paths(architecture, network)[END].to_json() == simulate(architecture, network).to_json()


@pytest.mark.parametrize("case", CASES)
def test_macs_of_a_path_are_those_of_its_layers(case):
    architecture, network = (make() for make in CASES[case])
    for name, report in simulate_paths(architecture, network).items():
        layers = network.path(None if name == END else name)
        assert report.totals.macs == sum(layer.macs for layer in layers)
        executed = {row.name for row in report.layers if row.op != "idle"}
        assert executed <= {layer.name for layer in layers}


def test_layers_behind_an_exit_wait_for_its_answer():
    network, architecture = branchy(pooled=False), two_units()
    rows = {row.name: row for row in simulate(architecture, network).layers}
    for stage in (0, 1):
        assert rows[f"conv{stage + 1}"].start_s >= rows[f"exit{stage}"].end_s
    # Exits that decide nothing run beside the trunk.
    free = {row.name: row for row in simulate(architecture, with_exits(network)).layers}
    assert free["conv1"].start_s < free["exit0"].end_s


def test_the_answer_of_an_exit_is_not_activated_before_it_is_judged():
    layers = [
        Linear(name="exit", out_channels=5),
        Activation(name="relu", function="relu"),
        Linear(name="fc", out_channels=5),
    ]
    network = build_network("chain", (2, 4, 4), layers)
    assert [part.fused != () for part in map_network(network, tiny()).parts] == [True, False]
    parts = map_network(with_exits(network, "exit"), tiny()).parts
    assert [(part.layer.name, part.fused) for part in parts] == [("exit", ()), ("relu", ()), ("fc", ())]


def test_a_restricted_schedule_has_the_parts_of_its_layers_and_their_order():
    schedule = map_network(branchy(), tiny())
    assert (
        schedule.restricted_to({part.layer.name for part in schedule.parts} | {"relu0", "relu1", "relu2"})
        == schedule
    )
    short = schedule.restricted_to({"conv0", "relu0", "exit0.pool", "exit0"})
    assert [part.waits_for for part in short.parts] == [(), (0,), (1,)]
    assert [len(part.fused) for part in short.parts] == [1, 0, 0]


def test_there_is_no_path_to_an_exit_that_is_none():
    with pytest.raises(InputError, match="did you mean 'exit1'"):
        branchy().path("exit2")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=4),
    st.sampled_from([4, 8, 11]),
    st.sampled_from([tiny, two_units]),
    st.booleans(),
)
def test_random_trunks(widths, size, make, pooled):
    paths = simulate_paths(make(), branchy(tuple(widths), size, pooled=pooled))
    energies = [report.totals.energy_j for report in paths.values()]
    latencies = [report.totals.latency_s for report in paths.values()]
    assert energies == sorted(energies)
    assert latencies == sorted(latencies)
    for report in paths.values():
        assert_beginning(report, paths[END])
        assert fsum(row.energy_j for row in report.layers) == pytest.approx(report.totals.energy_j, rel=1e-12)


def test_a_sweep_judges_every_threshold_by_one_inference():
    architecture, network = Architecture.load("von_neumann"), load_network("digits_exits")
    record = measure(architecture, network, Question(100)).accuracy.exits
    paths = simulate_paths(architecture, network)
    thresholds = (0.0, 0.5, 0.9, 1.0)
    for found in sweep(record, paths, "min_probability", thresholds):
        changed = with_threshold(network, found.threshold)
        report = with_exits_row(simulate(architecture, changed), changed, record, paths)
        assert found.shares == {row.exit: row.share for row in report.exits.paths}
        assert (found.top1, found.latency_s, found.energy_j) == (
            report.exits.top1,
            report.exits.latency_s,
            report.exits.energy_j,
        )
        again = measure(architecture, changed, Question(100)).accuracy
        assert again.top1 == found.top1
    with pytest.raises(InputError, match="nothing was recorded of exit 'other'"):
        sweep(record, {"other": paths[END]}, "min_probability", thresholds)
