"""The thresholds of the shipped networks with exits: chosen by their rule, stated by the traces."""

from __future__ import annotations

from pathlib import Path

import make_exits
import pytest

from archsim import load_network

STORED = make_exits.load()


def test_the_smallest_threshold_within_the_bound_is_chosen() -> None:
    by_threshold = {"0.5": 0.90, "0.7": 0.949, "0.9": 0.95, "0.99": 0.96}
    assert make_exits.chosen(by_threshold, 0.95, 1000) == 0.7
    assert make_exits.chosen(by_threshold, 0.951, 1000) == 0.9
    assert make_exits.chosen(by_threshold, 0.97, 1000) == 1.0


@pytest.mark.parametrize("name", make_exits.NETWORKS)
def test_traces_state_what_the_rule_chose(name: str) -> None:
    found, network = STORED[name], load_network(name)
    assert found.threshold == make_exits.chosen(found.by_threshold, found.at_the_end, found.judged)
    conditions = dict(network.exit_conditions)
    assert list(conditions) == list(network.exits)
    assert {one.measure for one in conditions.values()} == {"min_probability"}
    assert {one.threshold for one in conditions.values()} == {found.threshold}


@pytest.mark.parametrize("name", ["digits_exits", "digits_icnn"])
def test_figures_of_the_digits_are_measured_again(name: str) -> None:
    assert make_exits.find(name, None) == STORED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fashion_exits", "fashion_icnn"])
def test_figures_of_fashion_mnist_are_measured_again(shared_data: Path, name: str) -> None:
    assert make_exits.find(name, shared_data) == STORED[name]


def test_data_are_stored_as_the_program_writes_them(tmp_path: Path) -> None:
    make_exits.save(STORED, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == make_exits.DATA.read_bytes()


def test_without_a_folder_other_networks_keep_their_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = []
    monkeypatch.setattr(make_exits, "save", kept.append)
    assert make_exits.main(["fashion_icnn"]) == 0
    assert kept == [STORED]
    assert "fashion_icnn: kept" in capsys.readouterr().err
