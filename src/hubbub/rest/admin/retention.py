"""For how long conversations keep their messages.

The place says it for all by a live setting; here it is said for one.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, put
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.chat import retention
from hubbub.chat.model import AS_THE_PLACE
from hubbub.chat.retaining import Retaining
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.inputs import Cursor, Limit, conversation_of, id_after
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

_MAY: dict[str, Any] = {"scope": scopes.ADMIN, "permission": Permission.RETENTION_CHANGE}

Days = Annotated[int, msgspec.Meta(ge=AS_THE_PLACE, le=retention.MOST_DAYS)]


class Keep(msgspec.Struct, kw_only=True):
    """For how long."""

    keep_days: Days
    """For so many days; 0: for ever, -1: as long as the place says."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that says something of its own."""

    conversation_id: str
    keep_days: int
    """For how many days messages are kept; 0: for ever."""
    kept_from: int
    """Nothing below this seq is there any more."""


class KeepingPage(msgspec.Struct, frozen=True, kw_only=True):
    place_days: int
    """What holds for all others; 0: for ever."""
    conversations: list[Keeping]
    next_cursor: str
    """Empty on the last page; a page may be short, or empty, and not be the last."""


@get(
    "/retention",
    summary="List conversations that keep their messages for a time of their own",
    tags=["retention"],
    opt=refuses(Code.FORBIDDEN, Code.BAD_CURSOR, **_MAY),
)
async def list_retention(deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> KeepingPage:
    """Return a page of the conversations that say something else than the place, and what the place says."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    rows, following = await _retaining(deps).own(after, size)
    return KeepingPage(
        place_days=_retaining(deps).place_days,
        conversations=[
            Keeping(conversation_id=row.conversation_id, keep_days=row.keep_days, kept_from=row.kept_from)
            for row in rows
        ],
        next_cursor=following,
    )


@put(
    "/conversations/{conversation_id:str}/retention",
    status_code=204,
    summary="Say for how long a conversation keeps its messages",
    tags=["retention"],
    opt=refuses(
        *BODY,
        Code.FORBIDDEN,
        Code.CONVERSATION_NOT_FOUND,
        Code.UNKNOWN_OUTCOME,
        Code.STORAGE_FULL,
        example={"keep_days": 90},
        **_MAY,
    ),
)
async def keep(conversation_id: FromPath[str], data: JSONBody[Keep], deps: DepsDep) -> None:
    """Keep its messages for so many days from now on; members read it in the conversation.

    What is older goes within an hour and a day, for everybody and for good.
    """
    await _retaining(deps).keep(conversation_of(conversation_id), data.keep_days)


def _retaining(deps: Deps) -> Retaining:
    if deps.retaining is None:
        raise ChatError(Code.UNAVAILABLE)
    return deps.retaining


GUARDED = [list_retention, keep]
