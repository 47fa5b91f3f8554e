"""Settings from a TOML file and from variables, checked against a msgspec Struct.

A setting has one name everywhere: `gateway.heartbeat_s` is the key `heartbeat_s` of the table `[gateway]` in the file
and the variable `HUBBUB_GATEWAY_HEARTBEAT_S`.  Variables win over the file.  A name nobody knows is an error: a setting
misspelt in silence is worse than one refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

PREFIX = "HUBBUB_"

S = TypeVar("S", bound=msgspec.Struct)


class SettingsError(Exception):
    """A setting is unknown or has a value that cannot be used; the sentence says which."""


def load(kind: type[S], *, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> S:
    """Return settings of `kind` from the file, the variables and the flags, the last one winning.

    `flags` maps dotted names to values; None means: not given.  Raises SettingsError.
    """
    names = dict(_names(kind))
    tree: dict[str, Any] = {}
    if file is not None:
        try:
            tree = tomllib.loads(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{file}: {error}") from error
    variables = {PREFIX + name.replace(".", "_").upper(): name for name in names}
    for variable, value in environ.items():
        if variable in variables:
            _put(tree, variables[variable], _from_text(names[variables[variable]], value))
    for name, value in flags.items():
        if value is not None:
            _put(tree, name, value)
    for name in _leaves(tree):
        if name not in names and not any(known.startswith(name + ".") for known in names):
            raise SettingsError(f"setting {name}: there is no such setting")
    try:
        return msgspec.convert(tree, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def describe(kind: type[msgspec.Struct]) -> list[tuple[str, str, Any]]:
    """Return (dotted name, variable, default) of every setting, for documentation and `--help`."""
    rows = []
    for name, field in _names(kind):
        default = field.default if field.default is not msgspec.NODEFAULT else None
        rows.append((name, PREFIX + name.replace(".", "_").upper(), default))
    return rows


def _names(kind: type[msgspec.Struct], prefix: str = "") -> list[tuple[str, msgspec.structs.FieldInfo]]:
    found = []
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found += _names(field.type, f"{prefix}{field.name}.")
        else:
            found.append((prefix + field.name, field))
    return found


def _leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def _from_text(field: msgspec.structs.FieldInfo, text: str) -> Any:
    """Lists are written with commas; everything else is read by msgspec."""
    origin = getattr(field.type, "__origin__", field.type)
    if origin in (list, tuple, set, frozenset):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    *tables, last = name.split(".")
    for table in tables:
        tree = tree.setdefault(table, {})
    tree[last] = value


def _sentence(error: msgspec.ValidationError) -> str:
    text = str(error)
    if "`$." in text:
        what, _, where = text.partition(" - at `$.")
        return f"setting {where.rstrip('`')}: {what}"
    return text
