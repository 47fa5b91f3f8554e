"""What belongs to a person: marks, counts, versions, resume, lists, the schedule."""

from __future__ import annotations

import asyncio

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script, an_id, person

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import (
    MAX_SEQ,
    SMALL_AUDIENCE,
    Body,
    Coming,
    ConversationChange,
    ConversationKind,
    ConversationState,
    Dissolved,
    Mark,
    MemberRow,
    MemberState,
    Post,
    Role,
    ScheduledRow,
    Submit,
    UserRow,
)
from hubbub.chat.ports import Changes, Facts, MarkSet, MarksRaised, Needs


def ids(states: list[ConversationState] | tuple[ConversationState, ...]) -> list[str]:
    return [state.conversation.id for state in states]


# ---------------------------------------------------------------- marks


async def test_marks_only_grow(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    for _ in range(4):
        await script.say(stage, ANNA)
    both = tuple(sorted((ANNA, BEN)))
    assert (await script.store.set_marks([(stage, Mark(BEN, 3, 2))])).rows == [
        MarkSet(stage, Mark(BEN, 3, 3), 2, True, 2, both)
    ]
    assert (await script.store.set_marks([(stage, Mark(BEN, 2, 1))])).rows == []
    assert (await script.store.set_marks([(stage, Mark(BEN, 0, 5))])).rows == [
        MarkSet(stage, Mark(BEN, 3, 5), 2, False, 2, both)
    ]
    assert (await script.store.conversation(BEN, stage)).member.read_seq == 3


async def test_reading_leaves_an_outbox_row_that_names_the_readers_and_receiving_none(script: Script) -> None:
    stage, other = await script.make(ANNA, BEN, CLEO), await script.make(ANNA, BEN)
    for row in await script.store.stale_outbox(0, 10):
        await script.store.clear_outbox(row.id)
    marks = [(stage, Mark(BEN, 1, 1)), (other, Mark(BEN, 1, 1)), (stage, Mark(CLEO, 0, 1))]
    raised = await script.store.set_marks(marks)
    (left,) = await script.store.stale_outbox(0, 10)
    assert (left.id, left.heads, left.people) == (raised.outbox_id, {}, {BEN: raised.rows[0].user_version})
    assert (await script.store.set_marks([(stage, Mark(ANNA, 0, 1))])).outbox_id == 0


async def test_a_mark_above_the_head_is_lowered_to_it(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    (risen,) = (await script.store.set_marks([(stage, Mark(BEN, 99, 0))])).rows
    assert risen.mark == Mark(BEN, 1, 1)
    assert await script.store.set_marks([(stage, Mark(BEN, 99, 99))]) == MarksRaised([], 0)


async def test_marks_of_who_is_not_there_are_skipped(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    await script.remove(stage, ANNA, CLEO)
    marks = [
        (stage, Mark(CLEO, 1, 1)),
        (stage, Mark(DORA, 1, 1)),
        (an_id(), Mark(ANNA, 1, 1)),
        (stage, Mark(BEN, 1, 1)),
    ]
    assert [risen.mark.user_id for risen in (await script.store.set_marks(marks)).rows] == [BEN]


async def test_marks_of_one_person_in_one_call_share_a_version(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(3)]
    marks = [(room, Mark(BEN, 1, 1)) for room in rooms] + [(rooms[0], Mark(BEN, 0, 1))]
    risen = (await script.store.set_marks(marks)).rows
    assert [row.user_version for row in risen] == [4, 4, 4]
    state = await script.store.user_state(BEN, 3, 10)
    assert (sorted(ids(state.conversations)), state.version) == (sorted(rooms), 4)


async def test_a_mark_in_system_makes_the_row(script: Script) -> None:
    system = await script.make_system()
    assert (await script.counts(BEN, system)) == (0, 0)
    await script.say(system, ANNA, "news")
    assert (await script.counts(BEN, system)) == (1, 0)
    (risen,) = (await script.store.set_marks([(system, Mark(BEN, 2, 2))])).rows
    assert (risen.user_version, risen.audience, risen.read_rose) == (1, None, True)
    assert (await script.counts(BEN, system)) == (0, 0)
    assert (await script.store.conversation(BEN, system)).member.intervals == ((1, MAX_SEQ),)
    assert (await script.counts(CLEO, system)) == (1, 0)


async def test_a_plan_that_saw_an_older_mark_cannot_lower_it(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA)

    def then(facts: Facts, changes: Changes, seq: int) -> None:
        row = facts.members[stage, BEN]
        row.read_seq = row.delivered_seq = 0
        changes.members.append(row)

    await script.store.set_marks([(stage, Mark(BEN, 2, 2))])
    await script.act(stage, BEN, Post(Body(text="x")), then=then)
    member = (await script.store.conversation(BEN, stage)).member
    assert (member.read_seq, member.delivered_seq) == (2, 2)


# ---------------------------------------------------------------- counts


async def test_what_counts_as_unread(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "counts")  # 2
    await script.say(stage, BEN, "mine")
    await script.react(stage, ANNA, 2, "👍")
    await script.say(stage, ANNA, "in the thread only", thread_seq=2)
    await script.say(stage, ANNA, "also here", thread_seq=2, also_in_conversation=True)
    recalled = await script.say(stage, ANNA, "recalled")
    await script.edit(stage, ANNA, recalled, "edited first")
    assert (await script.counts(BEN, stage))[0] == 3
    await script.recall(stage, ANNA, recalled)
    assert (await script.counts(BEN, stage))[0] == 2
    await script.store.set_marks([(stage, Mark(BEN, 2, 2))])
    assert (await script.counts(BEN, stage))[0] == 1


async def test_counts_stop_at_their_cap(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    for _ in range(102):
        await script.say(stage, ANNA, mentions=(BEN,), mention_all=True)
    assert await script.counts(BEN, stage) == (100, 100)
    await script.store.set_marks([(stage, Mark(BEN, 4, 4))])
    assert await script.counts(BEN, stage) == (99, 99)


async def test_mentions_of_me_and_of_all_by_others_count_once_each(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    await script.say(stage, ANNA, mentions=(BEN, CLEO))
    await script.say(stage, ANNA, mention_all=True)
    await script.say(stage, ANNA, mentions=(BEN,), mention_all=True)
    await script.say(stage, BEN, mentions=(BEN,), mention_all=True)
    await script.say(stage, ANNA, mentions=(BEN,), thread_seq=2)
    assert (await script.counts(BEN, stage))[1] == 4
    assert (await script.counts(CLEO, stage))[1] == 4
    assert (await script.counts(ANNA, stage))[1] == 1


async def test_an_edit_replaces_who_is_mentioned_and_a_recall_takes_it_back(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    seq = await script.say(stage, ANNA, mentions=(BEN,))
    await script.edit(stage, ANNA, seq, "no, you", (CLEO,))
    assert [(await script.counts(user, stage))[1] for user in (BEN, CLEO)] == [0, 1]
    await script.edit(stage, ANNA, seq, "everybody", (), True)
    assert [(await script.counts(user, stage))[1] for user in (BEN, CLEO)] == [1, 1]
    await script.recall(stage, ANNA, seq)
    assert [(await script.counts(user, stage))[1] for user in (BEN, CLEO)] == [0, 0]


async def test_nothing_outside_the_intervals_counts(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "before", mention_all=True)
    await script.add(stage, ANNA, CLEO)
    await script.say(stage, ANNA, "during", mention_all=True)
    await script.remove(stage, ANNA, CLEO)
    await script.say(stage, ANNA, "after", mention_all=True)
    await script.add(stage, ANNA, CLEO)
    await script.say(stage, ANNA, "again", mention_all=True)
    assert await script.counts(CLEO, stage) == (2, 2)


async def test_a_visitor_of_a_channel_has_nothing_unread(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    await script.say(channel, ANNA, "hello", mention_all=True)
    state = await script.store.conversation(BEN, channel)
    assert (state.unread, state.mentions, state.member.state) == (0, 0, MemberState.NONE)
    assert state.last_message is not None
    await script.join(channel, BEN)
    assert await script.counts(BEN, channel) == (1, 1)
    await script.join(channel, BEN, MemberState.LEFT)
    await script.say(channel, ANNA, "later")
    state = await script.store.conversation(BEN, channel)
    assert (state.unread, state.mentions, state.member.state) == (0, 0, MemberState.LEFT)
    assert state.conversation.head == 3


async def test_who_left_has_nothing_unread_so_no_later_recall_shows_beyond_the_cut(script: Script) -> None:
    group = await script.make(ANNA, BEN)
    await script.say(group, ANNA, "hello", mentions=(BEN,))
    assert await script.counts(BEN, group) == (1, 1)
    await script.remove(group, ANNA, BEN)
    assert await script.counts(BEN, group) == (0, 0)


async def test_a_visitor_of_a_channel_without_history_sees_what_a_newcomer_would(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL, title="den")
    await script.say(channel, ANNA, "secret")
    await script.change(channel, ANNA, ConversationChange(history_for_newcomers=False))
    state = await script.store.conversation(BEN, channel)
    assert (state.conversation.title, state.conversation.head, state.last_message) == ("den", 3, None)
    assert await script.texts(BEN, channel) == []
    page = await script.store.entries(BEN, channel, 0, 10)
    assert (page.entries, page.to_seq) == ((), 3)
    listed, _ = await script.store.channels(BEN, "den", "", 10)
    assert [each.last_message for each in listed] == [None]


async def test_who_left_a_channel_without_history_keeps_what_they_saw(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    await script.join(channel, BEN)
    await script.say(channel, ANNA, "seen")
    await script.change(channel, ANNA, ConversationChange(history_for_newcomers=False))
    await script.join(channel, BEN, MemberState.LEFT)
    await script.say(channel, ANNA, "unseen")
    assert await script.texts(BEN, channel) == ["seen"]


# ---------------------------------------------------------------- the preview


async def test_the_preview_is_the_newest_message_still_to_be_seen(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    assert (await script.store.conversation(BEN, stage)).last_message is None
    for text in ("shown", "hidden", "recalled"):
        await script.say(stage, ANNA, text)
    await script.say(stage, ANNA, "in a thread", thread_seq=2)
    await script.react(stage, BEN, 2, "👍")
    await script.edit(stage, ANNA, 2, "shown, edited")
    await script.store.hide(BEN, stage, 3)
    await script.recall(stage, ANNA, 4)
    mine = (await script.store.conversation(BEN, stage)).last_message
    assert mine is not None
    assert (mine.message.seq, mine.message.post.body.text) == (2, "shown, edited")
    assert [(reaction.emoji, reaction.mine) for reaction in mine.reactions] == [("👍", True)]
    hers = (await script.store.conversation(ANNA, stage)).last_message
    assert hers is not None
    assert hers.message.seq == 3


# ---------------------------------------------------------------- versions


async def test_a_version_advances_by_one_per_person_and_transaction(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(3)]
    committed = await script.touch(*[(room, ANNA) for room in rooms], (rooms[0], BEN))
    assert committed.user_versions == {ANNA: 4, BEN: 4}
    state = await script.store.user_state(ANNA, 3, 10)
    assert [row.member.version for row in state.conversations] == [4, 4, 4]
    assert (state.since_version, state.version, state.more) == (3, 4, False)


async def test_user_state_is_paged_without_splitting_a_version(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(7)]  # versions 1 to 7
    await script.touch(*[(room, ANNA) for room in rooms[2:5]])  # version 8
    store = script.store
    state = await store.user_state(ANNA, 0, 2)
    assert (ids(state.conversations), state.version, state.more) == (rooms[:2], 2, True)
    state = await store.user_state(ANNA, 2, 3)
    assert (ids(state.conversations), state.version, state.more) == (rooms[5:], 7, True)
    state = await store.user_state(ANNA, 7, 2)
    assert (sorted(ids(state.conversations)), state.version, state.more) == (sorted(rooms[2:5]), 8, False)
    state = await store.user_state(ANNA, 8, 2)
    assert (state.conversations, state.version, state.more) == ((), 8, False)
    state = await store.user_state(ANNA, 0, 10)
    assert (len(state.conversations), state.version, state.more) == (7, 8, False)


async def test_user_state_has_what_one_left_and_begins_with_system(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    assert ids((await script.store.user_state(BEN, 0, 10)).conversations) == [stage]
    await script.make_system()
    end = await script.remove(stage, ANNA, BEN)
    await script.say(stage, ANNA)
    state = await script.store.user_state(BEN, 0, 10)
    assert ids(state.conversations) == [SYSTEM_CONVERSATION, stage]
    assert state.conversations[1].conversation.head == end
    assert state.conversations[1].member.state is MemberState.REMOVED
    assert ids((await script.store.user_state(BEN, 1, 10)).conversations) == [stage]
    assert (await script.store.user_state(CLEO, 0, 10)).version == 0


# ---------------------------------------------------------------- resume


async def test_resume_brings_exactly_what_is_missing(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(20)]
    store = script.store
    version = (await store.user_state(BEN, 0, 100)).version
    for room in rooms[:3]:
        await script.say(room, ANNA, "missed")
    state, pages = await store.resume(BEN, [(room, 1) for room in rooms], version, limit=10, state_limit=10)
    assert (state.conversations, state.version, state.more) == ((), version, False)
    assert sorted(page.conversation_id for page in pages) == sorted(rooms[:3])
    for page in pages:
        assert ([entry.seq for entry in page.entries], page.from_seq, page.to_seq, page.as_of) == ([2], 2, 2, 2)
        assert not page.reset
    _, pages = await store.resume(BEN, [(room, 2) for room in rooms[:3]], version, limit=10, state_limit=10)
    assert pages == []
    await store.set_marks([(rooms[5], Mark(BEN, 1, 1))])
    state, _ = await store.resume(BEN, [], version, limit=10, state_limit=10)
    assert (ids(state.conversations), state.version) == ([rooms[5]], version + 1)


async def test_resume_of_too_much_is_a_reset(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    for _ in range(5):
        await script.say(stage, ANNA)
    _, (page,) = await script.store.resume(BEN, [(stage, 1)], 0, limit=4, state_limit=10)
    assert (page.entries, page.from_seq, page.to_seq, page.as_of, page.reset) == ((), 7, 6, 6, True)
    _, (page,) = await script.store.resume(BEN, [(stage, 1)], 0, limit=5, state_limit=10)
    assert (len(page.entries), page.reset) == (5, False)
    _, (page,) = await script.store.resume(BEN, [(stage, 99)], 0, limit=5, state_limit=10)
    assert (page.entries, page.reset) == ((), True)


async def test_resume_is_cut_at_the_end_of_a_membership(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    await script.say(stage, ANNA, "seen")
    end = await script.remove(stage, ANNA, CLEO)
    await script.say(stage, ANNA, "unseen")
    _, (page,) = await script.store.resume(CLEO, [(stage, 1)], 0, limit=10, state_limit=10)
    assert ([entry.seq for entry in page.entries], page.to_seq, page.as_of) == ([2, end], end, end)
    _, pages = await script.store.resume(CLEO, [(stage, end)], 0, limit=10, state_limit=10)
    assert pages == []
    _, pages = await script.store.resume(DORA, [(stage, 1), (an_id(), 1)], 0, limit=10, state_limit=10)
    assert pages == []


async def test_resume_counts_what_one_may_see_against_the_limit(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.add(stage, ANNA, CLEO)  # 2
    await script.remove(stage, ANNA, CLEO)  # 3
    for _ in range(10):
        await script.say(stage, ANNA, "unseen")
    again = await script.add(stage, ANNA, CLEO)  # 14
    _, (page,) = await script.store.resume(CLEO, [(stage, 2)], 0, limit=2, state_limit=10)
    assert ([entry.seq for entry in page.entries], page.from_seq, page.to_seq) == ([3, again], 3, again)


async def test_resume_reaches_system_and_open_channels(script: Script) -> None:
    system = await script.make_system()
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    for room in (system, channel):
        await script.say(room, ANNA)
    _, pages = await script.store.resume(BEN, [(system, 1), (channel, 1)], 0, limit=10, state_limit=10)
    assert [[entry.seq for entry in page.entries] for page in pages] == [[2], [2]]


async def test_resume_of_hundreds_finds_the_few(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(150)]
    for room in rooms[70:73]:
        await script.say(room, ANNA)
    _, pages = await script.store.resume(BEN, [(room, 1) for room in rooms], 999, limit=10, state_limit=10)
    assert sorted(page.conversation_id for page in pages) == sorted(rooms[70:73])


# ---------------------------------------------------------------- entering


async def test_who_enters_is_told_what_they_hear_of_and_what_they_lack(script: Script) -> None:
    system = await script.make_system()
    rooms = [await script.make(ANNA, BEN) for _ in range(3)]
    await script.say(rooms[1], ANNA, "missed")
    store = script.store
    version = (await store.user_state(BEN, 0, 100)).version
    have = tuple((room, 1) for room in rooms)
    listening, state, pages = await store.enter(Coming(BEN, version, have), limit=10, state_limit=10)
    assert [listening] == await store.listening([BEN])
    assert (state, pages) == await store.resume(BEN, have, version, limit=10, state_limit=10)
    assert state is not None
    assert (state.conversations, state.version) == ((), version)
    assert [page.conversation_id for page in pages] == [rooms[1]]
    # Who is behind, ahead, new, or holds nothing that can be trusted.
    for since in (1, version - 1, version + 5, 0):
        _, state, _ = await store.enter(Coming(BEN, since, ()), limit=10, state_limit=2)
        assert state == await store.user_state(BEN, since, 2)
    listening, state, pages = await store.enter(Coming(DORA), limit=10, state_limit=10)
    assert (listening.conversations, state, pages) == (((system, 1, True),), None, [])


async def test_a_crowd_that_enters_at_once_is_told_to_each_what_is_theirs(script: Script) -> None:
    crowd = [person(f"p{n}") for n in range(40)]
    stage = await script.make(*crowd)
    pairs = [await script.make(*crowd[at : at + 2]) for at in range(0, 40, 2)]
    for number, room in enumerate(pairs):
        for _ in range(number % 3):
            await script.say(room, crowd[2 * number])
    gone = await script.remove(stage, crowd[0], crowd[5])
    await script.say(stage, crowd[0], "unseen")
    store = script.store
    comings = [
        # Some hold more of what all share than others, and some of it never was.
        Coming(name, number % 4, ((stage, 1 + number % 5), (pairs[number // 2], 1)))
        for number, name in enumerate(crowd)
    ]
    found = await asyncio.gather(*(store.enter(each, limit=10, state_limit=10) for each in comings))
    for coming, (listening, state, pages) in zip(comings, found, strict=True):
        assert [listening] == await store.listening([coming.user_id])
        assert coming.have is not None
        alone = await store.resume(coming.user_id, coming.have, coming.since_version, limit=10, state_limit=10)
        assert (state, pages) == alone
    cut = {page.conversation_id: page.as_of for page in found[5][2]}
    assert cut.get(stage, gone) == gone


# ---------------------------------------------------------------- lists


async def test_conversations_come_most_recent_first_in_pages(script: Script) -> None:
    rooms = []
    for _ in range(3):
        script.clock.advance(1)
        rooms.append(await script.make(ANNA, BEN))
    system = await script.make_system()
    script.clock.advance(1)
    left = await script.make(ANNA, BEN)
    await script.remove(left, ANNA, BEN)
    await script.say(rooms[0], ANNA)
    found: list[str] = []
    cursor = ""
    while True:
        states, cursor = await script.store.conversations(BEN, cursor, 2)
        found += ids(states)
        assert len(states) <= 2
        if not cursor:
            break
    assert found[0] == rooms[0]
    assert sorted(found[1:3]) == sorted((system, rooms[2]))
    assert found[3:] == [rooms[1]]


async def test_a_cursor_of_ones_own_making_is_refused(script: Script) -> None:
    stage = await script.make(ANNA)
    for look in (
        script.store.conversations(ANNA, "x", 5),
        script.store.channels(ANNA, "", "x", 5),
        script.store.members(ANNA, stage, "x", 5),
        script.store.scheduled(ANNA, "x", 5),
    ):
        with pytest.raises(ChatError) as refused:
            await look
        assert refused.value.code is Code.BAD_CURSOR


async def test_channels_are_listed_by_title_to_anybody(script: Script) -> None:
    kind = ConversationKind.CHANNEL
    titles = ["zebra", "Apple", "apple pie", "100%", "Äpfel"]
    rooms = {title: await script.make(ANNA, kind=kind, title=title) for title in titles}
    await script.make(ANNA, title="apple group")
    gone = await script.make(ANNA, kind=kind, title="apple gone")

    def then(facts: Facts, changes: Changes, seq: int) -> None:
        changes.conversations[0].dissolved = True

    await script.act(gone, ANNA, Dissolved(), then=then)
    found, cursor = await script.store.channels(BEN, "APPLE", "", 1)
    assert ids(found) == [rooms["Apple"]]
    found, cursor = await script.store.channels(BEN, "APPLE", cursor, 1)
    assert (ids(found), cursor) == ([rooms["apple pie"]], "")
    assert ids((await script.store.channels(BEN, "%", "", 10))[0]) == [rooms["100%"]]
    assert ids((await script.store.channels(BEN, "äPF", "", 10))[0]) == [rooms["Äpfel"]]
    everything = (await script.store.channels(ANNA, "", "", 10))[0]
    assert [state.conversation.title for state in everything] == ["100%", "Apple", "apple pie", "zebra", "Äpfel"]
    assert {state.member.state for state in everything} == {MemberState.JOINED}


async def test_who_is_banned_comes_by_id_in_pages(script: Script) -> None:
    stage, other = await script.make(ANNA), await script.make(ANNA)
    banned = sorted((BEN, CLEO, DORA))
    rows = [MemberRow(stage, who, role=Role.NONE, state=MemberState.BANNED) for who in banned]
    rows.append(MemberRow(other, BEN, role=Role.NONE, state=MemberState.BANNED))
    needs = Needs(members={(row.conversation_id, row.user_id) for row in rows})
    await script.store.commit(needs, lambda _: Changes(members=rows))
    found, following = await script.store.bans(stage, "", 2)
    assert [row.user_id for row in found] == banned[:2]
    found, following = await script.store.bans(stage, following, 2)
    assert ([row.user_id for row in found], following) == (banned[2:], "")
    with pytest.raises(ChatError) as refused:
        await script.store.bans(stage, "nonsense", 2)
    assert refused.value.code is Code.BAD_CURSOR


async def test_members_come_by_id_in_pages(script: Script) -> None:
    crowd = sorted(person(f"p{n}") for n in range(5))
    stage = await script.make(*crowd)
    await script.remove(stage, crowd[0], crowd[2])
    head, rows, cursor = await script.store.members(crowd[0], stage, "", 3)
    assert (head, [row.user_id for row in rows]) == (2, [crowd[0], crowd[1], crowd[3]])
    _, rows, cursor = await script.store.members(crowd[0], stage, cursor, 3)
    assert ([row.user_id for row in rows], cursor) == ([crowd[4]], "")


async def test_who_was_put_out_learns_nothing_of_who_is_there_also_if_nothing_happened_since(script: Script) -> None:
    for kind in (ConversationKind.GROUP, ConversationKind.CHANNEL):
        stage = await script.make(ANNA, BEN, kind=kind)
        end = await script.remove(stage, ANNA, BEN)
        with pytest.raises(ChatError) as refused:
            await script.store.members(BEN, stage, "", 10)
        assert refused.value.code is Code.NOT_A_MEMBER
        state = await script.store.conversation(BEN, stage)
        assert (state.conversation.head, state.conversation.member_count) == (end, 0)
        rows = (await script.store.user_state(BEN, 0, 100)).conversations
        assert [row.conversation.member_count for row in rows if row.conversation.id == stage] == [0]
        assert (await script.store.conversation(ANNA, stage)).conversation.member_count == 1


async def test_the_audience_of_a_person_says_which_conversations_are_large(script: Script) -> None:
    crowd = [person(f"p{n}") for n in range(SMALL_AUDIENCE + 1)]
    large = await script.make(*crowd)
    small = await script.make(*crowd[:2])
    left = await script.make(*crowd[:2])
    system = await script.make_system()
    await script.remove(left, crowd[1], crowd[0])
    found = await script.store.audience(crowd[0])
    assert sorted(found) == sorted([(large, 1, True), (small, 1, False), (system, 1, True)])
    stranger = person("stranger")
    mine, theirs = await script.store.listening([crowd[0], stranger])
    assert (mine.user_id, sorted(mine.conversations)) == (crowd[0], sorted(found))
    assert mine.version == (await script.store.user_state(crowd[0], 0, 100)).version > 0
    assert (theirs.user_id, theirs.version, theirs.conversations) == (stranger, 0, ((system, 1, True),))


# ---------------------------------------------------------------- people


async def test_people_are_found_by_id_and_by_name(script: Script) -> None:
    await script.there_is(
        UserRow(ANNA, "anna", "Anna A.", "hi"), UserRow(BEN, "Ben", "Bäcker", bot=True), UserRow(CLEO, "c_leo", "100%")
    )
    store = script.store
    assert await store.users([ANNA, DORA], ["BEN", "nobody"]) == [
        UserRow(ANNA, "anna", "Anna A.", "hi"),
        UserRow(BEN, "Ben", "Bäcker", bot=True),
    ]
    assert await store.users([], []) == []

    async def names(query: str) -> list[str]:
        return [row.username for row in (await store.find_users(query, "", 10))[0]]

    assert await names("N") == ["anna", "Ben"]
    assert await names("a.") == ["anna"]
    assert await names("%") == ["c_leo"]
    assert await names("_") == ["c_leo"]
    assert await names("' OR 1=1 --") == []
    page, cursor = await store.find_users("", "", 2)
    assert [row.username for row in page] == ["anna", "Ben"]
    page, cursor = await store.find_users("", cursor, 2)
    assert ([row.username for row in page], cursor) == (["c_leo"], "")


# ---------------------------------------------------------------- the schedule


def a_submit(id_: str, text: str = "later") -> Submit:
    return Submit(id_, an_id(), Post(Body(text=text)))


async def test_scheduling_twice_is_one_row_and_another_content_a_conflict(script: Script) -> None:
    row = ScheduledRow(ANNA, a_submit(an_id()), 1000)
    assert await script.store.schedule(row, b"digest 1") is True
    assert await script.store.schedule(row, b"digest 1") is False
    with pytest.raises(ChatError) as refused:
        await script.store.schedule(row, b"digest 2")
    assert refused.value.code is Code.CONFLICT
    assert await script.store.scheduled(ANNA, "", 10) == ([row], "")
    assert await script.store.scheduled(BEN, "", 10) == ([], "")


async def test_scheduled_rows_come_in_due_order_in_pages(script: Script) -> None:
    room = an_id()
    rows = [ScheduledRow(ANNA, a_submit(room), due_ms) for due_ms in (3000, 1000, 2000, 2000)]
    for row in rows:
        await script.store.schedule(row, bytes(8))
    found: list[ScheduledRow] = []
    cursor = ""
    while True:
        page, cursor = await script.store.scheduled(ANNA, cursor, 1)
        found += page
        if not cursor:
            break
    assert [row.due_ms for row in found] == [1000, 2000, 2000, 3000]
    assert sorted(found, key=str) == sorted(rows, key=str)


async def test_what_is_due_is_sent_or_kept_with_its_error(script: Script) -> None:
    rows = [ScheduledRow(ANNA, a_submit(an_id()), due_ms) for due_ms in (3000, 1000, 2000)]
    store = script.store
    for row in rows:
        await store.schedule(row, bytes(8))
    assert await store.due(2000, 10) == [rows[1], rows[2]]
    assert await store.due(2000, 1) == [rows[1]]
    await store.settle(rows[1], "")
    await store.settle(rows[2], "not_a_member")
    assert await store.due(2000, 10) == []
    kept, _ = await store.scheduled(ANNA, "", 10)
    assert [(row.due_ms, row.error) for row in kept] == [(2000, "not_a_member"), (3000, "")]
    assert await store.cancel(ANNA, rows[2].submit.conversation_id, rows[2].submit.client_id) is True
    assert await store.cancel(ANNA, rows[2].submit.conversation_id, rows[2].submit.client_id) is False
    assert await store.cancel(BEN, rows[0].submit.conversation_id, rows[0].submit.client_id) is False
    await store.settle(rows[2], "too_late")
    assert len((await store.scheduled(ANNA, "", 10))[0]) == 1


async def test_what_is_due_is_not_listed_or_cancelled_until_it_was_refused(script: Script) -> None:
    store = script.store
    row, later = (ScheduledRow(ANNA, a_submit(an_id()), due_ms) for due_ms in (1000, 3000))
    key = row.submit.conversation_id, row.submit.client_id
    for one in (row, later):
        await store.schedule(one, bytes(8))
    assert await store.due(2000, 10) == [row]
    assert await store.scheduled(ANNA, "", 10) == ([later], "")
    assert await store.cancel(ANNA, *key) is False
    assert await store.due(2000, 10) == [row], "whoever asks next goes on with it"
    await store.settle(row, "not_a_member")
    assert [one.due_ms for one in (await store.scheduled(ANNA, "", 10))[0]] == [1000, 3000]
    assert await store.cancel(ANNA, *key) is True
    assert await store.schedule(row, bytes(8)) is True
    assert await store.cancel(ANNA, *key) is True


async def test_each_message_is_either_cancelled_or_due_however_many_nodes_try(script: Script) -> None:
    store = script.store
    rows = [ScheduledRow(ANNA, a_submit(an_id()), 1000) for _ in range(40)]
    for row in rows:
        await store.schedule(row, bytes(8))

    async def cancel(row: ScheduledRow) -> bool:
        return await store.cancel(ANNA, row.submit.conversation_id, row.submit.client_id)

    async with asyncio.TaskGroup() as together:
        cancels = []
        dues = []
        for number, row in enumerate(rows):
            cancels.append(together.create_task(cancel(row)))
            if number % 10 == 0:
                dues.append(together.create_task(store.due(2000, 15)))
    cancelled = {row.submit.client_id for row, task in zip(rows, cancels, strict=True) if task.result()}
    sent = {row.submit.client_id for task in dues for row in task.result()}
    sent |= {row.submit.client_id for row in await store.due(2000, 100)}
    assert cancelled.isdisjoint(sent)
    assert cancelled | sent == {row.submit.client_id for row in rows}


async def test_names_of_any_script_are_found_by_any_part_of_them(script: Script) -> None:
    await script.there_is(UserRow(ANNA, "罗密欧", "罗密欧"), UserRow(BEN, "juliet", "朱丽叶·凯普莱特"))
    room = await script.make(ANNA, kind=ConversationKind.CHANNEL, title="维罗纳的广场")
    for query, found in (("密", ["罗密欧"]), ("凯普", ["juliet"]), ("普莱特", ["juliet"]), ("蒙", [])):
        assert [row.username for row in (await script.store.find_users(query, "", 10))[0]] == found
    assert ids((await script.store.channels(BEN, "广场", "", 10))[0]) == [room]
