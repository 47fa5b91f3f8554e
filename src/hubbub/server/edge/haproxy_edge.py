"""HAProxy as the edge: over its admin socket where that suffices, with a reload where it does not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shlex
from pathlib import Path
from typing import Protocol

from hubbub.server.edge import slots
from hubbub.server.edge.files import read, replace
from hubbub.server.edge.haproxy import POOLS, HaproxyOptions, render, render_map
from hubbub.server.edge.plan import Plan
from hubbub.server.edge.process import CannotRun
from hubbub.server.edge.runtime import AdminSocket, NotRunning

_log = logging.getLogger("hubbub.edge")

_ROUNDS = 3
_RELOAD_S = 30.0


class Master(Protocol):
    """Whoever can have HAProxy read its configuration again."""

    async def reload(self) -> None:
        """Return once the new configuration serves.  Raises CannotRun, NotRunning."""


class HaproxyEdge:
    """One HAProxy: its files, its admin socket, and whoever reloads it."""

    def __init__(self, file: Path, options: HaproxyOptions, admin: AdminSocket, master: Master) -> None:
        self._file = file
        self._options = options
        self._admin = admin
        self._master = master
        self._unread = False
        """What HAProxy has read is older than the file."""
        self._unwritten = False
        self._nodes: dict[str, str] = {}
        """For the log alone: who is served, and where."""

    def write(self, wanted: Plan) -> bool:
        """Write the configuration and its map for the next start or reload.

        True when more changed than who is in the slots: then HAProxy has to read it.
        """
        before = _shape(read(self._file) or "")
        text = render(wanted, self._options)
        replace(Path(self._options.map_file), render_map(wanted))
        replace(self._file, text)
        return before != _shape(text)

    async def apply(self, wanted: Plan) -> None:
        """Make HAProxy serve the plan."""
        # The files first: whoever starts HAProxy from now on starts it with these nodes.
        try:
            self._unread |= self.write(wanted)
            self._unwritten = False
        except OSError as problem:
            # A full disk: what runs is served all the same.
            if not self._unwritten:
                _log.error("the files of the edge cannot be written: %s", problem)
            self._unwritten = True
        if self._unread:
            await self._master.reload()
            self._unread = False
        for _ in range(_ROUNDS):
            try:
                todo = await self._differences(wanted)
            except slots.NoSlot as problem:
                _log.info("reloading: %s", problem)
                await self._master.reload()
                continue
            if not todo:
                self._say(wanted)
                return
            for command in todo:
                answer = await self._admin.say(command)
                _log.debug("%s: %s", command, answer)
        # The admin socket answers in sentences for people; whether it obeyed is seen by looking.
        if todo := await self._differences(wanted):
            raise CannotRun(f"HAProxy did not obey: {todo[0]}")

    async def _differences(self, wanted: Plan) -> list[str]:
        served = tuple(pool for pool, _ in POOLS if pool != "streams" or self._options.listen_tcp is not None)
        return slots.commands(
            wanted,
            await self._admin.slots(),
            await self._admin.map(self._options.map_file),
            pools=served,
            map_file=self._options.map_file,
        )

    def _say(self, wanted: Plan) -> None:
        """Log who came, went, or drains since the last look."""
        nodes = {
            f"{pool}/{place.node_id}": "draining" if place.draining else place.address
            for pool, places in (("web", wanted.web), ("sockets", wanted.sockets), ("streams", wanted.streams))
            for place in places
        }
        news = [f"{name} at {where}" for name, where in nodes.items() if self._nodes.get(name) != where]
        news += [f"{name} is gone" for name in self._nodes if name not in nodes]
        if news:
            _log.info("%s", "; ".join(news).replace(" at draining", " drains"))
        self._nodes = nodes


class CommandMaster:
    """Reloads by a command of the operator's, such as `systemctl reload haproxy`."""

    def __init__(self, command: str, admin: AdminSocket | None = None) -> None:
        self._command = shlex.split(command)
        self._admin = admin

    async def reload(self) -> None:
        """Run the command; with an admin socket, return once somebody else answers there.  Raises CannotRun."""
        if not self._command:
            raise CannotRun("a reload is needed and no command for it was given (--reload)")
        before = 0
        if self._admin is not None:
            with contextlib.suppress(NotRunning):
                before = (await self._admin.running()).pid
        await run(self._command)
        if self._admin is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RELOAD_S):
                while True:
                    with contextlib.suppress(NotRunning):
                        if (await self._admin.running()).pid != before:
                            return
                    await asyncio.sleep(0.1)
        raise CannotRun(f"no new HAProxy answers after {shlex.join(self._command)}")


async def run(command: list[str]) -> None:
    """Run a command to its end.  Raises CannotRun with what it said when it fails."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as problem:
        raise CannotRun(f"cannot run {command[0]}: {problem.strerror or problem}") from problem
    try:
        async with asyncio.timeout(_RELOAD_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CannotRun(f"{shlex.join(command)} did not end in {_RELOAD_S:g} s") from None
    if process.returncode != 0:
        raise CannotRun(f"{shlex.join(command)}: {said.decode('utf-8', 'replace').strip() or process.returncode}")


def _shape(text: str) -> list[str]:
    """Return what the admin socket cannot change: everything but the servers."""
    return [line for line in text.splitlines() if not line.startswith("    server")]
