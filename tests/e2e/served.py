"""A server in a process of its own, as its operator would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from e2e.stranger import Address

START_S = 30.0

QUICK = {
    # All the tests' people come from one address.
    "HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0",
    "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0",
    # Hashing passwords slowly is tested where it matters.
    "HUBBUB_AUTH_ARGON2_MEMORY_KIB": "64",
    "HUBBUB_AUTH_ARGON2_ITERATIONS": "1",
    "HUBBUB_DRAIN_S": "1",
}
"""Settings that make the tests shorter and nothing else."""


class Served:
    """A running server on a data folder; it can be killed and started again."""

    def __init__(self, data: Path, **settings: str) -> None:
        """`settings` as environment variables, such as HUBBUB_AUTH_REGISTRATION."""
        self.data = data
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._log = data.with_suffix(".log")

    def start(self, port: int = 0) -> Address:
        """Start it on free ports, or its HTTP on this one; return once it is ready."""
        ready = self.data / "server.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "hubbub.cli.main", "serve", "--data", str(self.data)]
        command += ["--listen", f"127.0.0.1:{port}", "--listen-tcp", "127.0.0.1:0"]
        env = os.environ | QUICK | self._settings
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text("utf-8", "replace")
            if ready.exists():
                where = json.loads(ready.read_text("utf-8"))
                return Address(where["http"], where["tcp"])
            # Another process has no event to wait for; it writes a file when it is ready.
            time.sleep(0.02)
        raise AssertionError("the server did not start: " + self._log.read_text("utf-8", "replace"))

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(20)
