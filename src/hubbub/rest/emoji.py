"""A place's own emoji: the list everybody draws from, their pictures, and who may add and take away.

A picture never changes, so whoever has one keeps it; the list is asked for again by its version.  An `<img>` carries no
token, so the list comes with a query for the pictures' addresses, which is the caller's own and ends.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.types import Guard

from hubbub.auth import scopes
from hubbub.auth.limits import Allowance
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.files import emoji as own
from hubbub.files.links import Form
from hubbub.files.own_emoji import OwnEmoji
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.downloads import give
from hubbub.rest.files import Ends, Signature, User
from hubbub.rest.guards import bearer_if_any
from hubbub.rest.inputs import an_id
from hubbub.rest.ranges import matches
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED", "OPEN", "reader_guard"]

_PICTURES = "/api/v1/emoji/pictures"
_AHEAD = 16.0
"""Seconds' worth of questions that may come at once: a picker shows hundreds of pictures."""

Name = Annotated[
    str, QueryParameter(max_length=200, description="Without colons; letters of any script, digits, `_`, `-` and `+`.")
]
Alias = Annotated[
    list[str] | None,
    QueryParameter(max_length=10, required=False, description="Another name of it; as often as there are."),
]
Pack = Annotated[str, QueryParameter(max_length=200, description="What it is sorted under; empty: nothing.")]
PackName = Annotated[str, QueryParameter(max_length=200, description="What its emoji are sorted under.")]
Still = Annotated[bool, QueryParameter(description="One that moves: its first picture.")]


class Emoji(msgspec.Struct, frozen=True, kw_only=True):
    """An emoji, which is written `:name:` in messages and reactions."""

    name: str
    aliases: list[str]
    """Other names of it."""
    pack: str
    """What it is sorted under; empty: nothing."""
    picture: str
    """Path of its picture, a WebP; what the list says of a query is added."""
    moving: bool
    """It moves; `still=true` gives its first picture."""
    created_by: str
    created_ms: int

    @classmethod
    def of(cls, one: own.Emoji) -> Emoji:
        return cls(
            name=one.name,
            aliases=list(one.aliases),
            pack=one.pack,
            picture=f"{_PICTURES}/{one.file_id}",
            moving=one.moving,
            created_by=one.created_by,
            created_ms=one.created_ms,
        )


class EmojiList(msgspec.Struct, frozen=True, kw_only=True):
    """Every emoji of the place, in the order of their packs and names."""

    version: int
    """It rises with every change."""
    emoji: list[Emoji]
    query: str
    """Added to a picture's path it needs no token, such as for an `<img>`."""
    ends_ms: int
    """When that ends."""


class AddedPack(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a pack."""

    pack: str
    emoji: list[Emoji]


def reader_guard(deps: Deps) -> Guard:
    """Return a guard that lets in bearers of a token, and whoever has the query of somebody's list."""
    per_s = deps.auth_settings.requests_per_second
    allowance = Allowance(deps.clock, per_s=per_s, burst=max(1.0, per_s * _AHEAD))

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        identity = await bearer_if_any(connection, deps, handler)
        allowance.take(identity.user_id if identity is not None else _by_query(connection, deps))

    return guard


def _by_query(connection: ASGIConnection[Any, Any, Any, Any], deps: Deps) -> str:
    query = connection.query_params
    user_id, signature, ends = (str(query.get(name, "")) for name in ("user", "signature", "ends"))
    if not signature:
        raise ChatError(Code.UNAUTHENTICATED)
    if not re.fullmatch(r"\d{1,16}", ends) or deps.links is None:
        raise ChatError(Code.BAD_TOKEN)
    deps.links.check_emoji(user_id, int(ends), signature)
    return user_id


def _emoji(deps: Deps) -> OwnEmoji:
    if deps.emoji is None:
        raise ChatError(Code.FILES_OFF)
    return deps.emoji


def _length(request: Request[Any, Any, Any]) -> int | None:
    given = request.headers.get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


@get("/emoji", summary="List the place's own emoji", tags=["emoji"], opt=refuses(Code.FILES_OFF, scope=scopes.READ))
async def list_emoji(request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep) -> Response[EmojiList]:
    """Return every emoji, and a query for their pictures.

    With the ETag of an earlier answer in If-None-Match, 304 while nothing changed; `emoji_changed` says when to ask.
    """
    emoji = _emoji(deps)
    assert deps.links is not None  # wherever there are files
    query, ends_ms = deps.links.emoji_query(identity.user_id)
    asked = request.headers.get("if-none-match", "")
    if asked and matches(asked, _tag(await emoji.version(), ends_ms)):
        return Response(None, status_code=304, headers=_kept(asked))  # type: ignore[arg-type]
    version, known = await emoji.listed()
    found = EmojiList(version=version, emoji=[Emoji.of(one) for one in known], query=query, ends_ms=ends_ms)
    return Response(found, headers=_kept(_tag(version, ends_ms)))


def _tag(version: int, ends_ms: int) -> str:
    return f'"{version}-{ends_ms}"'


def _kept(tag: str) -> dict[str, str]:
    return {"etag": tag, "cache-control": "private, no-cache"}


_MANAGE: dict[str, Any] = {"scope": scopes.ADMIN, "permission": Permission.EMOJI_MANAGE}
_UPLOAD = (*BODY, Code.CONFLICT, Code.FILE_TOO_LARGE, Code.FILE_QUOTA, Code.FILE_NOT_FOUND, Code.FILES_OFF)


@post(
    "/emoji",
    summary="Add an emoji",
    tags=["emoji"],
    request_max_body_size=None,
    opt=refuses(*_UPLOAD, upload=True, **_MANAGE),
)
async def add_emoji(
    request: Request[Any, Any, Any],
    identity: IdentityDep,
    deps: DepsDep,
    name: Name,
    alias: Alias = None,
    pack: Pack = "",
) -> Emoji:
    """Add an emoji: the body is its picture, a PNG, GIF, WebP, JPEG or AVIF, which is made small and may move.

    A name that is taken, or a standard emoji's, is refused.
    """
    made = await _emoji(deps).add(
        identity.user_id, request.stream(), length=_length(request), name=name, aliases=alias or (), pack=pack
    )
    return Emoji.of(made)


@delete(
    "/emoji/{name:str}",
    summary="Take an emoji away",
    tags=["emoji"],
    opt=refuses(Code.NOT_FOUND, Code.FILES_OFF, Code.STORAGE_FULL, **_MANAGE),
)
async def remove_emoji(name: FromPath[str], deps: DepsDep) -> None:
    """Take an emoji and its other names away, or one of its other names alone.  Where it was used its name is shown."""
    await _emoji(deps).remove(name.strip(":"))


@post(
    "/emoji-packs",
    summary="Add a pack of emoji",
    tags=["emoji"],
    request_max_body_size=None,
    opt=refuses(*_UPLOAD, upload=True, **_MANAGE),
)
async def add_emoji_pack(
    request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep, pack: PackName
) -> AddedPack:
    """Add every picture of a ZIP, called as its file is: all of them, or none where one is wrong, which is named."""
    made = await _emoji(deps).add_pack(identity.user_id, request.stream(), length=_length(request), pack=pack)
    return AddedPack(pack=made[0].pack, emoji=[Emoji.of(one) for one in made])


@delete(
    "/emoji-packs/{pack:str}",
    summary="Take a pack of emoji away",
    tags=["emoji"],
    opt=refuses(Code.NOT_FOUND, Code.FILES_OFF, Code.STORAGE_FULL, **_MANAGE),
)
async def remove_emoji_pack(pack: FromPath[str], deps: DepsDep) -> None:
    """Take every emoji of a pack away."""
    await _emoji(deps).remove_pack(pack)


@get(
    "/emoji/pictures/{file_id:str}",
    summary="Download the picture of an emoji",
    tags=["emoji"],
    opt=refuses(
        Code.FILE_NOT_FOUND, Code.BAD_RANGE, Code.FILES_OFF, optional_token=True, download=True, scope=scopes.READ
    ),
)
async def read_emoji_picture(
    file_id: FromPath[str],
    request: Request[Any, Any, Any],
    deps: DepsDep,
    user: User = "",
    ends: Ends = 0,
    signature: Signature = "",
    still: Still = False,
) -> Response[Any]:
    """Return a picture, which never changes, to a bearer or whoever has the query of a list."""
    row = await _emoji(deps).picture(an_id(file_id, Code.FILE_NOT_FOUND))
    assert deps.files is not None  # wherever there are emoji
    form: Form = "preview" if still and row.preview_bytes else "content"
    return await give(deps.files, request, row, form, False, for_good=True)


OPEN = [read_emoji_picture]
GUARDED = [list_emoji, add_emoji, remove_emoji, add_emoji_pack, remove_emoji_pack]
