"""The TypeScript SDK against a real server that is killed while people chat."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.house import House

ROOT = Path(__file__).parents[2]
STEP_S = 30.0


class Script:
    """A program of Node.js that says one JSON value a line and hears one word a line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), STEP_S)
        if not line:
            assert self._process.stderr is not None
            raise AssertionError((await self._process.stderr.read()).decode())
        value: dict[str, Any] = json.loads(line)
        return value

    def hears(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())

    async def ends(self) -> int:
        return await asyncio.wait_for(self._process.wait(), STEP_S)

    async def is_stopped(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture(scope="module")
def sdk(web: ModuleType) -> ModuleType:
    """The SDK, built as it is published."""
    web.run(["run", "--silent", "sdk"], quiet=True)
    return web


async def test_everything_arrives_once_and_in_order_though_the_server_is_killed(
    sdk: ModuleType, tmp_path: Path
) -> None:
    house = House(tmp_path)
    await house.opens()
    process = await asyncio.create_subprocess_exec(
        *sdk.node(),
        str(ROOT / "web/tests/live/chat.mjs"),
        house.http,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    script = Script(process)
    try:
        assert (await script.says())["step"] == "ready"
        for fire in ("first", "second"):
            script.hears(fire)
            assert await script.says() == {"step": "acknowledged", "word": fire}
            await house.burns_down()
            await house.opens()
        script.hears("end")
        told = await script.says()
        assert await script.ends() == 0
    finally:
        await script.is_stopped()
        await house.closes()
    assert told["sent"] == 200
    assert sorted(told["seqs"]) == list(range(2, 202))
    assert told["romeo"] == told["juliet"]
    assert sorted(told["romeo"], key=int) == [str(number) for number in range(1, 201)]
    # Each one's own order holds: Romeo says the odd numbers, Juliet the even ones.
    for remainder in (0, 1):
        own = [int(text) for text in told["romeo"] if int(text) % 2 == remainder]
        assert own == sorted(own)
    assert told["states"].count("resyncing") >= 3
    assert told["unread"] == [0, 100]
    assert told["waiting"] == [0, 0]
