"""Physical quantities as text with a unit: a closed list of units, exact fractions, pydantic field types.

In YAML a quantity is always text (`512 KiB`); in Python it is the number in the base unit of its dimension
(bytes, bits, hertz, volts, degrees Celsius, nanometres, seconds, joules, watts, mm2, bytes/s, joules/bit).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from archsim.errors import InputError, nearest

FROM_TEXT: Final[Mapping[str, bool]] = MappingProxyType({"archsim_text": True})
"""Validation context of values that come from a document, where a quantity cannot be a bare number."""

_LONGEST_TEXT = 120
_LARGEST_EXPONENT = 400
_LARGEST_VALUE = 10**30
_LONGEST_PLAIN = 20
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)$")


@dataclass(frozen=True)
class _Dimension:
    """Units of one dimension with their exact size in the base unit; `example` is in most people's range."""

    units: Mapping[str, Fraction]
    example: str
    whole: str = ""
    """Name of the indivisible base unit, empty where fractions of it make sense."""
    signed: bool = False
    written: frozenset[str] = frozenset()
    """Units for writing, all of them where empty."""


def _decimal(base: str, exponents: Mapping[str, int]) -> dict[str, Fraction]:
    """Return `base` with decimal prefixes."""
    return {prefix + base: Fraction(10) ** exponent for prefix, exponent in exponents.items()}


def _scaled(units: Mapping[str, Fraction], factor: Fraction) -> dict[str, Fraction]:
    return {unit: size * factor for unit, size in units.items()}


_LARGE = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12}
_SMALL = {"": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
_BINARY = {"Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40)}
_BYTES = {"B": Fraction(1)} | {f"{p}B": f for p, f in _BINARY.items()} | _decimal("B", _LARGE)
_BITS = {"b": Fraction(1)} | {f"{p}b": f for p, f in _BINARY.items()} | _decimal("b", _LARGE)

_DIMENSIONS: Final[Mapping[str, _Dimension]] = MappingProxyType(
    {
        "capacity": _Dimension(
            _BYTES | _scaled(_BITS, Fraction(1, 8)), "512 KiB", whole="bytes", written=frozenset(_BYTES)
        ),
        "width": _Dimension(
            {"b": Fraction(1), "B": Fraction(8)}, "128 b", whole="bits", written=frozenset("b")
        ),
        "frequency": _Dimension(_decimal("Hz", _LARGE), "500 MHz", whole="hertz"),
        "voltage": _Dimension(_decimal("V", {"": 0, "m": -3}), "0.9 V"),
        "temperature": _Dimension({"C": Fraction(1)}, "25 C", signed=True),
        "length": _Dimension(_decimal("m", {"n": 0, "u": 3}), "45 nm"),
        "time": _Dimension(_decimal("s", _SMALL), "10 ns"),
        "energy": _Dimension(_decimal("J", _SMALL | {"a": -18}), "1.5 pJ"),
        "power": _Dimension(_decimal("W", _SMALL), "3 mW"),
        "area": _Dimension({"mm2": Fraction(1), "um2": Fraction(1, 10**6)}, "2.5 mm2"),
        "bandwidth": _Dimension(
            {f"{unit}/s": size for unit, size in (_BYTES | _scaled(_BITS, Fraction(1, 8))).items()},
            "12.8 GB/s",
            written=frozenset({"B/s", "kB/s", "MB/s", "GB/s", "TB/s"}),
        ),
        "energy_per_bit": _Dimension(_decimal("J/b", _SMALL | {"a": -18}), "0.1 pJ/b"),
    }
)


def parse_quantity(text: object, dimension: str) -> Fraction:
    """Return the exact value of a quantity text in the base unit of its dimension.

    Raises
    ------
    InputError
        If the text is not a number with a unit of that dimension, or if the value is negative, absurdly
        large, or not a whole number of an indivisible base unit.
    """
    units = _DIMENSIONS[dimension].units
    number, unit = _split(text, dimension)
    if unit not in units:
        raise _wrong_unit(number, unit, dimension)
    value = _number(number, dimension) * units[unit]
    _check_range(value, str(text), dimension)
    return value


def format_quantity(value: float | Fraction, dimension: str) -> str:
    """Return the shortest text with a unit that reads back as exactly the same value.

    Parameters
    ----------
    value
        The quantity in the base unit of its dimension, e.g. bytes.
    dimension
        Name of the dimension, e.g. `capacity`.
    """
    exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    texts = [(_plain(exact / size), unit, exact / size) for unit, size in _written(dimension).items()]
    readable = [(text, unit, ratio) for text, unit, ratio in texts if text is not None]
    best = min(readable, key=lambda row: (len(row[0]) + len(row[1]), abs(row[2]) < 1))
    return f"{best[0]} {best[1]}"


def text_default(text: str) -> Any:
    """Return a quantity text as the default of a field, where a type checker would want the number."""
    return text


def _split(text: object, dimension: str) -> tuple[str, str]:
    example = f"write it with its unit, e.g. {_DIMENSIONS[dimension].example}"
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InputError(f"expected {_named(dimension)}; {example}")
    shown = str(text).strip()
    match = _QUANTITY.fullmatch(shown) if len(shown) <= _LONGEST_TEXT else None
    if match is None:
        raise InputError(f"expected {_named(dimension)}, got '{shown[:40]}'; {example}")
    return match[1], match[2]


def _wrong_unit(number: str, unit: str, dimension: str) -> InputError:
    fits = _fitting(dimension)
    if not unit:
        return InputError(f"{number} has no unit: {_named(dimension)} needs {fits}")
    homes = [name for name, candidate in _DIMENSIONS.items() if unit in candidate.units]
    if homes:
        return InputError(f"{unit} is a unit of {_words(homes[0])}, but {_named(dimension)} needs {fits}")
    close = nearest(unit, _DIMENSIONS[dimension].units)
    suggestion = f"{number} {close}" if close else None
    return InputError(f"unknown unit '{unit}': {_named(dimension)} needs {fits}", suggestion=suggestion)


def _number(text: str, dimension: str) -> Fraction:
    exponent = _EXPONENT.search(text)
    # Fraction('1e999999999') would build the number digit by digit before anybody could refuse it.
    if exponent and (len(exponent[1]) > 5 or abs(int(exponent[1])) > _LARGEST_EXPONENT):
        raise InputError(f"{text} is out of range for {_named(dimension)}")
    return Fraction(text)


def _check_range(value: Fraction, text: str, dimension: str) -> None:
    rules = _DIMENSIONS[dimension]
    if value < 0 and not rules.signed:
        raise InputError(f"{_named(dimension)} cannot be negative, got '{text}'")
    if abs(value) > _LARGEST_VALUE or (value and not float(value)):
        raise InputError(f"'{text}' is out of range for {_named(dimension)}")
    if rules.whole and value.denominator != 1:
        raise InputError(f"'{text}' is not a whole number of {rules.whole}")


def _plain(value: Fraction) -> str | None:
    """Return the exact decimal text of a fraction, None if it has no short one."""
    digits, exponent = value, 0
    while digits.denominator % 10 == 0 or digits.denominator != 1:
        digits, exponent = digits * 10, exponent - 1
        if exponent < -_LARGEST_EXPONENT:
            return None
    number = digits.numerator
    while number and number % 10 == 0 and exponent < 0:
        number, exponent = number // 10, exponent + 1
    return _positional(number, exponent) if -exponent <= _LONGEST_PLAIN else f"{number}e{exponent}"


def _positional(number: int, exponent: int) -> str:
    """Return number x 10^exponent (exponent <= 0) with a decimal point."""
    if exponent == 0:
        return str(number)
    digits = str(abs(number)).rjust(1 - exponent, "0")
    return f"{'-' if number < 0 else ''}{digits[:exponent]}.{digits[exponent:]}"


def _words(dimension: str) -> str:
    return dimension.replace("_", " ")


def _named(dimension: str) -> str:
    return f"{'an' if dimension[0] in 'aeiou' else 'a'} {_words(dimension)}"


def _written(dimension: str) -> dict[str, Fraction]:
    """Return the units for writing, which are also those worth naming in an error."""
    rules = _DIMENSIONS[dimension]
    return {unit: size for unit, size in rules.units.items() if unit in (rules.written or rules.units)}


def _fitting(dimension: str) -> str:
    return ", ".join(_written(dimension))


@dataclass(frozen=True)
class Quantity:
    """Pydantic annotation: reads text with a unit, keeps a number in the base unit, writes text again.

    Numbers are accepted from Python (they are in the base unit) and refused from documents.
    """

    dimension: str

    def __get_pydantic_core_schema__(self, source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema: text or number in, int or float out, text in JSON."""
        whole = bool(_DIMENSIONS[self.dimension].whole)
        signed = _DIMENSIONS[self.dimension].signed
        limit = None if signed else 0
        number: CoreSchema = (
            core_schema.int_schema(ge=limit)
            if whole
            else core_schema.float_schema(ge=limit, allow_inf_nan=False)
        )
        return core_schema.with_info_before_validator_function(
            self._read,
            number,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._write, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the text: its pattern and an example."""
        rules = _DIMENSIONS[self.dimension]
        units = "|".join(re.escape(unit) for unit in rules.units)
        sign = "[+-]?" if rules.signed else r"\+?"
        pattern = rf"^{sign}{_NUMBER.removeprefix('[+-]?')}\s*({units})$"
        return {"type": "string", "pattern": pattern, "examples": [rules.example]}

    def _read(self, value: object, info: core_schema.ValidationInfo) -> object:
        from_document = info.context is not None and bool(info.context.get("archsim_text"))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not from_document:
            return value
        exact = parse_quantity(value, self.dimension)
        return int(exact) if _DIMENSIONS[self.dimension].whole else float(exact)

    def _write(self, value: float) -> str:
        return format_quantity(value, self.dimension)


Capacity = Annotated[int, Quantity("capacity")]
Width = Annotated[int, Quantity("width")]
Frequency = Annotated[int, Quantity("frequency")]
Voltage = Annotated[float, Quantity("voltage")]
Temperature = Annotated[float, Quantity("temperature")]
Length = Annotated[float, Quantity("length")]
Time = Annotated[float, Quantity("time")]
Energy = Annotated[float, Quantity("energy")]
Power = Annotated[float, Quantity("power")]
Area = Annotated[float, Quantity("area")]
Bandwidth = Annotated[float, Quantity("bandwidth")]
EnergyPerBit = Annotated[float, Quantity("energy_per_bit")]
