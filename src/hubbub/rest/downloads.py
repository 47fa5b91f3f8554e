"""Give out a file, or a part of it, as something that can never act as a page of this place.

Its type is the server's word, browsers may not guess another, everything that is not known to be harmless is saved
instead of shown, and a policy forbids whatever is left.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Stream

from hubbub.files.links import Form
from hubbub.files.model import FileRow
from hubbub.files.service import Files, type_of
from hubbub.files.sniff import is_shown
from hubbub.rest.ranges import Part, matches, part_of

__all__ = ["give"]

_KEPT_S = 600
"""A browser may show a picture again without asking for so long; a recall is not seen for so long by who had it."""

_FOR_GOOD = "private, max-age=604800, immutable"

_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


async def give(
    files: Files, request: Request[Any, Any, Any], row: FileRow, form: Form, download: bool, *, for_good: bool = False
) -> Response[Any]:
    """Answer with the file, the part that was asked for, or that what the client has is still it.

    `for_good`: whoever has it may keep it as long as its address is good.
    """
    size = row.size_bytes if form == "content" else row.preview_bytes
    etag = f'"{row.sha256.hex()[:32]}{"" if form == "content" else "-s"}"'
    headers = {
        "etag": etag,
        "accept-ranges": "bytes",
        "cache-control": _FOR_GOOD if for_good else f"private, max-age={_KEPT_S}",
        "content-security-policy": _POLICY,
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "content-disposition": _disposition(row, form, download),
    }
    asked = request.headers
    if matches(asked.get("if-none-match", ""), etag):
        return Response(None, status_code=304, headers=headers, media_type=type_of(row, form))
    part: Part | None = None
    # RFC 9110 section 13.1.5: a part of another version is no part of this one.
    if asked.get("if-range", etag) == etag:
        part = part_of(asked.get("range", ""), size)
    first, end = part or (0, size)
    headers["content-length"] = str(end - first)
    if part is not None:
        headers["content-range"] = f"bytes {first}-{end - 1}/{size}"

    # Only its headers are wanted; see `rest.metrics`.
    wanted = "hubbub.head" not in (request.scope.get("extensions") or {})
    content = files.read(row, form, first, end)
    # A store that does not answer is said so, while there is still something to say it with.
    begin = await anext(content, b"") if wanted else b""

    async def pieces() -> AsyncIterator[bytes]:
        if begin:
            yield begin
            async for piece in content:
                yield piece

    status = 200 if part is None else 206
    return Stream(pieces(), status_code=status, headers=headers, media_type=type_of(row, form))


def _disposition(row: FileRow, form: Form, download: bool) -> str:
    """Say whether it is shown or saved, and its name (RFC 6266 section 4.3)."""
    how = "inline" if form == "preview" or (is_shown(row.type) and not download) else "attachment"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", row.name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(row.name, safe='')}"
