"""Wrong passwords, counted for all nodes together: whoever guesses at one node has guessed at each.

The count is a row by the name that was tried and the address that tried it, so a stranger slows down only the stranger.
It is looked up once before a hash is made, written only where a password was wrong, and gone by itself once it means
nothing any more; what it says of a name says nothing of whether somebody has it.
"""

from __future__ import annotations

from typing import Protocol

from hubbub.auth.limits import Curve, Failed
from hubbub.auth.refresh import digest
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import RateLimited

__all__ = ["FailureStore", "Failures", "Try"]


class FailureStore(Protocol):
    """Counts that all nodes share."""

    async def failures(self, key_hash: bytes) -> Failed | None:
        """Return what was counted of a key."""

    async def count_failure(self, key_hash: bytes, curve: Curve, now_ms: int) -> Failed:
        """Count one more and return what is counted now; none of those that come at once is missed."""

    async def forget_failures(self, key_hash: bytes) -> None: ...


class Try:
    """One password that is being looked at."""

    def __init__(self, failures: Failures, key_hash: bytes, *, counted: bool) -> None:
        self._failures = failures
        self._key_hash = key_hash
        self._counted = counted

    async def failed(self) -> None:
        """It was wrong: beyond the free ones the next try has to wait, twice as long each time."""
        await self._failures.count(self._key_hash)

    async def succeeded(self) -> None:
        """It was right, which forgets those before it."""
        if self._counted:
            await self._failures.forget(self._key_hash)


class Failures:
    """Growing waits after wrong passwords of one name from one address."""

    def __init__(self, store: FailureStore, settings: AuthSettings, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._curve = Curve(
            free=settings.free_failures,
            first_ms=int(settings.failure_wait_s * 1000),
            longest_ms=int(settings.failure_wait_max_s * 1000),
        )

    async def admit(self, place: str, whose: str, *, what: str = "password") -> Try:
        """Begin to look at a password, or at something else that is tried.

        Raises RateLimited while whoever is tried there has to wait at this place.
        """
        key_hash = digest(f"{what} {place} {whose}")
        failed = await self._store.failures(key_hash)
        left_ms = 0 if failed is None else failed.until_ms - self._clock.now_ms()
        if left_ms > 0:
            # A node whose clock is behind makes nobody wait longer than the longest wait there is.
            raise RateLimited(after_s=min(left_ms, self._curve.longest_ms) / 1000)
        return Try(self, key_hash, counted=failed is not None)

    async def count(self, key_hash: bytes) -> None:
        await self._store.count_failure(key_hash, self._curve, self._clock.now_ms())

    async def forget(self, key_hash: bytes) -> None:
        await self._store.forget_failures(key_hash)
