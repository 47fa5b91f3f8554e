"""The list of conversations, with what is unread and who is here."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message as Note
from textual.strip import Strip
from textual.widget import Widget

from hubbub.client import Conversation
from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.wrap import columns, padded


class PlacesView(Widget, can_focus=True):
    """One line for each conversation; draws only those on the screen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "places--open",
        "places--unread",
        "places--count",
        "places--mention",
        "places--online",
        "places--dim",
        "places--cursor",
        "places--folder",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Opened(Note):
        """A conversation was chosen."""

        def __init__(self, conversation_id: str) -> None:
            super().__init__()
            self.conversation_id = conversation_id

    def __init__(self, words: Words, *, id: str) -> None:
        super().__init__(id=id)
        self._words = words
        self._desk: Desk | None = None
        self.listed: list[Conversation] = []
        self._lines: list[Conversation | str] = []
        """What is drawn: conversations, and the name of a folder above those in it."""
        self._cursor = ""
        self._top = 0
        self._base = Style.null()

    def show(self, desk: Desk) -> None:
        """Draw the conversations as they are now."""
        self._desk = desk
        self._lines = []
        for section in desk.places.sections():
            self._lines += [section.folder, *section.places] if section.folder else section.places
        self.listed = [one for one in self._lines if isinstance(one, Conversation)]
        if not self.has_focus:
            self._cursor = desk.here
        self._keep_cursor_in_view()
        self.refresh()

    def neighbour(self, by: int) -> str:
        """Return the conversation above or below the open one; empty for none."""
        ids = [place.id for place in self.listed]
        if self._desk is None or not ids:
            return ""
        if self._desk.here not in ids:
            return ids[0]
        return ids[(ids.index(self._desk.here) + by) % len(ids)]

    def next_unread(self) -> str:
        """Return the first conversation with something unread, mentions first; empty for none."""
        if self._desk is None:
            return ""
        here, places = self._desk.here, self._desk.places
        unread = [p for p in self.listed if (p.unread or p.own.marked_unread) and p.id != here]
        unread.sort(key=lambda place: (not place.mentions, places.is_muted(place)))
        return unread[0].id if unread else ""

    def text_lines(self) -> list[str]:
        """Return the lines on the screen as plain text."""
        return [self.render_line(y).text.rstrip() for y in range(min(self.size.height, len(self._lines)))]

    # ------------------------------------------------------------ drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region; their style is looked up once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        width = self.size.width
        index = self._top + y
        shown = self._lines[index] if index < len(self._lines) else ""
        if self._desk is not None and isinstance(shown, Conversation):
            strip = self._line(shown, self._desk, width)
        elif shown:
            strip = Strip([Segment(padded(f"▾ {line(lined_up(str(shown)))}", width), self._style("folder"))], width)
        else:
            empty = "" if self._desk is None or self.listed or y else self._words("no conversations")
            strip = Strip([Segment(padded(empty, width), self._style("dim"))], width)
        return strip.apply_style(self._base)

    def _line(self, place: Conversation, desk: Desk, width: int) -> Strip:
        base = Style.null()
        if place.id == desk.here:
            base += self._style("open")
        if self.has_focus and place.id == self._cursor:
            base += self._style("cursor")
        muted = desk.places.is_muted(place)
        here = desk.company.is_here(place.peer_id)
        begun = bool(desk.drafts.of(place.id).text) and place.id != desk.here
        marks = (" ✎" if begun else "") + (" z" if muted else "")
        count = f" {'99+' if place.unread > 99 else place.unread}" if place.unread else ""
        count = count or (" •" if place.own.marked_unread else "")
        mentions = f" @{'99+' if place.mentions > 99 else place.mentions}" if place.mentions else ""
        title_width = max(2, width - 2 - columns(marks) - columns(count) - columns(mentions) - 1)
        title_style = base + self._style("unread") if count and not muted else base
        quiet = base + self._style("dim")
        segments = [
            Segment("● " if here else "  ", base + self._style("online")),
            Segment(padded(desk.people.title(place), title_width), title_style),
            Segment(marks, quiet),
            Segment(count, quiet if muted else base + self._style("count")),
            Segment(mentions, base + self._style("mention")),
            Segment(" ", base),
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"places--{name}", partial=True)

    # ------------------------------------------------------------ moving

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        ids = [place.id for place in self.listed]
        if ids:
            now = ids.index(self._cursor) if self._cursor in ids else -1
            self._cursor = ids[max(0, min(len(ids) - 1, now + by))]
            self._keep_cursor_in_view()
            self.refresh()

    def action_open(self) -> None:
        """Open the conversation under the cursor."""
        if self._cursor:
            self.post_message(self.Opened(self._cursor))

    def _keep_cursor_in_view(self) -> None:
        ids = [one.id if isinstance(one, Conversation) else "" for one in self._lines]
        height = max(1, self.size.height)
        if self._cursor and self._cursor in ids:
            index = ids.index(self._cursor)
            self._top = max(min(self._top, index), index - height + 1)
        self._top = max(0, min(self._top, len(ids) - height))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        if self._desk is not None:
            self.show(self._desk)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._top = max(0, self._top - 3)
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._top = max(0, min(len(self._lines) - self.size.height, self._top + 3))
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y
        clicked = self._lines[index] if 0 <= index < len(self._lines) else ""
        if isinstance(clicked, Conversation):
            self._cursor = clicked.id
            self.post_message(self.Opened(self._cursor))
