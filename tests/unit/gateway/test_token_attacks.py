"""Forged, mixed-up and worn-out tokens in a hello, over every transport, against the service that signs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from support.forgeries import forgeries
from support.gateways import House, TcpClient, a_house
from unit.auth.people import PASSWORD, a_key, fast_settings
from unit.auth.people import House as People
from unit.auth.people import a_house as some_people

from hubbub.auth.accounts import Grant
from hubbub.wire import hubbub_pb2 as pb

TRANSPORTS = ["protobuf", "json", "tcp"]


@dataclass
class Door:
    """A gateway that believes real tokens, and romeo's."""

    house: House
    people: People
    romeo: Grant

    async def says(self, transport: str, token: str) -> str:
        """Return how a hello ends: `welcome`, or the code of its refusal, after which the connection is over."""
        hello = pb.Hello(protocol=1, token=token)
        if transport == "tcp":
            tcp = await TcpClient.connect(self.house.tcp_port)
            await tcp.tell(hello=hello)
            frame = await tcp.frame()
            if frame.WhichOneof("body") != "welcome":
                with pytest.raises(EOFError):
                    await tcp.frame()
            await tcp.leave()
        else:
            client = await self.house.connect(json=transport == "json")
            await client.tell(hello=hello)
            frame = await client.frame()
            if frame.WhichOneof("body") != "welcome":
                code, _ = await client.closed()
                assert 4400 <= code < 4500
            await client.leave()
        kind = str(frame.WhichOneof("body"))
        return frame.error.code if kind == "error" else kind


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with (
        some_people(fast_settings()) as people,
        a_house(tcp=True, authenticator=people.accounts, clock=people.clock) as house,
    ):
        yield Door(house, people, await people.enter("romeo"))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_no_forged_token_opens_a_socket(door: Door, transport: str) -> None:
    await door.people.accounts.signing.rotate()
    fresh = door.people.accounts.signing.tokens.ring.keys[0]
    good = door.romeo.access_token
    for name, forged in forgeries(good, a_key(), other=fresh).items():
        assert await door.says(transport, forged) == "bad_token", name
    for other in (door.romeo.refresh_token, f"{good}.", good[:-2], good.upper(), good * 9):
        assert await door.says(transport, other) == "bad_token"
    assert await door.says(transport, good) == "welcome"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_no_token_that_is_over_opens_a_socket(door: Door, transport: str) -> None:
    people = door.people
    good = await people.accounts.log_in("romeo", PASSWORD)
    identity = people.accounts.verify(good.access_token)
    changed = await people.accounts.change_password(identity, PASSWORD, "another one, quite")
    assert await door.says(transport, door.romeo.access_token) == "session_ended"
    assert await door.says(transport, good.access_token) == "session_ended", "signed before the password was changed"
    assert await door.says(transport, changed.access_token) == "welcome"
    await people.accounts.log_out(people.accounts.verify(changed.access_token))
    assert await door.says(transport, changed.access_token) == "session_ended"
    last = await people.accounts.log_in("romeo", "another one, quite")
    await people.accounts.set_active(last.account.id, False)
    assert await door.says(transport, last.access_token) == "session_ended"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_keys_that_were_taken_away_open_no_socket(door: Door, transport: str) -> None:
    await door.people.accounts.signing.rotate(drop=True)
    assert await door.says(transport, door.romeo.access_token) == "bad_token"
    fresh = await door.people.accounts.refresh(door.romeo.refresh_token)
    assert await door.says(transport, fresh.access_token) == "welcome"
