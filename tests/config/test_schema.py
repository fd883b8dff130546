"""The JSON Schema that an editor reads agrees with what is accepted."""

from __future__ import annotations

from toy_system import System

from archsim.config import json_schema


def test_quantities_and_kinds_are_described(toy: type[System]) -> None:
    schema = json_schema(toy)
    assert schema["$schema"].startswith("https://json-schema.org/")
    fast = schema["$defs"]["Fast"]
    assert fast["properties"]["capacity"]["description"] == "How much it holds."
    assert fast["properties"]["width"]["default"] == "64 b"
    assert fast["required"] == ["kind", "capacity"]
    gears = schema["$defs"]["Array"]["properties"]["multiplier"]["oneOf"]
    assert {gear["$ref"] for gear in gears} == {"#/$defs/Cut", "#/$defs/Exact"}
    assert schema["additionalProperties"] is False
