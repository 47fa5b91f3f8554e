"""What a conversation looks like: messages, lines about it, days, the line above what is new, and what waits.

Pure: it says what follows what; how wide it is and in which colours is for whoever draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from hubbub.client.models import (
    ConversationChange,
    Created,
    Dissolved,
    Entry,
    MemberAction,
    MemberChange,
    Message,
)
from hubbub.terminal.fold import fold_message, target_of
from hubbub.terminal.language import day
from hubbub.terminal.outgoing import Waiting
from hubbub.terminal.stretch import Stretch

TOGETHER_MS: Final = 5 * 60_000
"""Messages of one person within this time stand together."""


_MEMBERS: Final = {
    MemberAction.ADD: "did added",
    MemberAction.JOIN: "did joined",
    MemberAction.LEAVE: "did left",
    MemberAction.REMOVE: "did removed",
    MemberAction.BAN: "did banned",
    MemberAction.UNBAN: "did unbanned",
    MemberAction.ROLE: "did role",
    MemberAction.TRANSFER: "did transferred",
    MemberAction.MUTE: "did muted",
}


class Row(msgspec.Struct, frozen=True):
    """One thing that is shown."""

    kind: Literal["message", "line", "day", "new"]
    key: str
    """The same while it is the same thing: a message keeps it when it moves from the outbox into the log."""
    message: Message | None = None
    entry: Entry | None = None
    time_ms: int = 0
    follows: bool = False
    """Stands under one of the same person, without a name of its own."""
    waiting: Waiting | None = None
    """It is not in the log yet."""

    @property
    def seq(self) -> int:
        """The seq it stands for; 0 for what is not in the log."""
        shown = self.message or self.entry
        return shown.seq if shown is not None else 0


def rows_of(
    stretch: Stretch, *, waiting: Sequence[Waiting], changes: Iterable[Entry], me: str, unread_after: int
) -> list[Row]:
    """Return the rows of a stretch, with what waits folded in and added at the end."""
    rows: list[Row] = []
    today = ""
    before: Message | None = None
    marked = not unread_after
    pending = list(changes)

    def start_day(time_ms: int) -> None:
        nonlocal today, before
        if (date := day(time_ms)) != today:
            today, before = date, None
            rows.append(Row("day", f"d{date}", time_ms=time_ms))

    def add(message: Message, unsent: Waiting | None) -> None:
        nonlocal before
        start_day(message.time_ms)
        follows = (
            before is not None
            and before.sender_id == message.sender_id
            and message.time_ms - before.time_ms < TOGETHER_MS
            and not message.post.reply_to
            and not before.recalled
        )
        key = f"c{message.client_id}" if message.sender_id == me and message.client_id else f"m{message.seq}"
        rows.append(Row("message", key, message, None, message.time_ms, follows, unsent))
        before = message

    for item in stretch.items:
        if isinstance(item, Entry):
            start_day(item.time_ms)
            before = None
            rows.append(Row("line", f"l{item.seq}", None, item, item.time_ms))
            continue
        if not stretch.thread and item.post.thread and not item.post.also_in_conversation:
            continue
        if not marked and item.seq > unread_after and item.sender_id != me:
            marked, before = True, None
            start_day(item.time_ms)
            rows.append(Row("new", "new"))
        for change in pending:
            if target_of(change) == item.seq:
                item, _ = fold_message(item, change, me)
        add(item, None)
    if stretch.more_after:
        return rows
    last_ms = stretch.items[-1].time_ms if stretch.items else 0
    for one in waiting:
        # Shown times never run backwards, whatever this machine's clock says.
        shown = Message(one.conversation_id, 0, max(last_ms, one.made_ms), me, one.client_id, one.post)
        add(shown, one)
    return rows


def saying(entry: Entry) -> tuple[str, str]:
    """Return which sentence describes a line about the conversation, and the value it takes."""
    match entry.action:
        case Created():
            return "did created", ""
        case Dissolved():
            return "did dissolved", ""
        case MemberChange(action=action):
            return _MEMBERS.get(action, "did something"), ""
        case ConversationChange(title=str(title)):
            return "did title", title
        case ConversationChange(topic=str(topic)):
            return "did topic", topic
        case ConversationChange(keep_days=int(days)):
            return ("did keep", str(days)) if days > 0 else ("did keep place" if days else "did keep ever", "")
        case ConversationChange():
            return "did changed", ""
    return "did something", ""
