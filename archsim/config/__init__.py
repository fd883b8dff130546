"""YAML text to validated values, every error with its file, line and column."""

from archsim.config.document import Document, compose
from archsim.config.dump import to_yaml
from archsim.config.loader import check_version, document_of, load_document, read_bytes, read_text
from archsim.config.named_file import NamedFile
from archsim.config.schema import json_schema
from archsim.config.shipped_files import find, shipped, shipped_folder
from archsim.config.validation import build

__all__ = [
    "Document",
    "NamedFile",
    "build",
    "check_version",
    "compose",
    "document_of",
    "find",
    "json_schema",
    "load_document",
    "read_bytes",
    "read_text",
    "shipped",
    "shipped_folder",
    "to_yaml",
]
