"""From the frames of a client to the values of chat.

Only form is translated here; which ids, texts and numbers are acceptable is chat's to say, so that REST and every other
way in are judged alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.model import (
    MAX_SEQ,
    Action,
    Body,
    ConversationChange,
    ConversationKind,
    Dissolved,
    Draft,
    Edit,
    FileRef,
    Forwarded,
    Have,
    MemberAction,
    MemberChange,
    Notify,
    OwnChange,
    Pin,
    Post,
    React,
    Recall,
    Role,
    Submit,
)
from hubbub.chat.rights import OwnRole
from hubbub.wire import hubbub_pb2 as pb


def submit(frame: pb.Submit) -> Submit:
    """Return the command in a submit frame.  Raises ChatError with BAD_REQUEST."""
    kind = frame.WhichOneof("action")
    if kind == "message":
        action: Action = _message(frame.message)
    elif kind is None:
        raise ChatError(Code.BAD_REQUEST, "The submit has no action this server knows.")
    else:
        action = _ACTIONS[kind](getattr(frame, kind))
    return Submit(
        an_id(frame.conversation_id, "conversation_id"),
        an_id(frame.client_id, "client_id"),
        action,
        frame.after,
    )


def an_id(value: str, what: str) -> str:
    """Return the id in its one form.  Raises ChatError with BAD_REQUEST."""
    try:
        return parse_id(value)
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, f"{what} is not an id.") from None


def a_seq(value: int, what: str) -> int:
    """Return a sequence number or version that can exist.  Raises ChatError with BAD_REQUEST."""
    if value >= MAX_SEQ:
        raise ChatError(Code.BAD_REQUEST, f"{what} is too large.")
    return value


def kind(value: int) -> ConversationKind:
    """Return the kind of conversation.  Raises ChatError with BAD_REQUEST."""
    try:
        return ConversationKind(value)
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, "kind is not one this server knows.") from None


def have(heads: Any) -> list[Have]:
    """Return what a client says it holds."""
    return [Have(an_id(head.conversation_id, "conversation_id"), a_seq(head.seq, "seq")) for head in heads]


def _body(frame: pb.Body) -> Body:
    if frame.files:
        files = tuple([FileRef(file.id) for file in frame.files])
        if frame.WhichOneof("content") == "custom":
            return Body("", frame.custom.type, frame.custom.json, frame.fallback, files)
        return Body(frame.text.text, "", "", frame.fallback, files)
    if frame.WhichOneof("content") == "custom":
        return Body("", frame.custom.type, frame.custom.json, frame.fallback)
    fallback = frame.fallback
    return Body(frame.text.text, "", "", fallback) if fallback else Body(frame.text.text)


def _message(frame: pb.Message) -> Post:
    mentions = frame.mentions
    return Post(
        _body(frame.body),
        frame.reply_to_seq,
        frame.thread_seq,
        frame.also_in_conversation,
        tuple(mentions) if mentions else (),
        frame.mention_all,
        forwarded=Forwarded(frame.forwarded.conversation_id, frame.forwarded.seq)
        if frame.HasField("forwarded")
        else None,
    )


def _edit(frame: pb.Edit) -> Edit:
    return Edit(frame.target_seq, _body(frame.body), tuple(frame.mentions), frame.mention_all)


def _recall(frame: pb.Recall) -> Recall:
    return Recall(frame.target_seq)


def _reaction(frame: pb.Reaction) -> React:
    return React(frame.target_seq, frame.emoji, frame.set)


def _pin(frame: pb.Pin) -> Pin:
    return Pin(frame.target_seq, frame.set)


def _member_change(frame: pb.MemberChange) -> MemberChange:
    try:
        action, role = MemberAction(frame.action), Role(frame.role)
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, "action or role is not one this server knows.") from None
    return MemberChange(action, tuple(frame.user_ids), role, frame.muted_until_ms, frame.own_role)


def _conversation_change(frame: pb.ConversationChange) -> ConversationChange:
    return ConversationChange(
        title=frame.title if frame.HasField("title") else None,
        topic=frame.topic if frame.HasField("topic") else None,
        announcement=frame.announcement if frame.HasField("announcement") else None,
        history_for_newcomers=frame.history_for_newcomers if frame.HasField("history_for_newcomers") else None,
        mute_all=frame.mute_all if frame.HasField("mute_all") else None,
        slow_mode_s=frame.slow_mode_s if frame.HasField("slow_mode_s") else None,
        roles=tuple([OwnRole(role.id, role.name, tuple(role.rights)) for role in frame.roles.roles])
        if frame.HasField("roles")
        else None,
    )


def _dissolve(frame: pb.Dissolved) -> Dissolved:
    return Dissolved()


_ACTIONS: dict[str, Callable[[Any], Action]] = {
    "edit": _edit,
    "recall": _recall,
    "reaction": _reaction,
    "pin": _pin,
    "member_change": _member_change,
    "conversation_change": _conversation_change,
    "dissolve": _dissolve,
}


def own_change(frame: pb.SetOwn) -> OwnChange:
    """Return the change in a frame; what is not there does not change."""

    def given(name: str) -> Any:
        return getattr(frame, name) if frame.HasField(name) else None

    notify = given("notify")
    if notify is not None and notify not in set(Notify):
        raise ChatError(Code.BAD_REQUEST, "notify is none of the rules.")
    draft = Draft(frame.draft.text, frame.draft.reply_to_seq) if frame.HasField("draft") else None
    begun = frame.thread_draft
    return OwnChange(
        given("pinned"),
        given("archived"),
        given("marked_unread"),
        given("muted_until_ms"),
        given("folder"),
        None if notify is None else Notify(notify),
        draft,
        Draft(begun.text, begun.reply_to_seq, thread_seq=begun.thread_seq) if frame.HasField("thread_draft") else None,
    )
