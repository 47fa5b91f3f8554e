"""The tables of chat.

Every key begins with a conversation or a person, so that the tables can be spread over several databases later; there
are no serial numbers but the outbox's and no foreign keys, because the transaction that appends has locked the
conversation and needs no second check per row.  Columns read by counting stand before the body, so that counting reads
no body.  The accounts tables live in `account_tables` and share this metadata.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.base.ids import NOBODY
from hubbub.storage.tables.schema import (
    CLUSTERED,
    BigInt,
    Bytes,
    Flag,
    Id,
    LongText,
    Ms,
    SmallInt,
    key_text,
    metadata,
    required,
)

EVERYBODY = NOBODY
"""The user of the mention row of a message that mentions all."""

CHANNEL_KEY_LENGTH = 190
"""So many characters of a channel's folded title are in the index it is listed by."""


class EntryKind(IntEnum):
    """What sort of entry a row holds.  The numbers are stored and never reused."""

    POST = 1
    EDIT = 2
    RECALL = 3
    REACT = 4
    PIN = 5
    MEMBER = 6
    CHANGE = 7
    CREATED = 8
    DISSOLVED = 9
    EXPIRED = 10
    """A change of the conversation that has no line on a page: what was said before is not kept any more."""


conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    required("head", BigInt),
    required("last_time_ms", Ms),
    # Rises with every change to a column other than the two above: what was read at a revision stays true at it.
    required("revision", BigInt),
    required("members_version", BigInt),
    required("member_count", BigInt),
    required("kind", SmallInt),
    required("dissolved", Flag),
    required("history_for_newcomers", Flag),
    required("mute_all", Flag),
    required("slow_mode_s", BigInt),
    Column("created_by", Id),
    required("created_ms", Ms),
    Column("peer_low", Id),
    Column("peer_high", Id),
    # The folded title of a public channel that still exists; NULL for everything that is not listed.
    Column("channel_key", key_text(CHANNEL_KEY_LENGTH)),
    required("title", LongText),
    required("topic", LongText),
    required("announcement", LongText),
    # JSON: roles of its own; NULL: none, which is what a program writes that knew none.
    Column("roles", LongText),
    # How long messages are kept, and from which seq on they still are; the defaults are what a program writes that knew
    # neither.
    required("keep_days", BigInt, server_default="-1"),
    required("kept_from", BigInt, server_default="0"),
    # Up to this seq the words that were not kept are out of the database.  No rule reads it, so it is of no revision.
    required("erased_to", BigInt, server_default="0"),
    Index(None, "channel_key", "id"),
    **CLUSTERED,
)

entries = Table(
    "entries",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    required("kind", SmallInt),
    # Whether it adds to unread counts: a message that is shown in the conversation.
    required("counts", Flag),
    required("recalled", Flag),
    required("sender_id", Id),
    # The message that opened this one's thread, or, of an edit, the message it changes.
    Column("parent_seq", BigInt),
    required("time_ms", Ms),
    required("client_id", Id),
    required("digest", LargeBinary(8)),
    required("body", Bytes),
    **CLUSTERED,
)
# The client_id stands first because most clients choose version 7 UUIDs: the newest keys lie together at the end of the
# index, and a batch for two hundred conversations touches a few pages of it instead of two hundred.
Index("uq_entries_key", entries.c.client_id, entries.c.conversation_id, entries.c.sender_id, unique=True)
Index(
    "ix_entries_parent",
    entries.c.conversation_id,
    entries.c.parent_seq,
    entries.c.seq,
    sqlite_where=entries.c.parent_seq.is_not(None),
    postgresql_where=entries.c.parent_seq.is_not(None),
)
Index(
    "ix_entries_change",
    entries.c.conversation_id,
    entries.c.kind,
    entries.c.seq,
    sqlite_where=entries.c.kind.in_((EntryKind.CHANGE.value, EntryKind.DISSOLVED.value)),
    postgresql_where=entries.c.kind.in_((EntryKind.CHANGE.value, EntryKind.DISSOLVED.value)),
)

message_states = Table(
    "message_states",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    required("recalled", Flag),
    required("pinned", Flag),
    required("edits", BigInt),
    required("edited_ms", Ms),
    required("thread_replies", BigInt),
    required("thread_last_seq", BigInt),
    # The message as it is now; NULL while it is what its entry says.
    Column("body", Bytes),
    **CLUSTERED,
)

members = Table(
    "members",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    required("role", SmallInt),
    required("state", SmallInt),
    required("read_seq", BigInt),
    required("delivered_seq", BigInt),
    required("muted_until_ms", Ms),
    required("last_sent_ms", Ms),
    required("version", BigInt),
    # JSON: [[first, last], ...], where the last may be the highest number there is.
    required("intervals", Bytes),
    # The id of a role of the conversation's own; the default is what a program writes that knew none.
    required("own_role", key_text(32), server_default=""),
    Index("ix_members_user", "user_id", "version"),
    Index("ix_members_state", "conversation_id", "state", "user_id"),
    **CLUSTERED,
)

reactions = Table(
    "reactions",
    metadata,
    Column("conversation_id", Id, primary_key=True),
    Column("target_seq", BigInt, primary_key=True, autoincrement=False),
    Column("user_id", Id, primary_key=True),
    Column("emoji", key_text(64), primary_key=True),
    required("seq", BigInt),
    **CLUSTERED,
)

mentions = Table(
    "mentions",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    # Own mentions of oneself are not counted.
    required("sender_id", Id),
    Index("ix_mentions_message", "conversation_id", "seq"),
    **CLUSTERED,
)

hidden = Table(
    "hidden",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    **CLUSTERED,
)

own = Table(
    "own",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    # JSON: an `Own`.
    required("value", Bytes),
    **CLUSTERED,
)

user_versions = Table(
    "user_versions",
    metadata,
    Column("user_id", Id, primary_key=True),
    required("version", BigInt),
    **CLUSTERED,
)

user_keys = Table(
    "user_keys",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("client_id", Id, primary_key=True),
    required("digest", LargeBinary(8)),
    required("conversation_id", Id),
    **CLUSTERED,
)

scheduled = Table(
    "scheduled",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("client_id", Id, primary_key=True),
    required("due_ms", Ms),
    required("refused", Flag),
    required("error", key_text(64)),
    required("digest", LargeBinary(8)),
    # The whole submit.
    required("body", Bytes),
    # True once some node began to send it; then it cannot be cancelled.  NULL: not yet.
    Column("sending", Flag),
    Index("ix_scheduled_due", "refused", "due_ms"),
    Index("ix_scheduled_user", "user_id", "due_ms"),
    **CLUSTERED,
)

outbox = Table(
    "outbox",
    metadata,
    # A number is never given out twice: clearing a row late must not clear another.
    Column("id", BigInt, primary_key=True),
    required("created_ms", Ms),
    # JSON: {conversation: head}.
    required("heads", Bytes),
    # JSON: {person: version}; NULL when nobody's rows changed.
    Column("people", Bytes),
    Index("ix_outbox_created", "created_ms"),
    sqlite_autoincrement=True,
)

meta = Table(
    "meta",
    metadata,
    Column("key", key_text(64), primary_key=True),
    required("value", key_text(255)),
    **CLUSTERED,
)
