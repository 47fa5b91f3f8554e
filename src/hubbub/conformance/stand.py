"""What every check is given: a server's address, three people with accounts, and connections for them.

The people are registered under names of this run, or come from accounts that were given.  Connections and logins of a
check end with it, so checks cannot disturb each other but through their accounts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from hubbub.client.http1 import Exchange, Http1
from hubbub.conformance.check import NotApplicable, broken, equal
from hubbub.conformance.talk import Talk
from hubbub.conformance.wires import Kind, TcpWire, WebSocketWire, Wire, open_tcp, open_websocket
from hubbub.wire.codec import SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON

CALL_S: Final = 10.0
_ANSWER_BYTES: Final = 16 * 1024 * 1024
NAMES: Final = ("romeo", "juliet", "tybalt")


class NoStand(Exception):
    """The server cannot be checked at all; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an HTTP call answered."""

    status: int
    headers: Mapping[str, str]
    value: Any
    """The JSON, or None."""

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()


@dataclass(slots=True)
class Person:
    """Somebody with an account."""

    username: str
    password: str
    user_id: str = ""
    logins: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What logging in answered, by device."""


class Stand:
    """One server and the people on it."""

    def __init__(
        self, server: str, *, accounts: Mapping[str, str] | None = None, socket: str = "", tcp: str | None = None
    ) -> None:
        """`accounts`: names and passwords of three people; without them they are registered.

        `socket` and `tcp` are where to connect instead of where the server says; an empty `tcp` is: nowhere.
        """
        self.server = server.rstrip("/")
        self.registers = not accounts
        self._given = dict(accounts or {})
        self._socket = socket
        self._tcp = tcp
        self._http: Exchange = Http1(self.server, timeout_s=CALL_S)
        self._parts = AsyncExitStack()
        self._people: dict[str, Person] = {}

    async def open(self) -> None:
        """Make the people.  Raises NoStand, HttpTrouble or NoAddress."""
        given = list(self._given.items())
        if given and len(given) < len(NAMES):
            raise NoStand(f"{len(NAMES)} accounts are needed.")
        mark = secrets.token_hex(4)
        for place, name in enumerate(NAMES):
            if given:
                person = Person(*given[place])
            else:
                person = Person(f"{name}-{mark}", secrets.token_urlsafe(16))
                made = await self.register(person.username, person.password)
                if made.status != 201:
                    raise NoStand(f"no account could be registered: HTTP {made.status} {made.value}; give three.")
            self._people[name] = person
            login = await self.log_in(person, "first")
            person.user_id = str(login["user_id"])

    async def close(self) -> None:
        """Close what is open."""
        await self._parts.aclose()
        await self._http.close()

    async def clear(self) -> None:
        """End the connections of the check that is over."""
        await self._parts.aclose()
        self._parts = AsyncExitStack()

    # ------------------------------------------------------------ people

    @property
    def romeo(self) -> Person:
        return self._people["romeo"]

    @property
    def juliet(self) -> Person:
        return self._people["juliet"]

    @property
    def tybalt(self) -> Person:
        return self._people["tybalt"]

    async def register(self, username: str, password: str) -> Reply:
        """Ask for an account."""
        return await self.call("POST", "/api/v1/accounts", json={"username": username, "password": password})

    async def log_in(self, person: Person, device: str = "first") -> dict[str, Any]:
        """Return what logging in answered; the same for the same device, until it is forgotten."""
        if device not in person.logins:
            form = {"grant_type": "password", "username": person.username, "password": person.password}
            reply = await self.call("POST", "/oauth/token", form=form)
            if reply.status != 200 or not isinstance(reply.value, dict):
                raise NoStand(f"{person.username} cannot log in: HTTP {reply.status} {reply.value}")
            person.logins[device] = reply.value
        return person.logins[device]

    async def token(self, person: Person, device: str = "first") -> str:
        """Return an access token of a device."""
        return str((await self.log_in(person, device))["access_token"])

    # ------------------------------------------------------------ connections

    async def enter(self, person: Person, *, device: str = "first", kind: Kind = Kind.BINARY, **hello: Any) -> Talk:
        """Connect as a person and wait until the session is ready."""
        talk = await self.connect(kind, person)
        await talk.enters(await self.token(person, device), **hello)
        return talk

    async def connect(self, kind: Kind = Kind.BINARY, person: Person | None = None) -> Talk:
        """Open a connection that has said nothing yet."""
        wire: Wire
        if kind is Kind.TCP:
            wire = await self.tcp()
        else:
            wire = await self.websocket([SUBPROTOCOL_JSON if kind is Kind.JSON else SUBPROTOCOL_BINARY])
        return Talk(wire, kind)

    async def websocket(self, subprotocols: list[str], **options: Any) -> WebSocketWire:
        """Open a WebSocket.  Raises Refused."""
        url = self._socket or (await self.place())["websocket_url"] or self._own_socket()
        wire = await open_websocket(url, subprotocols, **options)
        self._parts.push_async_callback(wire.close)
        return wire

    async def tcp(self) -> TcpWire:
        """Open a TCP connection.  Raises NotApplicable where there is none."""
        address = self._tcp if self._tcp is not None else (await self.place())["tcp"]
        if not address:
            raise NotApplicable("the server does not offer TCP")
        wire = await open_tcp(address)
        self._parts.push_async_callback(wire.close)
        return wire

    async def place(self) -> dict[str, Any]:
        """Return where the server says to connect."""
        reply = await self.call("POST", "/api/v1/connect", token=await self.token(self.romeo))
        equal("the status of POST /api/v1/connect", reply.status // 100, 2)
        if not isinstance(reply.value, dict) or not {"websocket_url", "tcp"} <= set(reply.value):
            broken(f"POST /api/v1/connect answered {reply.value!r}")
        return reply.value

    def _own_socket(self) -> str:
        parts = urlsplit(self.server)
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/ws"

    # ------------------------------------------------------------ HTTP

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        json: object = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
    ) -> Reply:
        """Make one call.  Raises HttpTrouble."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if json is not None:
            content = msgspec.json.encode(json)
        elif form is not None:
            content, media_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if content is not None:
            headers["content-type"] = media_type
        async with asyncio.timeout(2 * CALL_S), self._http.call(method, path, headers, content) as answer:
            body = await answer.read(_ANSWER_BYTES)
        try:
            value = msgspec.json.decode(body) if body else None
        except msgspec.DecodeError:
            value = None
        return Reply(answer.status, answer.headers, value)
