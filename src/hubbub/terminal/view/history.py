"""The history of a conversation, which scrolls without end.

It draws only the lines on the screen, from the rows of a stretch that grows at the end one scrolls to.  The scroll bar
shows the place in the whole log by sequence numbers, and a click on it goes there, so a million entries are as near as
ten.  Nothing here changes what is shown; it asks the desk for more.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message as Note
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from hubbub.client.models import Message
from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words
from hubbub.terminal.rows import Row, rows_of
from hubbub.terminal.view.layout import HUES, Line, lines_of
from hubbub.terminal.wrap import columns

NEAR = 30
"""Lines from an end at which more is loaded."""

WHEEL = 3

_STYLES = ("dim", "new", "mention", "waiting", "read", "error", "mine", "thread", "file", "bar", "chosen")


class HistoryView(Widget, can_focus=True):
    """Rows of the open conversation."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"history--{name}" for name in _STYLES),
        *(f"history--name{hue}" for hue in range(HUES)),
    }

    chosen: reactive[str] = reactive("", repaint=False)
    """The key of the message that is chosen; empty for none."""

    class Chosen(Note):
        """A message was chosen, or no longer."""

    class Saw(Note):
        """Everything up to a seq has been on the screen."""

        def __init__(self, seq: int) -> None:
            super().__init__()
            self.seq = seq

    def __init__(self, words: Words, *, id: str) -> None:
        super().__init__(id=id)
        self._words = words
        self._desk: Desk | None = None
        self.rows: list[Row] = []
        self._lines: list[tuple[int, Strip]] = []
        """Every line of every row: (index of the row, what is drawn)."""
        self._cache: dict[str, tuple[object, list[Strip]]] = {}
        self._cached_for: tuple[int, str] = (0, "")
        self._style_cache: dict[str, Style] = {}
        self._top = 0
        self.at_end = True
        """Whether it stays at the newest message as more come."""
        self._wanted = 0
        """A seq that was jumped to, until its row is there."""
        self._told = ("", 0)
        self._base = Style.null()
        self._thumb = range(0)

    # ------------------------------------------------------------ what is shown

    def show(self, desk: Desk) -> None:
        """Draw what the desk has open now, where one was reading."""
        anchor = self._reading_at()
        moved = self._desk is not desk
        self._desk = desk
        stretch = desk.stretch
        stretch.shorten("end" if self.at_end or self._top > len(self._lines) // 2 else "start")
        self.rows = rows_of(
            stretch,
            waiting=desk.waiting_here(),
            changes=desk.changes_here(),
            me=desk.me,
            unread_after=desk.unread_after,
        )
        self._lay_out()
        if self._wanted and stretch.loaded:
            self._top = self._line_of_seq(self._wanted)
            self._wanted = 0
        elif self.at_end or moved or anchor is None:
            self._top = self._bottom
        else:
            self._top = self._restored(anchor)
        self._settle()

    def go_to(self, seq: int) -> None:
        """Show a message once its neighbourhood was loaded, and choose it."""
        self._wanted, self.at_end = seq, False
        self.chosen = ""

    def go_home(self) -> None:
        """Stay at the newest message from now on."""
        self.at_end, self._top, self._wanted, self.chosen = True, self._bottom, 0, ""
        self.refresh()

    def chosen_message(self) -> Message | None:
        """Return the message that is chosen."""
        return next((row.message for row in self.rows if row.key == self.chosen), None)

    def row_of(self, key: str) -> Row | None:
        """Return the row with a key."""
        return next((row for row in self.rows if row.key == key), None)

    def text_lines(self) -> list[str]:
        """Return the lines on the screen as plain text."""
        return [strip.text.rstrip() for _, strip in self._lines[self._top : self._top + self.size.height]]

    # ------------------------------------------------------------ moving

    def scroll_lines(self, by: int) -> None:
        """Move by so many lines, down or up; at an end more is loaded."""
        self._top = max(0, min(self._bottom, self._top + by))
        self.at_end = self._top == self._bottom and not (self._desk and self._desk.stretch.more_after)
        self._settle()

    def scroll_pages(self, by: int) -> None:
        """Move by so many screens."""
        self.scroll_lines(by * max(1, self.size.height - 2))

    def choose(self, by: int) -> None:
        """Choose the message above or below the chosen one; the last one first."""
        messages = [index for index, row in enumerate(self.rows) if row.kind == "message"]
        if not messages:
            return
        now = next((place for place, index in enumerate(messages) if self.rows[index].key == self.chosen), None)
        place = len(messages) - 1 if now is None else now + by
        if place >= len(messages):
            self.chosen = ""
        else:
            index = messages[max(0, place)]
            self.chosen = self.rows[index].key
            self._bring_into_view(index)
        self.post_message(self.Chosen())
        if self._desk is not None:
            self.show(self._desk)

    def clear_choice(self) -> None:
        """Choose nothing."""
        if self.chosen:
            self.chosen = ""
            self.post_message(self.Chosen())
            if self._desk is not None:
                self.show(self._desk)

    def _bring_into_view(self, index: int) -> None:
        places = [place for place, (row, _) in enumerate(self._lines) if row == index]
        if places and places[0] < self._top:
            self.scroll_lines(places[0] - self._top)
        elif places and places[-1] >= self._top + self.size.height:
            self.scroll_lines(places[-1] - self._top - self.size.height + 1)

    @property
    def _bottom(self) -> int:
        return max(0, len(self._lines) - self.size.height)

    def _reading_at(self) -> tuple[str, int] | None:
        """Return what is at the top: a row's key and which of its lines."""
        if not self._lines or self._top >= len(self._lines):
            return None
        index = self._lines[self._top][0]
        first = self._top
        while first > 0 and self._lines[first - 1][0] == index:
            first -= 1
        return self.rows[index].key, self._top - first

    def _restored(self, anchor: tuple[str, int]) -> int:
        key, offset = anchor
        for place, (index, _) in enumerate(self._lines):
            if self.rows[index].key == key:
                return min(place + offset, self._bottom)
        return min(self._top, self._bottom)

    def _line_of_seq(self, seq: int) -> int:
        """Return the line to put at the top so that a seq is in the middle; the row is chosen."""
        for place, (index, _) in enumerate(self._lines):
            row = self.rows[index]
            if row.seq >= seq:
                if row.seq == seq and row.kind == "message":
                    self.chosen = row.key
                    self._lay_out()
                return max(0, min(self._bottom, place - self.size.height // 2))
        return self._bottom

    def _settle(self) -> None:
        """Draw, ask for more near an end, and say what was seen."""
        self.refresh()
        desk = self._desk
        if desk is None or not desk.stretch.loaded:
            return
        if self._top < NEAR:
            desk.load("before")
        if self._top > self._bottom - NEAR:
            desk.load("after")
        if self.screen.is_current and self.app.app_focus:
            seen = max((row.seq for row in self._shown_rows()), default=0)
            if self.at_end and not desk.stretch.more_after:
                seen = max(seen, desk.stretch.to_seq)
            if self._told != (desk.here, seen) and seen:
                self._told = (desk.here, seen)
                self.post_message(self.Saw(seen))

    def _shown_rows(self) -> list[Row]:
        shown = self._lines[self._top : self._top + self.size.height]
        return [self.rows[index] for index in dict.fromkeys(index for index, _ in shown)]

    # ------------------------------------------------------------ laying out

    def _lay_out(self) -> None:
        width = max(10, self.size.width - 1)
        desk = self._desk
        assert desk is not None
        if self._cached_for != (width, desk.here):
            self._cache, self._cached_for = {}, (width, desk.here)
        lines: list[tuple[int, Strip]] = []
        cache: dict[str, tuple[object, list[Strip]]] = {}
        for index, row in enumerate(self.rows):
            signature = self._signature(row, desk)
            held = self._cache.get(row.key)
            if held is None or held[0] != signature:
                chosen = row.key == self.chosen
                drawn = [self._strip(one, width, chosen) for one in lines_of(row, width, desk, self._words)]
                held = (signature, drawn)
            cache[row.key] = held
            lines += [(index, strip) for strip in held[1]]
        self._cache, self._lines = cache, lines

    def _signature(self, row: Row, desk: Desk) -> object:
        """Return everything the lines of a row depend on, the width excepted."""
        refused = row.waiting.refused if row.waiting else ""
        chosen = row.key == self.chosen
        if row.message is None:
            who = row.entry.sender_id if row.entry else ""
            return row, desk.people.name(who), chosen
        quoted = desk.stretch.message(row.message.post.reply_to) if row.message.post.reply_to else None
        standing = desk.standing(row.message) if row.message.sender_id == desk.me else None
        return row, refused, desk.people.name(row.message.sender_id), quoted, standing, chosen

    def _strip(self, pieces: Line, width: int, chosen: bool) -> Strip:
        base = self._style("chosen") if chosen else Style.null()
        segments = [Segment(text, self._style(name) + base if name else base) for text, name in pieces]
        used = sum(columns(text) for text, _ in pieces)
        segments.append(Segment(" " * max(0, width - used), base))
        return Strip(segments, max(used, width))

    def _style(self, name: str) -> Style:
        if name not in self._style_cache:
            self._style_cache[name] = self.get_component_rich_style(f"history--{name}", partial=True)
        return self._style_cache[name]

    def forget_styles(self) -> None:
        """The colours changed: draw everything anew."""
        self._style_cache.clear()
        self._cache.clear()
        if self._desk is not None:
            self.show(self._desk)

    # ------------------------------------------------------------ drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region; what they share is looked up once."""
        self._base = self.rich_style
        self._thumb = self._where_in_the_log()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        width = max(10, self.size.width - 1)
        place = self._top + y
        blank = max(0, self.size.height - len(self._lines))
        if blank:
            # A short conversation stands at the bottom, where one writes.
            place = y - blank
        if 0 <= place < len(self._lines):
            strip = self._lines[place][1]
        else:
            strip = self._hint(width) if y == max(0, blank - 1) and place < 0 else Strip.blank(width)
        line = Strip.join([strip.adjust_cell_length(width), self._bar(y)])
        return line.apply_style(self._base)

    def _hint(self, width: int) -> Strip:
        desk = self._desk
        if desk is None or not desk.here:
            text = self._words("choose one")
        elif not desk.stretch.loaded or desk.stretch.more_before:
            text = self._words("loading" if desk.online else "older offline")
        else:
            text = self._words("beginning" if self.rows else "nothing said")
        return self._strip([(f"  {text}", "dim")], width, False)

    def _bar(self, y: int) -> Strip:
        """Return one cell of the scroll bar."""
        if not self._thumb:
            return Strip([Segment(" ", Style.null())], 1)
        return Strip([Segment("┃" if y in self._thumb else "│", self._style("bar"))], 1)

    def _where_in_the_log(self) -> range:
        """Return the lines of the scroll bar that stand for what is shown, by seq; none where no bar is drawn."""
        desk, height = self._desk, self.size.height
        shown = [row.seq for row in self._shown_rows() if row.seq] if desk is not None else []
        head = max(desk.stretch.to_seq, desk.place.as_of if desk.place else 0) if desk is not None else 0
        if desk is None or desk.stretch.thread or not shown or head <= 0 or len(self._lines) <= height:
            return range(0)
        begin = min(height - 1, int((shown[0] - 1) / head * height))
        end = height if self.at_end else max(begin + 1, round(shown[-1] / head * height))
        return range(begin, end)

    # ------------------------------------------------------------ mouse and size

    def on_resize(self, event: events.Resize) -> None:
        if self._desk is not None:
            self.show(self._desk)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(WHEEL)

    def on_click(self, event: events.Click) -> None:
        desk = self._desk
        if desk is None:
            return
        height = self.size.height
        if event.x >= self.size.width - 1 and not desk.stretch.thread:
            head = max(desk.stretch.to_seq, desk.place.as_of if desk.place else 0)
            seq = max(1, round(event.y / max(1, height - 1) * head))
            if event.y >= height - 1:
                self.go_home()
                desk.open(desk.here)
            else:
                self.go_to(seq)
                desk.jump(seq)
            return
        place = self._top + event.y - max(0, height - len(self._lines))
        if 0 <= place < len(self._lines):
            row = self.rows[self._lines[place][0]]
            self.chosen = row.key if row.kind == "message" and row.key != self.chosen else ""
            self.post_message(self.Chosen())
            self.show(desk)
