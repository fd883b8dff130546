"""Files that are no architecture or trace at all: one line with the place, exit 2, nothing written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("in_empty_folder")

FILES: dict[str, bytes] = {
    "empty": b"",
    "only a comment": b"# nothing\n",
    "only blanks": b"  \n\n",
    "null": b"null\n",
    "a number": b"42\n",
    "a list": b"- 1\n- 2\n",
    "a sentence": b"hello world\n",
    "binary": bytes(range(256)) * 16,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "latin-1": "name: caf\xe9\n".encode("latin-1"),
    "UTF-16": "archsim: 1\nname: mine\n".encode("utf-16"),
    "10 MB": b"archsim: 1\n" + b"# filler\n" * 1_200_000,
    "one line of 1 MB": b"archsim: 1\nname: " + b"x" * 1_000_000 + b"\n",
    "deep lists": b"archsim: 1\nname: " + b"[" * 20_000 + b"]" * 20_000 + b"\n",
    "deep mappings": b"archsim: 1\n" + b"".join(b" " * n + b"a:\n" for n in range(500)),
    "an alias bomb": b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        b"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n" % (n, n, *[n - 1] * 8)
        for n in range(1, 12)
    ),
    "an alias of itself": b"archsim: 1\nmemories: &m {dram: *m}\n",
    "only the version": b"archsim: 1\n",
    "JSON cut short": b'{"archsim": 1, "name": "x", "memories": {',
    "a null byte": b"archsim: 1\nname: a\0b\n",
    "a merge key": b"archsim: 1\n<<: {name: a}\n",
    "extends nothing": b"extends: nowhere.yaml\n",
    "extends a typo": b"extends: von_neuman.yaml\n",
    "extends itself": b"extends: broken.yaml\n",
    "extends a list": b"extends: [von_neumann.yaml]\n",
    "extends a trace": b"extends: ../traces/vgg16.yaml\n",
    "changes a missing part": b"extends: von_neumann.yaml\ncompute: {gpu: {rows: 3}}\n",
}


@pytest.mark.parametrize("way", ["run", "trace", "validate"])
@pytest.mark.parametrize("name", FILES, ids=[name.replace(" ", "_") for name in FILES])
def test_a_file_that_is_something_else(name, way, refused):
    Path("broken.yaml").write_bytes(FILES[name])
    arguments = {
        "run": ["run", "broken.yaml", "lenet5", "-o", "out"],
        "trace": ["run", "von_neumann", "broken.yaml", "-o", "out"],
        "validate": ["validate", "broken.yaml"],
    }[way]
    error = refused(*arguments)
    assert re.match(r"error: \S+:\d+:\d+: ", error), error
    assert [path.name for path in Path().iterdir()] == ["broken.yaml"]


def test_a_circle_of_files_names_the_circle(refused):
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        Path(f"{name}.yaml").write_text(f"extends: {base}.yaml\n")
    error = refused("validate", "a.yaml")
    assert re.match(r"error: \S*c\.yaml:1:\d+: ", error), error
    assert all(f"{name}.yaml" in error for name in "abc")


@pytest.mark.parametrize(
    "override",
    ["compute.npu.rwos=4", "compute.npu.rows=-4", "compute.nup.rows=4", "rows", "=3", "a.b=[", "name="],
)
def test_a_broken_override_names_itself(override, refused):
    error = refused("run", "von_neumann", "lenet5", "--set", override, "-o", "out")
    assert "--set" in error or "name" in error
    assert not Path("out").exists()


def test_a_folder_and_a_special_file_are_not_read(refused):
    Path("folder.yaml").mkdir()
    assert "folder.yaml" in refused("validate", "folder.yaml")
    assert "folder" in refused("run", "folder.yaml", "lenet5")


@pytest.mark.parametrize("name", ["an alias bomb", "deep lists", "binary"])
def test_in_a_process_of_its_own_there_is_no_trace_back_either(name):
    Path("broken.yaml").write_bytes(FILES[name])
    done = subprocess.run(
        [sys.executable, "-m", "archsim", "run", "broken.yaml", "lenet5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
