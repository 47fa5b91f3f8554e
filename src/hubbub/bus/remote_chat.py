"""Chat that is asked over the bus.

It is `hubbub.chat.service.Chat` for a process without the role `chat`: what a method takes and returns is that of the
node that answers, and so are its refusals.  Which node is asked, and what happens when it dies, is `asking`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.bus.asking import Asking
from hubbub.bus.calls import Calls
from hubbub.bus.chat_codec import METHODS
from hubbub.bus.questions import RemoteChatSettings, UnknownMethod
from hubbub.chat.model import Accepted, Caller, Entered, Have, Listening, Submit
from hubbub.chat.service import Chat

__all__ = ["RemoteChat", "RemoteChatSettings"]

P = ParamSpec("P")
R = TypeVar("R")

HEADS_AT_ONCE = 4_000
LISTENING_AT_ONCE = 100
"""Larger questions are asked in parts, so that no answer grows with the number of people on a gateway."""

_SUBMIT = METHODS["submit"]


def _asked(
    function: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[RemoteChat, P], Coroutine[Any, Any, R]]:
    """Return the method of RemoteChat that asks for this one of Chat."""
    method = METHODS[function.__name__]

    async def ask(self: RemoteChat, /, *args: P.args, **kwargs: P.kwargs) -> R:
        arguments = method.arguments(args, kwargs)
        answer: R = await self._asking.ask(method, method.key(arguments), method.request(arguments))
        return answer

    ask.__name__ = function.__name__
    ask.__doc__ = function.__doc__
    return ask


class RemoteChat:
    """Asks the chat nodes; start it before the first question."""

    def __init__(
        self,
        calls: Calls,
        nodes: Callable[[], Sequence[str]],
        clock: Clock,
        settings: RemoteChatSettings | None = None,
    ) -> None:
        """`nodes` returns the incarnations that serve chat and are neither suspect, draining nor dead."""
        self._asking = Asking(calls, nodes, clock, settings or RemoteChatSettings())

    def start(self) -> None:
        """Begin to keep deadlines; must be called in the event loop."""
        self._asking.start()

    async def stop(self) -> None:
        """Fail what is open: it may be asked again elsewhere."""
        await self._asking.stop()

    def node_lost(self, incarnation: str) -> None:
        """Give up a node that is suspect or dead: what it has not answered is asked elsewhere at once."""
        self._asking.node_lost(incarnation)

    def tick(self) -> None:
        """Keep deadlines, give up silent nodes; the loop that `start` begins calls it."""
        self._asking.tick()

    @property
    def waiting(self) -> int:
        """How many questions have no answer yet."""
        return len(self._asking)

    @property
    def asked_again(self) -> int:
        """How many questions went to a second node so far."""
        return self._asking.asked_again

    def submit(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        """Send one command; see `Chat.submit`."""
        try:
            request = _SUBMIT.request(_SUBMIT.arguments((caller, command), {}))
        except ChatError as refusal:
            future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
            future.set_exception(refusal.with_traceback(None))
            return future
        return self._asking.ask(_SUBMIT, caller.user_id, request)

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """Return the heads of these conversations, however many."""
        heads: dict[str, int] = {}
        for start in range(0, len(conversation_ids), HEADS_AT_ONCE):
            heads |= await self._some_heads(conversation_ids[start : start + HEADS_AT_ONCE])
        return heads

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        """Return what each of these people hears of, however many; each one's is of one snapshot."""
        listening: list[Listening] = []
        for start in range(0, len(user_ids), LISTENING_AT_ONCE):
            listening += await self._some_listening(user_ids[start : start + LISTENING_AT_ONCE])
        return listening

    async def enter(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Entered:
        """Return what the caller hears of and what their client is missing; of an older node, in two questions."""
        try:
            return await self._enter(caller, epoch, user_version, have)
        except UnknownMethod:
            (listening,) = await self.listening([caller.user_id])
            return Entered(listening, await self.resume(caller, epoch, user_version, have))

    async def hiding(self, caller: Caller, user_ids: Sequence[str]) -> list[str]:
        """Return who shows the caller nothing; of an older node, which knows no blocks, nobody."""
        try:
            return await self._hiding(caller, user_ids)
        except UnknownMethod:
            return []

    _enter = _asked(Chat.enter)
    _hiding = _asked(Chat.hiding)
    _some_heads = _asked(Chat.heads)
    _some_listening = _asked(Chat.listening)

    create_conversation = _asked(Chat.create_conversation)
    open_direct = _asked(Chat.open_direct)
    join = _asked(Chat.join)
    leave = _asked(Chat.leave)
    set_mark = _asked(Chat.set_mark)
    hide = _asked(Chat.hide)
    set_own = _asked(Chat.set_own)
    set_typing = _asked(Chat.set_typing)
    schedule = _asked(Chat.schedule)
    cancel_scheduled = _asked(Chat.cancel_scheduled)
    add_new_user = _asked(Chat.add_new_user)
    scheduled = _asked(Chat.scheduled)
    entries = _asked(Chat.entries)
    entries_for_all = _asked(Chat.entries_for_all)
    audience = _asked(Chat.audience)
    history = _asked(Chat.history)
    revisions = _asked(Chat.revisions)
    pins = _asked(Chat.pins)
    conversation = _asked(Chat.conversation)
    conversations = _asked(Chat.conversations)
    channels = _asked(Chat.channels)
    members = _asked(Chat.members)
    bans = _asked(Chat.bans)
    user_state = _asked(Chat.user_state)
    resume = _asked(Chat.resume)
    epoch = _asked(Chat.epoch)
    users = _asked(Chat.users)
    find_users = _asked(Chat.find_users)
    search = _asked(Chat.search)
    ask_contact = _asked(Chat.ask_contact)
    answer_contact = _asked(Chat.answer_contact)
    remove_contact = _asked(Chat.remove_contact)
    arrange_contact = _asked(Chat.arrange_contact)
    contacts = _asked(Chat.contacts)
    set_reminder = _asked(Chat.set_reminder)
    reminders = _asked(Chat.reminders)
    create_invite = _asked(Chat.create_invite)
    invites = _asked(Chat.invites)
    revoke_invite = _asked(Chat.revoke_invite)
    look_at_invite = _asked(Chat.look_at_invite)
    follow_invite = _asked(Chat.follow_invite)
    withdraw_join_request = _asked(Chat.withdraw_join_request)
    join_requests = _asked(Chat.join_requests)
    answer_join_request = _asked(Chat.answer_join_request)
