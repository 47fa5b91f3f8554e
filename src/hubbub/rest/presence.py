"""Who is here: best effort, as sockets tell it, for those that ask instead of being told."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import QueryParameter

from hubbub.auth import scopes
from hubbub.base.errors import Code
from hubbub.cluster.sessions import Presence as Known
from hubbub.cluster.sessions import PresenceState
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import Cursor, Limit, an_id, ids_of
from hubbub.rest.refusals import refuses
from hubbub.rest.words import word

__all__ = ["GUARDED"]

Ids = Annotated[
    list[str] | None,
    QueryParameter(name="id", max_items=100, description="Ids of people; none: everybody who is online."),
]


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody is connected."""

    user_id: str
    state: Literal["online", "offline", "dropped"]
    """`offline`: they logged out; `dropped`: their connection ended otherwise."""
    last_seen_ms: int
    """0: not known."""

    @classmethod
    def of(cls, known: Known) -> Presence:
        return cls(user_id=known.user_id, state=word(known.state), last_seen_ms=known.last_seen_ms)


class PresencePage(msgspec.Struct, frozen=True, kw_only=True):
    presences: list[Presence]
    next_cursor: str
    """Empty on the last page."""


@get(
    "/presence",
    summary="See who is online",
    tags=["people"],
    opt=refuses(Code.BAD_CURSOR, Code.USER_NOT_FOUND, scope=scopes.READ),
)
async def list_presence(
    caller: CallerDep, deps: DepsDep, user_ids: Ids = None, cursor: Cursor = "", limit: Limit = 0
) -> PresencePage:
    """Return the presence of these people, or, by id, everybody who is connected with a socket.

    Who has blocked the caller is never there.
    """
    if deps.sessions is None:
        return PresencePage(presences=[], next_cursor="")
    if user_ids:
        names = ids_of(user_ids)
        hiding = frozenset(await deps.chat.hiding(caller, names))
        seen = {
            one.user_id: one for one in await deps.sessions.presence([name for name in names if name not in hiding])
        }
        shown = [seen.get(name) or Known(name, PresenceState.OFFLINE, 0) for name in names]
        return PresencePage(presences=[Presence.of(one) for one in shown], next_cursor="")
    if cursor:
        cursor = an_id(cursor, Code.BAD_CURSOR)
    size = deps.settings.page_size(limit)
    found = await deps.sessions.online_after(cursor, size + 1)
    following = found[size - 1].user_id if len(found) > size else ""
    hiding = frozenset(await deps.chat.hiding(caller, [one.user_id for one in found[:size]]))
    shown = [one for one in found[:size] if one.user_id not in hiding]
    return PresencePage(presences=[Presence.of(one) for one in shown], next_cursor=following)


GUARDED = [list_presence]
