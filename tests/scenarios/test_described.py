"""The OpenAPI document is true: whatever a client makes of it, the server answers what it says, and never fails."""

from __future__ import annotations

import os
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

ENDS_THE_SERVER = r"/nodes/.*/drain|/api/v1/level|/metrics"
"""What would end the server, or is no part of the API."""

ENDS_A_TOKEN = r"/me/logout|/me/password|/me/logins|/oauth/revoke|/api/v1/keys"
"""What would end the token that the others need."""

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


def make_admin(server: OwnServer) -> None:
    """Set the server up, by an admin who may do everything."""
    link = (server.data / "setup-link").read_text("ascii").strip()
    with httpx.Client(base_url=server.http, timeout=30) as http:
        new = {"token": link.partition("token=")[2], "username": "prince", "password": PASSWORD, "name": "Verona"}
        assert http.post("/api/v1/setup", json=new).status_code == 201


def token_of(server: OwnServer) -> str:
    form = {"grant_type": "password", "username": "prince", "password": PASSWORD}
    return str(httpx.post(f"{server.http}/oauth/token", data=form, timeout=30).json()["access_token"])


def runs(server: OwnServer, folder: Path, environ: dict[str, str], **options: str) -> None:
    """Have schemathesis try what the server says of itself; nothing may fail, nor be in the log of the server."""
    arguments = {
        "phases": "examples,coverage,fuzzing",
        "checks": ",".join(CHECKS),
        "max-examples": "3",
        "seed": "1",
        "suppress-health-check": "all",
        "warnings": "off",
        "generation-database": "none",
        **options,
    }
    more = [part for name, value in arguments.items() for part in (f"--{name.replace('_', '-')}", value)]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.http}/api/openapi.json", "--no-color", *more]
    # An interpreter of its own: it patches what it tests with, and takes warnings for granted.
    env = os.environ | environ
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, cwd=folder, env=env)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "failed" not in server.log(), server.log()[-5_000:]


@pytest.mark.slow
def test_schemathesis_finds_no_failure_and_no_answer_that_is_not_described(tmp_path: Path) -> None:
    with OwnServer(tmp_path / "data", environ=ENVIRON) as server:
        make_admin(server)
        header = f"Authorization: Bearer {token_of(server)}"
        others = f"{ENDS_THE_SERVER}|{ENDS_A_TOKEN}"
        runs(server, tmp_path, {}, max_time="60", exclude_path_regex=others, header=header)


@pytest.mark.slow
def test_schemathesis_finds_no_failure_in_what_ends_its_own_token(tmp_path: Path) -> None:
    with OwnServer(tmp_path / "data", environ=ENVIRON) as server:
        make_admin(server)
        hooks = str(Path(__file__).with_name("described_auth.py"))
        environ = {"SCHEMATHESIS_HOOKS": hooks, "PRINCE_SERVER": server.http, "PRINCE_PASSWORD": PASSWORD}
        runs(server, tmp_path, environ, max_time="12", include_path_regex=ENDS_A_TOKEN)
