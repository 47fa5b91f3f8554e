"""The audit log: who did what to whom, when and from where, in entries that are chained by hash.

Each entry holds the hash of the one before, so nobody can change, remove or add one quietly without writing all that
follow anew; whoever wrote down the newest hash elsewhere sees that as well.  Stores record a deed in the transaction
that does it, where they know what really changed; who acts travels beside the call, because it is the same for
everything one request does.  This module keeps nothing and asks nothing; it says what an entry is and walks the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Protocol

import msgspec

__all__ = ["NOBODY", "ORIGIN", "Act", "AuditEntry", "AuditLog", "By", "Chain", "Deed", "Head", "act_as", "acting", "by"]

ADDRESS_CHARS = 64
TARGET_CHARS = 64
DETAIL_BYTES = 8 * 1024

_FORM = b"hubbub audit 1"
"""The first field of what is hashed: another form will have another name."""


class Act(Enum):
    """What can be done that the log remembers."""

    PLACE_SET_UP = "place.set_up"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_PASSWORD = "account.password"
    ACCOUNT_SECOND_STEP = "account.second_step"
    ACCOUNT_LINK = "account.link"
    ACCOUNT_BANNED = "account.banned"
    ACCOUNT_ADMITTED = "account.admitted"
    ACCOUNT_MUTED = "account.muted"
    ACCOUNT_UNMUTED = "account.unmuted"
    ACCOUNT_TURNED_AWAY = "account.turned_away"
    ACCOUNT_DELETED = "account.deleted"
    SESSION_BEGUN = "session.begun"
    SESSION_REFUSED = "session.refused"
    SESSION_ENDED = "session.ended"
    ROLE_SAVED = "role.saved"
    ROLE_REMOVED = "role.removed"
    ROLE_GIVEN = "role.given"
    ROLE_TAKEN = "role.taken"
    CLIENT_ADDED = "client.added"
    CLIENT_SECRET = "client.secret"
    CLIENT_REMOVED = "client.removed"
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    KEY_ROTATED = "key.rotated"
    SETTING_CHANGED = "setting.changed"
    NODE_DRAINED = "node.drained"
    LEVEL_RAISED = "level.raised"
    ANNOUNCED = "announcement.sent"
    REPORT_RESOLVED = "report.resolved"
    FILTER_SAVED = "filter.saved"
    FILTER_REMOVED = "filter.removed"
    EMOJI_ADDED = "emoji.added"
    EMOJI_REMOVED = "emoji.removed"
    MESSAGE_LET_THROUGH = "message.let_through"
    MESSAGE_DECLINED = "message.declined"
    RETENTION_CHANGED = "retention.changed"
    HOLD_OPENED = "hold.opened"
    HOLD_ADDED = "hold.added"
    HOLD_REMOVED = "hold.removed"
    HOLD_CLOSED = "hold.closed"
    HOLD_READ = "hold.read"
    HOLD_EXPORTED = "hold.exported"


class By(msgspec.Struct, frozen=True):
    """Who acts, as the request's token and its connection say."""

    user_id: str = ""
    """Empty: nobody who is logged in, or the server itself."""
    client_id: str = ""
    """The program the token belongs to."""
    address: str = ""


NOBODY = By()

_acting: ContextVar[By] = ContextVar("hubbub_acting", default=NOBODY)


def acting() -> By:
    """Return who acts in this task."""
    return _acting.get()


def act_as(who: By) -> None:
    """Let everything this task does from now on be done by `who`."""
    _acting.set(who)


@contextmanager
def by(who: By) -> Iterator[None]:
    """Let what is done inside be done by `who`."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


class Deed(msgspec.Struct, frozen=True):
    """Something that was done."""

    act: Act
    target: str = ""
    """The id or name of whom or what it was done to."""
    detail: dict[str, object] = {}
    """What else there is to say; never a secret, and nothing people wrote to each other."""


class AuditEntry(msgspec.Struct, frozen=True):
    """A deed as it is remembered."""

    seq: int
    time_ms: int
    """By the database's clock, and never before the entry before."""
    act: str
    user_id: str
    client_id: str
    address: str
    target: str
    detail: str
    """JSON, as it was when it was hashed."""
    previous: bytes
    """The hash of the entry before; 32 zero bytes for the first."""
    hash: bytes


class Head(msgspec.Struct, frozen=True):
    """The newest entry, as the log itself knows it."""

    seq: int = 0
    time_ms: int = 0
    hash: bytes = bytes(32)


ORIGIN = Head()
"""What is before the first entry."""


class AuditLog(Protocol):
    """What keeps the entries.

    Other stores record what they do themselves, in their own transactions.
    """

    async def record(self, deed: Deed) -> None:
        """Remember something no other store does in a transaction of its own."""

    async def page(
        self,
        *,
        beyond: int | None = None,
        oldest_first: bool = False,
        limit: int,
        act: str = "",
        user_id: str = "",
        target: str = "",
    ) -> list[AuditEntry]:
        """Return entries beyond a number, or from the end one begins at.

        Only those of an act, or of a kind of acts such as `account`; of a person; to a target.
        """

    async def head(self) -> Head: ...


def digest(entry: AuditEntry) -> bytes:
    """Return what the hash of an entry has to be.

    SHA-256 over its fields as netstrings (`LENGTH:BYTES,`), text as UTF-8, numbers in decimal, in this order: the name
    of the form, seq, time_ms, act, user_id, client_id, address, target, detail, previous.
    """
    fields = (
        _FORM,
        str(entry.seq).encode(),
        str(entry.time_ms).encode(),
        *(text.encode() for text in (entry.act, entry.user_id, entry.client_id, entry.address, entry.target)),
        entry.detail.encode(),
        entry.previous,
    )
    return hashlib.sha256(b"".join(b"%d:%b," % (len(field), field) for field in fields)).digest()


def chained(head: Head, who: By, deeds: Sequence[Deed], now_ms: int) -> list[AuditEntry]:
    """Return the entries that follow `head`."""
    entries = []
    for deed in deeds:
        entry = AuditEntry(
            seq=head.seq + 1,
            time_ms=max(head.time_ms, now_ms),
            act=deed.act.value,
            user_id=who.user_id,
            client_id=_storable(who.client_id, TARGET_CHARS),
            address=_storable(who.address, ADDRESS_CHARS),
            target=_storable(deed.target, TARGET_CHARS),
            detail=_detail(deed.detail),
            previous=head.hash,
            hash=b"",
        )
        entry = msgspec.structs.replace(entry, hash=digest(entry))
        entries.append(entry)
        head = Head(entry.seq, entry.time_ms, entry.hash)
    return entries


def _storable(text: str, chars: int) -> str:
    """Return text that every database takes: what cannot be stored must not keep a deed from being remembered."""
    return text[:chars].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _detail(detail: dict[str, object]) -> str:
    written = msgspec.json.encode(detail, order="deterministic")
    return written.decode() if len(written) <= DETAIL_BYTES else '{"too_long":true}'


class Fault(msgspec.Struct, frozen=True):
    """The first entry at which the log is not as it was written."""

    seq: int
    what: str
    """`changed`, `removed` or `added`."""
    sentence: str


class Chain:
    """Walks the log from its beginning, or from an entry that is known to be good."""

    def __init__(self, since: Head = ORIGIN) -> None:
        self._last = since
        self._before: Head = since
        """The entry before the last one."""

    @property
    def last(self) -> Head:
        """The last entry that was found good; whether it is the one that was written, the next one tells."""
        return self._last

    def follow(self, entry: AuditEntry) -> Fault | None:
        """Take the next entry in the order of their numbers; return what is wrong with it."""
        last = self._last
        if entry.seq <= last.seq:
            return _added(entry.seq)
        if entry.seq > last.seq + 1:
            return _removed(last.seq + 1, entry.seq - 1)
        if entry.hash != digest(entry):
            return Fault(entry.seq, "changed", f"Entry {entry.seq} is not as it was written.")
        if entry.previous != last.hash:
            # This one says truly what it says; it was written after another one than now stands before it.
            if last.seq == 0 or last == self._before:
                return Fault(entry.seq, "changed", f"Entry {entry.seq} does not follow what was before it.")
            return Fault(last.seq, "changed", f"Entry {last.seq} is another one than entry {entry.seq} follows.")
        self._before, self._last = last, Head(entry.seq, entry.time_ms, entry.hash)
        return None

    def end(self, head: Head) -> Fault | None:
        """Compare the last entry with what the log knows as its newest."""
        last = self._last
        if last.seq > head.seq:
            return _added(head.seq + 1)
        if last.seq < head.seq:
            return _removed(last.seq + 1, head.seq)
        if last.hash != head.hash:
            return Fault(last.seq, "changed", f"Entry {last.seq} is another one than was written last.")
        return None


def _added(seq: int) -> Fault:
    return Fault(seq, "added", f"Entry {seq} was never written by this log.")


def _removed(first: int, last: int) -> Fault:
    if first == last:
        return Fault(first, "removed", f"Entry {first} is missing.")
    return Fault(first, "removed", f"Entries {first} to {last} are missing.")
