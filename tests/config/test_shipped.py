"""Shipped files by name, in a checkout and in an installed package."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pytest

from archsim.config import find, shipped, shipped_folder
from archsim.errors import InputError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the installed package, with two traces beside it as in a checkout."""
    folder = tmp_path / "root" / "archsim"
    (folder.parent / "traces").mkdir(parents=True)
    folder.mkdir()
    (folder.parent / "pyproject.toml").touch()
    for name in ("vgg16", "resnet18"):
        (folder.parent / "traces" / f"{name}.yaml").write_text("archsim: 1\n")
    monkeypatch.setattr(importlib.resources, "files", lambda name: folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_names_of_a_checkout(package: Path) -> None:
    assert shipped("traces") == ["resnet18", "vgg16"]
    assert find("traces", "vgg16") == package.parent / "traces" / "vgg16.yaml"
    assert find("traces", "vgg16.yaml") == find("traces", "vgg16")


def test_an_installed_package_brings_its_own(package: Path) -> None:
    inside = package / "data" / "traces"
    inside.mkdir(parents=True)
    (inside / "lenet5.yaml").touch()
    (package.parent / "pyproject.toml").unlink()
    assert shipped_folder("traces") == inside
    assert shipped("traces") == ["lenet5"]


def test_an_existing_file_comes_first(package: Path) -> None:
    Path("vgg16").touch()
    assert find("traces", "vgg16") == Path("vgg16")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vgg61", "neither a file nor one of the shipped traces: .*resnet18, vgg16; did you mean 'vgg16'"),
        ("", "neither a file nor"),
        ("vg16.yaml", "vg16.yaml: no such file; did you mean 'vgg16.yaml'"),
        ("root/traces/vgg6.yaml", "no such file; did you mean 'root/traces/vgg16.yaml'"),
        ("nowhere/vgg16.yaml", "no such file$"),
        ("root/traces", "expected a file"),
        ("x\0", "cannot contain"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_what_is_not_there(package: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find("traces", name)
