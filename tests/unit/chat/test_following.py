"""Following topics: a crowd shares the way to the bus, and nobody is taken for followed who is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hubbub.base.errors import ChatError, Code
from hubbub.chat.following import Following
from hubbub.chat.ports import Topic


def topics(*names: str) -> list[Topic]:
    return [Topic("user", name) for name in names]


class SlowFeed:
    """A feed whose every call waits until the test lets it go on."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.fails = False
        self._gates: list[asyncio.Event] = []

    async def follow(self, topics: Sequence[Topic]) -> None:
        await self._called(topics)

    async def unfollow(self, topics: Sequence[Topic]) -> None:
        await self._called(topics)

    async def _called(self, topics: Sequence[Topic]) -> None:
        self.calls.append(sorted(topic.id for topic in topics))
        gate = asyncio.Event()
        self._gates.append(gate)
        await gate.wait()
        if self.fails:
            raise ChatError(Code.UNAVAILABLE)

    async def goes_on(self) -> None:
        self._gates.pop(0).set()
        await turns()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_who_come_while_one_is_followed_are_followed_together() -> None:
    feed = SlowFeed()
    following = Following(feed)
    needs = [asyncio.create_task(following.need(topics(name))) for name in "abcd"]
    await turns()
    assert feed.calls == [["a"]]
    await feed.goes_on()
    assert feed.calls == [["a"], ["b", "c", "d"]]
    assert [need.done() for need in needs] == [True, False, False, False]
    assert not following.hears(Topic("user", "b"))
    await feed.goes_on()
    assert [await need for need in needs] == [set(topics(name)) for name in "abcd"]
    assert await following.need(topics("c")) == set()
    assert len(feed.calls) == 2


async def test_when_following_fails_only_its_caller_hears_of_it_and_the_others_try_again() -> None:
    feed = SlowFeed()
    following = Following(feed)
    needs = [asyncio.create_task(following.need(topics(name))) for name in "abc"]
    await turns()
    await feed.goes_on()
    feed.fails = True
    await feed.goes_on()
    feed.fails = False
    with pytest.raises(ChatError):
        await needs[1]
    assert not following.hears(Topic("user", "c"))
    assert feed.calls[-1] == ["b", "c"]  # b is still counted, until its caller lets it go
    await feed.goes_on()
    assert await needs[2] == set(topics("c"))


async def test_who_gives_up_takes_nobody_along() -> None:
    feed = SlowFeed()
    following = Following(feed)
    needs = [asyncio.create_task(following.need(topics(name))) for name in "abc"]
    await turns()
    needs[0].cancel()
    following.go(topics("a"))
    await turns()
    assert feed.calls == [["a"], ["b", "c"]]
    await feed.goes_on()
    await feed.goes_on()
    await asyncio.gather(*needs[1:])
    assert following.hears(Topic("user", "b"))
    assert not following.hears(Topic("user", "a"))


async def test_what_nobody_needs_any_more_when_its_turn_comes_is_not_followed() -> None:
    feed = SlowFeed()
    following = Following(feed)
    needs = [asyncio.create_task(following.need(topics(name))) for name in "ab"]
    await turns()
    following.go(topics("b"))
    await feed.goes_on()
    await asyncio.gather(*needs)
    assert feed.calls == [["a"]]
    assert not following.hears(Topic("user", "b"))
    sweeping = asyncio.create_task(following.sweep())
    await turns()
    assert sweeping.done()
