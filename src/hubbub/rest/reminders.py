"""Messages that somebody wants to come back to."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import Code
from hubbub.chat import reminders
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit, TargetSeq, conversation_of
from hubbub.rest.refusals import BODY, READ, refuses

__all__ = ["GUARDED", "Reminder"]


class NewReminder(msgspec.Struct, kw_only=True):
    due_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
    """When, in milliseconds since 1970-01-01 UTC."""
    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """What the caller writes to themselves about it."""


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the caller wants to come back to; nobody else sees it."""

    conversation_id: str
    seq: int
    due_ms: int
    """0: not at all any more; such rows come only with changes."""
    note: str
    due: bool
    """Whether its time has come."""
    version: int

    @classmethod
    def of(cls, row: reminders.Reminder) -> Reminder:
        return cls(
            conversation_id=row.conversation_id,
            seq=row.seq,
            due_ms=row.due_ms,
            note=row.note,
            due=row.due,
            version=row.version,
        )


class ReminderPage(msgspec.Struct, frozen=True, kw_only=True):
    reminders: list[Reminder]
    next_cursor: str
    """Empty on the last page."""


@get(
    "/me/reminders",
    summary="List what one wants to be reminded of",
    tags=["messages"],
    opt=refuses(Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_reminders(caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> ReminderPage:
    """Return the caller's reminders, soonest first: those that are due, then those that wait."""
    rows, following = await deps.chat.reminders(caller, cursor, limit)
    return ReminderPage(reminders=[Reminder.of(row) for row in rows], next_cursor=following)


@put(
    "/me/reminders/{conversation_id:str}/{seq:int}",
    summary="Be reminded of a message",
    tags=["messages"],
    opt=refuses(
        *BODY,
        *READ,
        Code.MESSAGE_NOT_FOUND,
        Code.MESSAGE_RECALLED,
        Code.SCHEDULED_IN_PAST,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"due_ms": 1893456000000, "note": "Answer by then"},
    ),
)
async def set_reminder(
    conversation_id: FromPath[str], seq: TargetSeq, data: JSONBody[NewReminder], caller: CallerDep, deps: DepsDep
) -> Reminder:
    """Have the caller reminded of a message at a time, once, restarts or not; another time moves it.

    When it is due, the row comes with `user_changed` to all their devices, and browsers that are closed are called.
    The same again is no change.
    """
    row = await deps.chat.set_reminder(caller, conversation_of(conversation_id), seq, data.due_ms, data.note)
    return Reminder.of(row)


@delete(
    "/me/reminders/{conversation_id:str}/{seq:int}",
    status_code=204,
    summary="Take a reminder away",
    tags=["messages"],
    opt=refuses(Code.CONVERSATION_NOT_FOUND, Code.STORAGE_FULL, Code.UNKNOWN_OUTCOME, scope=scopes.WRITE),
)
async def take_reminder_away(conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep) -> None:
    """Be done with it, whether it was due or not; where there is none, nothing happens."""
    await deps.chat.set_reminder(caller, conversation_of(conversation_id), seq, 0, "")


GUARDED = [list_reminders, set_reminder, take_reminder_away]
