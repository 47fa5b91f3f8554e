"""Own an HAProxy process: check what it is to read, start it, reload it without a gap, stop it.

It runs as master and worker.  At a reload the master starts a new worker, which takes the listening sockets over; the
old one keeps its connections until they end.  Should the process end unasked, it is started again; should its owner
end without a word, HAProxy serves on, and the next owner of the same file takes it over.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import os
import re
import select
import signal
import weakref
from pathlib import Path

from hubbub.server.edge.runtime import AdminSocket, NotRunning

_log = logging.getLogger("hubbub.edge.haproxy")

_TOLD = re.compile(r"\[(ALERT|WARNING|NOTICE)\] +\(\d+\) : (.*)")
_LEVELS = {"ALERT": logging.ERROR, "WARNING": logging.WARNING, "NOTICE": logging.INFO}

_START_S = 10.0
_CHECK_S = 15.0
_LOOK_S = 0.05
_KNOWN_S = 0.5
_AGAIN_S = 1.0


class CannotRun(Exception):
    """HAProxy refuses its configuration or does not start; the sentence says what it said."""


async def check(binary: str, file: Path) -> None:
    """Have HAProxy read a configuration without using it.  Raises CannotRun."""
    try:
        process = await asyncio.create_subprocess_exec(
            binary, "-c", "-f", str(file), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except OSError as problem:
        raise CannotRun(f"cannot start {binary}: {problem.strerror or problem}") from problem
    try:
        async with asyncio.timeout(_CHECK_S):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CannotRun(f"{binary} did not finish checking {file}") from None
    if process.returncode != 0:
        raise CannotRun(said.decode("utf-8", "replace").strip() or f"{binary} refuses {file}")


class HaproxyProcess:
    """One HAProxy on one configuration file.  Its owner starts and stops it."""

    def __init__(self, binary: str, file: Path, admin: AdminSocket, *, grace_s: float = 5.0) -> None:
        self._binary = binary
        self._file = file
        self._admin = admin
        self._grace_s = grace_s
        self._pid_file = file.with_suffix(".pid")
        self._process: asyncio.subprocess.Process | _Found | None = None
        self._reading: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._said: collections.deque[str] = collections.deque(maxlen=5)
        """Its last lines, for whoever asks why it ended."""

    async def start(self) -> None:
        """Start it and return once it answers.  Raises CannotRun."""
        await check(self._binary, self._file)
        found = await _left_running(self._pid_file, self._file)
        if found is not None:
            _log.warning("taking over the HAProxy that runs already")
            self._process = found
            await self.reload()
        else:
            await self._start()
        self._keeping = asyncio.create_task(self._keep())

    async def reload(self) -> None:
        """Have a new worker read the file; returns once that one answers.  Raises CannotRun, NotRunning."""
        await check(self._binary, self._file)
        if self._process is None or self._process.returncode is not None:
            raise NotRunning(self._admin.path, "it is being started again")
        before = (await self._admin.running()).pid
        self._process.send_signal(signal.SIGUSR2)
        await self._answers(other_than=before)

    async def stop(self) -> None:
        """Stop listening, give connections the grace to end, and end it.  Idempotent."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
            self._keeping = None
        process = self._process
        if process is None or process.returncode is not None:
            return
        for number, patience_s in ((signal.SIGUSR1, self._grace_s), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await process.wait()
                    return

    async def _start(self) -> None:
        process = self._process = await asyncio.create_subprocess_exec(
            self._binary,
            "-W",
            "-p",
            str(self._pid_file),
            "-f",
            str(self._file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Of a group of its own, so that Ctrl-C at a terminal reaches only its owner, who stops it in order.
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(process))
        try:
            await self._answers(other_than=0)
        except CannotRun:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await self._reading
            raise CannotRun("HAProxy does not start: " + ("; ".join(self._said) or "it said nothing")) from None

    async def _answers(self, *, other_than: int) -> None:
        """Wait until a worker answers that is not the one given."""
        process = self._process
        assert process is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while process.returncode is None:
                    with contextlib.suppress(NotRunning):
                        if (await self._admin.running()).pid != other_than:
                            return
                    await asyncio.sleep(_LOOK_S)
        raise CannotRun("no worker of HAProxy answers")

    async def _keep(self) -> None:
        """Start it again whenever it ends."""
        while True:
            assert self._process is not None
            number = await self._process.wait()
            _log.error("HAProxy ended with %d; starting it again", number)
            while True:
                await asyncio.sleep(_AGAIN_S)
                try:
                    await self._start()
                    break
                except (CannotRun, OSError) as problem:
                    _log.error("%s", problem)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand on what it says, until it ends."""
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                continue  # Longer than the reader's limit and dropped; an unread pipe would stop HAProxy.
            if not line:
                return
            self._hand_on(line.decode("utf-8", "replace").strip())

    def _hand_on(self, text: str) -> None:
        """Log what HAProxy said; it says most things twice, on its terminal and in its log."""
        found = _TOLD.fullmatch(text)
        level, said = (_LEVELS[found[1]], found[2]) if found else (logging.INFO, text)
        if said and (not self._said or self._said[-1] != said):
            self._said.append(said)
            _log.log(level, "%s", said)


class _Found:
    """A master that an earlier owner left running: no child of this process, so the system is asked how it is.

    Its command line says whose it is, once: while it starts itself anew at a reload there may be none to read.
    """

    def __init__(self, pid: int) -> None:
        """Raises OSError when there is no such process."""
        self._pidfd = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._pidfd)

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        # pidfd_open(2): it is readable once the process has ended, whoever else has its number then.
        look = select.poll()
        look.register(self._pidfd, select.POLLIN)
        return 0 if look.poll(0) else None

    def send_signal(self, number: int) -> None:
        signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        while self.returncode is None:  # noqa: ASYNC110 - nobody tells when somebody else's child ends
            await asyncio.sleep(_LOOK_S * 10)
        return 0


async def _left_running(pid_file: Path, file: Path) -> _Found | None:
    """Return the HAProxy of this configuration that runs; its owner may have gone while it was being reloaded."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = _pid_in(pid_file)
        found = _Found(pid)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KNOWN_S):
                while found.returncode is None:
                    if str(file) in _command_of(pid):
                        return found
                    await asyncio.sleep(_LOOK_S)
    return None


def _pid_in(file: Path) -> int:
    return int(file.read_text("ascii").split()[0])


def _command_of(pid: int) -> list[str]:
    return [os.fsdecode(word) for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
