"""A real server in a process of its own, on free ports, with a data folder that is thrown away.

What it prints goes to a file, which is shown when it does not come up.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

START_S = 60.0
STOP_S = 40.0
PASSWORD = "wherefore art thou"

QUICK = {
    # Hashing passwords slowly is tested where it matters; here it would be most of the play.
    "HUBBUB_AUTH_ARGON2_MEMORY_KIB": "64",
    "HUBBUB_AUTH_ARGON2_ITERATIONS": "1",
    "HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0",
    "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0",
    "HUBBUB_CHAT_LIMITS_ON": "false",
    "HUBBUB_DRAIN_S": "1",
}
"""Settings under which a play takes no longer than it must."""


class House:
    """One server over one data folder, however often it is started."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`settings`: variables without their prefix, in lower case: `gateway_login_policy="replace"`."""
        self._folder = folder
        self._settings = {f"HUBBUB_{name.upper()}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._listen = ("127.0.0.1:0", "127.0.0.1:0")
        self.http = ""
        self.tcp = ""

    @property
    def data(self) -> Path:
        return self._folder / "data"

    async def opens(self) -> None:
        """Start the server and wait until it serves; a second time on the ports of the first."""
        announced = self.data / "server.json"
        announced.unlink(missing_ok=True)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HUBBUB_")}
        http, tcp = self._listen
        command = [sys.executable, "-m", "hubbub.cli.main", "serve", "--data", str(self.data)]
        command += ["--listen", http, "--listen-tcp", tcp]
        self._process = self._spawn(command, {**environ, **QUICK, **self._settings})
        try:
            async with asyncio.timeout(START_S):
                where = await self._announcement(announced)
        except TimeoutError:
            raise AssertionError(f"the server did not come up:\n{self.log()}") from None
        self.http, self.tcp = where["http"], where["tcp"]
        self._listen = (self.http.removeprefix("http://"), self.tcp)

    async def closes(self) -> int:
        """Stop the server in order; return its exit status."""
        return await self._end(signal.SIGTERM)

    async def burns_down(self) -> None:
        """Kill the server where it stands."""
        await self._end(signal.SIGKILL)

    def log(self) -> str:
        """Return what the server printed."""
        return (self._folder / "server.log").read_text("utf-8", "replace")

    def setup_token(self) -> str:
        """Return the token of the one-time set-up link."""
        return (self.data / "setup-link").read_text().strip().rpartition("token=")[2]

    def _spawn(self, command: list[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(command, env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @staticmethod
    def _read(file: Path) -> dict[str, Any]:
        try:
            said: dict[str, Any] = json.loads(file.read_text())
        except FileNotFoundError:
            return {}
        return said

    async def _announcement(self, file: Path) -> dict[str, Any]:
        assert self._process is not None
        while True:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.log()}")
            said = self._read(file)
            if said.get("pid") == self._process.pid:
                return said
            await asyncio.sleep(0.02)

    async def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not stop:\n{self.log()}") from None
