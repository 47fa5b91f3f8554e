"""A crowd in a process of its own, so that it does not take the time of whoever harms the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from hubbub.lab.figures.told import Task, Told

READY_S = 270.0
DONE_S = 150.0


class CrowdFailed(Exception):
    """The crowd did not do what it was told; the sentence says why."""


class CrowdProcess:
    """Starts a crowd, commands it, and brings back what it tells.  Use it as a context: entered, all are connected."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        command = (sys.executable, "-m", "hubbub.lab.figures.crowd")
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        try:
            await self._write(msgspec.json.encode(self._task))
            await self._hear("ready", READY_S)
        except BaseException:
            await self._end()
            raise
        return self

    async def rate(self, per_s: float) -> None:
        """Have so many messages fall due per second from now on."""
        await self._write(f"rate {per_s}".encode())

    async def told(self) -> Told:
        """Let everything come to rest; return what was done and seen.  Raises CrowdFailed."""
        await self._write(b"stop")
        await self._hear("done", self._task.settle_s + DONE_S)
        return msgspec.json.decode(await asyncio.to_thread(Path(self._task.result).read_bytes), type=Told)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _write(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # It is gone: the next line of it that is not there says so.
            self._process.stdin.write(line + b"\n")
            await self._process.stdin.drain()

    async def _hear(self, wanted: str, timeout_s: float) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(timeout_s):
                said = (await self._process.stdout.readline()).decode().strip()
        except TimeoutError:
            raise CrowdFailed(f"the load process did not say {wanted!r} within {timeout_s:g} s") from None
        if said != wanted:
            raise CrowdFailed(f"the load process said {said or 'nothing'!r} instead of {wanted!r}")

    async def _end(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
