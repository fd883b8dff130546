"""Families of parts and their members: subclassing registers, folders and entry points discover."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from archsim.errors import ArchsimError, InputError, expected_one_of, nearest


@dataclass(frozen=True)
class Family:
    """A set of interchangeable parts: the package that holds ours, the entry points that bring others'."""

    name: str
    package: str

    @property
    def group(self) -> str:
        """Entry-point group in which other packages announce modules or classes of this family."""
        return f"archsim.{self.name}"


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        name: Family(name, package)
        for name, package in {
            "memories": "archsim.hardware.memories",
            "links": "archsim.hardware.links",
            "compute": "archsim.hardware.compute",
            "multipliers": "archsim.arithmetic.multipliers",
            "adders": "archsim.arithmetic.adders",
            "dataflows": "archsim.mapping.dataflows",
            "managers": "archsim.adaptation.managers",
        }.items()
    }
)


class Component(BaseModel):
    """A frozen part whose fields are its YAML keys; a subclass with a `kind` is registered in its family.

    `class Memory(Component, family="memories")` opens a family, `class Sram(Memory, kind="sram")` adds a kind
    to it. Quantities may be given as text in defaults too.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        allow_inf_nan=False,
    )

    family: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, *, family: str = "", kind: str = "") -> None:
        super().__init_subclass__()
        cls.family = family or cls.family
        cls.kind = kind
        if kind:
            _refuse_duplicate(cls)

    @classmethod
    def __pydantic_init_subclass__(cls, **_keywords: object) -> None:
        """Accept the class keywords, which `__init_subclass__` has already used."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the fields with `kind` as the first, constant one."""
        described = handler(schema)
        if cls.kind:
            target = handler.resolve_ref_schema(described)
            target["properties"] = {"kind": {"const": cls.kind, "type": "string"}} | target.get(
                "properties", {}
            )
            target["required"] = ["kind", *target.get("required", [])]
        return described

    @model_validator(mode="before")
    @classmethod
    def _check_kind(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "kind" not in data:
            return data
        if data["kind"] != cls.kind:
            raise InputError(f"expected kind {cls.kind}, got {data['kind']!r}", field="kind")
        return {key: value for key, value in data.items() if key != "kind"}

    @model_serializer(mode="wrap")
    def _write_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        return {"kind": self.kind} | fields if self.kind else fields


_DESCRIBED: Final[ContextVar[frozenset[str]]] = ContextVar("described_families", default=frozenset())
"""Families whose JSON Schema is being written further out: a member of one may hold another member of it."""


def _reference(schema: CoreSchema) -> CoreSchema:
    """Return a schema that points to one that is written elsewhere."""
    inner: Any = schema["schema"] if schema["type"] == "definitions" else schema
    return core_schema.definition_reference_schema(inner.get("ref") or inner["schema_ref"])


@dataclass(frozen=True)
class Kind:
    """Annotation for a field that holds any member of a family: `Annotated[Memory, Kind("memories")]`.

    The mapping's `kind` picks the class; errors inside it keep the plain path of the field.
    """

    family: str

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that looks the class up at validation time, so that later kinds count too."""
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema: one of the registered kinds, told apart by the key `kind`."""
        members = {kind: member.__pydantic_core_schema__ for kind, member in kinds(self.family).items()}
        if self.family in _DESCRIBED.get():
            members = {kind: _reference(schema) for kind, schema in members.items()}
        token = _DESCRIBED.set(_DESCRIBED.get() | {self.family})
        try:
            return handler(core_schema.tagged_union_schema(dict(members), discriminator="kind"))
        finally:
            _DESCRIBED.reset(token)

    def _read(self, value: Any, info: core_schema.ValidationInfo) -> Component:
        if isinstance(value, Component) and value.family == self.family:
            return value
        return _build(self.family, value, info.context)


def kinds(family: str) -> dict[str, type[Component]]:
    """Return the classes of a family by kind, sorted; ours, other packages' and those already imported."""
    _discover(family)
    found: dict[str, type[Component]] = {}
    for member in _members(family):
        found.setdefault(member.kind, member)
    return {kind: found[kind] for kind in sorted(found)}


def resolve(family: str, kind: str) -> type[Component]:
    """Return the class of a kind.

    Raises
    ------
    InputError
        If the family has no such kind; `field` is `kind`.
    """
    members = kinds(family)
    if kind not in members:
        raise InputError(
            f"unknown kind '{kind}' in {family}: {expected_one_of(members)}",
            field="kind",
            suggestion=nearest(kind, members),
        )
    return members[kind]


def create(family: str, mapping: Mapping[str, Any]) -> Component:
    """Return the component that a mapping with a `kind` describes.

    Raises
    ------
    InputError
        If the kind is missing or unknown, or if the fields do not fit it; `field` is the first that does not.
    """
    try:
        return _build(family, mapping, None)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        cause = first.get("ctx", {}).get("error")
        field = ".".join(str(part) for part in first["loc"]) or None
        if isinstance(cause, InputError):
            raise cause from None
        message = f"{mapping['kind']}: {first['msg'].removeprefix('Value error, ')}"
        raise InputError(message, field=field) from None


def _build(family: str, value: Any, context: Mapping[str, Any] | None) -> Component:
    if not isinstance(value, Mapping):
        raise InputError(f"expected a mapping with a kind, e.g. {{kind: {next(iter(kinds(family)), '...')}}}")
    if "kind" not in value:
        raise _missing_kind(family, value)
    if not isinstance(value["kind"], str):
        raise InputError(f"{expected_one_of(kinds(family))}, got something other than text", field="kind")
    member = resolve(family, value["kind"])
    return member.model_validate(value, context=None if context is None else dict(context))


def _missing_kind(family: str, value: Mapping[str, Any]) -> InputError:
    typo = nearest("kind", [str(key) for key in value])
    if typo is None:
        return InputError(f"missing key 'kind': {expected_one_of(kinds(family))}")
    return InputError(f"unknown key '{typo}'", field=typo, suggestion="kind")


def _members(family: str) -> Iterator[type[Component]]:
    """Yield the classes with a kind, the latest first: a notebook cell run again replaces its class."""
    pending: list[type[Component]] = [Component]
    while pending:
        parent = pending.pop()
        pending.extend(parent.__subclasses__())
        if parent.kind and parent.family == family:
            yield parent


def _refuse_duplicate(added: type[Component]) -> None:
    if added.family not in FAMILIES:
        raise ArchsimError(
            f"{added.__qualname__}: unknown family '{added.family}'; {expected_one_of(FAMILIES)}"
        )
    for other in _members(added.family):
        if other.kind == added.kind and other.__module__ != added.__module__:
            places = f"{other.__module__} and {added.__module__}"
            raise ArchsimError(f"two {added.family} are of kind '{added.kind}': in {places}")


@cache
def _discover(family: str) -> None:
    """Import every module that may define a kind of the family, once per process."""
    if family not in FAMILIES:
        raise InputError(
            f"unknown family '{family}': {expected_one_of(FAMILIES)}", suggestion=nearest(family, FAMILIES)
        )
    _import_own(FAMILIES[family].package)
    for point in importlib.metadata.entry_points(group=FAMILIES[family].group):
        _import_plugin(point)


def _import_own(package: str) -> None:
    try:
        root = importlib.import_module(package)
    except ModuleNotFoundError as error:
        # A family may live in other packages alone; a module that its own code misses is another matter.
        if not f"{package}.".startswith(f"{error.name}."):
            raise
        return
    for module in pkgutil.iter_modules(root.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")


def _import_plugin(point: importlib.metadata.EntryPoint) -> None:
    try:
        point.load()
    except Exception as error:
        # Whatever a stranger's module raises, the user must learn whose it is.
        reason = f"{type(error).__name__}: {error}"
        raise ArchsimError(
            f"entry point '{point.name}' ({point.value}) of {point.group} failed: {reason}"
        ) from error
