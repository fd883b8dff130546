"""The base of all results: frozen records with one way to be written as JSON."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of everything in a report: frozen, closed, finite."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def dump_json(record: Record) -> str:
    """Return a record as indented JSON text in the order of its fields, with a newline at the end."""
    data = record.model_dump(mode="python")
    return json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
