"""Search: one box over messages, people and conversations."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from hubbub.auth import scopes
from hubbub.base.errors import Code
from hubbub.base.ids import NOBODY
from hubbub.chat.search.found import Found
from hubbub.chat.search.found import Hit as FoundHit
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import Cursor, Limit
from hubbub.rest.models import Conversation, User
from hubbub.rest.refusals import refuses

__all__ = ["GUARDED"]

Box = Annotated[
    str,
    QueryParameter(
        name="query",
        max_length=400,
        description="Words, phrases in quotation marks, and the filters beside this parameter as `from:romeo`.",
    ),
]
From = Annotated[
    str, QueryParameter(name="from", max_length=100, description="Who wrote it: a username, an id, or `me`.")
]
In = Annotated[str, QueryParameter(name="in", max_length=200, description="Where it is: an id, or a title.")]
Before = Annotated[
    str, QueryParameter(max_length=40, description="Sent before this date (UTC), time (RFC 3339) or millisecond.")
]
After = Annotated[
    str, QueryParameter(max_length=40, description="Sent at or after this date (UTC), time (RFC 3339) or millisecond.")
]
Has = Annotated[str, QueryParameter(max_length=10, description="`file`: messages with a file only.")]


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Piece(_Out, frozen=True, kw_only=True):
    """A part of a snippet."""

    text: str
    hit: bool
    """Whether this is what was looked for."""


class Hit(_Out, frozen=True, kw_only=True):
    """A message that was found; `around_seq` of its history shows it where it stands."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    """Empty when the system wrote it."""
    thread_seq: int
    has_file: bool
    snippet: list[Piece]
    """Plain text around the first hit, in order."""

    @classmethod
    def of(cls, hit: FoundHit) -> Hit:
        return cls(
            conversation_id=hit.conversation_id,
            seq=hit.seq,
            time_ms=hit.time_ms,
            sender_id="" if hit.sender_id == NOBODY else hit.sender_id,
            thread_seq=hit.thread_seq,
            has_file=hit.has_file,
            snippet=[Piece(text=piece.text, hit=piece.hit) for piece in hit.snippet],
        )


class SearchPage(_Out, frozen=True, kw_only=True):
    """What a query finds."""

    messages: list[Hit]
    """Newest first."""
    people: list[User]
    """On the first page of a query without filters, as the conversations."""
    conversations: list[Conversation]
    next_cursor: str
    """Empty at the end; a page may be short and still have one."""

    @classmethod
    def of(cls, found: Found, user_id: str) -> SearchPage:
        return cls(
            messages=[Hit.of(hit) for hit in found.hits],
            people=[User.of(row) for row in found.people],
            conversations=[Conversation.of(state, user_id) for state in found.conversations],
            next_cursor=found.next_cursor,
        )


@get("/search", summary="Search", tags=["messages"], opt=refuses(Code.BAD_CURSOR, scope=scopes.READ))
async def search(
    caller: CallerDep,
    deps: DepsDep,
    text: Box = "",
    from_: From = "",
    in_: In = "",
    before: Before = "",
    after: After = "",
    has: Has = "",
    cursor: Cursor = "",
    limit: Limit = 0,
) -> SearchPage:
    """Find messages that the caller may see, newest first, and on the first page people and conversations.

    Words are found from their beginning, the last one also unfinished; case, accents and widths do not matter.  Scripts
    without spaces are found character by character.
    """
    found = await deps.chat.search(
        caller, text, from_=from_, in_=in_, before=before, after=after, has=has, cursor=cursor, limit=limit
    )
    return SearchPage.of(found, caller.user_id)


GUARDED = [search]
