"""Signing keys are rotated while nodes serve, and nobody's token is refused anywhere for it."""

from __future__ import annotations

import asyncio

import pytest
from joserfc import jws
from support.house import PASSWORD
from support.town import Town

from hubbub.client import Client, HttpApi

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

ROTATED_S = 20.0


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def opens_everywhere(town: Town, token: str) -> None:
    """Open a socket with a token at each gateway, which checks it by itself."""
    for gateway in ("gateway-1", "gateway-2"):
        async with Client(town.http, token=token, address=town.door(gateway)) as client:
            await client.ready(15)


async def test_keys_are_rotated_under_running_nodes_without_a_restart(town: Town) -> None:
    prince = await town.prince("gateway-1")
    await prince.goes_offline()
    (romeo,) = await town.enter("romeo@gateway-2")
    async with HttpApi(town.http) as http:
        old = (await http.log_in(romeo.username, PASSWORD)).access_token
        castle = (await http.log_in("prince", PASSWORD)).access_token
        made = (await http.call("POST", "/api/v1/keys", token=castle, json={}))["keys"][0]["kid"]
        assert kid_of(old) != made
        async with asyncio.timeout(ROTATED_S):
            while not (await http.call("GET", "/api/v1/keys", token=castle))["keys"][0]["signs"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        new = (await http.log_in(romeo.username, PASSWORD)).access_token
        assert kid_of(new) == made
        # At once, whoever looked for keys last.
        await opens_everywhere(town, new)
        await opens_everywhere(town, old)
    # The socket that the old key opened is open still.
    assert romeo.client.error is None
