"""From the values of chat to the frames of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hubbub.auth.arrivals import NewDevice
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY
from hubbub.chat.contacts import Contact
from hubbub.chat.model import (
    MAX_SEQ,
    Body,
    ConversationChange,
    ConversationState,
    Created,
    Dissolved,
    Draft,
    Edit,
    Entry,
    EntryPage,
    FileRef,
    Forwarded,
    HistoryPage,
    Mark,
    MemberChange,
    MemberRow,
    MessageState,
    Own,
    Pin,
    Post,
    React,
    Recall,
    Revision,
    ScheduledRow,
    Submit,
    UserRow,
    UserState,
)
from hubbub.chat.reminders import Reminder
from hubbub.chat.rights import OwnRole
from hubbub.chat.search.found import Found
from hubbub.cluster.sessions import Presence
from hubbub.wire import hubbub_pb2 as pb

_NOTHING_OWN = Own()

# The numbers of chat's enums are those of the wire; protobuf's stubs want their own types, hence the ignores below.


def error(problem: ChatError) -> pb.Error:
    """Return what a peer may know of an error."""
    return pb.Error(
        code=problem.code.value,
        message=str(problem),
        retry=problem.retry,
        retry_after_ms=int(problem.retry_after_s * 1000),
    )


# ---------------------------------------------------------------- the log


def body(value: Body) -> pb.Body:
    """Return what a message says; nearly every one is plain text."""
    said = _said(value)
    if value.files:
        said.files.extend([_file(file) for file in value.files])
    return said


def _file(file: FileRef) -> pb.File:
    return pb.File(
        id=file.id,
        name=file.name,
        type=file.type,
        size_bytes=file.size_bytes,
        width=file.width,
        height=file.height,
        preview=file.preview,
    )


def _said(value: Body) -> pb.Body:
    if value.custom_type:
        return pb.Body(custom=pb.Custom(type=value.custom_type, json=value.custom_json), fallback=value.fallback)
    if value.text:
        text = pb.Text(text=value.text)
        return pb.Body(text=text, fallback=value.fallback) if value.fallback else pb.Body(text=text)
    return pb.Body(fallback=value.fallback)


def message(post: Post) -> pb.Message:
    """Return a message; a withdrawn one has no body."""
    if post.withdrawn:
        return pb.Message(
            reply_to_seq=post.reply_to_seq,
            thread_seq=post.thread_seq,
            also_in_conversation=post.also_in_conversation,
            mentions=post.mentions,
            mention_all=post.mention_all,
            withdrawn=True,
        )
    if post == Post(post.body):
        return pb.Message(body=body(post.body))
    return pb.Message(
        body=body(post.body),
        reply_to_seq=post.reply_to_seq,
        thread_seq=post.thread_seq,
        also_in_conversation=post.also_in_conversation,
        mentions=post.mentions,
        mention_all=post.mention_all,
        forwarded=None if post.forwarded is None else _forwarded(post.forwarded),
    )


def _forwarded(value: Forwarded) -> pb.Forwarded:
    return pb.Forwarded(
        conversation_id=value.conversation_id,
        seq=value.seq,
        sender_id=value.sender_id,
        time_ms=value.time_ms,
    )


def entry(value: Entry) -> pb.Entry:
    """Return an entry as it travels; nobody's id is empty there."""
    if type(value.action) is Post:
        # Nearly every entry is a message: no detour for it.
        return pb.Entry(
            conversation_id=value.conversation_id,
            seq=value.seq,
            time_ms=value.time_ms,
            sender_id=_person(value.sender_id),
            client_id=value.client_id,
            message=message(value.action),
        )
    name, make = _KINDS[type(value.action)]
    kind: dict[str, Any] = {name: make(value.action)}
    return pb.Entry(
        conversation_id=value.conversation_id,
        seq=value.seq,
        time_ms=value.time_ms,
        sender_id=_person(value.sender_id),
        client_id=value.client_id,
        **kind,
    )


def _person(user_id: str) -> str:
    return "" if user_id == NOBODY else user_id


def _edit(edit: Edit) -> pb.Edit:
    return pb.Edit(
        target_seq=edit.target_seq,
        body=None if edit.withdrawn else body(edit.body),
        mentions=edit.mentions,
        mention_all=edit.mention_all,
        withdrawn=edit.withdrawn,
        previous_mentions=edit.previous_mentions,
        previous_mention_all=edit.previous_mention_all,
        target_sender_id=_person(edit.target_sender_id),
        target_counts=edit.target_counts,
    )


def _recall(recall: Recall) -> pb.Recall:
    return pb.Recall(
        target_seq=recall.target_seq,
        target_sender_id=_person(recall.target_sender_id),
        target_counts=recall.target_counts,
        target_mentions=recall.target_mentions,
        target_mention_all=recall.target_mention_all,
    )


def _reaction(react: React) -> pb.Reaction:
    return pb.Reaction(target_seq=react.target_seq, emoji=react.emoji, set=react.set)


def _pin(pin: Pin) -> pb.Pin:
    return pb.Pin(target_seq=pin.target_seq, set=pin.set)


def _member_change(change: MemberChange) -> pb.MemberChange:
    return pb.MemberChange(
        action=int(change.action),  # type: ignore[arg-type]
        user_ids=change.user_ids,
        role=int(change.role),  # type: ignore[arg-type]
        muted_until_ms=change.muted_until_ms,
        own_role=change.own_role,
    )


def _conversation_change(change: ConversationChange) -> pb.ConversationChange:
    return pb.ConversationChange(
        title=change.title,
        topic=change.topic,
        announcement=change.announcement,
        history_for_newcomers=change.history_for_newcomers,
        mute_all=change.mute_all,
        slow_mode_s=change.slow_mode_s,
        roles=None if change.roles is None else pb.ConversationRoles(roles=_own_roles(change.roles)),
        keep_days=change.keep_days,
        kept_from=change.kept_from,
    )


def _own_roles(roles: Iterable[OwnRole]) -> list[pb.ConversationRole]:
    return [pb.ConversationRole(id=role.id, name=role.name, rights=role.rights) for role in roles]


def _created(created: Created) -> pb.Created:
    return pb.Created(kind=int(created.kind), title=created.title, user_ids=created.user_ids)  # type: ignore[arg-type]


def _dissolved(dissolved: Dissolved) -> pb.Dissolved:
    return pb.Dissolved()


_KINDS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    Post: ("message", message),
    Edit: ("edit", _edit),
    Recall: ("recall", _recall),
    React: ("reaction", _reaction),
    Pin: ("pin", _pin),
    MemberChange: ("member_change", _member_change),
    ConversationChange: ("conversation_change", _conversation_change),
    Created: ("created", _created),
    Dissolved: ("dissolved", _dissolved),
}


def entries(conversation_id: str, from_seq: int, to_seq: int, as_of: int, values: Iterable[Entry]) -> pb.EntryPage:
    """Return a page that covers the range."""
    return pb.EntryPage(
        conversation_id=conversation_id,
        from_seq=from_seq,
        to_seq=to_seq,
        as_of=as_of,
        entries=[entry(value) for value in values],
    )


def entry_page(page: EntryPage) -> pb.EntryPage:
    out = entries(page.conversation_id, page.from_seq, page.to_seq, page.as_of, page.entries)
    out.reset = page.reset
    return out


# ---------------------------------------------------------------- pages


def message_state(state: MessageState) -> pb.MessageState:
    row = state.message
    return pb.MessageState(
        seq=row.seq,
        time_ms=row.time_ms,
        sender_id=_person(row.sender_id),
        client_id=row.client_id,
        message=message(row.post),
        recalled=row.recalled,
        edits=row.edits,
        edited_ms=row.edited_ms,
        pinned=row.pinned,
        reactions=[
            pb.ReactionCount(emoji=count.emoji, count=count.count, user_ids=count.user_ids, mine=count.mine)
            for count in state.reactions
        ],
        thread_replies=row.thread_replies,
        thread_last_seq=row.thread_last_seq,
    )


def history_page(page: HistoryPage) -> pb.HistoryPage:
    return pb.HistoryPage(
        conversation_id=page.conversation_id,
        from_seq=page.from_seq,
        to_seq=page.to_seq,
        as_of=page.as_of,
        items=[
            pb.HistoryItem(entry=entry(item))
            if isinstance(item, Entry)
            else pb.HistoryItem(message=message_state(item))
            for item in page.items
        ],
        more_before=page.more_before,
        more_after=page.more_after,
    )


def edit_page(revisions: Iterable[Revision]) -> pb.EditPage:
    return pb.EditPage(
        revisions=[pb.Revision(seq=one.seq, time_ms=one.time_ms, body=body(one.body)) for one in revisions]
    )


def conversation(state: ConversationState) -> pb.ConversationState:
    """Return a conversation as its reader sees it."""
    row, member = state.conversation, state.member
    out = pb.ConversationState(
        conversation_id=row.id,
        kind=int(row.kind),  # type: ignore[arg-type]
        title=row.title,
        topic=row.topic,
        announcement=row.announcement,
        dissolved=row.dissolved,
        history_for_newcomers=row.history_for_newcomers,
        mute_all=row.mute_all,
        slow_mode_s=row.slow_mode_s,
        member_count=row.member_count,
        as_of=row.head,
        last_time_ms=row.last_time_ms,
        state=int(member.state),  # type: ignore[arg-type]
        role=int(member.role),  # type: ignore[arg-type]
        intervals=[pb.Interval(from_seq=low, to_seq=0 if high == MAX_SEQ else high) for low, high in member.intervals],
        read_seq=member.read_seq,
        delivered_seq=member.delivered_seq,
        unread=state.unread,
        mentions=state.mentions,
        muted_until_ms=member.muted_until_ms,
        version=member.version,
        roles=_own_roles(row.roles),
        keep_days=row.keep_days,
        kept_from=row.kept_from,
        own_role=member.own_role,
        join_requests=state.join_requests,
    )
    if row.peers is not None:
        one, other = row.peers
        out.peer_id = other if one == member.user_id else one
    if state.last_message is not None:
        out.last_message.CopyFrom(message_state(state.last_message))
    if state.own != _NOTHING_OWN:
        out.own.CopyFrom(own(state.own))
    return out


def own(kept: Own) -> pb.Own:
    """Return what a person keeps of a conversation."""
    out = pb.Own(
        pinned=kept.pinned,
        archived=kept.archived,
        marked_unread=kept.marked_unread,
        muted_until_ms=kept.muted_until_ms,
        folder=kept.folder,
        notify=int(kept.notify),  # type: ignore[arg-type]
    )
    if kept.draft is not None:
        out.draft.CopyFrom(_draft(kept.draft))
    out.thread_drafts.extend(map(_draft, kept.thread_drafts))
    return out


def _draft(draft: Draft) -> pb.Draft:
    return pb.Draft(
        text=draft.text, reply_to_seq=draft.reply_to_seq, time_ms=draft.time_ms, thread_seq=draft.thread_seq
    )


def search_page(found: Found) -> pb.SearchPage:
    return pb.SearchPage(
        messages=[
            pb.SearchHit(
                conversation_id=hit.conversation_id,
                seq=hit.seq,
                time_ms=hit.time_ms,
                sender_id=_person(hit.sender_id),
                thread_seq=hit.thread_seq,
                has_file=hit.has_file,
                snippet=[pb.Piece(text=piece.text, hit=piece.hit) for piece in hit.snippet],
            )
            for hit in found.hits
        ],
        people=user_page(found.people).users,
        conversations=[conversation(state) for state in found.conversations],
        next_cursor=found.next_cursor,
    )


def conversation_page(states: Iterable[ConversationState], cursor: str) -> pb.ConversationPage:
    return pb.ConversationPage(conversations=[conversation(state) for state in states], next_cursor=cursor)


def user_state(state: UserState) -> pb.UserState:
    return pb.UserState(
        since_version=state.since_version,
        version=state.version,
        conversations=[conversation(one) for one in state.conversations],
        more=state.more,
        contacts=[contact(one) for one in state.contacts],
        reminders=[reminder(one) for one in state.reminders],
    )


def contact(row: Contact) -> pb.Contact:
    return pb.Contact(
        user_id=row.user_id,
        state=int(row.state),  # type: ignore[arg-type]
        blocked=row.blocked,
        name=row.name,
        group=row.group,
        note=row.note,
        time_ms=row.time_ms,
        version=row.version,
    )


def reminder(row: Reminder) -> pb.Reminder:
    return pb.Reminder(
        conversation_id=row.conversation_id,
        seq=row.seq,
        due_ms=row.due_ms,
        note=row.note,
        due=row.due,
        version=row.version,
    )


def reminder_page(rows: Iterable[Reminder], cursor: str) -> pb.ReminderPage:
    return pb.ReminderPage(reminders=[reminder(row) for row in rows], next_cursor=cursor)


def member_page(head: int, members: Iterable[MemberRow], cursor: str) -> pb.MemberPage:
    return pb.MemberPage(
        as_of=head,
        members=[
            pb.Member(
                user_id=row.user_id,
                role=int(row.role),  # type: ignore[arg-type]
                state=int(row.state),  # type: ignore[arg-type]
                read_seq=row.read_seq,
                delivered_seq=row.delivered_seq,
                muted_until_ms=row.muted_until_ms,
                own_role=row.own_role,
            )
            for row in members
        ],
        next_cursor=cursor,
    )


def marks(conversation_id: str, values: Iterable[Mark]) -> pb.Marks:
    return pb.Marks(
        conversation_id=conversation_id,
        marks=[pb.Mark(user_id=one.user_id, read_seq=one.read_seq, delivered_seq=one.delivered_seq) for one in values],
    )


def user_page(rows: Iterable[UserRow], cursor: str = "") -> pb.UserPage:
    return pb.UserPage(
        users=[user(row) for row in rows],
        next_cursor=cursor,
    )


def user(row: UserRow) -> pb.User:
    """Return a person as everybody sees them."""
    return pb.User(
        user_id=row.id,
        username=row.username,
        display_name=row.display_name,
        signature=row.signature,
        bot=row.bot,
        avatar=row.avatar,
    )


def sign_in(new: NewDevice) -> pb.SignIn:
    return pb.SignIn(login_id=new.login_id, device_name=new.device_name, address=new.address, time_ms=new.time_ms)


def presence(value: Presence) -> pb.Presence:
    return pb.Presence(
        user_id=value.user_id,
        state=int(value.state),  # type: ignore[arg-type]
        last_seen_ms=value.last_seen_ms,
    )


# ---------------------------------------------------------------- what waits


def submit(command: Submit) -> pb.Submit:
    """Return a command as its sender would send it."""
    name, make = _KINDS[type(command.action)]
    kind: dict[str, Any] = {name: make(command.action)}
    return pb.Submit(conversation_id=command.conversation_id, client_id=command.client_id, after=command.after, **kind)


def scheduled_page(rows: Iterable[ScheduledRow], cursor: str) -> pb.ScheduledPage:
    return pb.ScheduledPage(
        scheduled=[
            pb.Scheduled(
                submit=submit(row.submit),
                due_ms=row.due_ms,
                error=error(ChatError(Code(row.error))) if row.error else None,
            )
            for row in rows
        ],
        next_cursor=cursor,
    )
