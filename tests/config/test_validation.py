"""Errors of a model that pydantic words for programmers, worded for users."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from archsim.config import Document, build, compose
from archsim.config.fields import keys_at
from archsim.errors import InputError
from archsim.registry import Component
from archsim.units import Capacity


class Pool(BaseModel):
    model_config = ConfigDict(extra="forbid")
    op: Literal["pool"]
    size: int = Field(multiple_of=2)


class Conv(BaseModel):
    model_config = ConfigDict(extra="forbid")
    op: Literal["conv"]
    kernel: tuple[int, int]


class Net(BaseModel):
    model_config = ConfigDict(extra="forbid")
    layers: list[Annotated[Pool | Conv, Field(discriminator="op")]] = []
    by_name: dict[str, Conv] = {}
    lowest: int = Field(default=0, alias="min")
    bits: Literal[4, 8] = 8
    cache: Capacity | None = None
    word: str = Field(default="a", pattern="^[a-z]+$")

    @field_validator("word")
    @classmethod
    def _refuse(cls, value: str) -> str:
        if value == "no":
            raise ValueError("this word\nis not for us")
        if value == "deep":
            raise InputError("look there", field="by_name.a.b.kernel.1")
        return value


def _document(text: str) -> Document:
    return Document.of(compose(text, "f"), "f")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "layers: [{op: conf, size: 2}]",
            "f:1:15: layers.0.op: expected one of pool, conv, got 'conf'; did you mean",
        ),
        ("layers: [{size: 2}]", "f:1:10: layers.0.op: missing key 'op'"),
        ("layers: [{op: pool, size: 3}]", "f:1:27: layers.0.size: expected a value a multiple of 2, got 3"),
        ("layers: [{op: pool, sise: 3}]", "f:1:21: layers.0.sise: unknown key 'sise'; did you mean 'size'?"),
        (
            "layers: [{op: conv, kernel: [1, x]}]",
            "f:1:33: layers.0.kernel.1: expected a whole number, got 'x'",
        ),
        ("layers: [{op: conv, kernel: [1, true]}]", "f:1:33: layers.0.kernel.1: expected a number, got true"),
        ("by_name: {a: {op: conv, kernl: [1, 1]}}", "f:1:25: by_name.a.kernl: unknown key"),
        ("by_name: {a: 3}", "f:1:14: by_name.a: expected keys and values, got 3"),
        ("lowest: 3", "f:1:1: lowest: unknown key 'lowest'"),
        ("mim: 3", "f:1:1: mim: unknown key 'mim'; did you mean 'min'?"),
        ("min: true", "f:1:6: min: expected a number, got true"),
        ("bits: 16", "f:1:7: bits: expected 4 or 8, got 16"),
        ("cache: 4", "f:1:8: cache: 4 has no unit"),
        ("word: A", "f:1:7: word: string should match pattern"),
        ("word: no", "f:1:7: word: this word is not for us"),
        ("x: {y: 3}", "f:1:1: x: unknown key 'x': expected one of layers, by_name, min"),
        ('"' + "y" * 300 + '": 1', "f:1:1: " + "y" * 60 + "...: unknown key"),
    ],
)
def test_the_line(text: str, error: str) -> None:
    with pytest.raises(InputError) as caught:
        build(Net, _document(text))
    assert str(caught.value).startswith(error)
    assert str(caught.value).isprintable()


def test_a_key_with_dots_is_found() -> None:
    class Owner(BaseModel):
        by_name: dict[str, dict[str, list[int]]]

        @field_validator("by_name")
        @classmethod
        def _refuse(cls, value: Any) -> Any:
            raise InputError("look there", field="a.b.kernel.1")

    with pytest.raises(InputError, match=r"f:1:33: by_name.a.b.kernel.1: look there"):
        build(Owner, _document('by_name: {"a.b": {kernel: [ 10, 20]}}'))


def test_numbers_written_as_floats_are_whole_where_they_are() -> None:
    assert build(Net, _document("min: 1e3")).lowest == 1000


def test_nothing_is_changed_on_the_way() -> None:
    net = build(Net, _document("{layers: [{op: pool, size: 4}], cache: 2 KiB, min: 3}"))
    assert (net.layers[0].op, net.cache, net.lowest) == ("pool", 2048, 3)


def test_a_component_alone_knows_its_kind_as_a_key(toy: type[BaseModel]) -> None:
    from archsim.registry import resolve

    fast: type[Component] = resolve("toy_stores", "fast")
    assert keys_at(fast, {}, ()) == ["kind", "backed_by", "capacity", "width", "banks"]
