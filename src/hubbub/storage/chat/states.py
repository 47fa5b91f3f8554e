"""Conversations as one person sees them: rows, counts and a preview, all of one snapshot.

Many are read at once, and for many the counts are asked in one statement each, not one per conversation.  Counts stop
at their cap.  The preview is the newest message shown in the conversation that is neither recalled nor hidden, looked
for among the newest `LOOK_BACK` entries the person may see; a conversation whose last 200 entries are all something
else has no preview.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION, parse_id
from hubbub.chat.model import (
    UNREAD_CAP,
    ConversationKind,
    ConversationRow,
    ConversationState,
    EntryPage,
    MemberRow,
    MemberState,
    MessageState,
    Role,
    UserState,
)
from hubbub.storage.chat import contacts, reminders
from hubbub.storage.chat.blocks import held_marks
from hubbub.storage.chat.cut import cut_conversation, cut_messages
from hubbub.storage.chat.entry_pages import page
from hubbub.storage.chat.facts import load_messages
from hubbub.storage.chat.history import read_reactions
from hubbub.storage.chat.invites import count_waiting
from hubbub.storage.chat.look import look
from hubbub.storage.chat.own import NOTHING_OWN, read_own
from hubbub.storage.chat.rows import conversation_of, decode_intervals, fold_title, member_of
from hubbub.storage.chat.sight import as_visitor, clip, end_of, implicit_member, is_over, kept
from hubbub.storage.dialects import Dialect, Span
from hubbub.storage.padded import padded
from hubbub.storage.tables.chat import conversations, members, user_versions
from hubbub.storage.tables.schema import Id

_AT_ONCE = 200
_FIRST_PAGE_MS = 2**62

_Pair = tuple[ConversationRow, MemberRow]

# Built once: to build a statement of thirty columns costs more than to run it.
_PAIRS = select(*conversations.c, *[column.label(f"member_{column.name}") for column in members.c]).select_from(
    conversations.outerjoin(
        members,
        and_(members.c.conversation_id == conversations.c.id, members.c.user_id == bindparam("reader", type_=Id)),
    )
)
"""Conversations with the reader's member columns, which are NULL where there is no row."""

_CHANGED = (
    _PAIRS.where(members.c.version > bindparam("since"))
    .order_by(members.c.version, conversations.c.id)
    .limit(bindparam("rows"))
)
_OF_VERSION = _PAIRS.where(members.c.version == bindparam("version")).order_by(conversations.c.id)
_SOME = _PAIRS.where(conversations.c.id.in_(bindparam("ids", expanding=True)))
_ONE = _PAIRS.where(conversations.c.id == bindparam("id", type_=Id))
_VERSION = select(user_versions.c.version).where(user_versions.c.user_id == bindparam("reader", type_=Id))


def build_states(conn: Connection, dialect: Dialect, user_id: str, pairs: Sequence[_Pair]) -> list[ConversationState]:
    """Return the states of conversations with the person's rows, in the order given."""
    seen = [(cut_conversation(conn, conversation, member), member) for conversation, member in pairs]
    unread_spans: list[Span] = []
    unread_owner: list[int] = []
    newest_spans: list[Span] = []
    newest_owner: list[int] = []
    for number, (conversation, member) in enumerate(seen):
        # Who left has nothing to catch up with, and in a count there later recalls and edits would show beyond the cut.
        if member.state is MemberState.JOINED:
            since = max(member.read_seq + 1, conversation.kept_from)
            for first, last in clip(member.intervals, since, conversation.head):
                unread_spans.append(Span(conversation.id, first, last))
                unread_owner.append(number)
        visible = clip(member.intervals, max(1, conversation.kept_from), conversation.head)
        if visible:
            newest_spans.append(Span(conversation.id, *visible[-1]))
            newest_owner.append(number)
    unread = _sums(len(seen), unread_owner, dialect.count_unread(conn, user_id, unread_spans, UNREAD_CAP))
    mentions = _sums(len(seen), unread_owner, dialect.count_mentions(conn, user_id, unread_spans, UNREAD_CAP))
    previews = {
        newest_spans[at].conversation_id: seq
        for at, seq in enumerate(dialect.last_posts(conn, user_id, newest_spans))
        if seq
    }
    messages = _read_previews(conn, dialect, user_id, pairs, previews)
    kept = read_own(conn, user_id, [conversation.id for conversation, _ in pairs])
    waiting = count_waiting(conn, seen)
    return [
        ConversationState(
            conversation,
            member,
            unread[number],
            mentions[number],
            messages.get(conversation.id),
            kept.get(conversation.id, NOTHING_OWN),
            waiting.get(conversation.id, 0),
        )
        for number, (conversation, member) in enumerate(seen)
    ]


def _sums(size: int, owners: Sequence[int], counts: Iterable[int]) -> list[int]:
    sums = [0] * size
    for owner, count in zip(owners, counts, strict=True):
        sums[owner] = min(sums[owner] + count, UNREAD_CAP)
    return sums


def _read_previews(
    conn: Connection, dialect: Dialect, user_id: str, pairs: Sequence[_Pair], previews: dict[str, int]
) -> dict[str, MessageState]:
    messages = load_messages(conn, dialect, previews.items())
    closed = {
        conversation.id: (conversation, member.intervals)
        for conversation, member in pairs
        if end_of(member.intervals, conversation.head) < conversation.head
    }
    reactions = read_reactions(conn, dialect, user_id, messages)
    found: dict[str, MessageState] = {}
    for key, message in messages.items():
        given = reactions.get(key, ())
        if key[0] in closed:
            conversation, spans = closed[key[0]]
            message = cut_messages(conn, conversation, spans, [message])[0]
            given = read_reactions(conn, dialect, user_id, [key], end_of(spans, conversation.head)).get(key, ())
        found[key[0]] = MessageState(message, given)
    return found


def read_conversation(conn: Connection, dialect: Dialect, user_id: str, conversation_id: str) -> ConversationState:
    """Return one conversation as this person sees it."""
    seen = look(conn, user_id, conversation_id)
    member = seen.member
    if member is None or member.state is MemberState.NONE:
        member = implicit_member(seen.conversation, user_id)
    return build_states(conn, dialect, user_id, [(seen.conversation, as_visitor(seen.conversation, member))])[0]


def read_conversations(
    conn: Connection, dialect: Dialect, user_id: str, cursor: str, limit: int
) -> tuple[list[ConversationState], str]:
    """Return a page of what this person is in, most recent first."""
    statement = (
        _PAIRS.where(
            members.c.user_id == user_id,
            members.c.state == MemberState.JOINED,
            conversations.c.id != SYSTEM_CONVERSATION,
        )
        .order_by(conversations.c.last_time_ms.desc(), conversations.c.id)
        .limit(limit + 1)
    )
    position = (-_FIRST_PAGE_MS, "")
    if cursor:
        last_time_ms, last_id = _split(cursor)
        position = (-last_time_ms, last_id)
        statement = statement.where(
            or_(
                conversations.c.last_time_ms < last_time_ms,
                and_(conversations.c.last_time_ms == last_time_ms, conversations.c.id > last_id),
            )
        )
    pairs = [_pair(row, user_id) for row in conn.execute(statement, {"reader": user_id})]
    pairs += [pair for pair in _system(conn, user_id) if (-pair[0].last_time_ms, pair[0].id) > position]
    pairs.sort(key=lambda pair: (-pair[0].last_time_ms, pair[0].id))
    more = len(pairs) > limit
    pairs = pairs[:limit]
    states = build_states(conn, dialect, user_id, pairs)
    if not more:
        return states, ""
    last = pairs[-1][0]
    return states, f"{last.last_time_ms}.{last.id}"


def read_channels(
    conn: Connection, dialect: Dialect, user_id: str, query: str, cursor: str, limit: int
) -> tuple[list[ConversationState], str]:
    """Return a page of the public channels whose title contains `query`, by title."""
    key = conversations.c.channel_key
    statement = _PAIRS.where(key.is_not(None)).order_by(key, conversations.c.id).limit(limit + 1)
    if query:
        statement = statement.where(key.contains(fold_title(query), autoescape=True))
    if cursor:
        try:
            last_key, last_id = msgspec.json.decode(bytes.fromhex(cursor), type=tuple[str, str])
            parse_id(last_id)
        except (ValueError, msgspec.DecodeError):
            raise ChatError(Code.BAD_CURSOR) from None
        statement = statement.where(or_(key > last_key, and_(key == last_key, conversations.c.id > last_id)))
    pairs = []
    for row in conn.execute(statement, {"reader": user_id}):
        conversation, member = _pair(row, user_id)
        pairs.append((conversation, as_visitor(conversation, member)))
    more = len(pairs) > limit
    pairs = pairs[:limit]
    states = build_states(conn, dialect, user_id, pairs)
    if not more:
        return states, ""
    last = pairs[-1][0]
    return states, msgspec.json.encode((fold_title(last.title), last.id)).hex()


def read_members(
    conn: Connection, user_id: str, conversation_id: str, cursor: str, limit: int
) -> tuple[int, list[MemberRow], str]:
    """Return a page of the joined members by user id.

    Who left may look back at what was said but not at who is there now: NOT_A_MEMBER.
    """
    seen = look(conn, user_id, conversation_id)
    if is_over(seen.spans):
        raise ChatError(Code.NOT_A_MEMBER)
    found, following = _page_of(conn, conversation_id, MemberState.JOINED, cursor, limit)
    if seen.conversation.kind is ConversationKind.DIRECT:
        _hold_marks(conn, user_id, found)
    return seen.conversation.head, found, following


def read_bans(conn: Connection, conversation_id: str, cursor: str, limit: int) -> tuple[list[MemberRow], str]:
    """Return a page of the banned people by user id."""
    return _page_of(conn, conversation_id, MemberState.BANNED, cursor, limit)


def _page_of(
    conn: Connection, conversation_id: str, state: MemberState, cursor: str, limit: int
) -> tuple[list[MemberRow], str]:
    statement = (
        select(members)
        .where(members.c.conversation_id == conversation_id, members.c.state == state)
        .order_by(members.c.user_id)
        .limit(limit + 1)
    )
    if cursor:
        try:
            statement = statement.where(members.c.user_id > parse_id(cursor))
        except ValueError:
            raise ChatError(Code.BAD_CURSOR) from None
    found = [member_of(row) for row in conn.execute(statement)]
    return found[:limit], found[limit - 1].user_id if len(found) > limit else ""


def _hold_marks(conn: Connection, user_id: str, found: Iterable[MemberRow]) -> None:
    """Let the marks of somebody who has blocked this person stand still where they stood then."""
    for row in found:
        held = None if row.user_id == user_id else held_marks(conn, row.user_id, user_id)
        if held is not None:
            row.read_seq, row.delivered_seq = min(row.read_seq, held[0]), min(row.delivered_seq, held[1])


def read_user_state(conn: Connection, dialect: Dialect, user_id: str, since_version: int, limit: int) -> UserState:
    """Return the rows with a version above `since_version`, ascending, complete up to the version it names.

    A version is never split: a page may be longer than `limit` when one version holds more rows.  From version 0 on
    SYSTEM comes first, whether or not the person has a row of it.
    """
    newest = _newest_version(conn, user_id)
    reader = {"reader": user_id}
    rows: Sequence[Any] = conn.execute(_CHANGED, {**reader, "since": since_version, "rows": limit + 1}).all()
    known = contacts.read_changed(conn, user_id, since_version, limit + 1)
    noted = reminders.read_changed(conn, user_id, since_version, limit + 1)
    upto = newest
    versions = [row.member_version for row in rows] + [row.version for row in known] + [row.version for row in noted]
    versions.sort()
    more = len(versions) > limit
    if more:
        # The last version of a full page may go on after it: leave it to the next page, unless it is all there is.
        cut = versions[limit]
        if versions[0] < cut:
            upto = versions[bisect_left(versions, cut) - 1]
            rows = [row for row in rows if row.member_version <= upto]
            known = [row for row in known if row.version <= upto]
            noted = [row for row in noted if row.version <= upto]
        else:
            rows = conn.execute(_OF_VERSION, {**reader, "version": cut}).all()
            known = contacts.read_of_version(conn, user_id, cut)
            noted = reminders.read_of_version(conn, user_id, cut)
            upto = cut
            more = upto < newest
    pairs = [_pair(row, user_id) for row in rows]
    if since_version == 0 and not any(conversation.id == SYSTEM_CONVERSATION for conversation, _ in pairs):
        pairs = [pair for pair in _system(conn, user_id) if pair[1].version == 0] + pairs
    states = tuple(build_states(conn, dialect, user_id, pairs))
    return UserState(since_version, upto, states, more, tuple(known), tuple(noted))


def read_resumed(
    conn: Connection,
    dialect: Dialect,
    user_id: str,
    have: Sequence[tuple[str, int]],
    since_version: int,
    *,
    limit: int,
    state_limit: int,
) -> tuple[UserState, list[EntryPage]]:
    """Return what a returning client is missing; only conversations that changed cost more than a comparison."""
    state = read_user_state(conn, dialect, user_id, since_version, state_limit)
    heads = dict(dialect.newer_heads(conn, list(dict(have).items())))
    return state, read_missing(conn, user_id, have, heads, limit)


def read_missing(
    conn: Connection, user_id: str, have: Iterable[tuple[str, int]], heads: Mapping[str, int], limit: int
) -> list[EntryPage]:
    """Return the pages that bring a client from what it has to these heads, where it may see what is between."""
    held = {id_: seq for id_, seq in have if heads.get(id_, seq) != seq}
    mine: dict[str, _Pair] = {}
    for names in padded(list(held), _AT_ONCE):
        for row in conn.execute(_SOME, {"reader": user_id, "ids": names}):
            open_to_all = row.kind in (ConversationKind.SYSTEM, ConversationKind.CHANNEL)
            if open_to_all or row.member_user_id is not None:
                mine[row.id] = _pair(row, user_id)
    pages: list[EntryPage] = []
    for conversation_id in sorted(mine):
        conversation, member = mine[conversation_id]
        spans = kept(conversation, member.intervals)
        seq = held[conversation_id]
        end = end_of(member.intervals, conversation.head)
        if seq > heads[conversation_id]:
            # The client holds what this log never had.
            pages.append(EntryPage(conversation_id, end + 1, end, end, (), reset=True))
            continue
        missing = sum(last - first + 1 for first, last in clip(spans, seq + 1, end))
        if missing > limit:
            pages.append(EntryPage(conversation_id, end + 1, end, end, (), reset=True))
        elif missing:
            pages.append(page(conn, user_id, conversation_id, spans, end, seq, limit))
    return pages


def read_pairs(conn: Connection, user_id: str, conversation_ids: Sequence[str]) -> list[_Pair]:
    """Return these conversations with the person's rows, in the order given; what is not there is absent."""
    found: dict[str, _Pair] = {}
    for at in range(0, len(conversation_ids), _AT_ONCE):
        statement = _PAIRS.where(conversations.c.id.in_(conversation_ids[at : at + _AT_ONCE]))
        found.update((row.id, _pair(row, user_id)) for row in conn.execute(statement, {"reader": user_id}))
    return [found[id_] for id_ in conversation_ids if id_ in found]


def _newest_version(conn: Connection, user_id: str) -> int:
    return conn.execute(_VERSION, {"reader": user_id}).scalar_one_or_none() or 0


def _pair(row: Any, user_id: str) -> _Pair:
    conversation = conversation_of(row)
    if row.member_user_id is None:
        return conversation, implicit_member(conversation, user_id)
    member = MemberRow(
        conversation_id=row.id,
        user_id=user_id,
        role=Role(row.member_role),
        state=MemberState(row.member_state),
        intervals=decode_intervals(row.member_intervals),
        read_seq=row.member_read_seq,
        delivered_seq=row.member_delivered_seq,
        muted_until_ms=row.member_muted_until_ms,
        last_sent_ms=row.member_last_sent_ms,
        version=row.member_version,
        own_role=row.member_own_role,
    )
    return conversation, member


def _system(conn: Connection, user_id: str) -> list[_Pair]:
    found = conn.execute(_ONE, {"reader": user_id, "id": SYSTEM_CONVERSATION})
    return [_pair(row, user_id) for row in found]


def _split(cursor: str) -> tuple[int, str]:
    try:
        last_time_ms, last_id = cursor.split(".")
        return int(last_time_ms), parse_id(last_id)
    except ValueError:
        raise ChatError(Code.BAD_CURSOR) from None
