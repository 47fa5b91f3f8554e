"""The table of reminders: a row of a person for each message they want, or wanted, to come back to."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms, metadata

reminders = Table(
    "reminders",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True),
    # 0: taken away; the row stays, so that devices which were away learn of it.
    Column("due_ms", Ms, nullable=False),
    # Its time has not come.
    Column("waiting", Flag, nullable=False),
    Column("note", LongText, nullable=False),
    Column("version", BigInt, nullable=False),
    Index("ix_reminders_due", "waiting", "due_ms"),
    Index("ix_reminders_version", "user_id", "version"),
    sqlite_with_rowid=False,
)
