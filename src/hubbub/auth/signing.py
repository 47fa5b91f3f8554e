"""The life of the keys that sign access tokens: made at first start, rotated, dropped.

The keys lie in the store, so every node signs with the newest and verifies with all.  Of two nodes that make one at the
same time the store keeps one.  An old key verifies until the last token it signed has ended.
"""

from __future__ import annotations

import asyncio

from hubbub.auth.ports import AccountStore, SigningKey
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
        self._tokens: Tokens | None = None
        self._watching = Loop("auth signing keys", self.look, every_s=settings.keys_look_s, gather_s=1.0)

    @property
    def tokens(self) -> Tokens:
        """What signs and verifies.  Raises RuntimeError before `start`."""
        if self._tokens is None:
            raise RuntimeError("the signing keys were not loaded")
        return self._tokens

    async def start(self) -> None:
        """Load the keys, making the first one if there is none."""
        if not await self._store.signing_keys():
            # Another node may be first; then its key is the one, and this one is forgotten.
            await self._store.add_signing_key(await self._fresh(), expect="")
        self._tokens = Tokens(self._settings, self._clock, await self._ring(), on_unknown_key=self._watching.wake)
        self._watching.start()

    async def stop(self) -> None:
        """Look for new keys no more."""
        await self._watching.stop()

    async def look(self) -> None:
        """Take up keys that another node made or dropped, and make one when the newest is old."""
        stored = await self._store.signing_keys()
        if [key.kid for key in stored] != [key.kid for key in self.tokens.ring.keys]:
            self.tokens.use(await asyncio.to_thread(KeyRing, stored))
        age_ms = self._clock.now_ms() - stored[0].created_ms
        if self._settings.key_days and age_ms > self._settings.key_days * _DAY_MS:
            await self.rotate()

    async def rotate(self) -> str:
        """Sign with a fresh key from now on and return its kid.

        Tokens of earlier keys live out their time.

        When another node rotated in the meantime its key is taken up instead.
        """
        key = await self._fresh()
        await self._store.add_signing_key(key, expect=self.tokens.ring.signing_kid)
        await self._store.drop_signing_keys(key.created_ms - 1000 * (self._settings.access_token_s + _SPARE_S))
        await self.reload()
        return self.tokens.ring.signing_kid

    async def reload(self) -> None:
        """Take up the keys another node made."""
        self.tokens.use(await self._ring())

    async def _fresh(self) -> SigningKey:
        return await asyncio.to_thread(generate_key, self._clock.now_ms())

    async def _ring(self) -> KeyRing:
        return await asyncio.to_thread(KeyRing, await self._store.signing_keys())
