"""Chat in this process: commands go through the group commit.

This is the room where the parts meet, and it holds no rule of its own: it checks what comes in, counts how fast one
person acts, queues the command, and answers with what came of it.  Questions are answered by `Reading`.  Any number of
nodes may write any conversation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION, direct_id, new_id
from hubbub.chat import checks
from hubbub.chat.befriending import Befriending
from hubbub.chat.changes import UserChanges
from hubbub.chat.commit import Done, GroupCommit
from hubbub.chat.contacts import Contact, ContactChange
from hubbub.chat.fault import IN_TRANSACTION, planned
from hubbub.chat.filtering import Filtering
from hubbub.chat.indexing import Indexing
from hubbub.chat.invites import Invitation, Invite, JoinRequest
from hubbub.chat.inviting import Inviting
from hubbub.chat.limits import Allowance
from hubbub.chat.marks import Marks
from hubbub.chat.model import (
    Accepted,
    Caller,
    ConversationKind,
    ConversationState,
    HistoryPage,
    MemberState,
    OwnChange,
    Post,
    ScheduledRow,
    Submit,
)
from hubbub.chat.moderation import ModerationStore
from hubbub.chat.outbox import Outbox
from hubbub.chat.pages import fitting
from hubbub.chat.ports import RIGHTS_CHANGED, Bus, ChatStore, LoginEnded, TypingChanged
from hubbub.chat.publishing import Publisher
from hubbub.chat.reading import Reading
from hubbub.chat.reminders import Reminder
from hubbub.chat.reminding import Reminding
from hubbub.chat.rules import Command, Create, Establish, Join, Leave, OpenDirect, Send, digest_of_action
from hubbub.chat.schedule import Scheduler
from hubbub.chat.search.found import Found
from hubbub.chat.settings import ChatSettings
from hubbub.chat.words import FilterAction

_log = logging.getLogger(__name__)

Heard = Callable[[Mapping[str, int]], None]


def _nobody(heads: Mapping[str, int]) -> None: ...


class ChatNode(Reading):
    """`hubbub.chat.service.Chat` over a store and a bus."""

    def __init__(
        self,
        store: ChatStore,
        bus: Bus,
        clock: Clock,
        settings: ChatSettings | None = None,
        moderation: ModerationStore | None = None,
        heard: Heard = _nobody,
    ) -> None:
        """`moderation`: where word filters are and held messages go; None: every word is let through.

        `heard` is called with every head that is told, by its writer or in its place, and must not block.
        """
        settings = settings or ChatSettings()
        super().__init__(store, settings)
        self._store = store
        self._bus = bus
        self._clock = clock
        self._changes = UserChanges(store, bus, settings.page_rows_max)
        self.indexing = Indexing(store, clock, settings, lambda: self._commits.waiting > 0)

        def note(heads: Mapping[str, int]) -> None:
            self.indexing.note(heads)
            heard(heads)

        self.outbox = Outbox(store, bus, clock, settings, note)
        self._publisher = Publisher(bus, self.outbox, self._changes, planned(settings.fault))
        self._commits = GroupCommit(
            store, self._publisher.put, clock, settings, planned(settings.fault, IN_TRANSACTION)
        )
        self._marks = Marks(store, bus, self._changes, self.outbox.forget, settings)
        self._inviting = Inviting(store, store, clock, self._do, self._tell_people)
        self._befriending = Befriending(store, clock, self._tell_people)
        self.filtering = Filtering(moderation, self._send, clock) if moderation is not None else None
        self.scheduler = Scheduler(store, self._submit_checked, clock, settings)
        self.reminding = Reminding(store, self._around, clock, lambda: self._settings, self._tell_people)
        self._submits = self._allowance()
        self._openings = self._allowance()
        self._signals = self._allowance()
        self._searches = self._allowance()
        self.use(settings)

    def _allowance(self) -> Allowance:
        return Allowance(self._clock, per_s=0.0, burst=1.0, remembered=self._settings.limited_users)

    def use(self, settings: ChatSettings) -> None:
        """Go by these limits from now on; sizes of batches and queues stay as they were made."""
        self._settings = settings
        on = settings.limits_on
        self._submits.use(per_s=settings.submits_per_s if on else 0.0, burst=settings.submits_burst)
        self._openings.use(per_s=settings.openings_per_minute / 60.0 if on else 0.0, burst=settings.openings_burst)
        self._signals.use(per_s=settings.signals_per_s if on else 0.0, burst=settings.signals_burst)
        self._searches.use(per_s=settings.searches_per_s if on else 0.0, burst=settings.searches_burst)

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
        if self.filtering is not None:
            try:
                await self.filtering.start()
            except BaseException:
                await self.stop()
                raise
        self._marks.start()
        self.scheduler.start()
        self.reminding.start()
        self.indexing.start()

    async def stop(self) -> None:
        """Finish what is in flight, publish it, then end."""
        await self.indexing.stop()
        await self.reminding.stop()
        await self.scheduler.stop()
        if self.filtering is not None:
            await self.filtering.stop()
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
        if self.filtering is not None:
            send.verdict = self.filtering.judge(send.submit.action)
        # A Send is answered with Accepted, never with Settled.
        sent = cast("asyncio.Future[Accepted]", self._commits.submit(send))
        if send.verdict is not None and send.verdict.action is FilterAction.HOLD:
            assert self.filtering is not None
            return self.filtering.keep(send, sent)
        return sent

    def _send(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        """Queue what a moderator has let through."""
        return cast("asyncio.Future[Accepted]", self._commits.submit(Send.of(caller, command)))

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
        return await self._open(caller, Join(caller, checks.a_conversation_id(conversation_id)))

    async def leave(self, caller: Caller, conversation_id: str, client_id: str) -> None:
        """Leave a group, by an entry under this client_id, or a channel, where leaving twice is no error."""
        self._openings.take(caller.user_id)
        await self._do(Leave(caller, checks.a_conversation_id(conversation_id), checks.an_id(client_id, "client_id")))

    # ------------------------------------------------------------ invites

    async def create_invite(self, caller: Caller, invite: Invite) -> Invite:
        """Make a link into a conversation."""
        self._openings.take(caller.user_id)
        return await self._inviting.create(caller, invite)

    async def invites(self, caller: Caller, conversation_id: str) -> list[Invite]:
        """Return the links into a conversation."""
        return await self._inviting.invites(caller, conversation_id)

    async def revoke_invite(self, caller: Caller, conversation_id: str, invite_id: str) -> None:
        """Take a link back."""
        await self._inviting.revoke(caller, conversation_id, invite_id)

    async def look_at_invite(self, caller: Caller, invite_id: str) -> Invitation:
        """Return where a link leads."""
        self._openings.take(caller.user_id)
        return await self._inviting.look(caller, invite_id)

    async def follow_invite(self, caller: Caller, invite_id: str, note: str) -> Invitation:
        """Come in by a link, or ask to be let in."""
        self._openings.take(caller.user_id)
        return await self._inviting.follow(caller, invite_id, note)

    async def withdraw_join_request(self, caller: Caller, invite_id: str) -> None:
        """Take back what the caller asked by a link."""
        self._openings.take(caller.user_id)
        await self._inviting.withdraw(caller, invite_id)

    async def join_requests(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[list[JoinRequest], str]:
        """Return who asks to be let in."""
        return await self._inviting.requests(caller, conversation_id, cursor, self._rows(limit))

    async def answer_join_request(self, caller: Caller, conversation_id: str, user_id: str, accept: bool) -> None:
        """Let somebody in who asked, or not."""
        await self._inviting.answer(caller, conversation_id, user_id, accept)

    # ------------------------------------------------------------ contacts

    async def ask_contact(self, caller: Caller, user_id: str, note: str) -> Contact:
        """Ask somebody to be a contact."""
        self._openings.take(caller.user_id)
        return await self._befriending.ask(caller, user_id, note)

    async def answer_contact(self, caller: Caller, user_id: str, accept: bool) -> Contact:
        """Answer somebody's request."""
        self._signals.take(caller.user_id)
        return await self._befriending.answer(caller, user_id, accept)

    async def remove_contact(self, caller: Caller, user_id: str) -> Contact:
        """End being contacts, or take a request back."""
        self._signals.take(caller.user_id)
        return await self._befriending.remove(caller, user_id)

    async def arrange_contact(self, caller: Caller, user_id: str, change: ContactChange) -> Contact:
        """Name, group, block or unblock somebody, for the caller alone."""
        self._signals.take(caller.user_id)
        contact = await self._befriending.arrange(caller, user_id, change)
        if change.blocked:
            await self._lose_sight(contact.user_id)
        return contact

    async def _lose_sight(self, user_id: str) -> None:
        """Have the sockets of somebody who was blocked look again at what they may see."""
        try:
            await self._bus.publish([LoginEnded(user_id, code=RIGHTS_CHANGED)])
        except ChatError as problem:
            # They see who is here until they watch anew.
            _log.warning("a block could not be told: %r", problem)

    async def contacts(self, caller: Caller, cursor: str, limit: int) -> tuple[list[Contact], str]:
        """Return a page of what the caller keeps of others."""
        return await self._befriending.contacts(caller, cursor, self._rows(limit))

    async def hiding(self, caller: Caller, user_ids: Sequence[str]) -> list[str]:
        """Return which of these people show the caller nothing of themselves."""
        return await self._befriending.hiding(caller, user_ids)

    def _tell_people(self, versions: Mapping[str, int], outbox_id: int) -> None:
        self._changes.note(versions, partial(self.outbox.forget, outbox_id))

    # ------------------------------------------------------------ search

    async def search(
        self,
        caller: Caller,
        query: str,
        *,
        from_: str = "",
        in_: str = "",
        before: str = "",
        after: str = "",
        has: str = "",
        cursor: str = "",
        limit: int = 0,
    ) -> Found:
        """Find messages, people and conversations; the costliest question there is has an allowance of its own."""
        self._searches.take(caller.user_id)
        return await super().search(
            caller, query, from_=from_, in_=in_, before=before, after=after, has=has, cursor=cursor, limit=limit
        )

    # ------------------------------------------------------------ what belongs to a person

    async def set_mark(self, caller: Caller, conversation_id: str, read_seq: int, delivered_seq: int) -> None:
        """Raise the caller's marks; returns when they are durable."""
        self._signals.take(caller.user_id)
        await self._marks.set(
            caller.user_id,
            checks.a_conversation_id(conversation_id),
            checks.a_seq(read_seq, "read_seq", least=0),
            checks.a_seq(delivered_seq, "delivered_seq", least=0),
        )

    async def set_own(self, caller: Caller, conversation_id: str, change: OwnChange) -> None:
        """Change what the caller keeps of a conversation for themselves; returns when it is durable."""
        self._signals.take(caller.user_id)
        conversation_id = checks.a_conversation_id(conversation_id)
        kept = await self._store.set_own(caller.user_id, conversation_id, checks.own_change(change))
        self._changes.note({caller.user_id: kept.version}, partial(self.outbox.forget, kept.outbox_id))

    async def hide(self, caller: Caller, conversation_id: str, seq: int) -> None:
        """Withhold one entry from the caller's pages for good.  Idempotent."""
        self._submits.take(caller.user_id)
        conversation_id = checks.a_conversation_id(conversation_id)
        checks.a_seq(seq, "seq")
        state = await self._store.conversation(caller.user_id, conversation_id)
        everybody = state.conversation.kind is ConversationKind.SYSTEM
        there = state.conversation.kept_from <= seq <= state.conversation.head
        if not there or not (everybody or state.member.may_see(seq)):
            raise ChatError(Code.MESSAGE_NOT_FOUND)
        await self._store.hide(caller.user_id, conversation_id, seq)

    async def set_typing(self, caller: Caller, conversation_id: str, typing: bool) -> None:
        """Tell the others, best effort; in large conversations nobody is told."""
        self._signals.take(caller.user_id)
        conversation_id = checks.a_conversation_id(conversation_id)
        audience = await self._store.company(caller.user_id, conversation_id)
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
        """Forget a message that waits; NOT_FOUND when it is being sent, was sent or was cancelled."""
        key = checks.a_conversation_id(conversation_id), checks.an_id(client_id, "client_id")
        if not await self._store.cancel(caller.user_id, *key):
            raise ChatError(Code.NOT_FOUND)

    async def scheduled(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]:
        """Return a page of the caller's waiting messages in due order."""
        checks.a_cursor(cursor)
        found, following = await self._store.scheduled(caller.user_id, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._store.scheduled(caller.user_id, cursor, few)
        return found, following

    async def set_reminder(self, caller: Caller, conversation_id: str, seq: int, due_ms: int, note: str) -> Reminder:
        """Have the caller reminded of a message; another time moves it, and 0 takes it away."""
        self._signals.take(caller.user_id)
        return await self.reminding.set(caller, conversation_id, seq, due_ms, note)

    async def reminders(self, caller: Caller, cursor: str, limit: int) -> tuple[list[Reminder], str]:
        """Return a page of what the caller wants to be reminded of, soonest first."""
        return await self.reminding.reminders(caller, cursor, self._rows(limit))

    async def _around(self, caller: Caller, conversation_id: str, seq: int) -> HistoryPage:
        return await self.history(caller, conversation_id, around_seq=seq, limit=1)


def _refused(refusal: ChatError) -> asyncio.Future[Accepted]:
    future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
    future.set_exception(refusal.with_traceback(None))
    return future
