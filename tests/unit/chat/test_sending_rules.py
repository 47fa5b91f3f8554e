"""What becomes of a message, and in which order the questions are asked."""

from __future__ import annotations

import itertools

import pytest
from unit.chat.world import ANNA, BEN, CLEO, NOW, World, answer, command, fresh_id, person, text

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Accepted,
    Body,
    ConversationChange,
    ConversationKind,
    Dissolved,
    Edit,
    MemberAction,
    MemberChange,
    Pin,
    Post,
    React,
    Recall,
)


def remove(*people: str) -> MemberChange:
    return MemberChange(MemberAction.REMOVE, people)


def mute(until_ms: int, *people: str) -> MemberChange:
    return MemberChange(MemberAction.MUTE, people, muted_until_ms=until_ms)


def stored(world: World, conversation_id: str) -> list[int]:
    return [entry.seq for entry in world.log[conversation_id]]


# ---------------------------------------------------------------- numbers and time


def test_a_conversation_begins_with_the_entry_that_made_it() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    assert stored(world, group) == [1]
    assert world.does(BEN, group, text()) == Accepted(2, NOW)


def test_only_what_survives_gets_a_number() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    batch = [command(who, group, text()) for who in (ANNA, CLEO, BEN, CLEO, ANNA)]
    answers = [answer(outcome) for outcome in world.run(*batch)]
    assert [each.seq if isinstance(each, Accepted) else each for each in answers] == [
        2,
        Code.NOT_A_MEMBER,
        3,
        Code.NOT_A_MEMBER,
        4,
    ]
    assert stored(world, group) == [1, 2, 3, 4]


def test_clocks_do_not_order_messages() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.now_ms = NOW + 5000
    assert world.does(ANNA, group, text("first")) == Accepted(2, NOW + 5000)
    world.now_ms = NOW - 60_000
    assert world.does(BEN, group, text("second")) == Accepted(3, NOW + 5000)


# ---------------------------------------------------------------- keys


def test_a_retry_after_a_long_time_makes_no_copy() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    first = world.does(ANNA, group, text("once"), client_id=(key := fresh_id()))
    world.now_ms += 3_600_000
    assert first == Accepted(2, NOW)
    assert world.does(ANNA, group, text("once"), client_id=key) == Accepted(2, NOW, repeated=True)
    assert stored(world, group) == [1, 2]


def test_a_retry_within_one_batch_makes_no_copy() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    key = fresh_id()
    outcomes = world.run(*(command(ANNA, group, text("once"), client_id=key) for _ in range(3)))
    assert outcomes == [Accepted(2, NOW), Accepted(2, NOW, True), Accepted(2, NOW, True)]


def test_the_same_key_with_other_content_is_a_conflict() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    key = fresh_id()
    world.does(ANNA, group, text("one"), client_id=key)
    assert world.does(ANNA, group, text("two"), client_id=key) is Code.CONFLICT
    assert world.does(ANNA, group, React(2, "👍"), client_id=key) is Code.CONFLICT


def test_two_people_may_choose_the_same_key() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    key = fresh_id()
    assert world.does(ANNA, group, text(), client_id=key) == Accepted(2, NOW)
    assert world.does(BEN, group, text(), client_id=key) == Accepted(3, NOW)


def test_a_retry_of_something_stored_is_accepted_though_its_sender_was_removed_since() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    key = fresh_id()
    world.does(BEN, group, text("stored"), client_id=key)
    world.does(ANNA, group, remove(BEN))
    assert world.does(BEN, group, text("stored"), client_id=key) == Accepted(2, NOW, True)
    assert world.does(BEN, group, text("new")) is Code.NOT_A_MEMBER


def test_a_retry_of_something_stored_is_accepted_though_the_conversation_was_dissolved_since() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    key = fresh_id()
    world.does(BEN, group, text("stored"), client_id=key)
    world.does(ANNA, group, Dissolved())
    assert world.does(BEN, group, text("stored"), client_id=key) == Accepted(2, NOW, True)
    assert world.does(BEN, group, text("new")) is Code.CONVERSATION_DISSOLVED


def test_a_retried_edit_is_recognised_though_the_server_filled_fields_of_its_entry() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text("helo", mentions=(BEN,)))
    key = fresh_id()
    edit = Edit(2, Body(text="hello"))
    assert world.does(ANNA, group, edit, client_id=key) == Accepted(3, NOW)
    assert world.does(ANNA, group, edit, client_id=key) == Accepted(3, NOW, True)


# ---------------------------------------------------------------- predecessors


def test_a_message_waits_for_its_predecessor() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    first, second = fresh_id(), fresh_id()
    assert world.does(ANNA, group, text("two"), client_id=second, after=first) is Code.PREDECESSOR_MISSING
    world.does(ANNA, group, text("one"), client_id=first)
    assert world.does(ANNA, group, text("two"), client_id=second, after=first) == Accepted(3, NOW)


def test_a_chain_within_one_batch_holds_its_order() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    keys = [fresh_id() for _ in range(4)]
    chain = [command(ANNA, group, text(), client_id=keys[0])]
    chain += [command(ANNA, group, text(), client_id=key, after=last) for last, key in itertools.pairwise(keys)]
    assert [answer(outcome) for outcome in world.run(*chain)] == [Accepted(seq, NOW) for seq in (2, 3, 4, 5)]


def test_what_follows_a_refused_message_is_not_stored() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    first, second = fresh_id(), fresh_id()
    outcomes = world.run(
        command(ANNA, group, Recall(99), client_id=first),
        command(ANNA, group, text(), client_id=second, after=first),
        command(BEN, group, text()),
    )
    assert [answer(outcome) for outcome in outcomes] == [
        Code.MESSAGE_NOT_FOUND,
        Code.PREDECESSOR_MISSING,
        Accepted(2, NOW),
    ]


def test_somebody_elses_key_is_no_predecessor() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    theirs = fresh_id()
    world.does(BEN, group, text(), client_id=theirs)
    assert world.does(ANNA, group, text(), after=theirs) is Code.PREDECESSOR_MISSING


# ---------------------------------------------------------------- who may


def test_a_stranger_learns_only_that_he_is_none_of_the_members() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, Dissolved())
    for action in (text(), Recall(2), remove(BEN), ConversationChange(title="mine"), Dissolved(), Edit(9, Body("x"))):
        assert world.does(CLEO, group, action) is Code.NOT_A_MEMBER


def test_a_conversation_that_is_none_is_not_found() -> None:
    assert World().does(ANNA, fresh_id(), text()) is Code.CONVERSATION_NOT_FOUND


def test_a_message_of_somebody_removed_earlier_in_the_batch_is_refused() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    outcomes = world.run(
        command(BEN, group, text("in time")), command(ANNA, group, remove(BEN)), command(BEN, group, text("too late"))
    )
    assert [answer(outcome) for outcome in outcomes] == [Accepted(2, NOW), Accepted(3, NOW), Code.NOT_A_MEMBER]


def test_an_offline_batch_takes_the_sender_of_each_message() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.run(command(ANNA, group, text("mine")), command(BEN, group, text("yours")), command(ANNA, group, text()))
    assert [entry.sender_id for entry in world.log[group]] == [ANNA, ANNA, BEN, ANNA]


def test_both_people_of_a_direct_chat_write_and_nobody_manages_it() -> None:
    world = World()
    chat = world.direct(ANNA, BEN)
    assert world.does(ANNA, chat, text()) == Accepted(2, NOW)
    assert world.does(BEN, chat, text()) == Accepted(3, NOW)
    for action in (
        MemberChange(MemberAction.ADD, (CLEO,)),
        remove(BEN),
        MemberChange(MemberAction.LEAVE),
        ConversationChange(title="ours"),
        Dissolved(),
    ):
        assert world.does(ANNA, chat, action) is Code.FORBIDDEN
    assert world.does(BEN, chat, Pin(2)) == Accepted(4, NOW)


def test_only_admins_of_the_server_announce_and_nobody_needs_a_row_for_it() -> None:
    world = World()
    system = world.system()
    assert world.does(ANNA, system, text()) is Code.FORBIDDEN
    assert world.does(ANNA, system, React(1, "👍")) is Code.FORBIDDEN
    assert world.does(ANNA, system, text(), admin=True) == Accepted(2, NOW)
    assert world.told[0].audience is None
    assert world.members == {}


# ---------------------------------------------------------------- muting and slow mode


def test_the_muted_are_silent_until_the_time_is_over() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(BEN, group, text("oops"))
    world.does(ANNA, group, mute(NOW + 10_000, BEN))
    assert world.does(BEN, group, text()) is Code.MUTED
    assert world.does(BEN, group, React(2, "👍")) is Code.MUTED
    assert world.does(BEN, group, Edit(2, Body("x"))) is Code.MUTED
    assert isinstance(world.does(BEN, group, Recall(2)), Accepted)
    world.now_ms += 10_000
    assert isinstance(world.does(BEN, group, text()), Accepted)


def test_a_refusal_for_muting_says_how_long_it_lasts() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, mute(NOW + 10_000, BEN))
    outcome = world.run(command(BEN, group, text()))[0]
    assert isinstance(outcome, ChatError)
    assert outcome.retry_after_s == pytest.approx(10)


def test_where_all_are_muted_the_managers_still_speak() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, ConversationChange(mute_all=True))
    assert world.does(BEN, group, text()) is Code.MUTED
    assert isinstance(world.does(ANNA, group, text()), Accepted)


def test_slow_mode_makes_members_pause_and_spares_managers() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, ConversationChange(slow_mode_s=30))
    assert isinstance(world.does(BEN, group, text()), Accepted)
    assert world.does(BEN, group, text()) is Code.SLOW_MODE
    assert all(isinstance(world.does(ANNA, group, text()), Accepted) for _ in range(3))
    world.now_ms += 30_000
    assert isinstance(world.does(BEN, group, text()), Accepted)


def test_slow_mode_counts_messages_of_the_same_batch() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, ConversationChange(slow_mode_s=30))
    outcomes = world.run(command(BEN, group, text()), command(BEN, group, text()))
    assert [answer(outcome) for outcome in outcomes] == [Accepted(3, NOW), Code.SLOW_MODE]


# ---------------------------------------------------------------- targets


def test_only_the_author_edits() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(BEN, group, text("helo"))
    assert world.does(ANNA, group, Edit(2, Body("hello"))) is Code.FORBIDDEN
    assert isinstance(world.does(BEN, group, Edit(2, Body("hello"))), Accepted)
    message = world.messages[group, 2]
    assert (message.post.body.text, message.edits) == ("hello", 1)


def test_author_and_managers_recall_and_a_recalled_message_says_nothing_any_more() -> None:
    world = World()
    group = world.group(ANNA, BEN, CLEO)
    for _ in range(2):
        world.does(BEN, group, text("regret", mentions=(ANNA,)))
    assert world.does(CLEO, group, Recall(2)) is Code.FORBIDDEN
    assert isinstance(world.does(BEN, group, Recall(2)), Accepted)
    assert isinstance(world.does(ANNA, group, Recall(3)), Accepted)
    for seq in (2, 3):
        message = world.messages[group, seq]
        assert message.recalled
        assert message.post == Post(Body(), withdrawn=True)


@pytest.mark.parametrize("action", [Edit(2, Body("x")), Recall(2), React(2, "👍"), Pin(2)])
def test_a_recalled_message_is_changed_no_more(action: Edit | Recall | React | Pin) -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text())
    world.does(ANNA, group, Recall(2))
    assert world.does(ANNA, group, action) is Code.MESSAGE_RECALLED


@pytest.mark.parametrize("seq", [1, 3, 77])
def test_what_is_no_message_is_no_target(seq: int) -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text())
    world.does(ANNA, group, React(2, "👍"))
    for action in (Edit(seq, Body("x")), Recall(seq), React(seq, "👍"), Pin(seq), text(reply_to_seq=seq)):
        assert world.does(ANNA, group, action) is Code.MESSAGE_NOT_FOUND


def test_a_message_from_before_ones_time_is_no_target() -> None:
    world = World()
    group = world.group(ANNA, BEN, history_for_newcomers=False)
    world.does(ANNA, group, text("before Cleo"))
    world.does(ANNA, group, MemberChange(MemberAction.ADD, (CLEO,)))
    world.does(ANNA, group, text("with Cleo"))
    assert world.does(CLEO, group, React(2, "👍")) is Code.MESSAGE_NOT_FOUND
    assert world.does(CLEO, group, text(reply_to_seq=2)) is Code.MESSAGE_NOT_FOUND
    assert isinstance(world.does(CLEO, group, React(4, "👍")), Accepted)


def test_a_message_can_be_edited_and_recalled_in_the_batch_that_stores_it() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.run(
        command(ANNA, group, text("one")), command(ANNA, group, Edit(2, Body("two"))), command(BEN, group, text())
    )
    assert world.messages[group, 2].post.body.text == "two"
    world.run(command(ANNA, group, text("three")), command(ANNA, group, Recall(5)))
    assert world.messages[group, 5].recalled


def test_an_edit_carries_the_mentions_it_replaces() -> None:
    world = World()
    group = world.group(ANNA, BEN, CLEO)
    world.does(ANNA, group, text(mentions=(BEN,)))
    world.does(ANNA, group, Edit(2, Body("x"), mentions=(CLEO,)))
    edit = world.log[group][-1].action
    assert isinstance(edit, Edit)
    assert (edit.previous_mentions, edit.mentions, edit.target_sender_id, edit.target_counts) == (
        (BEN,),
        (CLEO,),
        ANNA,
        True,
    )
    assert world.last.changes.mentions_changed == [(group, 2, False, (CLEO,))]


def test_replies_are_counted_at_the_message_that_opened_the_thread() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text("root"))
    world.does(BEN, group, text("reply", thread_seq=2))
    world.does(BEN, group, text("shown too", thread_seq=2, also_in_conversation=True))
    root = world.messages[group, 2]
    assert (root.thread_replies, root.thread_last_seq) == (2, 4)
    assert [new.counts for new in world.last.changes.entries] == [True]
    assert world.does(ANNA, group, text(thread_seq=3)) is Code.BAD_REQUEST


def test_a_reaction_taken_back_and_set_anew_in_one_batch_is_set() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text())
    world.does(BEN, group, React(2, "👍"))
    world.run(command(BEN, group, React(2, "👍", set=False)), command(BEN, group, React(2, "👍")))
    assert [row.seq for row in world.reactions.values()] == [5]
    world.run(command(BEN, group, React(2, "🎉")), command(BEN, group, React(2, "🎉", set=False)))
    assert len(world.reactions) == 1


def test_a_reaction_set_twice_keeps_its_first_place() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text())
    world.run(command(BEN, group, React(2, "👍")), command(BEN, group, React(2, "👍")))
    world.does(BEN, group, React(2, "👍"))
    assert [row.seq for row in world.reactions.values()] == [3]


def test_members_do_not_pin_in_a_group() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(BEN, group, text())
    assert world.does(BEN, group, Pin(2)) is Code.FORBIDDEN
    assert isinstance(world.does(ANNA, group, Pin(2)), Accepted)
    assert world.messages[group, 2].pinned
    world.does(ANNA, group, Pin(2, set=False))
    assert not world.messages[group, 2].pinned


# ---------------------------------------------------------------- channels and who hears of it


def test_a_channel_is_written_by_members_and_managed_by_admins_of_the_server_too() -> None:
    world = World()
    channel = world.group(ANNA, BEN, CLEO, kind=ConversationKind.CHANNEL)
    assert isinstance(world.does(BEN, channel, text()), Accepted)
    assert world.does(BEN, channel, ConversationChange(title="x")) is Code.FORBIDDEN
    assert isinstance(world.does(BEN, channel, ConversationChange(title="x"), admin=True), Accepted)
    assert world.conversations[channel].title == "x"


def test_an_admin_of_the_server_has_no_power_in_groups() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    assert world.does(BEN, group, ConversationChange(title="x"), admin=True) is Code.FORBIDDEN


def test_the_messages_of_a_batch_are_told_once_per_conversation() -> None:
    world = World()
    group, chat = world.group(ANNA, BEN), world.direct(ANNA, CLEO)
    world.run(*(command(ANNA, where, text()) for where in (group, chat, group, chat, group)))
    told = {event.conversation_id: [entry.seq for entry in event.entries] for event in world.told}
    assert told == {group: [2, 3, 4], chat: [2, 3]}
    assert len(world.told) == 2


def test_a_large_conversation_is_told_on_its_own_topic() -> None:
    people = [person(number) for number in range(1, 18)]
    world = World(*people)
    group = world.group(*people)
    assert [event.audience for event in world.told] == [tuple(sorted(people)), None]
    world.does(people[3], group, text())
    assert [event.audience for event in world.told] == [None]
