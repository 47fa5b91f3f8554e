"""`hubbub setup` against a running server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from click.testing import CliRunner, Result
from unit.auth.people import PASSWORD
from unit.rest.site import Site, a_site

from hubbub.auth.setup_link import setup_link, write_setup_link
from hubbub.cli.setup import command
from hubbub.rest.app import create_app


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Site, str]]:
    """Serve a site on a free port, its set-up link in `folder`."""
    async with a_site() as site:
        app = create_app(site.deps_without_metrics())
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        # It listens before the server starts, so the first request waits instead of failing.
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            token = await site.accounts.setup_token()
            assert token is not None
            write_setup_link(folder, setup_link(url, token))
            try:
                yield site, url
            finally:
                server.should_exit = True


async def run(*arguments: str, typed: str = "") -> Result:
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, typed)


async def test_the_questions_make_the_first_admin(tmp_path: Path) -> None:
    async with served(tmp_path) as (site, url):
        result = await run("--server", url, "--data", str(tmp_path), typed=f"Verona\nprince\n{PASSWORD}\n{PASSWORD}\n")
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[-1] == "Verona is set up. Log in with: hubbub login prince"
        assert PASSWORD not in result.output
        assert (await site.accounts.profile((await site.log_in("prince")).user_id)).is_admin
        again = await run("--server", url, "--data", str(tmp_path))
        assert (again.exit_code, again.stderr) == (1, "Error: This server is already set up.\n")


async def test_a_script_needs_no_questions(tmp_path: Path) -> None:
    async with served(tmp_path) as (site, url):
        flags = ["--server", url, "--data", str(tmp_path), "--username", "prince", "--password-stdin", "--json"]
        result = await run(*flags, typed=f"{PASSWORD}\n")
        assert result.exit_code == 0, result.output
        account = json.loads(result.stdout)
        assert (account["username"], account["is_admin"]) == ("prince", True)
        assert (await site.accounts.place()).name == "Hubbub"


async def test_what_is_missing_or_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, url):
        nowhere = await run("--server", url, "--data", str(tmp_path / "nowhere"))
        assert nowhere.exit_code == 1
        assert "There is no set-up link in" in nowhere.stderr
        flags = ["--server", url, "--username", "prince", "--password-stdin"]
        guessed = await run(*flags, "--token", "guess", typed=f"{PASSWORD}\n")
        assert (guessed.exit_code, guessed.stderr) == (1, "Error: The set-up link is not valid.\n")
        weak = await run(*flags, "--data", str(tmp_path), typed="short\n")
        assert (weak.exit_code, weak.stderr) == (1, "Error: A password has at least 8 characters.\n")
        nameless = await run("--server", url, "--password-stdin")
        assert nameless.exit_code == 2
    silent = await run("--server", url, "--data", str(tmp_path))
    assert silent.exit_code == 1
    assert "cannot be reached" in silent.stderr
