"""Legal holds, and reading what they hold.

The two are different permissions: to hold is to keep, and whoever keeps need not read; to export is to read what people
wrote to each other in private, whatever was taken back of it included.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.chat import holds
from hubbub.chat.holding import Holding
from hubbub.files.model import FileRow, FileState
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.downloads import give
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit, an_id, conversation_of, id_after, user_of
from hubbub.rest.log_models import Entry
from hubbub.rest.refusals import BODY, refuses
from hubbub.rest.words import Kind, word

__all__ = ["GUARDED"]

_CHANGE = (*BODY, Code.NOT_FOUND, Code.CONFLICT, Code.UNKNOWN_OUTCOME)
_NAMES = (Code.USER_NOT_FOUND, Code.CONVERSATION_NOT_FOUND)
_EXPORT: dict[str, Any] = {"scope": scopes.ADMIN, "permission": Permission.HOLDS_EXPORT}
_MANAGE: dict[str, Any] = {"scope": scopes.ADMIN, "permission": Permission.HOLDS_MANAGE}

Text = Annotated[str, msgspec.Meta(max_length=4000)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Ids = Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=holds.SUBJECTS_AT_ONCE)]
StateQuery = Annotated[Literal["open", "closed"], QueryParameter(name="state", description="Which holds.")]


class NewSubjects(msgspec.Struct, kw_only=True):
    """People and conversations, by id; at least one."""

    user_ids: Ids = []
    conversation_ids: Ids = []


class NewHold(msgspec.Struct, kw_only=True):
    """What is to be kept, and why."""

    name: Text
    reason: Text
    user_ids: Ids = []
    """Whose conversations are held, all that they are or were in."""
    conversation_ids: Ids = []
    from_ms: Number = 0
    """Hold what was written then or later; 0: from the beginning."""
    until_ms: Number = 0
    """And before then; 0: without end."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A legal hold."""

    hold_id: str
    name: str
    reason: str
    from_ms: int
    until_ms: int
    created_by: str
    created_ms: int
    closed_by: str
    closed_ms: int
    """0 while it is open."""
    people: int
    conversations: int

    @classmethod
    def of(cls, hold: holds.Hold) -> Hold:
        return cls(
            hold_id=hold.id,
            name=hold.name,
            reason=hold.reason,
            from_ms=hold.from_ms,
            until_ms=hold.until_ms,
            created_by=hold.created_by,
            created_ms=hold.created_ms,
            closed_by=hold.closed_by,
            closed_ms=hold.closed_ms,
            people=hold.people,
            conversations=hold.conversations,
        )


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something that is held."""

    subject_id: str
    kind: Literal["person", "conversation"]
    name: str
    """What they were called when they were added."""
    added_by: str
    added_ms: int


class ShownHold(msgspec.Struct, frozen=True, kw_only=True):
    """A legal hold and everything it is over; there are at most a thousand."""

    hold: Hold
    subjects: list[Subject]


class HoldPage(msgspec.Struct, frozen=True, kw_only=True):
    holds: list[Hold]
    next_cursor: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    export_id: str
    hold_id: str
    created_ms: int


class HeldConversation(msgspec.Struct, frozen=True, kw_only=True):
    conversation_id: str
    kind: Kind
    title: str


class HeldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log as it was written, its words included if they were taken back."""

    entry: Entry
    sender: str
    """The username; of somebody the hold is over, the one they had when they were put under it."""
    recalled: bool
    """To everybody else its words are gone."""
    erased: bool
    """Here too: they were taken back before anything held them."""


class HeldPage(msgspec.Struct, frozen=True, kw_only=True):
    """Part of what a hold holds, by conversation and seq.  It may have few entries, or none, and not be the end."""

    entries: list[HeldEntry]
    conversations: list[HeldConversation]
    """Those the page has entries of."""
    next_cursor: str
    """Empty on the last page."""

    @classmethod
    def of(cls, page: holds.HeldPage) -> HeldPage:
        return cls(
            entries=[
                HeldEntry(
                    entry=Entry.of(each.entry),
                    sender=page.names.get(each.entry.sender_id, ""),
                    recalled=each.recalled,
                    erased=each.erased,
                )
                for each in page.entries
            ],
            conversations=[
                HeldConversation(conversation_id=each.id, kind=word(each.kind), title=each.title)
                for each in page.conversations
            ],
            next_cursor=page.next_cursor,
        )


class Exported(msgspec.Struct, kw_only=True):
    """What was made of an export."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """Of its manifest, which has the digests of everything else."""
    entries: Number
    files: Number = 0


# ---------------------------------------------------------------- holds


@post(
    "/holds",
    summary="Open a legal hold",
    tags=["holds"],
    opt=refuses(
        *BODY,
        *_NAMES,
        Code.NOT_FOUND,
        Code.UNKNOWN_OUTCOME,
        **_MANAGE,
        example={
            "name": "Capulet v. Montague",
            "reason": "The fray in the square",
            "user_ids": ["0190f0e1a2b37c4d8e9fa0b1c2d3e4f5"],
        },
    ),
)
async def open_hold(data: JSONBody[NewHold], identity: IdentityDep, deps: DepsDep) -> Hold:
    """Keep, from the moment this answers, what these people can read and these conversations hold.

    What is recalled is recalled for everybody, and a copy is kept; retention passes these conversations over.  Nobody
    is told, the people themselves least of all.
    """
    made = await _holding(deps).open(
        data.name,
        data.reason,
        _subjects(data.user_ids, data.conversation_ids),
        identity.user_id,
        from_ms=data.from_ms,
        until_ms=data.until_ms,
    )
    return Hold.of(made)


@get("/holds", summary="List legal holds", tags=["holds"], opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, **_MANAGE))
async def list_holds(deps: DepsDep, which: StateQuery = "open", cursor: Cursor = "", limit: Limit = 0) -> HoldPage:
    """Return holds, the oldest first."""
    after = id_after(cursor)
    rows, following = await _holding(deps).holds(which == "closed", after, deps.settings.page_size(limit))
    return HoldPage(holds=[Hold.of(row) for row in rows], next_cursor=following)


@get("/holds/{hold_id:str}", summary="Read a legal hold", tags=["holds"], opt=refuses(Code.NOT_FOUND, **_MANAGE))
async def read_hold(hold_id: FromPath[str], deps: DepsDep) -> ShownHold:
    """Return a hold and whom and what it is over."""
    hold, subjects = await _holding(deps).hold(an_id(hold_id, Code.NOT_FOUND))
    return ShownHold(
        hold=Hold.of(hold),
        subjects=[
            Subject(
                subject_id=one.id,
                kind=one.kind.value,
                name=one.name,
                added_by=one.added_by,
                added_ms=one.added_ms,
            )
            for one in subjects
        ],
    )


@post(
    "/holds/{hold_id:str}/subjects",
    status_code=200,
    summary="Put more under a legal hold",
    tags=["holds"],
    opt=refuses(*_CHANGE, *_NAMES, **_MANAGE, example={"conversation_ids": ["0190b2f8c1f07a3e8f0d2a4b6c8e0f12"]}),
)
async def add_to_hold(
    hold_id: FromPath[str], data: JSONBody[NewSubjects], identity: IdentityDep, deps: DepsDep
) -> Hold:
    """Add people and conversations to an open hold; those it is over already change nothing."""
    subjects = _subjects(data.user_ids, data.conversation_ids)
    return Hold.of(await _holding(deps).add(an_id(hold_id, Code.NOT_FOUND), subjects, identity.user_id))


@delete(
    "/holds/{hold_id:str}/subjects/{subject_id:str}",
    status_code=200,
    summary="Let go of a person or conversation",
    tags=["holds"],
    opt=refuses(*_CHANGE, **_MANAGE),
)
async def remove_from_hold(hold_id: FromPath[str], subject_id: FromPath[str], deps: DepsDep) -> Hold:
    """Take somebody or something off an open hold; copies that no open hold needs are deleted soon after."""
    return Hold.of(await _holding(deps).remove(an_id(hold_id, Code.NOT_FOUND), an_id(subject_id, Code.NOT_FOUND)))


@post(
    "/holds/{hold_id:str}/close",
    status_code=200,
    summary="Close a legal hold",
    tags=["holds"],
    opt=refuses(*_CHANGE, **_MANAGE),
)
async def close_hold(hold_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> Hold:
    """End a hold for good; copies and files that no other open hold needs are deleted soon after."""
    return Hold.of(await _holding(deps).close(an_id(hold_id, Code.NOT_FOUND), identity.user_id))


# ---------------------------------------------------------------- what they hold


@post(
    "/holds/{hold_id:str}/exports",
    summary="Begin to read what a legal hold holds",
    tags=["holds"],
    opt=refuses(*_CHANGE, **_EXPORT),
)
async def begin_export(hold_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> Export:
    """Begin an export, which is written into the audit log; what an open hold holds is read by who began one."""
    made = await _holding(deps).begin_export(an_id(hold_id, Code.NOT_FOUND), identity.user_id)
    return Export(export_id=made.id, hold_id=made.hold_id, created_ms=made.created_ms)


@get(
    "/holds/{hold_id:str}/exports/{export_id:str}/entries",
    summary="Read what a legal hold holds",
    tags=["holds"],
    opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, **_EXPORT),
)
async def read_export(
    hold_id: FromPath[str],
    export_id: FromPath[str],
    identity: IdentityDep,
    deps: DepsDep,
    cursor: Cursor = "",
    limit: Limit = 0,
) -> HeldPage:
    """Return the log as it was written, by conversation: private chats, and what was recalled and edited, included.

    Of a conversation that is named everything; of a person what they could read in private chats and groups, and what
    they wrote in public.
    """
    which = _export(hold_id, export_id)
    return HeldPage.of(await _holding(deps).held(*which, identity.user_id, cursor, deps.settings.page_size(limit)))


@get(
    "/holds/{hold_id:str}/exports/{export_id:str}/files/{file_id:str}",
    summary="Download a file that a legal hold holds",
    tags=["holds"],
    opt=refuses(Code.NOT_FOUND, Code.FILE_NOT_FOUND, Code.FILES_OFF, Code.BAD_RANGE, download=True, **_EXPORT),
)
async def read_held_file(
    hold_id: FromPath[str],
    export_id: FromPath[str],
    file_id: FromPath[str],
    request: Request[Any, Any, Any],
    identity: IdentityDep,
    deps: DepsDep,
) -> Response[Any]:
    """Return the bytes of a file that something held shows, or showed before it was recalled."""
    file = await _holding(deps).held_file(
        *_export(hold_id, export_id), identity.user_id, an_id(file_id, Code.FILE_NOT_FOUND)
    )
    if deps.files is None:
        raise ChatError(Code.FILES_OFF)
    row = FileRow(
        id=file.id,
        owner_id="",
        name=file.name,
        type=file.type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        state=FileState.READY,
    )
    return await give(deps.files, request, row, "content", True)


@post(
    "/holds/{hold_id:str}/exports/{export_id:str}/finish",
    status_code=204,
    summary="Have remembered what was exported",
    tags=["holds"],
    opt=refuses(*_CHANGE, **_EXPORT, example={"sha256": "0" * 64, "entries": 2, "files": 0}),
)
async def finish_export(
    hold_id: FromPath[str], export_id: FromPath[str], data: JSONBody[Exported], identity: IdentityDep, deps: DepsDep
) -> None:
    """Write into the audit log how much was exported and the digest of its manifest, to compare it with later."""
    await _holding(deps).finish_export(
        *_export(hold_id, export_id), identity.user_id, sha256=data.sha256, entries=data.entries, files=data.files
    )


def _holding(deps: Deps) -> Holding:
    if deps.holding is None:
        raise ChatError(Code.NOT_FOUND)
    return deps.holding


def _subjects(user_ids: list[str], conversation_ids: list[str]) -> holds.Subjects:
    return holds.Subjects(tuple(map(user_of, user_ids)), tuple(map(conversation_of, conversation_ids)))


def _export(hold_id: str, export_id: str) -> tuple[str, str]:
    return an_id(hold_id, Code.NOT_FOUND), an_id(export_id, Code.NOT_FOUND)


GUARDED = [
    open_hold,
    list_holds,
    read_hold,
    add_to_hold,
    remove_from_hold,
    close_hold,
    begin_export,
    read_export,
    read_held_file,
    finish_export,
]
