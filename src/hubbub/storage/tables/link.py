"""The table of what is shown of links.  The small picture of a page stands in its row."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from hubbub.storage.tables.schema import (
    CLUSTERED,
    BigInt,
    Bytes,
    Id,
    LongText,
    Ms,
    SmallInt,
    key_text,
    metadata,
    required,
)

links = Table(
    "links",
    metadata,
    # Made of the address.
    Column("id", Id, primary_key=True),
    required("state", SmallInt),
    required("asked_ms", Ms),
    # Until then one worker looks at it.
    required("lease_ms", Ms),
    required("image_width", BigInt),
    required("image_height", BigInt),
    required("image_type", key_text(64)),
    required("url", LongText),
    required("title", LongText),
    required("description", LongText),
    required("site", LongText),
    required("image", Bytes),
    Index("ix_links_waiting", "state", "lease_ms"),
    Index("ix_links_asked", "asked_ms"),
    **CLUSTERED,
)
