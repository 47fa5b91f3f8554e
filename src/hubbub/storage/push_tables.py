"""The tables of Web Push: who can be called where, when not, and what about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.schema import BigInt, Bytes, Id, LongText, Ms, SmallInt, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("device_id", Id, primary_key=True),
    _required("login_id", Id),
    # Made of the endpoint: a browser is one person's.
    _required("browser_id", Id),
    _required("created_ms", Ms),
    _required("content", SmallInt),
    _required("language", key_text(16)),
    _required("p256dh", LargeBinary(65)),
    _required("auth", LargeBinary(16)),
    _required("endpoint", LongText),
    Index("ix_push_subscriptions_browser", "browser_id"),
    **_CLUSTERED,
)

push_quiet = Table(
    "push_quiet",
    metadata,
    Column("user_id", Id, primary_key=True),
    # JSON: a `Quiet`.
    _required("value", Bytes),
    **_CLUSTERED,
)

push_notes = Table(
    "push_notes",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    _required("head", BigInt),
    _required("told", BigInt),
    # 0: nothing is due.
    _required("due_ms", Ms),
    # Until then one worker is at it.
    _required("lease_ms", Ms),
    # When it was settled last.
    _required("touched_ms", Ms),
    _required("tries", SmallInt),
    # JSON: the devices that are left after a try; NULL for all.
    Column("devices", Bytes),
    Index("ix_push_notes_due", "due_ms"),
    **_CLUSTERED,
)
