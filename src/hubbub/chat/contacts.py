"""Contacts: whom somebody knows, what they call them, and whom they have blocked.

What two people are to each other is two rows, one of each, and each is its owner's alone: a name, a group and a block
are never told to the other.  What one does may change both rows (a request, its answer) or only one's own; the rules
are pure functions from the pair of rows to the pair that is true afterwards, and a store runs one inside the
transaction that holds both.

Who is blocked must not learn it.  Nothing of theirs is ever changed by a block, and what they are answered is what
anybody might be: a request seems to wait, a message is `forbidden`.  This module does no I/O and refuses nothing
that only a reader could know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec
from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code

__all__ = [
    "Contact",
    "ContactChange",
    "ContactPlan",
    "ContactState",
    "ContactStore",
    "ContactsChanged",
    "Pair",
    "answered",
    "arranged",
    "asked",
    "removed",
]


class ContactState(IntEnum):
    """What another person is to somebody; the numbers are those of the wire."""

    NONE = 0
    ASKED = 1
    """One has asked them."""
    ASKING = 2
    """They have asked, and wait for an answer."""
    ACCEPTED = 3


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one person keeps of another."""

    user_id: str
    """The other."""
    state: ContactState = ContactState.NONE
    blocked: bool = False
    name: str = ""
    """What one calls them; empty: as they call themselves."""
    group: str = ""
    """The group of contacts they are in; empty: none."""
    note: str = ""
    """What was written with the request, by whoever asked, while it waits."""
    time_ms: int = 0
    """When `state` became what it is."""
    version: int = 0
    """One's version at the last change."""

    @property
    def empty(self) -> bool:
        """Whether it says nothing (any more)."""
        return not (self.state or self.blocked or self.name or self.group)


class ContactChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """Only what is not None changes."""

    blocked: bool | None = None
    name: str | None = None
    group: str | None = None


class ContactsChanged(msgspec.Struct, frozen=True):
    """A plan, carried out."""

    mine: Contact
    versions: dict[str, int]
    """The new versions of those whose row changed."""
    outbox_id: int
    """0 when nothing changed."""


Pair = tuple[Contact, Contact]
"""What one keeps of the other, and what the other keeps of one."""

ContactPlan = Callable[[Contact, Contact], Pair]


# ---------------------------------------------------------------- rules


def asked(mine: Contact, theirs: Contact, *, note: str, now_ms: int) -> Pair:
    """Ask somebody to be one's contact; where they have asked already, that is a yes.

    Raises FORBIDDEN for one whom one has blocked oneself.
    """
    if mine.blocked:
        raise ChatError(Code.FORBIDDEN, "You have blocked this person.")
    if mine.state is ContactState.ACCEPTED:
        return mine, theirs
    if theirs.state is ContactState.ASKED:
        return _together(mine, theirs, now_ms)
    if mine.state is not ContactState.ASKED or mine.note != note:
        mine = replace(mine, state=ContactState.ASKED, note=note, time_ms=now_ms)
    # Who is blocked sees their request wait, as with anybody who does not answer.
    if not theirs.blocked and (theirs.state is not ContactState.ASKING or theirs.note != note):
        theirs = replace(theirs, state=ContactState.ASKING, note=note, time_ms=now_ms)
    return mine, theirs


def answered(mine: Contact, theirs: Contact, *, accept: bool, now_ms: int) -> Pair:
    """Answer a request.  Raises NOT_FOUND where there is none; saying yes twice is no error."""
    if accept and mine.state is ContactState.ACCEPTED:
        return mine, theirs
    if mine.state is not ContactState.ASKING:
        raise ChatError(Code.NOT_FOUND)
    if accept:
        return _together(mine, theirs, now_ms)
    return _apart(mine, now_ms), _apart(theirs, now_ms)


def removed(mine: Contact, theirs: Contact, *, now_ms: int) -> Pair:
    """End being contacts, or take a request back.  Doing it twice is no error."""
    if mine.state is ContactState.NONE:
        return mine, theirs
    return _apart(mine, now_ms), _apart(theirs, now_ms)


def arranged(mine: Contact, theirs: Contact, *, change: ContactChange, now_ms: int) -> Pair:
    """Change what one keeps of somebody for oneself; nothing of theirs changes.

    A request that waits is dropped by a block, without an answer.
    """
    given = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not None}
    mine = replace(mine, **given)
    if mine.blocked and mine.state is ContactState.ASKING:
        mine = _apart(mine, now_ms)
    return mine, theirs


def _together(mine: Contact, theirs: Contact, now_ms: int) -> Pair:
    accepted = ContactState.ACCEPTED
    return (
        replace(mine, state=accepted, note="", time_ms=now_ms),
        replace(theirs, state=accepted, note="", time_ms=now_ms),
    )


def _apart(row: Contact, now_ms: int) -> Contact:
    if row.state is ContactState.NONE:
        return row
    return replace(row, state=ContactState.NONE, note="", time_ms=now_ms)


# ---------------------------------------------------------------- the port


class ContactStore(Protocol):
    """Keeps what people are to each other."""

    async def change_contacts(self, user_id: str, other_id: str, plan: ContactPlan) -> ContactsChanged:
        """Run `plan` over the two rows, each empty where there is none, and write those that differ, durably.

        A row that differs advances its owner's version and is stamped with it; of one that does not nobody hears.
        Calls for the same two people are serialised, and so are sends in their private chat: each is decided wholly
        before or wholly after.  Raises USER_NOT_FOUND where the other is no active person and one keeps nothing of
        them, and what `plan` raises.
        """

    async def contacts(self, user_id: str, cursor: str, limit: int) -> tuple[list[Contact], str]:
        """Return a page of the rows that say something, by the other's id, and the next cursor."""

    async def blockers(self, user_id: str, among: Sequence[str]) -> set[str]:
        """Return which of these people have blocked this one."""

    async def company(self, user_id: str, conversation_id: str) -> tuple[str, ...] | None:
        """Return who may be told what passes (that this person types): `small_audience`, or none but this person.

        The latter in a private chat in which one has blocked the other.
        """
