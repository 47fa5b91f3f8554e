"""Listening over HTTP: server-sent events, the simplest way to hear what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from hubbub.auth import scopes
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import DepsDep, IdentityDep
from hubbub.rest.events.listeners import Listener, Listeners
from hubbub.rest.events.stream import EventStream
from hubbub.rest.refusals import refuses

__all__ = ["EVENTS_PATH", "GUARDED"]

EVENTS_PATH = "/api/v1/events"

_LONGEST = 16_000

From = Annotated[
    str,
    QueryParameter(
        max_length=_LONGEST,
        description="The `id` of the last event that was dealt with; none: what happens from now on.",
    ),
]
LastEventId = Annotated[
    str,
    HeaderParameter(
        name="Last-Event-ID",
        max_length=_LONGEST,
        description="The same, as clients of server-sent events give it when they come back; it goes before `cursor`.",
    ),
]

EXAMPLE = """\
retry: 1000
event: hello
id: AbrFqHkA
data: {"user_id":"0190f0e1a2b37c4d8e9fa0b1c2d3e4f5","epoch":"...","user_version":7,"heartbeat_ms":15000}

event: entries
id: AbrFqHkB
data: {"conversation_id":"...","from_seq":5,"to_seq":5,"as_of":5,"reset":false,"entries":[{"type":"entry","seq":5}]}

:

"""


class _Listened(Stream):
    """A stream that lets its listener go when it ends, whoever ends it."""

    def __init__(self, content: AsyncIterator[bytes], listeners: Listeners, listener: Listener) -> None:
        super().__init__(
            content,
            media_type="text/event-stream",
            # Nothing in between may keep what should be there now.
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )
        self._leave = partial(listeners.leave, listener)

    def to_asgi_response(self, *arguments: Any, **options: Any) -> Any:
        answer: ASGIApp = super().to_asgi_response(*arguments, **options)

        async def listened(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await answer(scope, receive, send)
            finally:
                self._leave()

        return listened


@get(
    "/events",
    summary="Listen to what happens",
    tags=["events"],
    media_type="text/event-stream",
    opt=refuses(
        Code.BAD_CURSOR,
        Code.GOING_AWAY,
        scope=scopes.READ,
        stream=EXAMPLE,
    ),
)
async def listen(
    request: Request[Any, Any, Any],
    identity: IdentityDep,
    deps: DepsDep,
    cursor: From = "",
    last_event_id: LastEventId = "",
) -> Stream:
    """Stream every change of the caller's conversations, and of their own rows, as server-sent events.

    Come back with the `id` of the last event, to this node or another: nothing is lost, doubled or out of order.
    `hello` is first; `entries` is a page of one conversation as `list_entries` answers it; `user_changed` is what
    `read_state` answers; `reset` says that the log was replaced; `end` is a problem document, and the last.
    """
    listeners = deps.listeners
    if listeners is None:
        raise ChatError(Code.UNAVAILABLE)
    listener = await listeners.enter(identity)
    try:
        async with asyncio.timeout(deps.settings.request_timeout_s):
            stream = EventStream(listeners, listener, await deps.chat.epoch())
            await stream.begin(last_event_id or cursor)
    except BaseException:
        listeners.leave(listener)
        raise
    # A question for the head alone is answered with it; see `rest.metrics`.
    wanted = "hubbub.head" not in (request.scope.get("extensions") or {})
    return _Listened(stream.events() if wanted else _nothing(), listeners, listener)


async def _nothing() -> AsyncIterator[bytes]:
    never: tuple[bytes, ...] = ()
    for each in never:
        yield each


GUARDED = [listen]
