"""What the code says of its types, in the OpenAPI document: the sentence of each, and the sentence below each field.

The framework reads neither, and Python keeps no docstrings of attributes, so they are read from the source, once, when
the document is asked for first.  Where there is no source the document is complete but for the sentences.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["describe"]

_ROOMS = ("hubbub.rest.", "hubbub.chat.", "hubbub.auth.", "hubbub.files.", "hubbub.links.", "hubbub.cluster.")
"""Where types of the document come from; the first that has one of that name and these fields is meant."""


class _Said:
    """What a class says of itself and of its own fields."""

    def __init__(self, sentence: str, fields: dict[str, str]) -> None:
        self.sentence = sentence
        self.fields = fields


def describe(components: dict[str, Any]) -> None:
    """Add the sentences to the types of a document and to their fields, where they have none."""
    named: dict[str, list[type[msgspec.Struct]]] = {}
    for kind in sorted(_structs(), key=lambda kind: (_room(kind), kind.__module__)):
        named.setdefault(kind.__name__, []).append(kind)
    for key, schema in components.items():
        properties = schema.get("properties", {})
        for kind in named.get(schema.get("title", key), ()):
            if set(kind.__struct_encode_fields__) <= set(properties):
                _describe(schema, kind)
                break


def _describe(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    own = _said(kind)
    if own.sentence:
        schema.setdefault("description", own.sentence)
    fields: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            fields |= _said(base).fields
    for name, encoded in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
        if name in fields:
            schema["properties"][encoded].setdefault("description", fields[name])


def _structs() -> Iterator[type[msgspec.Struct]]:
    waiting: list[type[msgspec.Struct]] = [msgspec.Struct]
    seen: set[type] = set()
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind not in seen:
                seen.add(kind)
                waiting.append(kind)
                if _room(kind) < len(_ROOMS):
                    yield kind


def _room(kind: type) -> int:
    return next((at for at, room in enumerate(_ROOMS) if kind.__module__.startswith(room)), len(_ROOMS))


def _said(kind: type) -> _Said:
    return _module(kind.__module__).get(kind.__name__, _Said("", {}))


@cache
def _module(name: str) -> dict[str, _Said]:
    path = getattr(sys.modules.get(name), "__file__", None)
    try:
        tree = ast.parse(Path(path).read_text("utf-8")) if path else ast.Module([], [])
    except (OSError, SyntaxError):
        return {}
    return {one.name: _read(one) for one in tree.body if isinstance(one, ast.ClassDef)}


def _read(holder: ast.ClassDef) -> _Said:
    fields: dict[str, str] = {}
    for field, below in pairwise(holder.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                fields[name] = _flat(sentence)
    return _Said(_flat(ast.get_docstring(holder) or ""), fields)


def _flat(text: str) -> str:
    """Return a docstring with a line for each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))
