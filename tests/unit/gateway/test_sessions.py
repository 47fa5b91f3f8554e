"""Who may be connected, who is seen to be, and who is sent away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.fake_chat import an_id
from support.gateways import a_house

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat.ports import LoginEnded
from hubbub.cluster.model import NO_TIME, Came
from hubbub.cluster.sessions import Policy, Presence, PresenceState, SessionRegistry
from hubbub.wire import hubbub_pb2 as pb

ROMEO, JULIET, NURSE = an_id("romeo"), an_id("juliet"), an_id("nurse")
ONLINE, OFFLINE, DROPPED = PresenceState.ONLINE, PresenceState.OFFLINE, PresenceState.DROPPED
ON_THE_WIRE = {pb.PRESENCE_STATE_ONLINE: ONLINE, pb.PRESENCE_STATE_OFFLINE: OFFLINE, pb.PRESENCE_STATE_DROPPED: DROPPED}


class Chair:
    """A seat without a session."""

    def __init__(self, registry: SessionRegistry, user_id: str, device_id: str, *, gone: bool = False) -> None:
        self.registry = registry
        self.id = new_id()
        self.user_id = user_id
        self.device_id = device_id
        self.came = NO_TIME
        self.gone = gone
        self.was_ousted = False

    def ousted(self) -> None:
        self.was_ousted = True
        self.registry.leave(self, logged_out=False)

    def seems_gone(self) -> bool:
        return self.gone


class Eye:
    """A watcher that writes down what it sees."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, PresenceState]] = []

    def presence_changed(self, presence: Presence) -> None:
        self.seen.append((presence.user_id, presence.state))


async def two_devices(policy: Policy, *, gone: bool = False) -> tuple[Chair, Chair]:
    registry = SessionRegistry(ManualClock(), lambda: policy)
    older, newer = Chair(registry, ROMEO, "phone", gone=gone), Chair(registry, ROMEO, "tablet")
    await registry.admit(older)
    await registry.admit(newer)
    return older, newer


async def test_many_devices_live_side_by_side() -> None:
    older, newer = await two_devices("many")
    assert not older.was_ousted
    assert not newer.was_ousted


async def test_the_newer_device_replaces_the_older() -> None:
    older, newer = await two_devices("replace")
    assert older.was_ousted
    assert not newer.was_ousted


async def test_the_newer_device_is_refused_while_the_older_is_there() -> None:
    with pytest.raises(ChatError) as caught:
        await two_devices("reject")
    assert caught.value.code is Code.SESSION_REFUSED


async def test_a_stale_login_after_a_crash_does_not_block_the_next_one() -> None:
    older, newer = await two_devices("reject", gone=True)
    assert older.was_ousted
    assert not newer.was_ousted


@pytest.mark.parametrize("policy", ["many", "replace", "reject"])
async def test_the_same_device_always_replaces_itself_unseen(policy: Policy) -> None:
    registry = SessionRegistry(ManualClock(), lambda: policy)
    eye = Eye()
    await registry.watch(eye, [ROMEO])
    older, newer = Chair(registry, ROMEO, "phone"), Chair(registry, ROMEO, "phone")
    await registry.admit(older)
    await registry.admit(newer)
    assert older.was_ousted
    assert eye.seen == [(ROMEO, ONLINE)]


async def test_leaving_by_logout_and_by_a_drop_are_told_apart() -> None:
    clock = ManualClock()
    registry = SessionRegistry(clock)
    eye = Eye()
    await registry.watch(eye, [ROMEO, JULIET])
    for user_id, logged_out in ((ROMEO, True), (JULIET, False)):
        chair = Chair(registry, user_id, "phone")
        await registry.admit(chair)
        registry.leave(chair, logged_out=logged_out)
        registry.leave(chair, logged_out=logged_out)
    assert eye.seen == [(ROMEO, ONLINE), (ROMEO, OFFLINE), (JULIET, ONLINE), (JULIET, DROPPED)]
    states = {each.user_id: each.state for each in await registry.presence([ROMEO, JULIET, NURSE])}
    assert states == {ROMEO: OFFLINE, JULIET: DROPPED, NURSE: OFFLINE}


async def test_a_person_is_online_until_the_last_device_leaves() -> None:
    registry = SessionRegistry(ManualClock())
    phone, tablet = Chair(registry, ROMEO, "phone"), Chair(registry, ROMEO, "tablet")
    await registry.admit(phone)
    await registry.admit(tablet)
    registry.leave(phone, logged_out=True)
    assert [each.user_id for each in await registry.online_after("", 10)] == [ROMEO]
    registry.leave(tablet, logged_out=True)
    assert registry.online == 0


async def test_who_is_online_is_paged_by_id() -> None:
    registry = SessionRegistry(ManualClock())
    names = [f"{number:032x}" for number in (5, 1, 4, 2, 3)]
    for name in names:
        await registry.admit(Chair(registry, name, "phone"))
    first = [each.user_id for each in await registry.online_after("", 2)]
    rest = [each.user_id for each in await registry.online_after(first[-1], 10)]
    assert first + rest == sorted(names)


async def test_times_of_leaving_are_saved_in_batches_and_kept_when_that_fails() -> None:
    saved: list[Any] = []
    broken = True

    async def save(seen: Any) -> None:
        if broken:
            raise ChatError(Code.UNAVAILABLE)
        saved.append(seen)

    clock = ManualClock(1000)
    registry = SessionRegistry(clock, save_last_seen=save)
    for user_id in (ROMEO, JULIET):
        chair = Chair(registry, user_id, "phone")
        await registry.admit(chair)
        registry.leave(chair, logged_out=False)
    await registry.save()
    broken = False
    await registry.save()
    await registry.save()
    assert saved == [[(ROMEO, 1000), (JULIET, 1000)]]


async def test_who_is_not_here_was_last_seen_when_the_store_says() -> None:
    async def load(user_ids: Any) -> dict[str, int]:
        return {NURSE: 77} if NURSE in user_ids else {}

    registry = SessionRegistry(ManualClock(), load_last_seen=load)
    assert await registry.presence([NURSE]) == [Presence(NURSE, OFFLINE, 77)]


async def test_a_seat_is_not_taken_by_what_its_device_said_before() -> None:
    registry = SessionRegistry(ManualClock())
    second, first = Chair(registry, ROMEO, "phone"), Chair(registry, ROMEO, "phone")
    second.came, first.came = Came(1, "a run", 2), Came(2, "a run", 1)
    await registry.admit(second)
    with pytest.raises(ChatError) as refused:
        await registry.admit(first)
    assert refused.value.code is Code.UNAVAILABLE
    assert not second.was_ousted


async def test_watching_anew_replaces_the_old_set() -> None:
    registry = SessionRegistry(ManualClock())
    eye = Eye()
    await registry.watch(eye, [ROMEO])
    await registry.watch(eye, [JULIET])
    await registry.admit(Chair(registry, ROMEO, "phone"))
    assert eye.seen == []
    registry.unwatch(eye)
    await registry.admit(Chair(registry, JULIET, "phone"))
    assert eye.seen == []


# ---------------------------------------------------------------- on sockets


async def test_replace_ends_the_older_socket_with_a_code() -> None:
    async with a_house(login_policy="replace") as house:
        older = await house.enter("romeo", "phone")
        async with await house.enter("romeo", "tablet") as newer:
            assert await older.closed() == (4409, "session_replaced")
            assert (await newer.ask(ping=pb.Ping())).WhichOneof("body") == "pong"


async def test_reject_refuses_the_newer_socket_with_a_code() -> None:
    async with a_house(login_policy="reject") as house, await house.enter("romeo", "phone") as older:
        newer = await house.connect()
        await newer.tell(hello=pb.Hello(protocol=1, token="romeo/tablet"))
        assert await newer.closed() == (4423, "session_refused")
        assert (await older.ask(ping=pb.Ping())).WhichOneof("body") == "pong"
        assert house.gateway.sessions == 1


async def test_the_same_device_may_always_come_back() -> None:
    async with a_house(login_policy="reject") as house:
        older = await house.enter("romeo", "phone")
        async with await house.enter("romeo", "phone") as newer:
            assert await older.closed() == (4409, "session_replaced")
            assert (await newer.ask(ping=pb.Ping())).WhichOneof("body") == "pong"


async def test_an_ended_login_closes_its_sockets_at_once() -> None:
    async with a_house() as house:
        phone, tablet = await house.enter("romeo", "phone"), await house.enter("romeo", "tablet")
        await house.bus.publish([LoginEnded(ROMEO, an_id("tablet"))])
        assert await tablet.closed() == (4410, "session_ended")
        assert (await phone.ask(ping=pb.Ping())).WhichOneof("body") == "pong"
        await house.bus.publish([LoginEnded(ROMEO)])
        assert await phone.closed() == (4410, "session_ended")
        assert house.gateway.people == 0


async def test_presence_is_pushed_to_those_who_watch() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        answer = await romeo.ask(watch_presence=pb.WatchPresence(user_ids=[JULIET, ROMEO]))
        states = [(each.user_id, ON_THE_WIRE[each.state]) for each in answer.presence_page.presences]
        assert states == [(JULIET, OFFLINE), (ROMEO, ONLINE)]
        juliet = await house.enter("juliet")
        assert ON_THE_WIRE[(await romeo.push("presence")).presence.state] == ONLINE
        await juliet.leave()
        assert ON_THE_WIRE[(await romeo.push("presence")).presence.state] == DROPPED
        juliet = await house.enter("juliet")
        assert ON_THE_WIRE[(await romeo.push("presence")).presence.state] == ONLINE
        await juliet.ask(logout=pb.Logout())
        gone = (await romeo.push("presence")).presence
        assert ON_THE_WIRE[gone.state] is OFFLINE
        assert gone.last_seen_ms > 0
        await juliet.leave()


async def test_who_has_blocked_somebody_is_never_there_for_them() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        house.chat.blocks.add((NURSE, ROMEO))
        answer = await romeo.ask(watch_presence=pb.WatchPresence(user_ids=[NURSE, JULIET]))
        shown = [(each.user_id, ON_THE_WIRE[each.state]) for each in answer.presence_page.presences]
        assert shown == [(NURSE, OFFLINE), (JULIET, OFFLINE)]
        async with await house.enter("nurse"), await house.enter("juliet"):
            assert (await romeo.push("presence")).presence.user_id == JULIET
            again = (await romeo.ask(watch_presence=pb.WatchPresence(user_ids=[NURSE]))).presence_page
            assert [(ON_THE_WIRE[each.state], each.last_seen_ms) for each in again.presences] == [(OFFLINE, 0)]
            online = (await romeo.ask(list_online=pb.ListOnline())).presence_page
            assert [each.user_id for each in online.presences] == [JULIET, ROMEO]


async def test_the_list_of_who_is_online_is_paged() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo, await house.enter("juliet"):
        first = (await romeo.ask(list_online=pb.ListOnline(limit=1))).presence_page
        assert [each.user_id for each in first.presences] == [JULIET]
        second = (await romeo.ask(list_online=pb.ListOnline(cursor=first.next_cursor, limit=1))).presence_page
        assert [each.user_id for each in second.presences] == [ROMEO]
        assert second.next_cursor == ""
        assert (await romeo.ask(list_online=pb.ListOnline(cursor="x"))).error.code == "bad_cursor"


async def test_watching_too_many_people_is_a_bad_request() -> None:
    async with a_house(watch_limit=1) as house, await house.enter("romeo") as romeo:
        answer = await romeo.ask(watch_presence=pb.WatchPresence(user_ids=[JULIET, NURSE]))
        assert answer.error.code == "bad_request"


async def test_stopping_tells_everybody_to_come_back() -> None:
    async with a_house() as house:
        romeo = await house.enter("romeo")
        stopping = asyncio.create_task(house.gateway.stop(drain_s=0.05))
        goaway = (await romeo.push("goaway")).goaway
        assert goaway.within_ms == 50
        assert await romeo.closed() == (1012, "going_away")
        await stopping
        assert house.seen == {ROMEO: house.seen[ROMEO]}
