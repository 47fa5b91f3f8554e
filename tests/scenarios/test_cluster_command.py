"""`hubbub lab cluster` as a person runs it: it says where the cluster is, and Ctrl-C ends all of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from support.house import QUICK

from hubbub.lab.servers.ports import free_port

SMALL = ["--webs", "1", "--gateways", "1", "--chats", "1", "--workers", "0"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a database which refuses to be root can reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="hubbub-cluster-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_says_where_it_is_and_ends_at_ctrl_c(open_folder: Path) -> None:
    listen, tcp = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    command = [
        sys.executable,
        "-m",
        "hubbub.cli.main",
        "lab",
        "cluster",
        *SMALL,
        "--listen",
        listen,
        "--listen-tcp",
        tcp,
    ]
    # Where its own database is concerns a person's other server, not this one.
    environ = {**os.environ, **QUICK, "HUBBUB_DATABASE": "postgresql://nobody@127.0.0.1:1/none"}
    running = subprocess.Popen(
        [*command, "--data", str(open_folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
    )
    with running:
        assert running.stdout is not None
        said: list[str] = []
        try:
            for line in running.stdout:
                said.append(line)
                if "hubbub setup --server" in line:
                    break
            text = "".join(said)
            pids = dict(re.findall(r"^(\S+) +(\d+) +\S+://", text, flags=re.MULTILINE))
            assert list(pids) == ["bus", "database", "edge", "chat-1", "gateway-1", "web-1"], text
            assert f"Hubbub is at http://{listen} (HTTP, WebSocket) and {tcp} (TCP)" in text
            assert httpx.get(f"http://{listen}/api/v1/setup", timeout=10).json() == {"needed": True}
            family = psutil.Process(running.pid).children(recursive=True)
            assert {int(pid) for pid in pids.values()} <= {one.pid for one in family}
        finally:
            running.send_signal(signal.SIGINT)
            said += running.stdout.readlines()
        assert running.wait(60) == 0, "".join(said)
        assert "exit code" not in "".join(said)
        _, alive = psutil.wait_procs(family, 10)
        assert alive == []
