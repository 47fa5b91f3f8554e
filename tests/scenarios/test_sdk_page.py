"""Every program of docs/sdk.md runs as it stands, and does what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.house import PASSWORD, House

from hubbub.client import Client, HttpApi, connect

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/sdk.md").read_text("utf-8")
SERVER = "http://127.0.0.1:8080"
WAIT_S = 20.0

EXAMPLE = re.compile(r"<!-- example: ([\w-]+) -->\n```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.S)
EXAMPLES = {name: (program, prints) for name, program, prints in EXAMPLE.findall(PAGE)}
ENDLESS = {"echo", "blocking"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with the people of the page."""
    house = House(tmp_path_factory.mktemp("page"))

    async def begins() -> None:
        await house.opens()
        async with HttpApi(house.http) as http:
            for name in ("romeo", "juliet", "echo"):
                # The password of the page.
                await http.register(name, "wherefore art thou")

    asyncio.run(begins())
    yield house
    asyncio.run(house.closes())


def environ(house: House, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUBBUB")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def written(name: str, house: House, folder: Path) -> Path:
    """Write a program of the page to a file, with the address of the test's server."""
    program, _ = EXAMPLES[name]
    assert SERVER in program or name == "reconnecting"
    path = folder / f"{name}.py"
    path.write_text(program.replace(SERVER, house.http), "utf-8")
    return path


def test_every_program_of_the_page_is_run() -> None:
    assert PAGE.count("```python\n") == len(EXAMPLES) >= 10
    assert {name for name, (_, prints) in EXAMPLES.items() if not prints} == ENDLESS


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - ENDLESS - {"program"}))
def test_a_program_prints_what_the_page_says(name: str, house: House, tmp_path: Path) -> None:
    runs(written(name, house, tmp_path), environ(house), EXAMPLES[name][1])


def runs(program: Path, environment: dict[str, str], prints: str) -> None:
    done = subprocess.run(
        [sys.executable, program],
        cwd=program.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == (prints, 0), done.stderr


async def test_a_registered_program_has_a_name_and_no_password(house: House, tmp_path: Path) -> None:
    async with HttpApi(house.http) as http:
        body = {"token": house.setup_token(), "username": "prince", "password": PASSWORD, "name": "Verona"}
        await http.call("POST", "/api/v1/setup", json=body)
        token = (await http.log_in("prince", PASSWORD)).access_token
        wish = {"name": "Helper", "grants": ["client_credentials"], "scopes": ["read", "write"], "bot": "helper"}
        made = await http.call("POST", "/api/v1/clients", token=token, json=wish)
    environment = environ(house, BOT_ID=made["client_id"], BOT_SECRET=made["client_secret"])
    await asyncio.to_thread(runs, written("program", house, tmp_path), environment, EXAMPLES["program"][1])


@asynccontextmanager
async def running(*command: str | Path, environment: dict[str, str], cwd: Path) -> AsyncIterator[None]:
    """Run a bot; it must end well when it is interrupted."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        env=environment,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), WAIT_S)
    # An example without a handler of its own ends as Python does: by the interrupt.
    assert process.returncode in (0, 130, -signal.SIGINT), err.decode()
    assert (err.splitlines() or [b""])[-1] in (b"", b"KeyboardInterrupt"), err.decode()
    assert b"never retrieved" not in err


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)


async def answered(client: Client, name: str, said: str) -> str:
    """Say something to somebody and return what they answer."""
    (other,) = await client.users(usernames=[name])
    chat = await client.open_direct(other.id)
    messages = client.messages()
    await client.send(chat.id, said)
    async with asyncio.timeout(WAIT_S):
        async for message in messages:
            if message.conversation_id == chat.id:
                return message.text
    raise AssertionError("the client ended")


async def online(client: Client, name: str) -> None:
    """Wait until somebody is online."""
    (other,) = await client.users(usernames=[name])

    async def there() -> bool:
        return any(presence.user_id == other.id for presence in (await client.online(limit=100))[0])

    await until(there)


@pytest.mark.parametrize("name", sorted(ENDLESS))
async def test_a_bot_of_the_page_answers_until_it_is_interrupted(name: str, house: House, tmp_path: Path) -> None:
    async with (
        connect(house.http, username="romeo", password="wherefore art thou") as romeo,
        running(sys.executable, written(name, house, tmp_path), environment=environ(house), cwd=tmp_path),
    ):
        await online(romeo, "echo")
        assert await answered(romeo, "echo", f"Soft, {name}!") == f"Soft, {name}!"


async def test_the_echo_bot_answers_what_was_said_while_it_was_away_and_nothing_twice(
    house: House, tmp_path: Path
) -> None:
    command = (sys.executable, ROOT / "examples/echo_bot.py", house.http, "echo")
    environment = environ(house, HUBBUB_PASSWORD="wherefore art thou")
    async with connect(house.http, username="juliet", password="wherefore art thou") as juliet:
        async with running(*command, environment=environment, cwd=tmp_path):
            assert await answered(juliet, "echo", "one") == "one"
        (echo,) = await juliet.users(usernames=["echo"])
        chat = await juliet.open_direct(echo.id)
        await juliet.send(chat.id, "two")
        async with running(*command, environment=environment, cwd=tmp_path):
            assert await answered(juliet, "echo", "three") == "two"

            async def all_said() -> bool:
                return len((await juliet.history(chat.id)).messages) == 6

            await until(all_said)
        page = await juliet.history(chat.id)
        said = [(message.text, message.sender_id == juliet.user_id) for message in page.messages]
    assert [text for text, mine in said if mine] == ["one", "two", "three"]
    assert [text for text, mine in said if not mine] == ["one", "two", "three"]


async def test_the_archive_bot_goes_on_where_it_was_killed(house: House, tmp_path: Path) -> None:
    archive = tmp_path / "archive.jsonl"
    command = (sys.executable, ROOT / "examples/archive_bot.py", house.http, "scribe", archive)
    environment = environ(house, HUBBUB_PASSWORD="wherefore art thou")
    async with HttpApi(house.http) as http:
        scribe = await http.register("scribe", "wherefore art thou")
    async with connect(house.http, username="romeo", password="wherefore art thou") as romeo:
        group = await romeo.create_group("Records", [scribe.id])
        for number in range(3):
            await romeo.send(group.id, f"before {number}")

        def lines() -> list[str]:
            text = archive.read_text("utf-8") if archive.exists() else ""
            return [line for line in text.splitlines() if group.id in line]

        async def written_lines(count: int) -> None:
            async def there() -> bool:
                return len(lines()) >= count

            await until(there)

        async with running(*command, environment=environment, cwd=tmp_path):
            await written_lines(4)
            for number in range(20):
                await romeo.send(group.id, f"during {number}")
            await written_lines(24)
        # As if it had been killed in the middle of a line, its own memory ahead of the file.
        whole = archive.read_bytes()
        archive.write_bytes(whole + b'{"conversation_id":"cut')
        await romeo.send(group.id, "after")
        async with running(*command, environment=environment, cwd=tmp_path):
            await written_lines(25)
    seqs = [int(match) for line in lines() for match in re.findall(r'"seq":(\d+)', line)[:1]]
    assert seqs == list(range(1, 26))
