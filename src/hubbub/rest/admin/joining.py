"""Who comes in: codes that let people make an account, and accounts that wait; for admins."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import joining, ports, scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import Code
from hubbub.rest.deps import DepsDep, IdentityDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit, an_id, id_after
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

_ADMIN = (Code.FORBIDDEN,)


class NewJoinCode(msgspec.Struct, kw_only=True):
    """A code; who has it may make an account."""

    expires_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    """Until when it is good; 0: for ever."""
    uses: Annotated[int, msgspec.Meta(ge=0, le=joining.USES_MAX)] = 0
    """How often it may be used; 0: without end."""
    note: Annotated[str, msgspec.Meta(max_length=joining.NOTE_MAX)] = ""
    """What it is for; the admins' own."""


class JoinCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that lets people make an account; it is a secret."""

    code: str
    created_by: str
    created_ms: int
    expires_ms: int
    uses_left: int
    """-1: without end."""
    note: str

    @classmethod
    def of(cls, code: joining.JoinCode) -> JoinCode:
        return cls(**msgspec.structs.asdict(code))


class JoinCodeList(msgspec.Struct, frozen=True, kw_only=True):
    codes: list[JoinCode]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An account that waits to be let in."""

    user_id: str
    username: str
    display_name: str
    created_ms: int

    @classmethod
    def of(cls, account: ports.Account) -> Waiting:
        return cls(
            user_id=account.id,
            username=account.username,
            display_name=account.display_name,
            created_ms=account.created_ms,
        )


class WaitingPage(msgspec.Struct, frozen=True, kw_only=True):
    waiting: list[Waiting]
    next_cursor: str
    """Empty on the last page."""


class LettingIn(msgspec.Struct, kw_only=True):
    accept: bool


@post(
    "/registration/codes",
    summary="Make an invitation code",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        *_ADMIN,
        scope=scopes.ADMIN,
        permission=Permission.PEOPLE_ADD,
        example={"uses": 10, "note": "For the guests of the feast"},
    ),
)
async def create_code(data: JSONBody[NewJoinCode], identity: IdentityDep, deps: DepsDep) -> JoinCode:
    """Make a code with which people make an account where they come by invitation."""
    made = await deps.accounts.joining.create(identity, expires_ms=data.expires_ms, uses=data.uses, note=data.note)
    return JoinCode.of(made)


@get(
    "/registration/codes",
    summary="List invitation codes",
    tags=["accounts"],
    opt=refuses(*_ADMIN, scope=scopes.ADMIN, permission=Permission.PEOPLE_ADD),
)
async def list_codes(deps: DepsDep) -> JoinCodeList:
    """Return the codes that are still good, the newest first; there are at most a thousand."""
    return JoinCodeList(codes=[JoinCode.of(code) for code in await deps.accounts.joining.codes()])


@delete(
    "/registration/codes/{code:str}",
    status_code=204,
    summary="Take an invitation code back",
    tags=["accounts"],
    opt=refuses(*_ADMIN, Code.NOT_FOUND, Code.STORAGE_FULL, scope=scopes.ADMIN, permission=Permission.PEOPLE_ADD),
)
async def revoke_code(code: FromPath[str], deps: DepsDep) -> None:
    """Make a code worthless; who came by it stays."""
    await deps.accounts.joining.revoke(code)


@get(
    "/registration/requests",
    summary="List accounts that wait to be let in",
    tags=["accounts"],
    opt=refuses(*_ADMIN, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.PEOPLE_ADD),
)
async def list_waiting(deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> WaitingPage:
    """Return a page of the accounts that were made where an admin lets people in."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    rows, following = await deps.accounts.waiting(after, size)
    return WaitingPage(waiting=[Waiting.of(row) for row in rows], next_cursor=following)


@post(
    "/registration/requests/{user_id:str}",
    status_code=204,
    summary="Let an account in, or not",
    tags=["accounts"],
    opt=refuses(
        *BODY, *_ADMIN, Code.NOT_FOUND, scope=scopes.ADMIN, permission=Permission.PEOPLE_ADD, example={"accept": True}
    ),
)
async def answer_waiting(
    user_id: FromPath[str], data: JSONBody[LettingIn], identity: IdentityDep, deps: DepsDep
) -> None:
    """Let somebody in who waits, or forget their account, which frees the name."""
    await deps.accounts.answer_waiting(identity, an_id(user_id, Code.NOT_FOUND), data.accept)


GUARDED = [create_code, list_codes, revoke_code, list_waiting, answer_waiting]
