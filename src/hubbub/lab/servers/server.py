"""The shape every server of the lab has.

    with NatsServer(folder) as nats:
        ...  # nats.url
        nats.kill()
        nats.start()  # on the same port, with the same data

Everything here blocks for as long as it takes, which is never longer than its deadline; async code calls it through
`asyncio.to_thread`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from hubbub.lab.servers.ports import free_port
from hubbub.lab.servers.process import Child, Deadline
from hubbub.lab.servers.reaper import reaper

MEMORY = Path("/dev/shm")
MEMORY_FREE_BYTES = 2 * 1024**3


class ServerFailed(Exception):
    """A server ended, or did not answer in time."""

    def __init__(self, name: str, what: str, log: str = "") -> None:
        self.name = name
        self.what = what
        self.log = log

    def __str__(self) -> str:
        return f"{self.name} {self.what}" + (f"; its log ends with:\n{self.log}" if self.log else "")


class Server(ABC):
    """A server in a process of its own, listening on loopback."""

    name: str
    """As it is called in sentences and files."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    start_s: ClassVar[float] = 30.0
    stop_s: ClassVar[float] = 20.0
    user: str = ""
    """Whom its processes run as when we are root; empty: as we."""

    def __init__(self, folder: Path | None = None, *, port: int = 0, durable: bool = True) -> None:
        """`folder` holds its data and its log; without one it has a temporary folder until it is closed.

        `durable=False` puts the temporary folder into memory where there is room, so that nothing waits for the disk;
        the server itself is set up just the same.
        """
        self._temporary = folder is None
        chosen = folder or Path(tempfile.mkdtemp(prefix=f"hubbub-{self.name}-", dir=_memory(durable)))
        # Its processes run elsewhere.
        self.folder = chosen.absolute()
        if self._temporary:
            reaper.watch_folder(self.folder)
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.log_file = self.folder / f"{self.name}.log"
        self._child: Child | None = None
        self._lock = threading.RLock()

    # ------------------------------------------------------------ what each server says of itself

    @property
    @abstractmethod
    def url(self) -> str:
        """What the settings of a node take."""

    @abstractmethod
    def _command(self) -> Sequence[object]:
        """Return the program and its arguments; called before every start."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it does what it is for; may raise OSError."""

    def _environ(self) -> Mapping[str, str]:
        """Return the variables it gets; called before every start."""
        return os.environ

    def _prepare(self) -> None:  # noqa: B027
        """Make what it needs before its first start; called before every one."""

    def _on_answering(self) -> None:  # noqa: B027
        """Do what can only be done once it answers; called after every start."""

    # ------------------------------------------------------------ its life

    def start(self) -> Self:
        """Start it and return once it answers.  Raises ServerFailed, MissingProgram.  Nothing happens while it runs."""
        with self._lock:
            if self.running:
                return self
            self.folder.mkdir(parents=True, exist_ok=True)
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            self._prepare()
            self._child = Child(self._command(), log=self.log_file, environ=self._environ(), user=self.user)
            try:
                self._await_answer(self._child)
                self._on_answering()
            except BaseException:
                self._child.kill()
                raise
        return self

    def stop(self) -> int:
        """Ask it to end in order; return its exit code.  0 when it does not run."""
        with self._lock:
            child, self._child = self._child, None
            return child.end(self.stop_signal, self.stop_s) if child is not None else 0

    def kill(self) -> None:
        """End all its processes as a power cut would."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.kill()

    def pause(self) -> None:
        """Stop all its processes where they stand."""
        self._running_child().pause()

    def resume(self) -> None:
        """Let its processes go on."""
        self._running_child().resume()

    def restart(self) -> Self:
        """Stop it in order and start it on the same port with its data."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """Stop it and remove its folder if that is a temporary one.  Idempotent."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def paused(self) -> bool:
        return self._child is not None and self._child.paused

    @property
    def returncode(self) -> int | None:
        """How it ended when nobody asked it to; None while it runs, and after it was stopped or killed here."""
        return self._child.returncode if self._child is not None else None

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._running_child().pid

    def log(self) -> str:
        """Return what it printed."""
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ for its kinds

    def _connect(self, timeout_s: float = 1.0) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=timeout_s)

    def _running_child(self) -> Child:
        if self._child is None:
            raise ServerFailed(self.name, "does not run")
        return self._child

    def _await_answer(self, child: Child) -> None:
        deadline = Deadline(self.start_s)
        while deadline.waits():
            if not child.running:
                raise ServerFailed(self.name, f"ended with {child.returncode}", child.tail())
            try:
                if self._answers():
                    return
            except OSError:
                continue
        raise ServerFailed(self.name, f"did not answer within {deadline.seconds:g} s", child.tail())


def _memory(durable: bool) -> Path | None:
    """Return where folders in memory are, if one is wanted and there is room; None: on disk."""
    if durable or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_FREE_BYTES:
        return None
    return MEMORY
