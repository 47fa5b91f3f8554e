"""Was this you: a person is told of each sign-in from a device they had not used before.

A notice is a row that names the login, so that it can be ended from where it is read.  The first devices of a fresh
account are nobody else's and are not told of.
"""

from __future__ import annotations

import msgspec

from hubbub.auth.factor_ports import Arrival, FactorStore
from hubbub.auth.ports import Account, Login
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["Arrivals", "NewDevice"]

KEEP = 50
"""So many are kept of one person; the oldest go."""

_ADDRESS_MAX = 64


class NewDevice(msgspec.Struct, frozen=True):
    """A sign-in from a new device, as one node tells the others that hold sockets of its person."""

    user_id: str
    device_id: str
    login_id: str
    device_name: str
    address: str
    time_ms: int

    @classmethod
    def of(cls, login: Login, address: str) -> NewDevice:
        return cls(
            user_id=login.user_id,
            device_id=login.device_id,
            login_id=login.id,
            device_name=login.device_name,
            address=address[:_ADDRESS_MAX],
            time_ms=login.created_ms,
        )

    def encoded(self) -> bytes:
        """Return it as it travels."""
        return _encode(self)

    @classmethod
    def decoded(cls, payload: bytes) -> NewDevice:
        """Return what travelled.  Raises ValueError for what is none."""
        return _decode(payload)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(NewDevice).decode


class Arrivals:
    """Notes sign-ins from new devices and shows them to whose account it is."""

    def __init__(self, store: FactorStore, settings: AuthSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
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
        settled_ms = self._clock.now_ms() - self._settings.new_devices_after_s * 1000
        return await self._store.note_arrival(arrival, login.device_id, settled_ms=settled_ms, keep=KEEP)

    async def of(self, user_id: str) -> list[Arrival]:
        """Return a person's notices, newest first."""
        return await self._store.arrivals(user_id, KEEP)

    async def dismiss(self, user_id: str, arrival_id: str) -> None:
        """Forget a notice.  Raises ChatError(NOT_FOUND)."""
        if not await self._store.drop_arrival(user_id, arrival_id):
            raise ChatError(Code.NOT_FOUND)
