"""A row of the history as lines of so many columns, in styles with names.

Every text goes through `lined_up` here, once, so that nothing somebody wrote reaches the terminal as it is.  The result
is plain values, so a test compares it without a screen.
"""

from __future__ import annotations

from typing import Final

from hubbub.client.models import MemberChange, Message
from hubbub.terminal.attachments import files_of, label
from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words, day, hour
from hubbub.terminal.outgoing import says_nothing_yet
from hubbub.terminal.rows import Row, saying
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.wrap import columns, cut, wrapped

Piece = tuple[str, str]
"""A text and the name of its style; an empty name is the ordinary one."""
Line = list[Piece]

INDENT: Final = "  "
FILE: Final = "📎 "
STATE_COLUMNS: Final = 11
"""Kept free on the right for how far a message of one's own has come."""

ROOMY: Final = 48
"""Columns from which what others say keeps clear of that, too."""

LINES_LIMIT: Final = 400
"""Of one message; the rest of a longer one is left out, and said so."""

REACTION_COLUMNS: Final = 24
"""Of a reaction, which may be the name of an emoji of the place."""

HUES: Final = 6
"""In how many colours names are shown."""


def lines_of(row: Row, width: int, desk: Desk, words: Words) -> list[Line]:
    """Return a row as lines of at most `width` columns."""
    match row.kind:
        case "day":
            return [_ruled(day(row.time_ms), width, "dim")]
        case "new":
            return [_ruled(words("new"), width, "new")]
        case "line":
            return _about(row, width, desk, words)
    assert row.message is not None
    return _message(row, row.message, width, desk, words)


def _ruled(text: str, width: int, style: str) -> Line:
    left = max(0, (width - columns(text) - 2) // 2)
    right = max(0, width - left - columns(text) - 2)
    return [("─" * left + f" {text} " + "─" * right, style)]


def _about(row: Row, width: int, desk: Desk, words: Words) -> list[Line]:
    entry = row.entry
    assert entry is not None
    key, value = saying(entry)
    whom = entry.action.user_ids if isinstance(entry.action, MemberChange) else ()
    sentence = words(
        key,
        who=desk.people.name(entry.sender_id),
        whom=", ".join(map(desk.people.name, whom)),
        value=line(lined_up(value)),
    )
    return [[(f"{INDENT}{part}", "dim")] for part in wrapped(f"· {sentence}", width - len(INDENT))]


def _message(row: Row, message: Message, width: int, desk: Desk, words: Words) -> list[Line]:
    lines: list[Line] = []
    mine = message.sender_id == desk.me
    if not row.follows:
        name = cut(desk.people.name(message.sender_id), max(4, width - 24))
        head: Line = [(name, f"name{_hue(message.sender_id)}"), (f"  {hour(message.time_ms)}", "dim")]
        lines.append(head)
    if message.post.forwarded is not None:
        author = words("forwarded", name=desk.people.name(message.post.forwarded.sender_id))
        lines.append([(f"{INDENT}{cut(author, width - len(INDENT))}", "dim")])
    if message.post.reply_to:
        lines.append(_quote(message, width, desk, words))
    lines += _body(row, message, width, desk, words, mine=mine)
    if row.waiting is not None and row.waiting.refused:
        why = words("refused", why=line(lined_up(words.refusal(row.waiting.refused))))
        lines += [[(f"{INDENT}{part}", "error")] for part in wrapped(f"! {why}", width - len(INDENT))]
    lines += _below(message, width, words)
    return lines


def _body(row: Row, message: Message, width: int, desk: Desk, words: Words, *, mine: bool) -> list[Line]:
    state_columns = STATE_COLUMNS if mine or width >= ROOMY else 1
    room = max(8, width - len(INDENT) - state_columns)
    said = message.post.body.text or message.post.body.fallback
    files = [f"{FILE}{label(file)}" for file in files_of(message)]
    if message.recalled:
        text, style = words("recalled"), "dim"
    elif said:
        text, style = lined_up(said), "mention" if _for_me(message, desk.me) else ""
    elif says_nothing_yet(message.post):
        text, style = words("passed on"), "dim"
    elif files:
        text, style = files.pop(0), "file"
    else:
        text, style = words("unsupported"), "dim"
    parts = wrapped(text, room)
    if len(parts) > LINES_LIMIT:
        parts = [*parts[:LINES_LIMIT], "…"]
    lines: list[Line] = [[(f"{INDENT}{part}", style)] for part in parts]
    lines += [[(f"{INDENT}{part}", "file")] for file in files for part in wrapped(file, room)]
    notes = [words(note) for note, there in (("edited", message.edits), ("pinned", message.pinned)) if there]
    if notes and not message.recalled:
        note = f" ({', '.join(notes)})"
        if sum(columns(text) for text, _ in lines[-1]) - len(INDENT) + columns(note) <= room:
            lines[-1].append((note, "dim"))
        else:
            lines.append([(f"{INDENT}{note.strip()}", "dim")])
    if mine and not message.recalled:
        state, state_style = _standing(row, message, desk, words)
        used = sum(columns(text) for text, _ in lines[0])
        gap = max(1, width - used - columns(state))
        lines[0] += [(" " * gap, ""), (state, state_style)]
    return lines


def _standing(row: Row, message: Message, desk: Desk, words: Words) -> Piece:
    if row.waiting is not None:
        return ("!", "error") if row.waiting.refused else (words("waiting"), "waiting")
    standing, readers = desk.standing(message)
    if standing == "read":
        place = desk.places.get(message.conversation_id)
        return (words("read") if place and place.peer_id else words("read by", count=readers)), "read"
    return words(standing), "dim"


def _quote(message: Message, width: int, desk: Desk, words: Words) -> Line:
    quoted = desk.stretch.message(message.post.reply_to)
    if quoted is None:
        return [(f"{INDENT}┃ #{message.post.reply_to}", "dim")]
    text = words("recalled") if quoted.recalled else line(lined_up(quoted.text))
    sentence = words("reply to", name=desk.people.name(quoted.sender_id), text=text)
    return [(f"{INDENT}┃ {cut(sentence, width - 4)}", "dim")]


def _below(message: Message, width: int, words: Words) -> list[Line]:
    lines: list[Line] = []
    if message.reactions and not message.recalled:
        reactions: Line = [(INDENT, "")]
        used = len(INDENT)
        for one in message.reactions:
            shown = f"{cut(line(lined_up(one.emoji)), REACTION_COLUMNS)} {one.count}"
            used += columns(shown) + 2
            if used > width:
                break
            reactions += [(shown, "mine" if one.mine else "dim"), ("  ", "")]
        lines.append(reactions)
    if message.thread_replies:
        lines.append([(f"{INDENT}↳ {words('replies', count=message.thread_replies)}", "thread")])
    return lines


def _for_me(message: Message, me: str) -> bool:
    return message.sender_id != me and (message.post.mention_all or me in message.post.mentions)


def _hue(user_id: str) -> int:
    return int(user_id[-4:] or "0", 16) % HUES if set(user_id[-4:]) <= set("0123456789abcdef") else 0
