"""The table of what is shown of links.  The small picture of a page stands in its row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Table

from hubbub.storage.schema import BigInt, Bytes, Id, LongText, Ms, SmallInt, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


links = Table(
    "links",
    metadata,
    # Made of the address.
    Column("id", Id, primary_key=True),
    _required("state", SmallInt),
    _required("asked_ms", Ms),
    # Until then one worker looks at it.
    _required("lease_ms", Ms),
    _required("image_width", BigInt),
    _required("image_height", BigInt),
    _required("image_type", key_text(64)),
    _required("url", LongText),
    _required("title", LongText),
    _required("description", LongText),
    _required("site", LongText),
    _required("image", Bytes),
    Index("ix_links_waiting", "state", "lease_ms"),
    Index("ix_links_asked", "asked_ms"),
    **_CLUSTERED,
)
