"""The tables of the audit log: its entries, and the newest of them, whose row orders the writers."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.tables.schema import BigInt, LongText, Ms, SmallInt, key_text, metadata, required

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    required("time_ms", Ms),
    required("act", key_text(64)),
    # Text and not ids: what an entry says stays what it was, whatever ids become.
    required("user_id", key_text(64)),
    required("client_id", key_text(64)),
    required("address", key_text(64)),
    required("target", key_text(64)),
    required("detail", LongText),
    required("previous", LargeBinary(32)),
    required("hash", LargeBinary(32)),
    Index("ix_audit_entries_act", "act", "seq"),
    Index("ix_audit_entries_user", "user_id", "seq"),
    Index("ix_audit_entries_target", "target", "seq"),
)

audit_head = Table(
    "audit_head",
    metadata,
    # There is one: the row with id 1.
    Column("id", SmallInt, primary_key=True, autoincrement=False),
    required("seq", BigInt),
    required("time_ms", Ms),
    required("hash", LargeBinary(32)),
)
