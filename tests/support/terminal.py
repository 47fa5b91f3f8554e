"""People at terminals: the `hubbub` command in processes of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from support.house import PASSWORD, House

RUN_S = 60.0


class Ran(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        """Return what `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that goes on."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """Return the next line it prints."""
        assert self._process.stdout is not None
        async with asyncio.timeout(RUN_S):
            return (await self._process.stdout.readline()).decode().rstrip("\n")

    async def line_with(self, text: str) -> str:
        """Return the next line that has this text in it."""
        while text not in (line := await self.line()):
            if not line:
                raise AssertionError(f"it ended without {text!r}: {await self._complaint()}")
        return line

    async def type(self, text: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        try:
            await self._process.stdin.drain()
        except ConnectionError:
            raise AssertionError(f"it ended before {text!r} was typed: {await self._complaint()}") from None

    async def hang_up(self) -> int:
        """End its input; return how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await self._end()

    async def interrupt(self) -> int:
        """Stop it as Ctrl-C does; return how it ended."""
        self._process.send_signal(2)
        return await self._end()

    async def kill(self) -> None:
        """End it where it stands."""
        if self._process.returncode is None:
            self._process.kill()
            await self._end()

    async def _complaint(self) -> str:
        assert self._process.stderr is not None
        async with asyncio.timeout(RUN_S):
            return (await self._process.stderr.read()).decode()

    async def _end(self) -> int:
        async with asyncio.timeout(RUN_S):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode


class Terminal:
    """One person's terminal: a profile on this machine."""

    def __init__(self, house: House, home: Path, profile: str, **variables: str) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HUBBUB_")}
        self._environ = {
            **environ,
            "HUBBUB_HOME": str(home),
            "HUBBUB_SERVER": house.http,
            "HUBBUB_PROFILE": profile,
            "HUBBUB_PASSWORD": PASSWORD,
            **variables,
        }
        self._running: list[Running] = []

    async def runs(self, *args: str, typed: str | bytes = b"") -> Ran:
        """Run a command to its end."""
        process = await self._spawn(args)
        async with asyncio.timeout(RUN_S):
            out, err = await process.communicate(typed.encode() if isinstance(typed, str) else typed)
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Ran(process.returncode, out.decode(), err.decode())

    async def starts(self, *args: str) -> Running:
        """Start a command that goes on."""
        running = Running(await self._spawn(args))
        self._running.append(running)
        return running

    async def closes(self) -> None:
        """End what still runs."""
        for running in self._running:
            await running.kill()

    async def _spawn(self, args: tuple[str, ...]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hubbub.cli.main", *args, stdin=pipe, stdout=pipe, stderr=pipe, env=self._environ
        )
