"""The tables of files: what was uploaded, in which messages it is shown, and how much room each person takes.

The bytes are elsewhere.  A file is locked before it is shown or swept, so that it cannot be swept while it is being
shown.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.schema import BigInt, Id, LongText, Ms, SmallInt, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    _required("owner_id", Id),
    _required("state", SmallInt),
    _required("type", key_text(128)),
    _required("size_bytes", BigInt),
    _required("sha256", LargeBinary(32)),
    _required("width", BigInt),
    _required("height", BigInt),
    # 0 where there is no small picture.
    _required("preview_bytes", BigInt),
    _required("created_ms", Ms),
    # Since when no message shows it, or until when it is kept for one that waits for its time; 0 while one does.
    _required("unused_ms", Ms),
    _required("name", LongText),
    Index("ix_files_unused", "unused_ms", "id"),
    **_CLUSTERED,
)

file_uses = Table(
    "file_uses",
    metadata,
    Column("file_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    Index("ix_file_uses_message", "conversation_id", "seq"),
    **_CLUSTERED,
)

file_room = Table(
    "file_room",
    metadata,
    Column("user_id", Id, primary_key=True),
    _required("used_bytes", BigInt),
    **_CLUSTERED,
)
