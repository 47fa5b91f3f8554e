"""Let people say on which browsers, and when, they want to be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from msgspec.structs import replace

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.push.deciding import zone_of
from hubbub.push.encrypting import check_keys
from hubbub.push.model import Quiet, Subscription
from hubbub.push.ports import PushStore
from hubbub.push.settings import PushSettings

__all__ = ["Push"]

_ENDPOINT_CHARS = 1_000
_DAY_MINUTES = 24 * 60
_LANGUAGES = ("en", "zh")


class Push:
    """Subscriptions and quiet times.  `wake` tells those who note what is said that somebody may be called now."""

    def __init__(
        self,
        store: PushStore,
        clock: Clock,
        settings: PushSettings,
        public_key: str,
        wake: Callable[[], Awaitable[None]],
    ) -> None:
        self.public_key = public_key if settings.on else ""
        """What browsers subscribe for; empty: nobody is called here."""
        self._store = store
        self._clock = clock
        self._settings = settings
        self._wake = wake

    async def subscribe(self, subscription: Subscription) -> None:
        """Call a device from now on.  Raises ChatError with BAD_REQUEST for what is no subscription."""
        if not self.public_key:
            raise ChatError(Code.FORBIDDEN, "Nobody is called by Web Push here.")
        parts = urlsplit(subscription.endpoint)
        secure = parts.scheme == "https" or (parts.scheme == "http" and self._settings.private_addresses)
        if not secure or not parts.hostname or len(subscription.endpoint) > _ENDPOINT_CHARS:
            raise ChatError(Code.BAD_REQUEST, "endpoint is an https address of a push service.")
        try:
            check_keys(subscription.p256dh, subscription.auth)
        except ValueError:
            raise ChatError(Code.BAD_REQUEST, "p256dh and auth are the keys of a push subscription.") from None
        language = subscription.language if subscription.language in _LANGUAGES else _LANGUAGES[0]
        await self._store.subscribe(replace(subscription, language=language, created_ms=self._clock.now_ms()))
        await self._wake()

    async def unsubscribe(self, user_id: str, device_id: str) -> None:
        """Call a device no more.  Idempotent."""
        await self._store.unsubscribe(user_id, device_id)

    async def subscription(self, user_id: str, device_id: str) -> Subscription | None:
        """Return how a device is called; None when it is not."""
        found = await self._store.subscriptions(user_id)
        return next((one for one in found if one.device_id == device_id), None)

    async def quiet(self, user_id: str) -> Quiet:
        """Return when somebody is not to be called."""
        return await self._store.quiet(user_id)

    async def set_quiet(self, user_id: str, quiet: Quiet) -> None:
        """Say when somebody is not to be called.  Raises ChatError with BAD_REQUEST."""
        if not 0 <= quiet.from_minute < _DAY_MINUTES or not 0 <= quiet.to_minute < _DAY_MINUTES:
            raise ChatError(Code.BAD_REQUEST, "A day has the minutes 0 to 1439.")
        if quiet.time_zone and zone_of(quiet.time_zone) is None:
            raise ChatError(Code.BAD_REQUEST, "There is no such time zone.")
        await self._store.set_quiet(user_id, quiet)
