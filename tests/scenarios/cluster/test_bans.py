"""What is decided about people, and told to them, reaches every node within a second: bans, mutes, new devices …"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.house import PASSWORD
from support.stage import Actor
from support.town import Town

from hubbub.client import HttpApi, HubbubError, Kind, ProfileEvent, SignedInEvent

pytestmark = pytest.mark.timeout(300)

AT_ONCE_S = 1.0
"""The figure of issue 5."""


class Castle:
    """The admin, over HTTP."""

    def __init__(self, http: HttpApi, token: str) -> None:
        self._http = http
        self._token = token

    async def does(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return await self._http.call(method, f"/api/v1{path}", token=self._token, json=body)


@asynccontextmanager
async def a_castle(town: Town) -> AsyncIterator[Castle]:
    prince = await town.prince("gateway-1")
    await prince.goes_offline()
    async with HttpApi(town.http) as http:
        yield Castle(http, (await http.log_in("prince", PASSWORD)).access_token)


async def end_of(actor: Actor) -> float:
    """Return when somebody was thrown out."""
    while actor.client.error is None:  # noqa: ASYNC110 - another process brings it about
        await asyncio.sleep(0.005)
    return time.monotonic()


async def makes_a_group(actor: Actor) -> str:
    """Return why that is refused; empty: it is not."""
    try:
        await actor.client.create_conversation(Kind.GROUP, "Orchard")
    except HubbubError as refusal:
        return refusal.code
    return ""


async def test_a_ban_closes_sockets_on_every_node_within_a_second(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    twin = town.twin(romeo, same_device=False)
    twin.door = town.door("gateway-2")
    await twin.returns()
    async with a_castle(town) as castle:
        began = time.monotonic()
        ends = [asyncio.create_task(end_of(actor)) for actor in (romeo, twin)]
        await castle.does("PUT", f"/bans/{romeo.user_id}", {"reason": "Tybalt"})
        async with asyncio.timeout(10):
            latest = max(await asyncio.gather(*ends)) - began
        assert latest < AT_ONCE_S
        for actor in (romeo, twin):
            assert actor.client.error is not None
            assert actor.client.error.code in ("session_ended", "bad_token")
        assert juliet.client.error is None
        await castle.does("DELETE", f"/bans/{romeo.user_id}")


async def test_a_role_holds_on_an_open_socket_of_another_node_within_a_second(town: Town) -> None:
    (romeo,) = await town.enter("romeo@gateway-2")
    async with a_castle(town) as castle:
        await castle.does("PUT", f"/roles/guest/people/{romeo.user_id}")
        deadline = time.monotonic() + AT_ONCE_S
        while await makes_a_group(romeo) != "forbidden":
            assert time.monotonic() < deadline
        await castle.does("DELETE", f"/roles/guest/people/{romeo.user_id}")


async def test_a_mute_holds_on_an_open_socket_of_another_node_within_a_second(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-2", "juliet@gateway-1")
    async with a_castle(town) as castle:
        await castle.does("PUT", f"/mutes/{romeo.user_id}", {"reason": "Shouts."})
        deadline = time.monotonic() + AT_ONCE_S
        while await makes_a_group(romeo) != "muted":
            assert time.monotonic() < deadline
        await castle.does("DELETE", f"/mutes/{romeo.user_id}")
        deadline = time.monotonic() + AT_ONCE_S
        while await makes_a_group(romeo):
            assert time.monotonic() < deadline
        assert juliet.client.error is None


async def test_another_name_reaches_who_watches_at_another_node(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-2", "juliet@gateway-1")
    await romeo.client.watch_presence([juliet.user_id])
    async with a_castle(town) as castle:
        await castle.does("PATCH", f"/people/{juliet.user_id}", {"display_name": "Juliet Montague"})
    shown = await romeo.awaits(lambda event: event.user if isinstance(event, ProfileEvent) else None)
    assert (shown.id, shown.display_name) == (juliet.user_id, "Juliet Montague")


async def test_a_new_device_is_asked_about_at_whichever_node_the_others_are(town: Town) -> None:
    romeo, twin = await town.enter("romeo@gateway-2", "juliet@gateway-1")
    async with HttpApi(town.http) as http:
        thief = await http.log_in(romeo.username, PASSWORD, device_name="Firefox on Linux")
        new = await romeo.awaits(lambda event: event if isinstance(event, SignedInEvent) else None)
        assert (new.device_name, bool(new.address)) == ("Firefox on Linux", True)
        token = (await http.log_in(romeo.username, PASSWORD)).access_token
        await http.call("DELETE", f"/api/v1/me/logins/{new.login_id}", token=token)
        with pytest.raises(HubbubError, match="ended"):
            await http.call("GET", "/api/v1/me", token=thief.access_token)
    assert twin.client.error is None
