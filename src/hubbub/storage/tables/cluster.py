"""The tables of the cluster: who lives, how it is configured, and who has which lock.

Every lease is a number of milliseconds by the database's clock, so that the clocks of nodes decide nothing.  There are
as many rows as nodes, changes of the configuration and names of locks; nothing here grows with what people do.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Column, Table

from hubbub.storage.tables.schema import BigInt, Bytes, Flag, Id, LongText, Ms, SmallInt, key_text, metadata, required


class NodeLife(IntEnum):
    """How far an incarnation has come.  The numbers are stored and never reused."""

    LIVING = 1
    LEFT = 2
    DEAD = 3


nodes = Table(
    "nodes",
    metadata,
    Column("incarnation", Id, primary_key=True),
    required("node_id", key_text(64)),
    # The node's name while the incarnation lives, NULL afterwards: the index lets one incarnation of a name live.
    Column("living_id", key_text(64), unique=True),
    required("life", SmallInt),
    required("lease_ms", Ms),
    # When it left or was declared dead; 0 while it lives.
    required("over_ms", Ms),
    required("swept", Flag),
    required("drain_asked", Flag),
    # JSON of the NodeRecord.
    required("record", Bytes),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("version", BigInt, primary_key=True, autoincrement=False),
    required("made_ms", Ms),
    required("author", LongText),
    required("note", LongText),
    # JSON: {key: value}, all of them; what is absent has its default.
    required("body", Bytes),
)

locks = Table(
    "locks",
    metadata,
    Column("name", key_text(190), primary_key=True),
    # Rises with every taking and outlives the holder: the row of a free lock stays.
    required("token", BigInt),
    # Empty while it is free.
    required("owner", key_text(64)),
    required("lease_ms", Ms),
)
