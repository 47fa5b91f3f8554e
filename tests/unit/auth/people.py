"""What the tests of accounts share: a service over memory, and settings that hash fast."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

from hubbub.auth.accounts import Accounts, Grant
from hubbub.auth.ports import SigningKey
from hubbub.auth.settings import AuthSettings
from hubbub.auth.tokens import generate_key
from hubbub.base.clock import ManualClock
from hubbub.storage.memory.accounts import MemoryAccounts

PASSWORD = "wherefore art"


@cache
def a_key() -> SigningKey:
    """Return a signing key that is made once, because making one takes a good part of a second."""
    return generate_key(1)


def fast_settings(**more: object) -> AuthSettings:
    """Return settings whose hashes take a millisecond and whose rates are out of the way."""
    values: dict[str, object] = {
        "argon2_memory_kib": 64,
        "argon2_iterations": 1,
        "registers_per_minute": 0.0,
        "logins_per_minute": 0.0,
        "requests_per_second": 0.0,
        # The key that is made once for all tests is older than any test.
        "key_days": 0,
    }
    return AuthSettings(**{**values, **more})  # type: ignore[arg-type]


@dataclass
class House:
    """A service with what it told the world."""

    accounts: Accounts
    store: MemoryAccounts
    clock: ManualClock
    ended: list[tuple[str, str]] = field(default_factory=list)
    registered: list[str] = field(default_factory=list)

    async def enter(self, name: str = "romeo", *, device_id: str = "") -> Grant:
        """Register and log in."""
        await self.accounts.register(name, PASSWORD)
        return await self.accounts.log_in(name, PASSWORD, device_id=device_id)


@asynccontextmanager
async def a_house(settings: AuthSettings | None = None) -> AsyncIterator[House]:
    """Start a service and close it."""
    store, clock = MemoryAccounts(), ManualClock()
    ended: list[tuple[str, str]] = []
    registered: list[str] = []

    async def on_ended(user_id: str, device_id: str) -> None:
        ended.append((user_id, device_id))

    async def on_registered(user_id: str) -> None:
        registered.append(user_id)

    accounts = Accounts(store, settings or fast_settings(), clock, on_login_ended=on_ended, on_registered=on_registered)
    await store.add_signing_key(a_key(), expect="")
    await accounts.start()
    try:
        yield House(accounts, store, clock, ended, registered)
    finally:
        await accounts.close()
