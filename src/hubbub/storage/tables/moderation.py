"""The tables of moderators: word filters, messages that are held, and reports."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import (
    CLUSTERED,
    BigInt,
    Bytes,
    Id,
    LongText,
    Ms,
    SmallInt,
    key_text,
    metadata,
    required,
)

word_filters = Table(
    "word_filters",
    metadata,
    Column("id", Id, primary_key=True),
    required("pattern", LongText),
    required("action", key_text(16)),
    required("created_by", Id),
    required("created_ms", Ms),
    **CLUSTERED,
)

held_messages = Table(
    "held_messages",
    metadata,
    Column("id", Id, primary_key=True),
    required("conversation_id", Id),
    required("user_id", Id),
    required("client_id", Id),
    required("filter_id", Id),
    required("time_ms", Ms),
    required("state", SmallInt),
    Column("decided_by", Id),
    required("decided_ms", Ms),
    required("error", key_text(64)),
    # The submit in JSON; empty once it was declined.
    required("body", Bytes),
    Index("ix_held_messages_key", "conversation_id", "user_id", "client_id", unique=True),
    Index("ix_held_messages_state", "state", "id"),
    Index("ix_held_messages_user", "user_id", "state"),
    **CLUSTERED,
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    required("reporter_id", Id),
    required("user_id", Id),
    required("conversation_id", Id),
    required("seq", BigInt),
    required("reason", key_text(16)),
    required("note", LongText),
    required("excerpt", LongText),
    required("time_ms", Ms),
    # Empty while it is open.
    required("resolution", key_text(16)),
    Column("resolved_by", Id),
    required("resolved_ms", Ms),
    required("resolved_note", LongText),
    Index("ix_reports_resolution", "resolution", "id"),
    Index("ix_reports_reporter", "reporter_id", "resolution"),
    **CLUSTERED,
)
