"""What is pinned in a conversation, asked over HTTP: the connection has no request for it.

The answer becomes the same `Message` that a page of history holds, so a program need not care which way it came.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hubbub.base.error_table import Code
from hubbub.client.errors import HubbubError
from hubbub.client.models import Body, Forwarded, Message, Post, ReactionCount


class _Pinned(msgspec.Struct, frozen=True):
    """A message as HTTP says it; the fields not named here are not needed."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    body: Body
    reply_to_seq: int = 0
    thread_seq: int = 0
    also_in_conversation: bool = False
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    forwarded: Forwarded | None = None
    recalled: bool = False
    edits: int = 0
    edited_ms: int = 0
    pinned: bool = False
    reactions: tuple[ReactionCount, ...] = ()
    thread_replies: int = 0
    thread_last_seq: int = 0


class _Page(msgspec.Struct, frozen=True):
    messages: tuple[_Pinned, ...]
    next_cursor: str = ""


def pinned_of(answer: dict[str, Any]) -> tuple[list[Message], str]:
    """Return the messages of a page, and the cursor of the next one.  Raises HubbubError for what is no page."""
    try:
        page = msgspec.convert(answer, _Page)
    except msgspec.ValidationError as exc:
        raise HubbubError(Code.INTERNAL_ERROR, "The server's answer holds no messages.") from exc
    return [_message(one) for one in page.messages], page.next_cursor


def _message(one: _Pinned) -> Message:
    post = Post(
        one.body,
        one.reply_to_seq,
        one.thread_seq,
        one.also_in_conversation,
        one.mentions,
        one.mention_all,
        forwarded=one.forwarded,
    )
    return Message(
        one.conversation_id,
        one.seq,
        one.time_ms,
        one.sender_id,
        one.client_id,
        post,
        one.recalled,
        one.edits,
        one.edited_ms,
        one.pinned,
        one.reactions,
        one.thread_replies,
        one.thread_last_seq,
    )
