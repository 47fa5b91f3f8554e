"""The tables of the audit log: its entries, and the newest of them, whose row orders the writers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.schema import BigInt, LongText, Ms, SmallInt, key_text, metadata


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


audit_entries = Table(
    "audit_entries",
    metadata,
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    _required("time_ms", Ms),
    _required("act", key_text(64)),
    # Text and not ids: what an entry says stays what it was, whatever ids become.
    _required("user_id", key_text(64)),
    _required("client_id", key_text(64)),
    _required("address", key_text(64)),
    _required("target", key_text(64)),
    _required("detail", LongText),
    _required("previous", LargeBinary(32)),
    _required("hash", LargeBinary(32)),
    Index("ix_audit_entries_act", "act", "seq"),
    Index("ix_audit_entries_user", "user_id", "seq"),
    Index("ix_audit_entries_target", "target", "seq"),
)

audit_head = Table(
    "audit_head",
    metadata,
    # There is one: the row with id 1.
    Column("id", SmallInt, primary_key=True, autoincrement=False),
    _required("seq", BigInt),
    _required("time_ms", Ms),
    _required("hash", LargeBinary(32)),
)
