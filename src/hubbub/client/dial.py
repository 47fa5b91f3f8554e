"""Where to connect, and over what."""

from __future__ import annotations

from urllib.parse import urlsplit

from hubbub.client.connection import Link, Receiver, Tap, Transport, tls_context
from hubbub.client.errors import UNREACHABLE, HubbubError
from hubbub.client.http import HttpApi
from hubbub.wire.codec import BINARY, JSON, Codec

_AVOIDED = 8
"""How many nodes a server is asked to avoid (protocol.md 2.6)."""


class Dialer:
    """Opens links to one server over one transport; a `Connector`."""

    def __init__(self, transport: Transport, http: HttpApi, address: str = "") -> None:
        self._transport = transport
        self._http = http
        self._address = address
        self._node_id = ""
        """The node that was found last."""
        self._avoided: list[str] = []

    @property
    def codec(self) -> Codec:
        """The dialect this transport speaks."""
        return JSON if self._transport is Transport.WEBSOCKET_JSON else BINARY

    async def find(self, token: str) -> str:
        """Return where to connect: as it was told, or as the server says now (protocol.md 2.6)."""
        if self._address:
            return self._address
        self._node_id = ""
        place = await self._http.connect(token, self._avoided)
        self._node_id = place.node_id
        if self._transport is not Transport.TCP:
            return place.websocket_url or self._own_socket()
        if not place.tcp:
            raise HubbubError(UNREACHABLE, "This server does not listen for TCP connections.")
        return place.tcp

    def avoid(self) -> None:
        """Ask for another node than the one found last, until one was of use."""
        if self._node_id and self._node_id not in self._avoided:
            self._avoided = [*self._avoided, self._node_id][-_AVOIDED:]

    def reached(self) -> None:
        """Avoid no node any longer."""
        self._avoided = []

    async def __call__(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        """Open a link.  Raises OSError, TimeoutError or HubbubError."""
        parts = urlsplit(address)
        tls = tls_context() if parts.scheme in ("wss", "tls") else None
        # Loaded late: a program shows its first picture sooner, and one on TCP never needs the other's library.
        if self._transport is Transport.TCP:
            from hubbub.client.tcp import open_tcp

            return await open_tcp(address, receiver, tap, tls=tls)
        from hubbub.client.websocket import open_websocket

        json = self._transport is Transport.WEBSOCKET_JSON
        return await open_websocket(address, receiver, tap, json=json, tls=tls)

    def _own_socket(self) -> str:
        parts = urlsplit(self._http.server)
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/ws"
