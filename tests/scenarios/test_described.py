"""The OpenAPI document is true: whatever a client makes of it, the server answers what it says, and never fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hubbub.lab.load.server import OPEN_LIMITS, OwnServer

PASSWORD = "a glooming peace"

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

ENDS_SOMETHING = r"/me/logout|/me/password|/me/logins|/nodes/.*/drain|/api/v1/level|/oauth/revoke|/metrics"
"""What would end the token that the others need, or the server."""

ENVIRON = {
    **OPEN_LIMITS,
    "HUBBUB_AUTH_REQUESTS_PER_SECOND": "0",
    "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0",
    "HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0",
    "HUBBUB_AUTH_ARGON2_MEMORY_KIB": "64",
    "HUBBUB_AUTH_ARGON2_ITERATIONS": "1",
    # A stream of events ends when it has said what there is.
    "HUBBUB_REST_EVENT_LONGEST_S": "0",
}


def an_admin(server: OwnServer) -> str:
    """Return a token that may do everything."""
    link = (server.data / "setup-link").read_text("ascii").strip()
    with httpx.Client(base_url=server.http, timeout=30) as http:
        new = {"token": link.partition("token=")[2], "username": "prince", "password": PASSWORD, "name": "Verona"}
        assert http.post("/api/v1/setup", json=new).status_code == 201
        form = {"grant_type": "password", "username": "prince", "password": PASSWORD}
        return str(http.post("/oauth/token", data=form).json()["access_token"])


@pytest.mark.slow
def test_schemathesis_finds_no_failure_and_no_answer_that_is_not_described(tmp_path: Path) -> None:
    with OwnServer(tmp_path / "data", environ=ENVIRON) as server:
        arguments = {
            "--phases": "examples,coverage,fuzzing",
            "--checks": ",".join(CHECKS),
            "--max-examples": "3",
            "--max-time": "60",
            "--seed": "1",
            "--suppress-health-check": "all",
            "--warnings": "off",
            "--generation-database": "none",
            "--exclude-path-regex": ENDS_SOMETHING,
            "--header": f"Authorization: Bearer {an_admin(server)}",
        }
        options = [part for pair in arguments.items() for part in pair]
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.http}/api/openapi.json", "--no-color"]
        # An interpreter of its own: it patches what it tests with, and takes warnings for granted.
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=110, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
        assert "failed" not in server.log(), server.log()[-5_000:]
