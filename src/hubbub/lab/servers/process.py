"""A child process with everything it starts: it is signalled, paused and killed as one.

A server is often several processes, and some of them leave the process group (PostgreSQL's do), so a signal to the
group does not reach them all.  Here they are found by their parents, with the first one stopped so that it starts no
more.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from hubbub.lab.servers.reaper import reaper

PAUSE_S = 2.0
GONE = "gone"
# What has ended may stay as a zombie for a second, until init looks.
ENDED = (GONE, psutil.STATUS_ZOMBIE)
STANDING = (*ENDED, psutil.STATUS_STOPPED)


class Child:
    """One program that runs, in a process group of its own."""

    def __init__(
        self, command: Sequence[object], *, log: Path, environ: Mapping[str, str] = os.environ, user: str = ""
    ) -> None:
        """Start it.  `log` gets what it prints; `user` is whom it runs as if we are root, ourselves if empty."""
        reaper.begin()
        with log.open("ab") as sink:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=dict((*environ.items(), reaper.mark)),
                # A folder it may be in, whoever it is.
                cwd="/",
                start_new_session=True,
                **_identity(user),
            )
        self.log = log
        self.paused = False
        reaper.watch(self.pid)

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    @property
    def running(self) -> bool:
        """Whether the first process has not ended; one that is paused runs."""
        if self.process.poll() is None:
            return True
        reaper.forget(self.pid)
        return False

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        code = self.process.poll()
        return None if code is None else int(code)

    def family(self) -> list[psutil.Process]:
        """Return it and everything it started that still runs, the eldest first."""
        try:
            eldest = psutil.Process(self.pid)
            return [eldest, *eldest.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def send_signal(self, how: signal.Signals) -> None:
        """Send a signal to the first process alone."""
        if self.running:
            self.process.send_signal(how)

    def pause(self) -> None:
        """Stop all of it where it stands; its sockets stay open and nobody answers."""
        stopped: set[int] = set()
        while fresh := [one for one in self.family() if one.pid not in stopped]:
            for one in fresh:
                _signal(one, signal.SIGSTOP)
                stopped.add(one.pid)
            # The signal takes a moment; until then it may start another.
            deadline = Deadline(PAUSE_S, every_s=0.001)
            while any(_status(one) not in STANDING for one in fresh) and deadline.waits():
                pass
        self.paused = True

    def resume(self) -> None:
        """Let all of it go on."""
        for one in reversed(self.family()):
            _signal(one, signal.SIGCONT)
        self.paused = False

    def kill(self, timeout_s: float = 10.0) -> None:
        """End all of it as a power cut would."""
        self.send_signal(signal.SIGSTOP)
        family = self.family()
        for one in family:
            _signal(one, signal.SIGKILL)
        self.process.wait(timeout_s)
        _await_end(family, timeout_s)
        reaper.forget(self.pid)

    def end(self, how: signal.Signals, timeout_s: float) -> int:
        """Ask it to end, and kill what is left when the time is over; return the exit code."""
        if self.paused:
            self.resume()
        family = self.family()
        self.send_signal(how)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        for orphan in _await_end(family[1:], 1.0):
            _signal(orphan, signal.SIGKILL)
        reaper.forget(self.pid)
        return int(self.process.returncode)

    def tail(self, limit_bytes: int = 3000) -> str:
        """Return the end of its log."""
        with contextlib.suppress(FileNotFoundError):
            return self.log.read_bytes()[-limit_bytes:].decode("utf-8", "replace")
        return ""


def run(
    command: Sequence[object], *, timeout_s: float, user: str = "", environ: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it said."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env=dict(environ),
        cwd="/",
        **_identity(user),
    )


class Deadline:
    """A wait that ends: `while deadline.waits(): …` polls until the time is over."""

    def __init__(self, seconds: float, *, every_s: float = 0.02) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._every_s = every_s
        self._first = True

    def waits(self) -> bool:
        """Pause a moment, except the first time; False once the time is over."""
        if self._first:
            self._first = False
            return True
        if time.monotonic() >= self._end:
            return False
        time.sleep(self._every_s)
        return True


def _signal(process: psutil.Process, how: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(how)


def _await_end(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for processes that may be nobody's children any more; return those that run on."""
    deadline = Deadline(timeout_s)
    alive = list(processes)
    while alive and deadline.waits():
        alive = [one for one in alive if _status(one) not in ENDED]
    return alive


def _status(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return str(process.status())
    return GONE


def _identity(user: str) -> dict[str, object]:
    """Return what makes a child run as `user`; nothing unless we may."""
    if not user or os.geteuid() != 0:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
