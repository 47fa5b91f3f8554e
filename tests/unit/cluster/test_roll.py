"""Sessions and presence over several nodes: who is seen where, and what a node leaves behind."""

from __future__ import annotations

import asyncio

import pytest
from support.seats import Node, a_town, until

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.cluster.model import Came
from hubbub.cluster.presence import PresenceState

ROMEO, JULIET, NURSE = (letter * 32 for letter in "abc")
ONLINE, OFFLINE, DROPPED = PresenceState.ONLINE, PresenceState.OFFLINE, PresenceState.DROPPED


async def settled(*nodes: Node) -> None:
    """Wait until everything these nodes had to write is written."""
    await until(lambda: all(node.roll.unwritten == 0 for node in nodes))


# ---------------------------------------------------------------- presence across nodes


@pytest.mark.parametrize(("logged_out", "state"), [(True, OFFLINE), (False, DROPPED)])
async def test_a_person_is_seen_from_another_node_to_come_and_to_leave(logged_out: bool, state: PresenceState) -> None:
    async with a_town() as (_, (a, b)):
        eye = await b.watches(ROMEO, JULIET)
        romeo = await a.enter(ROMEO)
        await until(lambda: eye.seen == [(ROMEO, ONLINE)])
        assert await b.state(ROMEO) is ONLINE
        (romeo.logs_out if logged_out else romeo.drops)()
        await until(lambda: eye.seen == [(ROMEO, ONLINE), (ROMEO, state)])
        assert [await node.state(ROMEO) for node in (a, b)] == [state, state]
        assert await b.state(JULIET) is OFFLINE


async def test_how_somebody_left_is_known_at_a_node_that_did_not_watch() -> None:
    async with a_town() as (town, (a, b)):
        for user_id, logged_out in ((ROMEO, True), (JULIET, False)):
            chair = await a.enter(user_id)
            (chair.logs_out if logged_out else chair.drops)()
        await settled(a)
        at_ms = town.clock.now_ms()
        found = await b.registry.presence([JULIET, ROMEO, NURSE])
        assert [(one.state, one.last_seen_ms) for one in found] == [(DROPPED, at_ms), (OFFLINE, at_ms), (OFFLINE, 0)]


async def test_a_person_is_online_while_any_session_of_theirs_is_open_anywhere() -> None:
    async with a_town() as (_, (a, b)):
        here, there = await a.enter(ROMEO), await b.enter(ROMEO)
        await settled(a, b)
        eyes = [await node.watches(ROMEO) for node in (a, b)]
        here.logs_out()
        await settled(a)
        assert [await node.state(ROMEO) for node in (a, b)] == [ONLINE, ONLINE]
        there.drops()
        await until(lambda: all(eye.seen == [(ROMEO, DROPPED)] for eye in eyes))


async def test_a_page_of_who_is_online_spans_the_nodes() -> None:
    async with a_town() as (_, (a, b)):
        for node, user_id in ((a, ROMEO), (b, JULIET), (a, NURSE), (b, NURSE)):
            await node.enter(user_id)
        await settled(a, b)
        for node in (a, b):
            first = await node.registry.online_after("", 2)
            rest = await node.registry.online_after(first[-1].user_id, 10)
            assert [one.user_id for one in [*first, *rest]] == [ROMEO, JULIET, NURSE]
        late = await a.enter("d" * 32)
        assert [one.user_id for one in await a.registry.online_after(NURSE, 10)] == [late.user_id], (
            "before it is written"
        )


async def test_nobody_hears_twice_what_they_know() -> None:
    async with a_town() as (_, (a, b)):
        eye = await b.watches(ROMEO)
        for _ in range(3):
            await a.enter(ROMEO)
            await settled(a)
        await b.enter(ROMEO)
        late = await b.watches(ROMEO)
        await settled(a, b)
        assert (eye.seen, late.seen) == ([(ROMEO, ONLINE)], [])


async def test_a_change_between_listening_and_reading_is_not_missed() -> None:
    async with a_town() as (_, (a, b)):
        eye = await b.watches(JULIET)
        watching = asyncio.ensure_future(b.registry.watch(eye, [ROMEO]))
        romeo = await a.enter(ROMEO)
        await watching
        await settled(a)
        romeo.drops()
        await b.registry.presence([ROMEO])
        await until(lambda: eye.seen[-1:] == [(ROMEO, DROPPED)])


async def test_whom_somebody_watches_already_is_not_asked_for_again() -> None:
    async with a_town() as (town, (a, b)):
        people = [f"{number:032x}" for number in range(400)]
        await b.watches(*people)
        asked = town.rows.questions
        second = await b.watches(*people)
        assert town.rows.questions == asked
        await a.enter(people[0])
        await until(lambda: second.seen == [(people[0], ONLINE)])
        asked = town.rows.questions
        assert await b.state(people[0]) is ONLINE
        assert town.rows.questions == asked


async def test_what_was_guessed_without_a_database_is_not_believed_later() -> None:
    async with a_town() as (town, (a, b)):
        await a.enter(ROMEO)
        await settled(a)
        town.rows.away = True
        await b.watches(ROMEO)
        assert await b.state(ROMEO) is OFFLINE
        town.rows.away = False
        assert await b.state(ROMEO) is ONLINE


async def test_a_node_listens_only_to_the_buckets_of_those_it_watches() -> None:
    async with a_town() as (_, (a, b)):
        eye = await b.watches(ROMEO)
        asked = b.wire.listening
        assert len([subject for subject in asked if subject.startswith("presence.")]) == 1
        b.registry.unwatch(eye)
        await b.registry.save()
        assert not [subject for subject in b.wire.listening if subject.startswith("presence.")]
        await a.enter(ROMEO)
        await settled(a)
        assert eye.seen == []


async def test_what_a_lost_signal_said_is_found_by_looking_again() -> None:
    async with a_town() as (town, (a, b)):
        eye = await b.watches(ROMEO)
        town.air.away = True
        await a.enter(ROMEO)
        await settled(a)
        assert eye.seen == []
        town.clock.advance(61)
        await b.registry.save()
        await until(lambda: eye.seen == [(ROMEO, ONLINE)])


async def test_without_a_bus_a_node_still_tells_its_own_watchers() -> None:
    async with a_town() as (town, (a, _)):
        eye = await a.watches(ROMEO)
        town.air.away = True
        romeo = await a.enter(ROMEO)
        romeo.logs_out()
        await until(lambda: eye.seen == [(ROMEO, ONLINE), (ROMEO, OFFLINE)])


# ---------------------------------------------------------------- rows


async def test_a_burst_of_sessions_is_written_in_few_transactions() -> None:
    async with a_town() as (town, (a, _)):
        chairs = [await a.enter(f"{number:032x}") for number in range(1_200)]
        await settled(a)
        assert town.rows.writes <= 4
        for chair in chairs:
            chair.drops()
        await settled(a)
        assert town.rows.writes <= 8
        assert await a.registry.online_after("", 10) == []


async def test_a_session_that_ends_before_it_was_written_leaves_no_row() -> None:
    async with a_town() as (town, (a, b)):
        romeo = await a.enter(ROMEO)
        romeo.drops()
        await settled(a)
        assert await town.rows.sessions_of([ROMEO]) == []
        assert await b.state(ROMEO) is DROPPED


async def test_a_database_that_is_away_closes_no_session_and_gets_its_rows_later() -> None:
    async with a_town() as (town, (a, b)):
        eye = await b.watches(ROMEO, JULIET)
        stays = await a.enter(ROMEO)
        await settled(a)
        town.rows.away = True
        goes = await a.enter(JULIET)
        goes.drops()
        nurse = await a.enter(NURSE)
        await until(lambda: town.rows.questions > 3)
        assert not stays.was_ousted
        assert not nurse.was_ousted
        assert await b.state(NURSE) is OFFLINE, "best effort"
        town.rows.away = False
        await settled(a)
        await until(lambda: (JULIET, DROPPED) in eye.seen)
        assert await b.state(NURSE) is ONLINE


async def test_times_of_leaving_are_saved_as_ever() -> None:
    async with a_town() as (town, (a, _)):
        (await a.enter(ROMEO)).drops()
        await a.registry.save()
        assert town.last_seen == {ROMEO: town.clock.now_ms()}


# ---------------------------------------------------------------- the dead


async def test_the_people_of_a_dead_node_are_told_offline_once_and_its_rows_are_gone() -> None:
    async with a_town("many", "a", "b", "c") as (town, (a, b, c)):
        eyes = [await node.watches(ROMEO, JULIET) for node in (b, c)]
        await a.enter(ROMEO)
        await a.enter(JULIET)
        await c.enter(JULIET)
        await settled(a, c)
        await until(lambda: all(len(eye.seen) == 2 for eye in eyes))
        await town.crash(a)
        await town.lapse()
        assert await b.state(ROMEO) is ONLINE, "nobody buried it yet"
        await town.bury(a, by=b)
        await c.roll.node_died(a.record)
        for eye in eyes:
            await until(lambda eye=eye: (ROMEO, DROPPED) in eye.seen)  # type: ignore[misc]
            assert len(eye.seen) == 3
        assert [row.incarnation for row in await town.rows.sessions_of([ROMEO, JULIET])] == [c.record.incarnation]
        assert await c.state(ROMEO) is DROPPED
        assert await b.state(JULIET) is ONLINE


async def test_the_same_device_ends_its_session_at_another_node_and_no_other_device_does() -> None:
    async with a_town() as (_, (a, b)):
        device = new_id()
        older, other = await a.enter(ROMEO, device), await a.enter(ROMEO)
        await settled(a)
        newer = await b.enter(ROMEO, device)
        await until(lambda: older.was_ousted)
        await settled(a, b)
        assert not newer.was_ousted
        assert not other.was_ousted


async def test_of_one_device_that_comes_to_two_nodes_at_once_one_session_stays() -> None:
    async with a_town() as (_, (a, b)):
        device = new_id()
        chairs = [await node.enter(ROMEO, device) for node in (a, b)]
        await until(lambda: any(chair.was_ousted for chair in chairs))
        await settled(a, b)
        assert sum(chair.was_ousted for chair in chairs) == 1


async def test_a_hello_that_lay_in_a_connection_its_client_gave_up_replaces_nobody() -> None:
    async with a_town() as (town, (a, b)):
        device, now_ms = new_id(), town.clock.now_ms()
        second = b.chair(ROMEO, device)
        second.came = Came(now_ms, "a run", 2)
        await b.registry.admit(second)
        await settled(b)
        # It was said first, and is read two seconds after the second.
        first = a.chair(ROMEO, device)
        first.came = Came(now_ms + 2_000, "a run", 1)
        await a.registry.admit(first)
        await until(lambda: first.was_ousted or second.was_ousted)
        await settled(a, b)
        assert (first.was_ousted, second.was_ousted) == (True, False)


async def test_a_session_that_ended_before_the_rows_were_read_replaces_nobody() -> None:
    async with a_town() as (town, (a, b)):
        device, now_ms = new_id(), town.clock.now_ms()
        stays, brief = b.chair(ROMEO, device), a.chair(ROMEO, device)
        stays.came, brief.came = Came(now_ms), Came(now_ms + 1)
        await b.registry.admit(stays)
        await settled(b)
        await a.registry.admit(brief)
        a.registry.leave(brief, logged_out=False)
        await settled(a, b)
        assert not stays.was_ousted


async def test_another_run_of_the_program_goes_by_time() -> None:
    assert Came(2, "one", 1).after(Came(1, "another", 7))
    assert Came(1, "one", 2).after(Came(2, "one", 1))
    assert not Came(2, "", 0).after(Came(2, "", 0))


async def test_of_one_device_the_session_that_came_later_stays_though_it_was_stored_first() -> None:
    async with a_town() as (town, (a, b)):
        device = new_id()
        came_ms = town.clock.now_ms()
        later = b.chair(ROMEO, device)
        later.came = Came(came_ms + 1_000)
        await b.registry.admit(later)
        await settled(b)
        town.clock.advance(5)
        earlier = a.chair(ROMEO, device)
        earlier.came = Came(came_ms)
        await a.registry.admit(earlier)
        await until(lambda: earlier.was_ousted or later.was_ousted)
        await settled(a, b)
        assert (earlier.was_ousted, later.was_ousted) == (True, False)


async def test_the_node_of_a_login_is_found_by_its_rows() -> None:
    async with a_town() as (_, (a, b)):
        phone = await b.enter(ROMEO)
        await a.enter(ROMEO)
        await settled(a, b)
        assert await a.roll.seat_of(ROMEO, phone.device_id) == b.record.incarnation
        assert await a.roll.seat_of(ROMEO, new_id()) == ""
        phone.logs_out()
        await settled(b)
        assert await a.roll.seat_of(ROMEO, phone.device_id) == ""


# ---------------------------------------------------------------- one session: reject


async def refused(entering: object) -> Code:
    with pytest.raises(ChatError) as told:
        await entering  # type: ignore[misc]
    return told.value.code


async def test_a_second_device_is_refused_wherever_the_first_one_is() -> None:
    async with a_town("reject") as (_, (a, b)):
        first = await a.enter(ROMEO)
        for node in (a, b):
            assert await refused(node.enter(ROMEO)) is Code.SESSION_REFUSED
        await b.enter(JULIET)
        first.logs_out()
        await settled(a)
        await b.enter(ROMEO)
        assert await refused(a.enter(ROMEO)) is Code.SESSION_REFUSED


async def test_of_two_who_race_for_the_only_place_exactly_one_wins() -> None:
    for _ in range(20):
        async with a_town("reject", "a", "b", "c") as (_, nodes):
            entering = [node.enter(ROMEO) for node in nodes for _ in range(3)]
            ended = await asyncio.gather(*entering, return_exceptions=True)
            lost = [one for one in ended if isinstance(one, ChatError)]
            assert {one.code for one in lost} == {Code.SESSION_REFUSED}
            assert len(lost) == len(ended) - 1
            assert sum(node.registry.online for node in nodes) == 1


async def test_the_same_device_is_never_in_its_own_way() -> None:
    async with a_town("reject") as (_, (a, b)):
        device = new_id()
        older = await a.enter(ROMEO, device)
        await b.enter(ROMEO, device)
        await until(lambda: older.was_ousted)


async def test_a_session_whose_peer_is_silent_at_another_node_gives_way() -> None:
    async with a_town("reject") as (_, (a, b)):
        silent = await a.enter(ROMEO)
        silent.gone = True
        await b.enter(ROMEO)
        assert silent.was_ousted


@pytest.mark.parametrize("policy", ["reject", "replace"])
async def test_a_crash_leaves_no_blocked_login(policy: str) -> None:
    async with a_town(policy) as (town, (a, b)):  # type: ignore[arg-type]
        await a.enter(ROMEO)
        await settled(a)
        await town.crash(a)
        if policy == "reject":
            assert await refused(b.enter(ROMEO)) is Code.SESSION_REFUSED, "while its lease runs it may live"
            await town.lapse()
        await b.enter(ROMEO)
        assert b.registry.online == 1


async def test_a_slot_that_was_taken_for_a_session_that_never_was_blocks_nobody() -> None:
    async with a_town("reject") as (town, (a, b)):
        lost = a.roll.row(new_id(), ROMEO, new_id())
        assert (await town.rows.take_slot(lost)).taken
        await b.enter(ROMEO)


async def test_a_session_that_ends_while_it_waits_for_its_slot_frees_it() -> None:
    async with a_town("reject") as (_, (a, b)):
        chair = a.chair(ROMEO)
        entering = asyncio.ensure_future(a.registry.admit(chair))
        await asyncio.sleep(0)
        chair.drops()
        with pytest.raises(ChatError):
            await entering
        await settled(a)
        await b.enter(ROMEO)


async def test_nobody_waits_for_a_slot_while_the_database_is_away() -> None:
    async with a_town("reject") as (town, (a, _)):
        town.rows.away = True
        assert await refused(a.enter(ROMEO)) is Code.UNAVAILABLE
        town.rows.away = False
        await a.enter(ROMEO)


# ---------------------------------------------------------------- one session: replace


async def test_a_newer_session_replaces_an_older_one_at_another_node() -> None:
    async with a_town("replace") as (_, (a, b)):
        eye = await b.watches(ROMEO)
        older = await a.enter(ROMEO)
        newer = await b.enter(ROMEO)
        await until(lambda: older.was_ousted)
        await settled(a, b)
        assert not newer.was_ousted
        assert await a.state(ROMEO) is ONLINE
        assert eye.seen == [(ROMEO, ONLINE)], "nobody saw a gap"


async def test_of_many_who_replace_each_other_at_once_exactly_one_remains_and_the_others_are_told() -> None:
    for _ in range(20):
        async with a_town("replace", "a", "b", "c") as (_, nodes):
            chairs = [node.chair(ROMEO) for node in nodes for _ in range(3)]
            entering = [chair.node.registry.admit(chair) for chair in chairs]
            ended = await asyncio.gather(*entering, return_exceptions=True)
            for one in ended:
                assert one is None or (isinstance(one, ChatError) and one.code is Code.SESSION_REPLACED), one
            await settled(*nodes)

            admitted = [chair for chair, one in zip(chairs, ended, strict=True) if one is None]
            await until(lambda admitted=admitted: sum(not chair.was_ousted for chair in admitted) == 1)  # type: ignore[misc]
            assert sum(node.registry.online for node in nodes) == 1


async def test_who_is_kicked_between_taking_its_slot_and_its_seat_is_not_served() -> None:
    async with a_town("replace") as (town, (a, b)):
        answer = town.rows.answer = asyncio.Event()
        entering = asyncio.ensure_future(a.registry.admit(a.chair(ROMEO)))
        await until(lambda: town.rows.answer is None)
        await b.enter(ROMEO)
        answer.set()
        assert await refused(entering) is Code.SESSION_REPLACED
        await settled(a, b)
        assert (a.registry.online, b.registry.online) == (0, 1)
        assert [row.node_id for row in await town.rows.slots([ROMEO])] == ["b"]


async def test_a_kick_that_was_lost_is_found_by_looking_at_the_slots() -> None:
    async with a_town("replace") as (town, (a, b)):
        older, other = await a.enter(ROMEO), await a.enter(JULIET)
        town.air.away = True
        newer = await b.enter(ROMEO)
        assert not older.was_ousted
        for node in (a, b):
            await node.roll.slots.check()
        assert older.was_ousted
        assert not newer.was_ousted
        assert not other.was_ousted


async def test_a_policy_that_became_stricter_holds_for_who_connects_from_then_on() -> None:
    async with a_town("many") as (town, (a, b)):
        older = [await node.enter(ROMEO) for node in (a, a, b)]
        await settled(a, b)
        town.policy = "replace"
        for node in (a, b):
            await node.roll.slots.check()
        assert not any(chair.was_ousted for chair in older)
        await b.enter(ROMEO)
        await until(lambda: all(chair.was_ousted for chair in older))
        town.policy = "many"
        await a.enter(ROMEO)
        await b.enter(ROMEO)
        await settled(a, b)
        assert a.registry.online == b.registry.online == 1
