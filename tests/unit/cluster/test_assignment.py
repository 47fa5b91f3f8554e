"""How logins are spread over gateways: evenly by weight, by several who do not know of each other, and to stay."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.cluster.assignment import Assigner
from hubbub.cluster.model import NodeLoad, NodeRecord, NodeState, NodeView
from hubbub.cluster.settings import Strategy


class Overloaded(Exception):
    """Every gateway was given as many as it may be."""


@dataclass
class Gateway:
    """A gateway and what its last heartbeat said."""

    name: str
    weight: float = 1.0
    sessions: int = 0
    state: NodeState = NodeState.UP
    draining: bool = False
    told: int = 0
    heard_at: float = 0.0
    coming: list[tuple[float, int]] = field(default_factory=list)
    incarnation: str = field(default_factory=new_id)


class Town:
    """Gateways, and assigners that see them by heartbeats alone."""

    def __init__(self, *gateways: Gateway, assigners: int = 1, seed: int = 1, rate: float = 0.0) -> None:
        self.clock = ManualClock()
        self.rand = random.Random(seed)
        self.gateways = list(gateways)
        self.strategy: Strategy = "least_load"
        self.rate = rate
        self.rows: dict[tuple[str, str], str] = {}
        self.assigners = [
            Assigner(
                self.live,
                self.clock,
                strategy=lambda: self.strategy,
                connects_per_s=lambda: self.rate,
                assigners=lambda: assigners,
                seat_of=self.seat_of,
                rand=random.Random(self.rand.random()),
            )
            for _ in range(assigners)
        ]
        for gateway in gateways:
            gateway.told = gateway.sessions

    def live(self) -> Sequence[NodeView]:
        now = self.clock.monotonic()
        return [
            NodeView(
                NodeRecord(each.name, each.incarnation, ("gateway",), weight=each.weight, draining=each.draining),
                each.state,
                NodeLoad(sessions=each.told),
                now - each.heard_at,
                5.0,
            )
            for each in self.gateways
        ]

    async def seat_of(self, user_id: str, device_id: str) -> str:
        return self.rows.get((user_id, device_id), "")

    def beat(self) -> None:
        """Let every gateway tell how many sessions it has."""
        for each in self.gateways:
            each.told, each.heard_at = each.sessions, self.clock.monotonic()

    async def login(self, assigner: Assigner | None = None, **more: Sequence[str]) -> Gateway:
        """Let a new login ask; it is not connected by that."""
        asked = assigner or self.rand.choice(self.assigners)
        try:
            return self.named(await asked.assign(new_id(), new_id(), new_id(), **more))
        except ChatError as problem:
            if problem.code is Code.OVERLOADED:
                raise Overloaded(problem.retry_after_s) from None
            raise

    def named(self, record: NodeRecord) -> Gateway:
        return next(each for each in self.gateways if each.incarnation == record.incarnation)

    async def spread(self, logins: int) -> Counter[str]:
        """Let so many logins ask one after another, without a heartbeat in between."""
        return Counter([(await self.login()).name for _ in range(logins)])


def three() -> tuple[Gateway, Gateway, Gateway]:
    return Gateway("a"), Gateway("b"), Gateway("c", weight=2.0)


# ---------------------------------------------------------------- each strategy's distribution


@pytest.mark.parametrize(
    ("strategy", "within"), [("least_load", 0.005), ("round_robin", 0.005), ("random", 0.06), ("consistent_hash", 0.06)]
)
async def test_every_strategy_spreads_by_weight(strategy: Strategy, within: float) -> None:
    town = Town(*three())
    town.strategy = strategy
    told = await town.spread(8_000)
    for name, share in (("a", 0.25), ("b", 0.25), ("c", 0.5)):
        assert told[name] == pytest.approx(8_000 * share, rel=within), told


async def test_the_strategy_can_be_changed_while_it_runs() -> None:
    town = Town(Gateway("busy", sessions=10_000), Gateway("idle"))
    assert (await town.spread(100))["idle"] == 100
    town.strategy = "round_robin"
    assert (await town.spread(100))["idle"] == 50


async def test_a_hash_sends_a_person_to_the_same_node_and_a_new_node_moves_only_its_own() -> None:
    people = [new_id() for _ in range(600)]

    async def places(*names: str) -> dict[str, str]:
        town = Town(*(Gateway(name) for name in names))
        town.strategy = "consistent_hash"
        return {user: (await town.assigners[0].assign(new_id(), user, new_id())).node_id for user in people}

    before, again, after = await places("a", "b", "c"), await places("c", "a", "b"), await places("a", "b", "c", "d")
    assert before == again
    moved = {user for user in people if before[user] != after[user]}
    assert {after[user] for user in moved} == {"d"}
    assert 100 < len(moved) < 200


# ---------------------------------------------------------------- bursts, and several assigners


async def test_a_burst_between_two_heartbeats_is_spread() -> None:
    town = Town(Gateway("a", sessions=100), Gateway("b", sessions=103), Gateway("c", sessions=100))
    told = await town.spread(1_000)
    assert [told["a"] + 100, told["b"] + 103, told["c"] + 100] == pytest.approx([434, 434, 434], abs=1)


async def test_four_assigners_with_stale_loads_spread_ten_thousand_logins_by_weight() -> None:
    town = Town(*three(), assigners=4)
    told = await town.spread(10_000)
    for name, share in (("a", 0.25), ("b", 0.25), ("c", 0.5)):
        assert told[name] == pytest.approx(10_000 * share, rel=0.1), told


async def arrive(town: Town, logins_per_s: int, seconds: int, *, beats: bool = True) -> None:
    """Let logins come; each connects up to 300 ms after it was told where, and heartbeats come once a second."""
    steps = 20
    for step in range(steps * seconds):
        now = town.clock.monotonic()
        for each in town.gateways:
            each.sessions += sum(1 for at, _ in each.coming if at <= now)
            each.coming = [one for one in each.coming if one[0] > now]
        if beats and step % steps == 0:
            town.beat()
        for _ in range(logins_per_s // steps):
            with contextlib.suppress(Overloaded):
                gateway = await town.login()
                gateway.coming.append((now + town.rand.random() * 0.3, 1))
        town.clock.advance(1 / steps)


async def test_four_assigners_level_unequal_nodes_without_overshooting() -> None:
    """The emptiest node is filled by all four at once, and must not end above the others for that."""
    town = Town(
        Gateway("a", sessions=3_000),
        Gateway("b", sessions=2_500),
        Gateway("c", weight=2.0, sessions=6_000),
        Gateway("new"),
        assigners=4,
    )
    for _ in range(5):
        await arrive(town, 2_000, 1)
        new, *others = reversed([(each.sessions + len(each.coming)) / each.weight for each in town.gateways])
        assert new <= max(others) * 1.05
    total = sum(each.sessions + len(each.coming) for each in town.gateways)
    for each in town.gateways:
        fair = total * each.weight / 5
        assert each.sessions + len(each.coming) == pytest.approx(fair, rel=0.1), each.name


async def test_a_node_that_joins_empty_is_filled_first_but_not_flooded() -> None:
    town = Town(*(Gateway(name, sessions=3_000) for name in "abcd"), assigners=4, rate=200)
    await arrive(town, 100, 3)
    before = {each.name: each.sessions + len(each.coming) for each in town.gateways}
    fifth = Gateway("fifth", heard_at=town.clock.monotonic())
    town.gateways.append(fifth)
    await arrive(town, 100, 3)
    assert fifth.sessions + len(fifth.coming) == 300
    assert {each.name: each.sessions + len(each.coming) for each in town.gateways[:4]} == before
    # Now more come than one node is to take: the rest goes to the others.
    await arrive(town, 800, 4)
    assert 4 * 200 <= fifth.sessions + len(fifth.coming) - 300 <= (4 + 2) * 200 + 4
    assert sum(each.sessions + len(each.coming) for each in town.gateways[:4]) > sum(before.values()) + 1_000


async def test_who_was_sent_and_never_came_is_forgotten() -> None:
    town = Town(Gateway("a"), Gateway("b", sessions=50))
    assert (await town.spread(50)) == Counter(a=50)
    town.clock.advance(11)
    town.beat()
    assert (await town.spread(50)) == Counter(a=50)


async def test_a_node_whose_load_is_always_up_to_date_is_not_counted_twice() -> None:
    """As that of a process which assigns and is a gateway too."""
    town = Town(Gateway("here"), Gateway("there"))
    here, there = town.gateways
    for _ in range(1_000):
        gateway = await town.login()
        gateway.sessions += 1
        here.told = here.sessions
        town.clock.advance(0.001)
    assert here.sessions == pytest.approx(500, abs=2)
    assert there.sessions == pytest.approx(500, abs=2)


# ---------------------------------------------------------------- caps, and nodes that take nobody


async def test_when_every_node_is_at_its_rate_the_client_is_told_when_to_come_again() -> None:
    town = Town(Gateway("a"), Gateway("b"), rate=10)
    assert sum((await town.spread(40)).values()) == 40
    with pytest.raises(Overloaded) as told:
        await town.login()
    assert 0 < told.value.args[0] <= 1.1
    town.clock.advance(0.1)
    await town.spread(2)


@pytest.mark.parametrize(
    "closed",
    [
        {"state": NodeState.SUSPECT},
        {"state": NodeState.DRAINING},
        {"state": NodeState.DEAD},
        {"draining": True},
        {"weight": 0.0},
    ],
)
async def test_a_node_that_takes_nobody_gets_nobody(closed: dict[str, object]) -> None:
    town = Town(Gateway("open", sessions=9_000), Gateway("closed", **closed))  # type: ignore[arg-type]
    assert await town.spread(50) == Counter(open=50)
    town.gateways.pop(0)
    with pytest.raises(ChatError) as told:
        await town.login()
    assert told.value.code is Code.UNAVAILABLE
    assert told.value.retry_after_s > 0


async def test_a_node_its_client_could_not_reach_is_avoided_unless_it_is_the_only_one() -> None:
    town = Town(Gateway("a"), Gateway("b", sessions=9_000))
    assert (await town.login(avoid=["a"])).name == "b"
    assert (await town.login(avoid=["a", "b"])).name == "a"


# ---------------------------------------------------------------- staying


async def test_a_login_stays_where_it_is_while_that_node_takes_people() -> None:
    town = Town(Gateway("a"), Gateway("b"))
    assigner, login = town.assigners[0], (new_id(), new_id(), new_id())
    first = town.named(await assigner.assign(*login))
    other = next(each for each in town.gateways if each is not first)
    first.told = 9_000
    assert town.named(await assigner.assign(*login)) is first
    assert town.named(await assigner.assign(*login, avoid=[first.name])) is other
    assert town.named(await assigner.assign(*login)) is other
    other.draining = True
    assert town.named(await assigner.assign(*login)) is first
    first.incarnation, other.draining = new_id(), False
    assert town.named(await assigner.assign(*login)) is other, "a new incarnation is another node, and a full one"


async def test_another_assigner_learns_from_the_rows_where_a_login_is() -> None:
    busy, idle = Gateway("busy", sessions=9_000), Gateway("idle")
    town = Town(busy, idle, assigners=2)
    login, user, device = new_id(), new_id(), new_id()
    town.rows[user, device] = busy.incarnation
    for assigner in town.assigners:
        assert town.named(await assigner.assign(login, user, device)) is busy
        assert town.named(await assigner.assign(new_id(), user, new_id())) is idle, "another device is another login"
    town.gateways.remove(busy)
    assert town.named(await town.assigners[0].assign(login, user, device)) is idle


async def test_rows_that_cannot_be_read_keep_nobody_out() -> None:
    async def fails(user_id: str, device_id: str) -> str:
        raise ChatError(Code.UNAVAILABLE)

    town = Town(Gateway("a"))
    assigner = Assigner(town.live, town.clock, strategy=lambda: "least_load", connects_per_s=lambda: 0.0, seat_of=fails)
    assert (await town.login(assigner)).name == "a"
