"""Fetch one page or picture: few redirects, little time, few bytes, and nothing that is packed.

A packed answer could be a thousand times larger than what came over the wire, so none is asked for and none is taken.
No cookie is kept, no credential is sent, and each address is a connection of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from email.message import Message
from urllib.parse import urljoin

import httpcore

from hubbub.fetch.network import PublicNetwork
from hubbub.links.address import normal
from hubbub.links.model import Fetched
from hubbub.links.ports import Refused

REDIRECTS = 4
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_STEP_S = 5.0
"""How long a peer may be silent."""


class HttpFetcher:
    """A `links.ports.Fetcher`."""

    def __init__(self, *, agent: str, fetch_s: float, network: PublicNetwork | None = None) -> None:
        self._agent = agent
        self._fetch_s = fetch_s
        self._network = network or PublicNetwork()
        self._tls: ssl.SSLContext | None = None

    async def fetch(self, url: str, *, types: Sequence[str], limit_bytes: int) -> Fetched:
        try:
            async with asyncio.timeout(self._fetch_s):
                if self._tls is None:
                    # Reading the certificates takes a while.
                    self._tls = await asyncio.to_thread(ssl.create_default_context)
                for _ in range(REDIRECTS + 1):
                    found = await self._step(url, types, limit_bytes)
                    if isinstance(found, Fetched):
                        return found
                    url = found
        except TimeoutError:
            raise Refused(f"{url} took too long") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as problem:
            raise Refused(f"{url}: {problem!r}") from problem
        raise Refused(f"{url} is one redirect too many")

    async def _step(self, url: str, types: Sequence[str], limit_bytes: int) -> Fetched | str:
        """Return what is there, or the address it was moved to."""
        headers = [
            ("User-Agent", self._agent),
            ("Accept", ", ".join(types)),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _STEP_S)
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls, network_backend=self._network, max_connections=1, max_keepalive_connections=0
            ) as pool,
            pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as answer,
        ):
            said = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            if answer.status in _REDIRECTED:
                return _moved(url, said.get(b"location", ""))
            if answer.status != 200:
                raise Refused(f"{url} answers {answer.status}")
            if said.get(b"content-encoding", "identity").lower() != "identity":
                raise Refused(f"{url} is packed")
            kind, charset = _type_of(said.get(b"content-type", ""))
            if kind not in types:
                raise Refused(f"{url} is {kind or 'of no type'}")
            content = bytearray()
            async for piece in answer.aiter_stream():
                content += piece
                if len(content) >= limit_bytes:
                    break
            return Fetched(url, kind, charset, bytes(content[:limit_bytes]))


def _moved(url: str, location: str) -> str:
    try:
        target = normal(urljoin(url, location)) if location else ""
    except ValueError:
        target = ""
    if not target:
        raise Refused(f"{url} was moved to nowhere")
    return target


def _type_of(header: str) -> tuple[str, str]:
    """Return media type and charset of a Content-Type header."""
    message = Message()
    message["content-type"] = header[:500]
    charset = message.get_param("charset", "")
    return message.get_content_type() if header else "", charset if isinstance(charset, str) else ""
