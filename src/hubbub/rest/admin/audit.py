"""The audit log, for those who may read it.

An entry comes with everything its hash is made of, so whoever reads can check the chain without trusting the reader's
server; `hubbub audit verify` does.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import QueryParameter

from hubbub.auth import scopes
from hubbub.auth.audit import AuditEntry, AuditLog
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.inputs import Cursor, Limit, an_id
from hubbub.rest.refusals import refuses

__all__ = ["GUARDED"]

Order = Annotated[Literal["newest", "oldest"], QueryParameter(description="Which entries come first.")]
ActQuery = Annotated[
    str,
    QueryParameter(
        name="act", max_length=64, description="Only this, such as `account.banned`, or its kind, such as `account`."
    ),
]
ByQuery = Annotated[str, QueryParameter(name="by", max_length=64, description="Only what this person did, by id.")]
TargetQuery = Annotated[
    str, QueryParameter(name="target", max_length=64, description="Only what was done to this person or thing, by id.")
]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done."""

    seq: int
    time_ms: int
    act: str
    user_id: str
    """Who did it; empty: nobody who was logged in, or the server itself."""
    client_id: str
    """With which program."""
    address: str
    """From where."""
    target: str
    """To whom or what, by id or name."""
    detail: str
    """What else there is to say, as JSON, byte for byte as it was hashed."""
    previous: str
    """The hash of the entry before, in hexadecimal digits."""
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Entry:
        return cls(
            seq=entry.seq,
            time_ms=entry.time_ms,
            act=entry.act,
            user_id=entry.user_id,
            client_id=entry.client_id,
            address=entry.address,
            target=entry.target,
            detail=entry.detail,
            previous=entry.previous.hex(),
            hash=entry.hash.hex(),
        )


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """What the log knows as its newest entry, whichever entries there are."""

    seq: int
    hash: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    entries: list[Entry]
    next_cursor: str
    head: Newest


@get(
    "/audit",
    summary="Read the audit log",
    tags=["moderation"],
    opt=refuses(Code.FORBIDDEN, Code.NOT_FOUND, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.AUDIT_READ),
)
async def read_audit(
    deps: DepsDep,
    order: Order = "newest",
    act: ActQuery = "",
    user_id: ByQuery = "",
    target: TargetQuery = "",
    cursor: Cursor = "",
    limit: Limit = 0,
) -> AuditPage:
    """Return who did what to whom, when and from where."""
    log = log_of(deps)
    size = deps.settings.page_size(limit)
    # The newest is asked for first: what is added meanwhile then looks like more, and never like less.
    head = await log.head()
    found = await log.page(
        beyond=_number(cursor) if cursor else None,
        oldest_first=order == "oldest",
        limit=size + 1,
        act=act,
        user_id=an_id(user_id, Code.NOT_FOUND) if user_id else "",
        target=target,
    )
    following = str(found[size - 1].seq) if len(found) > size else ""
    return AuditPage(
        entries=[Entry.of(one) for one in found[:size]],
        next_cursor=following,
        head=Newest(seq=head.seq, hash=head.hash.hex()),
    )


def log_of(deps: Deps) -> AuditLog:
    """Return the log.  Raises ChatError(NOT_FOUND) where there is none."""
    if deps.audit is None:
        raise ChatError(Code.NOT_FOUND)
    return deps.audit


def _number(cursor: str) -> int:
    digits = cursor.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or not 0 < len(digits) < 16:
        raise ChatError(Code.BAD_CURSOR)
    return int(cursor)


GUARDED = [read_audit]
