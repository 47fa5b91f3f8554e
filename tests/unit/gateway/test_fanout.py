"""Who hears of which entry: small and large conversations, cuts, joins, gaps."""

from __future__ import annotations

import asyncio
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_chat import an_id
from support.gateways import texts
from support.quiet import Quiet, a_quiet_house, settle
from support.recorded_link import RecordedLink

from hubbub.base.ids import NOBODY, SYSTEM_CONVERSATION, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import (
    Body,
    Caller,
    ConversationKind,
    Entry,
    Mark,
    MemberAction,
    MemberChange,
    Post,
)
from hubbub.chat.ports import EntriesAppended, HeadsAnnounced, MarksMoved
from hubbub.gateway import audience
from hubbub.gateway.fanout import Fanout
from hubbub.gateway.people import People
from hubbub.wire import hubbub_pb2 as pb

pytestmark = pytest.mark.jumping
"""Nothing here waits: the loop goes to its next timer at once."""

GAP_S = 0.06
"""A little more than `gap_ms`, after which a gap is looked at."""

ROMEO, JULIET, NURSE, TYBALT = an_id("romeo"), an_id("juliet"), an_id("nurse"), an_id("tybalt")
CROWD = [an_id(f"extra{number}") for number in range(20)]


def heard(link: RecordedLink) -> list[str]:
    """Return the texts pushed since the last look."""
    found = [text for frame in link.frames if frame.HasField("entries") for text in texts(frame.entries)]
    link.frames.clear()
    return found


def seqs(link: RecordedLink) -> list[int]:
    found = [entry.seq for frame in link.frames if frame.HasField("entries") for entry in frame.entries.entries]
    link.frames.clear()
    return found


async def a_crowd(house: Quiet, *names: str, kind: ConversationKind = ConversationKind.GROUP) -> str:
    return house.chat.open_conversation(an_id("market"), [*names, *CROWD], kind)


async def gap_time() -> None:
    await asyncio.sleep(GAP_S)
    await settle()


async def test_eight_entries_in_one_turn_are_one_write() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        link = await house.let_in("romeo/phone")
        before = link.writes
        for number in range(8):
            await house.chat.say(room, str(number))
        await settle()
        assert heard(link) == [str(number) for number in range(8)]
        assert link.writes == before + 1


async def test_a_batch_of_entries_is_one_frame() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        link = await house.let_in("romeo/phone")
        house.chat.deaf = True
        entries = [await house.chat.say(room, str(number)) for number in range(5)]
        house.chat.deaf = False
        await house.chat.tell(entries)
        await settle()
        assert [(frame.entries.from_seq, frame.entries.to_seq) for frame in link.frames] == [(2, 6)]


async def test_only_members_hear_a_large_conversation() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        await house.chat.say(room, "hear, hear")
        await settle()
        assert heard(romeo) == ["hear, hear"]
        assert heard(juliet) == []


async def test_announcements_reach_everybody() -> None:
    async with a_quiet_house() as house:
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        await house.chat.say(SYSTEM_CONVERSATION, "the prince comes")
        await settle()
        assert heard(romeo) == heard(juliet) == ["the prince comes"]


@pytest.mark.parametrize("large", [False, True])
async def test_who_is_removed_gets_the_removal_and_nothing_after_it(large: bool) -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, TYBALT, *(CROWD if large else ())])
        romeo, tybalt = await house.let_in("romeo/phone"), await house.let_in("tybalt/phone")
        await house.chat.say(room, "before")
        removal = await house.chat.change(room, MemberAction.REMOVE, TYBALT)
        await house.chat.say(room, "after")
        await settle()
        assert seqs(tybalt) == [removal.seq - 1, removal.seq]
        assert seqs(romeo) == [removal.seq - 1, removal.seq, removal.seq + 1]


async def test_a_cut_inside_one_event_is_a_cut() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO, TYBALT)
        romeo, tybalt, nurse = [await house.let_in(f"{name}/phone") for name in ("romeo", "tybalt", "nurse")]
        run = (
            entry(room, 2, Post(Body("before"))),
            entry(room, 3, MemberChange(MemberAction.BAN, (TYBALT,))),
            entry(room, 4, Post(Body("between"))),
            entry(room, 5, MemberChange(MemberAction.ADD, (NURSE,))),
            entry(room, 6, Post(Body("after"))),
        )
        await house.bus.publish([EntriesAppended(room, run, None)])
        await settle()
        assert seqs(romeo) == [2, 3, 4, 5, 6]
        assert seqs(tybalt) == [2, 3]
        assert seqs(nurse) == [5, 6]
        await house.bus.publish([EntriesAppended(room, (entry(room, 7, Post(Body("later"))),), None)])
        await settle()
        assert (seqs(romeo), seqs(tybalt), seqs(nurse)) == ([7], [], [7])


async def test_who_is_added_hears_from_their_entry_on() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        nurse = await house.let_in("nurse/phone")
        await house.let_in("romeo/phone")
        await house.chat.say(room, "before")
        added = await house.chat.change(room, MemberAction.ADD, NURSE)
        await house.chat.say(room, "after")
        await settle()
        assert seqs(nurse) == [added.seq, added.seq + 1]


async def test_a_small_conversation_that_outgrows_the_small_ones_keeps_everybody() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, *CROWD[:14]])
        romeo, nurse = await house.let_in("romeo/phone"), await house.let_in("nurse/phone")
        await house.chat.change(room, MemberAction.ADD, NURSE, *CROWD[14:])
        await settle()
        assert house.chat.audience_of(room) is None
        await house.chat.say(room, "now we are many")
        await settle()
        assert heard(romeo) == heard(nurse) == ["now we are many"]


async def test_a_large_conversation_that_shrinks_is_told_once() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, *CROWD[:16]])
        romeo = await house.let_in("romeo/phone")
        await house.chat.say(room, "many")
        await house.chat.change(room, MemberAction.REMOVE, CROWD[0])
        await house.chat.say(room, "few")
        await settle()
        assert heard(romeo) == ["many", "few"]


async def test_joining_and_leaving_a_channel_follow_the_row() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO, kind=ConversationKind.CHANNEL)
        await house.let_in("romeo/phone")
        nurse = await house.let_in("nurse/phone")
        await house.chat.move(room, NURSE, joins=True)
        await house.chat.say(room, "welcome")
        await settle()
        assert heard(nurse) == ["welcome"]
        await house.chat.move(room, NURSE, joins=False)
        await house.chat.say(room, "goodbye")
        await settle()
        assert heard(nurse) == []


async def test_joining_a_channel_nobody_here_heard_misses_nothing() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, kind=ConversationKind.CHANNEL)
        nurse = await house.let_in("nurse/phone")
        await house.chat.move(room, NURSE, joins=True)
        await house.chat.say(room, "at once")
        await settle()
        await gap_time()
        assert heard(nurse) == ["at once"]


async def test_a_small_channel_that_outgrows_the_small_ones_by_joins_keeps_everybody() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, *CROWD[:14]], ConversationKind.CHANNEL)
        romeo, nurse = await house.let_in("romeo/phone"), await house.let_in("nurse/phone")
        for name in (NURSE, *CROWD[14:]):
            await house.chat.move(room, name, joins=True)
        nurse.frames.clear()
        assert house.chat.audience_of(room) is None
        await house.chat.say(room, "now we are many")
        await settle()
        assert heard(romeo) == heard(nurse) == ["now we are many"]


async def test_who_was_removed_from_a_small_channel_hears_nothing_when_it_grows() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, TYBALT, *CROWD[:10]], ConversationKind.CHANNEL)
        await house.let_in("romeo/phone")
        tybalt = await house.let_in("tybalt/phone")
        removal = entry(room, 2, MemberChange(MemberAction.BAN, (TYBALT,)))
        await house.bus.publish([EntriesAppended(room, (removal,), (ROMEO, TYBALT, *CROWD[:10]))])
        await house.bus.publish([EntriesAppended(room, (entry(room, 3, Post(Body("large now"))),), None)])
        await settle()
        assert seqs(tybalt) == [2]


async def test_leaving_while_a_session_enters_is_not_undone_by_what_it_read() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO, TYBALT)
        await house.let_in("romeo/phone")
        stale = await house.chat.audience(Caller(TYBALT))
        gate = asyncio.Event()

        async def slow_audience(caller: object) -> list[tuple[str, int, bool]]:
            await gate.wait()
            return stale

        house.chat.audience = slow_audience  # type: ignore[method-assign]
        link = RecordedLink(house.gateway)
        link.say(pb.ClientFrame(id=1, hello=pb.Hello(protocol=1, token="tybalt/phone")))
        await settle()
        await house.chat.change(room, MemberAction.BAN, TYBALT)
        gate.set()
        await settle()
        await house.chat.say(room, "he is gone")
        await settle()
        assert heard(link) == []


async def test_a_gap_is_fetched_once_for_everybody_here() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO, JULIET)
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        house.chat.deaf = True
        await house.chat.say(room, "lost")
        house.chat.deaf = False
        await house.chat.say(room, "heard")
        await settle()
        assert heard(romeo) == []
        await gap_time()
        assert heard(romeo) == heard(juliet) == ["lost", "heard"]
        assert house.chat.fetches == [(room, 1)]


async def test_a_gap_that_closes_by_itself_is_not_fetched() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        romeo = await house.let_in("romeo/phone")
        house.chat.deaf = True
        first, second = await house.chat.say(room, "first"), await house.chat.say(room, "second")
        house.chat.deaf = False
        await house.chat.tell([second])
        await house.chat.tell([first])
        await gap_time()
        assert heard(romeo) == ["first", "second"]
        assert house.chat.fetches == []


async def test_an_announced_head_repairs_silence() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        romeo = await house.let_in("romeo/phone")
        house.chat.deaf = True
        await house.chat.say(room, "lost")
        await house.chat.announce(room)
        await gap_time()
        assert heard(romeo) == ["lost"]
        await house.chat.announce(room)
        await gap_time()
        assert len(house.chat.fetches) == 1


async def test_too_large_a_gap_is_named_and_not_fetched() -> None:
    async with a_quiet_house(gap_limit=10) as house:
        room = await a_crowd(house, ROMEO)
        romeo = await house.let_in("romeo/phone")
        house.chat.deaf = True
        for number in range(20):
            await house.chat.say(room, str(number))
        await house.chat.announce(room)
        await gap_time()
        heads = [head for frame in romeo.frames for head in frame.heads.heads]
        assert [(head.conversation_id, head.seq) for head in heads] == [(room, 21)]
        assert house.chat.fetches == []


async def test_a_repeated_entry_is_pushed_once() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        romeo = await house.let_in("romeo/phone")
        said = await house.chat.say(room, "once")
        await house.chat.tell([said])
        await settle()
        assert heard(romeo) == ["once"]


async def test_an_announced_head_of_a_small_conversation_is_passed_on_once() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        romeo = await house.let_in("romeo/phone")
        house.chat.deaf = True
        await house.chat.say(room, "lost")
        event = HeadsAnnounced({room: 2}, {room: (ROMEO,)})
        await house.bus.publish([event, event])
        await settle()
        assert romeo.kinds() == ["heads"]
        house.chat.deaf = False
        await house.chat.say(room, "heard")
        await house.bus.publish([HeadsAnnounced({room: 3}, {room: (ROMEO,)})])
        await settle()
        assert romeo.kinds() == ["entries"]


async def test_marks_and_typing_reach_the_others() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        await house.bus.publish([MarksMoved(room, (Mark(JULIET, 1, 1),), (ROMEO, JULIET))])
        juliet.say(pb.ClientFrame(id=2, set_typing=pb.SetTyping(conversation_id=room, typing=True)))
        await settle()
        assert romeo.kinds() == ["marks", "typing"]
        assert juliet.kinds() == ["marks", "done"]


async def test_a_feed_ends_with_its_last_listener() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        feeds = house.gateway._service.feeds
        romeo = await house.let_in("romeo/phone")
        assert feeds.get(room) is not None
        romeo.session.lost()
        assert feeds.get(room) is None
        romeo = await house.let_in("romeo/phone")
        await house.chat.say(room, "back again")
        await settle()
        assert heard(romeo) == ["back again"]


async def test_two_sessions_of_one_person_both_hear() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO)
        phone, tablet = await house.let_in("romeo/phone"), await house.let_in("romeo/tablet")
        phone.session.lost()
        await house.chat.say(room, "still here")
        await settle()
        assert heard(tablet) == ["still here"]
        assert heard(phone) == []


def entry(room: str, seq: int, action: Post | MemberChange) -> Entry:
    return Entry(room, seq, 1, NOBODY, new_id(), action)


moves = st.lists(
    st.one_of(
        st.just(None),
        st.tuples(
            st.sampled_from([MemberAction.ADD, MemberAction.REMOVE, MemberAction.BAN, MemberAction.LEAVE]),
            st.sampled_from([ROMEO, JULIET]),
        ),
    ),
    max_size=12,
)


@given(moves, st.sets(st.sampled_from([ROMEO, JULIET])))
def test_a_run_is_cut_for_each_person_as_the_membership_says(
    steps: list[tuple[MemberAction, str] | None], members: set[str]
) -> None:
    """Compare with a plain walk over the entries, for histories that a log could hold."""
    entries: list[Entry] = []
    now = set(members)
    may: dict[str, list[int]] = {ROMEO: [], JULIET: []}
    for step in steps:
        seq = len(entries) + 1
        if step is None:
            entries.append(entry("r", seq, Post(Body("x"))))
            for name in now:
                may[name].append(seq)
            continue
        action, name = step
        if (action is MemberAction.ADD) == (name in now):
            continue
        entries.append(entry("r", seq, MemberChange(action, (name,))))
        for each in {*now, name}:
            may[each].append(seq)
        (now.add if action is MemberAction.ADD else now.discard)(name)
    limited = audience.spans(entries)
    for name in (ROMEO, JULIET):
        if name in limited:
            assert [each.seq for each in audience.visible(entries, limited[name])] == may[name]
        else:
            assert may[name] in ([], [each.seq for each in entries])


async def test_rows_that_come_late_bring_nobody_back_who_was_removed_since() -> None:
    async with a_quiet_house() as house:
        room = await a_crowd(house, ROMEO, JULIET)
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        late = copy.deepcopy(house.chat.user_changed(ROMEO, room))  # read while he was in it
        await house.chat.change(room, MemberAction.REMOVE, ROMEO)
        await house.bus.publish([late])
        await settle()
        await house.chat.say(room, "a secret")
        await settle()
        assert (heard(romeo), heard(juliet)) == ([], ["a secret"])


async def test_who_comes_while_a_feed_is_behind_hears_only_what_is_said_from_then_on() -> None:
    async with a_quiet_house(page_entries=1) as house:
        room = await a_crowd(house, ROMEO)
        romeo = await house.let_in("romeo/phone")
        house.chat.deaf, bus = True, house.chat.bus
        house.chat.bus = LocalBus()
        await house.chat.say(room, "before")
        await house.chat.change(room, MemberAction.ADD, JULIET)
        house.chat.deaf, house.chat.bus = False, bus
        juliet = await house.let_in("juliet/phone")
        await house.chat.say(room, "after")
        await gap_time()
        assert (heard(romeo), heard(juliet)) == (["before", "after"], ["after"])


class _Grown:
    """Feeds that only note who is to hear a conversation as a large one."""

    def __init__(self) -> None:
        self.grown: list[str] = []

    def get(self, conversation_id: str) -> None:
        return None

    def grow(self, conversation_id: str, seq: int, people: object) -> None:
        self.grown.append(conversation_id)


def test_from_how_many_on_a_conversation_is_large_is_as_it_was_set() -> None:
    feeds = _Grown()
    fanout = Fanout(People(), feeds, small_audience=2)  # type: ignore[arg-type]
    for room, names in (("two", (ROMEO, JULIET)), ("three", (ROMEO, JULIET, NURSE))):
        said = Entry(room, 1, 0, ROMEO, new_id(), Post(Body("hush")))
        fanout.hear(EntriesAppended(room, (said,), names))
        fanout.hear(HeadsAnnounced({f"{room} told": 1}, {f"{room} told": names}))
    assert feeds.grown == ["three", "three told"]
