"""The table of roles that somebody made; who has which lies with the accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table

from hubbub.storage.schema import Id, LongText, Ms, key_text, metadata


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


own_roles = Table(
    "own_roles",
    metadata,
    Column("id", Id, primary_key=True),
    _required("name", key_text(64)),
    # The name as it is compared.  Folding may make a letter three.
    _required("name_key", key_text(160), unique=True),
    _required("permissions", LongText),
    _required("created_ms", Ms),
    sqlite_with_rowid=False,
)
