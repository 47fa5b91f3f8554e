"""Watch requests where they enter: count them, bound their time, add safe headers.

A path is counted by its template, never as it was sent, so the number of series is that of the operations.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hubbub.auth import scopes
from hubbub.auth.audit import By, by
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.rest.allowances import allowance_headers
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.events.endpoint import EVENTS_PATH
from hubbub.rest.guards import bearer_if_any
from hubbub.rest.problems import PROBLEM_TYPE, problem_of
from hubbub.rest.refusals import refuses

__all__ = ["Watched", "metrics"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


_LONG = "/api/v1/files"
"""Requests below it carry files: what is bounded there is how long they stand still, and not how long they take."""


class Watched:
    """An ASGI application around another: counts, times and bounds each request."""

    def __init__(self, app: ASGIApp, deps: Deps) -> None:
        self._app = app
        self._timeout_s = deps.settings.request_timeout_s
        self._requests: Counter | None = None
        self._seconds: Histogram | None = None
        if deps.metrics is not None:
            self._requests = Counter(
                "hubbub_http_requests",
                "Requests answered.",
                ["method", "route", "status"],
                registry=deps.metrics,
            )
            self._seconds = Histogram(
                "hubbub_http_request_seconds",
                "Time from a request's arrival to its answer's end.",
                ["method", "route"],
                registry=deps.metrics,
                buckets=_BUCKETS,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        moved: Callable[[], None] | None = None
        endless = scope["path"] == EVENTS_PATH
        status = 0
        # RFC 9110 section 9.3.2: HEAD answers what GET would, without the content.
        head = scope["method"] == "HEAD"
        if head:
            # The server that made the scope still has to know that it sends no content.
            scope = {**scope, "method": HttpMethod.GET}
            # For those whose content is large.
            scope["extensions"] = {**(scope.get("extensions") or {}), "hubbub.head": {}}

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if endless:
                    # It has begun, and has its own ends from here on.
                    patience.reschedule(None)
                message["headers"] = [
                    *message["headers"],
                    *_missing(message["headers"]),
                    *allowance_headers(scope),
                ]
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)
            if moved is not None:
                moved()

        async def receiving() -> Any:
            message = await receive()
            if moved is not None:
                moved()
            return message

        try:
            async with asyncio.timeout(self._timeout_s) as patience:
                if scope["path"].startswith(_LONG):
                    moved = self._patience(patience)
                peer = scope.get("client")
                with by(By(address=peer[0] if peer else "")):
                    await self._app(scope, receiving, sending)
        except TimeoutError:
            if status:
                raise  # The answer has begun; there is no way to take it back but to break the connection.
            await _refuse(sending, ChatError(Code.TIMEOUT))
        finally:
            self._count(scope, status, time.perf_counter() - began)

    def _patience(self, patience: asyncio.Timeout) -> Callable[[], None]:
        """Return what is called whenever a request moves on, so that it is bounded from there again."""
        loop = asyncio.get_running_loop()

        def moved() -> None:
            if not patience.expired():
                patience.reschedule(loop.time() + self._timeout_s)

        return moved

    def _count(self, scope: Any, status: int, seconds: float) -> None:
        if self._requests is None or self._seconds is None:
            return
        route = scope.get("path_template")
        method = scope["method"] if route else "other"
        self._requests.labels(method, route or "none", str(status)).inc()
        self._seconds.labels(method, route or "none").observe(seconds)


def _missing(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return what every answer says that does not say otherwise."""
    present = {name.lower() for name, _ in headers}
    return [field for field in _ALWAYS if field[0] not in present]


# Keep no copy, and take the content type as given.
_ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


async def _refuse(send: Any, error: ChatError) -> None:
    problem = problem_of(error)
    headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(problem), "more_body": False})


@get(
    "/metrics",
    summary="Read the metrics",
    tags=["server"],
    media_type="text/plain",
    opt=refuses(Code.FORBIDDEN, Code.NOT_FOUND, optional_token=True, scope=scopes.ADMIN),
)
async def metrics(request: Request[Any, Any, Any], deps: DepsDep) -> Response[bytes]:
    """Return counters for Prometheus, to this machine and to admins."""
    registry: CollectorRegistry | None = deps.metrics
    if registry is None:
        raise ChatError(Code.NOT_FOUND)
    if not await _may_read(request, deps):
        raise ChatError(Code.FORBIDDEN)
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


async def _may_read(request: Request[Any, Any, Any], deps: Deps) -> bool:
    if deps.settings.metrics_public:
        return True
    identity = await bearer_if_any(request, deps, request.route_handler)
    if identity is not None:
        return identity.can(Permission.METRICS_READ)
    # A proxy on this machine adds one of these; then the reader may be anybody.
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
