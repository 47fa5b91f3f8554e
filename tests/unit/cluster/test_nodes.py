"""Who is there, who is suspect and who is dead, whatever happens to clocks, bus and database."""

from __future__ import annotations

import asyncio

import pytest
from unit.cluster.town import Town

from hubbub.base.errors import ChatError, Code
from hubbub.cluster.model import NodeLoad, NodeRecord, NodeState, TooOld

UP, DRAINING, SUSPECT = NodeState.UP, NodeState.DRAINING, NodeState.SUSPECT
HOUR = 3600.0


@pytest.fixture
def town() -> Town:
    return Town()


async def test_a_newcomer_is_seen_by_all_at_once_and_sees_all(town: Town) -> None:
    one = await town.settles("one")
    two = await town.settles("two", "chat")
    for citizen in (one, two):
        assert citizen.sees() == {"one": UP, "two": UP}
    assert (two.live("gateway"), one.live("chat"), one.live("web")) == (["one"], ["two"], [])
    assert one.changes >= 2


async def test_load_travels_with_every_heartbeat(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.load = NodeLoad(sessions=7, cpu=0.5)
    await town.passes(1)
    assert [node.load.sessions for node in one.nodes.view()] == [0, 7]
    assert [node.load.sessions for node in two.nodes.view()] == [0, 7]


async def test_a_load_that_changes_is_no_change_of_the_nodes(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    await town.passes(2)
    told = one.changes
    for sessions in range(5):
        two.load = NodeLoad(sessions=sessions)
        await town.passes(1)
    assert one.changes == told


async def test_a_silent_node_is_suspect_after_three_seconds_and_gets_nothing_new(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.dies()
    await town.passes(2.5)
    assert one.sees() == {"one": UP, "two": UP}
    told = one.changes
    await town.passes(1.5)
    assert one.sees() == {"one": UP, "two": SUSPECT}
    assert one.live() == ["one"]
    assert one.changes == told + 1
    assert not (await town.rows.nodes())[1].over


async def test_a_suspect_that_is_heard_again_is_up_again(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.wire.mute = True
    await town.passes(5)
    assert one.sees()["two"] is SUSPECT
    two.wire.mute = False
    await town.passes(1)
    assert one.sees()["two"] is UP


async def test_a_dead_node_is_buried_by_one_when_its_lease_has_ended(town: Town) -> None:
    others = [await town.settles(name) for name in ("one", "two", "three")]
    dead = await town.settles("dead")
    incarnation = dead.nodes.incarnation
    dead.dies()
    await town.passes(9)
    assert [citizen.swept for citizen in others] == [[], [], []]
    assert others[0].sees()["dead"] is SUSPECT
    await town.passes(3)
    assert sorted(citizen.swept for citizen in others) == [[], [], [incarnation]]
    for citizen in others:
        assert sorted(citizen.sees()) == ["one", "three", "two"]
        shown = {node.record.node_id: node.state for node in citizen.nodes.view()}
        assert shown["dead"] is NodeState.DEAD
    assert [row.swept for row in await town.rows.nodes() if row.over] == [True]


async def test_a_muted_node_that_renews_its_lease_is_never_buried(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.wire.mute = True
    await town.passes(120)
    assert one.sees()["two"] is SUSPECT
    assert (one.swept, two.voided) == ([], [])


async def test_clocks_that_differ_by_hours_change_nothing(town: Town) -> None:
    one = await town.settles("one", skew_s=-5 * HOUR)
    two = await town.settles("two", skew_s=7 * HOUR)
    await town.passes(60)
    for citizen in (one, two):
        assert citizen.sees() == {"one": UP, "two": UP}
    one.clock.set_wall(0)
    await town.passes(60)
    assert (one.sees(), one.voided, two.voided) == ({"one": UP, "two": UP}, [], [])
    incarnation = two.nodes.incarnation
    two.dies()
    await town.passes(13)
    assert one.swept == [incarnation]


async def test_a_bus_that_restarts_kills_nobody_and_empties_no_table(town: Town) -> None:
    citizens = [await town.settles(name) for name in ("one", "two", "three")]
    await town.passes(3)
    told = [citizen.changes for citizen in citizens]
    town.air.away = True
    await town.passes(30)
    for citizen in citizens:
        assert citizen.live() == ["one", "three", "two"]
    town.air.away = False
    await town.passes(10)
    for citizen in citizens:
        assert citizen.live() == ["one", "three", "two"]
        assert (citizen.swept, citizen.voided) == ([], [])
    assert [citizen.changes for citizen in citizens] == told


async def test_a_node_that_finds_back_to_the_bus_late_is_not_suspected_for_it(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    town.air.away = True
    await town.passes(30)
    town.air.away = False
    two.wire.mute = True
    await town.passes(4)
    assert one.live() == ["one", "two"]
    two.wire.mute = False
    await town.passes(5)
    assert one.live() == ["one", "two"]


async def test_without_a_bus_the_dead_fall_with_their_leases(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    await town.passes(3)
    town.air.away = True
    two.dies()
    await town.passes(5)
    assert one.live() == ["one", "two"]
    await town.passes(8)
    assert one.live() == ["one"]
    assert one.swept == [two.nodes.incarnation]


async def test_a_database_that_is_away_ends_nothing(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    incarnations = [one.nodes.incarnation, two.nodes.incarnation]
    town.database_away(True)
    await town.passes(60)
    for citizen in (one, two):
        assert citizen.live() == ["one", "two"]
    town.database_away(False)
    await town.passes(30)
    assert [one.nodes.incarnation, two.nodes.incarnation] == incarnations
    assert (one.voided, two.voided, one.swept, two.swept) == ([], [], [], [])
    assert [row.left_s > 5 for row in await town.rows.nodes()] == [True, True]


async def test_when_bus_and_database_come_back_nobody_is_buried_before_it_could_renew(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    await town.passes(5)
    town.air.away = True
    town.database_away(True)
    await town.passes(60)
    assert one.live() == ["one", "two"]
    town.stores["one"].away = False
    await town.passes(4)
    town.stores["two"].away = False
    await town.passes(4)
    assert (one.swept, two.voided) == ([], [])
    assert one.live() == ["one", "two"]


async def test_one_that_lost_its_database_alone_is_not_buried_while_it_is_heard(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    town.stores["two"].away = True
    await town.passes(60)
    assert one.live() == ["one", "two"]
    assert one.swept == []
    town.stores["two"].away = False
    await town.passes(5)
    assert two.voided == []


async def test_a_node_that_stood_still_too_long_goes_on_as_another_incarnation(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    old = two.nodes.incarnation
    two.stands_still = two.wire.deaf = True
    await town.passes(15)
    assert one.swept == [old]
    two.stands_still = two.wire.deaf = False
    await two.nodes.keep_lease()
    new = two.nodes.incarnation
    assert two.voided == [(old, new)]
    assert new != old
    assert one.sees() == {"one": UP, "two": UP}
    assert [node.record.incarnation for node in one.nodes.live("gateway")] == [one.nodes.incarnation, new]
    await town.passes(30)
    assert (len(two.voided), one.live()) == (1, ["one", "two"])


async def test_a_death_is_noticed_once_however_many_look(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.stands_still = two.wire.deaf = True
    await town.passes(15)
    assert len(one.swept) == 1
    await asyncio.gather(two.nodes.renew(), two.nodes.look(), two.nodes.renew())
    assert len(two.voided) == 1
    assert two.nodes.entered


async def test_who_stood_still_suspects_nobody_for_it(town: Town) -> None:
    one, _ = await town.settles("one"), await town.settles("two")
    one.stands_still = one.wire.deaf = True
    await town.passes(8)
    one.stands_still = one.wire.deaf = False
    await one.steps()
    assert one.live() == ["one", "two"]
    await town.passes(3)
    assert one.live() == ["one", "two"]


async def test_news_of_ones_own_death_is_looked_into_at_once(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.stands_still = True
    await town.passes(12)
    assert len(one.swept) == 1
    two.stands_still = False
    await two.nodes.keep_lease()
    assert len(two.voided) == 1


async def test_sockets_are_closed_even_when_the_database_is_away_again(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.stands_still = two.wire.deaf = True
    await town.passes(15)
    two.stands_still = two.wire.deaf = False
    voided: list[str] = []

    async def cut(old: NodeRecord, new: NodeRecord) -> None:
        voided.append(old.incarnation)
        town.stores["two"].away = True

    two.nodes.on_declared_dead(cut)
    await town.passes(3)
    assert len(voided) == 1
    assert not two.nodes.entered
    assert two.sees()["two"] is SUSPECT
    town.stores["two"].away = False
    await town.passes(3)
    assert two.nodes.entered
    assert (len(voided), one.live()) == (1, ["one", "two"])


async def test_draining_is_seen_by_all_at_once_and_stands_in_the_row(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    await two.nodes.drain()
    assert one.sees() == {"one": UP, "two": DRAINING}
    assert (one.live(), two.live()) == (["one"], ["one"])
    await two.nodes.keep_lease()
    assert [row.record.draining for row in await town.rows.nodes()] == [False, True]
    three = await town.settles("three")
    assert three.sees()["two"] is DRAINING


async def test_a_node_is_offered_to_nobody_before_it_listens(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two", starting=True)
    await town.passes(5)
    assert not two.nodes.offered
    assert (one.live(), two.live()) == (["one"], ["one"])
    assert [row.record.starting for row in await town.rows.nodes()] == [False, True]
    await two.nodes.serve()
    assert (one.live(), two.live()) == (["one", "two"], ["one", "two"])
    assert one.sees() == {"one": UP, "two": UP}
    assert [row.record.draining for row in await town.rows.nodes()] == [False, False]


async def test_whoever_comes_between_the_word_and_the_next_finds_the_node_by_its_row(town: Town) -> None:
    two = await town.settles("two", starting=True)
    await two.nodes.serve()
    assert two.nodes.offered
    one = await town.settles("one")
    assert one.live() == ["one", "two"]


async def test_a_database_that_is_away_keeps_no_node_from_being_offered(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two", starting=True)
    town.database_away(True)
    await two.nodes.serve()
    assert two.nodes.offered
    assert one.live() == ["one", "two"]


async def test_a_row_that_is_yet_to_be_written_takes_back_nothing_of_what_was_heard(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    await two.nodes.drain()
    one.clock.advance(0.1)
    await one.nodes.look()
    assert one.sees() == {"one": UP, "two": DRAINING}


async def test_a_node_that_is_to_end_before_it_listens_is_never_offered(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two", starting=True)
    await two.nodes.drain()
    await two.nodes.serve()
    assert one.sees() == {"one": UP, "two": DRAINING}
    assert not two.nodes.record.starting


async def test_a_wish_to_end_that_came_while_a_node_started_is_heard_later(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two", starting=True)
    await one.nodes.ask_drain("two")
    await two.nodes.look()
    told: list[str] = []
    two.nodes.on_drain(lambda: told.append("two"))
    assert told == ["two"]


async def test_who_leaves_in_order_is_gone_at_once(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    town.citizens.remove(two)
    await two.nodes.stop()
    assert one.sees() == {"one": UP}
    assert [node.record.node_id for node in one.nodes.view()] == ["one"]
    await town.passes(5)
    assert one.sees() == {"one": UP}
    await town.settles("two")
    assert one.sees() == {"one": UP, "two": UP}


async def test_leaving_while_the_database_is_away_ends_with_the_lease(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    town.citizens.remove(two)
    town.stores["two"].away = True
    await two.nodes.stop()
    assert one.sees() == {"one": UP}


async def test_a_wish_to_drain_reaches_the_node_once(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    asked = await one.nodes.ask_drain("two")
    assert asked.record.node_id == "two"
    await town.passes(5)
    assert (one.drains, two.drains) == (0, 1)
    with pytest.raises(ChatError) as refused:
        await one.nodes.ask_drain("nobody")
    assert refused.value.code is Code.NOT_FOUND


async def test_a_wish_to_drain_that_was_not_heard_is_read(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    two.wire.deaf = True
    await one.nodes.ask_drain("two")
    await town.passes(1)
    assert two.drains == 1


async def test_a_living_name_is_refused_with_a_sentence(town: Town) -> None:
    one = await town.settles("one")
    double = await town.settles("one", enters=False, lease_s=0.01)
    town.citizens.remove(double)
    # Between two tries the one who has the name renews, as the living do.
    tries = town.rows.enter

    async def enter(record: NodeRecord, lease_s: float, *, sole: bool = False) -> None:
        town.clock.advance(1)
        await one.nodes.renew()
        await tries(record, lease_s, sole=sole)

    town.rows.enter = enter  # type: ignore[method-assign]
    with pytest.raises(ChatError, match="A living node is called one; give this one another") as refused:
        await double.nodes.enter()
    assert refused.value.code is Code.CONFLICT


async def test_who_restarts_after_a_crash_waits_for_its_own_old_lease_and_cleans_up(town: Town) -> None:
    one, two = await town.settles("one"), await town.settles("two")
    old = two.nodes.incarnation
    two.dies()
    again = await town.settles("two", enters=False, lease_s=0.01)
    tries = town.rows.enter

    async def enter(record: NodeRecord, lease_s: float, *, sole: bool = False) -> None:
        town.clock.advance(3)
        await tries(record, lease_s, sole=sole)

    town.rows.enter = enter  # type: ignore[method-assign]
    await again.nodes.enter()
    assert again.swept == [old]
    assert one.sees() == {"one": UP, "two": UP}


async def test_whoever_is_alone_waits_for_nobody(town: Town) -> None:
    one = await town.settles("one", sole=True)
    old = one.nodes.incarnation
    one.dies()
    again = await town.settles("one", sole=True)
    assert again.sees() == {"one": UP}
    assert again.swept == [old]


async def test_nothing_is_left_of_the_crashes_of_whoever_is_alone(town: Town) -> None:
    for _ in range(3):
        one = await town.settles("one", sole=True, sweeps=False)
        one.dies()
        town.clock.advance(2 * HOUR)
    rows = await town.rows.nodes()
    assert [row.over for row in rows] == [False]


async def test_whoever_is_alone_leaves_its_disk_in_peace(town: Town) -> None:
    one = await town.settles("one", sole=True)
    (before,) = await town.rows.nodes()
    await town.passes(60)
    (after,) = await town.rows.nodes()
    assert before.until_ms == after.until_ms
    for clock in (town.clock, one.clock):
        clock.advance(9 * HOUR)
    await one.steps()
    assert (await town.rows.nodes())[0].until_ms > after.until_ms
    assert (one.sees(), one.voided) == ({"one": UP}, [])


async def test_what_a_winner_left_undone_is_done_by_another(town: Town) -> None:
    one, two, dead = await town.settles("one"), await town.settles("two"), await town.settles("dead")
    dead.dies()
    await town.passes(1)

    async def fails(record: NodeRecord) -> None:
        raise ChatError(Code.UNAVAILABLE)

    one.nodes.on_dead(fails)
    two.stands_still = True
    await town.passes(13)
    assert [row.dead for row in await town.rows.nodes() if row.record.node_id == "dead"] == [True]
    one.dies()
    two.stands_still = False
    await town.passes(12)
    assert dead.nodes.incarnation in two.swept


async def test_a_heartbeat_nobody_can_read_is_ignored(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    one = await town.settles("one")
    for payload in (b"", b"{}", b"\xff", b'{"type":"beat"}', b'{"type":"polka","x":1}'):
        one.wire.hear("nodes", payload)
    assert one.sees() == {"one": UP}
    assert "cannot be read" in caplog.text


async def test_one_failing_listener_leaves_the_others_told(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    one = await town.settles("one")

    def fails() -> None:
        raise ZeroDivisionError

    told: list[bool] = []
    one.nodes.on_change(fails)
    one.nodes.on_change(lambda: told.append(True))
    await town.settles("two")
    assert told
    assert "a listener failed" in caplog.text


async def test_the_loops_enter_renew_and_leave(town: Town) -> None:
    one = await town.settles("one", enters=False, heartbeat_s=0.001, look_s=0.001, lease_s=0.01)
    await one.nodes.start()
    two = await town.settles("two")
    assert one.sees() == {"one": UP, "two": UP}
    await one.nodes.stop()
    assert [row.left for row in await town.rows.nodes()] == [True, False]
    assert two.sees() == {"two": UP}


async def test_two_versions_live_side_by_side_until_the_level_is_raised(town: Town) -> None:
    old = await town.settles("old", level=1)
    new = await town.settles("new", level=2)
    with pytest.raises(ChatError, match=r"Not every node understands level 2: old \(unknown, level 1\)") as refused:
        await new.nodes.raise_level(2)
    assert refused.value.code is Code.CONFLICT
    assert await new.nodes.raise_level() == 1
    await old.nodes.stop()
    town.citizens.remove(old)
    third = await town.settles("third", level=3)
    assert await new.nodes.raise_level() == 2
    # Who missed the word reads it.
    await town.passes(3)
    assert (new.nodes.level, third.nodes.level) == (2, 2)
    with pytest.raises(TooOld):
        await town.settles("old", level=1)
    with pytest.raises(ChatError, match="at level 2 already, and a level never falls"):
        await new.nodes.raise_level(1)
