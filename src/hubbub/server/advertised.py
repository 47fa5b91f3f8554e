"""The address by which the edge and other nodes reach this one.

What a node listens on says so, unless it listens on every address: `0.0.0.0` leads nowhere.  Then it is what the
operator says (`advertise`), or else the address this machine has on the way to the bus or to the database, which all
nodes of a cluster share a network with.  That is a guess, so it is said in the log; where there is none to be had the
node does not start, because what it told the others would lead each of them to itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog

from hubbub.server.ground import CannotServe
from hubbub.server.settings import Address, ServerSettings

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""How to reach a server from its own machine that listens on every address."""

_RESOLVE_S = 10.0
_ANY_PORT = 9
"""Nothing is sent there: a datagram socket that is connected has only chosen its way."""

Route = Callable[[str], str]
"""Maps a host's name or address to the address this machine has on the way there.  Raises OSError."""

_logger = structlog.stdlib.get_logger("hubbub.server")


def route(host: str) -> str:
    """Return the address this machine has on the way to a host.  Blocks while a name is looked up.  Raises OSError."""
    problem = OSError(f"{host} has no address")
    for family, kind, _, _, address in socket.getaddrinfo(host, _ANY_PORT, type=socket.SOCK_DGRAM):
        with socket.socket(family, kind) as trial:
            try:
                trial.connect(address)
                return str(trial.getsockname()[0])
            except OSError as failed:
                problem = failed
    raise problem


async def advertised(
    settings: ServerSettings, http: Address, tcp: Address | None, *, route: Route = route
) -> tuple[str, str]:
    """Return HOST:PORT of the HTTP port and of the TCP port (or nothing) for others, as they were bound.

    Raises CannotServe when a node of a cluster listens on every address and none of them can be made out.
    """
    found = ""

    async def reached(set_by_hand: str, bound: Address) -> str:
        nonlocal found
        if set_by_hand:
            return set_by_hand
        if bound.host not in LOOPBACK:
            return str(bound)
        if settings.advertise:
            # It is the same machine: what leads to one port leads to the other.
            return str(Address(Address.parse(settings.advertise, setting="advertise").host, bound.port))
        if not settings.bus:
            return str(Address(LOOPBACK[bound.host], bound.port))
        found = found or await _towards_others(settings, route)
        return str(Address(found, bound.port))

    places = await reached(settings.advertise, http), await reached(settings.advertise_tcp, tcp) if tcp else ""
    if found:
        _logger.warning(
            "this node listens on every address and tells the others the one it has towards bus and database;"
            " if they reach it by another, set advertise",
            advertise=places[0],
        )
    return places


async def _towards_others(settings: ServerSettings, route: Route) -> str:
    """Return this machine's address towards the bus or the database, one that others can reach if there is one."""
    own = ""
    for url in (settings.bus, settings.database):
        try:
            async with asyncio.timeout(_RESOLVE_S):
                address = await asyncio.to_thread(route, _host(url))
        except (OSError, ValueError, TimeoutError):
            continue
        if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            return address
        # The bus may run on this machine and the database, like other nodes, elsewhere.
        own = own or address
    if not own:
        raise CannotServe(
            f"setting listen: {settings.listen} is every address, and the one by which others reach this node cannot"
            " be made out: set advertise to its HOST:PORT"
        )
    return own


def _host(url: str) -> str:
    """Return the first host of a URL, which may list several with commas.  Raises ValueError when there is none."""
    place = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].partition(",")[0]
    host = urlsplit(f"//{place}").hostname
    if not host:
        raise ValueError("no host")
    return host
