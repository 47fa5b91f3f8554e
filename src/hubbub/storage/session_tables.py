"""The tables of who is connected: sessions, how people left, and the slots of strict login policies.

A row is void once the incarnation it names is over, so nothing here must be tidied for anything to be right.  All are
keyed by user; what a dead node held is found by an index.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Table

from hubbub.storage.schema import BigInt, Flag, Id, Ms, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


sessions = Table(
    "sessions",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("session_id", Id, primary_key=True),
    _required("device_id", Id),
    _required("node_id", key_text(64)),
    _required("incarnation", Id),
    # When its peer said hello, by the clock all nodes share; of one run of a client program the attempts say it.
    _required("since_ms", Ms),
    _required("run", key_text(64), server_default=""),
    _required("attempt", BigInt, server_default="0"),
    Index("ix_sessions_incarnation", "incarnation", "user_id"),
    **_CLUSTERED,
)

slots = Table(
    "slots",
    metadata,
    Column("user_id", Id, primary_key=True),
    _required("session_id", Id),
    _required("device_id", Id),
    _required("node_id", key_text(64)),
    _required("incarnation", Id),
    _required("since_ms", Ms),
    _required("run", key_text(64), server_default=""),
    _required("attempt", BigInt, server_default="0"),
    Index("ix_slots_incarnation", "incarnation"),
    **_CLUSTERED,
)

departures = Table(
    "departures",
    metadata,
    Column("user_id", Id, primary_key=True),
    _required("session_id", Id),
    _required("dropped", Flag),
    _required("at_ms", Ms),
    **_CLUSTERED,
)
