"""The table of roles that somebody made; who has which lies with the accounts."""

from __future__ import annotations

from sqlalchemy import Column, Table

from hubbub.storage.tables.schema import Id, LongText, Ms, key_text, metadata, required

own_roles = Table(
    "own_roles",
    metadata,
    Column("id", Id, primary_key=True),
    required("name", key_text(64)),
    # The name as it is compared.  Folding may make a letter three.
    required("name_key", key_text(160), unique=True),
    required("permissions", LongText),
    required("created_ms", Ms),
    sqlite_with_rowid=False,
)
