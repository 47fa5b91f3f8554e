"""Passing a message on to another conversation, with the name of who wrote it."""

from __future__ import annotations

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.chat.model import Body, Forwarded, Post
from hubbub.rest.commands import store
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import IdempotencyKey, TargetSeq, client_id_of, conversation_of
from hubbub.rest.log_models import Stored
from hubbub.rest.refusals import BODY, COMMAND, refuses

__all__ = ["GUARDED"]


class Forward(msgspec.Struct, kw_only=True):
    """Where a message is passed on to."""

    to: str
    """The id of a conversation the caller may write in."""
    client_id: str = ""
    """A UUID that makes a retry find the first attempt; unique in the conversation it goes to."""


@post(
    "/conversations/{conversation_id:str}/messages/{seq:int}/forward",
    summary="Forward a message",
    tags=["messages"],
    opt=refuses(*BODY, *COMMAND, scope=scopes.WRITE, example={"to": "0190f0e1a2b37c4d8e9fa0b1c2d3e4f5"}),
)
async def forward_message(
    conversation_id: FromPath[str],
    seq: TargetSeq,
    data: JSONBody[Forward],
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Pass on what a message says, files and all, as a message of the caller that names who wrote it.

    It says what the message says at that moment; edits and recalls of either do not concern the other.
    """
    action = Post(Body(), forwarded=Forwarded(conversation_of(conversation_id), seq))
    return await store(deps, caller, data.to, client_id_of(key, data.client_id), action)


GUARDED = [forward_message]
