"""Files to documents: `extends` chains merged, `--set` applied, all values knowing where they came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from archsim.config.document import Document, Entry, Node, compose, mapping, sequence
from archsim.config.scalars import Scalar
from archsim.config.shipped_files import find
from archsim.errors import InputError, Position, expected_one_of, nearest

LARGEST_FILE_BYTES: Final = 2 * 2**20
"""A configuration or trace larger than this is taken for something else."""

FORMAT_VERSION: Final = 1
"""The value of the key `archsim` that this version reads."""

_LONGEST_CHAIN = 16


def load_document(path: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read a YAML file, merge it over the files that it extends, and apply overrides.

    Parameters
    ----------
    path
        The file. `extends` in it names another file: beside it, else one of the shipped configurations.
        Mappings merge, lists and scalars replace, a mapping with another `kind` replaces, null removes.
    overrides
        `a.b.0.c=value` texts; the value is YAML, everything before the last key has to exist. Another `kind`
        drops what stood beside it in the file, before anything else is set there.

    Raises
    ------
    InputError
        If a file cannot be read or is not YAML, if `extends` runs in a circle, or if an override is not
        of that form or leads nowhere.
    """
    root = _load(Path(path), ())
    for override in _kinds_first(overrides):
        root = _override(root, override)
    return Document.of(root, str(path))


def document_of(title: str, values: Mapping[str, Scalar], overrides: Sequence[str]) -> Document:
    """Return a document without a file: some values, and overrides as those of :func:`load_document`.

    Parameters
    ----------
    title
        What errors name in place of a file.
    values
        Values by key.

    Raises
    ------
    InputError
        If an override is not of that form or leads nowhere.
    """
    start = Position(title, 1, 1)
    root = mapping(start, {key: Entry(start, Node(start, value)) for key, value in values.items()})
    for override in overrides:
        root = _override(root, override)
    return Document.of(root, title)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file of bounded size.

    Raises
    ------
    InputError
        If it is missing, not a regular file, too large, unreadable or not UTF-8.
    """
    return _decode(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Return the content of a file of bounded size.

    Raises
    ------
    InputError
        If it is missing, not a regular file, too large or unreadable.
    """
    start = Position(str(path), 1, 1)
    try:
        if not path.exists():
            raise InputError(f"{path}: no such file")
        if not path.is_file():
            raise InputError("is not a file", position=start)
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_FILE_BYTES else b""
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", position=start) from None
    if size > LARGEST_FILE_BYTES:
        limit = LARGEST_FILE_BYTES // 2**20
        raise InputError(f"the file has {size} bytes, more than the limit of {limit} MiB", position=start)
    return content


def check_version(document: Document) -> None:
    """Check the format version, the key `archsim` at the top.

    Raises
    ------
    InputError
        If it is missing or not the version that this program reads.
    """
    if "archsim" not in document.data:
        typo = nearest("archsim", document.data)
        place = document.key_position((typo,)) if typo else document.position(())
        message = (
            f"missing key 'archsim', the format version: the file starts with 'archsim: {FORMAT_VERSION}'"
        )
        raise InputError(message, position=place, field=typo, suggestion="archsim" if typo else None)
    version = document.data["archsim"]
    if version != FORMAT_VERSION or isinstance(version, bool):
        message = f"expected format version {FORMAT_VERSION}, got {version!r}"
        raise InputError(message, position=document.position(("archsim",)), field="archsim")


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        place = Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise InputError("not UTF-8 text; is this file binary?", position=place) from None


def _load(path: Path, parents: tuple[Path, ...]) -> Node:
    root = compose(read_text(path), str(path))
    if not isinstance(root.value, dict) or "extends" not in root.value:
        return root
    link = root.value["extends"].node
    base = _load(_base_file(path, link, (*parents, path)), (*parents, path))
    if not isinstance(base.value, dict):
        raise InputError("expected keys and values at the top of the file", position=base.position)
    own = {key: entry for key, entry in root.value.items() if key != "extends"}
    return _merge(base, mapping(root.position, own))


def _base_file(path: Path, link: Node, chain: tuple[Path, ...]) -> Path:
    if not isinstance(link.value, str) or not link.value or "\0" in link.value:
        raise InputError("expected the name of a file", position=link.position, field="extends")
    beside = path.parent / link.value
    try:
        base = beside if beside.is_file() else find("configs", link.value)
    except (InputError, OSError) as error:
        raise _no_base(beside, link, error) from None
    seen = [parent.resolve() for parent in chain]
    if base.resolve() in seen:
        circle = " -> ".join(str(parent) for parent in [*chain[seen.index(base.resolve()) :], base])
        raise InputError(
            f"files extend each other in a circle: {circle}", position=link.position, field="extends"
        )
    if len(chain) >= _LONGEST_CHAIN:
        raise InputError(f"more than {_LONGEST_CHAIN} files extend each other", position=link.position)
    return base


def _no_base(beside: Path, link: Node, error: InputError | OSError) -> InputError:
    names = sorted(entry.name for entry in beside.parent.glob("*.yaml"))
    shipped_hint = error.suggestion if isinstance(error, InputError) else None
    return InputError(
        f"no file '{link.value}' here or among the shipped configs",
        position=link.position,
        field="extends",
        suggestion=nearest(str(link.value), names) or shipped_hint,
    )


def _merge(base: Node, own: Node) -> Node:
    """Return `own` laid over `base`."""
    if not isinstance(base.value, dict) or not isinstance(own.value, dict) or _changes_kind(base, own):
        return _without_nulls(own)
    merged = dict(base.value)
    for key, entry in own.value.items():
        under = merged.pop(key, None) if entry.node.value is None else merged.get(key)
        if entry.node.value is not None:
            node = _merge(under.node, entry.node) if under else _without_nulls(entry.node)
            merged[key] = Entry(entry.key, node)
    return mapping(own.position, merged)


def _without_nulls(node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    kept = {key: entry for key, entry in node.value.items() if entry.node.value is not None}
    return mapping(node.position, {key: Entry(e.key, _without_nulls(e.node)) for key, e in kept.items()})


def _changes_kind(base: Node, own: Node) -> bool:
    before, after = base.children().get("kind"), own.children().get("kind")  # type: ignore[call-overload]
    return after is not None and (before is None or before.value != after.value)


def _kinds_first(overrides: Sequence[str]) -> list[str]:
    """Return the overrides with each kind before what else is set of that part."""
    ordered: list[str] = []
    for override in overrides:
        part, _, key = override.partition("=")[0].rpartition(".")
        below = [i for i, other in enumerate(ordered) if other.startswith(f"{part}.")]
        later = [i for i in below if not ordered[i].startswith(f"{part}.kind=")]
        ordered.insert(later[0] if key == "kind" and later else len(ordered), override)
    return ordered


def _override(root: Node, override: str) -> Node:
    file = f"--set {override}"
    name, _, text = override.partition("=")
    keys = name.split(".")
    if not all(keys) or not text.strip():
        message = "expected KEY=VALUE with dots between keys, e.g. compute.npu.rows=64"
        raise InputError(message, position=Position(file, 1, 1))
    # Blanks in place of the name keep the columns of the value true.
    value = compose(" " * (len(name) + 1) + text, file)
    places = [Position(file, 1, 1 + sum(len(key) + 1 for key in keys[:n])) for n in range(len(keys))]
    return _replace(root, list(zip(keys, places, strict=True)), value, name)


def _replace(node: Node, steps: list[tuple[str, Position]], value: Node, name: str) -> Node:
    (key, place), rest = steps[0], steps[1:]
    if isinstance(node.value, tuple):
        items = list(node.value)
        index = _index(key, len(items), place, name)
        items[index] = _replace(items[index], rest, value, name) if rest else value
        return sequence(node.position, items)
    if not isinstance(node.value, dict):
        raise InputError(f"nothing can be set below a single value, at '{key}'", position=place, field=name)
    entries = dict(node.value)
    if rest and key not in entries:
        # A part or a block may have keys that the file leaves out; its model knows them, not names of parts.
        blocks = [name for name, entry in entries.items() if isinstance(entry.node.value, dict)]
        if _are_named_parts(entries) or ("kind" not in entries and nearest(key, blocks)):
            raise _unknown_step(key, place, name, entries)
        entries[key] = Entry(place, mapping(place, {}))
    if not rest and value.value is None:
        entries.pop(key, None)
        return mapping(node.position, entries)
    if not rest and key == "kind" and key in entries and entries[key].node.value != value.value:
        entries = {}
    entries[key] = Entry(place, _replace(entries[key].node, rest, value, name) if rest else value)
    return mapping(node.position, entries)


def _are_named_parts(entries: Mapping[str, Entry]) -> bool:
    values = [entry.node.value for entry in entries.values()]
    return bool(values) and all(isinstance(value, dict) and "kind" in value for value in values)


def _index(key: str, length: int, place: Position, name: str) -> int:
    if not key.isdecimal() or len(key) > 6 or int(key) >= length:
        message = (
            f"expected a list index from 0 to {length - 1}, got '{key}'" if length else "the list is empty"
        )
        raise InputError(message, position=place, field=name)
    return int(key)


def _unknown_step(key: str, place: Position, name: str, choices: Iterable[str]) -> InputError:
    message = f"unknown key '{key}': {expected_one_of(choices)}"
    return InputError(message, position=place, field=name, suggestion=nearest(key, choices))
