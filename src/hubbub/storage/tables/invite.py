"""The tables of invites into conversations and of people who ask to be let in."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms, metadata

invites = Table(
    "invites",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_ms", Ms, nullable=False),
    # 0: never.
    Column("expires_ms", Ms, nullable=False),
    # -1: without end.
    Column("uses_left", BigInt, nullable=False),
    Column("approval", Flag, nullable=False),
    Index("ix_invites_conversation", "conversation_id", "created_ms"),
    sqlite_with_rowid=False,
)

join_requests = Table(
    "join_requests",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("time_ms", Ms, nullable=False),
    Column("note", LongText, nullable=False),
    sqlite_with_rowid=False,
)
