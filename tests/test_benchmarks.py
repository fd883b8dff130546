"""The benchmarks: a super-linear term would be seen, the committed results hold what the page claims."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archsim import Architecture, load_network

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))
import against_scalesim  # noqa: E402 - the folder has to be on the path
import dram  # noqa: E402
import scaling  # noqa: E402


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return json.loads((BENCHMARKS / "results.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("time", "expected"),
    [(lambda n: 3 * n, 1.0), (lambda n: n * n / 7, 2.0), (lambda n: 5.0, 0.0)],
    ids=["linear", "square", "constant"],
)
def test_the_exponent_is_that_of_the_law(time: Callable[[int], float], expected: float) -> None:
    assert scaling.exponent([(n, time(n)) for n in (256, 512, 1024)]) == pytest.approx(expected)


def test_a_small_square_term_shows_in_the_exponent() -> None:
    assert scaling.exponent([(n, n + n * n / 4096) for n in (256, 512, 1024)]) > 1.1


def test_a_series_has_the_tiles_that_it_claims() -> None:
    architecture = Architecture.load("von_neumann", ['mapping=[{layer: "*", rows: 4, columns: 64}]'])
    point = scaling.measured(8, (architecture, scaling.tall(32), 1), event_s=1e-6, repeats=1)
    assert (point.size, point.tiles) == (8, 8)
    assert point.mapping > 0


def test_no_committed_series_grows_faster_than_linearly(results: dict[str, Any]) -> None:
    assert [row["name"] for row in results["scaling"]] == [
        "layers",
        "tiles",
        "images, layer_major",
        "images, image_major",
    ]
    for row in results["scaling"]:
        sizes = [point["size"] for point in row["points"]]
        assert sizes[-1] >= 16 * sizes[0]
        assert max(row["mapping_exponent"], row["running_exponent"]) < 1.1, row["name"]


def test_archsim_still_counts_the_cycles_that_scalesim_counted(results: dict[str, Any]) -> None:
    """The committed sums came from SCALE-Sim itself."""
    runs = results["scalesim"]["runs"]
    assert len(runs) == 6
    for run in runs:
        topology = BENCHMARKS / "topologies" / f"{run['topology']}.csv"
        assert sum(against_scalesim.archsim(topology, run["flow"])) == run["cycles"]
        assert (run["equal"], run["stalls"]) == (len(load_network(topology).layers), 0)


def test_without_scalesim_there_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    assert against_scalesim.prepared(tmp_path / "environment") is None
    assert "no comparison with SCALE-Sim 3.0.0, which could not be installed" in capsys.readouterr().err


def test_the_dram_channel_is_as_fast_as_claimed(results: dict[str, Any]) -> None:
    found = {(row["part"], row["pattern"]): row["requests_per_s"] for row in results["dram"]}
    assert set(found) == {(part, pattern) for part in dram.PARTS for pattern in dram.PATTERNS}
    for (_, pattern), rate in found.items():
        assert rate >= (5e6 if pattern == "stream" else 1.5e6)


def test_the_dram_benchmark_serves_what_it_counts() -> None:
    rows = list(dram.rows(1, 200))
    assert len(rows) == len(dram.PARTS) * len(dram.PATTERNS)
    assert all(row.requests == 200 and row.requests_per_s > 0 for row in rows)
