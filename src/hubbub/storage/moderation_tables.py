"""The tables of moderators: word filters, messages that are held, and reports."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Table

from hubbub.storage.schema import BigInt, Bytes, Id, LongText, Ms, SmallInt, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


word_filters = Table(
    "word_filters",
    metadata,
    Column("id", Id, primary_key=True),
    _required("pattern", LongText),
    _required("action", key_text(16)),
    _required("created_by", Id),
    _required("created_ms", Ms),
    **_CLUSTERED,
)

held_messages = Table(
    "held_messages",
    metadata,
    Column("id", Id, primary_key=True),
    _required("conversation_id", Id),
    _required("user_id", Id),
    _required("client_id", Id),
    _required("filter_id", Id),
    _required("time_ms", Ms),
    _required("state", SmallInt),
    Column("decided_by", Id),
    _required("decided_ms", Ms),
    _required("error", key_text(64)),
    # The submit in JSON; empty once it was declined.
    _required("body", Bytes),
    Index("ix_held_messages_key", "conversation_id", "user_id", "client_id", unique=True),
    Index("ix_held_messages_state", "state", "id"),
    Index("ix_held_messages_user", "user_id", "state"),
    **_CLUSTERED,
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    _required("reporter_id", Id),
    _required("user_id", Id),
    _required("conversation_id", Id),
    _required("seq", BigInt),
    _required("reason", key_text(16)),
    _required("note", LongText),
    _required("excerpt", LongText),
    _required("time_ms", Ms),
    # Empty while it is open.
    _required("resolution", key_text(16)),
    Column("resolved_by", Id),
    _required("resolved_ms", Ms),
    _required("resolved_note", LongText),
    Index("ix_reports_resolution", "resolution", "id"),
    Index("ix_reports_reporter", "reporter_id", "resolution"),
    **_CLUSTERED,
)
