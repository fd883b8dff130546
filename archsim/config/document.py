"""YAML text to plain Python data in which the place of every key and value is known.

One pass over PyYAML's events, so that depth, size and aliases are limited before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import dirname
from typing import Any, Final

import yaml

from archsim.config.scalars import Scalar, resolve_scalar
from archsim.errors import InputError, Position

DEEPEST: Final = 64
"""Levels of nesting that a document may have."""

MOST_NODES: Final = 50_000
"""Values that a document may have, aliases written out."""

Path = tuple[str | int, ...]

# libyaml is about ten times as fast; where PyYAML was built without it, the same events come from Python.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LIBYAML_TOO_DEEP: Final = "exceeded maximum nesting depth"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """A value in a mapping with the place of its key."""

    key: Position
    node: Node


@dataclass(frozen=True)
class Node:
    """A value with its place; `size` and `height` count the nodes and levels below, itself included."""

    position: Position
    value: Scalar | tuple[Node, ...] | dict[str, Entry]
    size: int = 1
    height: int = 1

    def children(self) -> dict[str, Node] | dict[int, Node]:
        """Return what is directly below, by key or index."""
        if isinstance(self.value, dict):
            return {key: entry.node for key, entry in self.value.items()}
        return dict(enumerate(self.value)) if isinstance(self.value, tuple) else {}


@dataclass(frozen=True)
class Document:
    """A document as plain data, and where each value (`positions`) and key (`keys`) stands, by path."""

    data: dict[str, Any]
    positions: Mapping[Path, Position]
    keys: Mapping[Path, Position]
    file: str

    @property
    def directories(self) -> tuple[str, ...]:
        """Folders of the files that it was read from, the outermost file's first."""
        files = (self.file, *(position.file for position in self.positions.values()))
        return tuple(dict.fromkeys(dirname(file) for file in files))

    def position(self, path: Path) -> Position:
        """Return the place of the value at `path`, or of the innermost value on the way that exists."""
        return next(self.positions[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.positions)

    def key_position(self, path: Path) -> Position:
        """Return the place of the key at `path`; of the value where it is not the value of a key."""
        return self.keys.get(path) or self.position(path)

    @classmethod
    def of(cls, root: Node, file: str) -> Document:
        """Return the document with this root, which has to be a mapping.

        Raises
        ------
        InputError
            If the root is anything else.
        """
        if not isinstance(root.value, dict):
            raise InputError("expected keys and values at the top of the file", position=root.position)
        rows = list(_walk(root, ()))
        keys = {path: key for path, _, key in rows if key is not None}
        return cls(plain(root), {path: node.position for path, node, _ in rows}, keys, file)


def compose(text: str, file: str) -> Node:
    """Return the root of the only YAML document in `text`.

    Raises
    ------
    InputError
        If the text is not one well-formed document within the limits, without duplicate keys, tags,
        merge keys and keys other than text.
    """
    _refuse_unprintable(text, file)
    try:
        return _root(text, file)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from None
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {error}", position=Position(file, 1, 1)) from None


def _root(text: str, file: str) -> Node:
    try:
        return _Composer(file, yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        if error.problem != _LIBYAML_TOO_DEEP:
            raise
    # libyaml scans ahead of its events, so that it can refuse a depth before the composer has seen any of it.
    # Python's parser has no limit of its own: through it the composer says what is wrong, and where.
    return _Composer(file, yaml.parse(text, Loader=yaml.SafeLoader)).document()


def plain(node: Node) -> Any:
    """Return a node as dictionaries, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(entry.node) for key, entry in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, tuple) else node.value


def mapping(position: Position, entries: dict[str, Entry]) -> Node:
    """Return a mapping node."""
    return _collection(position, entries, [entry.node for entry in entries.values()])


def sequence(position: Position, items: list[Node]) -> Node:
    """Return a list node."""
    return _collection(position, tuple(items), items)


def _collection(position: Position, value: tuple[Node, ...] | dict[str, Entry], below: list[Node]) -> Node:
    size = 1 + sum(node.size for node in below)
    return Node(position, value, size, 1 + max((node.height for node in below), default=0))


def _walk(node: Node, path: Path) -> Iterator[tuple[Path, Node, Position | None]]:
    key = None
    pending: list[tuple[Path, Node, Position | None]] = [(path, node, key)]
    while pending:
        path, node, key = pending.pop()
        yield path, node, key
        for step, child in node.children().items():
            entry = node.value[step].key if isinstance(node.value, dict) and isinstance(step, str) else None
            pending.append(((*path, step), child, entry))


class _Composer:
    """Builds nodes out of events, checking what a configuration may contain."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._events = events
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0

    def document(self) -> Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise InputError("the file is empty", position=Position(self._file, 1, 1))
        root = self._node(next(self._events), 1)
        next(self._events)
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise self._error("expected one document; a second one starts here", following)
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > DEEPEST:
            raise self._error(f"nested more than {DEEPEST} levels deep", event)
        assert isinstance(event, yaml.NodeEvent)
        self._check(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        node = self._content(event, depth)
        self._count(node.size if isinstance(event, yaml.ScalarEvent) else 1, event)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: yaml.NodeEvent, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Node(self._position(event), self._scalar(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return sequence(self._position(event), self._items(depth))
        return mapping(self._position(event), self._entries(depth))

    def _items(self, depth: int) -> list[Node]:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return items

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            if key in entries:
                raise self._error(
                    f"duplicate key '{key}', first given on line {entries[key].key.line}", event
                )
            entries[key] = Entry(self._position(event), self._node(next(self._events), depth + 1))
        return entries

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error("expected a plain text as key", event)
        self._check(event)
        key = self._scalar(event)
        if not isinstance(key, str):
            shown = event.value or "nothing"
            raise self._error(f"expected a text as key, got {shown}; quote it if it is meant so", event)
        if key == "<<" and event.implicit[0]:
            raise self._error(
                "merge keys (<<) are not part of YAML 1.2; use 'extends' or write it out", event
            )
        return key

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        if not event.implicit[0]:
            return event.value
        try:
            return resolve_scalar(event.value)
        except ValueError as error:
            raise self._error(str(error), event) from None

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            loop = event.anchor in self._anchors
            raise self._error(
                f"alias *{event.anchor} {'contains itself' if loop else 'has no anchor'}", event
            )
        self._count(node.size, event)
        if depth + node.height - 1 > DEEPEST:
            raise self._error(f"nested more than {DEEPEST} levels deep", event)
        return node

    def _count(self, added: int, event: yaml.Event) -> None:
        self._nodes += added
        if self._nodes > MOST_NODES:
            raise self._error(f"more than {MOST_NODES} values, aliases written out", event)

    def _check(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            raise self._error(f"tag '{shown}' is not supported: write the value alone", event)

    def _error(self, message: str, event: yaml.Event) -> InputError:
        return InputError(message, position=self._position(event))

    def _position(self, event: yaml.Event) -> Position:
        return _place(self._file, event.start_mark)


def _refuse_unprintable(text: str, file: str) -> None:
    found = _UNPRINTABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"character U+{ord(found[0]):04X} does not belong in a text file; is this file binary?"
        raise InputError(message, position=Position(file, line, column))


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> InputError:
    # What is never closed is found missing far away from where it began.
    unclosed = "end of stream" in str(error.problem) or "expected ':'" in str(error.problem)
    mark = error.context_mark if unclosed and error.context_mark else error.problem_mark
    place = _place(file, mark or error.context_mark)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    indentation = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" in indentation:
        tab = Position(file, place.line, indentation.index("\t") + 1)
        return InputError("tab in the indentation; use spaces", position=tab)
    context = f" ({error.context} from line {error.context_mark.line + 1})" if error.context_mark else ""
    return InputError(f"not YAML: {error.problem}{context}", position=place)


def _place(file: str, mark: Any) -> Position:
    """Return the position of a mark of PyYAML, which counts from 0."""
    return Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
