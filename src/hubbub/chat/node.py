"""Chat in this process: commands go through the group commit, reads go straight to the store.

This is the room where the parts meet, and it holds no rule of its own: it checks what comes in, counts how fast one
person acts, queues the command, and answers with what the store says.  Any number of nodes may write any conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION, direct_id, new_id
from hubbub.chat import checks
from hubbub.chat.changes import UserChanges
from hubbub.chat.commit import Done, GroupCommit
from hubbub.chat.limits import Allowance
from hubbub.chat.marks import Marks
from hubbub.chat.model import (
    MAX_SEQ,
    Accepted,
    Caller,
    ConversationKind,
    ConversationState,
    EntryPage,
    Have,
    HistoryPage,
    MemberRow,
    MemberState,
    Post,
    Resumed,
    Revision,
    ScheduledRow,
    Submit,
    UserRow,
    UserState,
)
from hubbub.chat.outbox import Outbox
from hubbub.chat.pages import fit_entries, fit_history, fit_resume, fit_revisions, fit_user_state, fitting
from hubbub.chat.ports import Bus, ChatStore, TypingChanged
from hubbub.chat.publishing import Publisher
from hubbub.chat.rules import Command, Create, Establish, Join, Leave, OpenDirect, Send, digest_of_action
from hubbub.chat.schedule import Scheduler
from hubbub.chat.settings import ChatSettings


class ChatNode:
    """`hubbub.chat.service.Chat` over a store and a bus."""

    def __init__(self, store: ChatStore, bus: Bus, clock: Clock, settings: ChatSettings | None = None) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._settings = settings = settings or ChatSettings()
        self._changes = UserChanges(store, bus, settings.page_rows_max)
        self.outbox = Outbox(store, bus, clock, settings)
        self._publisher = Publisher(bus, self.outbox, self._changes)
        self._commits = GroupCommit(store, self._publisher.put, clock, settings)
        self._marks = Marks(store, bus, self._changes, settings)
        self.scheduler = Scheduler(store, self._submit_checked, clock, settings)
        on = settings.limits_on
        self._submits = self._allowance(settings.submits_per_s if on else 0.0, settings.submits_burst)
        self._openings = self._allowance(settings.openings_per_minute / 60.0 if on else 0.0, settings.openings_burst)
        self._signals = self._allowance(settings.signals_per_s if on else 0.0, settings.signals_burst)

    def _allowance(self, per_s: float, burst: float) -> Allowance:
        return Allowance(self._clock, per_s=per_s, burst=burst, remembered=self._settings.limited_users)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Begin to serve; the conversations that exist from the start are made if they are missing."""
        self.outbox.start()
        self._changes.start()
        self._publisher.start()
        self._commits.start()
        settings = self._settings
        try:
            await self._commits.submit(Establish(SYSTEM_CONVERSATION, ConversationKind.SYSTEM, settings.system_title))
            await self._commits.submit(Establish(GENERAL_CHANNEL, ConversationKind.CHANNEL, settings.general_title))
        except BaseException:
            await self.stop()
            raise
        self._marks.start()
        self.scheduler.start()

    async def stop(self) -> None:
        """Finish what is in flight, publish it, then end."""
        await self.scheduler.stop()
        await self._commits.stop()
        await self._marks.stop()
        await self._publisher.stop(self._settings.drain_timeout_s)
        await self._changes.stop()
        await self.outbox.stop()

    async def told(self) -> None:
        """Wait until everything committed so far is published."""
        await self._publisher.join()
        await self._marks.tell_readers()
        await self._changes.tell()

    async def add_new_user(self, user_id: str) -> None:
        """Put a new account into the default channels; doing it again is harmless."""
        joins = [self._commits.submit(Join(Caller(user_id), channel)) for channel in self._settings.default_channels]
        for joined in joins:
            await joined

    # ------------------------------------------------------------ commands

    def submit(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        """Queue one command for the next commit; see `Chat.submit`."""
        try:
            self._submits.take(caller.user_id)
        except ChatError as refusal:
            return _refused(refusal)
        return self._submit_checked(caller, command)

    def _submit_checked(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        try:
            send = Send.of(caller, checks.submit(command))
        except ChatError as refusal:
            return _refused(refusal)
        # A Send is answered with Accepted, never with Settled.
        return cast("asyncio.Future[Accepted]", self._commits.submit(send))

    async def _do(self, command: Command) -> Done:
        # Cancelling the caller must not cancel the future others may look at, nor take the command back.
        return await asyncio.shield(self._commits.submit(command))

    async def _open(self, caller: Caller, command: Command) -> ConversationState:
        self._openings.take(caller.user_id)
        done = await self._do(command)
        assert not isinstance(done, Accepted), "this kind of command settles a conversation"
        return await self._store.conversation(caller.user_id, done.conversation_id)

    async def create_conversation(
        self,
        caller: Caller,
        client_id: str,
        kind: ConversationKind,
        *,
        title: str,
        topic: str = "",
        user_ids: Sequence[str] = (),
        history_for_newcomers: bool = True,
    ) -> ConversationState:
        """Make a GROUP or a CHANNEL; the caller owns it.  Idempotent by client_id."""
        if kind not in (ConversationKind.GROUP, ConversationKind.CHANNEL):
            raise ChatError(Code.BAD_REQUEST, "Only groups and channels are created.")
        command = Create(
            caller,
            checks.an_id(client_id, "client_id"),
            new_id(),
            kind,
            checks.a_title(title),
            checks.text(topic, checks.TOPIC_BYTES, "topic"),
            checks.people(user_ids),
            history_for_newcomers,
        )
        return await self._open(caller, command)

    async def open_direct(self, caller: Caller, user_id: str) -> ConversationState:
        """Return the private chat with this person, making it the first time."""
        other = checks.an_id(user_id, "user_id")
        return await self._open(caller, OpenDirect(caller, other, direct_id(caller.user_id, other)))

    async def join(self, caller: Caller, conversation_id: str) -> ConversationState:
        """Join a CHANNEL; joining twice is no error."""
        return await self._open(caller, Join(caller, _conversation_id(conversation_id)))

    async def leave(self, caller: Caller, conversation_id: str, client_id: str) -> None:
        """Leave a group, by an entry under this client_id, or a channel, where leaving twice is no error."""
        self._openings.take(caller.user_id)
        await self._do(Leave(caller, _conversation_id(conversation_id), checks.an_id(client_id, "client_id")))

    # ------------------------------------------------------------ what belongs to a person

    async def set_mark(self, caller: Caller, conversation_id: str, read_seq: int, delivered_seq: int) -> None:
        """Raise the caller's marks; returns when they are durable."""
        self._signals.take(caller.user_id)
        await self._marks.set(
            caller.user_id,
            _conversation_id(conversation_id),
            checks.a_seq(read_seq, "read_seq", least=0),
            checks.a_seq(delivered_seq, "delivered_seq", least=0),
        )

    async def hide(self, caller: Caller, conversation_id: str, seq: int) -> None:
        """Withhold one entry from the caller's pages for good.  Idempotent."""
        self._submits.take(caller.user_id)
        conversation_id = _conversation_id(conversation_id)
        checks.a_seq(seq, "seq")
        state = await self._store.conversation(caller.user_id, conversation_id)
        everybody = state.conversation.kind is ConversationKind.SYSTEM
        if seq > state.conversation.head or not (everybody or state.member.may_see(seq)):
            raise ChatError(Code.MESSAGE_NOT_FOUND)
        await self._store.hide(caller.user_id, conversation_id, seq)

    async def set_typing(self, caller: Caller, conversation_id: str, typing: bool) -> None:
        """Tell the others, best effort; in large conversations nobody is told."""
        self._signals.take(caller.user_id)
        conversation_id = _conversation_id(conversation_id)
        audience = await self._store.small_audience(conversation_id)
        if audience is None or caller.user_id not in audience:
            state = await self._store.conversation(caller.user_id, conversation_id)
            if state.conversation.kind is ConversationKind.SYSTEM:
                return
            if state.member.state is not MemberState.JOINED:
                raise ChatError(Code.NOT_A_MEMBER)
            if state.conversation.member_count > self._settings.typing_members:
                return
        await self._bus.publish([TypingChanged(conversation_id, caller.user_id, typing, audience)])

    async def schedule(self, caller: Caller, command: Submit, due_ms: int) -> None:
        """Keep a message until its time.  Idempotent by client_id."""
        self._submits.take(caller.user_id)
        command = checks.submit(command)
        if not isinstance(command.action, Post):
            raise ChatError(Code.BAD_REQUEST, "Only messages are scheduled.")
        if command.conversation_id == SYSTEM_CONVERSATION:
            raise ChatError(Code.FORBIDDEN, "Announcements are not scheduled.")
        now = self._clock.now_ms()
        if due_ms <= now:
            raise ChatError(Code.SCHEDULED_IN_PAST)
        if due_ms > now + self._settings.schedule_ahead_ms:
            raise ChatError(Code.BAD_REQUEST, "That is too far ahead.")
        state = await self._store.conversation(caller.user_id, command.conversation_id)
        if state.member.state is not MemberState.JOINED:
            raise ChatError(Code.NOT_A_MEMBER)
        most = self._settings.scheduled_per_user
        waiting, _ = await self._store.scheduled(caller.user_id, "", most)
        if len(waiting) >= most and all(row.submit.client_id != command.client_id for row in waiting):
            raise ChatError(Code.RATE_LIMITED, f"At most {most} messages wait at a time.")
        await self._store.schedule(ScheduledRow(caller.user_id, command, due_ms), digest_of_action(command.action))

    async def cancel_scheduled(self, caller: Caller, conversation_id: str, client_id: str) -> None:
        """Forget a message that waits; NOT_FOUND when it was sent or cancelled already."""
        key = _conversation_id(conversation_id), checks.an_id(client_id, "client_id")
        if not await self._store.cancel(caller.user_id, *key):
            raise ChatError(Code.NOT_FOUND)

    async def scheduled(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]:
        """Return a page of the caller's waiting messages in due order."""
        checks.a_cursor(cursor)
        found, following = await self._store.scheduled(caller.user_id, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._store.scheduled(caller.user_id, cursor, few)
        return found, following

    # ------------------------------------------------------------ the log

    async def entries(self, caller: Caller, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """Return entries above `after_seq` that the caller may see."""
        checks.a_seq(after_seq, "after_seq", least=0)
        page = await self._store.entries(
            caller.user_id, _conversation_id(conversation_id), after_seq, self._entries(limit)
        )
        return fit_entries(page)

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """Return entries for a gateway, which knows who may see them."""
        return await self._store.entries_for_all(conversation_id, after_seq, self._entries(limit))

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """Return the heads of these conversations."""
        return await self._store.heads(conversation_ids)

    async def audience(self, caller: Caller) -> list[tuple[str, int, bool]]:
        """Return (conversation, head, large) of everything the caller has joined, SYSTEM included."""
        return await self._store.audience(caller.user_id)

    async def history(
        self,
        caller: Caller,
        conversation_id: str,
        *,
        before_seq: int = 0,
        after_seq: int = 0,
        around_seq: int = 0,
        thread_seq: int = 0,
        limit: int = 0,
    ) -> HistoryPage:
        """Return a page of messages in their current state."""
        if (before_seq != 0) + (after_seq != 0) + (around_seq != 0) > 1:
            raise ChatError(Code.BAD_REQUEST, "A page has one position at most.")
        for value in (before_seq, after_seq, around_seq, thread_seq):
            checks.a_seq(value, "position", least=0)
        page = await self._store.history(
            caller.user_id,
            _conversation_id(conversation_id),
            before_seq=before_seq,
            after_seq=after_seq,
            around_seq=around_seq,
            thread_seq=thread_seq,
            limit=self._entries(limit),
        )
        return fit_history(page, after_seq=after_seq, around_seq=around_seq)

    async def revisions(self, caller: Caller, conversation_id: str, target_seq: int) -> list[Revision]:
        """Return what a message said, the original first; of very many or very long versions, the newest."""
        checks.a_seq(target_seq, "target_seq")
        found = await self._store.revisions(caller.user_id, _conversation_id(conversation_id), target_seq)
        return fit_revisions(found)

    # ------------------------------------------------------------ conversations and people

    async def conversation(self, caller: Caller, conversation_id: str) -> ConversationState:
        """Return one conversation as the caller sees it."""
        return await self._store.conversation(caller.user_id, _conversation_id(conversation_id))

    async def conversations(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        """Return a page of the caller's conversations."""
        checks.a_cursor(cursor)
        found, following = await self._store.conversations(caller.user_id, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._store.conversations(caller.user_id, cursor, few)
        return found, following

    async def channels(
        self, caller: Caller, query: str, cursor: str, limit: int
    ) -> tuple[list[ConversationState], str]:
        """Return a page of the public channels."""
        checks.text(query, checks.QUERY_BYTES, "query")
        checks.a_cursor(cursor)
        found, following = await self._store.channels(caller.user_id, query, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._store.channels(caller.user_id, query, cursor, few)
        return found, following

    async def members(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[int, list[MemberRow], str]:
        """Return (head, members, next cursor)."""
        return await self._store.members(
            caller.user_id, _conversation_id(conversation_id), checks.a_cursor(cursor), self._rows(limit)
        )

    async def users(self, caller: Caller, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]:
        """Return these people; unknown ones are absent."""
        if len(user_ids) + len(usernames) > checks.PEOPLE:
            raise ChatError(Code.TOO_MANY_MEMBERS, f"At most {checks.PEOPLE} people at once.")
        names = [checks.text(name, checks.QUERY_BYTES, "username") for name in usernames]
        return await self._store.users(checks.people(user_ids), names)

    async def find_users(self, caller: Caller, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]:
        """Return a page of people by part of their name."""
        checks.text(query, checks.QUERY_BYTES, "query")
        return await self._store.find_users(query, checks.a_cursor(cursor), self._rows(limit))

    # ------------------------------------------------------------ coming back

    async def epoch(self) -> str:
        """Return the log's epoch."""
        return await self._store.epoch()

    async def user_state(self, caller: Caller, since_version: int, limit: int) -> UserState:
        """Return the caller's rows changed since a version."""
        checks.a_seq(since_version, "since_version", least=0)
        return fit_user_state(await self._store.user_state(caller.user_id, since_version, self._rows(limit)))

    async def resume(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Resumed:
        """Return what a returning client is missing, or `reset` when nothing it holds can be trusted."""
        checks.a_seq(user_version, "user_version", least=0)
        held = [(_conversation_id(each.conversation_id), checks.a_seq(each.seq, "seq", least=0)) for each in have]
        settings = self._settings
        current = await self._store.epoch()
        if epoch == current and len(held) <= settings.resume_have_max:
            states, pages = await self._store.resume(
                caller.user_id,
                held,
                user_version,
                limit=settings.resume_entries,
                state_limit=settings.page_rows_max,
            )
            if states.version >= user_version:
                states = fit_user_state(states)
                return Resumed(current, False, states.version, states, fit_resume(pages))
        newest = await self._store.user_state(caller.user_id, MAX_SEQ, 1)
        return Resumed(current, True, newest.version)

    # ------------------------------------------------------------ bounds

    def _entries(self, limit: int) -> int:
        return min(limit, self._settings.page_entries_max) if limit > 0 else self._settings.page_entries

    def _rows(self, limit: int) -> int:
        return min(limit, self._settings.page_rows_max) if limit > 0 else self._settings.page_rows


def _conversation_id(value: str) -> str:
    return checks.an_id(value, "conversation_id")


def _refused(refusal: ChatError) -> asyncio.Future[Accepted]:
    future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
    future.set_exception(refusal.with_traceback(None))
    return future
