"""The table of letters that wait to be carried; a row lives for moments, unless the mail server is away."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import Id, LongText, Ms, SmallInt, key_text, metadata

letters = Table(
    "letters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("recipient", key_text(255), nullable=False),
    Column("subject", LongText, nullable=False),
    # It may hold a link that is good for a while, as the signing keys beside it are good for everything.
    Column("text", LongText, nullable=False),
    Column("created_ms", Ms, nullable=False),
    Column("due_ms", Ms, nullable=False),
    Column("tries", SmallInt, nullable=False),
    Index("ix_letters_due", "due_ms", "id"),
    sqlite_with_rowid=False,
)
