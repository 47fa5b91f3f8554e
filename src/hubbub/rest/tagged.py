"""Answers that say which version they are, so that who has it already is told just that.

The tag is a digest of what would be sent (RFC 9110 section 8.8.3): it differs whenever a byte does, and needs nobody to
count versions.  Reading costs the same; what is saved is the way.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request, Response

from hubbub.rest.ranges import matches

__all__ = ["tagged"]

T = TypeVar("T")

_KEEP = "private, no-cache"
"""Keep it, and ask each time whether it still holds (RFC 9111 section 5.2.2.4)."""


def tagged(request: Request[Any, Any, Any], value: T) -> Response[T]:
    """Answer with a value and its tag, or with 304 if If-None-Match names that tag."""
    body = msgspec.json.encode(value)
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"etag": etag, "cache-control": _KEEP, "vary": "authorization"}
    if matches(request.headers.get("if-none-match", ""), etag):
        return cast("Response[T]", Response(None, status_code=304, headers=headers))
    return cast("Response[T]", Response(body, headers=headers, media_type="application/json"))
