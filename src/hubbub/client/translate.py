"""Frames to models and back; the only place of the SDK that knows the fields of the wire.

Functions named `..._of` make models from frames, those named `write_...` fill frames.  Unknown enum numbers become the
model's zero, unknown entry kinds `Unknown`: a newer server never breaks an older client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, TypeVar

from hubbub.client.models import (
    Action,
    Body,
    Contact,
    ContactState,
    Conversation,
    ConversationChange,
    Created,
    Dissolved,
    Draft,
    Edit,
    Entry,
    EntryPage,
    File,
    Forwarded,
    Found,
    HistoryPage,
    Kind,
    Member,
    MemberAction,
    MemberChange,
    MemberState,
    Message,
    Notify,
    Own,
    OwnRole,
    Piece,
    Pin,
    Post,
    Presence,
    PresenceState,
    Reaction,
    ReactionCount,
    Recall,
    Reminder,
    Role,
    Scheduled,
    SearchHit,
    Unknown,
    User,
)
from hubbub.wire import hubbub_pb2 as pb

E = TypeVar("E", bound=IntEnum)


def _enum(kind: type[E], number: int) -> E:
    try:
        return kind(number)
    except ValueError:
        return kind(0)


# ---------------------------------------------------------------- entries


def body_of(body: pb.Body) -> Body:
    """Return a message's content."""
    content = body.WhichOneof("content")
    files = tuple([_file_of(file) for file in body.files])
    if content == "text":
        return Body(body.text.text, fallback=body.fallback, files=files)
    if content == "custom":
        return Body("", body.custom.type, body.custom.json, body.fallback, files)
    return Body(fallback=body.fallback, files=files)


def _file_of(file: pb.File) -> File:
    return File(file.id, file.name, file.type, file.size_bytes, file.width, file.height, file.preview)


def post_of(message: pb.Message) -> Post:
    """Return what a message says."""
    return Post(
        body_of(message.body),
        message.reply_to_seq,
        message.thread_seq,
        message.also_in_conversation,
        tuple(message.mentions),
        message.mention_all,
        message.withdrawn,
        _forwarded_of(message.forwarded) if message.HasField("forwarded") else None,
    )


def _forwarded_of(value: pb.Forwarded) -> Forwarded:
    return Forwarded(value.conversation_id, value.seq, value.sender_id, value.time_ms)


def _edit_of(edit: pb.Edit) -> Edit:
    return Edit(
        edit.target_seq,
        body_of(edit.body),
        tuple(edit.mentions),
        edit.mention_all,
        edit.withdrawn,
        tuple(edit.previous_mentions),
        edit.previous_mention_all,
        edit.target_sender_id,
        edit.target_counts,
    )


def _recall_of(recall: pb.Recall) -> Recall:
    return Recall(
        recall.target_seq,
        recall.target_sender_id,
        recall.target_counts,
        tuple(recall.target_mentions),
        recall.target_mention_all,
    )


def _member_change_of(change: pb.MemberChange) -> MemberChange:
    return MemberChange(
        _enum(MemberAction, change.action),
        tuple(change.user_ids),
        _enum(Role, change.role),
        change.muted_until_ms,
        change.own_role,
    )


_CHANGE_FIELDS = (
    "title",
    "topic",
    "announcement",
    "history_for_newcomers",
    "mute_all",
    "slow_mode_s",
    "keep_days",
    "kept_from",
)


def _conversation_change_of(change: pb.ConversationChange) -> ConversationChange:
    given = {name: getattr(change, name) for name in _CHANGE_FIELDS if change.HasField(name)}
    return ConversationChange(**given, roles=_roles_of(change.roles.roles) if change.HasField("roles") else None)


def _roles_of(roles: Iterable[pb.ConversationRole]) -> tuple[OwnRole, ...]:
    return tuple([OwnRole(role.id, role.name, tuple(role.rights)) for role in roles])


_ACTIONS: dict[str, Callable[[Any], Action]] = {
    "message": post_of,
    "edit": _edit_of,
    "recall": _recall_of,
    "reaction": lambda r: Reaction(r.target_seq, r.emoji, r.set),
    "pin": lambda p: Pin(p.target_seq, p.set),
    "member_change": _member_change_of,
    "conversation_change": _conversation_change_of,
    "created": lambda c: Created(_enum(Kind, c.kind), c.title, tuple(c.user_ids)),
    "dissolved": lambda _: Dissolved(),
    "dissolve": lambda _: Dissolved(),
}


def entry_of(entry: pb.Entry) -> Entry:
    """Return one entry."""
    kind = entry.WhichOneof("kind")
    action = _ACTIONS[kind](getattr(entry, kind)) if kind else Unknown()
    return Entry(entry.conversation_id, entry.seq, entry.time_ms, entry.sender_id, entry.client_id, action)


def entry_page_of(page: pb.EntryPage) -> EntryPage:
    """Return a page of entries as they were appended."""
    entries = tuple(map(entry_of, page.entries))
    return EntryPage(page.conversation_id, page.from_seq, page.to_seq, page.as_of, entries, page.reset)


# ---------------------------------------------------------------- history


def message_of(conversation_id: str, state: pb.MessageState) -> Message:
    """Return a message in its current state."""
    return Message(
        conversation_id,
        state.seq,
        state.time_ms,
        state.sender_id,
        state.client_id,
        post_of(state.message),
        state.recalled,
        state.edits,
        state.edited_ms,
        state.pinned,
        tuple(ReactionCount(r.emoji, r.count, tuple(r.user_ids), r.mine) for r in state.reactions),
        state.thread_replies,
        state.thread_last_seq,
    )


def history_of(page: pb.HistoryPage) -> HistoryPage:
    """Return a page of messages and lines about the conversation."""
    items = tuple(
        message_of(page.conversation_id, item.message) if item.HasField("message") else entry_of(item.entry)
        for item in page.items
    )
    return HistoryPage(
        page.conversation_id, page.from_seq, page.to_seq, page.as_of, items, page.more_before, page.more_after
    )


# ---------------------------------------------------------------- conversations and people


def conversation_of(state: pb.ConversationState) -> Conversation:
    """Return a conversation as this person sees it."""
    last = message_of(state.conversation_id, state.last_message) if state.HasField("last_message") else None
    return Conversation(
        id=state.conversation_id,
        kind=_enum(Kind, state.kind),
        title=state.title,
        topic=state.topic,
        announcement=state.announcement,
        dissolved=state.dissolved,
        history_for_newcomers=state.history_for_newcomers,
        mute_all=state.mute_all,
        slow_mode_s=state.slow_mode_s,
        member_count=state.member_count,
        peer_id=state.peer_id,
        as_of=state.as_of,
        last_time_ms=state.last_time_ms,
        last_message=last,
        state=_enum(MemberState, state.state),
        role=_enum(Role, state.role),
        intervals=tuple((i.from_seq, i.to_seq) for i in state.intervals),
        read_seq=state.read_seq,
        delivered_seq=state.delivered_seq,
        unread=state.unread,
        mentions=state.mentions,
        muted_until_ms=state.muted_until_ms,
        version=state.version,
        own=_own_of(state.own) if state.HasField("own") else Own(),
        roles=_roles_of(state.roles),
        own_role=state.own_role,
        keep_days=state.keep_days,
        kept_from=state.kept_from,
        join_requests=state.join_requests,
    )


def _own_of(own: pb.Own) -> Own:
    return Own(
        own.pinned,
        own.archived,
        own.marked_unread,
        own.muted_until_ms,
        own.folder,
        _enum(Notify, own.notify),
        _draft_of(own.draft) if own.HasField("draft") else None,
        tuple(map(_draft_of, own.thread_drafts)),
    )


def _draft_of(draft: pb.Draft) -> Draft:
    return Draft(draft.text, draft.reply_to_seq, draft.time_ms, draft.thread_seq)


def found_of(page: pb.SearchPage) -> Found:
    """Return what a query found."""
    hits = [
        SearchHit(
            hit.conversation_id,
            hit.seq,
            hit.time_ms,
            hit.sender_id,
            hit.thread_seq,
            hit.has_file,
            tuple([Piece(piece.text, piece.hit) for piece in hit.snippet]),
        )
        for hit in page.messages
    ]
    return Found(
        tuple(hits),
        tuple(map(user_of, page.people)),
        tuple(map(conversation_of, page.conversations)),
        page.next_cursor,
    )


def member_of(member: pb.Member) -> Member:
    """Return one member of a conversation."""
    return Member(
        member.user_id,
        _enum(Role, member.role),
        _enum(MemberState, member.state),
        member.read_seq,
        member.delivered_seq,
        member.muted_until_ms,
        member.own_role,
    )


def user_of(user: pb.User) -> User:
    """Return one person."""
    return User(user.user_id, user.username, user.display_name, user.signature, user.bot, user.avatar)


def presence_of(presence: pb.Presence) -> Presence:
    """Return whether somebody is there."""
    return Presence(presence.user_id, _enum(PresenceState, presence.state), presence.last_seen_ms)


def scheduled_of(row: pb.Scheduled) -> Scheduled:
    """Return a message that waits for its time."""
    kind = row.submit.WhichOneof("action")
    action = _ACTIONS[kind](getattr(row.submit, kind)) if kind else Unknown()
    return Scheduled(row.submit.conversation_id, row.submit.client_id, action, row.due_ms, row.error.code)


_CONTACT_STATES = [ContactState.NONE, ContactState.ASKED, ContactState.ASKING, ContactState.ACCEPTED]


def contact_of(row: pb.Contact) -> Contact:
    """Return what this person keeps of another."""
    state = _CONTACT_STATES[row.state] if row.state < len(_CONTACT_STATES) else ContactState.UNKNOWN
    return Contact(row.user_id, state, row.blocked, row.name, row.group, row.note, row.time_ms, row.version)


def reminder_of(row: pb.Reminder) -> Reminder:
    """Return a message to come back to."""
    return Reminder(row.conversation_id, row.seq, row.due_ms, row.note, row.due, row.version)


# ---------------------------------------------------------------- commands


def write_body(into: pb.Body, body: Body) -> None:
    """Fill a frame's body."""
    if body.custom_type:
        into.custom.type = body.custom_type
        into.custom.json = body.custom_json
    elif body.text or not body.files:
        into.text.text = body.text
    into.files.extend([pb.File(id=file.id) for file in body.files])
    if body.fallback:
        into.fallback = body.fallback


def write_action(submit: pb.Submit, action: Action) -> None:
    """Fill the action of a submit."""
    match action:
        case Post():
            message = submit.message
            if action.forwarded is not None:
                # What is passed on says nothing of its own (protocol.md 6.18).
                message.forwarded.conversation_id = action.forwarded.conversation_id
                message.forwarded.seq = action.forwarded.seq
                return
            write_body(message.body, action.body)
            message.reply_to_seq = action.reply_to
            message.thread_seq = action.thread
            message.also_in_conversation = action.also_in_conversation
            message.mentions.extend(action.mentions)
            message.mention_all = action.mention_all
        case Edit():
            submit.edit.target_seq = action.target
            write_body(submit.edit.body, action.body)
            submit.edit.mentions.extend(action.mentions)
            submit.edit.mention_all = action.mention_all
        case Recall():
            submit.recall.target_seq = action.target
        case Reaction():
            submit.reaction.target_seq = action.target
            submit.reaction.emoji = action.emoji
            submit.reaction.set = action.set
        case Pin():
            submit.pin.target_seq = action.target
            submit.pin.set = action.set
        case MemberChange():
            change = submit.member_change
            change.action = action.action.value  # type: ignore[assignment]
            change.user_ids.extend(action.user_ids)
            change.role = action.role.value  # type: ignore[assignment]
            change.muted_until_ms = action.muted_until_ms
            change.own_role = action.own_role
        case ConversationChange():
            submit.conversation_change.SetInParent()
            for name in _CHANGE_FIELDS:
                value = getattr(action, name)
                if value is not None:
                    setattr(submit.conversation_change, name, value)
            if action.roles is not None:
                kept = [pb.ConversationRole(id=role.id, name=role.name, rights=role.rights) for role in action.roles]
                submit.conversation_change.roles.CopyFrom(pb.ConversationRoles(roles=kept))
        case Dissolved():
            submit.dissolve.SetInParent()
        case Created() | Unknown():
            raise ValueError("a client cannot submit that")


def write_submit(conversation_id: str, client_id: str, action: Action, after: str = "") -> pb.Submit:
    """Return the frame body for one command.

    Raises ValueError for text that is not Unicode (a lone surrogate).
    """
    submit = pb.Submit(conversation_id=conversation_id, client_id=client_id, after=after)
    try:
        write_action(submit, action)
    except UnicodeEncodeError as exc:
        raise ValueError("the text holds half of a surrogate pair") from exc
    return submit
