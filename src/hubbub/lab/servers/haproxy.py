"""HAProxy in master-worker mode: its configuration can be checked, and changed without dropping a connection."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.process import Deadline, run
from hubbub.lab.servers.server import Server, ServerFailed

CHECK_S = 20.0


class HaproxyServer(Server):
    """One HAProxy over a configuration that somebody else writes; it must listen on `port`."""

    name = "haproxy"
    # Connections end with it: whoever stops the edge has drained the nodes behind.
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def config_file(self) -> Path:
        return self.folder / "haproxy.cfg"

    def configure(self, text: str) -> None:
        """Store a configuration; it holds from the next start or reload.  Raises ServerFailed if it is not valid."""
        self.folder.mkdir(parents=True, exist_ok=True)
        trial = self.folder / "haproxy.cfg.new"
        trial.write_text(text, "utf-8")
        check(trial)
        trial.replace(self.config_file)

    def reload(self) -> None:
        """Take the stored configuration; connections that are open stay with the process that has them."""
        child = self._running_child()
        before = {one.pid for one in child.family()}
        child.send_signal(signal.SIGUSR2)
        deadline = Deadline(self.start_s)
        while deadline.waits():
            if not child.running:
                raise ServerFailed(self.name, "ended while reloading", child.tail())
            if {one.pid for one in child.family()} - before and self._answers():
                return
        raise ServerFailed(self.name, f"did not reload within {deadline.seconds:g} s", child.tail())

    def _prepare(self) -> None:
        if not self.config_file.exists():
            raise ServerFailed(self.name, "has no configuration yet")

    def _command(self) -> Sequence[object]:
        return [program(), "-W", "-db", "-f", self.config_file]

    def _answers(self) -> bool:
        self._connect().close()
        return True


def program() -> Path:
    """Return haproxy.  Raises MissingProgram."""
    return find("haproxy", package="haproxy")


def check(file: Path) -> None:
    """Raise ServerFailed, with what HAProxy says, if a configuration is not valid."""
    done = run([program(), "-c", "-f", file], timeout_s=CHECK_S)
    if done.returncode:
        raise ServerFailed("haproxy", f"refuses its configuration: {done.stderr.strip()}")
