"""Rows to model values and back.

The body of an entry is its action as JSON.  NUL becomes an escape there, so no database sees one; a lone surrogate
raises UnicodeEncodeError, which reaches the caller as DataRefused.  Nothing here reads or decides.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hubbub.chat.model import (
    Action,
    Body,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    Created,
    Dissolved,
    Edit,
    Entry,
    MemberChange,
    MemberRow,
    MemberState,
    MessageRow,
    MessageState,
    Pin,
    Post,
    React,
    Recall,
    Role,
)
from hubbub.chat.ports import NewEntry
from hubbub.chat.rights import OwnRole
from hubbub.storage.tables.chat import CHANNEL_KEY_LENGTH, EntryKind

KINDS: dict[type, int] = {
    Post: EntryKind.POST.value,
    Edit: EntryKind.EDIT.value,
    Recall: EntryKind.RECALL.value,
    React: EntryKind.REACT.value,
    Pin: EntryKind.PIN.value,
    MemberChange: EntryKind.MEMBER.value,
    ConversationChange: EntryKind.CHANGE.value,
    Created: EntryKind.CREATED.value,
    Dissolved: EntryKind.DISSOLVED.value,
}

SHOWN_KINDS = (
    EntryKind.POST.value,
    EntryKind.MEMBER.value,
    EntryKind.CHANGE.value,
    EntryKind.CREATED.value,
    EntryKind.DISSOLVED.value,
)
"""Kinds with a line of their own on a history page; the others are folded into the message they point at."""

ENTRY_COLUMNS = (
    "conversation_id",
    "seq",
    "kind",
    "counts",
    "recalled",
    "sender_id",
    "parent_seq",
    "time_ms",
    "client_id",
    "digest",
    "body",
)

encode = msgspec.json.Encoder().encode
decode_action = msgspec.json.Decoder[Action](Action).decode
decode_post = msgspec.json.Decoder(Post).decode
decode_intervals = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode
_decode_roles = msgspec.json.Decoder(tuple[OwnRole, ...]).decode
_unhex = bytes.fromhex


def kind_of(action: Action) -> int:
    """Return the sort of entry that says this."""
    if type(action) is ConversationChange and action.kept_from is not None:
        return EntryKind.EXPIRED.value
    return KINDS[type(action)]


def entry_values(new: NewEntry) -> tuple[Any, ...]:
    """Return the values of `ENTRY_COLUMNS`, ready for the driver.

    Raises ValueError for an id that is none and UnicodeEncodeError for text that is no Unicode.
    """
    entry = new.entry
    action = entry.action
    parent: int | None = None
    if type(action) is Post:
        parent = action.thread_seq or None
    elif type(action) is Edit:
        parent = action.target_seq
    return (
        _unhex(entry.conversation_id),
        entry.seq,
        kind_of(action),
        int(new.counts),
        0,
        _unhex(entry.sender_id),
        parent,
        entry.time_ms,
        _unhex(entry.client_id),
        new.digest,
        encode(action),
    )


def entry_of(conversation_id: str, row: Any) -> Entry:
    """Return the entry of a row with seq, time_ms, sender_id, client_id and body."""
    return Entry(conversation_id, row.seq, row.time_ms, row.sender_id, row.client_id, decode_action(row.body))


def withdraw(action: Post | Edit) -> Post | Edit:
    """Return what stays of a message or an edit once the message is recalled: all but the words.

    Who was mentioned stays, so that counts folded from the log come out as they do for those who saw it live.
    """
    return msgspec.structs.replace(action, body=Body(), withdrawn=True)


def message_of(conversation_id: str, row: Any) -> MessageRow:
    """Return a message of an entry row left-joined with its state as `state_*` columns."""
    if row.state_edits is None:
        post = decode_post(row.body)
        return MessageRow(conversation_id, row.seq, row.time_ms, row.sender_id, row.client_id, post)
    return MessageRow(
        conversation_id,
        row.seq,
        row.time_ms,
        row.sender_id,
        row.client_id,
        decode_post(row.body if row.state_body is None else row.state_body),
        recalled=row.state_recalled,
        edits=row.state_edits,
        edited_ms=row.state_edited_ms,
        pinned=row.state_pinned,
        thread_replies=row.state_thread_replies,
        thread_last_seq=row.state_thread_last_seq,
    )


def shown_of(conversation_id: str, row: Any) -> MessageState | Entry:
    """Return a line of a page, of a row as `message_of` takes it and its kind."""
    if row.kind == EntryKind.POST:
        return MessageState(message_of(conversation_id, row))
    return entry_of(conversation_id, row)


def message_values(row: MessageRow) -> dict[str, Any]:
    """Return the columns of a message's state."""
    return {
        "conversation_id": row.conversation_id,
        "seq": row.seq,
        "recalled": row.recalled,
        "pinned": row.pinned,
        "edits": row.edits,
        "edited_ms": row.edited_ms,
        "thread_replies": row.thread_replies,
        "thread_last_seq": row.thread_last_seq,
        "body": encode(row.post) if row.recalled or row.edits else None,
    }


def conversation_of(row: Any) -> ConversationRow:
    return ConversationRow(
        id=row.id,
        kind=ConversationKind(row.kind),
        title=row.title,
        topic=row.topic,
        announcement=row.announcement,
        dissolved=row.dissolved,
        history_for_newcomers=row.history_for_newcomers,
        mute_all=row.mute_all,
        slow_mode_s=row.slow_mode_s,
        head=row.head,
        last_time_ms=row.last_time_ms,
        member_count=row.member_count,
        members_version=row.members_version,
        created_by=row.created_by or "",
        created_ms=row.created_ms,
        peers=None if row.peer_low is None else (row.peer_low, row.peer_high),
        roles=_decode_roles(row.roles) if row.roles else (),
        keep_days=row.keep_days,
        kept_from=row.kept_from,
    )


def conversation_values(row: ConversationRow, revision: int) -> dict[str, Any]:
    listed = row.kind is ConversationKind.CHANNEL and not row.dissolved
    return {
        "id": row.id,
        "head": row.head,
        "last_time_ms": row.last_time_ms,
        "revision": revision,
        "members_version": row.members_version,
        "member_count": row.member_count,
        "kind": int(row.kind),
        "dissolved": row.dissolved,
        "history_for_newcomers": row.history_for_newcomers,
        "mute_all": row.mute_all,
        "slow_mode_s": row.slow_mode_s,
        "created_by": row.created_by or None,
        "created_ms": row.created_ms,
        "peer_low": row.peers[0] if row.peers else None,
        "peer_high": row.peers[1] if row.peers else None,
        "channel_key": fold_title(row.title) if listed else None,
        "title": row.title,
        "topic": row.topic,
        "announcement": row.announcement,
        "roles": encode(row.roles).decode() if row.roles else None,
        "keep_days": row.keep_days,
        "kept_from": row.kept_from,
    }


def fold_title(title: str) -> str:
    """Return the form in which titles of channels are sorted and searched."""
    return title.casefold()[:CHANNEL_KEY_LENGTH]


def member_of(row: Any) -> MemberRow:
    return MemberRow(
        conversation_id=row.conversation_id,
        user_id=row.user_id,
        role=Role(row.role),
        state=MemberState(row.state),
        intervals=decode_intervals(row.intervals),
        read_seq=row.read_seq,
        delivered_seq=row.delivered_seq,
        muted_until_ms=row.muted_until_ms,
        last_sent_ms=row.last_sent_ms,
        version=row.version,
        own_role=row.own_role,
    )


def member_values(row: MemberRow) -> dict[str, Any]:
    return {
        "conversation_id": row.conversation_id,
        "user_id": row.user_id,
        "role": int(row.role),
        "state": int(row.state),
        "read_seq": row.read_seq,
        "delivered_seq": row.delivered_seq,
        "muted_until_ms": row.muted_until_ms,
        "last_sent_ms": row.last_sent_ms,
        "version": row.version,
        "intervals": encode(row.intervals),
        "own_role": row.own_role,
    }
