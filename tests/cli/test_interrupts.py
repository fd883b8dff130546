"""Runs with images on a terminal: a bar with rate and remaining time, and what Ctrl-C leaves behind."""

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and signals of POSIX")

RUN = ("run", "von_neumann", "digits_cnn", "--images", "320")

INTERRUPTING = """
import os, signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of some shells
place, sys.argv = sys.argv[1], ["archsim", *sys.argv[2:]]
from archsim.cli.application import main
from archsim.inference import measuring
from archsim.results import export

def interrupting(function):
    def wrapped(*arguments, **options):
        result = function(*arguments, **options)
        os.kill(os.getpid(), signal.SIGINT)
        return result
    return wrapped

owner, name = {
    "accuracy": (measuring, "evaluate"),
    "writing": (export, "_write_all"),
    "moving": (Path, "replace"),
}[place]
setattr(owner, name, interrupting(getattr(owner, name)))
main()
"""


def interrupted(place, out):
    command = [sys.executable, "-c", INTERRUPTING, place, *RUN, "-o", str(out)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize("place", ["accuracy", "writing"])
def test_an_interrupt_before_the_files_are_complete_leaves_none(place, tmp_path):
    interrupted(place, tmp_path / "out")
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("of another run")
    interrupted(place, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.json"]
    assert (tmp_path / "out" / "report.json").read_text() == "of another run"


def test_an_interrupt_while_files_move_waits_for_the_last_one(tmp_path):
    whole = tmp_path / "whole"
    done = subprocess.run(
        [sys.executable, "-m", "archsim", *RUN, "-o", str(whole)], check=False, capture_output=True
    )
    assert done.returncode == 0
    (tmp_path / "out").mkdir()
    interrupted("moving", tmp_path / "out")
    names = [{path.name for path in (tmp_path / one).iterdir()} for one in ("whole", "out")]
    assert names[0] == names[1]
    assert (whole / "report.json").read_bytes() == (tmp_path / "out" / "report.json").read_bytes()


def test_a_terminal_sees_images_per_second_and_the_time_left():
    import pty

    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
    with subprocess.Popen(
        [sys.executable, "-m", "archsim", *RUN], stdout=subprocess.DEVNULL, stderr=writer, env=environment
    ) as run:
        os.close(writer)
        text = b"".join(iter(lambda: _read(reader), b"")).decode()
    os.close(reader)
    assert run.returncode == 0
    assert re.search(r"accuracy of .*: images.* [\d,]+ images/s.*\d:\d\d:\d\d", text)


def _read(descriptor):
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux's end of file of a terminal without writers
        return b""
