"""Pages: what they cover, what they show, and what is withheld from whom."""

from __future__ import annotations

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script, an_id, person

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Body,
    ConversationChange,
    ConversationKind,
    Edit,
    Entry,
    HistoryPage,
    MemberState,
    MessageState,
    Post,
    ReactionCount,
)


def seqs(page: HistoryPage) -> list[int]:
    return [item.seq if isinstance(item, Entry) else item.message.seq for item in page.items]


def shape(page: HistoryPage) -> tuple[list[int], int, int, bool, bool]:
    return seqs(page), page.from_seq, page.to_seq, page.more_before, page.more_after


def message(page: HistoryPage, seq: int) -> MessageState:
    return next(item for item in page.items if isinstance(item, MessageState) and item.message.seq == seq)


async def a_long_stage(script: Script, size: int = 10) -> str:
    """Make a conversation whose entries 2..size are messages."""
    stage = await script.make(ANNA, BEN)
    for n in range(2, size + 1):
        await script.say(stage, ANNA, str(n))
    return stage


async def refusal(code: Code, look: object) -> None:
    with pytest.raises(ChatError) as refused:
        await look  # type: ignore[misc]
    assert refused.value.code is code


# ---------------------------------------------------------------- entries


async def test_entries_are_paged_upwards_and_say_what_they_cover(script: Script) -> None:
    stage = await a_long_stage(script)
    page = await script.store.entries(BEN, stage, 3, 4)
    assert [entry.seq for entry in page.entries] == [4, 5, 6, 7]
    assert (page.from_seq, page.to_seq, page.as_of, page.reset) == (4, 7, 10, False)
    page = await script.store.entries(BEN, stage, 7, 4)
    assert [entry.seq for entry in page.entries] == [8, 9, 10]
    assert (page.from_seq, page.to_seq, page.as_of) == (8, 10, 10)
    page = await script.store.entries(BEN, stage, 10, 4)
    assert (page.from_seq, page.to_seq, page.entries) == (11, 10, ())


async def test_an_entry_outside_the_intervals_is_withheld_but_covered(script: Script) -> None:
    stage = await a_long_stage(script, 4)
    await script.add(stage, ANNA, CLEO)  # 5
    await script.say(stage, ANNA, "seen")  # 6
    await script.remove(stage, ANNA, CLEO)  # 7
    await script.say(stage, ANNA, "unseen")  # 8
    page = await script.store.entries(CLEO, stage, 0, 100)
    assert ([entry.seq for entry in page.entries], page.from_seq, page.to_seq, page.as_of) == ([5, 6, 7], 1, 7, 7)
    await script.add(stage, ANNA, CLEO)  # 9
    await script.say(stage, ANNA, "seen again")  # 10
    page = await script.store.entries(CLEO, stage, 0, 100)
    assert ([entry.seq for entry in page.entries], page.to_seq, page.as_of) == ([5, 6, 7, 9, 10], 10, 10)
    page = await script.store.entries(CLEO, stage, 6, 2)
    assert ([entry.seq for entry in page.entries], page.from_seq, page.to_seq) == ([7, 9], 7, 9)
    assert seqs(await script.store.history(CLEO, stage, limit=100)) == [5, 6, 7, 9, 10]


async def test_a_hidden_entry_is_gone_for_one_person_only(script: Script) -> None:
    stage = await a_long_stage(script, 4)
    await script.store.hide(BEN, stage, 3)
    await script.store.hide(BEN, stage, 3)
    assert await script.texts(BEN, stage) == ["2", "4"]
    assert await script.texts(ANNA, stage) == ["2", "3", "4"]
    assert seqs(await script.store.history(BEN, stage, limit=10)) == [1, 2, 4]
    await refusal(Code.MESSAGE_NOT_FOUND, script.store.revisions(BEN, stage, 3))


async def test_a_recalled_message_loses_its_words_everywhere(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "secret", mentions=(BEN,))
    await script.edit(stage, ANNA, 2, "secret too", (BEN,))
    await script.say(stage, ANNA, "harmless")
    await script.recall(stage, ANNA, 2)
    entries = (await script.store.entries(BEN, stage, 0, 100)).entries
    assert isinstance(entries[1].action, Post)
    assert isinstance(entries[2].action, Edit)
    for entry in (entries[1], entries[2]):
        assert entry.action.withdrawn  # type: ignore[union-attr]
        assert entry.action.body == Body()  # type: ignore[union-attr]
        assert entry.action.mentions == (BEN,)  # type: ignore[union-attr]
    assert await script.texts(BEN, stage) == ["", "harmless"]
    shown = message(await script.store.history(BEN, stage, limit=10), 2).message
    assert (shown.recalled, shown.post.withdrawn, shown.post.body) == (True, True, Body())
    await refusal(Code.MESSAGE_RECALLED, script.store.revisions(BEN, stage, 2))


async def test_who_may_look(script: Script) -> None:
    group = await script.make(ANNA, BEN)
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    system = await script.make_system()
    store = script.store
    for conversation, code in ((group, Code.NOT_A_MEMBER), (an_id(), Code.CONVERSATION_NOT_FOUND)):
        await refusal(code, store.entries(CLEO, conversation, 0, 10))
        await refusal(code, store.history(CLEO, conversation, limit=10))
        await refusal(code, store.revisions(CLEO, conversation, 1))
        await refusal(code, store.conversation(CLEO, conversation))
        await refusal(code, store.members(CLEO, conversation, "", 10))
    for conversation in (channel, system):
        assert len((await store.entries(CLEO, conversation, 0, 10)).entries) == 1
        assert seqs(await store.history(CLEO, conversation, limit=10)) == [1]
        assert (await store.conversation(CLEO, conversation)).conversation.head == 1
        assert (await store.members(CLEO, conversation, "", 10))[0] == 1


async def test_a_third_person_cannot_tell_whether_two_people_talk(script: Script) -> None:
    chat = await script.make(ANNA, BEN, kind=ConversationKind.DIRECT)
    store = script.store
    await refusal(Code.CONVERSATION_NOT_FOUND, store.entries(CLEO, chat, 0, 10))
    await refusal(Code.CONVERSATION_NOT_FOUND, store.history(CLEO, chat, limit=10))
    await refusal(Code.CONVERSATION_NOT_FOUND, store.revisions(CLEO, chat, 1))
    await refusal(Code.CONVERSATION_NOT_FOUND, store.conversation(CLEO, chat))
    await refusal(Code.CONVERSATION_NOT_FOUND, store.members(CLEO, chat, "", 10))


async def test_a_channel_is_open_to_who_left_but_not_to_who_was_banned(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    await script.join(channel, BEN)
    await script.join(channel, CLEO)
    await script.join(channel, BEN, MemberState.LEFT)
    await script.remove(channel, ANNA, CLEO, MemberState.BANNED)  # 2
    await script.say(channel, ANNA, "later")  # 3
    assert seqs(await script.store.history(BEN, channel, limit=10)) == [1, 2, 3]
    assert seqs(await script.store.history(CLEO, channel, limit=10)) == [1, 2]
    await refusal(Code.NOT_A_MEMBER, script.store.members(CLEO, channel, "", 10))


async def test_a_newcomer_sees_history_by_the_interval_alone(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL, history=False)
    await script.say(channel, ANNA, "before")
    await script.join(channel, BEN)
    page = await script.store.history(BEN, channel, limit=10)
    assert (page.items, page.as_of, page.more_before, page.more_after) == ((), 2, False, False)
    await script.say(channel, ANNA, "after")
    assert await script.texts(BEN, channel) == ["after"]


# ---------------------------------------------------------------- history


async def test_the_newest_page_comes_without_a_position(script: Script) -> None:
    stage = await a_long_stage(script)
    page = await script.store.history(BEN, stage, limit=3)
    assert shape(page) == ([8, 9, 10], 8, 10, True, False)
    assert page.as_of == 10


async def test_pages_lead_backwards_to_the_beginning(script: Script) -> None:
    stage = await a_long_stage(script)
    assert shape(await script.store.history(BEN, stage, before_seq=8, limit=4)) == ([4, 5, 6, 7], 4, 7, True, True)
    assert shape(await script.store.history(BEN, stage, before_seq=4, limit=4)) == ([1, 2, 3], 1, 3, False, True)
    assert shape(await script.store.history(BEN, stage, before_seq=4, limit=3)) == ([1, 2, 3], 1, 3, False, True)
    assert seqs(await script.store.history(BEN, stage, before_seq=99, limit=2)) == [9, 10]


async def test_pages_lead_forwards_to_the_end(script: Script) -> None:
    stage = await a_long_stage(script)
    assert shape(await script.store.history(BEN, stage, after_seq=3, limit=4)) == ([4, 5, 6, 7], 4, 7, True, True)
    assert shape(await script.store.history(BEN, stage, after_seq=7, limit=4)) == ([8, 9, 10], 8, 10, True, False)
    assert shape(await script.store.history(BEN, stage, after_seq=10, limit=4)) == ([], 11, 10, True, False)


async def test_a_page_around_a_message_has_both_sides(script: Script) -> None:
    stage = await a_long_stage(script)
    assert shape(await script.store.history(BEN, stage, around_seq=5, limit=4)) == ([4, 5, 6, 7], 4, 7, True, True)
    assert shape(await script.store.history(BEN, stage, around_seq=10, limit=4)) == ([9, 10], 9, 10, True, False)
    assert shape(await script.store.history(BEN, stage, around_seq=1, limit=4)) == ([1, 2, 3], 1, 3, False, True)
    assert shape(await script.store.history(BEN, stage, around_seq=5, limit=1)) == ([5], 5, 5, True, True)


async def test_edits_reactions_and_pins_are_folded_into_their_message(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    await script.say(stage, ANNA, "first")  # 2
    script.clock.advance(1)
    await script.edit(stage, ANNA, 2, "second")
    edited_ms = script.clock.now_ms()
    await script.react(stage, CLEO, 2, "🎉")
    await script.react(stage, BEN, 2, "👍")
    await script.react(stage, ANNA, 2, "🎉")
    await script.pin(stage, BEN, 2)
    page = await script.store.history(BEN, stage, limit=10)
    assert seqs(page) == [1, 2]
    shown = message(page, 2)
    assert (shown.message.post.body.text, shown.message.edits, shown.message.edited_ms) == ("second", 1, edited_ms)
    assert shown.message.pinned
    assert shown.reactions == (
        ReactionCount("🎉", 2, (CLEO, ANNA), False),
        ReactionCount("👍", 1, (BEN,), True),
    )
    await script.react(stage, BEN, 2, "👍", set_=False)
    await script.react(stage, CLEO, 2, "🎉")
    await script.react(stage, BEN, 2, "none of this", set_=False)
    await script.pin(stage, BEN, 2, set_=False)
    shown = message(await script.store.history(BEN, stage, limit=10), 2)
    assert shown.reactions == (ReactionCount("🎉", 2, (CLEO, ANNA), False),)
    assert not shown.message.pinned


async def test_a_hundred_people_are_named_with_a_reaction_and_all_are_counted(script: Script) -> None:
    crowd = [person(f"p{n:03}") for n in range(105)]
    stage = await script.make(*crowd)
    await script.say(stage, crowd[0])
    for someone in crowd:
        await script.react(stage, someone, 2, "👍")
    shown = message(await script.store.history(crowd[-1], stage, limit=1), 2)
    assert shown.reactions == (ReactionCount("👍", 105, tuple(crowd[:100]), True),)


async def test_a_thread_keeps_its_opening_message_and_its_replies(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "opening")  # 2
    await script.say(stage, BEN, "elsewhere")  # 3
    for n in range(4, 8):
        await script.say(stage, BEN, str(n), thread_seq=2)
    await script.edit(stage, BEN, 4, "changed")  # 8
    store = script.store
    assert shape(await store.history(ANNA, stage, thread_seq=2, limit=10)) == ([2, 4, 5, 6, 7], 1, 8, False, False)
    assert shape(await store.history(ANNA, stage, thread_seq=2, limit=2)) == ([6, 7], 6, 8, True, False)
    assert shape(await store.history(ANNA, stage, thread_seq=2, before_seq=5, limit=2)) == ([2, 4], 2, 4, False, True)
    assert shape(await store.history(ANNA, stage, thread_seq=2, after_seq=4, limit=2)) == ([5, 6], 5, 6, True, True)
    assert seqs(await store.history(ANNA, stage, thread_seq=2, after_seq=1, limit=2)) == [2, 4]
    opening = message(await store.history(ANNA, stage, thread_seq=2, limit=10), 2).message
    assert (opening.thread_replies, opening.thread_last_seq) == (4, 7)


async def test_pins_are_listed_page_by_page_to_those_who_are_there(script: Script) -> None:
    stage = await a_long_stage(script, 6)
    await script.add(stage, ANNA, CLEO)  # 7
    await script.say(stage, ANNA, "8")
    for seq in (2, 3, 4, 5, 8):
        await script.pin(stage, BEN, seq)
    await script.pin(stage, BEN, 3, set_=False)
    await script.recall(stage, ANNA, 4)

    async def pinned(user: str, cursor: str = "", limit: int = 10) -> tuple[list[int], str]:
        found, following = await script.store.pins(user, stage, cursor, limit)
        assert all(one.message.pinned for one in found)
        return [one.message.seq for one in found], following

    assert await pinned(BEN) == ([8, 5, 2], "")
    assert await pinned(BEN, limit=2) == ([8, 5], "5")
    assert await pinned(BEN, "5", limit=2) == ([2], "")
    await script.store.hide(BEN, stage, 5)
    assert await pinned(BEN) == ([8, 2], "")
    assert await pinned(CLEO) == ([8], "")
    await script.remove(stage, ANNA, CLEO)
    await script.say(stage, ANNA, "without her")
    assert await pinned(CLEO) == ([], "")
    await refusal(Code.BAD_CURSOR, script.store.pins(BEN, stage, "9.5", 10))
    await refusal(Code.CONVERSATION_NOT_FOUND, script.store.pins(BEN, an_id(), "", 10))


async def test_revisions_tell_what_a_message_said(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "one")
    await script.edit(stage, ANNA, 2, "two")
    await script.react(stage, BEN, 2, "👍")
    await script.edit(stage, ANNA, 2, "three")
    found = await script.store.revisions(BEN, stage, 2)
    assert [(revision.seq, revision.body.text) for revision in found] == [(2, "one"), (3, "two"), (5, "three")]
    for no_message in (1, 4, 99):
        await refusal(Code.MESSAGE_NOT_FOUND, script.store.revisions(BEN, stage, no_message))


async def test_a_page_of_many_reactions_stays_bounded_and_says_where_it_stopped(script: Script) -> None:
    from hubbub.chat.model import React
    from hubbub.chat.ports import Changes, Facts, Needs, NewEntry
    from hubbub.storage.bounds import WINDOW

    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "old")  # 2

    def plan(facts: Facts) -> Changes:
        row = facts.conversations[stage]
        new = []
        for _ in range(WINDOW + 10):
            row.head += 1
            new.append(NewEntry(Entry(stage, row.head, 1, BEN, an_id(), React(2, "👍")), bytes(8)))
        return Changes(entries=new, conversations=[row])

    await script.store.commit(Needs(conversations={stage}), plan)
    page = await script.store.history(ANNA, stage, limit=10)
    assert shape(page) == ([], 13, WINDOW + 12, True, False)
    assert shape(await script.store.history(ANNA, stage, before_seq=13, limit=10)) == ([1, 2], 1, 12, False, True)
    assert shape(await script.store.history(ANNA, stage, after_seq=2, limit=10)) == ([], 3, WINDOW + 2, True, True)


# ---------------------------------------------------------------- the cut


async def test_who_was_removed_sees_messages_as_they_were_then(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    await script.say(stage, ANNA, "first")  # 2
    await script.edit(stage, ANNA, 2, "second", (BEN,))
    await script.react(stage, BEN, 2, "👍")
    await script.say(stage, BEN, "reply", thread_seq=2)  # 5
    await script.remove(stage, ANNA, CLEO)  # 6
    await script.edit(stage, ANNA, 2, "third")
    await script.react(stage, ANNA, 2, "🎉")
    await script.say(stage, BEN, "later", thread_seq=2)
    shown = message(await script.store.history(CLEO, stage, limit=10), 2)
    assert (shown.message.post.body.text, shown.message.post.mentions, shown.message.edits) == ("second", (BEN,), 1)
    assert shown.reactions == (ReactionCount("👍", 1, (BEN,), False),)
    assert (shown.message.thread_replies, shown.message.thread_last_seq) == (1, 5)
    assert [r.body.text for r in await script.store.revisions(CLEO, stage, 2)] == ["first", "second"]
    now = message(await script.store.history(BEN, stage, limit=10), 2)
    assert (now.message.post.body.text, len(now.reactions), now.message.thread_replies) == ("third", 2, 2)


async def test_who_was_removed_learns_nothing_of_the_conversation_afterwards(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO, DORA, title="old")
    await script.change(stage, ANNA, ConversationChange(topic="old topic"))
    await script.say(stage, ANNA, "last")  # 3
    script.clock.advance(1)
    end = await script.remove(stage, ANNA, CLEO)
    end_ms = script.clock.now_ms()
    script.clock.advance(1)
    await script.change(stage, ANNA, ConversationChange(title="new", topic="new topic", announcement="hush"))
    await script.say(stage, ANNA, "unseen")
    state = await script.store.conversation(CLEO, stage)
    row = state.conversation
    assert (row.title, row.topic, row.announcement) == ("old", "old topic", "")
    assert (row.head, row.last_time_ms, row.member_count) == (end, end_ms, 0)
    assert state.last_message is not None
    assert state.last_message.message.seq == 3
    assert state.unread == 0
    row = (await script.store.conversation(BEN, stage)).conversation
    assert (row.title, row.topic, row.announcement, row.head) == ("new", "new topic", "hush", end + 2)
