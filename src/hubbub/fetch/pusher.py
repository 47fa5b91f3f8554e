"""Hand messages to push services over HTTP.

An endpoint is an address that a browser named, so it is treated like any address a stranger names: it is resolved here
and only reached in the public internet.  Nothing of an answer is read but its status and when to come again, and a
redirect is not followed: what was signed for one service is not for another.
"""

from __future__ import annotations

import asyncio
import email.utils
import logging
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpcore

from hubbub.fetch.network import PublicNetwork
from hubbub.links.ports import Refused
from hubbub.push.ports import Delivery

__all__ = ["HttpPusher"]

_STEP_S = 5.0
"""How long a push service may be silent."""

_CONNECTIONS = 16
_KEPT = 4
_LATEST_S = 3600.0

_log = logging.getLogger(__name__)


class HttpPusher:
    """A `push.ports.Sender`."""

    def __init__(
        self, *, agent: str, send_s: float, now_s: Callable[[], float], network: PublicNetwork | None = None
    ) -> None:
        """`now_s` is the time of day, for services that name a date to come again."""
        self._agent = agent
        self._send_s = send_s
        self._now_s = now_s
        self._network = network or PublicNetwork()
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._pool is not None:
            await self._pool.aclose()

    async def send(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        try:
            async with asyncio.timeout(self._send_s):
                return await self._post(endpoint, headers, body)
        except (
            TimeoutError,
            OSError,
            Refused,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
        ) as problem:
            # Not the address: who knows it may send to it.
            _log.info("a push service cannot be reached: %s", type(problem).__name__)
            return Delivery(0)

    async def _post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        if self._pool is None:
            # Reading the certificates takes a while.
            tls = await asyncio.to_thread(ssl.create_default_context)
            self._pool = self._pool or httpcore.AsyncConnectionPool(
                ssl_context=tls,
                network_backend=self._network,
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_KEPT,
                keepalive_expiry=30.0,
            )
        fields = [("User-Agent", self._agent), ("Content-Length", str(len(body))), *headers.items()]
        timeouts: dict[str, Any] = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), _STEP_S)}
        async with self._pool.stream("POST", endpoint, headers=fields, content=body, extensions=timeouts) as answer:
            said = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            return Delivery(answer.status, self._later_s(said.get(b"retry-after", "")))

    def _later_s(self, text: str) -> float:
        """Return what Retry-After says (RFC 9110 section 10.2.3): seconds, or a date."""
        if not text:
            return 0.0
        try:
            wait_s = float(text) if text.strip().isdigit() else self._until(text)
        except (TypeError, ValueError):
            return 0.0
        return min(max(wait_s, 0.0), _LATEST_S)

    def _until(self, text: str) -> float:
        return email.utils.parsedate_to_datetime(text).timestamp() - self._now_s()
