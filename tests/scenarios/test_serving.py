"""How a server begins and ends, and whom it believes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.house import House
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from hubbub.base.errors import TABLE, Code


async def test_a_server_told_to_stop_ends_well_and_takes_its_address_along(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.opens()
    assert (house.data / "server.json").exists()
    assert await house.closes() == 0
    assert not (house.data / "server.json").exists()


async def test_a_stopping_server_asks_its_clients_to_move_and_closes_with_come_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.opens()
    token = await a_token(house.http)
    address = house.http.replace("http", "ws", 1) + "/ws"
    async with connect(address, subprotocols=[Subprotocol("hubbub.v1.json")]) as socket:
        await socket.send(json.dumps({"id": "1", "hello": {"protocol": 1, "token": token}}))
        while "ready" not in json.loads(await socket.recv()):
            pass
        stopping = asyncio.create_task(house.closes())
        assert "goaway" in await what_is_left(socket)
        assert socket.close_code == TABLE[Code.GOING_AWAY].close == 1012
    assert await stopping == 0


async def what_is_left(socket: ClientConnection) -> list[str]:
    """Read until the server closes; return the kinds of frames."""
    told: list[str] = []
    try:
        while True:
            told += json.loads(await socket.recv())
    except ConnectionClosed:
        return told


async def a_token(server: str) -> str:
    """Register somebody and log in."""
    person = {"username": "romeo", "password": "wherefore art"}
    async with httpx.AsyncClient(base_url=server) as client:
        await client.post("/api/v1/accounts", json=person)
        answer = await client.post("/oauth/token", data={"grant_type": "password", **person})
    return str(answer.json()["access_token"])


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("HUBBUB_GATEWAY_HEARTBEAT_MS", "soon", "gateway.heartbeat_ms"),
        ("HUBBUB_LISTEN", "nowhere", "listen"),
        ("HUBBUB_TCP_KEY", "key.pem", "tcp_certificate"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_with_one_sentence(
    tmp_path: Path, variable: str, value: str, named: str
) -> None:
    command = [sys.executable, "-m", "hubbub.cli.main", "serve", "--data", str(tmp_path / "data")]
    ended = subprocess.run(command, env={**os.environ, variable: value}, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("trusted", "second"), [("127.0.0.1", 201), ("", 429)])
async def test_only_a_trusted_proxy_says_whose_request_it_is(tmp_path: Path, trusted: str, second: int) -> None:
    house = House(tmp_path, trusted_proxies=trusted, auth_registers_per_minute="1")
    await house.opens()
    try:
        async with httpx.AsyncClient(base_url=house.http) as client:
            answers = [
                await client.post(
                    "/api/v1/accounts",
                    json={"username": name, "password": "wherefore art"},
                    headers={"X-Forwarded-For": address},
                )
                for name, address in (("romeo", "203.0.113.5"), ("juliet", "198.51.100.7"))
            ]
    finally:
        await house.closes()
    assert [answer.status_code for answer in answers] == [201, second]
