"""What every bus promises: each ear hears what it follows, once, in order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.buses import Buses, Joined

from hubbub.base.ids import SYSTEM_CONVERSATION, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import Body, Entry, Mark, Post, UserState
from hubbub.chat.ports import (
    EntriesAppended,
    Event,
    Feed,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    Topic,
    TypingChanged,
    UserChanged,
)

ANNA, BEN, ROOM, OTHER = (new_id() for _ in range(4))


class Ear:
    """A feed and what it has heard."""

    def __init__(self, joined: Joined, everything: bool) -> None:
        self.heard: list[Event] = []
        self.holes = 0
        self.feed: Feed = joined.feed(self.heard.extend, everything=everything, on_hole=self._hole)

    def _hole(self) -> None:
        self.holes += 1


class Wires:
    """One process that publishes and one that listens."""

    def __init__(self, speaker: Joined, listener: Joined) -> None:
        self.bus = speaker.bus
        self._listener = listener

    async def listen(self, *topics: Topic, everything: bool = False) -> Ear:
        ear = Ear(self._listener, everything)
        await ear.feed.follow(topics)
        return ear

    async def settle(self) -> None:
        """Return once what was published has arrived wherever it does."""
        await self._listener.caught_up()


@pytest.fixture
async def wires(buses: Buses) -> Wires:
    return Wires(await buses.join("speaker"), await buses.join("listener"))


def entries(conversation_id: str, audience: tuple[str, ...] | None, *seqs: int) -> EntriesAppended:
    made = tuple([Entry(conversation_id, seq, 0, ANNA, new_id(), Post(Body(text="hello"))) for seq in seqs])
    return EntriesAppended(conversation_id, made, audience)


def user(user_id: str) -> Topic:
    return Topic("user", user_id)


def room(conversation_id: str) -> Topic:
    return Topic("conversation", conversation_id)


async def test_entries_for_people_are_heard_where_these_people_are(wires: Wires) -> None:
    annas, bens, rooms = (
        await wires.listen(user(ANNA)),
        await wires.listen(user(BEN)),
        await wires.listen(room(ROOM), Topic("all")),
    )
    event = entries(ROOM, (ANNA,), 1)
    await wires.bus.publish([event])
    await wires.settle()
    assert (annas.heard, bens.heard, rooms.heard) == ([event], [], [])


async def test_entries_for_a_conversation_are_heard_where_it_is_followed(wires: Wires) -> None:
    annas, rooms, others = (
        await wires.listen(user(ANNA)),
        await wires.listen(room(ROOM)),
        await wires.listen(room(OTHER)),
    )
    event = entries(ROOM, None, 1)
    await wires.bus.publish([event])
    await wires.settle()
    assert (annas.heard, rooms.heard, others.heard) == ([], [event], [])


async def test_announcements_are_heard_by_all(wires: Wires) -> None:
    everybody, rooms = await wires.listen(Topic("all")), await wires.listen(room(ROOM), user(ANNA))
    event = entries(SYSTEM_CONVERSATION, None, 1)
    await wires.bus.publish([event])
    await wires.settle()
    assert (everybody.heard, rooms.heard) == ([event], [])


async def test_an_event_is_heard_once_however_many_topics_it_touches(wires: Wires) -> None:
    ear = await wires.listen(user(ANNA), user(BEN), room(ROOM), Topic("all"))
    event = entries(ROOM, (ANNA, BEN), 1)
    await wires.bus.publish([event])
    await wires.settle()
    assert ear.heard == [event]


async def test_what_concerns_a_person_is_heard_where_the_person_is(wires: Wires) -> None:
    annas, bens = await wires.listen(user(ANNA)), await wires.listen(user(BEN))
    events: list[Event] = [UserChanged(ANNA, UserState(1, 2, ())), LoginEnded(ANNA, "d" * 32)]
    await wires.bus.publish(events)
    await wires.settle()
    assert (annas.heard, bens.heard) == (events, [])


async def test_marks_and_typing_go_where_entries_go(wires: Wires) -> None:
    annas, rooms = await wires.listen(user(ANNA)), await wires.listen(room(ROOM))
    to_people: list[Event] = [MarksMoved(ROOM, (Mark(BEN, 1, 1),), (ANNA,)), TypingChanged(ROOM, BEN, True, (ANNA,))]
    to_room: list[Event] = [MarksMoved(ROOM, (Mark(BEN, 1, 1),), None), TypingChanged(ROOM, BEN, True, None)]
    await wires.bus.publish([*to_people, *to_room])
    await wires.settle()
    assert (annas.heard, rooms.heard) == (to_people, to_room)


async def test_announced_heads_are_cut_to_what_is_followed(wires: Wires) -> None:
    annas, others = await wires.listen(user(ANNA)), await wires.listen(room(OTHER))
    await wires.bus.publish([HeadsAnnounced({ROOM: 5, OTHER: 7}, {ROOM: (ANNA, BEN), OTHER: None})])
    await wires.settle()
    assert annas.heard == [HeadsAnnounced({ROOM: 5}, {ROOM: (ANNA, BEN)})]
    assert others.heard == [HeadsAnnounced({OTHER: 7}, {OTHER: None})]


async def test_events_of_one_publisher_keep_their_order(wires: Wires) -> None:
    ear = await wires.listen(user(ANNA), room(ROOM))
    sent: list[Event] = []
    for seq in range(1, 60, 3):
        batch: list[Event] = [entries(ROOM, (ANNA,), seq, seq + 1), entries(ROOM, None, seq + 2)]
        sent += batch
        await wires.bus.publish(batch)
    await wires.settle()
    assert ear.heard == sent


async def test_nothing_is_heard_before_it_is_followed_nor_after(wires: Wires) -> None:
    ear = await wires.listen()
    events = [entries(ROOM, None, seq) for seq in (1, 2, 3)]
    await wires.bus.publish(events[:1])
    await ear.feed.follow([room(ROOM)])
    await wires.bus.publish(events[1:2])
    await wires.settle()
    await ear.feed.unfollow([room(ROOM), user(ANNA)])
    await wires.bus.publish(events[2:])
    await wires.settle()
    assert ear.heard == events[1:2]


async def test_an_ear_for_everything_hears_everything(wires: Wires) -> None:
    ear = await wires.listen(everything=True)
    events: list[Event] = [entries(ROOM, None, 1), entries(OTHER, (BEN,), 1), LoginEnded(ANNA)]
    await wires.bus.publish(events)
    await wires.settle()
    assert ear.heard == events


async def test_a_scope_that_does_not_exist_is_refused(wires: Wires) -> None:
    with pytest.raises(ValueError):
        await wires.listen(Topic("everywhere"))


# ---------------------------------------------------------------- the local bus alone


async def test_one_failing_ear_leaves_the_others_hearing(caplog: pytest.LogCaptureFixture) -> None:
    bus = LocalBus()
    heard: list[Event] = []

    def fail(events: Sequence[Event]) -> None:
        raise ZeroDivisionError

    bus.feed(fail, everything=True)
    bus.feed(heard.extend, everything=True)
    event = LoginEnded(ANNA)
    await bus.publish([event])
    assert heard == [event]
    assert "a feed failed" in caplog.text


async def test_a_closed_ear_hears_nothing() -> None:
    bus = LocalBus()
    heard: list[Event] = []
    feed = bus.feed(heard.extend, everything=True)
    feed.close()
    feed.close()
    await bus.publish([LoginEnded(ANNA)])
    assert heard == []
