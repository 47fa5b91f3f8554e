"""Connections to the public internet, and to nowhere else.

A name is resolved here, every address it has is looked at, and the connection goes to an address that was looked at:
not to the name, which may mean another address a moment later (DNS rebinding).  A name with one address that is not
public is refused whole.  Redirects come through here like everything else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore

from hubbub.links.ports import Refused

PORTS = frozenset({80, 443})

_RESOLVE_S = 5.0
_TRIED = 2
"""So many of a name's addresses are tried."""

_CARRIES_IPV4 = [ip_network(each) for each in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")]
"""IPv6 addresses that lead to an IPv4 address inside them (6to4, Teredo, NAT64): nobody needs them for a page."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None or any(ip in network for network in _CARRIES_IPV4):
            return False
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as problem:
        raise Refused(f"{host} has no address: {problem}") from problem
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore.  `allows` and `ports` are other ones only in tests."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allows: Callable[[str], bool] = is_public,
        ports: frozenset[int] | None = PORTS,
    ) -> None:
        self._resolve = resolve
        self._allows = allows
        self._ports = ports
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if self._ports is not None and port not in self._ports:
            raise Refused(f"port {port} is not one of the web")
        addresses = await self._resolve(host.strip("[]"), port)
        if not addresses or not all(map(self._allows, addresses)):
            raise Refused(f"{host} is not in the public internet")
        trouble: list[Exception] = []
        for address in addresses[:_TRIED]:
            try:
                return await self._network.connect_tcp(address, port, timeout=timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                trouble.append(problem)
        raise trouble[-1]

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Refused("there are no pages behind sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
