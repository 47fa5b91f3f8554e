"""`hubbub setup` against a running server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner, Result
from unit.auth.people import PASSWORD
from unit.cli.served import served

from hubbub.cli.setup import command


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
