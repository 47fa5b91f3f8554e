"""The rows of Web Push in a SQL database: one function per transaction.

Notes are locked before they are looked at and in the order of their keys, so that any number of nodes may note and
claim at the same time.  All of it may be run again when it met another transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, or_, select, update

from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import MemberState
from hubbub.push.model import Note, Quiet, Subscription
from hubbub.storage.again import write_again
from hubbub.storage.database import Database
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.account import logins
from hubbub.storage.tables.chat import EVERYBODY, conversations, members, mentions
from hubbub.storage.tables.push import push_notes, push_quiet, push_subscriptions

__all__ = ["SqlPush", "browser_of", "note_of_oneself"]

_AT_ONCE = 200
_LOOK_BACK = 50
"""Only so many of the newest entries of a large conversation are looked at for mentions."""

_LASTING = select(push_subscriptions).join(
    logins, and_(logins.c.id == push_subscriptions.c.login_id, logins.c.ended_ms == 0)
)
_CALLABLE = select(push_subscriptions.c.user_id)

Pair = tuple[str, str]


def browser_of(endpoint: str) -> str:
    """Return the id of a browser, made of where it is called."""
    return hashlib.blake2b(b"hubbub push " + endpoint.encode(), digest_size=16).hexdigest()


class SqlPush:
    """A `push.ports.PushStore` over an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ------------------------------------------------------------ who can be called

    async def subscribe(self, subscription: Subscription) -> None:
        row = msgspec.structs.asdict(subscription) | {"browser_id": browser_of(subscription.endpoint)}
        row["content"] = int(subscription.content)

        def work(conn: Connection) -> None:
            theirs = push_subscriptions.c.browser_id == row["browser_id"]
            own = (push_subscriptions.c.user_id == row["user_id"]) & (
                push_subscriptions.c.device_id == row["device_id"]
            )
            conn.execute(delete(push_subscriptions).where(theirs, ~own))
            self._db.dialect.upsert(conn, push_subscriptions, [row])

        await write_again(self._db, work)

    async def unsubscribe(self, user_id: str, device_id: str, endpoint: str = "") -> None:
        gone = delete(push_subscriptions).where(
            push_subscriptions.c.user_id == user_id, push_subscriptions.c.device_id == device_id
        )
        if endpoint:
            gone = gone.where(push_subscriptions.c.browser_id == browser_of(endpoint))
        await write_again(self._db, lambda conn: conn.execute(gone).rowcount)

    async def subscriptions(self, user_id: str) -> list[Subscription]:
        theirs = _LASTING.where(push_subscriptions.c.user_id == user_id).order_by(push_subscriptions.c.device_id)
        return await self._db.read(lambda conn: [_subscription(row) for row in conn.execute(theirs)])

    async def anybody(self) -> bool:
        return await self._db.read(lambda conn: conn.execute(_CALLABLE.limit(1)).first() is not None)

    async def quiet(self, user_id: str) -> Quiet:
        theirs = select(push_quiet.c.value).where(push_quiet.c.user_id == user_id)
        found = await self._db.read(lambda conn: conn.execute(theirs).scalar())
        return Quiet() if found is None else msgspec.json.decode(found, type=Quiet)

    async def set_quiet(self, user_id: str, quiet: Quiet) -> None:
        row = {"user_id": user_id, "value": msgspec.json.encode(quiet)}
        await write_again(self._db, lambda conn: self._db.dialect.upsert(conn, push_quiet, [row]))

    # ------------------------------------------------------------ what about

    async def note(self, heads: Mapping[str, int], now_ms: int, due_ms: int, large: int) -> int:
        pairs = sorted(await self._db.read(lambda conn: _concerned(conn, heads, large)))
        due = 0
        for at in range(0, len(pairs), _AT_ONCE):
            some = pairs[at : at + _AT_ONCE]

            def work(conn: Connection, some: Sequence[Pair] = some) -> int:
                return self._note(conn, some, heads, now_ms, due_ms)

            due += await write_again(self._db, work)
        return due

    def _note(self, conn: Connection, pairs: Sequence[Pair], heads: Mapping[str, int], now_ms: int, due_ms: int) -> int:
        known = {(row.user_id, row.conversation_id): row for row in conn.execute(_locked(pairs))}
        fresh: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for user_id, conversation_id in pairs:
            head = heads[conversation_id]
            row = known.get((user_id, conversation_id))
            if row is None:
                fresh.append(_values(Note(user_id, conversation_id, head, 0, due_ms), now_ms))
            elif head > row.head:
                # Whoever could not be reached is called about all of it with the others.
                when = row.due_ms or due_ms
                changed.append(
                    _values(Note(user_id, conversation_id, head, row.told, when, row.lease_ms), row.touched_ms)
                )
        self._db.dialect.insert_new(conn, push_notes, fresh)
        self._db.dialect.upsert(conn, push_notes, changed, growing=["head"])
        return len(fresh) + len(changed)

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[Note]:
        free = (push_notes.c.due_ms > 0) & (push_notes.c.due_ms <= now_ms) & (push_notes.c.lease_ms <= now_ms)
        oldest = (
            select(push_notes.c.user_id, push_notes.c.conversation_id)
            .where(free)
            .order_by(push_notes.c.due_ms)
            .limit(limit)
        )

        def work(conn: Connection) -> list[Note]:
            pairs = sorted((row.user_id, row.conversation_id) for row in conn.execute(oldest))
            if not pairs:
                return []
            # Looked at again under the lock: another worker may have been faster.
            wanted = set(pairs)
            free_now = [_note(row, now_ms + lease_ms) for row in conn.execute(_locked(pairs).where(free))]
            mine = [note for note in free_now if (note.user_id, note.conversation_id) in wanted]
            for note in mine:
                conn.execute(update(push_notes).where(_key(note)).values(lease_ms=note.lease_ms))
            return sorted(mine, key=lambda note: note.due_ms)

        if not await self._db.read(lambda conn: conn.execute(oldest).first()):
            # Nearly always: then nothing is written and nothing locked.
            return []
        return await write_again(self._db, work)

    async def settle(self, note: Note, told: int, now_ms: int, next_ms: int) -> None:
        done = (
            update(push_notes)
            .where(_key(note), push_notes.c.lease_ms == note.lease_ms)
            .values(
                told=case((push_notes.c.told > told, push_notes.c.told), else_=told),
                due_ms=case((push_notes.c.head > told, next_ms), else_=0),
                lease_ms=0,
                touched_ms=now_ms,
                tries=0,
                devices=None,
            )
        )
        await write_again(self._db, lambda conn: conn.execute(done).rowcount)

    async def again(self, note: Note, due_ms: int, *, tries: int, left: Sequence[str]) -> None:
        mine = push_notes.c.lease_ms == note.lease_ms

        def work(conn: Connection) -> None:
            row = conn.execute(select(push_notes.c.head).where(_key(note), mine).with_for_update()).first()
            if row is None:
                return
            # With something new for all of them, all of them are called.
            devices = msgspec.json.encode(list(left)) if left and row.head == note.head else None
            values = {"due_ms": due_ms, "lease_ms": 0, "tries": tries, "devices": devices}
            conn.execute(update(push_notes).where(_key(note)).values(**values))

        await write_again(self._db, work)

    async def forget(self, before_ms: int) -> None:
        over = (push_notes.c.due_ms == 0) & (push_notes.c.touched_ms < before_ms)
        lasting = select(logins.c.id).where(logins.c.ended_ms == 0)

        def work(conn: Connection) -> None:
            conn.execute(delete(push_notes).where(over))
            conn.execute(delete(push_subscriptions).where(push_subscriptions.c.login_id.not_in(lasting)))

        await write_again(self._db, work)


# ---------------------------------------------------------------- inside a transaction


def note_of_oneself(conn: Connection, dialect: Dialect, heads: Mapping[str, int], now_ms: int) -> None:
    """Note for these people, where they can be called, that there is something of their own up to their head.

    It is due at once, and it is called about as whatever else is; see `push.model.Note`.
    """
    callable_ = _CALLABLE.where(push_subscriptions.c.user_id.in_(sorted(heads))).distinct()
    people = sorted(conn.execute(callable_).scalars())
    if not people:
        return
    found = conn.execute(_locked([(one, one) for one in people])).all()
    known = {row.user_id: row for row in found if row.conversation_id == row.user_id}
    fresh = [_values(Note(one, one, heads[one], 0, now_ms), now_ms) for one in people if one not in known]
    changed = [
        _values(Note(one, one, heads[one], row.told, row.due_ms or now_ms, row.lease_ms), row.touched_ms)
        for one, row in known.items()
    ]
    dialect.insert_new(conn, push_notes, fresh)
    dialect.upsert(conn, push_notes, changed, growing=["head"])


def _concerned(conn: Connection, heads: Mapping[str, int], large: int) -> set[Pair]:
    """Return (person, conversation) of everybody who can be called and has something there."""
    sizes = select(conversations.c.id, conversations.c.member_count).where(conversations.c.id.in_(list(heads)))
    small: list[str] = []
    found: set[Pair] = set()
    for row in conn.execute(sizes).all():
        if row.id == SYSTEM_CONVERSATION:
            # Everybody is a member, without a row.
            found.update((user_id, row.id) for user_id in conn.execute(_CALLABLE.distinct()).scalars())
        elif row.member_count <= large:
            small.append(row.id)
        else:
            found |= _pairs(conn, _mentioned(row.id, heads[row.id] - _LOOK_BACK))
    if small:
        found |= _pairs(conn, _members_of(members.c.conversation_id.in_(small)))
    return found


def _members_of(where: ColumnElement[bool]) -> Select[Any]:
    return select(members.c.user_id, members.c.conversation_id).where(
        where, members.c.state == MemberState.JOINED, members.c.user_id.in_(_CALLABLE)
    )


def _mentioned(conversation_id: str, after: int) -> Select[Any]:
    newer = and_(
        mentions.c.conversation_id == conversation_id,
        mentions.c.seq > after,
        mentions.c.seq > members.c.read_seq,
        or_(mentions.c.user_id == members.c.user_id, mentions.c.user_id == EVERYBODY),
    )
    return _members_of(members.c.conversation_id == conversation_id).where(select(mentions.c.seq).where(newer).exists())


def _pairs(conn: Connection, statement: Select[Any]) -> set[Pair]:
    return {(row.user_id, row.conversation_id) for row in conn.execute(statement)}


def _locked(pairs: Iterable[Pair]) -> Select[Any]:
    """Lock the notes of these people in these conversations, in the order of their keys; perhaps a few more."""
    users, ids = zip(*pairs, strict=True)
    return (
        select(push_notes)
        .where(push_notes.c.user_id.in_(sorted(set(users))), push_notes.c.conversation_id.in_(sorted(set(ids))))
        .order_by(push_notes.c.user_id, push_notes.c.conversation_id)
        .with_for_update()
    )


def _key(note: Note) -> ColumnElement[bool]:
    return (push_notes.c.user_id == note.user_id) & (push_notes.c.conversation_id == note.conversation_id)


def _subscription(row: Any) -> Subscription:
    return Subscription(
        user_id=row.user_id,
        device_id=row.device_id,
        login_id=row.login_id,
        endpoint=row.endpoint,
        p256dh=row.p256dh,
        auth=row.auth,
        content=bool(row.content),
        language=row.language,
        created_ms=row.created_ms,
    )


def _note(row: Any, lease_ms: int) -> Note:
    left = tuple(msgspec.json.decode(row.devices, type=list[str])) if row.devices else ()
    return Note(row.user_id, row.conversation_id, row.head, row.told, row.due_ms, lease_ms, row.tries, left)


def _values(note: Note, touched_ms: int) -> dict[str, Any]:
    return {
        "user_id": note.user_id,
        "conversation_id": note.conversation_id,
        "head": note.head,
        "told": note.told,
        "due_ms": note.due_ms,
        "lease_ms": note.lease_ms,
        "touched_ms": touched_ms,
        "tries": note.tries,
        "devices": None,
    }
