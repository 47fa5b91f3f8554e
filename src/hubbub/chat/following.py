"""Which topics of the bus this node listens to, counted by those who need them.

Topics nobody needs any more are let go some moments later, in the background: people reconnect, and following again
costs a round trip.  A lock keeps following and letting go of one topic from overtaking each other; who comes while
another follows is followed together with all who came meanwhile, so a crowd does not cost a round trip for each.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from hubbub.chat.ports import Event, Feed, Topic

FeedFactory = Callable[[Callable[[Sequence[Event]], None], Callable[[], None]], Feed]
"""Makes a node's ear on the bus from the function that takes what it hears, and the one to call when something may have
been lost."""


class Following:
    """The topics of one feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._needed: Counter[Topic] = Counter()
        self._followed: set[Topic] = set()
        self._idle: set[Topic] = set()
        self._asked: dict[Topic, None] = {}
        """What somebody waits for, in order."""
        self._turn = asyncio.Lock()

    def hears(self, topic: Topic) -> bool:
        """Whether every later publish on the topic will be heard."""
        return topic in self._followed

    async def need(self, topics: Iterable[Topic]) -> set[Topic]:
        """Count these topics as needed; return those that were not followed before, now that they are.

        A call that fails or is cancelled leaves them counted: its caller lets them `go` as ever.
        """
        topics = list(topics)
        self._needed.update(topics)
        fresh = {topic for topic in topics if topic not in self._followed}
        if not fresh:
            return fresh
        self._asked.update(dict.fromkeys(fresh))
        async with self._turn:
            # Whose topic was followed with another's has nothing left to do.
            if not self._followed.issuperset(fresh):
                due = [topic for topic in self._asked if topic in self._needed and topic not in self._followed]
                self._asked.clear()
                if due:
                    await self._follow(due)
        return fresh

    async def _follow(self, topics: list[Topic]) -> None:
        try:
            await self._feed.follow(topics)
        except BaseException:
            # Those who wait for the others try it again.
            self._asked.update(dict.fromkeys(topics))
            raise
        self._followed.update(topics)

    def go(self, topics: Iterable[Topic]) -> None:
        """Count these topics as needed once less."""
        for topic in topics:
            self._needed[topic] -= 1
            if self._needed[topic] <= 0:
                del self._needed[topic]
                self._idle.add(topic)

    async def sweep(self) -> None:
        """Let go of the topics that nobody needs."""
        if not self._idle:
            return
        async with self._turn:
            idle = [topic for topic in self._idle if topic not in self._needed and topic in self._followed]
            self._idle.clear()
            if idle:
                self._followed.difference_update(idle)
                await self._feed.unfollow(idle)
