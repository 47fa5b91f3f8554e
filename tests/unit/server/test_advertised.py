"""What a node tells others of where it is leads them to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hubbub.server.advertised import Route, advertised, route
from hubbub.server.ground import CannotServe
from hubbub.server.settings import Address, ServerSettings

ANYWHERE = Address("0.0.0.0", 8080)
ANYWHERE_TCP = Address("::", 8081)


def ways(**known: str) -> Route:
    """Return a network where these hosts are reached from these addresses, and no other is."""

    def way(host: str) -> str:
        if host not in known:
            raise OSError(f"no way to {host}")
        return known[host]

    return way


CLUSTER = ServerSettings(
    bus="nats://user:secret@bus:4222", database="postgresql://me:p%40ss@db.inner:5432/hubbub?ssl=on"
)


async def told(
    http: Address, tcp: Address | None = None, *, way: Route, settings: ServerSettings = CLUSTER
) -> tuple[str, str]:
    return await advertised(settings, http, tcp, route=way)


async def test_who_listens_on_one_address_tells_that() -> None:
    assert await told(Address("10.0.0.1", 80), Address("fd00::1", 81), way=ways()) == (
        "10.0.0.1:80",
        "[fd00::1]:81",
    )


async def test_who_listens_on_every_address_tells_its_own_towards_the_bus() -> None:
    way = ways(bus="10.0.0.7")
    assert await told(ANYWHERE, ANYWHERE_TCP, way=way) == ("10.0.0.7:8080", "10.0.0.7:8081")


async def test_a_bus_on_the_same_machine_says_nothing_of_where_the_others_are() -> None:
    way = ways(**{"bus": "127.0.0.1", "db.inner": "fd00::7"})
    assert await told(ANYWHERE, way=way) == ("[fd00::7]:8080", "")


async def test_a_cluster_on_one_machine_meets_on_that_machine() -> None:
    way = ways(**{"bus": "127.0.0.1", "db.inner": "127.0.0.1"})
    assert await told(ANYWHERE, way=way) == ("127.0.0.1:8080", "")


async def test_who_cannot_tell_does_not_start() -> None:
    with pytest.raises(CannotServe, match="set advertise"):
        await told(ANYWHERE, way=ways())


async def test_what_the_operator_says_counts_for_both_ports() -> None:
    said = replace(CLUSTER, advertise="node-1:80")
    assert await told(ANYWHERE, ANYWHERE_TCP, way=ways(), settings=said) == ("node-1:80", "node-1:8081")
    said = replace(said, advertise_tcp="node-1:99")
    assert await told(ANYWHERE, ANYWHERE_TCP, way=ways(), settings=said) == ("node-1:80", "node-1:99")


async def test_a_single_server_is_reached_from_its_own_machine() -> None:
    assert await told(ANYWHERE, ANYWHERE_TCP, way=ways(), settings=ServerSettings()) == (
        "127.0.0.1:8080",
        "[::1]:8081",
    )


@pytest.mark.parametrize("bus", ["nats://a:1,nats://b:2", "nats://u:p@a:1,b:2", "redis://a", "nats://a:1/0?x=@y"])
async def test_the_first_of_several_hosts_is_looked_for(bus: str) -> None:
    settings = replace(CLUSTER, bus=bus)
    assert await told(ANYWHERE, way=ways(a="10.0.0.9"), settings=settings) == ("10.0.0.9:8080", "")


def test_a_machine_knows_its_address_on_the_way_to_itself() -> None:
    assert route("127.0.0.1") == "127.0.0.1"
