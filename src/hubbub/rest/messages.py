"""Messages: sending, reading, changing, marking them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.auth.audit import Act, Deed
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import Body, Edit, FileRef, Forwarded, MessageState, Pin, Post, React, Recall
from hubbub.rest.commands import store
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import (
    MAX_NUMBER,
    Cursor,
    Emoji,
    IdempotencyKey,
    Limit,
    Seq,
    TargetSeq,
    client_id_of,
    conversation_of,
    ids_of,
)
from hubbub.rest.log_models import HistoryPage, Message, MessagePage, Revision, RevisionPage, Stored
from hubbub.rest.refusals import BODY, COMMAND, READ, refuses

__all__ = ["GUARDED", "Content", "NewMessage", "body_of"]

_MESSAGES = "/conversations/{conversation_id:str}/messages"
_MESSAGE = _MESSAGES + "/{seq:int}"
_REACTION = _MESSAGE + "/reactions/{emoji:str}"

Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
People = Annotated[list[str], msgspec.Meta(max_length=100)]


class Content(msgspec.Struct, kw_only=True):
    """What a message says: `text` and `files`, or a `body` with a custom value."""

    text: str = ""
    """Markdown, at most 65,536 bytes."""
    files: Annotated[list[str], msgspec.Meta(max_length=20)] = msgspec.field(default_factory=list)
    """Ids of files that were uploaded, in the order they are shown."""
    body: Body | None = None
    """In place of `text` and `files`: a value of a program's own."""
    mentions: People = msgspec.field(default_factory=list)
    """Ids of people it speaks to."""
    mention_all: bool = False
    """It speaks to everybody in the conversation."""
    client_id: str = ""
    """A UUID that makes a retry find the first attempt; the header Idempotency-Key does the same."""


class Source(msgspec.Struct, kw_only=True):
    """A message that is passed on."""

    conversation_id: str
    seq: Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]


class NewMessage(Content, kw_only=True):
    """A message to send."""

    forwarded: Source | None = None
    """Pass this message on; then nothing else is said."""
    reply_to_seq: Number = 0
    """The message it quotes; 0 for none."""
    thread_seq: Number = 0
    """The message that opened the thread it belongs to; 0 for none."""
    also_in_conversation: bool = False
    """A message of a thread that is also shown, and counted, in the conversation."""
    after: str = ""
    """The client_id of the command this one must follow; it is stored only if that one is."""

    def post(self) -> Post:
        """Return it as chat takes it."""
        source = self.forwarded
        return Post(
            body=self.body or Body() if source is not None and not self.text and not self.files else body_of(self),
            forwarded=None if source is None else Forwarded(conversation_of(source.conversation_id), source.seq),
            reply_to_seq=self.reply_to_seq,
            thread_seq=self.thread_seq,
            also_in_conversation=self.also_in_conversation,
            mentions=ids_of(self.mentions),
            mention_all=self.mention_all,
        )


def body_of(content: Content) -> Body:
    """Return the body, whichever way it was given.

    Raises ChatError(BAD_REQUEST) for both or neither.
    """
    if (content.body is None) == (not content.text and not content.files):
        raise ChatError(Code.BAD_REQUEST, "Give either text and files, or body.")
    return content.body or Body(text=content.text, files=tuple(FileRef(id_) for id_ in content.files))


@post(
    _MESSAGES,
    summary="Send a message",
    tags=["messages"],
    opt=refuses(
        *BODY,
        *COMMAND,
        scope=scopes.WRITE,
        example={"text": "But soft, what light through yonder window breaks?"},
    ),
)
async def send_message(
    conversation_id: FromPath[str],
    data: JSONBody[NewMessage],
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Send a message; the answer comes once it is durable.

    Without a client_id a retry is a second message.
    """
    client_id = client_id_of(key, data.client_id)
    return await store(deps, caller, conversation_id, client_id, data.post(), after=data.after)


@get(
    _MESSAGES, summary="Read history", tags=["messages"], opt=refuses(*READ, Code.MESSAGE_NOT_FOUND, scope=scopes.READ)
)
async def read_history(
    conversation_id: FromPath[str],
    caller: CallerDep,
    deps: DepsDep,
    before: Seq = 0,
    after: Seq = 0,
    around: Seq = 0,
    thread: Seq = 0,
    limit: Limit = 0,
) -> HistoryPage:
    """Return messages in their current state.

    Without a position they are the newest; else those before, after or around a seq, or of a thread.
    """
    if sum(position > 0 for position in (before, after, around)) > 1:
        raise ChatError(Code.BAD_REQUEST, "Give at most one of before, after and around.")
    page = await deps.chat.history(
        caller,
        conversation_of(conversation_id),
        before_seq=before,
        after_seq=after,
        around_seq=around,
        thread_seq=thread,
        limit=limit,
    )
    return HistoryPage.of(page)


@get(
    _MESSAGE,
    summary="Read a message",
    tags=["messages"],
    opt=refuses(*READ, Code.MESSAGE_NOT_FOUND, scope=scopes.READ),
)
async def read_message(conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep) -> Message:
    """Return one message in its current state."""
    page = await deps.chat.history(caller, conversation_of(conversation_id), around_seq=seq, limit=1)
    for item in page.items:
        if isinstance(item, MessageState) and item.message.seq == seq:
            return Message.of(item)
    raise ChatError(Code.MESSAGE_NOT_FOUND)


@patch(
    _MESSAGE,
    summary="Edit a message",
    tags=["messages"],
    opt=refuses(*BODY, *COMMAND, scope=scopes.WRITE, example={"text": "It is the east, and Juliet is the sun."}),
)
async def edit_message(
    conversation_id: FromPath[str],
    seq: TargetSeq,
    data: JSONBody[Content],
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Replace what one's own message says; earlier versions stay readable."""
    action = Edit(target_seq=seq, body=body_of(data), mentions=ids_of(data.mentions), mention_all=data.mention_all)
    return await store(deps, caller, conversation_id, client_id_of(key, data.client_id), action)


@delete(
    _MESSAGE, status_code=200, summary="Recall a message", tags=["messages"], opt=refuses(*COMMAND, scope=scopes.WRITE)
)
async def recall_message(
    conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Take a message back for everybody."""
    return await store(deps, caller, conversation_id, client_id_of(key), Recall(target_seq=seq))


@put(
    _REACTION,
    status_code=200,
    summary="React to a message",
    tags=["messages"],
    opt=refuses(*COMMAND, scope=scopes.WRITE),
)
async def react(
    conversation_id: FromPath[str],
    seq: TargetSeq,
    emoji: Emoji,
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Add the caller's reaction."""
    action = React(target_seq=seq, emoji=emoji, set=True)
    return await store(deps, caller, conversation_id, client_id_of(key), action)


@delete(
    _REACTION,
    status_code=200,
    summary="Take a reaction back",
    tags=["messages"],
    opt=refuses(*COMMAND, scope=scopes.WRITE),
)
async def unreact(
    conversation_id: FromPath[str],
    seq: TargetSeq,
    emoji: Emoji,
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Take the caller's reaction back."""
    action = React(target_seq=seq, emoji=emoji, set=False)
    return await store(deps, caller, conversation_id, client_id_of(key), action)


@put(
    _MESSAGE + "/pin",
    status_code=200,
    summary="Pin a message",
    tags=["messages"],
    opt=refuses(*COMMAND, scope=scopes.WRITE),
)
async def pin_message(
    conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Pin a message for everybody."""
    return await store(deps, caller, conversation_id, client_id_of(key), Pin(target_seq=seq, set=True))


@delete(
    _MESSAGE + "/pin",
    status_code=200,
    summary="Unpin a message",
    tags=["messages"],
    opt=refuses(*COMMAND, scope=scopes.WRITE),
)
async def unpin_message(
    conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Unpin a message for everybody."""
    return await store(deps, caller, conversation_id, client_id_of(key), Pin(target_seq=seq, set=False))


@get(
    "/conversations/{conversation_id:str}/pins",
    summary="List what is pinned",
    tags=["messages"],
    opt=refuses(*READ, Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_pins(
    conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0
) -> MessagePage:
    """Return pinned messages as they are now, the newest message first."""
    found, following = await deps.chat.pins(caller, conversation_of(conversation_id), cursor, limit)
    return MessagePage(messages=[Message.of(one) for one in found], next_cursor=following)


@put(
    _MESSAGE + "/hidden",
    status_code=204,
    summary="Delete a message for oneself",
    tags=["messages"],
    opt=refuses(*READ, Code.MESSAGE_NOT_FOUND, Code.STORAGE_FULL, scope=scopes.WRITE),
)
async def hide_message(conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep) -> None:
    """Withhold a message from the caller for good; everybody else keeps it."""
    await deps.chat.hide(caller, conversation_of(conversation_id), seq)


@get(
    _MESSAGE + "/edits",
    summary="Read what a message said before",
    tags=["messages"],
    opt=refuses(*READ, Code.MESSAGE_NOT_FOUND, Code.MESSAGE_RECALLED, Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_edits(
    conversation_id: FromPath[str],
    seq: TargetSeq,
    caller: CallerDep,
    deps: DepsDep,
    cursor: Cursor = "",
    limit: Limit = 0,
) -> RevisionPage:
    """Return a message's versions, the original first."""
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 20):
        raise ChatError(Code.BAD_CURSOR)
    after = int(cursor) if cursor else 0
    size = deps.settings.page_size(limit)
    found = await deps.chat.revisions(caller, conversation_of(conversation_id), seq)
    rest = [one for one in found if one.seq > after]
    return RevisionPage(
        revisions=[Revision(seq=one.seq, time_ms=one.time_ms, body=one.body) for one in rest[:size]],
        next_cursor=str(rest[size - 1].seq) if len(rest) > size else "",
    )


@post(
    "/announcements",
    summary="Announce something to everybody",
    tags=["messages"],
    opt=refuses(
        *BODY,
        *COMMAND,
        scope=scopes.ADMIN,
        permission=Permission.ANNOUNCE,
        example={"text": "The server restarts at noon."},
    ),
)
async def announce(data: JSONBody[NewMessage], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = "") -> Stored:
    """Send a system message that every user gets, now or later; admins only."""
    client_id = client_id_of(key, data.client_id)
    stored = await store(deps, caller, SYSTEM_CONVERSATION, client_id, data.post(), after=data.after)
    if deps.audit is not None and not stored.repeated:
        await deps.audit.record(Deed(Act.ANNOUNCED, SYSTEM_CONVERSATION, {"seq": stored.seq}))
    return stored


GUARDED = [
    send_message,
    read_history,
    read_message,
    edit_message,
    recall_message,
    react,
    unreact,
    pin_message,
    unpin_message,
    list_pins,
    hide_message,
    list_edits,
    announce,
]
