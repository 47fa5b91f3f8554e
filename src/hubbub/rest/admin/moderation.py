"""Reports, held messages and word filters."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat import model, moderation, words
from hubbub.chat.model import Recall
from hubbub.chat.moderating import Moderating
from hubbub.rest.commands import store
from hubbub.rest.deps import CallerDep, Deps, DepsDep, IdentityDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit, an_id, conversation_of, id_after, user_of
from hubbub.rest.refusals import BODY, COMMAND, READ, refuses

__all__ = ["GUARDED"]

_CHANGE = (*BODY, Code.NOT_FOUND, Code.CONFLICT, Code.UNKNOWN_OUTCOME)

Text = Annotated[str, msgspec.Meta(max_length=4000)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Reason = Literal["spam", "abuse", "violence", "illegal", "other"]
ActionName = Literal["refuse", "mask", "hold"]
HeldStateName = Literal["waiting", "accepted", "declined", "failed"]
ReportStateQuery = Annotated[Literal["open", "closed"], QueryParameter(name="state", description="Which reports.")]
HeldStateQuery = Annotated[HeldStateName, QueryParameter(name="state", description="Which held messages.")]


class NewReport(msgspec.Struct, kw_only=True):
    """A message, by its conversation and number, or a person."""

    reason: Reason
    note: Text = ""
    conversation_id: str = ""
    seq: Number = 0
    user_id: str = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who reports hears."""

    report_id: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Something a moderator is to look at."""

    report_id: str
    reporter_id: str
    user_id: str
    """Whom it is about."""
    reason: str
    note: str
    time_ms: int
    conversation_id: str
    """Empty: it is about the person."""
    seq: int
    excerpt: str
    """What the message said when it was reported."""
    resolution: str
    """Empty while it is open."""
    resolved_by: str
    resolved_ms: int
    resolved_note: str

    @classmethod
    def of(cls, report: moderation.Report) -> Report:
        return cls(
            report_id=report.id,
            reporter_id=report.reporter_id,
            user_id=report.user_id,
            reason=report.reason.value,
            note=report.note,
            time_ms=report.time_ms,
            conversation_id=report.conversation_id,
            seq=report.seq,
            excerpt=report.excerpt,
            resolution=report.resolution.value if report.resolution else "",
            resolved_by=report.resolved_by,
            resolved_ms=report.resolved_ms,
            resolved_note=report.resolved_note,
        )


class ReportPage(msgspec.Struct, frozen=True, kw_only=True):
    reports: list[Report]
    next_cursor: str


class NewResolution(msgspec.Struct, kw_only=True):
    """What came of a report, and what is to be done about it."""

    resolution: Literal["dismissed", "acted"]
    note: Text = ""
    recall: bool = False
    """Recall the message; in a channel."""
    ban_until_ms: Number | None = None
    """Ban the person until then; 0: without end.  It needs the permission to ban."""
    mute_until_ms: Number | None = None
    """Mute the person until then; 0: without end.  It needs the permission to mute."""


class HeldMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for a moderator."""

    held_id: str
    conversation_id: str
    user_id: str
    client_id: str
    edit_of: int
    """It is an edit of that message; 0: a message of its own."""
    text: str
    filter_id: str
    time_ms: int
    state: str
    decided_by: str
    decided_ms: int
    error: str
    """Why it was refused after it was let through."""

    @classmethod
    def of(cls, held: moderation.Held) -> HeldMessage:
        action = held.submit.action
        body = action.body if isinstance(action, model.Post | model.Edit) else model.Body()
        return cls(
            held_id=held.id,
            conversation_id=held.submit.conversation_id,
            user_id=held.user_id,
            client_id=held.submit.client_id,
            edit_of=action.target_seq if isinstance(action, model.Edit) else 0,
            text=body.text or body.fallback or body.custom_json,
            filter_id=held.filter_id,
            time_ms=held.time_ms,
            state=held.state.value,
            decided_by=held.decided_by,
            decided_ms=held.decided_ms,
            error=held.error,
        )


class HeldPage(msgspec.Struct, frozen=True, kw_only=True):
    held: list[HeldMessage]
    next_cursor: str


class Decision(msgspec.Struct, kw_only=True):
    accept: bool


class NewFilter(msgspec.Struct, kw_only=True):
    """A word or phrase and what becomes of messages with it."""

    pattern: Text
    """An asterisk at either end lets the word go on there."""
    action: ActionName


class WordFilter(msgspec.Struct, frozen=True, kw_only=True):
    filter_id: str
    pattern: str
    action: str
    created_by: str
    created_ms: int

    @classmethod
    def of(cls, made: words.WordFilter) -> WordFilter:
        return cls(
            filter_id=made.id,
            pattern=made.pattern,
            action=made.action.value,
            created_by=made.created_by,
            created_ms=made.created_ms,
        )


class FilterList(msgspec.Struct, frozen=True, kw_only=True):
    """Every filter, in the order they were made; there are at most a thousand."""

    filters: list[WordFilter]


class Attempt(msgspec.Struct, kw_only=True):
    text: Text


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a message in a channel."""

    action: str
    """Empty: it is let through as it is."""
    filter_id: str
    text: str
    """What would be stored; empty: nothing."""


# ---------------------------------------------------------------- reports


@post(
    "/reports",
    summary="Report a message or a person",
    tags=["moderation"],
    opt=refuses(
        *BODY,
        *READ,
        Code.MESSAGE_NOT_FOUND,
        Code.USER_NOT_FOUND,
        Code.NOT_FOUND,
        scope=scopes.WRITE,
        example={"reason": "abuse", "user_id": "0190f0e1a2b37c4d8e9fa0b1c2d3e4f5", "note": "He bit his thumb at me."},
    ),
)
async def report(data: JSONBody[NewReport], caller: CallerDep, deps: DepsDep) -> Reported:
    """Have a moderator look at a message one can see, or at a person; they are not told by whom.

    Doing it again finds the first report while it is open.
    """
    reason = moderation.ReportReason(data.reason)
    if bool(data.user_id) == bool(data.conversation_id):
        raise ChatError(Code.BAD_REQUEST, "Give either conversation_id and seq, or user_id.")
    if data.user_id:
        made = await _moderating(deps).report_person(caller, user_of(data.user_id), reason, data.note)
    else:
        conversation_id = conversation_of(data.conversation_id)
        made = await _moderating(deps).report_message(caller, conversation_id, data.seq, reason, data.note)
    return Reported(report_id=made.id)


@get(
    "/reports",
    summary="List reports",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.REPORTS_HANDLE),
)
async def list_reports(
    deps: DepsDep, which: ReportStateQuery = "open", cursor: Cursor = "", limit: Limit = 0
) -> ReportPage:
    """Return reports, the oldest first."""
    rows, following = await _moderating(deps).reports(
        which == "closed", id_after(cursor), deps.settings.page_size(limit)
    )
    return ReportPage(reports=[Report.of(row) for row in rows], next_cursor=following)


@get(
    "/reports/{report_id:str}",
    summary="Read a report",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, scope=scopes.ADMIN, permission=Permission.REPORTS_HANDLE),
)
async def read_report(report_id: FromPath[str], deps: DepsDep) -> Report:
    """Return one report."""
    return Report.of(await _moderating(deps).report(an_id(report_id, Code.NOT_FOUND)))


@post(
    "/reports/{report_id:str}/resolve",
    status_code=200,
    summary="Resolve a report",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        *COMMAND,
        scope=scopes.ADMIN,
        permission=Permission.REPORTS_HANDLE,
        example={"resolution": "dismissed", "note": "It was his own thumb."},
    ),
)
async def resolve_report(
    report_id: FromPath[str], data: JSONBody[NewResolution], identity: IdentityDep, caller: CallerDep, deps: DepsDep
) -> Report:
    """Close a report with what came of it, and do what is asked: recall the message, mute or ban the person.

    What is asked is done first; if it is refused, the report stays open.
    """
    moderating = _moderating(deps)
    found = await moderating.report(an_id(report_id, Code.NOT_FOUND))
    if found.resolution is not None:
        raise ChatError(Code.CONFLICT, "The report is closed already.")
    if data.recall:
        if not found.conversation_id:
            raise ChatError(Code.BAD_REQUEST, "The report is about a person.")
        try:
            await store(deps, caller, found.conversation_id, new_id(), Recall(target_seq=found.seq))
        except ChatError as refusal:
            # Somebody was quicker.
            if refusal.code is not Code.MESSAGE_RECALLED:
                raise
    if data.ban_until_ms is not None:
        if deps.roles is None or not identity.can(Permission.PEOPLE_BAN):
            raise ChatError(Code.FORBIDDEN)
        await deps.roles.ban(identity, found.user_id, data.ban_until_ms, data.note[:500])
    if data.mute_until_ms is not None:
        if deps.roles is None or not identity.can(Permission.PEOPLE_MUTE):
            raise ChatError(Code.FORBIDDEN)
        await deps.roles.mute(identity, found.user_id, data.mute_until_ms, data.note[:500])
    resolution = moderation.Resolution(data.resolution)
    return Report.of(await moderating.resolve(found.id, resolution, data.note, identity.user_id))


# ---------------------------------------------------------------- held messages


@get(
    "/held",
    summary="List held messages",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.REPORTS_HANDLE),
)
async def list_held(
    deps: DepsDep, which: HeldStateQuery = "waiting", cursor: Cursor = "", limit: Limit = 0
) -> HeldPage:
    """Return messages that word filters hold, the oldest first."""
    rows, following = await _moderating(deps).held(
        moderation.HeldState(which), id_after(cursor), deps.settings.page_size(limit)
    )
    return HeldPage(held=[HeldMessage.of(row) for row in rows], next_cursor=following)


@post(
    "/held/{held_id:str}",
    status_code=200,
    summary="Decide about a held message",
    tags=["moderation"],
    opt=refuses(*_CHANGE, scope=scopes.ADMIN, permission=Permission.REPORTS_HANDLE, example={"accept": True}),
)
async def decide_held(
    held_id: FromPath[str], data: JSONBody[Decision], identity: IdentityDep, deps: DepsDep
) -> HeldMessage:
    """Let a message through, which sends it within moments in its author's name, or decline it for good."""
    held = await _moderating(deps).decide(an_id(held_id, Code.NOT_FOUND), data.accept, identity.user_id)
    return HeldMessage.of(held)


# ---------------------------------------------------------------- filters


@get(
    "/filters",
    summary="List word filters",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, scope=scopes.ADMIN, permission=Permission.FILTERS_CHANGE),
)
async def list_filters(deps: DepsDep) -> FilterList:
    """Return every word filter."""
    return FilterList(filters=[WordFilter.of(one) for one in await _moderating(deps).filters()])


@post(
    "/filters",
    summary="Make a word filter",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        scope=scopes.ADMIN,
        permission=Permission.FILTERS_CHANGE,
        example={"pattern": "villain*", "action": "hold"},
    ),
)
async def create_filter(data: JSONBody[NewFilter], identity: IdentityDep, deps: DepsDep) -> WordFilter:
    """Refuse, mask or hold messages with a word from now on, however it is dressed up, at every node."""
    action = words.FilterAction(data.action)
    return WordFilter.of(await _moderating(deps).save_filter("", data.pattern, action, identity.user_id))


@put(
    "/filters/{filter_id:str}",
    summary="Change a word filter",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        scope=scopes.ADMIN,
        permission=Permission.FILTERS_CHANGE,
        example={"pattern": "villain*", "action": "mask"},
    ),
)
async def change_filter(
    filter_id: FromPath[str], data: JSONBody[NewFilter], identity: IdentityDep, deps: DepsDep
) -> WordFilter:
    """Give a filter another word or another action."""
    action, known = words.FilterAction(data.action), an_id(filter_id, Code.NOT_FOUND)
    return WordFilter.of(await _moderating(deps).save_filter(known, data.pattern, action, identity.user_id))


@delete(
    "/filters/{filter_id:str}",
    status_code=204,
    summary="Remove a word filter",
    tags=["moderation"],
    opt=refuses(*_CHANGE, scope=scopes.ADMIN, permission=Permission.FILTERS_CHANGE),
)
async def remove_filter(filter_id: FromPath[str], deps: DepsDep) -> None:
    """Let a word through again."""
    await _moderating(deps).remove_filter(an_id(filter_id, Code.NOT_FOUND))


@post(
    "/filters/try",
    status_code=200,
    summary="Try the word filters",
    tags=["moderation"],
    opt=refuses(
        *BODY,
        Code.NOT_FOUND,
        Code.TEXT_TOO_LONG,
        scope=scopes.ADMIN,
        permission=Permission.FILTERS_CHANGE,
        example={"text": "Thou art a v i l l a i n."},
    ),
)
async def try_filters(data: JSONBody[Attempt], deps: DepsDep) -> Judged:
    """Return what would become of a message with this text."""
    verdict = await _moderating(deps).try_text(data.text)
    if verdict is None:
        return Judged(action="", filter_id="", text=data.text)
    said = verdict.masked.text if verdict.masked is not None else ""
    return Judged(action=verdict.action.value, filter_id=verdict.filter_id, text=said)


def _moderating(deps: Deps) -> Moderating:
    if deps.moderating is None:
        raise ChatError(Code.NOT_FOUND)
    return deps.moderating


GUARDED = [
    report,
    list_reports,
    read_report,
    resolve_report,
    list_held,
    decide_held,
    list_filters,
    create_filter,
    change_filter,
    remove_filter,
    try_filters,
]
