"""The tables of Web Push: who can be called where, when not, and what about."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

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

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("device_id", Id, primary_key=True),
    required("login_id", Id),
    # Made of the endpoint: a browser is one person's.
    required("browser_id", Id),
    required("created_ms", Ms),
    required("content", SmallInt),
    required("language", key_text(16)),
    required("p256dh", LargeBinary(65)),
    required("auth", LargeBinary(16)),
    required("endpoint", LongText),
    Index("ix_push_subscriptions_browser", "browser_id"),
    **CLUSTERED,
)

push_quiet = Table(
    "push_quiet",
    metadata,
    Column("user_id", Id, primary_key=True),
    # JSON: a `Quiet`.
    required("value", Bytes),
    **CLUSTERED,
)

push_notes = Table(
    "push_notes",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    required("head", BigInt),
    required("told", BigInt),
    # 0: nothing is due.
    required("due_ms", Ms),
    # Until then one worker is at it.
    required("lease_ms", Ms),
    # When it was settled last.
    required("touched_ms", Ms),
    required("tries", SmallInt),
    # JSON: the devices that are left after a try; NULL for all.
    Column("devices", Bytes),
    Index("ix_push_notes_due", "due_ms"),
    **CLUSTERED,
)
