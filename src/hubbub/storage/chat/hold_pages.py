"""Reading what a legal hold holds: the log as it was written, with the words that were taken back.

Of a conversation that is named it is everything.  Of a person it is everything they could read in private chats and
groups they are or were in, and what they wrote themselves in public channels and announcements.  Either way it is only
what was written within the hold's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true, union

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY, SYSTEM_CONVERSATION, parse_id
from hubbub.chat.holds import HeldConversation, HeldEntry, HeldFile, HeldPage
from hubbub.chat.model import ConversationKind, Edit, Entry, Post
from hubbub.files.model import FileState
from hubbub.storage.chat.rows import decode_action, decode_intervals
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import conversations, entries, members
from hubbub.storage.tables.file import file_uses, files
from hubbub.storage.tables.hold import SubjectKind, hold_copies, hold_files, hold_subjects, holds

__all__ = ["read_files", "read_held"]

_PLACES_AT_ONCE = 100
"""So many conversations are looked at for a page; after that it may be short, and has a cursor."""
_SCANNED = 20_000
"""So many entries of a conversation, too."""
_PAGE_BYTES = 1 << 20

_PUBLIC = (ConversationKind.CHANNEL, ConversationKind.SYSTEM)


class _Scope(msgspec.Struct, frozen=True):
    """What a hold is over."""

    people: frozenset[str]
    named: frozenset[str]
    from_ms: int
    until_ms: int
    names: dict[str, str]


def read_held(conn: Connection, hold_id: str, cursor: str, limit: int) -> HeldPage | None:
    """Return a page, by conversation and seq; None when there is no such open hold."""
    scope = _scope(conn, hold_id)
    if scope is None:
        return None
    place, seq = _split(cursor)
    found: list[HeldEntry] = []
    shown: list[HeldConversation] = []
    room = _PAGE_BYTES
    places, last_place = _places(conn, scope, place)
    for conversation in places:
        reach = min(conversation.head, seq + _SCANNED)
        more, room = _read_entries(conn, scope, conversation, (seq, reach), limit - len(found), room)
        if more:
            found += more
            shown.append(HeldConversation(conversation.id, ConversationKind(conversation.kind), conversation.title))
        if len(found) >= limit or room <= 0:
            last = found[-1].entry
            return _page(conn, scope, found, shown, f"{last.conversation_id}.{last.seq}")
        if reach < conversation.head:
            return _page(conn, scope, found, shown, f"{conversation.id}.{reach}")
        seq = 0
    return _page(conn, scope, found, shown, f"{last_place}.{_END}" if last_place else "")


_END = (1 << 53) - 1
"""Beyond every seq."""


def _scope(conn: Connection, hold_id: str) -> _Scope | None:
    row = conn.execute(select(holds).where(holds.c.id == hold_id, holds.c.closed_ms == 0)).one_or_none()
    if row is None:
        return None
    found = conn.execute(select(hold_subjects).where(hold_subjects.c.hold_id == hold_id)).all()
    people = {one.subject_id: one.name for one in found if one.kind == SubjectKind.PERSON}
    named = frozenset(one.subject_id for one in found if one.kind == SubjectKind.CONVERSATION)
    return _Scope(frozenset(people), named, row.from_ms, row.until_ms, people)


def _places(conn: Connection, scope: _Scope, at: str) -> tuple[Sequence[Any], str]:
    """Return the next conversations a hold is over, from one on, and the last that was looked at if there are more."""
    # Their own rows first: of a million conversations of a place nobody walks those that are none of theirs.
    by_person = select(members.c.conversation_id).distinct().where(members.c.user_id.in_(scope.people))
    if at:
        by_person = by_person.where(members.c.conversation_id >= at)
    by_person = by_person.order_by(members.c.conversation_id).limit(_PLACES_AT_ONCE)
    known = {*scope.named, *([SYSTEM_CONVERSATION] if scope.people else [])}
    ids = sorted({*conn.execute(by_person).scalars(), *(id_ for id_ in known if id_ >= at)})[:_PLACES_AT_ONCE]
    columns = (conversations.c.id, conversations.c.kind, conversations.c.title, conversations.c.head)
    found = select(*columns).where(conversations.c.id.in_(ids)).order_by(conversations.c.id)
    return conn.execute(found).all(), ids[-1] if len(ids) == _PLACES_AT_ONCE else ""


def _covers(conn: Connection, scope: _Scope, conversation: Any) -> ColumnElement[bool]:
    """Return what an entry of this conversation has to be, for the hold to be over it."""
    parts: list[ColumnElement[bool]] = []
    if conversation.id not in scope.named:
        if conversation.kind in _PUBLIC:
            parts.append(entries.c.sender_id.in_(scope.people))
        else:
            parts.append(_seen(conn, scope, conversation.id))
    if scope.from_ms:
        parts.append(entries.c.time_ms >= scope.from_ms)
    if scope.until_ms:
        parts.append(entries.c.time_ms < scope.until_ms)
    return and_(true(), *parts)


def _seen(conn: Connection, scope: _Scope, conversation_id: str) -> ColumnElement[bool]:
    """What any of the people could read there."""
    theirs = select(members.c.intervals).where(
        members.c.conversation_id == conversation_id, members.c.user_id.in_(scope.people)
    )
    spans: list[tuple[int, int]] = []
    every = sorted(span for intervals in conn.execute(theirs).scalars() for span in decode_intervals(intervals))
    for first, last in every:
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((first, last))
    return or_(false(), *(entries.c.seq.between(first, last) for first, last in spans))


def _read_entries(
    conn: Connection, scope: _Scope, conversation: Any, stretch: tuple[int, int], limit: int, room: int
) -> tuple[list[HeldEntry], int]:
    after, reach = stretch
    copies = and_(hold_copies.c.conversation_id == entries.c.conversation_id, hold_copies.c.seq == entries.c.seq)
    found = (
        select(
            entries.c.seq,
            entries.c.time_ms,
            entries.c.sender_id,
            entries.c.client_id,
            entries.c.body,
            hold_copies.c.body.label("copy"),
        )
        .select_from(entries.outerjoin(hold_copies, copies))
        .where(entries.c.conversation_id == conversation.id, entries.c.seq > after, entries.c.seq <= reach)
        .where(_covers(conn, scope, conversation))
        .order_by(entries.c.seq)
        .limit(limit)
    )
    page: list[HeldEntry] = []
    for row in conn.execute(found).all():
        body = row.body if row.copy is None else row.copy
        action = decode_action(body)
        empty = isinstance(action, Post | Edit) and action.withdrawn
        entry = Entry(conversation.id, row.seq, row.time_ms, row.sender_id, row.client_id, action)
        page.append(HeldEntry(entry, recalled=row.copy is not None or empty, erased=empty))
        room -= len(body)
        if room <= 0:
            break
    return page, room


def _page(
    conn: Connection, scope: _Scope, found: list[HeldEntry], shown: list[HeldConversation], cursor: str
) -> HeldPage:
    senders = {each.entry.sender_id for each in found} - {NOBODY}
    named = select(users.c.id, users.c.username).where(users.c.id.in_(senders))
    names = {row.id: row.username for row in conn.execute(named)}
    names.update({id_: name for id_, name in scope.names.items() if id_ in senders})
    return HeldPage(tuple(found), tuple(shown), names, cursor)


def _split(cursor: str) -> tuple[str, int]:
    if not cursor:
        return "", 0
    try:
        place, seq = cursor.split(".")
        return parse_id(place), int(seq)
    except ValueError:
        raise ChatError(Code.BAD_CURSOR) from None


# ---------------------------------------------------------------- files


def read_files(conn: Connection, hold_id: str, file_ids: Iterable[str]) -> dict[str, HeldFile]:
    """Return those of these files that an entry shows, or showed before it was recalled, that the hold is over."""
    scope = _scope(conn, hold_id)
    if scope is None:
        return {}
    wanted = select(files).where(files.c.id.in_(list(file_ids)), files.c.state == FileState.READY)
    found = {row.id: row for row in conn.execute(wanted)}
    return {
        id_: HeldFile(id_, row.name, row.type, row.size_bytes, row.sha256)
        for id_, row in found.items()
        if _is_held(conn, scope, id_)
    }


def _is_held(conn: Connection, scope: _Scope, file_id: str) -> bool:
    places = union(
        *(
            select(table.c.conversation_id, table.c.seq).where(table.c.file_id == file_id)
            for table in (file_uses, hold_files)
        )
    )
    for conversation_id, seq in conn.execute(places).all():
        here = select(conversations.c.id, conversations.c.kind, conversations.c.title)
        conversation = conn.execute(here.where(conversations.c.id == conversation_id)).one_or_none()
        if conversation is None:
            continue
        # The message, or an edit of it: a file belongs to the message, whichever of its versions showed it.
        of_it = and_(
            entries.c.conversation_id == conversation_id,
            or_(entries.c.seq == seq, entries.c.parent_seq == seq),
        )
        covered = select(entries.c.seq).where(of_it, _covers(conn, scope, conversation)).limit(1)
        if conn.execute(covered).first() is not None:
            return True
    return False
