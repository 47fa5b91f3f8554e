"""A loss is noticed although nothing follows it, and nothing is taken for one."""

from __future__ import annotations

from support.bus_hub import Hub
from unit.bus.test_cluster_bus import ANNA, BEN, Ear, follows, said

from hubbub.base.clock import ManualClock
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.tally import FOLLOWED_S, LATELY_S
from hubbub.chat.ports import Topic


class Wire:
    """A speaker and a listener who has followed somebody for some time."""

    def __init__(self, hub: Hub, clock: ManualClock, speaker: ClusterBus, listener: ClusterBus, ear: Ear) -> None:
        self.hub = hub
        self.clock = clock
        self.speaker = speaker
        self.listener = listener
        self.ear = ear

    async def tallies(self, seconds: float = 1.0) -> None:
        """Let time pass, and the tally of it arrive."""
        self.clock.advance(seconds)
        self.speaker.tell_tally()
        await self.listener.caught_up()

    def loses(self, everything: bool = False) -> None:
        self.hub.drops = lambda subject: everything or not subject.startswith("hubbub.t")

    def heals(self) -> None:
        self.hub.drops = lambda subject: False


async def a_wire(followed_s: float = FOLLOWED_S) -> Wire:
    hub, clock = Hub(), ManualClock()
    speaker, listener = hub.join(clock=clock), hub.join(clock=clock)
    wire = Wire(hub, clock, speaker, listener, await follows(listener, Topic("user", ANNA)))
    clock.advance(followed_s)
    return wire


async def test_a_message_that_was_dropped_is_noticed_with_the_next_tally() -> None:
    for earlier in (0, 3):
        wire = await a_wire()
        for seq in range(earlier):
            await wire.speaker.publish([said([ANNA], seq + 1)])
        wire.loses()
        await wire.speaker.publish([said([ANNA], 9)])
        await wire.tallies()
        await wire.ear.hole()
        await wire.tallies()
        assert wire.ear.holes.empty()


async def test_nothing_is_noticed_where_nothing_is_missing() -> None:
    wire = await a_wire()
    for seq in range(1, 6):
        await wire.speaker.publish([said([ANNA], seq)])
        await wire.tallies()
    assert wire.listener.stats.holes == 0


async def test_what_was_said_before_it_was_followed_is_not_missing() -> None:
    wire = await a_wire()
    await wire.speaker.publish([said([BEN])])
    ear = await follows(wire.listener, Topic("user", BEN))
    for _ in range(int(LATELY_S) + 2):
        await wire.tallies()
    assert ear.holes.empty()
    assert wire.listener.stats.holes == 0


async def test_what_is_dropped_soon_after_it_was_followed_is_noticed_when_that_is_certain() -> None:
    wire = await a_wire(followed_s=1.0)
    wire.loses()
    await wire.speaker.publish([said([ANNA])])
    for _ in range(int(LATELY_S)):
        await wire.tallies()
    await wire.ear.hole()


async def test_what_is_dropped_soon_after_something_was_heard_is_noticed_at_once() -> None:
    wire = await a_wire(followed_s=0.0)
    await wire.speaker.publish([said([ANNA], 1)])
    await wire.listener.caught_up()
    wire.loses()
    await wire.speaker.publish([said([ANNA], 2)])
    await wire.tallies()
    await wire.ear.hole()


async def test_when_tallies_are_lost_as_well_the_next_one_shows_it() -> None:
    wire = await a_wire()
    await wire.speaker.publish([said([ANNA], 1)])
    await wire.tallies()
    wire.loses(everything=True)
    await wire.speaker.publish([said([ANNA], 2)])
    await wire.tallies(10.0)
    wire.heals()
    assert wire.ear.holes.empty()
    await wire.tallies()
    await wire.ear.hole()


async def test_who_never_spoke_tells_no_tally() -> None:
    wire = await a_wire()
    wire.listener.tell_tally()
    assert not [subject for subject, _ in wire.hub.passed if subject.startswith("hubbub.t")]


async def test_a_tally_repeats_only_what_was_said_lately() -> None:
    wire = await a_wire()
    await wire.speaker.publish([said([ANNA])])
    await wire.tallies(LATELY_S + 1)
    (last,) = [data for subject, data in wire.hub.passed if subject == "hubbub.t"]
    assert last.endswith(b"\x80")
