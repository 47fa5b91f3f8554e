"""Writing what a plan says, inside the transaction that locked what it decided over.

A batch of plain messages touches three tables in three statements: the entries, the heads of their conversations and
one outbox row.  Everything else is rarer and goes through ordinary statements.  Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from hubbub.chat.model import ConversationRow, Edit, MemberRow, MessageRow, Post, ReactionRow
from hubbub.chat.ports import Changes, Committed, NewEntry, StoredUserKey
from hubbub.storage.chat.held import Erased, keep, open_windows
from hubbub.storage.chat.remembered import Remembered
from hubbub.storage.chat.rows import (
    conversation_values,
    decode_action,
    encode,
    entry_values,
    member_values,
    message_values,
    withdraw,
)
from hubbub.storage.dialects import Dialect
from hubbub.storage.file_store import unshow, write_shown
from hubbub.storage.tables.chat import (
    EVERYBODY,
    EntryKind,
    conversations,
    entries,
    members,
    mentions,
    message_states,
    reactions,
    user_keys,
)

_MENTION_COLUMNS = ("user_id", "conversation_id", "seq", "sender_id")


def write_changes(
    conn: Connection,
    dialect: Dialect,
    remembered: Remembered,
    changes: Changes,
    revisions: dict[str, int],
    now_ms: int,
    cleared: Sequence[int],
) -> Committed:
    """Write all of `changes`; `revisions` are those of the conversations as they were locked.

    The outbox rows that were `cleared` before are deleted along with it.
    """
    new = changes.entries
    outbox_id = 0
    raised = _write_conversations(conn, remembered, changes.conversations, revisions)
    versions = _write_members(conn, dialect, remembered, changes.members) if changes.members else {}
    if new or versions:
        heads = {entry.entry.conversation_id: entry.entry.seq for entry in new}
        untold = (encode(heads), encode(versions) if versions else None)
        outbox_id = dialect.append(conn, [entry_values(entry) for entry in new], raised, now_ms, *untold, cleared)
        _insert_mentions(conn, dialect, new)
    else:
        dialect.raise_heads(conn, raised)
        dialect.delete_outbox(conn, cleared)
    if changes.messages:
        _write_messages(conn, dialect, changes.messages, now_ms)
    if changes.files_shown:
        write_shown(conn, dialect, changes.files_shown)
    if changes.reactions_unset or changes.reactions_set:
        _write_reactions(conn, dialect, changes.reactions_set, changes.reactions_unset)
    for conversation_id, seq, mention_all, user_ids in changes.mentions_changed:
        _replace_mentions(conn, conversation_id, seq, mention_all, user_ids)
    if changes.user_keys:
        _insert_user_keys(conn, changes.user_keys)
    return Committed(versions, outbox_id)


def _insert_mentions(conn: Connection, dialect: Dialect, new: Sequence[NewEntry]) -> None:
    rows = []
    for item in new:
        if not item.mentions and not item.mention_all:
            continue
        entry = item.entry
        told = {*item.mentions, EVERYBODY} if item.mention_all else set(item.mentions)
        conversation, sender = bytes.fromhex(entry.conversation_id), bytes.fromhex(entry.sender_id)
        rows += [(bytes.fromhex(user_id), conversation, entry.seq, sender) for user_id in sorted(told)]
    if rows:
        dialect.insert_many(conn, mentions, _MENTION_COLUMNS, rows)


def _write_conversations(
    conn: Connection, remembered: Remembered, rows: Sequence[ConversationRow], revisions: dict[str, int]
) -> list[tuple[bytes, int, int]]:
    """Write the rows of which more than the head changed; return (id, head, last_time_ms) of the others."""
    heads = []
    for row in rows:
        revision = revisions.get(row.id)
        if revision is None:
            conn.execute(insert(conversations), conversation_values(row, 1))
            continue
        known = remembered.conversation(row.id, revision)
        if known is not None:
            # The head of what is remembered is old and means nothing: with it set, any difference is a cold one.
            known.head = row.head
            known.last_time_ms = row.last_time_ms
            if known == row:
                heads.append((bytes.fromhex(row.id), row.head, row.last_time_ms))
                continue
        values = conversation_values(row, revision + 1)
        conn.execute(update(conversations).where(conversations.c.id == row.id), values)
    return heads


def _write_members(
    conn: Connection, dialect: Dialect, remembered: Remembered, rows: Sequence[MemberRow]
) -> dict[str, int]:
    versions = dialect.advance_versions(conn, (row.user_id for row in rows))
    for row in rows:
        row.version = versions[row.user_id]
        remembered.forget_member(row.conversation_id, row.user_id)
    dialect.upsert(conn, members, [member_values(row) for row in rows], growing=("read_seq", "delivered_seq"))
    return versions


def _write_messages(conn: Connection, dialect: Dialect, rows: Sequence[MessageRow], now_ms: int) -> None:
    dialect.upsert(conn, message_states, [message_values(row) for row in rows])
    recalled = [row for row in rows if row.recalled]
    if not recalled:
        return
    worded = {(row.conversation_id, row.seq): _words(conn, row.conversation_id, row.seq) for row in recalled}
    # Asked under the locks of the conversations, and only where there is something to lose.
    windows = open_windows(conn, [key[0] for key, words in worded.items() if words])
    for (conversation_id, seq), words in worded.items():
        if conversation_id in windows:
            erased = [Erased(each.seq, each.time_ms, each.body) for each, _ in words]
            keep(conn, dialect, conversation_id, seq, erased, windows[conversation_id])
        _blank(conn, conversation_id, words)
        unshow(conn, conversation_id, seq, now_ms)


def _words(conn: Connection, conversation_id: str, seq: int) -> list[tuple[Any, Post | Edit]]:
    """Return what still says something of a message and its edits: their entries, and what those say."""
    of_message = (entries.c.conversation_id == conversation_id) & (entries.c.seq == seq)
    of_edits = (
        (entries.c.conversation_id == conversation_id)
        & (entries.c.parent_seq == seq)
        & (entries.c.kind == EntryKind.EDIT)
    )
    found: list[tuple[Any, Post | Edit]] = []
    for condition in (of_message, of_edits):
        for row in conn.execute(select(entries.c.seq, entries.c.time_ms, entries.c.body).where(condition)).all():
            action = decode_action(row.body)
            if isinstance(action, Post | Edit) and not action.withdrawn:
                found.append((row, action))
    return found


def _blank(conn: Connection, conversation_id: str, words: Sequence[tuple[Any, Post | Edit]]) -> None:
    """Take these words out of the log."""
    for row, action in words:
        conn.execute(
            update(entries).where(entries.c.conversation_id == conversation_id, entries.c.seq == row.seq),
            {"recalled": True, "body": encode(withdraw(action))},
        )


def _write_reactions(
    conn: Connection, dialect: Dialect, set_: Sequence[ReactionRow], unset: Sequence[tuple[str, int, str, str]]
) -> None:
    for conversation_id, target_seq, user_id, emoji in unset:
        conn.execute(
            delete(reactions).where(
                reactions.c.conversation_id == conversation_id,
                reactions.c.target_seq == target_seq,
                reactions.c.user_id == user_id,
                reactions.c.emoji == emoji,
            )
        )
    dialect.insert_new(conn, reactions, [msgspec.structs.asdict(row) for row in set_])


def _replace_mentions(
    conn: Connection, conversation_id: str, seq: int, mention_all: bool, user_ids: Sequence[str]
) -> None:
    of_message = (mentions.c.conversation_id == conversation_id) & (mentions.c.seq == seq)
    conn.execute(delete(mentions).where(of_message))
    told = {*user_ids, EVERYBODY} if mention_all else set(user_ids)
    if not told:
        return
    sender = conn.execute(
        select(entries.c.sender_id).where(entries.c.conversation_id == conversation_id, entries.c.seq == seq)
    ).scalar_one_or_none()
    if sender is None:
        return
    rows = [
        {"user_id": user_id, "conversation_id": conversation_id, "seq": seq, "sender_id": sender}
        for user_id in sorted(told)
    ]
    conn.execute(insert(mentions), rows)


def _insert_user_keys(conn: Connection, keys: Sequence[tuple[str, str, StoredUserKey]]) -> None:
    rows = [
        {"user_id": user_id, "client_id": client_id, "digest": key.digest, "conversation_id": key.conversation_id}
        for user_id, client_id, key in keys
    ]
    conn.execute(insert(user_keys), rows)
