"""How a server begins and ends, and whom it believes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.house import House


async def test_a_server_told_to_stop_ends_well_and_takes_its_address_along(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.opens()
    assert (house.data / "server.json").exists()
    assert await house.closes() == 0
    assert not (house.data / "server.json").exists()


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
