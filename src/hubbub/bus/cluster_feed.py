"""One listener of the cluster's bus: the topics it follows, as subscriptions to their buckets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hubbub.bus.local import Handler, LocalBus, LocalFeed
from hubbub.bus.subjects import Subjects
from hubbub.bus.subscriptions import Subscriptions
from hubbub.chat.ports import Topic


class ClusterFeed(LocalFeed):
    """A feed that hears this process directly and the others through their buckets."""

    def __init__(
        self,
        local: LocalBus,
        subjects: Subjects,
        subscriptions: Subscriptions,
        handler: Handler,
        *,
        everything: bool,
        on_hole: Callable[[], None] | None,
    ) -> None:
        super().__init__(local, handler, everything, on_hole)
        self._subjects = subjects
        self._subscriptions = subscriptions
        self._all_wanted = False

    async def follow(self, topics: Sequence[Topic]) -> None:
        """Return once every later publish on these topics will be heard.

        While the bus is away it returns at once: its coming back is told as a hole.
        """
        subjects = [self._subjects.of_topic(topic) for topic in topics]
        if self.everything:
            fresh: Sequence[str] = () if self._all_wanted else self._subjects.everything
            subjects = list(self._subjects.everything)
            self._all_wanted = True
        else:
            # Heard from here on: what comes before the subscription is in force is as true as what comes after.
            fresh = [subject for topic, subject in zip(topics, subjects, strict=True) if self.followed.add(topic)]
        self._subscriptions.want(fresh)
        await self._subscriptions.confirm(subjects)

    async def unfollow(self, topics: Sequence[Topic]) -> None:
        """Hear them no more; topics that were not followed are no error."""
        self._subscriptions.drop([self._subjects.of_topic(topic) for topic in topics if self.followed.discard(topic)])

    def close(self) -> None:
        """Hear nothing more."""
        super().close()
        topics = self.followed.topics()
        for topic in topics:
            self.followed.discard(topic)
        self._subscriptions.drop([self._subjects.of_topic(topic) for topic in topics])
        if self._all_wanted:
            self._all_wanted = False
            self._subscriptions.drop(self._subjects.everything)
