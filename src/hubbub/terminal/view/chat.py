"""The screen one chats on: conversations, the history of one of them, and where one writes.

It turns keys and clicks into what the desk does, and draws what the desk says has changed, at most some thirty times a
second however much comes.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from hubbub.base.clock import Clock
from hubbub.client import HubbubError, Message, State
from hubbub.terminal.commands import ORDERS, Answer, Clerk
from hubbub.terminal.desk import Desk, What
from hubbub.terminal.emoji import with_emoji
from hubbub.terminal.language import Words
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.view import banner
from hubbub.terminal.view.composer import ChoiceList, Composer
from hubbub.terminal.view.history import HistoryView
from hubbub.terminal.view.noticing import Noticing
from hubbub.terminal.view.places import PlacesView
from hubbub.terminal.view.sheets import SLASH, AnswerSheet, HelpSheet
from hubbub.terminal.view.slash import Slash
from hubbub.terminal.view.writing import Writing, is_order

DRAWN_EVERY_S: Final = 1 / 30
TYPING_EVERY_S: Final = 3.0
WARNING_S: Final = 60.0
NARROW: Final = 64
SLIM: Final = 48
"""Columns below which the list of conversations is narrower, and below which it is hidden."""

KEPT_EVERY_TICKS: Final = 10


class ChatScreen(Screen[None]):
    """Everything of one person."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", priority=True, show=False),
        Binding("f2", "theme", priority=True, show=False),
        Binding("f3", "toggle_places", priority=True, show=False),
        Binding("ctrl+n", "next_unread", priority=True, show=False),
        Binding("alt+up", "neighbour(-1)", priority=True, show=False),
        Binding("alt+down", "neighbour(1)", priority=True, show=False),
        Binding("ctrl+up", "choose(-1)", priority=True, show=False),
        Binding("ctrl+down", "choose(1)", priority=True, show=False),
        Binding("ctrl+home", "first", priority=True, show=False),
        Binding("ctrl+end", "last", priority=True, show=False),
        Binding("pageup", "page(-1)", priority=True, show=False),
        Binding("pagedown", "page(1)", priority=True, show=False),
    ]

    def __init__(self, words: Words, clock: Clock) -> None:
        super().__init__()
        self._words = words
        self._time = clock
        self.desk: Desk | None = None
        self.clerk: Clerk | None = None
        self._slash: Slash | None = None
        self.writing: Writing | None = None
        self._dirty: set[What] = set()
        self._drawing = False
        self._typed_at = -TYPING_EVERY_S
        self._ticks = 0

    def compose(self) -> ComposeResult:
        words = self._words
        choices = ChoiceList(id="choices")
        with Horizontal(id="body"):
            yield PlacesView(words, id="places")
            with Vertical(id="talk"):
                yield Static("", id="title", markup=False)
                yield HistoryView(words, id="history")
                yield Static("", id="typing", markup=False)
                yield Static("", id="about", markup=False)
                yield choices
                yield Composer(choices, placeholder=words("write here"), id="composer")
        yield Static("", id="banner", markup=False)

    def on_mount(self) -> None:
        self.composer.people = self._people
        self.composer.titles = self._titles
        self.composer.orders = [(word, self._words(f"slash {word}").partition("  ")[2]) for word in SLASH] + [
            (word, self._words(f"order {word}").partition("  ")[2]) for word in ORDERS
        ]
        self.write()
        self._say_connection()
        self.set_interval(1.0, self._each_second)

    def sit(self, desk: Desk, clerk: Clerk) -> None:
        """Begin to show what a person has open."""
        self.desk, self.clerk = desk, clerk
        self.writing = Writing(self.composer, desk, self._words, self.about)
        self._slash = Slash(self, desk, self.writing, self._words)
        desk.changed, desk.said = self.changed, self.say
        noticing = Noticing(self, desk, clerk, self._words)
        desk.heard, desk.signed_in, desk.reminded = noticing.heard, noticing.signed_in, noticing.reminded
        self.changed("places")
        self.changed("history")
        self.changed("connection")

    # ------------------------------------------------------------ parts

    @property
    def composer(self) -> Composer:
        return self.query_one("#composer", Composer)

    @property
    def history(self) -> HistoryView:
        return self.query_one("#history", HistoryView)

    @property
    def places(self) -> PlacesView:
        return self.query_one("#places", PlacesView)

    def _people(self) -> list[str]:
        desk = self.desk
        if desk is None:
            return []
        here = [desk.people.name(id_) for id_ in desk.members_here()]
        return [*here, *(user.username for user in desk.people.known.values()), "all"]

    def _titles(self) -> list[str]:
        desk = self.desk
        if desk is None:
            return []
        people = (f"@{user.username}" for user in desk.people.known.values() if user.id != desk.me)
        return [*map(desk.people.title, desk.listed()), *people]

    # ------------------------------------------------------------ drawing

    def changed(self, what: What) -> None:
        """Something must be drawn again, soon."""
        self._dirty.add(what)
        if not self._drawing and self.is_mounted:
            self._drawing = True
            self.set_timer(DRAWN_EVERY_S, self._draw)

    def _draw(self) -> None:
        self._drawing = False
        dirty, self._dirty = self._dirty, set()
        desk = self.desk
        if desk is None:
            return
        self._follow()
        if "history" in dirty:
            self.history.show(desk)
        if dirty & {"places", "people"}:
            self.places.show(desk)
        self._say_connection()
        self._say_title(desk)

    def _each_second(self) -> None:
        """Say what changes by itself, as who types no longer, and keep what is being written."""
        if self.desk is not None and self.writing is not None:
            self._say_connection()
            self._say_title(self.desk)
            self.writing.tick()
            self._ticks += 1
            if not self._ticks % KEPT_EVERY_TICKS:
                self.desk.begin_task(self.desk.keep())

    def _follow(self) -> None:
        if self.writing is not None:
            self.writing.follow()

    def _say_title(self, desk: Desk) -> None:
        self._put("#title", banner.title(desk, self._words))
        history, width = self.history, self.query_one("#typing", Static).content_size.width
        self._put("#typing", banner.below(desk, self._words, width, at_end=history.at_end, chosen=bool(history.chosen)))

    def _say_connection(self) -> None:
        shown = self.query_one("#banner", Static)
        state = self.desk.client.state if self.desk is not None else State.CONNECTING
        shown.set_class(state is State.ONLINE, "online")
        shown.set_class(state in (State.WAITING, State.CLOSED), "offline")
        self._put("#banner", self._connection(shown.content_size.width))

    def _connection(self, width: int) -> str:
        return banner.connection(self.desk, self.clerk, self._words, width, listed=bool(self.places.display))

    def _put(self, selector: str, text: str) -> None:
        part = self.query_one(selector, Static)
        if part.content != text:
            part.update(text)

    def say(self, sentence: str) -> None:
        """Tell the person something for a while."""
        self.notify(line(lined_up(self._words.refusal(sentence))), markup=False)

    def warn(self, sentence: str) -> None:
        """Tell the person something they may have to act on, for as long as that takes to read and copy."""
        self.notify(line(lined_up(sentence)), markup=False, severity="warning", timeout=WARNING_S)

    def about(self, text: str) -> None:
        """Say above the composer what is being written; empty: an ordinary message."""
        self._put("#about", f"{text}  ({self._words('esc ends it')})" if text else "")
        self.query_one("#about").display = bool(text)

    # ------------------------------------------------------------ writing

    @on(Composer.Sent)
    def _sent(self, event: Composer.Sent) -> None:
        self.work(self._obey(event.text))

    def work(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do what was asked for; a refusal is said."""

        async def guarded() -> None:
            try:
                await doing
            except HubbubError as error:
                self.say(str(error))

        self.run_worker(guarded())

    async def _obey(self, typed: str) -> None:
        desk, clerk, slash, writing = self.desk, self.clerk, self._slash, self.writing
        if desk is None or clerk is None or slash is None or writing is None:
            return
        if writing.editing is not None:
            target = writing.editing
            writing.sent()
            await desk.author.edit(target, with_emoji(typed))
            return
        if is_order(typed):
            try:
                await slash.obey(typed)
            finally:
                writing.obeyed()
            return
        clerk.here = desk.here
        answer = await clerk.obey(typed)
        if answer is None:
            await self._say_here(desk, writing, clerk.unescaped(typed[1:] if typed.startswith("//") else typed))
        else:
            await self.show_answer(answer)
            writing.obeyed()

    async def _say_here(self, desk: Desk, writing: Writing, text: str) -> None:
        if not desk.here:
            self.say(self._words("open one first"))
            return
        reply_to = writing.reply_to
        if self.clerk is not None:
            self.clerk.auto.person_spoke(desk.here)
        self.history.go_home()
        if desk.stretch.more_after:
            desk.open(desk.here, thread=desk.stretch.thread)
        try:
            await desk.author.say(with_emoji(text), reply_to=reply_to)
        finally:
            writing.sent()

    def keep_draft(self) -> None:
        """Keep what is written and not sent."""
        if self.writing is not None:
            self.writing.keep()

    async def show_answer(self, answer: Answer) -> None:
        """Show what a command says: a word in passing, or a sheet."""
        if answer.leave:
            await self.app.action_quit()
        elif answer.title:
            self.app.push_screen(AnswerSheet(answer, self._words), self._go_to)
        else:
            for sentence in answer.lines:
                self.say(sentence)
        self.changed("connection")

    def _go_to(self, message: Message | None) -> None:
        if message is not None and self.desk is not None:
            post = message.post
            thread = 0 if post.also_in_conversation else post.thread
            self.history.go_to(message.seq)
            self.desk.open(message.conversation_id, thread=thread, around=message.seq)

    @on(Composer.Typed)
    def _typed(self) -> None:
        now = self._time.monotonic()
        if self.desk is not None and self.desk.here and now - self._typed_at >= TYPING_EVERY_S:
            self._typed_at = now
            self.desk.client.typing(self.desk.here)

    @on(Composer.LeftEmpty)
    def action_back(self) -> None:
        """Give up what is being done: an edit, a reply, a choice, a thread."""
        if self.writing is not None and self.writing.give_up():
            pass
        elif self.history.chosen:
            self.history.clear_choice()
        elif self.desk is not None and self.desk.stretch.thread:
            self.open_place(self.desk.here)
        elif not self.history.at_end:
            self.action_last()
        self.write()

    # ------------------------------------------------------------ moving

    def write(self) -> None:
        """Let keys go to the composer, from the next one on."""
        self.set_focus(self.composer)

    def open_place(self, conversation_id: str, *, thread: int = 0) -> None:
        """Open a conversation, or a thread of it."""
        if self.desk is not None and conversation_id:
            self.history.go_home()
            self.desk.open(conversation_id, thread=thread)
            self._follow()
            self.write()

    @on(PlacesView.Opened)
    def _opened(self, event: PlacesView.Opened) -> None:
        self.open_place(event.conversation_id)

    @on(HistoryView.Saw)
    def _saw(self, event: HistoryView.Saw) -> None:
        if self.desk is not None:
            self.desk.saw(event.seq)

    @on(HistoryView.Chosen)
    def _chosen(self) -> None:
        if self.history.chosen:
            self.set_focus(self.history)
        if self.desk is not None:
            self._say_title(self.desk)

    def action_neighbour(self, by: int) -> None:
        """Open the conversation above or below."""
        self.open_place(self.places.neighbour(by))

    def action_next_unread(self) -> None:
        """Open the next conversation with something unread."""
        self.open_place(self.places.next_unread())

    def action_choose(self, by: int) -> None:
        """Choose a message; the next key is about it, however soon it is pressed."""
        self.history.choose(by)
        self._chosen()

    def action_page(self, by: int) -> None:
        """Scroll the history."""
        self.history.scroll_pages(by)
        if self.desk is not None:
            self._say_title(self.desk)

    def action_first(self) -> None:
        """Go to the first message."""
        if self.desk is not None and self.desk.here:
            self.history.go_to(1)
            self.desk.jump(1)

    def action_last(self) -> None:
        """Go to the newest message."""
        self.history.go_home()
        if self.desk is not None and self.desk.stretch.more_after:
            self.desk.open(self.desk.here, thread=self.desk.stretch.thread)

    def on_key(self, event: events.Key) -> None:
        """Take the keys that act on a chosen message."""
        if self.focused is not self.history or self._slash is None:
            return
        words = {
            "r": "/reply",
            "enter": "/reply",
            "e": "/edit",
            "d": "/recall",
            "delete": "/recall",
            "plus": "/react",
            "f": "/forward",
            "p": "/pin",
            "m": "/remind",
            "s": "/save",
            "t": "/thread",
        }
        steps: dict[str, Callable[[], None]] = {
            "escape": self.action_back,
            "up": lambda: self.history.choose(-1),
            "down": lambda: self.history.choose(1),
        }
        chosen = bool(self.history.chosen)
        if chosen:
            steps |= {"c": self._slash.messages.copy, "question_mark": self.action_help}
        if chosen and event.key in words:
            self.work(self._slash.obey(words[event.key]))
        elif event.key in steps:
            steps[event.key]()
        elif event.is_printable and event.character:
            # Whoever just types means what they write.
            self.write()
            self.composer.insert(event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    # ------------------------------------------------------------ the rest

    def action_help(self) -> None:
        """Show every key and command."""
        self.app.push_screen(HelpSheet(self._words))

    def action_theme(self) -> None:
        """Change between light and dark."""
        self.app.theme = "textual-light" if self.app.current_theme.dark else "textual-dark"
        self.call_after_refresh(self.history.forget_styles)

    def action_toggle_places(self) -> None:
        """Show or hide the conversations."""
        self.places.display = not self.places.display

    def on_resize(self, event: events.Resize) -> None:
        # What is unread elsewhere stands in the banner where the list has no room; F3 shows it all the same.
        self.set_class(event.size.width < NARROW, "narrow")
        self.set_class(event.size.width < SLIM, "slim")
        self.changed("connection")
