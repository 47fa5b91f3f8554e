"""Files: giving them to the server, and getting them.

The body of an upload is the file and nothing else, read as it comes.  A file is given to whoever presents a token, or a
link made for one person, and to nobody that `files` does not allow it at that moment.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import Guard

from hubbub.auth import scopes
from hubbub.auth.limits import Allowance
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.files.links import Form
from hubbub.files.model import FileRow
from hubbub.files.service import Files
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.downloads import give
from hubbub.rest.guards import bearer_if_any
from hubbub.rest.inputs import MAX_NUMBER, an_id
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED", "OPEN", "PATH", "reader_guard"]

PATH = "/api/v1/files"

_LINKS = 100

Name = Annotated[
    str, QueryParameter(max_length=1000, description="What the file is called; of a path only the last part counts.")
]
User = Annotated[str, QueryParameter(max_length=64, description="Of a link: whom it was given to.")]
Ends = Annotated[int, QueryParameter(ge=0, le=MAX_NUMBER, description="Of a link: when it ends.")]
Signature = Annotated[str, QueryParameter(max_length=64, description="Of a link.")]
Download = Annotated[bool, QueryParameter(description="Have a browser save it also where it could show it.")]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file, with links for the caller that work without a token until they end."""

    file_id: str
    name: str
    type: str
    """Media type, by what the bytes say."""
    size_bytes: int
    width: int
    """Of pictures that were understood; else 0."""
    height: int
    preview: bool
    """There is a small picture of it."""
    sha256: str
    created_ms: int
    mine: bool
    url: str
    """Path and query of the content, such as an `<img>` takes."""
    preview_url: str
    """Of the small picture; of the content where a picture is small itself; empty for what is no picture."""
    download_url: str
    """Of the content, to be saved."""
    ends_ms: int
    """When the links end."""


class FileIds(msgspec.Struct, kw_only=True):
    """The files to get links for."""

    file_ids: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=_LINKS)]


class FileList(msgspec.Struct, frozen=True, kw_only=True):
    files: list[File]
    """In the order asked for; those that are not for the caller are absent."""


class FileRoom(msgspec.Struct, frozen=True, kw_only=True):
    """How much the caller may upload."""

    used_bytes: int
    limit_bytes: int
    """0: no limit."""
    file_bytes: int
    """The largest file."""


def reader_guard(deps: Deps) -> Guard:
    """Return a guard that lets in bearers of a token, and whoever follows a good link, each within their allowance."""
    per_s = deps.auth_settings.requests_per_second
    allowance = Allowance(deps.clock, per_s=per_s, burst=max(1.0, per_s * 4))

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        identity = await bearer_if_any(connection, deps, handler)
        user_id = identity.user_id if identity is not None else _by_link(connection, deps)
        allowance.take(user_id)
        connection.scope["user"] = user_id

    return guard


def _by_link(connection: ASGIConnection[Any, Any, Any, Any], deps: Deps) -> str:
    query = connection.query_params
    user_id, signature, ends = (str(query.get(name, "")) for name in ("user", "signature", "ends"))
    if not signature:
        raise ChatError(Code.UNAUTHENTICATED)
    form: Form = "preview" if connection.scope["path"].endswith("/preview") else "content"
    if not re.fullmatch(r"\d{1,16}", ends) or deps.links is None:
        raise ChatError(Code.BAD_TOKEN)
    deps.links.check(user_id, str(connection.path_params.get("file_id", "")), form, int(ends), signature)
    return user_id


def _files(deps: Deps) -> Files:
    if deps.files is None:
        raise ChatError(Code.FILES_OFF)
    return deps.files


def _shown(deps: Deps, user_id: str, row: FileRow) -> File:
    links = deps.links
    assert links is not None  # wherever there are files
    url = links.link(user_id, row.id, "content")
    preview = links.link(user_id, row.id, "preview") if row.preview_bytes else url if row.width else ""
    return File(
        file_id=row.id,
        name=row.name,
        type=row.type,
        size_bytes=row.size_bytes,
        width=row.width,
        height=row.height,
        preview=row.preview_bytes > 0,
        sha256=row.sha256.hex(),
        created_ms=row.created_ms,
        mine=row.owner_id == user_id,
        url=url,
        preview_url=preview,
        download_url=links.link(user_id, row.id, "content", download=True),
        ends_ms=links.ends_ms(),
    )


@post(
    "/files",
    summary="Upload a file",
    tags=["files"],
    request_max_body_size=None,
    opt=refuses(
        *BODY,
        Code.FILE_TOO_LARGE,
        Code.FILE_QUOTA,
        Code.FILES_OFF,
        upload=True,
        scope=scopes.WRITE,
        permission=Permission.FILES_SEND,
    ),
)
async def upload_file(request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep, name: Name = "") -> File:
    """Give the server a file: the body is its bytes.  A message shows it by its id.

    Breaking the request off leaves nothing.  Pictures lose everything that is not picture, the place they were taken at
    above all.  What no message shows within a day is deleted.
    """
    files = _files(deps)
    given = request.headers.get("content-length", "")
    length = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
    row = await files.upload(identity.user_id, name, request.stream(), length=length)
    return _shown(deps, identity.user_id, row)


@get(
    "/files/{file_id:str}",
    summary="Read what is known of a file",
    tags=["files"],
    opt=refuses(Code.FILE_NOT_FOUND, Code.FILES_OFF, scope=scopes.READ),
)
async def read_file(file_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> File:
    """Return a file's name, type and links.

    It is for whoever uploaded it, and for those who may see a message that shows it.
    """
    row = await _files(deps).need(identity.user_id, an_id(file_id, Code.FILE_NOT_FOUND))
    return _shown(deps, identity.user_id, row)


@post(
    "/files/links",
    status_code=200,
    summary="Get links to many files",
    tags=["files"],
    opt=refuses(*BODY, Code.FILES_OFF, scope=scopes.READ, example={"file_ids": ["0190b2f8c1f07a3e8f0d2a4b6c8e0f12"]}),
)
async def link_files(data: JSONBody[FileIds], identity: IdentityDep, deps: DepsDep) -> FileList:
    """Return what `GET /files/{file_id}` would of each, for a page of messages at once."""
    ids = list(dict.fromkeys(an_id(each, Code.BAD_REQUEST, "file_ids are ids.") for each in data.file_ids))
    found = await _files(deps).find(identity.user_id, ids)
    return FileList(files=[_shown(deps, identity.user_id, found[id_]) for id_ in ids if id_ in found])


@delete(
    "/files/{file_id:str}",
    summary="Throw an upload away",
    tags=["files"],
    opt=refuses(
        Code.FILE_NOT_FOUND, Code.FORBIDDEN, Code.CONFLICT, Code.FILES_OFF, Code.STORAGE_FULL, scope=scopes.WRITE
    ),
)
async def discard_file(file_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Delete one's own file that no message shows; others end with their messages."""
    await _files(deps).discard(identity.user_id, an_id(file_id, Code.FILE_NOT_FOUND))


@get(
    "/me/files", summary="Read how much one may upload", tags=["files"], opt=refuses(Code.FILES_OFF, scope=scopes.READ)
)
async def read_room(identity: IdentityDep, deps: DepsDep) -> FileRoom:
    """Return how much room the caller has and takes."""
    room = await _files(deps).room(identity.user_id)
    return FileRoom(used_bytes=room.used_bytes, limit_bytes=room.limit_bytes, file_bytes=room.file_bytes)


_DOWNLOAD = refuses(
    Code.FILE_NOT_FOUND,
    Code.BAD_RANGE,
    Code.FILES_OFF,
    optional_token=True,
    download=True,
    scope=scopes.READ,
)


@get("/files/{file_id:str}/content", summary="Download a file", tags=["files"], opt=_DOWNLOAD)
async def read_content(
    file_id: FromPath[str],
    request: Request[Any, Any, Any],
    deps: DepsDep,
    user: User = "",
    ends: Ends = 0,
    signature: Signature = "",
    download: Download = False,
) -> Response[Any]:
    """Return the bytes, or the part that Range asks for, to a bearer or whoever has a link."""
    row = await _files(deps).need(request.scope["user"], an_id(file_id, Code.FILE_NOT_FOUND))
    return await give(_files(deps), request, row, "content", download)


@get(
    "/files/{file_id:str}/preview",
    summary="Download the small picture of a file",
    tags=["files"],
    opt=_DOWNLOAD,
)
async def read_preview(
    file_id: FromPath[str],
    request: Request[Any, Any, Any],
    deps: DepsDep,
    user: User = "",
    ends: Ends = 0,
    signature: Signature = "",
) -> Response[Any]:
    """Return the small picture, where there is one."""
    row = await _files(deps).need(request.scope["user"], an_id(file_id, Code.FILE_NOT_FOUND))
    if not row.preview_bytes:
        raise ChatError(Code.FILE_NOT_FOUND)
    return await give(_files(deps), request, row, "preview", False)


OPEN = [read_content, read_preview]
GUARDED = [upload_file, read_file, link_files, discard_file, read_room]
