"""The commands of CIM, with CIM's meaning, for whoever types them: a full screen or a line.

    :q!  leave                        :pu PREFIX   people whose name begins so
    :olu who is online                :emoji [N]   emoji, page N
    :all every command                :info        this client
    :q WORDS  search the local log    :delay TEXT SECONDS   send later
    :ai / :qai  answer by itself, or no longer              USER;;TEXT   say something in private

Anything else is no command and is sent as it is; `::all` sends the words `:all`.  Nothing here draws: an answer is
lines of text, made safe.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.ids import direct_id
from hubbub.client import Client, HubbubError, Message, State
from hubbub.client.client import VERSION
from hubbub.terminal import emoji
from hubbub.terminal.auto_reply import AutoReply
from hubbub.terminal.language import Words, clock_time
from hubbub.terminal.local_log import LocalLog
from hubbub.terminal.people import People
from hubbub.terminal.safe import line
from hubbub.terminal.whom import mentioned, person

ORDERS: Final = (":q!", ":olu", ":all", ":q", ":pu", ":emoji", ":info", ":delay", ":ai", ":qai")
"""Every command's word; what each does is under `order` in the language."""

FOUND: Final = 100
"""How many messages or people are listed at most."""

LONGEST_DELAY_S: Final = 366 * 86400

_PRIVATE: Final = re.compile(r"@?([\w.\-]{2,32});;(.+)", re.S)


class Answer(msgspec.Struct, frozen=True):
    """What a command says."""

    title: str = ""
    lines: tuple[str, ...] = ()
    hits: tuple[Message, ...] = ()
    """The messages that the lines stand for, one each, when something was searched."""
    leave: bool = False
    opened: str = ""
    """A conversation that something was said in."""


class Clerk:
    """Carries out the commands of one person."""

    def __init__(
        self,
        client: Client,
        log: LocalLog,
        people: People,
        auto: AutoReply,
        words: Words,
        clock: Clock,
        *,
        server: str,
        username: str,
    ) -> None:
        self._client = client
        self._log = log
        self._people = people
        self.auto = auto
        self._words = words
        self._clock = clock
        self._server = server
        self._username = username
        self.here = ""
        """The conversation that is open; empty for none."""

    async def obey(self, typed: str) -> Answer | None:
        """Carry out what was typed; None when it is no command but something to send.

        Raises HubbubError when it cannot be done.
        """
        if private := _PRIVATE.fullmatch(typed):
            return await self._private(private[1], private[2].strip())
        word, _, rest = typed.strip().partition(" ")
        rest = rest.strip()
        orders: dict[str, Callable[[str], Awaitable[Answer]]] = {
            ":q!": self._leave,
            ":olu": self._online,
            ":all": self._all,
            ":q": self._search,
            ":pu": self._starting_with,
            ":emoji": self._emoji,
            ":info": self._info,
            ":delay": self._delay,
            ":ai": self._auto_on,
            ":qai": self._auto_off,
        }
        order = orders.get(word)
        return await order(rest) if order is not None else None

    @staticmethod
    def unescaped(typed: str) -> str:
        """Return what is sent for words that are no command: `::all` is `:all`."""
        return typed[1:] if typed.startswith("::") and typed[1:].split(" ", 1)[0] in ORDERS else typed

    # ------------------------------------------------------------ one method per command

    async def _leave(self, rest: str) -> Answer:
        return Answer(leave=True)

    async def _all(self, rest: str) -> Answer:
        lines = [self._words(f"order {word}") for word in ORDERS] + [self._words("order ;;")]
        return Answer(self._words("commands"), tuple(lines))

    async def _online(self, rest: str) -> Answer:
        ids: list[str] = []
        cursor = ""
        while len(ids) < FOUND:
            presences, cursor = await self._client.online(cursor=cursor, limit=100)
            ids += [presence.user_id for presence in presences]
            if not cursor:
                break
        await self._people.learn(ids)
        names = sorted(map(self._people.name, ids), key=str.casefold)
        more = (self._words("and more"),) if cursor else ()
        return Answer(self._words("online now", count=f"{len(ids)}{'+' if cursor else ''}"), (*names, *more))

    async def _search(self, rest: str) -> Answer:
        if not rest:
            return self._usage(":q")
        found = await self._log.search(rest, FOUND)
        # Names are shown as far as they are known: the search works without a connection.
        with contextlib.suppress(HubbubError):
            if self._client.state is State.ONLINE:
                await self._people.learn(message.sender_id for message in found)
        lines = [
            f"{clock_time(message.time_ms)}  {self._people.name(message.sender_id)}: {line(message.text)}"
            for message in found
        ]
        title = self._words("found here", words=line(rest), count=len(found))
        return Answer(title, tuple(lines), hits=tuple(found))

    async def _starting_with(self, rest: str) -> Answer:
        prefix = rest.removeprefix("@").casefold()
        if not prefix:
            return self._usage(":pu")
        lines: list[str] = []
        cursor = ""
        # The server finds names that contain it; those that begin with it are meant here.
        for _ in range(10):
            found, cursor = await self._client.find_users(prefix, cursor=cursor, limit=100)
            await self._people.met(found)
            fitting = [user for user in found if user.username.casefold().startswith(prefix)]
            lines += [f"{line(user.username)}  {line(user.display_name)}".rstrip() for user in fitting]
            if not cursor or len(lines) >= FOUND:
                break
        return Answer(self._words("people like", prefix=line(rest), count=len(lines)), tuple(lines))

    async def _emoji(self, rest: str) -> Answer:
        number = int(rest) if rest.isascii() and rest.isdecimal() and len(rest) < 9 else 1
        lines = [f"{char}  :{name}:" for name, char in emoji.page(number)]
        return Answer(self._words("emoji page", page=number, pages=emoji.pages()), tuple(lines))

    async def _info(self, rest: str) -> Answer:
        client = self._client
        facts = [
            ("info person", f"{line(self._username)} ({client.user_id or '?'})"),
            ("info device", client.device_id or "?"),
            ("info server", line(self._server)),
            ("info connection", self._words(f"state {client.state.value}")),
            ("info outbox", str(client.unanswered)),
            ("info log", str(await self._log.count())),
            ("info auto", self._words("on" if self.auto.on else "off")),
            ("info version", f"Hubbub {VERSION}"),
        ]
        try:
            info = await client.server_info() if client.state is State.ONLINE else None
        except HubbubError:
            info = None
        if info is not None:
            facts.insert(3, ("info node", line(f"{info.name} {info.version} {info.node_id}")))
        return Answer(self._words("info title"), tuple([f"{self._words(key)}: {value}" for key, value in facts]))

    async def _delay(self, rest: str) -> Answer:
        text, _, seconds = rest.rpartition(" ")
        text = text.strip()
        if not text or not (seconds.isascii() and seconds.isdecimal()) or not 0 < int(seconds) <= LONGEST_DELAY_S:
            return self._usage(":delay")
        if not self.here:
            raise HubbubError("bad_request", self._words("open one first"))
        mentions, _ = await mentioned(self._client, text)
        due_ms = self._clock.now_ms() + int(seconds) * 1000
        await self._client.schedule(self.here, emoji.with_emoji(text), due_ms, mentions=mentions)
        return Answer(lines=(self._words("will be sent", seconds=int(seconds), time=clock_time(due_ms)),))

    async def _auto_on(self, rest: str) -> Answer:
        self.auto.on = True
        return Answer(lines=(self._words("auto on"),))

    async def _auto_off(self, rest: str) -> Answer:
        self.auto.on = False
        return Answer(lines=(self._words("auto off"),))

    async def _private(self, username: str, text: str) -> Answer:
        user = self._people.named(username) or await person(self._client, username)
        await self._people.met([user])
        where = direct_id(self._client.user_id, user.id)
        if where not in self._client.known:
            where = (await self._client.open_direct(user.id)).id
        self.auto.person_spoke(where)
        self._client.send(where, emoji.with_emoji(text))
        return Answer(lines=(self._words("said in private", name=line(user.username)),), opened=where)

    def _usage(self, word: str) -> Answer:
        return Answer(lines=(self._words("usage", order=self._words(f"order {word}")),))
