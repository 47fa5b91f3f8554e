"""Conversations: opening, finding, changing, leaving them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import Code
from hubbub.chat.model import ConversationChange, ConversationKind, Dissolved, Draft, Notify, OwnChange
from hubbub.chat.rights import OwnRole
from hubbub.rest.commands import store
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import (
    MAX_NUMBER,
    Cursor,
    IdempotencyKey,
    Limit,
    Query,
    Seq,
    client_id_of,
    conversation_of,
    ids_of,
    user_of,
)
from hubbub.rest.log_models import EntryPage, Stored
from hubbub.rest.models import Conversation, ConversationPage, Own
from hubbub.rest.refusals import BODY, COMMAND, READ, refuses
from hubbub.rest.tagged import tagged
from hubbub.rest.words import NotifyName

__all__ = ["GUARDED"]

Line = Annotated[str, msgspec.Meta(max_length=10_000)]
Ids = Annotated[list[str], msgspec.Meta(max_length=100)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]


class NewConversation(msgspec.Struct, kw_only=True):
    """A group among people, or a public channel."""

    kind: Literal["group", "channel"]
    title: Line
    topic: Line = ""
    user_ids: Ids = msgspec.field(default_factory=list)
    """Who is in it from the start, beside the caller."""
    history_for_newcomers: bool = True
    client_id: str = ""
    """A UUID that makes a retry find the first attempt."""


class DirectWith(msgspec.Struct, kw_only=True):
    user_id: str


class NewOwnRole(msgspec.Struct, kw_only=True):
    """A role of the conversation's own, as it is to be."""

    name: Line
    rights: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=50)]
    """Of `send`, `speak_always`, `recall`, `pin`, `settings`, `invite`, `remove`, `mute`."""
    id: Line = ""
    """Of the role it changes; empty: a new one."""


class Change(msgspec.Struct, kw_only=True):
    """Only what is present changes."""

    title: Line | None = None
    topic: Line | None = None
    announcement: Line | None = None
    history_for_newcomers: bool | None = None
    mute_all: bool | None = None
    slow_mode_s: Number | None = None
    roles: Annotated[list[NewOwnRole], msgspec.Meta(max_length=100)] | None = None
    """All roles of its own, from now on; whoever has one that is no more is a plain member.  Of the owner alone."""
    client_id: str = ""


class NewDraft(msgspec.Struct, kw_only=True):
    text: Annotated[str, msgspec.Meta(max_length=65_536)]
    """Empty takes the draft away."""
    reply_to_seq: Number = 0


class NewThreadDraft(msgspec.Struct, kw_only=True):
    thread_seq: Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
    text: Annotated[str, msgspec.Meta(max_length=65_536)]
    """Empty takes the draft away."""
    reply_to_seq: Number = 0


class OwnPart(msgspec.Struct, kw_only=True):
    """Only what is present changes."""

    pinned: bool | None = None
    archived: bool | None = None
    marked_unread: bool | None = None
    muted_until_ms: Number | None = None
    """No notifications until then; the largest number: for ever."""
    folder: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    notify: NotifyName | None = None
    draft: NewDraft | None = None
    thread_draft: NewThreadDraft | None = None
    """The draft of an answer in one thread; those of other threads stay."""


class Typing(msgspec.Struct, kw_only=True):
    typing: bool


class Marks(msgspec.Struct, kw_only=True):
    """Marks only grow; one at or below the stored one changes nothing."""

    read_seq: Number = 0
    delivered_seq: Number = 0


@get(
    "/conversations",
    summary="List one's conversations",
    tags=["conversations"],
    opt=refuses(Code.BAD_CURSOR, scope=scopes.READ, tagged=True),
)
async def list_conversations(
    request: Request[Any, Any, Any], caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0
) -> Response[ConversationPage]:
    """Return the conversations the caller is in, most recent first."""
    rows, following = await deps.chat.conversations(caller, cursor, limit)
    page = ConversationPage(conversations=[Conversation.of(row, caller.user_id) for row in rows], next_cursor=following)
    return tagged(request, page)


@post(
    "/conversations",
    summary="Make a group or a channel",
    tags=["conversations"],
    opt=refuses(
        *BODY,
        Code.CONFLICT,
        Code.FORBIDDEN,
        Code.USER_NOT_FOUND,
        Code.TOO_MANY_MEMBERS,
        Code.TEXT_TOO_LONG,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        permission=Permission.CONVERSATIONS_CREATE,
        example={"kind": "group", "title": "Verona", "user_ids": ["0190f0e1a2b37c4d8e9fa0b1c2d3e4f5"]},
    ),
)
async def create_conversation(
    data: JSONBody[NewConversation], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Conversation:
    """Make a conversation that the caller owns.

    With a client_id a retry returns the first one.
    """
    made = await deps.chat.create_conversation(
        caller,
        client_id_of(key, data.client_id),
        ConversationKind.GROUP if data.kind == "group" else ConversationKind.CHANNEL,
        title=data.title,
        topic=data.topic,
        user_ids=ids_of(data.user_ids),
        history_for_newcomers=data.history_for_newcomers,
    )
    return Conversation.of(made, caller.user_id)


@post(
    "/conversations/direct",
    status_code=200,
    summary="Open the private chat with a person",
    tags=["conversations"],
    opt=refuses(
        *BODY,
        Code.USER_NOT_FOUND,
        Code.FORBIDDEN,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        permission=Permission.PEOPLE_FIND,
        example={"user_id": "0190f0e1a2b37c4d8e9fa0b1c2d3e4f5"},
    ),
)
async def open_direct(data: JSONBody[DirectWith], caller: CallerDep, deps: DepsDep) -> Conversation:
    """Return the one private chat of the two, making it the first time."""
    return Conversation.of(await deps.chat.open_direct(caller, user_of(data.user_id)), caller.user_id)


@get(
    "/channels",
    summary="List public channels",
    tags=["conversations"],
    opt=refuses(Code.BAD_CURSOR, scope=scopes.READ, permission=Permission.CHANNELS_JOIN, tagged=True),
)
async def list_channels(
    request: Request[Any, Any, Any],
    caller: CallerDep,
    deps: DepsDep,
    text: Query = "",
    cursor: Cursor = "",
    limit: Limit = 0,
) -> Response[ConversationPage]:
    """Return public channels by title, joined or not."""
    rows, following = await deps.chat.channels(caller, text, cursor, limit)
    page = ConversationPage(conversations=[Conversation.of(row, caller.user_id) for row in rows], next_cursor=following)
    return tagged(request, page)


@get(
    "/conversations/{conversation_id:str}",
    summary="Read a conversation",
    tags=["conversations"],
    opt=refuses(*READ, scope=scopes.READ, tagged=True),
)
async def read_conversation(
    request: Request[Any, Any, Any], conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep
) -> Response[Conversation]:
    """Return a conversation as the caller sees it."""
    found = await deps.chat.conversation(caller, conversation_of(conversation_id))
    return tagged(request, Conversation.of(found, caller.user_id))


@patch(
    "/conversations/{conversation_id:str}",
    summary="Change a conversation",
    tags=["conversations"],
    opt=refuses(*BODY, *COMMAND, scope=scopes.WRITE, example={"title": "Fair Verona", "slow_mode_s": 10}),
)
async def change_conversation(
    conversation_id: FromPath[str], data: JSONBody[Change], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Change title, topic, announcement, settings or the roles of its own."""
    client_id = client_id_of(key, data.client_id)
    action = ConversationChange(
        title=data.title,
        topic=data.topic,
        announcement=data.announcement,
        history_for_newcomers=data.history_for_newcomers,
        mute_all=data.mute_all,
        slow_mode_s=data.slow_mode_s,
        roles=None if data.roles is None else tuple([_role(role, client_id) for role in data.roles]),
    )
    return await store(deps, caller, conversation_id, client_id, action)


def _role(role: NewOwnRole, client_id: str) -> OwnRole:
    """Return a role as it is kept; a new one has an id that a retry gives it again."""
    return OwnRole(role.id or client_id_of(f"role {client_id} {role.name}"), role.name, tuple(role.rights))


@delete(
    "/conversations/{conversation_id:str}",
    status_code=200,
    summary="Dissolve a conversation",
    tags=["conversations"],
    opt=refuses(*COMMAND, scope=scopes.WRITE),
)
async def dissolve_conversation(
    conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """End a conversation for everybody; it stays readable."""
    return await store(deps, caller, conversation_id, client_id_of(key), Dissolved())


@post(
    "/conversations/{conversation_id:str}/join",
    status_code=200,
    summary="Join a channel",
    tags=["members"],
    opt=refuses(*COMMAND, scope=scopes.WRITE, permission=Permission.CHANNELS_JOIN),
)
async def join_conversation(conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep) -> Conversation:
    """Join a public channel; joining twice is no error."""
    return Conversation.of(await deps.chat.join(caller, conversation_of(conversation_id)), caller.user_id)


@post(
    "/conversations/{conversation_id:str}/leave",
    status_code=204,
    summary="Leave a conversation",
    tags=["members"],
    opt=refuses(*COMMAND, scope=scopes.WRITE),
)
async def leave_conversation(
    conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> None:
    """Leave; what was said until then stays readable."""
    await deps.chat.leave(caller, conversation_of(conversation_id), client_id_of(key))


@get(
    "/conversations/{conversation_id:str}/entries",
    summary="Read the log",
    tags=["messages"],
    opt=refuses(*READ, scope=scopes.READ),
)
async def list_entries(
    conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep, after: Seq = 0, limit: Limit = 0
) -> EntryPage:
    """Return entries above `after`, oldest first.

    The next page is after its `to_seq`, until that is `as_of`.
    """
    return EntryPage.of(await deps.chat.entries(caller, conversation_of(conversation_id), after, limit))


@put(
    "/conversations/{conversation_id:str}/marks",
    status_code=204,
    summary="Say what was read and delivered",
    tags=["messages"],
    opt=refuses(*BODY, *READ, scope=scopes.WRITE, example={"read_seq": 42}),
)
async def set_marks(conversation_id: FromPath[str], data: JSONBody[Marks], caller: CallerDep, deps: DepsDep) -> None:
    """Raise the caller's marks."""
    await deps.chat.set_mark(caller, conversation_of(conversation_id), data.read_seq, data.delivered_seq)


@patch(
    "/conversations/{conversation_id:str}/own",
    summary="Arrange a conversation for oneself",
    tags=["conversations"],
    opt=refuses(
        *BODY,
        *READ,
        Code.TEXT_TOO_LONG,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"pinned": True, "folder": "Verona", "notify": "mentions", "draft": {"text": "Soft! what"}},
    ),
)
async def set_own(conversation_id: FromPath[str], data: JSONBody[OwnPart], caller: CallerDep, deps: DepsDep) -> Own:
    """Pin, mute, archive, file, mark as unread, keep a draft: seen by nobody else, and the same on all devices."""
    begun = data.thread_draft
    change = OwnChange(
        data.pinned,
        data.archived,
        data.marked_unread,
        data.muted_until_ms,
        data.folder,
        None if data.notify is None else Notify[data.notify.upper()],
        None if data.draft is None else Draft(data.draft.text, data.draft.reply_to_seq),
        None if begun is None else Draft(begun.text, begun.reply_to_seq, thread_seq=begun.thread_seq),
    )
    where = conversation_of(conversation_id)
    await deps.chat.set_own(caller, where, change)
    return Own.of((await deps.chat.conversation(caller, where)).own)


@put(
    "/conversations/{conversation_id:str}/typing",
    status_code=204,
    summary="Say that one is typing",
    tags=["messages"],
    opt=refuses(*BODY, *READ, scope=scopes.WRITE, example={"typing": True}),
)
async def set_typing(conversation_id: FromPath[str], data: JSONBody[Typing], caller: CallerDep, deps: DepsDep) -> None:
    """Tell the others, best effort; it is never stored."""
    await deps.chat.set_typing(caller, conversation_of(conversation_id), data.typing)


GUARDED = [
    list_conversations,
    create_conversation,
    open_direct,
    list_channels,
    read_conversation,
    change_conversation,
    dissolve_conversation,
    join_conversation,
    leave_conversation,
    list_entries,
    set_marks,
    set_typing,
    set_own,
]
