"""What stands above, below and under a conversation: its title, who types, and how the connection is.

Pure: a sentence from what the desk knows.  The banner never says more than is true, and where a terminal is narrow it
leaves out what can be looked up first and the state of the connection last.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.client import Kind, State
from hubbub.terminal.commands import Clerk
from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words, hour
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.wrap import columns

BETWEEN = "  ·  "


def title(desk: Desk, words: Words) -> str:
    """Return what the open conversation is called, and what is worth knowing of it."""
    place = desk.place
    if place is None:
        return ""
    name = desk.people.title(place)
    if desk.stretch.thread:
        return f"{name} › {words('thread of')}"
    if place.peer_id:
        said = [words("online" if desk.company.is_here(place.peer_id) else "away")]
    elif place.kind in (Kind.GROUP, Kind.CHANNEL):
        said = [words("member" if place.member_count == 1 else "members", count=place.member_count)]
    else:
        said = []
    if place.join_requests:
        said.append(words("asks to join" if place.join_requests == 1 else "ask to join", count=place.join_requests))
    if desk.places.is_muted(place):
        said.append(words("muted"))
    if place.dissolved:
        said.append(words("dissolved"))
    if place.topic:
        said.append(line(lined_up(place.topic)))
    return "  ".join([name, *said])


def below(desk: Desk, words: Words, width: int, *, at_end: bool, chosen: bool) -> str:
    """Return what stands under the history: what a key does with the chosen message, who types, or what is below."""
    if chosen:
        first, *others = words("chosen").split("  ")
        return _fitting([first], others, width)
    typing = desk.typing_here()
    if len(typing) == 1:
        return words("typing one", name=typing[0])
    if typing:
        return words("typing many", names=", ".join(typing[:4]))
    return "" if at_end or not desk.stretch.loaded else words("newer below")


def connection(desk: Desk | None, clerk: Clerk | None, words: Words, width: int, *, listed: bool = True) -> str:
    """Return the banner: the truth about the connection, what waits, and the keys there is room for.

    `listed`: whether one sees what is unread elsewhere in the list.
    """
    state = desk.client.state if desk is not None else State.CONNECTING
    said = words(f"state {state.value}")
    if desk is not None and state is State.CLOSED:
        said = words("ended because", why=line(lined_up(words.refusal(str(desk.client.error or "")))))
    elif desk is not None and state is State.WAITING and desk.away_since_ms:
        said = words("offline since", time=hour(desk.away_since_ms))
    parts = [said]
    if desk is not None and not listed and (unread := desk.places.unread_but(desk.here)):
        parts.append(words("unread elsewhere", count=unread))
    if desk is not None and desk.client.unanswered:
        parts.append(words("outbox", count=desk.client.unanswered))
    if desk is not None:
        parts += [words("carrying", name=line(lined_up(name))) for name in desk.carrier.carried[:1]]
    if clerk is not None and clerk.auto.on:
        parts.append(f"{words('info auto')}: {words('on')}")
    if desk is not None and desk.away_since_ms and state is not State.CLOSED:
        parts.append(words("waits here"))
    keys = [f"F1 {words('do help')}", f"F2 {words('do theme')}", f"Ctrl+Q {words('do quit')}"]
    return _fitting(parts, keys, width)


def _fitting(parts: Sequence[str], keys: Sequence[str], width: int) -> str:
    """Return as many parts and keys as there are columns for; the first part in any case."""
    shown = parts[0]
    for part in parts[1:]:
        if columns(longer := f"{shown}{BETWEEN}{part}") > width:
            break
        shown = longer
    for number, key in enumerate(keys):
        if columns(longer := f"{shown}{'  ' if number or len(keys) > 3 else '    '}{key}") > width:
            break
        shown = longer
    return shown
