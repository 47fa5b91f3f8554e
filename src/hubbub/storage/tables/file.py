"""The tables of files: what was uploaded, in which messages it is shown, and how much room each person takes.

The bytes are elsewhere.  A file is locked before it is shown or swept, so that it cannot be swept while it is being
shown.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.tables.schema import CLUSTERED, BigInt, Id, LongText, Ms, SmallInt, key_text, metadata, required

files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    required("owner_id", Id),
    required("state", SmallInt),
    required("type", key_text(128)),
    required("size_bytes", BigInt),
    required("sha256", LargeBinary(32)),
    required("width", BigInt),
    required("height", BigInt),
    # 0 where there is no small picture.
    required("preview_bytes", BigInt),
    required("created_ms", Ms),
    # Since when no message shows it, or until when it is kept for one that waits for its time; 0 while one does.
    required("unused_ms", Ms),
    required("name", LongText),
    Index("ix_files_unused", "unused_ms", "id"),
    **CLUSTERED,
)

file_uses = Table(
    "file_uses",
    metadata,
    Column("file_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    Index("ix_file_uses_message", "conversation_id", "seq"),
    **CLUSTERED,
)

file_room = Table(
    "file_room",
    metadata,
    Column("user_id", Id, primary_key=True),
    required("used_bytes", BigInt),
    **CLUSTERED,
)
