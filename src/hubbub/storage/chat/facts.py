"""The rows a plan decides over, read under the locks of its transaction.

The order is the correctness: the conversations are locked before anything else is read, so what follows cannot change
until the transaction ends.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, and_, select

from hubbub.chat.model import ConversationKind, ConversationRow, MemberRow, MemberState, MessageRow
from hubbub.chat.ports import Facts, Needs, StoredKey, StoredUserKey
from hubbub.storage.chat.blocks import bar, read_blocks
from hubbub.storage.chat.held import held_conversations
from hubbub.storage.chat.remembered import Remembered
from hubbub.storage.chat.rows import conversation_of, message_of
from hubbub.storage.dialects import Dialect
from hubbub.storage.file_store import load_files
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import conversations, entries, members, message_states, user_keys

_AT_ONCE = 200
"""So many keys go into one question."""

MESSAGE_COLUMNS = (
    entries.c.seq,
    entries.c.kind,
    entries.c.time_ms,
    entries.c.sender_id,
    entries.c.client_id,
    entries.c.body,
    message_states.c.recalled.label("state_recalled"),
    message_states.c.pinned.label("state_pinned"),
    message_states.c.edits.label("state_edits"),
    message_states.c.edited_ms.label("state_edited_ms"),
    message_states.c.thread_replies.label("state_thread_replies"),
    message_states.c.thread_last_seq.label("state_thread_last_seq"),
    message_states.c.body.label("state_body"),
)
MESSAGES = entries.outerjoin(
    message_states,
    and_(
        message_states.c.conversation_id == entries.c.conversation_id,
        message_states.c.seq == entries.c.seq,
    ),
)


def load_facts(
    conn: Connection, dialect: Dialect, remembered: Remembered, needs: Needs
) -> tuple[Facts, dict[str, int]]:
    """Lock and read what `needs` names; return it with the revision of each conversation."""
    rows, revisions = lock_conversations(conn, dialect, remembered, needs.conversations)
    facts = Facts(
        conversations=rows,
        keys=_find_keys(conn, dialect, needs.keys),
        user_keys=_find_user_keys(conn, needs.user_keys),
        members=load_members(conn, dialect, remembered, rows, needs.members),
        messages=load_messages(conn, dialect, needs.messages),
        users=_active_users(conn, needs.users),
        audiences=load_audiences(conn, remembered, rows),
        files=load_files(conn, needs.files),
        small_audience=remembered.small_audience,
        blocks=read_blocks(conn, needs.blocks) if needs.blocks else set(),
        held=held_conversations(conn, needs.held) if needs.held else set(),
    )
    return facts, revisions


def load_messages(
    conn: Connection, dialect: Dialect, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], MessageRow]:
    """Return those of the (conversation, seq) that are messages, in their current state."""
    return {
        (row.conversation_id, row.seq): message_of(row.conversation_id, row)
        for row in dialect.find_messages(conn, wanted)
    }


def joined_members(conn: Connection, conversation_id: str, limit: int) -> tuple[str, ...]:
    """Return up to `limit` joined members, sorted."""
    statement = (
        select(members.c.user_id)
        .where(members.c.conversation_id == conversation_id, members.c.state == MemberState.JOINED)
        .order_by(members.c.user_id)
        .limit(limit)
    )
    return tuple(conn.execute(statement).scalars())


def lock_conversations(
    conn: Connection, dialect: Dialect, remembered: Remembered, ids: Iterable[str]
) -> tuple[dict[str, ConversationRow], dict[str, int]]:
    """Lock the conversations that exist; return their rows and revisions."""
    rows: dict[str, ConversationRow] = {}
    revisions: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for id_, head, last_time_ms, revision in dialect.lock_heads(conn, sorted(ids)):
        revisions[id_] = revision
        known = remembered.conversation(id_, revision)
        if known is None:
            unknown[id_] = revision
        else:
            row = copy.copy(known)
            row.head = head
            row.last_time_ms = last_time_ms
            rows[id_] = row
    names = list(unknown)
    for at in range(0, len(names), _AT_ONCE):
        statement = select(conversations).where(conversations.c.id.in_(names[at : at + _AT_ONCE]))
        read = [conversation_of(found) for found in conn.execute(statement)]
        bar(conn, read)
        for row in read:
            rows[row.id] = row
            remembered.keep_conversation(row, unknown[row.id])
    return rows, revisions


def _find_keys(
    conn: Connection, dialect: Dialect, keys: set[tuple[str, str, str]]
) -> dict[tuple[str, str, str], StoredKey]:
    return {
        (key.conversation_id, key.sender_id, key.client_id): StoredKey(key.seq, key.time_ms, bytes.fromhex(key.digest))
        for key in dialect.find_keys(conn, keys)
    }


def _find_user_keys(conn: Connection, keys: set[tuple[str, str]]) -> dict[tuple[str, str], StoredUserKey]:
    by_user: defaultdict[str, list[str]] = defaultdict(list)
    for user_id, client_id in sorted(keys):
        by_user[user_id].append(client_id)
    found: dict[tuple[str, str], StoredUserKey] = {}
    for user_id, client_ids in by_user.items():
        statement = select(user_keys).where(user_keys.c.user_id == user_id, user_keys.c.client_id.in_(client_ids))
        for row in conn.execute(statement):
            found[user_id, row.client_id] = StoredUserKey(row.digest, row.conversation_id)
    return found


def load_members(
    conn: Connection,
    dialect: Dialect,
    remembered: Remembered,
    rows: dict[str, ConversationRow],
    wanted: Iterable[tuple[str, str]],
    *,
    true_marks: bool = False,
) -> dict[tuple[str, str], MemberRow]:
    """Return the member rows that exist, as their own copies; `rows` are the locked conversations.

    Without `true_marks` their marks may be older than what is stored.
    """
    found: dict[tuple[str, str], MemberRow] = {}
    unknown: list[tuple[str, str]] = []
    for key in wanted:
        conversation = rows.get(key[0])
        member = None if conversation is None else remembered.member(conversation, key[1], true_marks=true_marks)
        if member is None:
            unknown.append(key)
        else:
            found[key] = member
    if unknown:
        for member in dialect.find_members(conn, unknown):
            found[member.conversation_id, member.user_id] = member
            conversation = rows.get(member.conversation_id)
            if conversation is not None:
                # Without the lock of its conversation nothing may be remembered.
                remembered.keep_member(conversation, member)
    return found


def _active_users(conn: Connection, ids: set[str]) -> set[str]:
    found: set[str] = set()
    names = sorted(ids)
    for at in range(0, len(names), _AT_ONCE):
        statement = select(users.c.id).where(users.c.id.in_(names[at : at + _AT_ONCE]), users.c.active)
        found.update(conn.execute(statement).scalars())
    return found


def load_audiences(
    conn: Connection, remembered: Remembered, rows: dict[str, ConversationRow]
) -> dict[str, tuple[str, ...]]:
    """Return the joined members of the small ones among locked conversations."""
    found: dict[str, tuple[str, ...]] = {}
    for conversation in rows.values():
        if conversation.member_count > remembered.small_audience or conversation.kind is ConversationKind.SYSTEM:
            continue
        audience = remembered.audience(conversation)
        if audience is None:
            audience = joined_members(conn, conversation.id, remembered.small_audience)
            remembered.keep_audience(conversation, audience)
        found[conversation.id] = audience
    return found
