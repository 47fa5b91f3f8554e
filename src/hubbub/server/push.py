"""Web Push: web nodes take subscriptions, those who tell of entries note them, workers call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack

import hubbub
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Caller,
    ConversationKind,
    ConversationState,
    MemberState,
    MessageRow,
    MessageState,
    Notify,
)
from hubbub.chat.reminders import Reminder
from hubbub.chat.service import Chat
from hubbub.cluster.sessions import SessionRegistry
from hubbub.fetch.network import PublicNetwork
from hubbub.fetch.pusher import HttpPusher
from hubbub.push.model import Rule, Said, Sight
from hubbub.push.noting import Noting
from hubbub.push.service import Push
from hubbub.push.vapid import Vapid, new_vapid_key
from hubbub.push.worker import PushWorker
from hubbub.server.ground import Ground
from hubbub.server.settings import ServerSettings
from hubbub.storage.meta import agree
from hubbub.storage.push_store import SqlPush
from hubbub.storage.session_store import SqlSessions

__all__ = ["ChatSight", "open_push", "start_noting", "start_push_worker"]

_KEY = "push.vapid"
"""The private key by which push services know this place; like the bus's secret it lies in the database."""

_SUBSCRIBED = "push.subscribed"
_LOOKED_AT = 20
"""So many of the newest messages are looked at for what to call about."""

_MARKS = re.compile(r"(\*\*|__|~~|`{1,3}|^#{1,6} |^> )", re.MULTILINE)

_GONE = frozenset({Code.CONVERSATION_NOT_FOUND, Code.NOT_A_MEMBER, Code.BANNED})


async def vapid(settings: ServerSettings, ground: Ground) -> Vapid:
    """Return who this place is to push services; all nodes are the same."""
    mine = new_vapid_key()
    database = ground.database
    key = await database.write(lambda conn: agree(conn, database.dialect, _KEY, mine))
    public = settings.public_url if settings.public_url.startswith("https://") else ""
    return Vapid(key, settings.push.contact or public, ground.clock)


async def open_push(settings: ServerSettings, ground: Ground) -> Push:
    """Return what people tell where and when they want to be called."""

    async def wake() -> None:
        await ground.signals.signal(_SUBSCRIBED, b"")

    signs = await vapid(settings, ground)
    return Push(SqlPush(ground.database), ground.clock, settings.push, signs.public_key, wake)


async def start_noting(settings: ServerSettings, ground: Ground, stack: AsyncExitStack) -> Noting:
    """Return what notes of new entries; `stack` stops it, so it is to be started before whoever tells it of them."""
    noting = Noting(SqlPush(ground.database), ground.clock, settings.push)
    await ground.signals.listen(_SUBSCRIBED, lambda _: noting.somebody())
    noting.start()
    stack.push_async_callback(noting.stop)
    return noting


async def start_push_worker(
    settings: ServerSettings, ground: Ground, chat: Chat, sessions: SessionRegistry | None, stack: AsyncExitStack
) -> None:
    """Start the worker of this process; `stack` stops it."""

    async def connected(user_id: str) -> set[str]:
        if ground.remote is None:
            return sessions.devices_of(user_id) if sessions is not None else set()
        return {row.device_id for row in await rows.sessions_of([user_id])}

    rows = SqlSessions(ground.database)
    private = settings.push.private_addresses
    sender = HttpPusher(
        agent=f"Hubbub/{hubbub.__version__} (push)",
        send_s=settings.push.send_s,
        now_s=lambda: ground.clock.now_ms() / 1000,
        network=PublicNetwork(allows=lambda _: True, ports=None) if private else None,
    )
    stack.push_async_callback(sender.close)
    store = SqlPush(ground.database)
    signs = await vapid(settings, ground)
    worker = PushWorker(store, ChatSight(chat, ground.clock), connected, sender, signs, ground.clock, settings.push)
    worker.start()
    stack.push_async_callback(worker.stop)


class ChatSight:
    """Sees what somebody has not read with their own eyes: what they may not see, they are not called about."""

    def __init__(self, chat: Chat, clock: Clock) -> None:
        self._chat = chat
        self._clock = clock

    async def __call__(self, user_id: str, conversation_id: str) -> Sight | None:
        caller = Caller(user_id)
        if conversation_id == user_id:
            return await self._reminders(caller)
        try:
            state = await self._chat.conversation(caller, conversation_id)
            if state.member.state is not MemberState.JOINED:
                return None
            page = await self._chat.history(caller, conversation_id, limit=_LOOKED_AT)
        except ChatError as refused:
            if refused.code in _GONE:
                return None
            raise
        unread = [
            item.message
            for item in page.items
            if isinstance(item, MessageState)
            and item.message.seq > state.member.read_seq
            and item.message.sender_id != user_id
            and not item.message.recalled
        ]
        said = [one for one in unread if one.post.counts or _mentions(one, user_id)]
        senders = sorted({one.sender_id for one in said})
        rows = await self._chat.users(caller, senders, []) if senders else []
        names = {row.id: row.display_name or row.username for row in rows}
        conversation = state.conversation
        return Sight(
            conversation_id=conversation_id,
            title="" if conversation.kind is ConversationKind.DIRECT else conversation.title,
            head=max(conversation.head, page.as_of),
            read_seq=state.member.read_seq,
            unread=state.unread,
            mentions=state.mentions,
            rule=_rule(state, self._clock.now_ms()),
            said=tuple(_said(one, names, user_id) for one in said),
        )

    async def _reminders(self, caller: Caller) -> Sight | None:
        """Return what is due to be come back to, in the order it came due."""
        due: list[Reminder] = []
        cursor = ""
        while True:
            rows, cursor = await self._chat.reminders(caller, cursor, 0)
            due += [row for row in rows if row.due]
            if not cursor or not rows[-1].due:
                break
        if not due:
            return None
        due.sort(key=lambda row: row.version)
        newest = due[-1]
        title, sender, text, thread_seq = await self._message(caller, newest)
        said = [Said(row.version, row.due_ms, "", row.note, mentioned=True) for row in due[:-1]]
        last = Said(newest.version, newest.due_ms, sender, newest.note or text, mentioned=True)
        return Sight(
            conversation_id=newest.conversation_id,
            title=title,
            head=newest.version,
            read_seq=0,
            unread=len(due),
            mentions=len(due),
            rule=Rule.ALL,
            said=(*said, last),
            reminder_seq=newest.seq,
            reminder_thread_seq=thread_seq,
        )

    async def _message(self, caller: Caller, row: Reminder) -> tuple[str, str, str, int]:
        """Return (title, who wrote it, what, the thread it is only in), as far as the person may see it by now."""
        try:
            conversation = (await self._chat.conversation(caller, row.conversation_id)).conversation
            page = await self._chat.history(caller, row.conversation_id, around_seq=row.seq, limit=1)
        except ChatError as refused:
            if refused.code in _GONE:
                return "", "", "", 0
            raise
        title = "" if conversation.kind is ConversationKind.DIRECT else conversation.title
        found = [one.message for one in page.items if isinstance(one, MessageState) and one.message.seq == row.seq]
        if not found or found[0].recalled:
            return title, "", "", 0
        rows = await self._chat.users(caller, [found[0].sender_id], [])
        one = _said(found[0], {user.id: user.display_name or user.username for user in rows}, caller.user_id)
        post = found[0].post
        return title, one.sender, one.text, 0 if post.also_in_conversation else post.thread_seq


def _mentions(message: MessageRow, user_id: str) -> bool:
    return message.post.mention_all or user_id in message.post.mentions


def _said(message: MessageRow, names: Mapping[str, str], user_id: str) -> Said:
    body = message.post.body
    text = body.text or body.fallback or " ".join(file.name for file in body.files)
    plain = " ".join(_MARKS.sub("", text[:1_000]).split())
    name = names.get(message.sender_id, "")
    return Said(message.seq, message.time_ms, name, plain, _mentions(message, user_id))


def _rule(state: ConversationState, now_ms: int) -> Rule:
    """Return what somebody wants to hear of a conversation, as the apps read it."""
    own = state.own
    if own.muted_until_ms > now_ms or own.notify is Notify.NOTHING:
        return Rule.NOTHING
    if own.notify is Notify.DEFAULT:
        return Rule.MENTIONS if state.conversation.kind is ConversationKind.CHANNEL else Rule.ALL
    return Rule.ALL if own.notify is Notify.ALL else Rule.MENTIONS
