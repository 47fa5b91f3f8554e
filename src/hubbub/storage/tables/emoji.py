"""The tables of a place's own emoji: a row for each name, and the version of them all."""

from __future__ import annotations

from sqlalchemy import Column, Table

from hubbub.storage.tables.schema import CLUSTERED, BigInt, Flag, Id, Ms, SmallInt, key_text, metadata, required

emoji = Table(
    "emoji",
    metadata,
    Column("name", key_text(32), primary_key=True),
    # Empty: this is the first name of its emoji, whose other names say it here.
    required("alias_of", key_text(32)),
    required("pack", key_text(64)),
    required("file_id", Id),
    required("moving", Flag),
    required("created_by", Id),
    required("created_ms", Ms),
    **CLUSTERED,
)

emoji_head = Table(
    "emoji_head",
    metadata,
    # There is one, once there was an emoji: the row with id 1, which whoever changes the list locks.
    Column("id", SmallInt, primary_key=True, autoincrement=False),
    required("version", BigInt),
)
