"""What push needs from the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from hubbub.push.model import Note, Quiet, Sight, Subscription


class PushStore(Protocol):
    """Who may be called, when not, and what they are still to be called about."""

    async def subscribe(self, subscription: Subscription) -> None:
        """Keep it, in the place of the device's former one.

        A browser that another person had subscribed before is theirs no more.
        """

    async def unsubscribe(self, user_id: str, device_id: str, endpoint: str = "") -> None:
        """Forget a device's subscription; with `endpoint` only if that is the one.  Idempotent."""

    async def subscriptions(self, user_id: str) -> list[Subscription]:
        """Return those whose login lasts, by device."""

    async def anybody(self) -> bool:
        """Whether there is any subscription at all."""

    async def quiet(self, user_id: str) -> Quiet: ...

    async def set_quiet(self, user_id: str, quiet: Quiet) -> None: ...

    async def note(self, heads: Mapping[str, int], now_ms: int, due_ms: int, large: int) -> int:
        """Note for everybody in these conversations who has a subscription that there is something up to these heads.

        In conversations of more than `large` people only those are noted who have an unread mention.  Doing it again
        changes nothing.  Returns how many notes became due.
        """

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[Note]:
        """Return notes that are due and nobody else works on, oldest first; they are the caller's for the lease."""

    async def settle(self, note: Note, told: int, now_ms: int, next_ms: int) -> None:
        """End the work on a claimed note: what is up to `told` was seen to; what came meanwhile is due at `next_ms`.

        Nothing happens when the lease ran out and another has it.
        """

    async def again(self, note: Note, due_ms: int, *, tries: int, left: Sequence[str]) -> None:
        """Give a claimed note back for a later time; nothing happens when another has it."""

    async def forget(self, before_ms: int) -> None:
        """Delete notes with nothing due that were last due before then, and subscriptions of logins that ended."""


class Looking(Protocol):
    async def __call__(self, user_id: str, conversation_id: str) -> Sight | None:
        """Return what somebody has not read in a conversation; None when they are not in it.

        Raises ChatError when it cannot be known now.
        """


class Connected(Protocol):
    async def __call__(self, user_id: str) -> set[str]:
        """Return the devices on which somebody is connected now."""


class Delivery(msgspec.Struct, frozen=True):
    """What a push service answered."""

    status: int
    """0: it could not be reached."""
    retry_after_s: float = 0.0


class Sender(Protocol):
    async def send(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        """POST to a push service of the public internet; never raises for what goes wrong on the way."""
