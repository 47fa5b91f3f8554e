"""`hubbub bench` measures a real server, small here, and says what it found in one object."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hubbub.lab.load.server import OPEN_LIMITS, OwnServer

BENCH = (sys.executable, "-m", "hubbub.cli.main", "bench")
PROMISED = {
    "acked_per_s", "delivered_per_s", "ack_ms", "delivery_ms", "lost", "duplicated", "reordered", "offered_per_s",
    "rss_kib_per_connection", "cpu", "cores", "database", "fsync", "payload_bytes", "commit", "python",
}  # fmt: skip
"""What every measurement's object has, null where it does not apply."""


def bench(*arguments: str) -> dict[str, Any]:
    """Run a measurement and return its object; the checker's verdict is its exit code."""
    done = subprocess.run([*BENCH, *arguments, "--json"], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_direct_prints_every_promised_figure_and_finds_nothing_wrong() -> None:
    found = bench("direct", "--users", "6", "--duration", "0.5", "--in-flight", "2")
    assert found.keys() >= PROMISED
    assert found["acked_per_s"] > 0
    assert found["delivered_per_s"] > 0
    assert found["ack_ms"].keys() == found["delivery_ms"].keys() == {"p50", "p95", "p99", "max"}
    assert (found["lost"], found["duplicated"], found["reordered"], found["phantom"]) == (0, 0, 0, 0)
    assert found["entries_checked"] > 6
    assert found["rss_kib_per_connection"] is None


@pytest.mark.slow
def test_fanout_reaches_every_member_with_every_message() -> None:
    flood = bench("fanout", "--users", "30", "--senders", "5", "--duration", "0.5")
    assert flood["deliveries_checked"] >= 30 * flood["messages"] > 0
    one = bench("fanout", "--users", "30", "--duration", "0.6")
    assert one["delivered_per_s"] > 0
    assert (one["lost"], one["duplicated"], one["reordered"]) == (0, 0, 0)


@pytest.mark.parametrize("transport", ["json", "tcp"])
def test_a_running_server_is_measured_over_any_transport(tmp_path: Path, transport: str) -> None:
    with OwnServer(tmp_path / "data", environ=OPEN_LIMITS) as server:
        arguments = ("--server", server.http, "--transport", transport, "--users", "4", "--rate", "50")
        found = bench("direct", *arguments, "--duration", "1")
    assert found["offered_per_s"] == 50
    assert found["acked_per_s"] == pytest.approx(50, rel=0.3)
    assert found["lost"] == 0


def test_sync_sends_in_proportion_to_what_changed() -> None:
    found = bench("sync")
    assert found["conversations_each"] >= 500
    assert found["resume_bytes"] < 10_000
    assert found["resume_bytes_unchanged"] < found["resume_bytes"]


def test_what_cannot_be_measured_is_said_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [*BENCH, "direct", "--server", "http://127.0.0.1:9"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("Error: ")
