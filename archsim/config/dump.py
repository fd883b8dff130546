"""Plain data to YAML text that reads back as the same data."""

from __future__ import annotations

import re
from typing import Any

import yaml

from archsim.config.scalars import BOOLEAN, FLOAT, INTEGER, NULL


class _Dumper(yaml.SafeDumper):
    """PyYAML's dumper with the scalars of YAML 1.2 in place of those of YAML 1.1."""

    yaml_implicit_resolvers: dict[Any, Any] = {}

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        # PyYAML escapes these line breaks of Unicode in double quotes only; elsewhere readers fold them.
        # A plain << would be read as a merge key.
        quoted = data == "<<" or any(letter in data for letter in "\x85\u2028\u2029")
        style = '"' if quoted else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


def _resolve_with(tag: str, pattern: re.Pattern[str]) -> None:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern.pattern})$"), None)


_Dumper.add_representer(str, _Dumper.represent_text)
_resolve_with("null", NULL)
_resolve_with("bool", BOOLEAN)
_resolve_with("int", INTEGER)
_resolve_with("float", FLOAT)


def to_yaml(data: Any) -> str:
    """Return plain data (dictionaries, lists, scalars) as YAML in the given order of keys."""
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
