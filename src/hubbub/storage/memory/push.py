"""The rows of Web Push in dicts, for tests and for reading; chat says who is where, the accounts who is logged in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from hubbub.auth.ports import AccountStore
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.ports import LogReader
from hubbub.push.model import Note, Quiet, Subscription


class MemoryPush:
    """A `push.ports.PushStore`."""

    def __init__(self, chat: LogReader, accounts: AccountStore) -> None:
        self._chat = chat
        self._accounts = accounts
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._quiet: dict[str, Quiet] = {}
        self._notes: dict[tuple[str, str], Note] = {}
        self._touched: dict[tuple[str, str], int] = {}

    async def subscribe(self, subscription: Subscription) -> None:
        mine = (subscription.user_id, subscription.device_id)
        for key, other in list(self._subscriptions.items()):
            if other.endpoint == subscription.endpoint and key != mine:
                del self._subscriptions[key]
        self._subscriptions[mine] = subscription

    async def unsubscribe(self, user_id: str, device_id: str, endpoint: str = "") -> None:
        found = self._subscriptions.get((user_id, device_id))
        if found is not None and endpoint in ("", found.endpoint):
            del self._subscriptions[user_id, device_id]

    async def subscriptions(self, user_id: str) -> list[Subscription]:
        theirs = [one for key, one in sorted(self._subscriptions.items()) if key[0] == user_id]
        return [one for one in theirs if await self._lasts(one)]

    async def anybody(self) -> bool:
        return bool(self._subscriptions)

    async def quiet(self, user_id: str) -> Quiet:
        return self._quiet.get(user_id, Quiet())

    async def set_quiet(self, user_id: str, quiet: Quiet) -> None:
        self._quiet[user_id] = quiet

    async def note(self, heads: Mapping[str, int], now_ms: int, due_ms: int, large: int) -> int:
        due = 0
        for conversation_id, head in heads.items():
            for user_id in await self._concerned(conversation_id, large):
                key = (user_id, conversation_id)
                known = self._notes.get(key)
                if known is None:
                    self._notes[key] = Note(user_id, conversation_id, head, 0, due_ms)
                    self._touched[key] = now_ms
                elif head > known.head:
                    self._notes[key] = replace(known, head=head, due_ms=known.due_ms or due_ms, tries=0, left=())
                else:
                    continue
                due += 1
        return due

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[Note]:
        free = [one for one in self._notes.values() if 0 < one.due_ms <= now_ms and one.lease_ms <= now_ms]
        taken = [replace(one, lease_ms=now_ms + lease_ms) for one in sorted(free, key=lambda one: one.due_ms)[:limit]]
        for one in taken:
            self._notes[one.user_id, one.conversation_id] = one
        return taken

    async def settle(self, note: Note, told: int, now_ms: int, next_ms: int) -> None:
        key = (note.user_id, note.conversation_id)
        now = self._notes[key]
        if now.lease_ms == note.lease_ms:
            due_ms = next_ms if now.head > told else 0
            self._notes[key] = replace(now, told=max(now.told, told), due_ms=due_ms, lease_ms=0, tries=0, left=())
            self._touched[key] = now_ms

    async def again(self, note: Note, due_ms: int, *, tries: int, left: Sequence[str]) -> None:
        key = (note.user_id, note.conversation_id)
        now = self._notes[key]
        if now.lease_ms == note.lease_ms:
            devices = tuple(left) if now.head == note.head else ()
            self._notes[key] = replace(now, due_ms=due_ms, lease_ms=0, tries=tries, left=devices)

    async def forget(self, before_ms: int) -> None:
        for key, note in list(self._notes.items()):
            if note.due_ms == 0 and self._touched[key] < before_ms:
                del self._notes[key]
        for place, one in list(self._subscriptions.items()):
            if not await self._lasts(one):
                del self._subscriptions[place]

    async def _lasts(self, subscription: Subscription) -> bool:
        login = await self._accounts.login(subscription.login_id)
        return login is not None and login.ended_ms == 0

    async def _concerned(self, conversation_id: str, large: int) -> list[str]:
        callable_ = sorted({user_id for user_id, _ in self._subscriptions})
        if conversation_id == SYSTEM_CONVERSATION:
            return callable_
        people = await self._chat.small_audience(conversation_id) or ()
        there = [user_id for user_id in callable_ if user_id in people]
        if len(people) <= large:
            return there
        states = [await self._chat.conversation(user_id, conversation_id) for user_id in there]
        return [state.member.user_id for state in states if state.mentions]
