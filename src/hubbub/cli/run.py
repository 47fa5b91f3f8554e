"""What every command shares: its options, how it ends, and a connected client.

A command ends with a number a script can act on and one sentence for people; a traceback never reaches them.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, NoReturn

import click

from hubbub.cli.profile import NotLoggedIn, Profile, ProfileFile, ProfileLogin, Use
from hubbub.cli.show import safe
from hubbub.client import Client, HttpApi, HubbubError
from hubbub.client.connection import Transport
from hubbub.client.errors import CLOSED, UNREACHABLE

DEFAULT_SERVER = "http://127.0.0.1:8080"


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_LOGGED_IN = 3
    REFUSED = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


Ask = Callable[..., Coroutine[Any, Any, dict[str, Any]]]
"""`await ask(method, path, json=…, params=…)` returns the JSON object a call answers."""

Pieces = Callable[[str], AsyncIterator[bytes]]
"""`async for piece in pieces(path)` brings the bytes of a download."""

_LOGIN_CODES = {"unauthenticated", "bad_token", "token_expired", "session_ended", "bad_credentials"}
_REACH_CODES = {UNREACHABLE, "timeout", "unavailable", "going_away", "overloaded", CLOSED}


class Context:
    """What the common options say."""

    def __init__(self, server: str | None, profile: str, as_json: bool) -> None:
        self._server = server
        self.as_json = as_json
        try:
            self.file = ProfileFile(profile)
        except ValueError as exc:
            raise click.UsageError(str(exc)) from None

    @property
    def server(self) -> str:
        """Where to go when there is no profile yet."""
        return self._server or DEFAULT_SERVER

    @property
    def chosen(self) -> bool:
        """Whether the server was named, by an option or a variable."""
        return bool(self._server)

    def choose(self, server: str) -> None:
        """Go on with another server than was named."""
        self._server = server

    def profile(self) -> Profile:
        """Return the profile that is logged in.  Raises NotLoggedIn."""
        profile = self.file.load()
        if self._server and self._server.rstrip("/") != profile.server.rstrip("/"):
            raise NotLoggedIn(self.file.name)
        return profile

    def make_client(self, use: Use, **options: Any) -> Client:
        """Return a client of this profile, to be entered."""
        profile = self.profile()
        if use == "brief":
            # Commands that are over in a moment push each other aside; each comes back until it is done.
            options.setdefault("survives", ("session_replaced", "session_refused"))
        else:
            options.setdefault("receipts", True)
        return Client(
            profile.server,
            login=ProfileLogin(self.file, use),
            name="hubbub cli",
            transport=Transport(os.environ.get("HUBBUB_TRANSPORT", Transport.WEBSOCKET)),
            **options,
        )

    @asynccontextmanager
    async def client(self, *, timeout: float = 15.0) -> AsyncIterator[Client]:
        """Connect as this profile for one command; it is online inside."""
        async with self.make_client("brief") as client:
            await client.ready(timeout)
            yield client

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Ask]:
        """Return a function that asks the server as this profile, over HTTP and without going online."""
        profile = self.profile()
        login = ProfileLogin(self.file, "brief")
        async with HttpApi(profile.server) as http:

            async def ask(method: str, path: str, **more: Any) -> dict[str, Any]:
                token = await login.token(http)
                try:
                    return await http.call(method, path, token=token, **more)
                except HubbubError as error:
                    if error.code not in ("bad_token", "token_expired"):
                        raise
                # It was turned away before anything was done: its key may have been taken away, or clocks differ.
                return await http.call(method, path, token=await login.renew(http, token), **more)

            yield ask

    @asynccontextmanager
    async def pieces(self) -> AsyncIterator[Pieces]:
        """Return a function that gets the bytes behind a path as this profile."""
        profile = self.profile()
        login = ProfileLogin(self.file, "brief")
        async with HttpApi(profile.server) as http:

            async def pieces(path: str) -> AsyncIterator[bytes]:
                async for piece in http.pieces(path, token=await login.token(http)):
                    yield piece

            yield pieces

    def show(self, value: object, sentence: str = "") -> None:
        """Print a result: as one line of JSON, or as a sentence."""
        if self.as_json:
            # ASCII only: no terminal can mistake what somebody wrote for a command to itself.
            print(json.dumps(value, ensure_ascii=True), flush=True)
        elif sentence:
            # Part of it is the server's, and whoever answers at its address may write anything.
            print(safe(sentence), flush=True)

    def fail(self, error: HubbubError) -> NoReturn:
        """End the command for an error."""
        if error.code in _LOGIN_CODES:
            status = Exit.NOT_LOGGED_IN
        elif error.code in _REACH_CODES:
            status = Exit.UNREACHABLE
        else:
            status = Exit.REFUSED
        if self.as_json:
            print(json.dumps({"error": error.code, "message": error.message, "retry": error.retry}), flush=True)
        else:
            print(f"hubbub: {safe(str(error))}", file=sys.stderr)
        sys.exit(status)


def common(body: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a click callback of a coroutine function that takes a `Context` first."""

    @click.option("--server", metavar="URL", envvar="HUBBUB_SERVER", help=f"The server (default: {DEFAULT_SERVER}).")
    @click.option("--profile", metavar="NAME", envvar="HUBBUB_PROFILE", default="default", help="Who you are.")
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object per line.")
    @functools.wraps(body)
    def callback(*args: Any, server: str | None, profile: str, as_json: bool, **options: Any) -> None:
        context = Context(server, profile, as_json)
        try:
            asyncio.run(body(context, *args, **options))
        except HubbubError as error:
            context.fail(error)
        except NotLoggedIn as missing:
            context.fail(HubbubError("unauthenticated", str(missing)))
        except KeyboardInterrupt:
            sys.exit(Exit.INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; the interpreter must not complain about it on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.OK)
        except OSError as error:
            print(f"hubbub: {error}", file=sys.stderr)
            sys.exit(Exit.FAILED)

    return callback


def read_password(from_stdin: bool, *, confirm: bool = False) -> str:
    """Return the password: from standard input, the environment, or a prompt."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if given := os.environ.get("HUBBUB_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        raise click.UsageError("There is nobody to ask for a password: use --password-stdin or HUBBUB_PASSWORD.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=confirm))
