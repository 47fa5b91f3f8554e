"""Messages that wait for their time."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import Code
from hubbub.chat.model import Post, Submit
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, IdempotencyKey, Limit, an_id, client_id_of, conversation_of
from hubbub.rest.messages import NewMessage
from hubbub.rest.models import Scheduled, ScheduledPage
from hubbub.rest.refusals import BODY, COMMAND, refuses

__all__ = ["GUARDED"]


class NewScheduled(NewMessage, kw_only=True):
    """A message to send later."""

    conversation_id: str
    due_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
    """When, in milliseconds since 1970-01-01 UTC."""


@get(
    "/scheduled",
    summary="List what waits for its time",
    tags=["messages"],
    opt=refuses(Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_scheduled(caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> ScheduledPage:
    """Return the caller's scheduled messages, soonest first, and those refused when they came due."""
    rows, following = await deps.chat.scheduled(caller, cursor, limit)
    return ScheduledPage(
        scheduled=[
            Scheduled(
                conversation_id=row.submit.conversation_id,
                client_id=row.submit.client_id,
                due_ms=row.due_ms,
                message=row.submit.action,
                error=row.error,
            )
            for row in rows
            if isinstance(row.submit.action, Post)
        ],
        next_cursor=following,
    )


@post(
    "/scheduled",
    summary="Send a message later",
    tags=["messages"],
    opt=refuses(
        *BODY,
        *COMMAND,
        Code.SCHEDULED_IN_PAST,
        scope=scopes.WRITE,
        example={
            "conversation_id": "0190f0e1a2b37c4d8e9fa0b1c2d3e4f5",
            "due_ms": 1893456000000,
            "text": "Happy new year!",
        },
    ),
)
async def schedule(
    data: JSONBody[NewScheduled], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Scheduled:
    """Keep a message until its time and send it then, once, restarts or not."""
    message = data.post()
    command = Submit(
        conversation_id=conversation_of(data.conversation_id),
        client_id=client_id_of(key, data.client_id),
        action=message,
    )
    await deps.chat.schedule(caller, command, data.due_ms)
    return Scheduled(
        conversation_id=command.conversation_id,
        client_id=command.client_id,
        due_ms=data.due_ms,
        message=message,
        error="",
    )


@delete(
    "/scheduled/{conversation_id:str}/{client_id:str}",
    status_code=204,
    summary="Cancel a scheduled message",
    tags=["messages"],
    opt=refuses(Code.NOT_FOUND, Code.CONVERSATION_NOT_FOUND, Code.STORAGE_FULL, scope=scopes.WRITE),
)
async def cancel_scheduled(
    conversation_id: FromPath[str], client_id: FromPath[str], caller: CallerDep, deps: DepsDep
) -> None:
    """Take a scheduled message back before its time."""
    await deps.chat.cancel_scheduled(caller, conversation_of(conversation_id), an_id(client_id, Code.NOT_FOUND))


GUARDED = [list_scheduled, schedule, cancel_scheduled]
