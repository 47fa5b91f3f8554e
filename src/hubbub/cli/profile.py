"""Who somebody is on this machine: one file per profile, readable by its owner alone.

A profile holds two logins.  The server lets a device be connected once, and a person who has `tail` running in one
terminal wants to `send` in another: so what runs long and what is over in a moment are two devices.  Two programs of
one profile never refresh the same login at once (a spent refresh token ends the login): they take turns by a file lock
and read what the other wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from hubbub.base.clock import SystemClock
from hubbub.client import HttpApi, HubbubError, Tokens

Use = Literal["live", "brief"]
"""What a login is for: programs that run on, or commands that end at once."""

EARLY_S: Final = 30.0
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class LoginState(msgspec.Struct):
    """One login, as it is kept."""

    tokens: Tokens
    obtained_ms: int


class Profile(msgspec.Struct):
    """Whose tokens these are, and where they are good."""

    server: str
    user_id: str
    username: str
    live: LoginState
    brief: LoginState


class NotLoggedIn(Exception):
    """There is no login under this profile."""

    def __init__(self, profile: str) -> None:
        self.profile = profile

    def __str__(self) -> str:
        chosen = "" if self.profile == "default" else f" --profile {self.profile}"
        return f"You are not logged in. Run: hubbub login{chosen}"


class ProfileFile:
    """The file of one profile."""

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name) or name in (".", ".."):
            raise ValueError("A profile's name has letters, digits, dots, dashes and underscores.")
        self.name = name
        self._folder = home() / "profiles"
        self._path = self._folder / f"{name}.json"

    def load(self) -> Profile:
        """Return what is kept.  Raises NotLoggedIn."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Profile)
        except (FileNotFoundError, msgspec.DecodeError):
            raise NotLoggedIn(self.name) from None

    def save(self, profile: Profile) -> None:
        """Replace what is kept, whole or not at all."""
        self._make_folder()
        draft = self._path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(profile)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def forget(self) -> None:
        """Remove the login and everything that was kept for it."""
        self._path.unlink(missing_ok=True)
        for kept in ("tail", "chat"):
            for store in self._folder.glob(f"{self.name}.{kept}-*"):
                store.unlink(missing_ok=True)

    def store_path(self, selection: list[str]) -> Path:
        """Return the file that keeps how far `tail` of these conversations has come; none means all."""
        self._make_folder()
        digest = hashlib.blake2b("\n".join(sorted(selection)).encode(), digest_size=6).hexdigest()
        return self._folder / f"{self.name}.tail-{digest if selection else 'all'}.db"

    def chat_path(self, what: str) -> Path:
        """Return a file that `chat` keeps: its `outbox`, or its `log` of what was said."""
        self._make_folder()
        return self._folder / f"{self.name}.chat-{what}.db"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other programs from refreshing meanwhile.  Blocks; not for the event loop."""
        self._make_folder()
        descriptor = os.open(self._folder / f"{self.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def home() -> Path:
    """Return the folder of everything the command line keeps."""
    if chosen := os.environ.get("HUBBUB_HOME"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "hubbub"


class ProfileLogin:
    """A `Login` of the SDK that lives in a profile's file."""

    def __init__(self, file: ProfileFile, use: Use) -> None:
        self._file = file
        self._use: Use = use
        self._clock = SystemClock()
        self._state = self._read()

    async def token(self, http: HttpApi) -> str:
        """Return a token that lives a while yet."""
        self._state = await asyncio.to_thread(self._read)
        if self.left_s() < EARLY_S:
            return await self.renew(http, self._state.tokens.access_token)
        return self._state.tokens.access_token

    async def renew(self, http: HttpApi, refused: str) -> str:
        """Return another token than `refused`, from the file if another program has renewed it."""
        with contextlib.ExitStack() as held:
            await asyncio.to_thread(held.enter_context, self._file.locked())
            self._state = await asyncio.to_thread(self._read)
            if self._state.tokens.access_token == refused:
                fresh = await http.refresh(self._state.tokens.refresh_token)
                self._state = LoginState(fresh, self._clock.now_ms())
                await asyncio.to_thread(self._write)
        return self._state.tokens.access_token

    def left_s(self) -> float:
        """Return how long the present token lives."""
        tokens = self._state.tokens
        if not tokens.expires_in:
            return float("inf")
        return tokens.expires_in - (self._clock.now_ms() - self._state.obtained_ms) / 1000

    def _read(self) -> LoginState:
        try:
            profile = self._file.load()
        except NotLoggedIn as missing:
            raise HubbubError("session_ended", str(missing)) from missing
        return profile.live if self._use == "live" else profile.brief

    def _write(self) -> None:
        profile = self._file.load()
        if self._use == "live":
            profile.live = self._state
        else:
            profile.brief = self._state
        self._file.save(profile)
