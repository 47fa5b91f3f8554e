"""Was this you: a person is told of each sign-in from a device they had not used before.

A notice is a row that names the login, so that it can be ended from where it is read.  The first devices of a fresh
account are nobody else's and are not told of.
"""

from __future__ import annotations

from hubbub.auth.factor_ports import Arrival, FactorStore
from hubbub.auth.ports import Account, Login
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["Arrivals"]

KEEP = 50
"""So many are kept of one person; the oldest go."""

_SETTLED_MS = 60_000
_ADDRESS_MAX = 64


class Arrivals:
    """Notes sign-ins from new devices and shows them to whose account it is."""

    def __init__(self, store: FactorStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def note(self, account: Account, login: Login, address: str) -> bool:
        """Look at a login that has just begun; whether it came from a new device."""
        arrival = Arrival(
            id=login.id,
            user_id=account.id,
            device_name=login.device_name,
            address=address[:_ADDRESS_MAX],
            time_ms=login.created_ms,
        )
        settled_ms = self._clock.now_ms() - _SETTLED_MS
        return await self._store.note_arrival(arrival, login.device_id, settled_ms=settled_ms, keep=KEEP)

    async def of(self, user_id: str) -> list[Arrival]:
        """Return a person's notices, newest first."""
        return await self._store.arrivals(user_id, KEEP)

    async def dismiss(self, user_id: str, arrival_id: str) -> None:
        """Forget a notice.  Raises ChatError(NOT_FOUND)."""
        if not await self._store.drop_arrival(user_id, arrival_id):
            raise ChatError(Code.NOT_FOUND)
