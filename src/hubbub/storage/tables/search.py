"""The tables of the search index: an inverted one, cut into blocks of a conversation.

A block is a stretch of BLOCK sequence numbers.  For each block and each term there is one row that says in which of its
messages the term is, so that rows are few and short, and a reader looks only into the blocks of their own
conversations, newest first.  All of it can be made again from the log.
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.dialects import mysql

from hubbub.chat.search.terms import TERM_BYTES
from hubbub.storage.tables.schema import BigInt, Id, Ms, metadata

BLOCK = 4_096
"""Sequence numbers of one block."""

POSTINGS_BYTES = BLOCK // 8 + 1

search_heads = Table(
    "search_heads",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    # Entries up to this one are in the index.
    Column("seq", BigInt, nullable=False),
    sqlite_with_rowid=False,
)

search_blocks = Table(
    "search_blocks",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("block", BigInt, primary_key=True, autoincrement=False),
    # When its first and its last message were sent.
    Column("first_ms", Ms, nullable=False),
    Column("last_ms", Ms, nullable=False),
    sqlite_with_rowid=False,
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("block", BigInt, primary_key=True, autoincrement=False),
    Column(
        "term",
        LargeBinary(TERM_BYTES).with_variant(mysql.VARBINARY(TERM_BYTES), "mysql", "mariadb"),
        primary_key=True,
    ),
    Column(
        "postings",
        LargeBinary(POSTINGS_BYTES).with_variant(mysql.VARBINARY(POSTINGS_BYTES), "mysql", "mariadb"),
        nullable=False,
    ),
    sqlite_with_rowid=False,
)
