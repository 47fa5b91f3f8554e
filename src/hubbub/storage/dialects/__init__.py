"""The statements that differ between databases, or that are too hot to be built.

Everything else in this package is SQLAlchemy Core and runs on any of them.  A dialect holds the few statements of the
append, the ones that ask about hundreds of rows at once, and the upsert.  Each speaks to the driver of the connection
it is given, and so takes part in its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Table

from hubbub.chat.model import ConversationRow, Entry, MemberRow, MessageState
from hubbub.storage.chat.rows import ENTRY_COLUMNS
from hubbub.storage.tables.chat import entries


class Heads(NamedTuple):
    """The part of a conversation's row that changes with every entry."""

    conversation_id: str
    head: int
    last_time_ms: int
    revision: int


class FoundKey(NamedTuple):
    """An idempotency key that is in the log."""

    conversation_id: str
    sender_id: str
    client_id: str
    seq: int
    time_ms: int
    digest: str
    """In hexadecimal digits."""


class Span(NamedTuple):
    """A stretch of a conversation."""

    conversation_id: str
    first: int
    last: int


class FoundMessage(NamedTuple):
    """An entry that is a message, with its state where it has one."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    body: bytes
    state_recalled: bool
    state_pinned: bool
    state_edits: int | None
    """None when there is no state."""
    state_edited_ms: int
    state_thread_replies: int
    state_thread_last_seq: int
    state_body: bytes | None


class FoundReaction(NamedTuple):
    """One person's reaction, and how many others gave the same."""

    conversation_id: str
    target_seq: int
    emoji: str
    user_id: str
    people: int
    place: int
    """1 for who gave it first."""


class FoundPostings(NamedTuple):
    """Where a term is in a block of a conversation."""

    conversation_id: str
    block: int
    term: bytes
    postings: bytes


class OnPage(NamedTuple):
    """What is between two entries beside the entries."""

    hidden: set[int]
    """Entries that the reader has hidden."""
    reacted: bool
    """Whether there may be reactions."""


class Dialect(Protocol):
    """One sort of database."""

    def lock_heads(self, conn: Connection, conversation_ids: Iterable[str]) -> list[Heads]:
        """Lock these conversations in the order of their ids and return those that exist."""

    def find_keys(self, conn: Connection, keys: Iterable[tuple[str, str, str]]) -> list[FoundKey]:
        """Return which (conversation, sender, client_id) are in the log."""

    def insert_many(
        self, conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert rows of values that are ready for the driver, in few statements."""

    def raise_heads(self, conn: Connection, rows: Sequence[tuple[bytes, int, int]]) -> None:
        """Set (conversation, head, last_time_ms)."""

    def append(
        self,
        conn: Connection,
        rows: Sequence[Sequence[Any]],
        raised: Sequence[tuple[bytes, int, int]],
        now_ms: int,
        heads: bytes,
        people: bytes | None,
        cleared: Sequence[int],
    ) -> int:
        """Insert entries (values of ENTRY_COLUMNS), raise heads, insert an outbox row and return its id, delete others.

        This is all that a batch of plain messages writes.
        """

    def insert_outbox(self, conn: Connection, now_ms: int, heads: bytes, people: bytes | None) -> int:
        """Insert an outbox row by the database's clock and return its id; `now_ms` is the clock of an embedded one."""

    def delete_outbox(self, conn: Connection, ids: Sequence[int]) -> None: ...

    def upsert(
        self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]], *, growing: Sequence[str] = ()
    ) -> None:
        """Insert rows or overwrite those with the same primary key; `growing` columns never fall."""

    def insert_new(self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows but those whose primary key is there already."""

    def find_members(self, conn: Connection, keys: Iterable[tuple[str, str]]) -> list[MemberRow]:
        """Return which (conversation, user) have a row."""

    def find_messages(self, conn: Connection, keys: Iterable[tuple[str, int]]) -> list[FoundMessage]:
        """Return which (conversation, seq) are messages."""

    def find_reactions(
        self, conn: Connection, user_id: str, keys: Iterable[tuple[str, int]], *, end: int, shown: int
    ) -> list[FoundReaction]:
        """Return the first `shown` people of each reaction to these messages, and this person wherever among them.

        They come in the order in which each reaction was first given, then by place.  Those after entry `end` are left
        out.
        """

    def find_place(
        self, conn: Connection, user_id: str, conversation_id: str
    ) -> tuple[ConversationRow | None, MemberRow | None]:
        """Return a conversation and this person's row in it."""

    def find_shown(
        self, conn: Connection, conversation_id: str, low: int, high: int, limit: int, *, newest_first: bool
    ) -> list[MessageState | Entry]:
        """Return up to `limit` entries of a stretch that have a line on a page, messages as they are now.

        Their reactions are left out.
        """

    def find_on_page(self, conn: Connection, user_id: str, conversation_id: str, first: int, last: int) -> OnPage:
        """Return what lies in [first, last] beside the entries."""

    def raise_marks(self, conn: Connection, rows: Sequence[MemberRow]) -> None:
        """Write the marks and versions of existing member rows; neither ever falls."""

    def advance_versions(self, conn: Connection, user_ids: Iterable[str]) -> dict[str, int]:
        """Give each person the next version and return it; the counters are locked in the order of the ids."""

    def newer_heads(self, conn: Connection, have: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """Return (conversation, head) of those whose head is another than the one given."""

    def count_unread(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        """Return for each stretch how many messages count as unread for this person, at most `cap`."""

    def count_mentions(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        """Return for each stretch how many messages by others mention this person or all, at most `cap`."""

    def last_posts(self, conn: Connection, user_id: str, spans: Sequence[Span]) -> list[int]:
        """Return for each stretch the newest message shown in it that is neither recalled nor hidden, or 0."""

    def write_postings(self, conn: Connection, rows: Sequence[tuple[bytes, int, bytes, bytes]]) -> None:
        """Insert or overwrite (conversation, block, term, postings) of the search index, ready for the driver."""

    def find_postings(self, conn: Connection, keys: Sequence[tuple[str, int, bytes]]) -> list[FoundPostings]:
        """Return which (conversation, block, term) are in the search index."""

    def find_beginnings(
        self, conn: Connection, blocks: Sequence[tuple[str, int]], beginning: bytes
    ) -> list[FoundPostings]:
        """Return of these blocks every term of the search index that begins so."""


class InSteps:
    """For dialects that append in a statement for each table."""

    def append(
        self: Dialect,
        conn: Connection,
        rows: Sequence[Sequence[Any]],
        raised: Sequence[tuple[bytes, int, int]],
        now_ms: int,
        heads: bytes,
        people: bytes | None,
        cleared: Sequence[int],
    ) -> int:
        if cleared:
            self.delete_outbox(conn, cleared)
        if rows:
            self.insert_many(conn, entries, ENTRY_COLUMNS, rows)
        if raised:
            self.raise_heads(conn, raised)
        return self.insert_outbox(conn, now_ms, heads, people)
