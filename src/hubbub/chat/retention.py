"""For how long messages are kept, and what a store must be asked to let go of those that were kept long enough.

A message goes in two steps.  First the conversation's `kept_from` moves beyond it, by an entry like any other: from
then on nobody sees it.  Then its words are taken out of the database, a few rows at a time; whoever does that may die
and be followed by another, because how far it has come is stored with every few.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubbub.chat.model import AS_THE_PLACE

FOR_EVER = 0
MOST_DAYS = 36_500

_DAY_MS = 86_400_000


def days_kept(own: int, place: int) -> int:
    """Return for how many days messages are kept where a conversation says `own` and the place says `place`."""
    return place if own == AS_THE_PLACE else own


def kept_since_ms(now_ms: int, days: int) -> int:
    """Return since when messages are kept: from the beginning of a day (UTC) on, at least `days` days ago.

    So a conversation lets go of something once a day, and not with every look at it.
    """
    since = now_ms - days * _DAY_MS
    return since - since % _DAY_MS


class Keeping(msgspec.Struct, frozen=True):
    """How far a conversation has let go."""

    conversation_id: str
    keep_days: int
    kept_from: int
    erased_to: int
    oldest_ms: int
    """When the oldest entry that is kept was stored."""


class RetentionStore(Protocol):
    """What lets messages go."""

    async def keepings(self, after: str, limit: int) -> tuple[list[Keeping], str]:
        """Look at so many conversations by id; return them, and where to go on.  Empty is the beginning and the end."""

    async def first_kept(self, conversation_id: str, since_ms: int) -> int:
        """Return the seq from which on a conversation keeps what was stored since a moment.

        0 if nothing that anybody said would go.
        """

    async def erase(self, conversation_id: str, most: int) -> bool:
        """Take the words of at most so many more entries below `kept_from` out of the database, for good.

        Return whether there are more.  What a legal hold is over stays as it is, and there are no more then.  Entries
        keep their seq and key.  Any number of nodes may do it at once.
        """
