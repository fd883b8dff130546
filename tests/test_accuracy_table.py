"""The table of accuracies: the page shows its data, and the data are what the program computes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import accuracy_tables
import make_accuracy
import make_docs
import numpy as np
import pytest
from accuracy import choice, store
from accuracy.cases import ALL, CASES, CLAIMED, EXACT, FEW, NARROW, PIM, Arithmetic, Case, group_of, up_to
from accuracy.outcomes import outcome
from accuracy.running import energy, refreshed, row_of
from accuracy.store import Measured, Row

from archsim import Architecture, load_network
from archsim.inference import Question, measure

PAGE = Path(__file__).resolve().parents[1] / "docs" / "accuracy.md"
DIGITS = next(case for case in CASES if case.embedded)
BY_NAME = {one.name: one for one in up_to(ALL)}


def known(case: Case) -> Measured:
    found = store.find(store.load(), case)
    assert found is not None, f"{case.title} is missing: run `make accuracy DATA=...`"
    return found


def row(network: Measured, name: str) -> Row:
    return next(one for one in network.rows if one.arithmetic == name)


def made_row(name: str, top1: float, place: int = 0, *, changed: int | None = 0) -> Row:
    """A row of 10,000 images, cheaper by its place."""
    return Row(name, top1, None, 1 - 0.1 * place, 0.30 - 0.05 * place, 10_000, 0.90, changed, None)


def made_up(**top1: float) -> Measured:
    """A network with int8 at 90 % and designs, each cheaper than the one before."""
    rows = [made_row(EXACT, 0.90)]
    rows += [
        made_row(name, value, place, changed=round(abs(0.9 - value) * 10_000))
        for place, (name, value) in enumerate(top1.items(), 1)
    ]
    return Measured("net", "set", 10_000, 0.9, 0.2, tuple(rows))


def test_the_page_shows_the_data() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert make_docs.refreshed(text) == text, "run `make docs`"


def test_every_figure_of_the_data_is_on_the_page() -> None:
    sections = PAGE.read_text(encoding="utf-8").split("\n### ")
    for network in store.load():
        (section,) = [one for one in sections if one.startswith(f"{network.title}\n")]
        for one in network.rows:
            cells = one.arithmetic, f"{one.images:,}", accuracy_tables.percent(one.top1)
            assert f"| {' | '.join(cells)} |" in section, one


def test_another_figure_makes_another_page(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = store.load()
    changed = replace(first, rows=(*first.rows[:-1], replace(first.rows[-1], top1=0.123, changed=440)))
    monkeypatch.setattr(accuracy_tables, "_networks", lambda: (changed, *others))
    text = PAGE.read_text(encoding="utf-8")
    assert make_docs.refreshed(text) != text


def test_the_rows_are_those_of_the_cases() -> None:
    for network in store.load():
        case = next(one for one in CASES if (one.network, one.dataset) == network.key)
        assert network.images == case.images
        by_name = {one.arithmetic: one.images for one in network.rows}
        assert by_name == {one.name: case.images_of(one) for one in up_to(case.depth)}
        assert [one.arithmetic for one in network.rows] == [one.name for one in up_to(case.depth)]


def test_the_embedded_network_is_measured() -> None:
    assert known(DIGITS).images == 500
    assert known(DIGITS).top1_float == pytest.approx(0.988)


@pytest.mark.parametrize("name", ["SCDM8_73", "SCDM8_84", "int4", "3D-PIM int4, seed 0"])
def test_the_accuracies_of_the_embedded_network_are_computed_again(name: str) -> None:
    assert_same(DIGITS, name, None)


def test_all_energies_of_the_embedded_network_are_simulated_again() -> None:
    assert refreshed(DIGITS, known(DIGITS)) == known(DIGITS)


@pytest.mark.slow
def test_all_energies_are_simulated_again() -> None:
    for network in store.load():
        case = next(one for one in CASES if (one.network, one.dataset) == network.key)
        assert refreshed(case, network) == network


@pytest.mark.slow
@pytest.mark.parametrize(("name", "design"), [("lenet5", "SCDM8_84"), ("resnet8", "SCDM8_73")])
def test_cells_of_real_data_are_computed_again(shared_data: Path, name: str, design: str) -> None:
    assert_same(next(case for case in CASES if case.network == name), design, shared_data)


def assert_same(case: Case, name: str, data: Path | None) -> None:
    """What is stored is what the images give, and what `archsim run --images` measures."""
    network, arithmetic = known(case), BY_NAME[name]
    stored = row(network, name)
    assert row_of(case, arithmetic, outcome(case, arithmetic, data)) == stored
    architecture = Architecture.load(arithmetic.config, arithmetic.overrides)
    asked = Question(stored.images, case.dataset, data)
    answer = measure(architecture, load_network(case.network), asked, arithmetic.seed)
    assert (answer.accuracy.top1, answer.compensated) == (stored.top1, stored.compensated)
    if stored.images == network.images:
        assert answer.accuracy.top1_float == network.top1_float
    if arithmetic.config == "von_neumann" and group_of(name) != NARROW:
        assert answer.accuracy.top1_exact == stored.exact


def test_the_error_of_a_loss_is_that_of_paired_images() -> None:
    """30 images lost and 10 gained of 1,000: the variance of the mean of -1, 0 and 1."""
    found = Row("x", 0.88, None, 1.0, 1.0, 1000, 0.90, 40, None).loss
    differences = np.repeat([1.0, -1.0, 0.0], [30, 10, 960])
    assert found.mean == pytest.approx(differences.mean())
    assert found.error == pytest.approx(differences.std() / np.sqrt(1000))
    assert found.bound == pytest.approx(found.mean + 1.64 * found.error)


def test_where_changes_are_unknown_the_error_is_no_smaller() -> None:
    paired = Row("x", 0.88, None, 1.0, 1.0, 1000, 0.90, 40, None).loss
    apart = Row("x", 0.88, None, 1.0, 1.0, 1000, 0.90, None, None).loss
    assert apart.mean == paired.mean
    assert apart.error == pytest.approx(np.sqrt((0.88 * 0.12 + 0.90 * 0.10) / 1000))
    assert apart.error > paired.error
    assert Row("x", 0.90, None, 1.0, 1.0, 1000, 0.90, 0, None).loss.error == pytest.approx(1 / 1000)


def test_ten_thousand_images_take_back_a_winner_of_one_thousand() -> None:
    """AMA5 D3 lost a point on the first 1,000 images of Fashion-MNIST."""
    network = known(next(case for case in CASES if case.dataset == "fashion_mnist"))
    found = row(network, "AMA5 D3")
    assert found.images == 10_000
    assert found.loss.mean == pytest.approx(0.0144, abs=1e-9)
    assert not choice.is_kept(found.loss)
    fewer = replace(row(network, "AMA5 D3"), images=1000, exact=0.911, top1=0.901, changed=44)
    assert fewer.loss.mean == pytest.approx(0.01)
    assert not choice.is_kept(fewer.loss)


def test_all_multipliers_have_the_energy_of_a_netlist() -> None:
    for one in accuracy_tables._approximate():
        assert accuracy_tables._cost(one).source.startswith("netlist"), one.name
    truncated = accuracy_tables._cost(BY_NAME["truncated 4"])
    assert truncated.energy == pytest.approx(876.130 / 987.702)


def test_the_multiplier_scales_the_multiplications_alone() -> None:
    """An MAC is 0.2 pJ and 0.1 pJ (Horowitz, ISSCC 2014): r of the multiplier is (2 r + 1) / 3 of the MAC."""
    for name in ("SCDM8_41", "SCDM8_84"):
        ratio = accuracy_tables._cost(BY_NAME[name]).energy
        macs, whole = choice.saving(known(DIGITS), row(known(DIGITS), name))
        assert 1 - macs == pytest.approx((2 * ratio + 1) / 3, abs=1e-5)
        assert 0 < whole < macs


def test_the_conclusions_of_the_page_hold() -> None:
    held = set()
    for network in store.load():
        for one in filter(choice.is_claimed, network.rows):
            small_loss = choice.is_kept(one.loss) or choice.is_kept(one.loss_compensated)
            assert not small_loss or max(choice.saving(network, one)) < accuracy_tables.CLAIM
            glitches = accuracy_tables._glitch_ratio(accuracy_tables._cost(BY_NAME[one.arithmetic]))
            assert glitches is not None
            if small_loss and 1 - glitches >= accuracy_tables.CLAIM:
                held.add(network.dataset)
        if network.network.startswith(("resnet", "mobilenet")):
            assert row(network, "SCDM8_73").top1 < 0.2
            assert not choice.is_kept(row(network, "SCDM8_73").loss_compensated)
        others = choice.best(network, choice.is_approximate, choice.corrected)
        if network.network == "resnet8":
            assert others is None
            continue
        assert others is not None
        expected = CLAIMED if network.network.startswith("mobilenet") else "mirror adders"
        assert group_of(others.arithmetic) == expected
    assert held == {"mnist"}


def test_a_design_without_a_cost_has_no_energy() -> None:
    without = Arithmetic("x", "x", "von_neumann", ("compute.npu.multiplier={kind: stochastic}",))
    assert energy("digits_cnn", without) is None
    lossy = Row("int4", 0.5, None, None, None, 500, 0.988, 244, None)
    network = replace(known(DIGITS), rows=(known(DIGITS).exact, lossy))
    assert "| int4 | 500 | 50.0 | 48.8 ± 2.2 | - | - | - | - | - |" in accuracy_tables._table(network)
    assert choice.best(network, choice.is_narrow, choice.as_it_is) is None


def test_the_best_design_is_the_cheapest_that_keeps_a_point_for_certain() -> None:
    network = made_up(SCDM8_41=0.91, SCDM8_51=0.892, SCDM8_73=0.8905)
    assert network.rows[3].loss.mean < 0.01 < network.rows[3].loss.bound
    found = choice.best(network, choice.is_claimed, choice.as_it_is)
    assert found is not None
    assert found.arithmetic == "SCDM8_51"
    assert choice.saving(network, found) == pytest.approx((1 / 3, 0.2))
    assert choice.best(made_up(SCDM8_73=0.5), choice.is_claimed, choice.as_it_is) is None


def test_a_compensated_design_counts_by_its_compensated_accuracy() -> None:
    network = made_up(SCDM8_41=0.5)
    better = replace(network.rows[1], compensated=0.895, changed_compensated=60)
    corrected = replace(network, rows=(network.exact, better))
    assert choice.best(corrected, choice.is_claimed, choice.as_it_is) is None
    assert choice.best(corrected, choice.is_claimed, choice.corrected) == better
    worse = replace(made_row("SCDM8_41", 0.9), compensated=0.5, changed_compensated=4000)
    corrected = replace(network, rows=(network.exact, worse))
    assert choice.best(corrected, choice.is_claimed, choice.as_it_is) == worse
    assert choice.best(corrected, choice.is_claimed, choice.corrected) is None


def test_the_front_holds_what_no_other_beats() -> None:
    network = made_up(SCDM8_41=0.80, SCDM8_51=0.85, SCDM8_73=0.70)
    found = choice.front(network.rows, lambda one: one.energy_j)
    assert [one.arithmetic for one in found] == ["SCDM8_73", "SCDM8_51", EXACT]


def test_exact_rows_and_memory_rows_are_no_approximate_designs() -> None:
    picked = {one.name for one in up_to(ALL) if choice.is_approximate(made_row(one.name, 1.0))}
    assert EXACT not in picked
    assert "int6" not in picked
    assert "DRUM k=4" in picked
    assert not any(group_of(name) == PIM for name in picked)


def test_names_are_unique_and_exact_is_first() -> None:
    for depth in range(FEW, ALL + 1):
        names = [one.name for one in up_to(depth)]
        assert names[0] == EXACT
        assert len(set(names)) == len(names)


def test_new_figures_take_the_place_of_old_ones(tmp_path: Path) -> None:
    old = store.load()
    new = replace(old[0], images=7)
    path = tmp_path / "accuracy.json"
    store.save(store.merged(old, [new]), path)
    assert store.load(path) == (new, *old[1:])
    assert store.load(tmp_path / "none.json") == ()


def test_data_are_stored_as_the_program_writes_them(tmp_path: Path) -> None:
    store.save(store.load(), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == store.DATA.read_bytes()
    assert json.loads(store.DATA.read_text(encoding="utf-8"))["networks"]


def test_without_data_only_the_embedded_network_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run: list[str] = []

    def remembered(case: Case, data: Path | None, *_: object) -> Measured:
        run.append(case.network)
        return known(case)

    monkeypatch.setattr(make_accuracy, "run_case", remembered)
    monkeypatch.setattr(make_accuracy, "save", lambda _: None)
    monkeypatch.setattr(make_accuracy, "FIGURE", tmp_path / "figure.png")
    monkeypatch.setattr(make_accuracy, "refreshed", lambda case, found: found)
    assert make_accuracy.main([]) == 0
    assert run == ["digits_cnn"]
    told = capsys.readouterr().err
    assert "resnet20 on cifar10: accuracies kept" in told
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_folder_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(make_accuracy, "save", lambda _: None)
    assert make_accuracy.main(["--data", str(tmp_path), "--network", "lenet5", "--jobs", "1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in line
