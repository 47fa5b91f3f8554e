"""The SDK as a stranger gets it: the wheel, in an empty environment, with nothing of the server's dependencies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from e2e.served import Served

ROOT = Path(__file__).parents[2]
PACKAGES_LIMIT = 6

BOT = """
import asyncio, sys
import hubbub
from hubbub.client import HttpApi
from hubbub.client.blocking import connect

assert not {"uvicorn", "sqlalchemy", "litestar", "httpx", "structlog"} & set(sys.modules)
server = sys.argv[1]

async def register():
    async with HttpApi(server) as http:
        await http.register("stranger", "wherefore art thou")

asyncio.run(register())

async def main():
    async with hubbub.connect(server, username="stranger", password="wherefore art thou") as client:
        notes = await client.open_direct(client.user_id)
        print((await client.send(notes.id, "hello")).seq)

asyncio.run(main())
with connect(server, username="stranger", password="wherefore art thou") as client:
    print(client.send(client.open_direct(client.user_id).id, "again").seq)
"""


def run(*command: str | Path, cwd: Path) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HUBBUB"))}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", ".gitignore", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    ignored = shutil.ignore_patterns("__pycache__", "web_app")
    shutil.copytree(ROOT / "src/hubbub", checkout / "src/hubbub", ignore=ignored)
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", checkout / "dist", cwd=checkout)
    (wheel,) = (checkout / "dist").glob("*.whl")
    return wheel


@pytest.mark.slow
def test_the_sdk_alone_brings_at_most_six_packages_and_talks(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    venv.create(place, symlinks=True, with_pip=False)
    python = place / "bin/python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    fetched = subprocess.run(
        [*pip, "install", "--only-binary", ":all:", wheel], capture_output=True, text=True, timeout=100, check=False
    )
    if "No matching distribution" in fetched.stderr:
        pytest.skip("no package index can be reached: " + fetched.stderr[-300:])
    assert fetched.returncode == 0, fetched.stderr
    packages = {package["name"] for package in json.loads(run(*pip, "list", "--format", "json", cwd=tmp_path))}
    assert "hubbub" in packages
    assert len(packages) <= PACKAGES_LIMIT, packages
    served = Served(tmp_path / "data")
    try:
        served.start()
        where = json.loads((served.data / "server.json").read_text("utf-8"))["http"]
        assert run(python, "-c", BOT, where, cwd=tmp_path).split() == ["2", "3"]
    finally:
        served.kill()
    assert "conformance" in run(place / "bin/hubbub", "--help", cwd=tmp_path)
