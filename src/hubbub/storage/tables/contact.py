"""The table of what people are to each other: a row of each person for each other."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms, SmallInt, key_text, metadata

contacts = Table(
    "contacts",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("other_id", Id, primary_key=True),
    Column("state", SmallInt, nullable=False),
    Column("blocked", Flag, nullable=False),
    Column("name", key_text(255), nullable=False),
    Column("group_name", key_text(128), nullable=False),
    Column("note", LongText, nullable=False),
    Column("time_ms", Ms, nullable=False),
    Column("version", BigInt, nullable=False),
    # Where the marks of a blocker stood in the private chat of the two: there they stand still for who was blocked.
    Column("held_read_seq", BigInt, nullable=False),
    Column("held_delivered_seq", BigInt, nullable=False),
    Index("ix_contacts_version", "user_id", "version"),
    sqlite_with_rowid=False,
)
