"""Errors as RFC 9457 problem documents.

Whatever goes wrong leaves here: a refusal of the services with its code, a request the framework could not read, or a
bug, which is logged whole and answered with `internal_error` and nothing else.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from litestar.routes import HTTPRoute

from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.chat.ports import StoreError
from hubbub.rest.language import preferred
from hubbub.rest.ranges import NoSuchPart

__all__ = ["HANDLERS", "PROBLEM_TYPE", "Problem", "problem_of", "problem_response", "refusal_of"]

log = logging.getLogger("hubbub.rest")

PROBLEM_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong (RFC 9457)."""

    code: str
    title: str
    status: int
    detail: str
    retry: bool
    type: str = ""
    retry_after_ms: int = 0


def problem_of(error: ChatError, language: str = "en") -> Problem:
    """Describe a refusal.

    The sentence of the table when the error has none of its own.
    """
    row = TABLE[error.code]
    title = row.zh if language == "zh" else row.en
    said = str(error)
    return Problem(
        type=f"urn:hubbub:error:{error.code.value}",
        code=error.code.value,
        title=title,
        status=row.http,
        detail=title if said == row.en else said,
        retry=row.retry,
        retry_after_ms=math.ceil(error.retry_after_s * 1000),
    )


def headers_of(error: ChatError) -> dict[str, str]:
    """Return the header fields an error asks for."""
    headers = {"cache-control": "no-store"}
    if error.retry_after_s > 0:
        headers["retry-after"] = str(math.ceil(error.retry_after_s))
    if isinstance(error, NoSuchPart):
        # RFC 9110 section 15.5.17: a 416 says how long the content is.
        headers["content-range"] = f"bytes */{error.size}"
    if TABLE[error.code].http == 401:
        # RFC 6750 section 3: a 401 names the scheme, and the error once a token was presented.
        presented = error.code is not Code.UNAUTHENTICATED
        headers["www-authenticate"] = 'Bearer error="invalid_token"' if presented else "Bearer"
    if error.code is Code.INSUFFICIENT_SCOPE:
        headers["www-authenticate"] = 'Bearer error="insufficient_scope"'
    return headers


def problem_response(request: Request[Any, Any, Any], error: ChatError) -> Response[bytes]:
    """Answer with a refusal."""
    problem = problem_of(error, preferred(request.headers.get("accept-language", "")))
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=PROBLEM_TYPE,
        headers=headers_of(error),
    )


_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.UNAUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.TOO_LARGE,
    429: Code.RATE_LIMITED,
    503: Code.UNAVAILABLE,
}


def _refused(request: Request[Any, Any, Any], error: ChatError) -> Response[bytes]:
    return problem_response(request, error)


def refusal_of(error: HTTPException) -> ChatError:
    """Say in our own codes what the framework refused."""
    code = _BY_STATUS.get(error.status_code, Code.BAD_REQUEST if error.status_code < 500 else Code.INTERNAL_ERROR)
    return ChatError(code, _sentence(error) if code is Code.BAD_REQUEST else "")


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    refusal = refusal_of(error)
    if isinstance(error, InternalServerException) and "disconnected" in error.detail:
        # The peer hung up within its own request: no fault of ours, and nobody is left to read the answer.
        return problem_response(request, ChatError(Code.BAD_REQUEST))
    if refusal.code is Code.INTERNAL_ERROR:
        return _bug(request, error)
    answer = problem_response(request, refusal)
    if refusal.code is Code.METHOD_NOT_ALLOWED:
        # RFC 9110 section 15.5.6: "The origin server MUST generate an Allow header field".
        answer.set_header("allow", ", ".join(_allowed(request.app, request.scope["path"])))
    return answer


def _allowed(app: Litestar, path: str) -> list[str]:
    """Return the methods some operation has at this path."""
    methods: set[str] = set()
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            pattern = re.sub(r"\\\{[^}]*\}", "[^/]+", re.escape(route.path_format))
            if re.fullmatch(pattern, path.rstrip("/") or "/"):
                methods |= set(route.methods)
    return sorted(methods)


def _sentence(error: HTTPException) -> str:
    """Say which field is wrong, without a word of how the server is built."""
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return ""
    told = []
    for item in error.extra[:5]:
        if isinstance(item, Mapping) and isinstance(item.get("message"), str):
            where = str(item.get("key") or "").removeprefix("data.")
            if where == "data":
                return "A JSON body is needed."
            told.append(f"{where}: {item['message']}" if where else str(item["message"]))
    return "; ".join(told)[:500]


def _unreadable(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return problem_response(request, ChatError(Code.BAD_REQUEST, "The body cannot be read."))


def _store(request: Request[Any, Any, Any], error: StoreError) -> Response[bytes]:
    """Answer a read or a small write that the store could not do."""
    log.warning("%s %s: the store refused: %r", request.method, request.scope["path"], error)
    return problem_response(request, error)


def _late(request: Request[Any, Any, Any], error: TimeoutError) -> Response[bytes]:
    return problem_response(request, ChatError(Code.TIMEOUT))


def _bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return problem_response(request, ChatError(Code.INTERNAL_ERROR))


HANDLERS: dict[Any, Any] = {
    ChatError: _refused,
    HTTPException: _framework,
    StoreError: _store,
    # Bytes that are not UTF-8, and JSON nested deeper than the parser goes.
    UnicodeDecodeError: _unreadable,
    RecursionError: _unreadable,
    TimeoutError: _late,
    Exception: _bug,
}
"""What the application does with an exception, most exact class first."""
