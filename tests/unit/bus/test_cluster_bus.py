"""The cluster's bus over a server that does wrong: what is lost is noticed, what is forged is not heard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from support.bus_hub import Hub

from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.bus.calls import CallFailed, Peer
from hubbub.bus.carrier import BusAway
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.envelope import Sealer
from hubbub.bus.identity import BusIdentity
from hubbub.bus.subjects import Subjects
from hubbub.chat.model import Body, Entry, Post
from hubbub.chat.ports import EntriesAppended, Event, HeadsAnnounced, LoginEnded, Topic, TypingChanged

ANNA, BEN, ROOM = (new_id() for _ in range(3))
DEADLINE_S = 10.0


def said(audience: Sequence[str] | None, seq: int = 1) -> EntriesAppended:
    entry = Entry(ROOM, seq, 0, ANNA, new_id(), Post(Body(text="hello")))
    return EntriesAppended(ROOM, (entry,), None if audience is None else tuple(audience))


class Ear:
    """A feed and what it was told."""

    def __init__(self, bus: ClusterBus) -> None:
        self.heard: list[Event] = []
        self.holes: asyncio.Queue[None] = asyncio.Queue(100)
        self.feed = bus.feed(self.heard.extend, on_hole=lambda: self.holes.put_nowait(None))

    async def hole(self) -> None:
        """Wait until a hole is told."""
        async with asyncio.timeout(DEADLINE_S):
            await self.holes.get()


async def follows(bus: ClusterBus, *topics: Topic) -> Ear:
    ear = Ear(bus)
    await ear.feed.follow(topics)
    return ear


async def test_a_message_that_was_dropped_is_noticed_with_the_next_one() -> None:
    hub = Hub()
    speaker, listener = hub.join(), hub.join()
    ear = await follows(listener, Topic("user", ANNA))
    await speaker.publish([said([ANNA], 1)])
    hub.drops = lambda subject: True
    await speaker.publish([said([ANNA], 2)])
    hub.drops = lambda subject: False
    assert ear.holes.empty()
    await speaker.publish([said([ANNA], 3)])
    await ear.hole()
    assert [event.entries[0].seq for event in ear.heard if isinstance(event, EntriesAppended)] == [1, 3]


async def test_holes_of_one_moment_are_told_once_and_later_ones_when_it_has_passed() -> None:
    hub, clock = Hub(), ManualClock()
    speaker, listener = hub.join(), hub.join(clock=clock)
    ear = await follows(listener, Topic("user", ANNA))
    clock.advance(10)
    for seq in range(1, 40):
        hub.drops = lambda subject, odd=seq % 2: bool(odd)  # type: ignore[misc]
        await speaker.publish([said([ANNA], seq)])
    await ear.hole()
    await ear.hole()
    assert ear.holes.empty()
    assert listener.stats.holes == 2


async def test_what_was_recorded_before_a_reconnect_is_not_heard_again_after_it() -> None:
    hub = Hub()
    speaker, listener = hub.join(), hub.join()
    ear = await follows(listener, Topic("user", ANNA))
    await speaker.publish([LoginEnded(ANNA, BEN)])
    await listener.caught_up()
    assert len(ear.heard) == 1
    recorded = [message for message in hub.passed if message[0].startswith("hubbub.u.")]
    assert recorded
    hub.cut()
    hub.heal()
    await ear.hole()
    for subject, data in recorded:
        hub.forge(subject, data)
    assert len(ear.heard) == 1
    await speaker.publish([LoginEnded(ANNA, BEN)])
    await listener.caught_up()
    assert len(ear.heard) == 2


async def test_what_arrives_twice_is_heard_once() -> None:
    hub = Hub()
    speaker, listener = hub.join(), hub.join()
    ear = await follows(listener, Topic("user", ANNA), Topic("user", BEN))
    hub.repeats = True
    events: list[Event] = [said([ANNA, BEN], 1), LoginEnded(ANNA)]
    await speaker.publish(events)
    await listener.caught_up()
    assert ear.heard == events


async def test_what_this_process_says_reaches_its_own_feeds_first_and_without_the_bus() -> None:
    hub = Hub()
    both = hub.join()
    ear = await follows(both, Topic("user", ANNA))
    hub.cut()
    event = said([ANNA])
    with pytest.raises(BusAway):
        await both.publish([event])
    assert ear.heard == [event]
    assert both.stats.refused == 1


async def test_typing_is_lost_in_silence_while_the_bus_is_away() -> None:
    hub = Hub()
    speaker = hub.join()
    hub.cut()
    await speaker.publish([TypingChanged(ROOM, ANNA, True, (BEN,))])


async def test_a_connection_that_came_back_is_a_hole_and_hears_again() -> None:
    hub = Hub()
    speaker, listener = hub.join(), hub.join()
    ear = await follows(listener, Topic("user", ANNA))
    hub.cut()
    await ear.feed.follow([Topic("user", BEN)])
    hub.heal()
    await ear.hole()
    events: list[Event] = [said([ANNA], 1), said([BEN], 2)]
    await speaker.publish(events)
    await listener.caught_up()
    assert ear.heard == events


async def test_following_what_another_feed_is_about_to_follow_waits_for_the_server_too() -> None:
    hub = Hub()
    speaker, listener = hub.join(), hub.join()
    one, other = Ear(listener), Ear(listener)
    topics = [Topic("user", ANNA)]
    await asyncio.gather(one.feed.follow(topics), other.feed.follow(topics), one.feed.follow(topics))
    event = said([ANNA])
    await speaker.publish([event])
    await listener.caught_up()
    assert (one.heard, other.heard) == ([event], [event])


async def test_a_bucket_is_let_go_with_the_last_topic_in_it() -> None:
    hub = Hub()
    listener = hub.join()
    before = listener.stats.subjects
    one, other = await follows(listener, Topic("user", ANNA)), await follows(listener, Topic("user", ANNA))
    assert listener.stats.subjects == before + 1
    await one.feed.unfollow([Topic("user", ANNA), Topic("user", BEN)])
    assert listener.stats.subjects == before + 1
    other.feed.close()
    assert listener.stats.subjects == before


async def test_a_node_receives_only_the_buckets_of_those_it_serves() -> None:
    hub = Hub()
    speaker, annas, bens = hub.join(), hub.join(), hub.join()
    subjects = Subjects(16)
    ben = next(name for name in iter(new_id, "") if subjects.of_user(name) != subjects.of_user(ANNA))
    await follows(annas, Topic("user", ANNA))
    await follows(bens, Topic("user", ben))
    await speaker.publish([said([ANNA], seq) for seq in range(1, 11)] + [said([ben], 11)])
    await annas.caught_up()
    assert annas.stats.received["user"].items == annas.stats.heard == 10
    assert bens.stats.received["user"].items == bens.stats.heard == 1
    assert (annas.stats.unwanted, bens.stats.unwanted) == (0, 0)
    assert speaker.stats.sent["user"].messages == 2


async def test_nobody_without_the_secret_is_heard() -> None:
    hub = Hub()
    stranger, listener = hub.join(secret=b"guess"), hub.join()
    ear = await follows(listener, Topic("user", ANNA))
    await stranger.publish([LoginEnded(ANNA)])
    hub.forge(Subjects(16).of_user(ANNA), b"x" * 100)
    await listener.caught_up()
    assert ear.heard == []
    assert listener.stats.dropped["signature"] == 2


async def test_a_call_without_a_valid_signature_is_not_handed_to_the_handler() -> None:
    hub = Hub()
    stranger, server = hub.join(secret=b"guess"), hub.join()
    asked: list[bytes] = []

    async def note(peer: Peer, payload: bytes) -> bytes:
        asked.append(payload)
        return b""

    await server.calls.serve(server.identity.incarnation, note)
    with pytest.raises(CallFailed):
        await stranger.calls.request(server.identity.incarnation, b"let me in", timeout_s=0.05)
    assert asked == []


async def test_another_log_is_reported_and_not_heard() -> None:
    hub = Hub()
    epochs: list[str] = []
    restored, listener = hub.join(epoch="restored"), hub.join(on_epoch=epochs.append)
    ear = await follows(listener, Topic("user", ANNA))
    await restored.publish([said([ANNA])])
    await restored.publish([said([ANNA])])
    await listener.caught_up()
    assert (ear.heard, epochs) == ([], ["restored"])
    assert listener.stats.dropped["epoch"] == 2


async def test_a_signed_message_that_makes_no_sense_is_a_hole() -> None:
    hub = Hub()
    listener = hub.join()
    ear = await follows(listener, Topic("user", ANNA))
    subject = Subjects(16).of_user(ANNA)
    newer = Sealer(BusIdentity("newer", new_id(), listener.identity.secret, listener.identity.epoch))
    hub.forge(subject, newer.seal(subject, b"\xc1")[0])
    await ear.hole()
    assert listener.stats.dropped["form"] == 1


async def test_heads_that_go_several_ways_are_heard_once_each() -> None:
    hub = Hub()
    speaker, listener = hub.join(), hub.join()
    ear = await follows(listener, Topic("user", ANNA), Topic("user", BEN))
    rooms = {new_id(): number for number in range(1, 20)}
    await speaker.publish([HeadsAnnounced(rooms, dict.fromkeys(rooms, (ANNA, BEN)))])
    await listener.caught_up()
    assert ear.heard == [HeadsAnnounced(rooms, dict.fromkeys(rooms, (ANNA, BEN)))]


# ---------------------------------------------------------------- calls


async def hold(peer: Peer, payload: bytes) -> bytes:
    await asyncio.Event().wait()
    return payload


async def failure(future: asyncio.Future[bytes]) -> tuple[str, bool]:
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(CallFailed) as caught:
            await future
    return caught.value.reason, caught.value.maybe_done


async def test_open_requests_end_with_the_connection_and_later_ones_fail_at_once() -> None:
    hub = Hub()
    caller, server = hub.join(), hub.join()
    name = server.identity.incarnation
    await server.calls.serve(name, hold)
    sent = caller.calls.request(name, b"", timeout_s=DEADLINE_S)
    await caller.caught_up()
    unsent = caller.calls.request(name, b"", timeout_s=DEADLINE_S)
    hub.cut()
    assert await failure(sent) == ("disconnected", True)
    assert await failure(unsent) == ("disconnected", False)
    assert await failure(caller.calls.request(name, b"", timeout_s=DEADLINE_S)) == ("disconnected", False)


async def test_a_node_that_left_fails_what_was_open_to_it_with_the_next_request() -> None:
    hub = Hub()
    caller, server, other = hub.join(), hub.join(), hub.join()
    name = server.identity.incarnation
    await server.calls.serve(name, hold)
    await other.calls.serve(other.identity.incarnation, hold)
    before = caller.calls.request(name, b"", timeout_s=DEADLINE_S)
    elsewhere = caller.calls.request(other.identity.incarnation, b"", timeout_s=DEADLINE_S)
    await caller.caught_up()
    await server.close()
    after = caller.calls.request(name, b"", timeout_s=DEADLINE_S)
    assert await failure(after) == ("nobody", False)
    assert await failure(before) == ("nobody", True)
    assert not elsewhere.done()


async def test_requests_of_one_turn_travel_together() -> None:
    hub = Hub()
    caller, server = hub.join(), hub.join()

    async def echo(peer: Peer, payload: bytes) -> bytes:
        return payload

    await server.calls.serve(server.identity.incarnation, echo)
    calls = [caller.calls.request(server.identity.incarnation, b"x", timeout_s=DEADLINE_S) for _ in range(100)]
    assert await asyncio.gather(*calls) == [b"x"] * 100
    assert (caller.stats.sent["call"].messages, caller.stats.sent["call"].items) == (1, 100)
    assert (server.stats.sent["answer"].messages, server.stats.sent["answer"].items) == (1, 100)


async def test_what_follows_a_lost_request_is_not_handed_over_until_its_caller_begins_anew() -> None:
    hub = Hub()
    caller, server = hub.join(), hub.join()
    name, asked = server.identity.incarnation, list[bytes]()

    async def note(peer: Peer, payload: bytes) -> bytes:
        asked.append(payload)
        return payload

    def ask(payload: bytes) -> asyncio.Future[bytes]:
        return caller.calls.request(name, payload, timeout_s=DEADLINE_S)

    await server.calls.serve(name, note)
    await ask(b"first")
    hub.drops = lambda subject: ".q." in subject
    lost = ask(b"lost")
    await caller.caught_up()
    hub.drops = lambda subject: False
    assert await failure(ask(b"after it")) == ("missed", False)
    assert await failure(ask(b"after that")) == ("missed", False)
    caller.calls.anew(name)
    await asyncio.gather(ask(b"lost, again"), ask(b"after it, again"))
    assert asked == [b"first", b"lost, again", b"after it, again"]
    assert not lost.done()


async def test_the_first_request_of_all_may_be_lost_as_well() -> None:
    hub = Hub()
    caller, server = hub.join(), hub.join()
    name = server.identity.incarnation

    async def echo(peer: Peer, payload: bytes) -> bytes:
        return payload

    await server.calls.serve(name, echo)
    hub.drops = lambda subject: ".q." in subject
    caller.calls.request(name, b"lost", timeout_s=DEADLINE_S)
    await caller.caught_up()
    hub.drops = lambda subject: False
    assert await failure(caller.calls.request(name, b"after it", timeout_s=DEADLINE_S)) == ("missed", False)


async def test_requests_are_handed_over_again_after_the_connection_came_back() -> None:
    hub = Hub()
    caller, server = hub.join(), hub.join()
    name = server.identity.incarnation

    async def echo(peer: Peer, payload: bytes) -> bytes:
        return payload

    await server.calls.serve(name, echo)
    assert await caller.calls.request(name, b"before", timeout_s=DEADLINE_S) == b"before"
    hub.cut()
    hub.heal()
    await caller.caught_up()
    assert await caller.calls.request(name, b"after", timeout_s=DEADLINE_S) == b"after"


async def test_a_process_declared_dead_goes_on_as_another() -> None:
    hub = Hub()
    caller, server = hub.join(), hub.join()
    peers: list[str] = []

    async def note(peer: Peer, payload: bytes) -> bytes:
        peers.append(peer.incarnation)
        return b""

    await server.calls.serve(server.identity.incarnation, note)
    await caller.new_incarnation("2" * 32)
    await caller.calls.request(server.identity.incarnation, b"", timeout_s=DEADLINE_S)
    assert peers == [caller.identity.incarnation] == ["2" * 32]
