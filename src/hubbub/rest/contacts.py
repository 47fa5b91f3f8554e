"""Contacts: whom one knows, what one calls them, and whom one has blocked."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import Code
from hubbub.chat import contacts
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import Cursor, Limit, user_of
from hubbub.rest.refusals import BODY, refuses
from hubbub.rest.words import word

__all__ = ["GUARDED", "Contact"]

StateName = Literal["none", "asked", "asking", "accepted"]


class Asking(msgspec.Struct, kw_only=True):
    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """For the person who is asked."""


class Answer(msgspec.Struct, kw_only=True):
    accept: bool


class Arrangement(msgspec.Struct, kw_only=True):
    """Only what is given changes."""

    blocked: bool | None = None
    name: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """What the caller calls them; empty: as they call themselves."""
    group: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """Empty: none."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller keeps of a person; nobody else sees it."""

    user_id: str
    state: StateName
    """`asked`: the caller has asked them; `asking`: they have asked the caller."""
    blocked: bool
    name: str
    group: str
    note: str
    """What was written with the request, while it waits."""
    time_ms: int
    """When `state` became what it is."""
    version: int

    @classmethod
    def of(cls, row: contacts.Contact) -> Contact:
        return cls(
            user_id=row.user_id,
            state=word(row.state),
            blocked=row.blocked,
            name=row.name,
            group=row.group,
            note=row.note,
            time_ms=row.time_ms,
            version=row.version,
        )


class ContactPage(msgspec.Struct, frozen=True, kw_only=True):
    contacts: list[Contact]
    next_cursor: str
    """Empty on the last page."""


@get(
    "/me/contacts",
    summary="List one's contacts",
    tags=["contacts"],
    opt=refuses(Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_contacts(caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> ContactPage:
    """Return everybody the caller keeps something of: contacts, requests either way, names, blocks."""
    rows, following = await deps.chat.contacts(caller, cursor, limit)
    return ContactPage(contacts=[Contact.of(row) for row in rows], next_cursor=following)


@post(
    "/me/contacts/{user_id:str}",
    status_code=200,
    summary="Ask somebody to be a contact",
    tags=["contacts"],
    opt=refuses(
        *BODY,
        Code.USER_NOT_FOUND,
        Code.FORBIDDEN,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"note": "We met at the ball"},
    ),
)
async def ask_contact(user_id: FromPath[str], data: JSONBody[Asking], caller: CallerDep, deps: DepsDep) -> Contact:
    """Ask, with a remark; where they have asked the caller already, both are contacts at once."""
    return Contact.of(await deps.chat.ask_contact(caller, user_of(user_id), data.note))


@post(
    "/me/contacts/{user_id:str}/answer",
    status_code=200,
    summary="Answer a contact's request",
    tags=["contacts"],
    opt=refuses(
        *BODY,
        Code.USER_NOT_FOUND,
        Code.NOT_FOUND,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"accept": True},
    ),
)
async def answer_contact(user_id: FromPath[str], data: JSONBody[Answer], caller: CallerDep, deps: DepsDep) -> Contact:
    """Accept or decline what somebody has asked the caller."""
    return Contact.of(await deps.chat.answer_contact(caller, user_of(user_id), data.accept))


@patch(
    "/me/contacts/{user_id:str}",
    summary="Name, group or block somebody",
    tags=["contacts"],
    opt=refuses(
        *BODY,
        Code.USER_NOT_FOUND,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"name": "The girl on the balcony", "group": "Capulets"},
    ),
)
async def arrange_contact(
    user_id: FromPath[str], data: JSONBody[Arrangement], caller: CallerDep, deps: DepsDep
) -> Contact:
    """Change what the caller keeps of somebody, contact or not.

    Who is blocked can neither open a private chat with the caller nor speak in it, and is not told why.
    """
    change = contacts.ContactChange(data.blocked, data.name, data.group)
    return Contact.of(await deps.chat.arrange_contact(caller, user_of(user_id), change))


@delete(
    "/me/contacts/{user_id:str}",
    status_code=204,
    summary="Remove a contact",
    tags=["contacts"],
    opt=refuses(Code.USER_NOT_FOUND, Code.STORAGE_FULL, Code.UNKNOWN_OUTCOME, scope=scopes.WRITE),
)
async def remove_contact(user_id: FromPath[str], caller: CallerDep, deps: DepsDep) -> None:
    """End being contacts for both, or take a request back; names, groups and blocks stay."""
    await deps.chat.remove_contact(caller, user_of(user_id))


GUARDED = [list_contacts, ask_contact, answer_contact, arrange_contact, remove_contact]
