"""Finding other people."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import CallerDep, DepsDep, IdentityDep
from hubbub.rest.inputs import Cursor, Limit, Query, ids_of, user_of
from hubbub.rest.models import User, UserPage
from hubbub.rest.refusals import refuses
from hubbub.rest.tagged import tagged

__all__ = ["GUARDED"]

Names = Annotated[list[str] | None, QueryParameter(name="username", max_items=100, description="Exact usernames.")]
Ids = Annotated[list[str] | None, QueryParameter(name="id", max_items=100, description="Ids of people.")]


@get(
    "/users",
    summary="Find people",
    tags=["people"],
    opt=refuses(Code.BAD_CURSOR, Code.USER_NOT_FOUND, Code.FORBIDDEN, scope=scopes.READ, partly=Permission.PEOPLE_FIND),
)
async def find_users(
    caller: CallerDep,
    identity: IdentityDep,
    deps: DepsDep,
    text: Query = "",
    usernames: Names = None,
    user_ids: Ids = None,
    cursor: Cursor = "",
    limit: Limit = 0,
) -> UserPage:
    """Return people by part of their name, or exactly those whose ids or usernames are given."""
    if usernames or user_ids:
        rows = await deps.chat.users(caller, ids_of(user_ids or ()), usernames or ())
        return UserPage(users=[User.of(row) for row in rows], next_cursor="")
    if not identity.can(Permission.PEOPLE_FIND):
        # Names of those one talks with are everybody's to know.
        raise ChatError(Code.FORBIDDEN)
    rows, following = await deps.chat.find_users(caller, text, cursor, limit)
    return UserPage(users=[User.of(row) for row in rows], next_cursor=following)


@get(
    "/users/{user_id:str}",
    summary="Read a person",
    tags=["people"],
    opt=refuses(Code.USER_NOT_FOUND, scope=scopes.READ, tagged=True),
)
async def read_user(
    request: Request[Any, Any, Any], user_id: FromPath[str], caller: CallerDep, deps: DepsDep
) -> Response[User]:
    """Return one person."""
    rows = await deps.chat.users(caller, [user_of(user_id)], [])
    if not rows:
        raise ChatError(Code.USER_NOT_FOUND)
    return tagged(request, User.of(rows[0]))


GUARDED = [find_users, read_user]
