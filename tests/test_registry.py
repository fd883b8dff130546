"""Families: a subclass is a member, strangers are discovered, names are checked, paths stay plain."""

from __future__ import annotations

import gc
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, Field, ValidationError

from archsim import registry
from archsim.errors import ArchsimError, InputError
from archsim.registry import FAMILIES, Component, Family, Kind, create, kinds, resolve
from archsim.units import Capacity, Time, text_default

MODULE = """
from archsim.registry import Component
class Wheel(Component, family="wheels"):
    spokes: int = 8
class {name}(Wheel, kind="{kind}"):
    pass
"""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package for a family of its own."""
    package = tmp_path / "wheel_package"
    package.mkdir()
    (package / "__init__.py").touch()
    family = Family("wheels", "wheel_package")
    monkeypatch.setattr(registry, "FAMILIES", MappingProxyType({**FAMILIES, "wheels": family}))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.startswith(("wheel_package", "stranger"))]:
        del sys.modules[name]
    registry._discover.cache_clear()
    gc.collect()


@pytest.fixture
def cargo(wheels: Path) -> type[BaseModel]:
    """A model with members of a family in a list and a dictionary, and two kinds for it."""

    class Wheel(Component, family="wheels"):
        spokes: int = Field(default=8, ge=3)
        """How many spokes."""

    class Wooden(Wheel, kind="wooden"):
        """A wheel of wood."""

    class Hollow(Wheel, kind="hollow"):
        inside: Capacity
        swing: Time = text_default("10 ns")
        spare: Annotated[Wheel, Kind("wheels")] | None = None

    class Cargo(BaseModel):
        known: ClassVar[tuple[type[Component], ...]] = (Wooden, Hollow)
        wheels: dict[str, Annotated[Wheel, Kind("wheels")]]
        others: list[Annotated[Wheel, Kind("wheels")]] = []

    return Cargo


def _install(package: Path, module: str, kind: str) -> None:
    (package / f"{module}.py").write_text(MODULE.format(name=module.capitalize(), kind=kind))


def _announce(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = importlib.metadata.EntryPoint("acme", value, "archsim.wheels")
    points = importlib.metadata.EntryPoints([point])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points.select(group=group))


def test_modules_of_the_folder_are_found_and_sorted(wheels: Path) -> None:
    _install(wheels, "zinc", "zinc")
    _install(wheels, "alder", "alder")
    (wheels / "_private.py").write_text("raise RuntimeError('not to be imported')")
    assert list(kinds("wheels")) == ["alder", "zinc"]
    assert resolve("wheels", "zinc").__name__ == "Zinc"


def test_other_packages_are_found(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(wheels.parent, "stranger", "strange")
    _announce(monkeypatch, "stranger")
    assert create("wheels", {"kind": "strange", "spokes": 5}).model_dump() == {"kind": "strange", "spokes": 5}


@pytest.mark.parametrize("code", ["raise RuntimeError('boom')", "import no_such_module", "1 +"])
def test_a_broken_package_is_named(wheels: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    (wheels.parent / "stranger.py").write_text(code)
    _announce(monkeypatch, "stranger")
    with pytest.raises(ArchsimError, match=r"entry point 'acme' \(stranger\) of archsim.wheels failed"):
        kinds("wheels")


def test_a_module_that_our_own_part_misses_is_not_hidden(wheels: Path) -> None:
    (wheels / "oak.py").write_text("import no_such_module")
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        kinds("wheels")


def test_two_modules_cannot_share_a_kind(wheels: Path) -> None:
    _install(wheels, "oak", "same")
    _install(wheels, "pine", "same")
    with pytest.raises(ArchsimError, match=r"kind 'same': in wheel_package.oak and wheel_package.pine"):
        kinds("wheels")


def test_an_unknown_family_is_refused_at_once() -> None:
    with pytest.raises(ArchsimError, match="unknown family 'memoreis'"):

        class Lost(Component, family="memoreis", kind="lost"):
            pass

    with pytest.raises(InputError, match="did you mean 'memories'"):
        kinds("memoreis")


def test_a_misspelt_class_keyword_is_refused() -> None:
    with pytest.raises(TypeError, match="kid"):

        class Lost(Component, family="memories", kid="lost"):
            pass


def test_all_families_belong_to_the_project() -> None:
    assert all(family.package.startswith("archsim.") for family in FAMILIES.values())
    assert FAMILIES["memories"].group == "archsim.memories"


def test_a_mapping_becomes_its_kind_and_back(cargo: type[BaseModel]) -> None:
    data = {"wheels": {"a": {"kind": "hollow", "inside": "2 KiB", "spare": {"kind": "wooden", "spokes": 3}}}}
    built: Any = cargo.model_validate(data)
    assert (built.wheels["a"].kind, built.wheels["a"].inside) == ("hollow", 2048)
    assert built.wheels["a"].swing == 1e-8
    dumped = built.model_dump(mode="json", exclude={"others"})
    spare = {"kind": "wooden", "spokes": 3}
    written = {"kind": "hollow", "spokes": 8, "inside": "2 KiB", "swing": "10 ns", "spare": spare}
    assert dumped == {"wheels": {"a": written}}
    assert cargo.model_validate(dumped) == built
    assert cargo.model_validate(built.model_dump()) == built


def test_an_instance_is_kept_as_it_is(cargo: type[BaseModel]) -> None:
    wheel = create("wheels", {"kind": "wooden"})
    built: Any = cargo.model_validate({"wheels": {"a": wheel}})
    assert built.wheels["a"] is wheel


@pytest.mark.parametrize(
    ("wheel", "location"),
    [
        ({"kind": "hollow", "inside": "2 KIB"}, ("inside",)),
        ({"kind": "wooden", "spoke": 3}, ("spoke",)),
        ({"kind": "wooden", "spokes": 2}, ("spokes",)),
        ({"kind": "hollow", "inside": "2 B", "spare": {"kind": "wooden", "x": 1}}, ("spare", "x")),
    ],
)
def test_errors_keep_the_plain_path(cargo: type[BaseModel], wheel: Any, location: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        cargo.model_validate({"wheels": {}, "others": [{"kind": "wooden"}, wheel]})
    assert [error["loc"] for error in caught.value.errors()] == [("others", 1, *location)]


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        ("wooden", "expected a mapping with a kind"),
        ({}, "missing key 'kind': expected one of hollow, wooden"),
        ({"knd": "wooden"}, "did you mean 'kind'"),
        ({"kind": "woden"}, "did you mean 'wooden'"),
        ({"kind": ["wooden"]}, "expected one of hollow, wooden"),
    ],
)
def test_a_missing_or_unknown_kind_is_told(cargo: type[BaseModel], wheel: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        cargo.model_validate({"wheels": {"a": wheel}})


def test_a_class_refuses_the_kind_of_another(cargo: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="expected kind wooden, got 'hollow'"):
        resolve("wheels", "wooden").model_validate({"kind": "hollow"})


def test_components_are_frozen(cargo: type[BaseModel]) -> None:
    wheel = create("wheels", {"kind": "wooden"})
    with pytest.raises(ValidationError, match="frozen"):
        wheel.spokes = 3  # type: ignore[attr-defined]


def test_the_schema_lists_every_kind_with_documented_fields(cargo: type[BaseModel]) -> None:
    schema = cargo.model_json_schema()
    member = schema["properties"]["wheels"]["additionalProperties"]
    assert {choice["$ref"] for choice in member["oneOf"]} == {"#/$defs/Hollow", "#/$defs/Wooden"}
    wooden = schema["$defs"]["Wooden"]
    assert wooden["properties"]["kind"] == {"const": "wooden", "type": "string"}
    assert wooden["properties"]["spokes"]["description"] == "How many spokes."
    assert wooden["required"] == ["kind"]
