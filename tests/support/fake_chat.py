"""A chat of one process and no database: enough of `Chat` to put a gateway through its paces.

It stores entries in lists, knows no rules beyond membership, and publishes on a real local bus, so a gateway under test
hears what it would hear in a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hubbub.auth.model import Ended, Identity
from hubbub.auth.permissions import EVERYDAY
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY, SYSTEM_CONVERSATION, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import (
    MAX_SEQ,
    SMALL_AUDIENCE,
    Accepted,
    Action,
    Body,
    Caller,
    ConversationKind,
    ConversationRow,
    ConversationState,
    Created,
    Entered,
    Entry,
    EntryPage,
    Have,
    Listening,
    MemberAction,
    MemberChange,
    MemberRow,
    MemberState,
    Post,
    Resumed,
    Submit,
    UserRow,
    UserState,
)
from hubbub.chat.ports import EntriesAppended, Event, HeadsAnnounced, LoginEnded, TypingChanged, UserChanged

FOR_EVER_MS = 4_000_000_000_000


class FakeAuth:
    """Believes tokens of the form `user/device`, `user/device/expires_ms` or `user/device/expires_ms/scopes`.

    Ids may be short.  With scopes the token is some client's, else one of the server's own.
    """

    def __init__(self, clock: Clock, bus: LocalBus) -> None:
        self._clock = clock
        self._bus = bus
        self.over: dict[str, int] = {}
        """People none of whose logins lasts, and when those ended."""
        self.away = 0
        """How many questions about ended logins are not answered."""
        self.logins: dict[str, Identity] = {}
        self.rights: dict[str, frozenset[str]] = {}
        self.muted: dict[str, int] = {}
        """What people may do who are no members."""
        self.refuses: ChatError | None = None
        """What every check says, if anything."""
        self.logged_out: list[Identity] = []
        self.gate: asyncio.Event | None = None
        """When set, `check` waits for it."""
        self.checking = 0
        """How many wait there."""

    def verify(self, token: str) -> Identity:
        parts = token.split("/")
        if len(parts) not in (2, 3, 4):
            raise ChatError(Code.BAD_TOKEN)
        expires_ms = int(parts[2]) if len(parts) > 2 else FOR_EVER_MS
        if expires_ms <= self._clock.now_ms():
            raise ChatError(Code.TOKEN_EXPIRED)
        of_client = {"client_id": "client", "scopes": frozenset(parts[3].split("+"))} if len(parts) > 3 else {}
        login_id = an_id(f"{parts[0]}{parts[1]}")
        identity = Identity(an_id(parts[0]), an_id(parts[1]), login_id, 1, expires_ms, **of_client)  # type: ignore[arg-type]
        self.logins[login_id] = identity
        return identity

    async def check(self, identity: Identity) -> Identity:
        if self.gate is not None:
            self.checking += 1
            await self.gate.wait()
            self.checking -= 1
        if self.refuses is not None:
            raise self.refuses
        if identity.user_id in self.over:
            raise ChatError(Code.SESSION_ENDED)
        may = self.rights.get(identity.user_id, EVERYDAY)
        return identity.with_rights(may, self.muted.get(identity.user_id, 0))

    def end(self, user_id: str, *, ago_ms: int = 0) -> None:
        """End every login of a person and tell nobody."""
        self.over[user_id] = self._clock.now_ms() - ago_ms

    async def ended(self, after: tuple[int, str], limit: int) -> tuple[int, list[Ended]]:
        now_ms = self._clock.now_ms()
        if self.away:
            self.away -= 1
            raise ChatError(Code.UNAVAILABLE)
        over = self.over
        found = [
            Ended(over[one.user_id], one.login_id, one.user_id) for one in self.logins.values() if one.user_id in over
        ]
        found.sort(key=lambda one: (one.ended_ms, one.login_id))
        return now_ms, [one for one in found if (one.ended_ms, one.login_id) > after][:limit]

    async def end_login(self, identity: Identity) -> None:
        """End a login as accounts do: the event that closes its sockets comes before the answer."""
        self.logged_out.append(identity)
        await self._bus.publish([LoginEnded(identity.user_id, identity.device_id)])


def an_id(name: str) -> str:
    """Return a readable id: the name's bytes in hexadecimal, filled up to 32 digits."""
    return name.encode().hex().ljust(32, "0")[:32]


class FakeChat:
    """Conversations in memory."""

    def __init__(self, clock: Clock, bus: LocalBus) -> None:
        self._clock = clock
        self.bus = bus
        self.blocks: set[tuple[str, str]] = set()
        """(who has blocked, whom)."""
        self.after_resume: Callable[[], Awaitable[object]] | None = None
        """When set, it is called once a resume has been read and before its reader gets it."""
        self.logs: dict[str, list[Entry]] = {}
        self.seats: dict[str, dict[str, MemberRow]] = {}
        self.rows: dict[str, ConversationRow] = {}
        self.versions: dict[str, int] = {}
        self.keys: dict[tuple[str, str, str], int] = {}
        self.the_epoch = "e" * 32
        self.hold: asyncio.Event | None = None
        """When set, submits are answered after it is."""
        self.deaf = False
        """While true, entries are stored but not published."""
        self.rows_per_page = 100
        self.fetches: list[tuple[str, int]] = []
        self.looked_at: list[str] = []
        self._work: set[asyncio.Task[None]] = set()
        self.open_conversation(SYSTEM_CONVERSATION, (), ConversationKind.SYSTEM)

    # ------------------------------------------------------------ for tests

    def open_conversation(
        self, conversation_id: str, user_ids: Sequence[str], kind: ConversationKind = ConversationKind.GROUP
    ) -> str:
        row = ConversationRow(conversation_id, kind, head=1, member_count=len(user_ids))
        self.rows[conversation_id] = row
        self.logs[conversation_id] = [Entry(conversation_id, 1, 1, NOBODY, new_id(), Created(kind))]
        self.seats[conversation_id] = {
            user_id: MemberRow(conversation_id, user_id, intervals=((1, MAX_SEQ),)) for user_id in user_ids
        }
        return conversation_id

    def head(self, conversation_id: str) -> int:
        return len(self.logs[conversation_id])

    async def say(self, conversation_id: str, text: str, sender_id: str = NOBODY) -> Entry:
        entry = self._append(conversation_id, sender_id, new_id(), Post(Body(text)))
        await self.tell([entry])
        return entry

    async def tell(self, entries: Sequence[Entry]) -> None:
        if not self.deaf:
            conversation_id = entries[0].conversation_id
            await self.bus.publish(
                [EntriesAppended(conversation_id, tuple(entries), self.audience_of(conversation_id))]
            )

    def audience_of(self, conversation_id: str) -> tuple[str, ...] | None:
        if conversation_id == SYSTEM_CONVERSATION:
            return None
        joined = [name for name, row in self.seats[conversation_id].items() if row.state is MemberState.JOINED]
        return tuple(joined) if len(joined) <= SMALL_AUDIENCE else None

    async def change(self, conversation_id: str, action: MemberAction, *user_ids: str) -> Entry:
        """Append a membership entry and tell everybody as chat does: the entry first, then the people."""
        before = self.audience_of(conversation_id)
        entry = self._append(conversation_id, NOBODY, new_id(), MemberChange(action, user_ids))
        seats = self.seats[conversation_id]
        for name in user_ids:
            if action is MemberAction.ADD:
                seats[name] = MemberRow(conversation_id, name, intervals=((entry.seq, MAX_SEQ),))
            else:
                seats[name].state = MemberState.REMOVED
                seats[name].intervals = ((seats[name].intervals[0][0], entry.seq),)
        self.rows[conversation_id].member_count = sum(row.state is MemberState.JOINED for row in seats.values())
        events: list[Event] = []
        if before is not None:
            events.append(EntriesAppended(conversation_id, (entry,), tuple({*before, *user_ids})))
        after = self.audience_of(conversation_id)
        if after is None:
            events.append(EntriesAppended(conversation_id, (entry,), None))
        events += [self.user_changed(name, conversation_id) for name in user_ids]
        await self.bus.publish(events)
        return entry

    async def move(self, conversation_id: str, user_id: str, *, joins: bool) -> None:
        """Join or leave a channel, which is no entry."""
        seats, head = self.seats[conversation_id], self.head(conversation_id)
        if joins:
            seats[user_id] = MemberRow(conversation_id, user_id, intervals=((head + 1, MAX_SEQ),))
        else:
            seats[user_id].state = MemberState.LEFT
            seats[user_id].intervals = ((seats[user_id].intervals[0][0], head),)
        self.rows[conversation_id].member_count += 1 if joins else -1
        await self.bus.publish([self.user_changed(user_id, conversation_id)])

    async def announce(self, conversation_id: str) -> None:
        await self.bus.publish(
            [
                HeadsAnnounced(
                    {conversation_id: self.head(conversation_id)},
                    {conversation_id: self.audience_of(conversation_id)},
                )
            ]
        )

    def user_changed(self, user_id: str, conversation_id: str) -> UserChanged:
        version = self.versions[user_id] = self.versions.get(user_id, 0) + 1
        self.seats[conversation_id][user_id].version = version
        return UserChanged(user_id, UserState(version - 1, version, (self._state(user_id, conversation_id),)))

    def _state(self, user_id: str, conversation_id: str) -> ConversationState:
        row = self.rows[conversation_id]
        row.head = self.head(conversation_id)
        member = self.seats[conversation_id].get(user_id) or MemberRow(conversation_id, user_id)
        return ConversationState(row, member, 0, 0)

    def _append(self, conversation_id: str, sender_id: str, client_id: str, action: Action) -> Entry:
        log = self.logs[conversation_id]
        entry = Entry(conversation_id, len(log) + 1, self._clock.now_ms(), sender_id, client_id, action)
        log.append(entry)
        self.rows[conversation_id].head = len(log)
        return entry

    # ------------------------------------------------------------ the port

    def submit(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Accepted] = loop.create_future()
        task = loop.create_task(self._commit(caller, command, future))
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return future

    async def _commit(self, caller: Caller, command: Submit, future: asyncio.Future[Accepted]) -> None:
        if self.hold is not None:
            await self.hold.wait()
        name = command.conversation_id
        if name not in self.logs:
            future.set_exception(ChatError(Code.CONVERSATION_NOT_FOUND))
            return
        if caller.user_id not in (self.audience_of(name) or self.seats[name]):
            future.set_exception(ChatError(Code.NOT_A_MEMBER))
            return
        key = (name, caller.user_id, command.client_id)
        if key in self.keys:
            stored = self.logs[name][self.keys[key] - 1]
            future.set_result(Accepted(stored.seq, stored.time_ms, repeated=True))
            return
        entry = self._append(name, caller.user_id, command.client_id, command.action)
        self.keys[key] = entry.seq
        if not future.done():
            future.set_result(Accepted(entry.seq, entry.time_ms))
        await self.tell([entry])

    async def entries(self, caller: Caller, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        return self._page(conversation_id, after_seq, limit or 50)

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        self.fetches.append((conversation_id, after_seq))
        return self._page(conversation_id, after_seq, limit)

    def _page(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        log = self.logs[conversation_id]
        found = tuple(log[after_seq : after_seq + limit])
        return EntryPage(conversation_id, after_seq + 1, after_seq + len(found), len(log), found)

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        return {name: self.head(name) for name in conversation_ids if name in self.logs}

    async def audience(self, caller: Caller) -> list[tuple[str, int, bool]]:
        return [
            (name, self.head(name), self.audience_of(name) is None or self.rows[name].kind is ConversationKind.CHANNEL)
            for name, seats in self.seats.items()
            if caller.user_id in seats and seats[caller.user_id].state is MemberState.JOINED
        ]

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        self.looked_at += user_ids
        return [
            Listening(name, self.versions.get(name, 0), tuple(await self.audience(Caller(name)))) for name in user_ids
        ]

    async def resume(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Resumed:
        version = self.versions.get(caller.user_id, 0)
        if epoch != self.the_epoch:
            return Resumed(self.the_epoch, True, version)
        pages = tuple(
            self._page(each.conversation_id, each.seq, 1000)
            for each in have
            if each.conversation_id in self.logs and self.head(each.conversation_id) > each.seq
        )
        states = await self.user_state(caller, user_version, 100)
        if self.after_resume is not None:
            await self.after_resume()
        return Resumed(self.the_epoch, False, version, states, pages)

    async def enter(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Entered:
        (listening,) = await self.listening([caller.user_id])
        return Entered(listening, await self.resume(caller, epoch, user_version, have))

    async def user_state(self, caller: Caller, since_version: int, limit: int) -> UserState:
        newest = self.versions.get(caller.user_id, 0)
        changed = sorted(
            (seats[caller.user_id].version, name)
            for name, seats in self.seats.items()
            if caller.user_id in seats and seats[caller.user_id].version > since_version
        )
        page = changed[: self.rows_per_page]
        more = len(page) < len(changed)
        states = tuple(self._state(caller.user_id, name) for _, name in page)
        return UserState(since_version, page[-1][0] if more else newest, states, more)

    async def epoch(self) -> str:
        return self.the_epoch

    async def conversation(self, caller: Caller, conversation_id: str) -> ConversationState:
        if conversation_id not in self.rows:
            raise ChatError(Code.CONVERSATION_NOT_FOUND)
        return self._state(caller.user_id, conversation_id)

    async def conversations(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        return [self._state(caller.user_id, name) for name, _, _ in await self.audience(caller)], ""

    async def set_typing(self, caller: Caller, conversation_id: str, typing: bool) -> None:
        audience = self.audience_of(conversation_id)
        await self.bus.publish([TypingChanged(conversation_id, caller.user_id, typing, audience)])

    async def users(self, caller: Caller, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]:
        return [UserRow(name, f"u{name[:6]}") for name in user_ids]

    async def hiding(self, caller: Caller, user_ids: Sequence[str]) -> list[str]:
        return [name for name in user_ids if (name, caller.user_id) in self.blocks]

    def __getattr__(self, name: str) -> Any:
        """What no test of the gateway needs is refused by name."""
        raise NotImplementedError(f"the fake chat cannot {name}")
