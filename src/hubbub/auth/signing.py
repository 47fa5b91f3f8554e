"""The life of the keys that sign access tokens: made at first start, rotated, dropped.

The keys lie in the store, and every node verifies with all of them.  A new one signs only after every node has had
time to find it, so that nobody's good token is refused somewhere because it was signed a moment too early.  Of two
nodes that make one at the same time the store keeps one.  An old key verifies until the last token it signed has ended,
unless an operator takes the keys away because somebody else has them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from hubbub.auth.ports import AccountStore, SigningKey
from hubbub.auth.sealing import Seal
from hubbub.auth.settings import AuthSettings
from hubbub.auth.tokens import KeyRing, Tokens, generate_key
from hubbub.base.clock import Clock
from hubbub.base.loops import Loop

__all__ = ["Signing"]

_DAY_MS = 86_400_000

_SPARE_S = 3600
"""How much longer than its last token a retired key is kept, for clocks that differ and nodes that lag."""


class Signing:
    """Loads, makes and rotates signing keys; holds the tokens they sign."""

    def __init__(self, store: AccountStore, settings: AuthSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._seal = Seal()
        self._tokens: Tokens | None = None
        self._watching = Loop("auth signing keys", self.look, every_s=settings.keys_look_s, gather_s=1.0)

    @property
    def tokens(self) -> Tokens:
        """What signs and verifies.  Raises RuntimeError before `start`."""
        if self._tokens is None:
            raise RuntimeError("the signing keys were not loaded")
        return self._tokens

    async def start(self) -> None:
        """Load the keys, making the first one if there is none.  Raises CannotOpen."""
        self._seal = await asyncio.to_thread(Seal.of_file, self._settings.keys_secret_file)
        if not await self._store.signing_keys():
            # Another node may be first; then its key is the one, and this one is forgotten.
            await self._store.add_signing_key(await self._fresh(), expect="")
        self._tokens = Tokens(self._settings, self._clock, await self._ring(), on_unknown_key=self._watching.wake)
        self._watching.start()

    async def stop(self) -> None:
        """Look for new keys no more."""
        await self._watching.stop()

    async def look(self) -> None:
        """Take up keys that another node made or dropped, or whose time has come; make one when the newest is old."""
        stored, ring = await self._store.signing_keys(), self.tokens.ring
        known = [key.kid for key in stored] == [key.kid for key in ring.keys]
        if not known or self._signing_kid(stored) != ring.signing_kid:
            self.tokens.use(await self._ring_of(stored))
        age_ms = self._clock.now_ms() - stored[0].created_ms
        if self._settings.key_days and age_ms > self._settings.key_days * _DAY_MS:
            await self.rotate()

    async def rotate(self, *, drop: bool = False) -> str:
        """Make a fresh key, with which every node signs in a moment, and return its kid.

        Tokens of earlier keys live out their time; with `drop` they are good no more, here at once and elsewhere as
        soon as the other nodes look, and the fresh key signs at once.  When another node rotated in the meantime its
        key is taken up instead.
        """
        key = await self._fresh()
        await self._store.add_signing_key(key, expect=self.tokens.ring.keys[0].kid)
        kept_ms = 0 if drop else 1000 * (self._settings.access_token_s + _SPARE_S)
        await self._store.drop_signing_keys(key.created_ms - kept_ms + (1 if drop else 0))
        await self.reload()
        return self.tokens.ring.keys[0].kid

    async def reload(self) -> None:
        """Take up the keys another node made."""
        self.tokens.use(await self._ring())

    async def _fresh(self) -> SigningKey:
        key = await asyncio.to_thread(generate_key, self._clock.now_ms())
        return msgspec.structs.replace(key, private_pem=self._seal.close(key.kid, key.private_pem))

    async def _ring(self) -> KeyRing:
        return await self._ring_of(await self._store.signing_keys())

    async def _ring_of(self, stored: Sequence[SigningKey]) -> KeyRing:
        return await asyncio.to_thread(KeyRing, self._opened(stored), self._signing_kid(stored))

    def _opened(self, stored: Sequence[SigningKey]) -> list[SigningKey]:
        opened = self._seal.open
        return [msgspec.structs.replace(key, private_pem=opened(key.kid, key.private_pem)) for key in stored]

    def _signing_kid(self, stored: Sequence[SigningKey]) -> str:
        """Return which key signs: the newest that every node knows, else the oldest there is."""
        known_ms = self._clock.now_ms() - int(2000 * self._settings.keys_look_s)
        return next((key.kid for key in stored if key.created_ms <= known_ms), stored[-1].kid)
