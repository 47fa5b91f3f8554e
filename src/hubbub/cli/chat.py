"""`hubbub chat`: talk, on the whole screen of a terminal, or a line at a time where there is none.

Line by line, lines typed are sent to the conversation that is open; what others say is printed as it comes, from
elsewhere with the place in front.  Words that begin with a slash are for the program; two slashes send one; CIM's
commands (`:all` lists them) work too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import OrderedDict
from typing import Final

import click

from hubbub.base.clock import SystemClock
from hubbub.cli.door import ProfileDoor
from hubbub.cli.history import history_line
from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, entry_line, line, safe
from hubbub.client import (
    Client,
    Conversation,
    Entry,
    EntryEvent,
    Event,
    HubbubError,
    Pending,
    ResetEvent,
    SignedInEvent,
    State,
    StateEvent,
)
from hubbub.client.events import EventStream
from hubbub.terminal.auto_reply import AutoReply, Hook, HookNotFound, asked_of, load_hook
from hubbub.terminal.commands import Clerk
from hubbub.terminal.emoji import with_emoji
from hubbub.terminal.language import Words, language_of
from hubbub.terminal.local_log import LocalLog
from hubbub.terminal.new_devices import was_this_you
from hubbub.terminal.people import People
from hubbub.terminal.whom import mentioned, place

LINES: Final = 1_000
"""Lines typed ahead that are kept; reading from the terminal waits beyond that."""

OWN: Final = 1_000
"""How many of one's own messages are remembered, so that they are not printed a second time."""

HELP = """\
/to NAME      talk to @name, #title or an id
/history [N]  the last N messages here (20)
/who          who is in this conversation
/groups       your conversations
/help         this
/quit         leave (or Ctrl-D)
:all          CIM's commands, which work here too
//...         send a line that begins with a slash"""


@click.command("chat")
@click.argument("conversation", required=False)
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to wait for the server at first.")
@click.option("--plain", is_flag=True, help="Line by line, also in a terminal.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of the app (default: as LANG says).")
@click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", help="Of the full screen.")
@click.option("--auto-reply", metavar="MODULE:FUNCTION", help="What :ai answers with (default: that you are away).")
@common
async def command(
    context: Context,
    conversation: str | None,
    timeout: float,
    plain: bool,
    language: str | None,
    theme: str,
    auto_reply: str | None,
) -> None:
    """Talk in a CONVERSATION: @person, #group or channel, or an id."""
    words = Words(language_of(os.environ, language or ""))
    try:
        hook = load_hook(auto_reply) if auto_reply else None
    except HookNotFound as error:
        raise click.BadParameter(str(error), param_hint="--auto-reply") from None
    if not plain and sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        try:
            from hubbub.terminal.view.app import HubbubApp
        except ModuleNotFoundError:
            print(words("plain"), file=sys.stderr)
        else:
            door = ProfileDoor(context)
            await HubbubApp(door, words, hook, opened=conversation or "", dark=theme == "dark").live()
            return
    await _line_by_line(context, conversation, timeout, words, hook)


async def _line_by_line(
    context: Context, conversation: str | None, timeout: float, words: Words, hook: Hook | None
) -> None:
    client = context.make_client("live")
    events = client.events()
    profile, clock = context.profile(), SystemClock()
    log = LocalLog(context.file.chat_path("log"), owner=f"{profile.user_id} {profile.server}")
    people = People(client, log)
    people.remembered((await log.open()).people)
    auto = AutoReply(hook or (lambda asked: words("auto sentence")), clock)
    clerk = Clerk(client, log, people, auto, words, clock, server=profile.server, username=profile.username)
    try:
        async with client:
            await client.ready(timeout)
            chat = LineChat(client, clerk, log, words, interactive=sys.stdin.isatty())
            if conversation:
                await chat.go_to(conversation)
            else:
                print("Say /to NAME to begin, /help for more.", flush=True)
            keys = _lines_typed(asyncio.get_running_loop())
            async with asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(chat.hear(events))
                watching = tasks.create_task(_end_of(client, keys))
                try:
                    await chat.obey(keys)
                finally:
                    hearing.cancel()
                    watching.cancel()
            if client.error is not None:
                raise client.error
            await chat.settle()
    finally:
        await log.close()


class LineChat:
    """One person at one terminal."""

    def __init__(self, client: Client, clerk: Clerk, log: LocalLog, words: Words, *, interactive: bool) -> None:
        self._client = client
        self._words = words
        self._clerk = clerk
        self._log = log
        self._names = Names(client)
        self._here: Conversation | None = None
        self._interactive = interactive
        self._own: OrderedDict[str, bool] = OrderedDict()
        self._sending: set[Pending] = set()
        self._shown: dict[str, int] = {}
        """How far the history of each conversation that was opened has been printed."""
        self._away = False

    # ------------------------------------------------------------ what is typed

    async def obey(self, lines: asyncio.Queue[str | None]) -> None:
        """Carry out what is typed until it ends."""
        while (typed := await lines.get()) is not None:
            try:
                if not await self._carry_out(typed):
                    return
            except HubbubError as error:
                _say(f"! {error}")

    async def _carry_out(self, typed: str) -> bool:
        """Do what one line asks; False to leave."""
        if not typed.startswith("/") or typed.startswith("//"):
            self._clerk.here = self._here.id if self._here is not None else ""
            answer = await self._clerk.obey(typed)
            if answer is None:
                await self._send(self._clerk.unescaped(typed[1:] if typed.startswith("//") else typed))
                return True
            for said in ([f"-- {answer.title}"] if answer.title else []) + list(answer.lines):
                _say(said)
            return not answer.leave
        word, _, rest = typed.partition(" ")
        rest = rest.strip()
        match word:
            case "/quit" | "/q":
                return False
            case "/help":
                _say(HELP)
            case "/to" if rest:
                await self.go_to(rest)
            case "/groups":
                for where in await self._client.conversations():
                    unread = f"  {where.unread} unread" if where.unread else ""
                    _say(f"{await self._names.title(where)}{unread}")
            case "/who":
                await self._who()
            case "/history":
                await self._history(int(rest) if rest.isdecimal() else 20)
            case _:
                _say(f"! {line(word)} is not a command here; /help lists them.")
        return True

    async def go_to(self, name: str) -> None:
        """Open a conversation and show its end."""
        self._here = await place(self._client, name)
        _say(f"-- {await self._names.title(self._here)}")
        await self._history(20)

    async def _send(self, text: str) -> None:
        if not text:
            return
        if self._here is None:
            _say("! Say /to NAME first.")
            return
        text = with_emoji(text)
        self._clerk.auto.person_spoke(self._here.id)
        mentions, everybody = await mentioned(self._client, text)
        sending = self._client.send(self._here.id, text, mentions=mentions, mention_all=everybody)
        if self._interactive:
            self._own[sending.client_id] = True
            while len(self._own) > OWN:
                self._own.popitem(last=False)
        self._sending.add(sending)
        sending.future.add_done_callback(lambda _: self._sent(sending))

    def _sent(self, sending: Pending) -> None:
        self._sending.discard(sending)
        if not sending.future.cancelled() and (error := sending.future.exception()) is not None:
            _say(f"! Not sent: {error}")

    async def settle(self) -> None:
        """Wait a while for the answers to what was sent."""
        if self._sending:
            await self._client.flush(timeout=15.0)

    async def _who(self) -> None:
        if self._here is None:
            _say("! Say /to NAME first.")
            return
        members, cursor = await self._client.members(self._here.id)
        await self._names.learn(member.user_id for member in members)
        for member in members:
            _say(f"{self._names.user(member.user_id)} ({member.role.name.lower()})")
        if cursor:
            _say("... and more")

    async def _history(self, limit: int) -> None:
        if self._here is None:
            _say("! Say /to NAME first.")
            return
        page = await self._client.history(self._here.id, limit=max(1, min(200, limit)))
        for item in page.items:
            _say(await history_line(self._names, item))
        self._shown[self._here.id] = max(page.as_of, self._shown.get(self._here.id, 0))
        if page.to_seq > self._here.read_seq:
            self._client.saw(self._here.id, page.to_seq)

    # ------------------------------------------------------------ what is heard

    async def hear(self, events: EventStream) -> None:
        """Print what happens."""
        async for event in events:
            try:
                await self._heard(event)
            except HubbubError as error:
                if self._client.error is None:
                    _say(f"! {error}")

    async def _heard(self, event: Event) -> None:
        match event:
            case EntryEvent(entry):
                await self._log.note([entry], self._client.user_id)
                await self._answer(entry)
                here = self._here is not None and entry.conversation_id == self._here.id
                if self._own.pop(entry.client_id, False) or entry.seq <= self._shown.get(entry.conversation_id, 0):
                    return
                _say(await entry_line(self._names, entry, place=not here))
                if here:
                    self._client.saw(entry.conversation_id, entry.seq)
            case SignedInEvent():
                _say(f"! {was_this_you(self._words, event)}")
            case StateEvent(state) if state is State.WAITING and not self._away:
                self._away = True
                _say(f"-- {event.error or 'The connection was lost.'} Trying again.")
            case StateEvent(state) if state is State.ONLINE and self._away:
                self._away = False
                _say("-- Connected again.")
            case ResetEvent():
                _say("-- The server's log was replaced; /history shows what there is.")

    async def _answer(self, entry: Entry) -> None:
        """Answer by itself, if that is on and the entry is meant for this person."""
        place = self._client.known.get(entry.conversation_id)
        auto = self._clerk.auto
        if place is None or not auto.on or entry.sender_id == self._client.user_id:
            return
        sender = next(iter(await self._client.users([entry.sender_id])), None)
        asked = asked_of(entry, place, sender, self._client.user_id)
        if asked is None:
            return
        try:
            said = await auto.answer(asked, bot=bool(sender and sender.bot))
        except Exception as error:  # A hook is anybody's program.
            auto.on = False
            _say(f"! {error!r}")
            return
        if said:
            self._client.send(entry.conversation_id, said)


async def _end_of(client: Client, lines: asyncio.Queue[str | None]) -> None:
    """End what is typed when the client ends."""
    async for state in client.states():
        if state is State.CLOSED:
            await lines.put(None)


def _say(text: str) -> None:
    print(safe(text), flush=True)


def _lines_typed(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[str | None]:
    """Return a queue of the lines of standard input, ended by None.

    A thread reads, because a terminal, a pipe and a file can all be waited for in no other common way.  It is a daemon:
    a read from a terminal cannot be interrupted.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue(LINES)

    def read() -> None:
        for typed in sys.stdin:
            asyncio.run_coroutine_threadsafe(lines.put(typed.rstrip("\r\n")), loop).result()
        asyncio.run_coroutine_threadsafe(lines.put(None), loop).result()

    threading.Thread(target=read, name="hubbub-keys", daemon=True).start()
    return lines
