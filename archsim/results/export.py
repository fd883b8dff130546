"""A run's files: written whole or not at all, the same bytes for the same run."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.errors import InputError
from archsim.results.comparison import Comparison, comparison_records
from archsim.results.report import Cell, Report, energy_records, layer_records
from archsim.results.timeline import Timeline, timeline_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_run(
    report: Report,
    directory: Path,
    resolved_config: str,
    provenance: Mapping[str, object],
    extra: Mapping[str, bytes] | None = None,
) -> None:
    """Write report.json, layers.csv, energy.csv, config.resolved.yaml, provenance.json and `extra` files.

    Parameters
    ----------
    resolved_config
        The architecture as it was simulated, as YAML text.
    provenance
        Where the run came from; the only file that may differ between machines.
    extra
        More files by name, such as figures and the timeline.

    Raises
    ------
    InputError
        If the directory cannot be made or written; then no file of the run is changed.
    """
    write_files(directory, run_files(report, resolved_config, provenance) | dict(extra or {}))


def run_files(report: Report, resolved_config: str, provenance: Mapping[str, object]) -> dict[str, bytes]:
    """Return the files of a run by name."""
    texts = {
        "report.json": report.to_json(),
        "layers.csv": layers_csv(report),
        "energy.csv": energy_csv(report),
        "config.resolved.yaml": resolved_config,
        "provenance.json": json.dumps(provenance, indent=1, ensure_ascii=False) + "\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def comparison_files(comparison: Comparison) -> dict[str, bytes]:
    """Return comparison.json and comparison.csv."""
    return {
        "comparison.json": comparison.to_json().encode(),
        "comparison.csv": csv_text(comparison_records(comparison)).encode(),
    }


def write_timeline(timeline: Timeline, path: Path, title: str = "archsim") -> None:
    """Write a Chrome trace, gzip-compressed; see :func:`archsim.results.timeline.timeline_bytes`.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_files(path.parent, {path.name: timeline_bytes(timeline, title)})


def layers_csv(report: Report) -> str:
    """Return one line per layer, units in the header."""
    return csv_text(layer_records(report))


def energy_csv(report: Report) -> str:
    """Return one line per layer and component: layer, component, energy_j."""
    return csv_text(energy_records(report), ("layer", "component", "energy_j"))


def csv_text(records: Sequence[Mapping[str, Cell]], columns: Sequence[str] = ()) -> str:
    """Return records as CSV: exact floats, empty cells for None; `columns` default to those of the first."""
    header = list(columns) or list(records[0] if records else ())
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([record[name] for name in header] for record in records)
    return buffer.getvalue()


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return an array as a `.npy` file."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def check_directory(directory: Path) -> None:
    """Check that files can be written into a directory, or that it can be made; writes nothing.

    Raises
    ------
    InputError
        If the path is something else, or if it or its nearest existing parent is not writable.
    """
    nearest = next((path for path in (directory, *directory.absolute().parents) if path.exists()), None)
    if nearest is not None and not nearest.is_dir():
        raise InputError(f"cannot write into {directory}: {nearest} is not a directory")
    if nearest is not None and not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"cannot write into {directory}: no permission for {nearest}")


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a directory, made where absent: all are complete before the first one is in place.

    An interrupt leaves the directory as it was, or complete. Names may contain sub-directories
    (`von_neumann/report.json`).

    Raises
    ------
    InputError
        If the directory cannot be made or written; nothing half-written stays behind.
    """
    check_directory(directory)
    try:
        if directory.is_dir():
            _add_to(directory, files)
        else:
            _make(directory, files)
    except OSError as error:
        raise InputError(f"cannot write into {directory}: {error.strerror or error}") from error


def _make(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write a directory beside its place, and put it there as a whole."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".archsim-", dir=directory.parent) as staging:
        # Made here, because a temporary directory is closed to other users.
        whole = Path(staging) / "whole"
        whole.mkdir()
        _write_all(whole, files)
        whole.rename(directory)


def _add_to(directory: Path, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix=".archsim-", dir=directory) as staging:
        _write_all(Path(staging), files)
        with _uninterrupted():
            _move_all(Path(staging), directory, files)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put an interrupt off until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if seen:
        raise KeyboardInterrupt


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _move_all(staging: Path, directory: Path, names: Mapping[str, bytes]) -> None:
    blocked = [name for name in names if (directory / name).is_dir()]
    if blocked:
        raise InputError(f"cannot write into {directory}: {blocked[0]} is a directory")
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(directory / name)
