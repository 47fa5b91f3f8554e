"""The tables of who is connected: sessions, how people left, and the slots of strict login policies.

A row is void once the incarnation it names is over, so nothing here must be tidied for anything to be right.  All are
keyed by user; what a dead node held is found by an index.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import CLUSTERED, BigInt, Flag, Id, Ms, key_text, metadata, required

sessions = Table(
    "sessions",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("session_id", Id, primary_key=True),
    required("device_id", Id),
    required("node_id", key_text(64)),
    required("incarnation", Id),
    # When its peer said hello, by the clock all nodes share; of one run of a client program the attempts say it.
    required("since_ms", Ms),
    required("run", key_text(64), server_default=""),
    required("attempt", BigInt, server_default="0"),
    Index("ix_sessions_incarnation", "incarnation", "user_id"),
    **CLUSTERED,
)

slots = Table(
    "slots",
    metadata,
    Column("user_id", Id, primary_key=True),
    required("session_id", Id),
    required("device_id", Id),
    required("node_id", key_text(64)),
    required("incarnation", Id),
    required("since_ms", Ms),
    required("run", key_text(64), server_default=""),
    required("attempt", BigInt, server_default="0"),
    Index("ix_slots_incarnation", "incarnation"),
    **CLUSTERED,
)

departures = Table(
    "departures",
    metadata,
    Column("user_id", Id, primary_key=True),
    required("session_id", Id),
    required("dropped", Flag),
    required("at_ms", Ms),
    **CLUSTERED,
)
