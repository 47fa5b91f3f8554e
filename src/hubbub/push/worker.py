"""Call people: take what is due, see whether it is still worth a call, and send it to their browsers.

Any number of workers do this at the same time; each note is one worker's for a lease, so nobody is called twice.  A
browser that its push service no longer knows is forgotten; one whose push service is away is tried again a few times,
alone.  Nothing that goes wrong here is ever seen by who sent the message.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.push.deciding import count_of, is_quiet, worth_calling
from hubbub.push.encrypting import LONGEST, encrypt
from hubbub.push.model import Note, Said, Sight, Subscription
from hubbub.push.ports import Connected, Delivery, Looking, PushStore, Sender
from hubbub.push.settings import PushSettings
from hubbub.push.vapid import Vapid, encode

__all__ = ["Call", "PushWorker"]

TEXT_CHARS = 300
_NAME_CHARS = 100

_GONE = frozenset({403, 404, 410})
"""RFC 8030 section 7.3: a subscription that ended answers 404 or 410; 403 says that it was made for another key."""

_LATER_S = (5.0, 20.0, 60.0, 300.0)
_LATEST_S = 900.0
_FORGET_EVERY_MS = 3_600_000

_log = logging.getLogger(__name__)


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a browser is told."""

    conversation_id: str
    seq: int
    """The newest message it is about."""
    count: int
    """How many wait, 100 meaning more than 99."""
    sender: str
    language: str
    title: str = ""
    text: str = ""
    mentioned: bool = False
    reminder: bool = False
    """It is about something to come back to; `count` says how many such things are due."""
    thread_seq: int = 0
    """Above 0: that message is only in this thread."""


class PushWorker:
    """Sends what is due."""

    def __init__(
        self,
        store: PushStore,
        looking: Looking,
        connected: Connected,
        sender: Sender,
        vapid: Vapid,
        clock: Clock,
        settings: PushSettings,
    ) -> None:
        self._store = store
        self._looking = looking
        self._connected = connected
        self._sender = sender
        self._vapid = vapid
        self._clock = clock
        self._settings = settings
        self._forgot_ms = 0
        self._loop = Loop("push", self.step, every_s=settings.poll_s)

    def start(self) -> None:
        if self._settings.on:
            self._loop.start()

    async def stop(self) -> None:
        if self._settings.on:
            await self._loop.stop()

    async def step(self) -> None:
        """See to everything that is due."""
        settings = self._settings
        now_ms = self._clock.now_ms()
        if now_ms - self._forgot_ms >= _FORGET_EVERY_MS:
            self._forgot_ms = now_ms
            await self._store.forget(now_ms - int(settings.forget_s * 1000))
        while True:
            notes = await self._store.claim(self._clock.now_ms(), int(settings.lease_s * 1000), settings.at_once)
            async with asyncio.TaskGroup() as callers:
                for note in notes:
                    callers.create_task(self._see_to(note))
            if len(notes) < settings.at_once:
                return

    async def _see_to(self, note: Note) -> None:
        try:
            await self._call(note)
        except ChatError as problem:
            # The database or chat is away: the lease runs out, and somebody takes it up again.
            _log.warning("somebody is called later: %r", problem)

    async def _call(self, note: Note) -> None:
        now_ms = self._clock.now_ms()
        subscriptions = await self._store.subscriptions(note.user_id)
        sight = await self._looking(note.user_id, note.conversation_id) if subscriptions else None
        since_ms = min((one.created_ms for one in subscriptions), default=0)
        fresh = worth_calling(sight, note.told, since_ms)
        if sight is None or not fresh or is_quiet(await self._store.quiet(note.user_id), now_ms):
            await self._settle(note, sight)
            return
        connected = await self._connected(note.user_id)
        # From the first of them: who never stops talking does not put it off for ever.
        patient_ms = fresh[0].time_ms + int(self._settings.away_s * 1000)
        if connected and now_ms < patient_ms:
            await self._store.again(note, patient_ms, tries=note.tries, left=note.left)
            return
        devices = [one for one in subscriptions if one.device_id not in connected]
        if note.left:
            devices = [one for one in devices if one.device_id in note.left]
        deliveries = await asyncio.gather(*[self._send(one, sight, fresh) for one in devices])
        await self._conclude(note, sight, list(zip(devices, deliveries, strict=True)))

    async def _conclude(self, note: Note, sight: Sight, sent: Sequence[tuple[Subscription, Delivery]]) -> None:
        failed: list[str] = []
        wait_s = 0.0
        for subscription, delivery in sent:
            if delivery.status in _GONE:
                await self._store.unsubscribe(subscription.user_id, subscription.device_id, subscription.endpoint)
            elif delivery.status == 0 or delivery.status == 429 or delivery.status >= 500:
                failed.append(subscription.device_id)
                wait_s = max(wait_s, delivery.retry_after_s)
            elif delivery.status >= 300:
                _log.warning("a push service refuses what it is sent: %d", delivery.status)
        now_ms = self._clock.now_ms()
        if failed and note.tries + 1 < self._settings.tries:
            wait_s = min(max(wait_s, _LATER_S[min(note.tries, len(_LATER_S) - 1)]), _LATEST_S)
            await self._store.again(note, now_ms + int(wait_s * 1000), tries=note.tries + 1, left=failed)
            return
        await self._settle(note, sight)

    async def _settle(self, note: Note, sight: Sight | None) -> None:
        now_ms = self._clock.now_ms()
        told = max(note.head, sight.head) if sight is not None else note.head
        await self._store.settle(note, told, now_ms, now_ms + int(self._settings.grace_s * 1000))

    async def _send(self, to: Subscription, sight: Sight, fresh: tuple[Said, ...]) -> Delivery:
        body = encrypt(_packed(_call_of(to, sight, fresh)), p256dh=to.p256dh, auth=to.auth)
        direct = not sight.title or any(one.mentioned for one in fresh)
        headers = {
            "Authorization": self._vapid.authorization(to.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            # RFC 8030 section 5.2: how long it is kept for a browser that is not there.
            "TTL": str(self._settings.keep_s),
            # Section 5.3: what may wake a device that saves its battery.
            "Urgency": "high" if direct else "normal",
            # Section 5.4: the newest about a conversation replaces what was not delivered yet.
            "Topic": _topic(to, sight),
        }
        return await self._sender.send(to.endpoint, headers, body)


def _call_of(to: Subscription, sight: Sight, fresh: tuple[Said, ...]) -> Call:
    newest = fresh[-1]
    return Call(
        conversation_id=sight.conversation_id,
        seq=sight.reminder_seq or newest.seq,
        count=count_of(sight, fresh),
        sender=newest.sender[:_NAME_CHARS],
        title=sight.title[:_NAME_CHARS],
        text=newest.text[:TEXT_CHARS] if to.content else "",
        mentioned=any(one.mentioned for one in fresh),
        reminder=sight.reminder_seq > 0,
        thread_seq=sight.reminder_thread_seq,
        language=to.language,
    )


def _packed(call: Call) -> bytes:
    content = msgspec.json.encode(call)
    while len(content) > LONGEST:
        call = msgspec.structs.replace(call, text=call.text[: len(call.text) // 2])
        content = msgspec.json.encode(call)
    return content


def _topic(to: Subscription, sight: Sight) -> str:
    """Return a name for the conversation that tells the push service nothing (at most 32 characters of base64url)."""
    about = "reminders" if sight.reminder_seq else sight.conversation_id
    key = to.auth + about.encode("ascii")
    return encode(hashlib.blake2b(b"hubbub push topic " + key, digest_size=24).digest())
