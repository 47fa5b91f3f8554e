"""A server of one's own, on a temporary or a given data folder, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx
import msgspec

from hubbub.lab.load.processes import pin

START_S = 30.0
STOP_S = 15.0

OPEN_LIMITS = {
    # A bench sends from a handful of accounts and one address what thousands of people would.
    "HUBBUB_CHAT_LIMITS_ON": "false",
    "HUBBUB_GATEWAY_FRAMES_PER_S": "1000000",
    "HUBBUB_GATEWAY_FRAMES_BURST": "1000000",
    "HUBBUB_AUTH_ACCESS_TOKEN_S": "7200",
    "HUBBUB_LOG_LEVEL": "warning",
}
"""Rate limits are off during a measurement; everything else is as installed."""


class ServerFailed(Exception):
    """The server ended, or did not get ready."""


class Ready(msgspec.Struct):
    """What a server writes into its data folder once it listens."""

    http: str
    pid: int
    tcp: str = ""


class OwnServer:
    """`hubbub serve` as a child process."""

    def __init__(
        self,
        data: Path,
        *,
        environ: Mapping[str, str] = {},
        cpu: int | None = None,
        command: tuple[str, ...] = (sys.executable, "-m", "hubbub.cli.main"),
        private_mounts: bool = False,
    ) -> None:
        """`private_mounts`: the process sees file systems of its own, so its folder is looked at through /proc."""
        self.data = data
        self.ready = Ready("", 0)
        self.process: subprocess.Popen[bytes] | None = None
        self.start_s = 0.0
        """From the start of the process to the first connection it accepted."""
        self.listen = "127.0.0.1:0"
        self.listen_tcp = "127.0.0.1:0"
        """Free ports at first; when it is started again it comes back where it was."""
        self._environ = {**os.environ, **environ}
        self._cpu = cpu
        self._command = command
        self._private_mounts = private_mounts

    def start(self) -> Self:
        """Start it and return once it accepts connections.  Raises ServerFailed."""
        about = self.data / "server.json"
        about.unlink(missing_ok=True)
        log = (self.data.parent / f"{self.data.name}.log").open("ab")
        begun = time.monotonic()
        arguments = ["serve", "--data", str(self.data), "--listen", self.listen, "--listen-tcp", self.listen_tcp]
        with log:
            self.process = subprocess.Popen(
                [*self._command, *arguments], env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            pin(self._cpu, self.process.pid)
            if self._private_mounts:
                about = Path(f"/proc/{self.process.pid}/root{about.resolve()}")
            self._await_ready(about, begun)
        except BaseException:
            self.kill()
            raise
        return self

    def _await_ready(self, about: Path, begun: float) -> None:
        assert self.process is not None
        while time.monotonic() - begun < START_S:
            if self.process.poll() is not None:
                raise ServerFailed(f"the server ended with {self.process.returncode}: {self.log()[-2000:]}")
            try:
                self.ready = msgspec.json.decode(about.read_bytes(), type=Ready)
                parts = urlsplit(self.http)
                socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
            except (OSError, msgspec.DecodeError):
                time.sleep(0.005)
                continue
            self.start_s = time.monotonic() - begun
            self.listen, self.listen_tcp = parts.netloc, self.ready.tcp or self.listen_tcp
            return
        raise ServerFailed(f"the server was not ready after {START_S:g} s: {self.log()[-2000:]}")

    @property
    def http(self) -> str:
        return self.ready.http if "//" in self.ready.http else f"http://{self.ready.http}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def log(self) -> str:
        """Return what it printed."""
        path = self.data.parent / f"{self.data.name}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_S)

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self.process.returncode)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def socket_address(http: str, token: str, transport: str) -> str:
    """Ask a server where to connect; return a ws:// URL, or host:port for "tcp"."""
    answer = httpx.post(f"{http}/api/v1/connect", headers={"authorization": f"Bearer {token}"}, timeout=10)
    if answer.status_code != 200:
        raise ServerFailed(f"{http} gives no address to connect to: HTTP {answer.status_code} {answer.text[:200]}")
    place = answer.json()
    address = str(place.get("tcp" if transport == "tcp" else "websocket_url") or "")
    if not address:
        raise ServerFailed(f"{http} does not listen for {transport}")
    return address
