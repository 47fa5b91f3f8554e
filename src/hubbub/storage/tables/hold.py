"""The tables of legal holds: what is held, over whom, and what was taken back meanwhile.

A row of `hold_copies` is the body of an entry as it was before a recall took its words out of the log; everything else
that is held lies where it always lay.  A row of `hold_files` keeps the bytes of a file that no message shows any more.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import (
    CLUSTERED,
    BigInt,
    Bytes,
    Id,
    LongText,
    Ms,
    SmallInt,
    metadata,
    required,
)


class SubjectKind(IntEnum):
    """What a hold is over.  The numbers are stored and never reused."""

    PERSON = 1
    CONVERSATION = 2


holds = Table(
    "holds",
    metadata,
    Column("id", Id, primary_key=True),
    required("name", LongText),
    required("reason", LongText),
    # It is over what was written at or after the one and before the other; 0: without end on that side.
    required("from_ms", Ms),
    required("until_ms", Ms),
    required("created_by", Id),
    required("created_ms", Ms),
    Column("closed_by", Id),
    # 0 while it is open.
    required("closed_ms", Ms),
    # How often it let something go, and how many of these times what nobody needs any more was looked for and deleted.
    required("loosened", BigInt),
    required("settled", BigInt),
    **CLUSTERED,
)

hold_subjects = Table(
    "hold_subjects",
    metadata,
    Column("hold_id", Id, primary_key=True),
    Column("kind", SmallInt, primary_key=True, autoincrement=False),
    Column("subject_id", Id, primary_key=True),
    # What they were called when they were added: an account that is deleted has no name.
    required("name", LongText),
    required("added_by", Id),
    required("added_ms", Ms),
    Index("ix_hold_subjects_subject", "kind", "subject_id"),
    **CLUSTERED,
)

hold_copies = Table(
    "hold_copies",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    # The message that was recalled: this one, or the one this one edits.
    required("message_seq", BigInt),
    required("time_ms", Ms),
    required("body", Bytes),
    **CLUSTERED,
)

hold_files = Table(
    "hold_files",
    metadata,
    Column("file_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    Index("ix_hold_files_message", "conversation_id", "seq"),
    **CLUSTERED,
)

hold_exports = Table(
    "hold_exports",
    metadata,
    Column("id", Id, primary_key=True),
    required("hold_id", Id),
    required("created_by", Id),
    required("created_ms", Ms),
    **CLUSTERED,
)
