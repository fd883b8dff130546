"""The commands of a DRAM channel as a CSV file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np

from archsim.errors import InputError
from archsim.hardware.dram_controller import CommandLog, OnCommands
from archsim.hardware.dram_parts import DramPart
from archsim.hardware.dram_rules import Command
from archsim.results.export import check_directory

_COLUMNS: Final = ("cycle", "command", "bank_group", "bank", "row", "column")
_NAMES: Final = np.array([command.name for command in Command])


@contextmanager
def command_file(path: Path, part: DramPart, ranks: int) -> Iterator[OnCommands]:
    """Yield a function that writes commands; the file is in place when all is done, and not at all otherwise.

    Cells that mean nothing are empty; bank is that of the bank group, column counts bursts. With several
    ranks a last column `rank` tells which one.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    if path.is_dir():
        raise InputError(f"cannot write '{path}': it is a directory")
    check_directory(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".archsim-", dir=path.parent) as staging:
            place = Path(staging) / "commands.csv"
            with place.open("w", encoding="utf-8", newline="\n") as file:
                file.write(",".join([*_COLUMNS, *(["rank"] if ranks > 1 else [])]) + "\n")
                yield lambda log: _write(file, log, part, ranks)
            os.replace(place, path)
    except OSError as error:
        raise InputError(f"cannot write '{path}': {error.strerror or error}") from error


def _write(file: IO[str], log: CommandLog, part: DramPart, ranks: int) -> None:
    known = log["bank"] >= 0
    group = np.where(known, log["bank"] // part.banks_per_group, -1)
    bank = np.where(known, log["bank"] % part.banks_per_group, -1)
    columns = [log["cycle"], _NAMES[log["command"]], group, bank, log["row"], log["column"]]
    texts = [np.where(column == -1, "", column.astype(str)) for column in (columns[0], *columns[2:])]
    texts.insert(1, columns[1])
    if ranks > 1:
        texts.append(log["rank"].astype(str))
    file.writelines(",".join(cells) + "\n" for cells in zip(*(text.tolist() for text in texts), strict=True))
