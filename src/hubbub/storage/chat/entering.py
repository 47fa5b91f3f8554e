"""What clients are told when they connect, for many people at once.

When a gateway dies, a thousand come back within a second, and most of them lack little: a transaction of its own for
each would cost more than all that is read in it.  So what is the same for everybody (versions, what they hear of, which
heads have moved) is asked in one statement each, in one snapshot; only who lacks something costs more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hubbub.chat.model import Coming, EntryPage, Listening, UserState
from hubbub.storage.chat.entry_pages import read_listening
from hubbub.storage.chat.states import read_missing, read_user_state
from hubbub.storage.dialects import Dialect

Found = tuple[Listening, UserState | None, list[EntryPage]]

_OF_NO_LOG = -1
"""No head is this low, so every conversation that exists has another."""


class Newcomer(NamedTuple):
    """Somebody who comes, and how much they are told at once."""

    coming: Coming
    limit: int
    state_limit: int


def read_entering(
    conn: Connection, dialect: Dialect, newcomers: Sequence[Newcomer], small_audience: int
) -> dict[Newcomer, Found]:
    """Return what each hears of and, where the client holds something, what it lacks."""
    people = list(dict.fromkeys(newcomer.coming.user_id for newcomer in newcomers))
    heard = {listening.user_id: listening for listening in read_listening(conn, people, small_audience)}
    heads = _heads(conn, dialect, newcomers)
    found: dict[Newcomer, Found] = {}
    for newcomer in newcomers:
        coming = newcomer.coming
        listening = heard[coming.user_id]
        if coming.have is None:
            found[newcomer] = listening, None, []
            continue
        since = coming.since_version
        if 0 < since >= listening.version:
            state = UserState(since, listening.version, ())
        else:
            state = read_user_state(conn, dialect, coming.user_id, since, newcomer.state_limit)
        pages = read_missing(conn, coming.user_id, coming.have, heads, newcomer.limit)
        found[newcomer] = listening, state, pages
    return found


def _heads(conn: Connection, dialect: Dialect, newcomers: Sequence[Newcomer]) -> dict[str, int]:
    """Return the heads of the conversations in which somebody may lack something."""
    held: dict[str, int] = {}
    for newcomer in newcomers:
        for conversation_id, seq in newcomer.coming.have or ():
            if held.setdefault(conversation_id, seq) != seq:
                held[conversation_id] = _OF_NO_LOG
    return dict(dialect.newer_heads(conn, list(held.items())))
