"""Nodes die, pause, drain and return, and whoever asks notices a short wait at most."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from unit.bus.chats import ONE, TWO, Chats, chats, turns, until
from unit.chat.world import ANNA, BEN, CLEO, fresh_id, text

from hubbub.base.errors import ChatError, Code
from hubbub.bus import chat_codec
from hubbub.bus.calls import Peer
from hubbub.bus.chat_server import ChatServerSettings
from hubbub.bus.choosing import Choosing
from hubbub.bus.questions import RemoteChatSettings
from hubbub.chat.model import Accepted, Caller, ConversationKind, Have, MemberState, Submit


async def refusal(future: asyncio.Future[Accepted]) -> ChatError:
    with pytest.raises(ChatError) as caught:
        await future
    return caught.value


TEN = [f"{number}" for number in range(10)]


# ---------------------------------------------------------------- death


async def test_commands_in_flight_at_a_node_that_dies_are_stored_once_and_in_order_by_the_other() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        sent = stage.submits(ANNA, group, 10)
        stage.vanishes(stage.node_of(ANNA))
        accepted = await asyncio.gather(*sent)
        assert [each.seq for each in accepted] == list(range(2, 12))
        assert await stage.texts(group) == TEN


async def test_commands_a_dying_node_carried_out_without_answering_are_not_stored_again() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.falls_mute(first)
        sent = stage.submits(ANNA, group, 10)
        await turns(50)
        assert await stage.texts(group) == TEN
        stage.vanishes(first)
        accepted = await asyncio.gather(*sent)
        assert [(each.seq, each.repeated) for each in accepted] == [(seq, True) for seq in range(2, 12)]
        assert await stage.texts(group) == TEN


async def test_what_is_sent_after_the_death_of_a_node_does_not_overtake_what_was_open_there() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.pauses(first)
        early = stage.submits(ANNA, group, 3)
        await turns()
        stage.live.remove(first)
        late = stage.submits(ANNA, group, 2)
        await turns()
        assert not any(each.done() for each in late)
        stage.remote.node_lost(first)
        assert [each.seq for each in await asyncio.gather(*early, *late)] == [2, 3, 4, 5, 6]
        assert await stage.texts(group) == ["0", "1", "2", "0", "1"]


async def test_a_refusal_is_not_the_last_word_while_another_node_may_decide_otherwise() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(CLEO)
        stage.calls.pauses(first)
        [sent] = stage.submits(CLEO, group, 1)
        await turns()
        stage.remote.node_lost(first)
        assert (await refusal(sent)).code is Code.UNKNOWN_OUTCOME
        [again] = stage.submits(CLEO, group, 1)
        assert (await refusal(again)).code is Code.NOT_A_MEMBER


async def test_a_node_that_is_found_dead_by_a_ping_costs_less_than_a_second() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.falls_mute(first)
        [sent] = stage.submits(ANNA, group, 1)
        await turns()
        stage.calls.vanishes(first)
        await stage.time_passes(0.9)
        assert (await sent).seq == 2


async def test_every_other_command_is_done_once_when_its_node_dies() -> None:
    async with chats() as stage:
        channel = (
            await stage.nodes[ONE].create_conversation(
                Caller(CLEO), fresh_id(), ConversationKind.CHANNEL, title="The channel"
            )
        ).conversation.id
        first = stage.node_of(ANNA)
        anna = Caller(ANNA)
        stage.calls.falls_mute(first)
        made_id = fresh_id()

        async def group() -> str:
            made = await stage.remote.create_conversation(anna, made_id, ConversationKind.GROUP, title="Ours")
            return made.conversation.id

        async def direct() -> str:
            return (await stage.remote.open_direct(anna, BEN)).conversation.id

        async def join() -> str:
            return (await stage.remote.join(anna, channel)).conversation.id

        work = [asyncio.ensure_future(each) for each in (group(), direct(), join())]
        marks = asyncio.ensure_future(stage.remote.set_mark(anna, channel, 1, 1))
        await turns(100)
        stage.vanishes(first)
        # What a later command may undo is asked elsewhere only when it cannot be begun here any more.
        await stage.time_passes(1.3)
        made, opened, joined = await asyncio.gather(*work)
        await marks
        assert joined == channel
        mine, _ = await stage.remote.conversations(anna, "", 50)
        assert [state.conversation.id for state in mine].count(made) == 1
        assert {made, opened, channel} <= {state.conversation.id for state in mine}


async def test_a_question_is_asked_elsewhere_when_its_node_dies() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.pauses(first)
        reading = asyncio.ensure_future(stage.remote.history(Caller(ANNA), group))
        await turns()
        stage.vanishes(first)
        assert (await reading).as_of == 1


async def test_typing_at_a_node_that_dies_is_forgotten_without_an_error() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.pauses(first)
        typing = asyncio.ensure_future(stage.remote.set_typing(Caller(ANNA), group, True))
        await turns()
        stage.vanishes(first)
        await typing
        assert stage.calls.asked == [first]


# ---------------------------------------------------------------- silence


async def test_a_paused_node_is_given_up_within_two_seconds_and_its_late_answers_are_ignored() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.falls_mute(first)
        sent = stage.submits(ANNA, group, 10)
        await stage.time_passes(1.7)
        accepted = await asyncio.gather(*sent)
        assert all(each.repeated for each in accepted)
        stage.calls.speaks(first)
        await turns()
        assert await stage.texts(group) == TEN
        assert stage.remote.waiting == 0


async def test_a_node_that_waits_for_its_database_is_not_taken_for_dead() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        held = asyncio.Event()
        stage.store_waits_for(held)
        sent = stage.submits(ANNA, group, 3)
        await stage.time_passes(5.0)
        held.set()
        await asyncio.gather(*sent)
        assert set(stage.calls.asked) == {first}
        assert await stage.texts(group) == TEN[:3]


async def test_a_node_that_was_given_up_is_asked_again_once_it_answers() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.pauses(first)
        sent = stage.submits(ANNA, group, 1)
        await stage.time_passes(1.7)
        await asyncio.gather(*sent)
        stage.calls.resumes(first)
        # What it read first after its pause is turned away; see the tests of the server.
        await stage.time_passes(3.0)
        stage.calls.asked.clear()
        await asyncio.gather(*stage.submits(ANNA, group, 1))
        assert stage.calls.asked == [first]


async def test_a_gateway_that_stood_still_itself_gives_nobody_up() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.falls_mute(first)
        sent = stage.submits(ANNA, group, 1)
        await turns()
        stage.clock.advance(30.0)
        stage.remote.tick()
        stage.calls.speaks(first)
        await asyncio.gather(*sent)
        assert stage.calls.asked == [first]


async def test_an_answer_that_the_bus_dropped_is_asked_for_again() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.calls.drops_answers = 2
        sent = stage.submits(ANNA, group, 3)
        reading = asyncio.ensure_future(stage.remote.history(Caller(ANNA), group))
        await stage.time_passes(2.0)
        assert [each.done() for each in sent] == [False, False, True]
        await stage.time_passes(1.2)
        assert [(each.seq, each.repeated) for each in await asyncio.gather(*sent)] == [
            (2, True),
            (3, True),
            (4, False),
        ]
        await reading
        assert set(stage.calls.asked) == {first}


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_nothing_overtakes_a_command_that_the_bus_dropped(lost: int) -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.calls.drops_requests = lost
        early = stage.submits(ANNA, group, lost)
        await turns()
        late = stage.submits(ANNA, group, 2)
        await turns(60)
        assert [each.seq for each in await asyncio.gather(*early, *late)] == list(range(2, 4 + lost))
        assert await stage.texts(group) == [*TEN[:lost], "0", "1"]
        assert set(stage.calls.asked) == {stage.node_of(ANNA)}


async def test_a_ping_finds_that_the_bus_dropped_the_only_command() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.calls.drops_requests = 1
        [sent] = stage.submits(ANNA, group, 1)
        await stage.time_passes(0.9)
        assert (await sent).seq == 2


async def a_channel(stage: Chats) -> str:
    made = await stage.nodes[ONE].create_conversation(
        Caller(CLEO), fresh_id(), ConversationKind.CHANNEL, title="The channel"
    )
    return made.conversation.id


async def where(stage: Chats, channel: str) -> MemberState:
    """Return whether ANNA is in it."""
    return (await stage.nodes[ONE].conversation(Caller(ANNA), channel)).member.state


@pytest.mark.parametrize("there", [True, False], ids=["at the same node", "at another one"])
async def test_joining_whose_answer_was_lost_is_not_done_again_after_leaving(there: bool) -> None:
    async with chats() as stage:
        channel, anna = await a_channel(stage), Caller(ANNA)
        stage.calls.drops_answers = 1
        joining = asyncio.ensure_future(stage.remote.join(anna, channel))
        await turns(50)
        await stage.remote.leave(anna, channel, fresh_id())
        if there:
            await stage.time_passes(3.2)
        else:
            stage.vanishes(stage.node_of(ANNA))
        with pytest.raises(ChatError) as caught:
            await joining
        assert caught.value.code is Code.UNKNOWN_OUTCOME
        assert await where(stage, channel) is not MemberState.JOINED


async def test_joining_and_leaving_whose_answers_were_lost_are_done_again_in_that_order() -> None:
    async with chats() as stage:
        channel, anna = await a_channel(stage), Caller(ANNA)
        stage.calls.drops_answers = 2
        joining = asyncio.ensure_future(stage.remote.join(anna, channel))
        await turns(50)
        leaving = asyncio.ensure_future(stage.remote.leave(anna, channel, fresh_id()))
        await stage.time_passes(3.2)
        await asyncio.gather(joining, leaving)
        assert await where(stage, channel) is not MemberState.JOINED


async def test_a_method_that_the_node_does_not_know_yet_is_unavailable_and_the_node_is_not_blamed() -> None:
    async with chats() as stage:
        answer = await stage.calls.request(ONE, chat_codec.with_patience(b"\7tomorr0", 1.0), timeout_s=1.0)
        assert chat_codec.turned(answer) == "unknown_method"

        async def old(peer: Peer, request: bytes) -> bytes:
            return chat_codec.turned_away("unknown_method")

        before = "3" * 32
        await stage.calls.serve(before, old)
        stage.live = [before]
        with pytest.raises(ChatError, match="does not know conversations") as caught:
            await stage.remote.conversations(Caller(ANNA), "", 10)
        assert caught.value.code is Code.UNAVAILABLE
        stage.calls.asked.clear()
        with pytest.raises(ChatError):
            await stage.remote.conversations(Caller(ANNA), "", 10)
        assert stage.calls.asked == [before]


async def test_who_enters_by_way_of_an_older_node_is_told_the_same_in_two_questions() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        epoch = await stage.remote.epoch()
        entered = await stage.remote.enter(Caller(ANNA), epoch, 0, [Have(group, 0)])
        assert [page.conversation_id for page in entered.resumed.pages] == [group]

        async def old(peer: Peer, request: bytes) -> bytes:
            if chat_codec.opened(request)[1] == b"enter":
                return chat_codec.turned_away("unknown_method")
            return await stage.servers[ONE].answer(peer, request)

        before = "3" * 32
        await stage.calls.serve(before, old)
        stage.live = [before]
        assert await stage.remote.enter(Caller(ANNA), epoch, 0, [Have(group, 0)]) == entered
        assert stage.calls.asked[-3:] == [before] * 3


# ---------------------------------------------------------------- draining and joining


async def test_a_draining_node_is_left_without_an_error_and_in_order() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        sent = stage.submits(ANNA, group, 5)
        await turns(2)
        stopping = asyncio.ensure_future(stage.servers[first].stop())
        sent += stage.submits(ANNA, group, 5)
        accepted = await asyncio.gather(*sent)
        await stopping
        assert [each.seq for each in accepted] == list(range(2, 12))
        assert not any(each.repeated for each in accepted)
        assert await stage.texts(group) == TEN[:5] * 2


async def test_what_a_draining_node_has_open_it_answers_before_the_rest_goes_elsewhere() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        held = asyncio.Event()
        stage.store_waits_for(held)
        early = stage.submits(ANNA, group, 2)
        await turns()
        stage.servers[first].drain()
        late = stage.submits(ANNA, group, 2)
        await turns()
        assert set(stage.calls.asked) == {first}
        held.set()
        assert [each.seq for each in await asyncio.gather(*early, *late)] == [2, 3, 4, 5]
        assert stage.calls.asked[-2:] == [stage.other(first)] * 2


async def test_a_person_with_open_commands_stays_with_their_node_when_a_new_one_comes() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        stage.live = [stage.other(first)]
        early = stage.submits(ANNA, group, 2)
        stage.live = [ONE, TWO]
        late = stage.submits(ANNA, group, 2)
        await asyncio.gather(*early, *late)
        assert stage.calls.asked == [stage.other(first)] * 4
        await asyncio.gather(*stage.submits(ANNA, group, 1))
        assert stage.calls.asked[-1] == first


def test_people_are_spread_evenly_and_a_new_node_takes_its_share_from_all() -> None:
    people = [fresh_id() for _ in range(6_000)]
    choosing = Choosing()
    before = {each: choosing.choose(each, ("a" * 32, "b" * 32)) for each in people}
    after = {each: choosing.choose(each, ("a" * 32, "b" * 32, "c" * 32)) for each in people}
    assert all(count > 2_700 for count in Counter(before.values()).values())
    assert all(count > 1_800 for count in Counter(after.values()).values())
    assert all(after[each] in (before[each], "c" * 32) for each in people)


def test_everybody_chooses_alike() -> None:
    people = [fresh_id() for _ in range(100)]
    here, there = Choosing(), Choosing()
    assert [here.choose(each, (ONE, TWO)) for each in people] == [there.choose(each, (TWO, ONE)) for each in people]


async def test_questions_of_nobody_go_to_all_nodes_in_turn() -> None:
    async with chats() as stage:
        for _ in range(4):
            await stage.remote.epoch()
        assert Counter(stage.calls.asked) == {ONE: 2, TWO: 2}


# ---------------------------------------------------------------- nobody


async def test_a_submit_that_nobody_serves_is_unknown_so_that_every_client_tries_again() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.live.clear()
        [sent] = stage.submits(ANNA, group, 1)
        await stage.time_passes(1.2)
        problem = await refusal(sent)
        assert problem.code is Code.UNKNOWN_OUTCOME
        assert problem.retry
        assert 0 < problem.retry_after_s < 60


async def test_a_question_that_nobody_serves_is_unavailable_for_a_while() -> None:
    async with chats() as stage:
        stage.live.clear()
        reading = asyncio.ensure_future(stage.remote.epoch())
        await stage.time_passes(1.2)
        with pytest.raises(ChatError) as caught:
            await reading
        assert caught.value.code is Code.UNAVAILABLE
        assert caught.value.retry_after_s > 0


async def test_a_command_is_unavailable_if_nobody_can_have_carried_it_out_and_unknown_otherwise() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.live.clear()
        never = asyncio.ensure_future(stage.remote.hide(Caller(ANNA), group, 1))
        await stage.time_passes(1.2)
        with pytest.raises(ChatError) as caught:
            await never
        assert caught.value.code is Code.UNAVAILABLE
        stage.live = [ONE]
        stage.calls.falls_mute(ONE)
        perhaps = asyncio.ensure_future(stage.remote.hide(Caller(ANNA), group, 1))
        await turns()
        stage.live.clear()
        stage.vanishes(ONE)
        await stage.time_passes(1.2)
        with pytest.raises(ChatError) as caught:
            await perhaps
        assert caught.value.code is Code.UNKNOWN_OUTCOME


async def test_what_may_be_stored_is_not_refused_by_a_node_that_has_no_time_to_look() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        one = stage.node_of(ANNA)
        stage.calls.falls_mute(one)
        [sent] = stage.submits(ANNA, group, 1)
        await turns()
        await stage.nodes[stage.other(one)].stop()  # from now on it answers that it is not available
        stage.live.remove(one)
        stage.vanishes(one)
        await stage.time_passes(1.2)
        assert (await refusal(sent)).code is Code.UNKNOWN_OUTCOME


async def test_a_node_that_comes_within_a_second_serves_what_waited() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.live.clear()
        sent = stage.submits(ANNA, group, 10)
        await stage.time_passes(0.7)
        stage.live = [ONE]
        await stage.time_passes(0.2)
        await asyncio.gather(*sent)
        assert await stage.texts(group) == TEN


async def test_while_the_bus_is_away_commands_wait_a_second_and_no_node_is_blamed() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.calls.away = True
        sent = stage.submits(ANNA, group, 10)
        await stage.time_passes(0.6)
        assert not any(each.done() for each in sent)
        stage.calls.away = False
        await stage.time_passes(0.1)
        await asyncio.gather(*sent)
        assert await stage.texts(group) == TEN
        stage.calls.away = True
        [lost] = stage.submits(ANNA, group, 1)
        await stage.time_passes(1.2)
        assert (await refusal(lost)).code is Code.UNKNOWN_OUTCOME


async def test_commands_that_were_open_when_the_bus_broke_are_stored_once_and_in_order() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.calls.falls_mute(stage.node_of(ANNA))
        sent = stage.submits(ANNA, group, 10)
        await turns()
        stage.calls.away = True
        stage.calls.loses("disconnected")
        await stage.time_passes(0.3)
        stage.calls.away = False
        stage.calls.speaks(stage.node_of(ANNA))
        await stage.time_passes(0.2)
        await asyncio.gather(*sent)
        assert await stage.texts(group) == TEN


# ---------------------------------------------------------------- limits and ends


async def test_a_request_ends_with_its_deadline_however_often_it_was_asked() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        held = asyncio.Event()
        stage.store_waits_for(held)
        [sent] = stage.submits(ANNA, group, 1)
        await stage.time_passes(4.0)
        stage.remote.node_lost(stage.node_of(ANNA))
        assert stage.calls.waits[-1] == pytest.approx(6.0)
        await stage.time_passes(6.2)
        assert (await refusal(sent)).code is Code.UNKNOWN_OUTCOME
        assert stage.remote.waiting == 0
        held.set()


async def test_more_open_requests_than_the_limit_are_refused_as_overloaded() -> None:
    async with chats(RemoteChatSettings(open_limit=2)) as stage:
        group = await stage.group(ANNA, BEN)
        sent = stage.submits(ANNA, group, 3)
        problem = await refusal(sent[2])
        assert problem.code is Code.OVERLOADED
        assert problem.retry
        await asyncio.gather(*sent[:2])
        await asyncio.gather(*stage.submits(ANNA, group, 1))


async def test_only_so_many_requests_wait_for_a_node() -> None:
    async with chats(RemoteChatSettings(waiting_limit=2)) as stage:
        group = await stage.group(ANNA, BEN)
        stage.live.clear()
        sent = stage.submits(ANNA, group, 3)
        assert (await refusal(sent[2])).code is Code.UNKNOWN_OUTCOME
        stage.live = [ONE]
        await stage.time_passes(0.1)
        await asyncio.gather(*sent[:2])


async def test_stopping_fails_what_is_open_so_that_it_is_tried_again() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.calls.pauses(stage.node_of(ANNA))
        sent = stage.submits(ANNA, group, 3)
        stage.servers[stage.node_of(ANNA)].drain()
        await stage.remote.stop()
        sent += stage.submits(ANNA, group, 1)
        assert {(await refusal(each)).code for each in sent} == {Code.UNKNOWN_OUTCOME}
        assert stage.remote.waiting == 0


async def test_a_busy_peer_is_told_overloaded_and_submits_are_not_counted() -> None:
    async with chats(server_settings=ChatServerSettings(reads_per_peer=2, linger_s=0.0)) as stage:
        group = await stage.group(ANNA, BEN)
        held = asyncio.Event()
        stage.store_waits_for(held)
        who = Caller(ANNA)
        reads = [asyncio.ensure_future(stage.remote.hide(who, group, 1)) for _ in range(2)]
        await turns()
        with pytest.raises(ChatError) as caught:
            await stage.remote.hide(who, group, 1)
        assert caught.value.code is Code.OVERLOADED
        sent = stage.submits(ANNA, group, 5)
        held.set()
        await asyncio.gather(*reads, *sent)


async def test_what_waited_in_the_socket_of_a_paused_node_is_turned_away() -> None:
    async with chats() as stage:
        channel = (
            await stage.nodes[ONE].create_conversation(
                Caller(CLEO), fresh_id(), ConversationKind.CHANNEL, title="The channel"
            )
        ).conversation.id
        anna = Caller(ANNA)
        first = stage.node_of(ANNA)
        stage.calls.pauses(first)
        joining = asyncio.ensure_future(stage.remote.join(anna, channel))
        await turns()
        stage.live.remove(first)
        stage.remote.node_lost(first)
        await stage.time_passes(1.3)
        await joining
        await stage.remote.leave(anna, channel, fresh_id())
        # The node's loop stands still for as long as the process does.
        stage.clocks[first].advance(5.0)
        stage.servers[first].beat()
        stage.calls.resumes(first)
        await turns(50)
        assert (await stage.remote.members(anna, channel, "", 10))[1][0].user_id == CLEO
        mine, _ = await stage.remote.conversations(anna, "", 50)
        assert channel not in [state.conversation.id for state in mine]


async def test_a_command_that_a_link_held_up_is_not_carried_out_after_its_caller_went_on() -> None:
    async with chats() as stage:
        channel, anna = await a_channel(stage), Caller(ANNA)
        first = stage.node_of(ANNA)
        stage.calls.pauses(first)
        joining = asyncio.ensure_future(stage.remote.join(anna, channel))
        await turns()
        stage.live.remove(first)
        stage.remote.node_lost(first)
        await turns(50)
        assert not joining.done(), "the other node waits until this one cannot begin any more"
        await stage.time_passes(1.3)
        await joining
        await stage.remote.leave(anna, channel, fresh_id())
        # Nothing but the link stood still: the node does not know how long it took.
        stage.calls.resumes(first)
        await turns(50)
        assert await where(stage, channel) is not MemberState.JOINED


async def test_what_follows_a_command_that_waits_for_another_node_waits_with_it() -> None:
    async with chats() as stage:
        channel, group, anna = await a_channel(stage), await stage.group(ANNA, BEN), Caller(ANNA)
        first = stage.node_of(ANNA)
        early = stage.submits(ANNA, group, 1)
        stage.calls.pauses(first)
        joining = asyncio.ensure_future(stage.remote.join(anna, channel))
        await turns()
        late = stage.submits(ANNA, group, 1)
        stage.remote.node_lost(first)
        await asyncio.gather(*early)
        await stage.time_passes(0.5)
        assert not late[0].done()
        await stage.time_passes(0.8)
        await asyncio.gather(joining, *late)
        assert await stage.texts(group) == ["0", "0"]


async def test_a_command_is_begun_until_its_moment_and_not_after_it() -> None:
    async with chats() as stage:
        channel = await a_channel(stage)
        first = stage.node_of(ANNA)
        server, clock = stage.servers[first], stage.clocks[first]
        peer = Peer("gateway-1", "1" * 32)
        leave = chat_codec.METHODS["leave"]

        async def turned(moment_ms: int) -> str:
            request = leave.request(leave.arguments((Caller(CLEO), channel, fresh_id()), {}))
            request = chat_codec.begun_by(request, moment_ms) if moment_ms else request
            return chat_codec.turned(await server.answer(peer, chat_codec.with_patience(request, 1.0)))

        assert await turned(clock.now_ms()) == ""
        assert await turned(0) == "", "an older node does not say"
        assert await turned(clock.now_ms() - 1) == "stale"
        assert await turned(clock.now_ms()) == "stale", "nothing overtakes it"
        await server.answer(peer, chat_codec.with_patience(chat_codec.ping(), 1.0))
        assert await turned(clock.now_ms()) == "stale", "that ping was sent before its sender knew"
        await server.answer(peer, chat_codec.with_patience(chat_codec.ping(heard=True), 1.0))
        assert await turned(clock.now_ms()) == ""


async def test_a_message_that_lay_on_the_bus_for_longer_than_its_caller_waited_is_not_begun() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        stage.live = [first := stage.node_of(ANNA)]
        stage.calls.pauses(first)
        [sent] = stage.submits(ANNA, group, 1)
        for _ in range(11):
            await stage.time_passes(1.0)
        with pytest.raises(ChatError):
            await sent
        stage.calls.resumes(first)
        await stage.time_passes(2.0)
        assert await stage.texts(group) == []


async def test_a_ping_that_was_on_its_way_lets_nothing_overtake_a_command_that_came_too_late() -> None:
    async with chats() as stage:
        channel, group, anna = await a_channel(stage), await stage.group(ANNA, BEN), Caller(ANNA)
        stage.live = [stage.node_of(ANNA)]
        stage.calls.pauses(stage.node_of(ANNA))
        joining = asyncio.ensure_future(stage.remote.join(anna, channel))
        await turns()
        early = stage.submits(ANNA, group, 1)
        await stage.time_passes(0.8)  # the silent node is sent a ping
        late = stage.submits(ANNA, group, 2)
        await stage.time_passes(0.3)
        stage.calls.resumes(stage.node_of(ANNA))
        await stage.time_passes(2.0)
        await asyncio.gather(joining, *early, *late)
        assert await stage.texts(group) == ["0", "0", "1"]
        assert [entry.seq for entry in await asyncio.gather(*early, *late)] == [2, 3, 4]


async def test_nothing_overtakes_what_was_turned_away_before_its_caller_knows() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        first = stage.node_of(ANNA)
        server, clock = stage.servers[first], stage.clocks[first]
        peer, other = Peer("gateway-1", "1" * 32), Peer("gateway-2", "2" * 32)
        submit = chat_codec.METHODS["submit"]

        async def turned(who: Peer, request: bytes) -> str:
            return chat_codec.turned(await server.answer(who, chat_codec.with_patience(request, 1.0)))

        def message() -> bytes:
            return submit.request(submit.arguments((Caller(ANNA), Submit(group, fresh_id(), text())), {}))

        clock.advance(5.0)
        server.beat()
        assert await turned(peer, message()) == "stale"
        clock.advance(0.5)
        server.beat()
        # It was on its way before the answer to the first was.
        assert await turned(peer, message()) == "stale"
        assert await turned(other, message()) == ""
        assert await turned(peer, chat_codec.ping()) == "stale", "it was sent before its sender knew"
        assert await turned(peer, chat_codec.ping(heard=True)) == ""
        assert await turned(peer, message()) == ""


async def test_refusals_come_through_as_they_are() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        problem = await refusal(stage.remote.submit(Caller(CLEO), Submit(group, fresh_id(), text())))
        assert problem.code is Code.NOT_A_MEMBER
        problem = await refusal(stage.remote.submit(Caller(ANNA), Submit(group, fresh_id(), text("half \ud800"))))
        assert problem.code is Code.BAD_REQUEST
        assert stage.remote.waiting == 0


async def test_giving_up_on_a_wait_does_not_take_the_command_back() -> None:
    async with chats() as stage:
        group = await stage.group(ANNA, BEN)
        [sent] = stage.submits(ANNA, group, 1)
        sent.cancel()
        await until(lambda: stage.remote.waiting == 0)
        assert await stage.texts(group) == ["0"]
