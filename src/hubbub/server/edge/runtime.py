"""Speak to a running HAProxy over its admin socket.

One command per connection, each with a deadline: HAProxy closes the connection after its answer, so that an answer
needs no parsing to find its end.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from hubbub.server.edge.slots import Slot, read_map, read_slots

_ANSWER_BYTES = 4 * 1024 * 1024


class NotRunning(Exception):
    """HAProxy does not answer on its admin socket."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"HAProxy does not answer on {self.path}: {self.reason}"


class Running(msgspec.Struct, frozen=True):
    """What HAProxy says of itself."""

    pid: int
    """Of the process that serves; another one after a reload."""
    version: str


class AdminSocket:
    """The admin socket at a path; whoever listens there at the moment is asked."""

    def __init__(self, path: str, *, timeout_s: float = 5.0) -> None:
        self.path = path
        self._timeout_s = timeout_s

    async def say(self, command: str) -> str:
        """Send one command and return the answer.  Raises NotRunning."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._say(command)
        except TimeoutError:
            raise NotRunning(self.path, "no answer in time") from None
        except OSError as problem:
            raise NotRunning(self.path, problem.strerror or str(problem)) from problem

    async def _say(self, command: str) -> str:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=_ANSWER_BYTES)
        try:
            writer.write(command.encode("ascii") + b"\n")
            await writer.drain()
            return (await reader.read(-1)).decode("utf-8", "replace").strip()
        finally:
            writer.close()

    async def running(self) -> Running:
        """Return who runs.  Raises NotRunning."""
        answer = await self.say("show info")
        rows = dict(line.split(": ", 1) for line in answer.splitlines() if ": " in line)
        try:
            return Running(int(rows["Pid"]), rows["Version"])
        except (KeyError, ValueError):
            raise NotRunning(self.path, "somebody else answers there") from None

    async def slots(self) -> list[Slot]:
        """Return every slot of the pools.  Raises NotRunning, ValueError."""
        return read_slots(await self.say("show servers state"))

    async def map(self, map_file: str) -> dict[str, str]:
        """Return the map as HAProxy has it in memory.  Raises NotRunning."""
        return read_map(await self.say(f"show map {map_file}"))


def socket_path(folder: Path) -> str:
    """Return where the admin socket of a folder is.  Raises ValueError when the system could not open it."""
    path = str(folder.resolve() / "admin.sock")
    # sun_path of unix(7) has 108 bytes; HAProxy binds under a longer name first (".PID.tmp") and renames it.
    if len(path.encode()) > 90:
        raise ValueError(f"{path} is too long for a socket; choose a folder with a shorter path")
    return path
