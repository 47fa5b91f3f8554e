"""The log: numbers without gaps, keys for ever, all or nothing."""

from __future__ import annotations

import asyncio

import pytest
from contracts.script import ANNA, BEN, CLEO, Script, an_id, person

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    Body,
    ConversationChange,
    ConversationKind,
    Created,
    Edit,
    Entry,
    MemberState,
    Post,
    UserRow,
)
from hubbub.chat.ports import Changes, DataRefused, Facts, Needs, NewEntry, StoredUserKey, Untold
from hubbub.chat.rights import OwnRole


async def test_two_writers_never_share_a_number(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    async with asyncio.TaskGroup() as writers:
        tasks = [writers.create_task(script.say(stage, sender, str(n))) for n in range(20) for sender in (ANNA, BEN)]
    assert sorted(task.result() for task in tasks) == list(range(2, 42))
    page = await script.store.entries(ANNA, stage, 0, 100)
    assert [entry.seq for entry in page.entries] == list(range(1, 42))


async def test_a_batch_may_span_conversations(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(40)]

    def plan(facts: Facts) -> Changes:
        changes = Changes()
        for id_ in rooms:
            row = facts.conversations[id_]
            for _ in range(7):
                row.head += 1
                entry = Entry(id_, row.head, 5, ANNA, an_id(), Post(Body(text=f"{row.head}")))
                changes.entries.append(NewEntry(entry, bytes(8), counts=True))
            changes.conversations.append(row)
        return changes

    await script.store.commit(Needs(conversations=set(rooms)), plan)
    assert await script.store.heads(rooms) == dict.fromkeys(rooms, 8)
    for id_ in rooms:
        assert await script.texts(BEN, id_) == [str(n) for n in range(2, 9)]


async def test_a_stored_key_is_found_with_its_number_time_and_digest(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    key = (stage, ANNA, an_id())
    action = Post(Body(text="once"))
    seq, _ = await script.act(stage, ANNA, action, client_id=key[2])
    again, committed = await script.act(stage, ANNA, action, client_id=key[2])
    assert (seq, again, committed.outbox_id) == (2, 2, 0)
    stranger = (stage, BEN, key[2])
    facts = await script.facts(Needs(conversations={stage}, keys={key, stranger}))
    assert facts.keys.keys() == {key}
    assert (facts.keys[key].seq, facts.keys[key].time_ms) == (2, script.clock.now_ms())
    assert len(facts.keys[key].digest) == 8


async def test_the_same_key_twice_in_one_plan_is_refused_and_stores_nothing(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    client_id = an_id()

    def plan(facts: Facts) -> Changes:
        row = facts.conversations[stage]
        row.head += 2
        return Changes(
            entries=[NewEntry(Entry(stage, seq, 1, ANNA, client_id, Post(Body(text="x"))), bytes(8)) for seq in (2, 3)],
            conversations=[row],
        )

    with pytest.raises(DataRefused):
        await script.store.commit(Needs(conversations={stage}), plan)
    assert await script.store.heads([stage]) == {stage: 1}
    assert await script.say(stage, ANNA) == 2


async def test_an_exception_of_the_plan_rolls_back_and_comes_through_unchanged(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    reason = UnicodeError("the plan's own")

    def plan(facts: Facts) -> Changes:
        facts.conversations[stage].head = 99
        facts.members[stage, ANNA].read_seq = 99
        raise reason

    with pytest.raises(UnicodeError) as raised:
        await script.store.commit(Needs(conversations={stage}, members={(stage, ANNA)}), plan)
    assert raised.value is reason
    facts = await script.facts(Needs(conversations={stage}, members={(stage, ANNA)}))
    assert facts.conversations[stage].head == 1
    assert facts.members[stage, ANNA].read_seq == 0


async def test_rows_belong_to_the_plan_that_got_them(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    needs = Needs(conversations={stage}, members={(stage, ANNA)})
    for _ in range(3):
        facts = await script.facts(needs)
        assert facts.conversations[stage].title == "stage"
        assert facts.members[stage, ANNA].state is MemberState.JOINED
        facts.conversations[stage].title = "spoilt"
        facts.members[stage, ANNA].state = MemberState.BANNED


async def test_what_does_not_exist_is_absent_from_the_facts(script: Script) -> None:
    nowhere = an_id()
    facts = await script.facts(
        Needs(
            conversations={nowhere},
            keys={(nowhere, ANNA, an_id())},
            user_keys={(ANNA, an_id())},
            members={(nowhere, ANNA)},
            messages={(nowhere, 1)},
            users={ANNA},
        )
    )
    assert facts == Facts({}, {}, {}, {}, {}, set(), {})


async def test_people_must_exist_to_be_found(script: Script) -> None:
    await script.there_is(UserRow(ANNA, "anna"))
    facts = await script.facts(Needs(users={ANNA, BEN}))
    assert facts.users == {ANNA}


async def test_a_change_of_members_is_seen_by_the_next_plan(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    needs = Needs(conversations={stage}, members={(stage, CLEO)})
    assert (await script.facts(needs)).audiences == {stage: tuple(sorted((ANNA, BEN, CLEO)))}
    await script.remove(stage, ANNA, CLEO)
    facts = await script.facts(needs)
    assert facts.audiences == {stage: tuple(sorted((ANNA, BEN)))}
    assert facts.members[stage, CLEO].state is MemberState.REMOVED


async def test_a_mark_is_seen_by_the_next_plan(script: Script) -> None:
    from hubbub.chat.model import Mark

    stage = await script.make(ANNA, BEN)
    needs = Needs(conversations={stage}, members={(stage, BEN)})
    await script.facts(needs)
    await script.store.set_marks([(stage, Mark(BEN, 1, 1))])
    assert (await script.facts(needs)).members[stage, BEN].read_seq == 1


async def test_large_conversations_have_no_audience_in_the_facts(script: Script) -> None:
    crowd = [person(f"p{n}") for n in range(SMALL_AUDIENCE + 1)]
    large = await script.make(*crowd)
    small = await script.make(*crowd[:-1])
    system = await script.make_system()
    facts = await script.facts(Needs(conversations={large, small, system}))
    assert facts.audiences == {small: tuple(sorted(crowd[:-1]))}
    assert await script.store.small_audience(large) is None
    assert await script.store.small_audience(small) == tuple(sorted(crowd[:-1]))
    assert await script.store.small_audience(system) is None
    assert await script.store.small_audience(an_id()) is None


async def test_user_keys_are_kept(script: Script) -> None:
    client_id = an_id()
    stored = StoredUserKey(b"8 bytes!", an_id())
    await script.use_key(ANNA, client_id, stored)
    facts = await script.facts(Needs(user_keys={(ANNA, client_id), (BEN, client_id)}))
    assert facts.user_keys == {(ANNA, client_id): stored}


async def test_an_entry_comes_back_as_it_was(script: Script) -> None:
    stage = await script.make(ANNA, BEN, kind=ConversationKind.DIRECT)
    post = Post(Body("text", "type", '{"a": 1}', "fallback"), 1, 1, True, (ANNA, BEN), True)
    await script.act(stage, ANNA, post)
    await script.act(stage, BEN, Edit(2, Body(text="new"), (ANNA,), False, False, (BEN,), True, ANNA, True))
    page = await script.store.entries(ANNA, stage, 0, 10)
    assert [entry.action for entry in page.entries] == [
        Created(ConversationKind.DIRECT, "stage", (ANNA, BEN)),
        post,
        Edit(2, Body(text="new"), (ANNA,), False, False, (BEN,), True, ANNA, True),
    ]
    assert page.entries[1].time_ms == script.clock.now_ms()


@pytest.mark.parametrize(
    "text",
    [
        "\N{FACE WITH TEARS OF JOY}" * 16_384,
        "שלום עולם \u202e مرحبا",
        "'; DROP TABLE entries; --",
        "a\x00b",
        "\ufeff\u2028",
    ],
    ids=["64 KiB of emoji", "right to left", "sql", "nul", "odd blanks"],
)
async def test_any_text_comes_back_whole(script: Script, text: str) -> None:
    # The edge refuses NUL, which PostgreSQL cannot hold as text; in the body of an entry it is an escape.
    title = text.replace("\0", "")
    stage = await script.make(ANNA, BEN, title=title)
    await script.say(stage, ANNA, text)
    assert await script.texts(BEN, stage) == [text]
    assert (await script.store.conversation(BEN, stage)).conversation.title == title
    page = await script.store.history(BEN, stage, limit=5)
    assert page.items[-1].message.post.body.text == text  # type: ignore[union-attr]


async def test_a_lone_surrogate_is_refused_and_hurts_no_neighbour(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    with pytest.raises(DataRefused):
        await script.say(stage, ANNA, "\ud800")
    with pytest.raises(DataRefused):
        await script.make(ANNA, title="\ud800")
    assert await script.say(stage, ANNA, "fine") == 2


async def test_what_is_no_id_is_refused(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    with pytest.raises(DataRefused):
        await script.act(stage, ANNA, Post(Body(text="x")), client_id="not an id")
    assert await script.say(stage, ANNA) == 2


async def test_heads_of_unknown_conversations_are_absent(script: Script) -> None:
    stage = await script.make(ANNA)
    assert await script.store.heads([stage, an_id()]) == {stage: 1}


async def test_a_feed_reads_whatever_membership_says(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "one")
    await script.say(stage, ANNA, "two")
    page = await script.store.entries_for_all(stage, 1, 1)
    assert ([entry.seq for entry in page.entries], page.from_seq, page.to_seq, page.as_of) == ([2], 2, 2, 3)
    with pytest.raises(ChatError) as refused:
        await script.store.entries_for_all(an_id(), 0, 1)
    assert refused.value.code is Code.CONVERSATION_NOT_FOUND


async def test_the_epoch_stays_the_same(script: Script) -> None:
    assert await script.store.epoch() == await script.store.epoch() != ""


# ---------------------------------------------------------------- the outbox


async def test_an_outbox_row_waits_until_it_is_cleared(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    other = await script.make(ANNA, BEN)
    _, first = await script.act(stage, ANNA, Post(Body(text="x")))
    await script.time_passes(3)
    _, second = await script.act(other, ANNA, Post(Body(text="y")))
    stale = await script.store.stale_outbox(2000, 10)
    assert [row.heads for row in stale] == [{stage: 1}, {other: 1}, {stage: 2}]
    for row in stale:
        await script.store.clear_outbox(row.id)
    assert await script.store.stale_outbox(2000, 10) == []
    await script.time_passes(3)
    assert await script.store.stale_outbox(2000, 10) == [Untold(second.outbox_id, {other: 2}, {})]
    assert first.outbox_id != second.outbox_id


async def test_an_outbox_number_is_never_given_out_twice(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    seen = set()
    for _ in range(3):
        _, committed = await script.act(stage, ANNA, Post(Body(text="x")))
        assert committed.outbox_id not in seen
        seen.add(committed.outbox_id)
        await script.store.clear_outbox(committed.outbox_id)
        await script.store.stale_outbox(0, 1)


async def test_stale_outbox_rows_come_in_pages_oldest_first(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA)
    assert [row.heads for row in await script.store.stale_outbox(0, 1)] == [{stage: 1}]


async def test_an_outbox_row_names_the_people_whose_rows_changed_also_without_an_entry(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    joined = await script.join(channel, BEN)
    await script.say(channel, BEN)
    assert [(row.heads, row.people) for row in await script.store.stale_outbox(0, 10)] == [
        ({channel: 1}, {ANNA: 1}),
        ({}, joined.user_versions),
        ({channel: 2}, {}),
    ]


async def test_a_plan_that_nobody_must_hear_of_leaves_no_outbox_row(script: Script) -> None:
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL)
    committed = await script.store.commit(Needs(conversations={channel}), lambda facts: Changes())
    assert committed.outbox_id == 0


async def test_roles_of_its_own_and_who_has_them_are_kept(script: Script) -> None:
    """Read back by the next plan, by the page of members, and by who is there."""
    stage = await script.make(ANNA, BEN)
    roles = (OwnRole("e" * 32, "Helfer 助手", ("send", "pin")), OwnRole("f" * 32, "Reader", ()))

    def give(facts: Facts, changes: Changes, _: int) -> None:
        changes.conversations[0].roles = roles
        member = facts.members[stage, BEN]
        member.own_role = roles[0].id
        changes.members.append(member)
        changes.conversations[0].members_version += 1

    await script.act(stage, ANNA, ConversationChange(roles=roles), others=[BEN], then=give)
    seen: list[tuple[object, ...]] = []

    def look(facts: Facts) -> Changes:
        members = [facts.members[stage, who].own_role for who in (ANNA, BEN)]
        seen.append((facts.conversations[stage].roles, *members))
        return Changes()

    needs = Needs(conversations={stage}, members={(stage, ANNA), (stage, BEN)})
    # Once as it is stored, once as it is remembered.
    for _ in range(2):
        await script.store.commit(needs, look)
    assert seen == [(roles, "", roles[0].id)] * 2
    state = await script.store.conversation(BEN, stage)
    assert (state.conversation.roles, state.member.own_role) == (roles, roles[0].id)
    _, members, _ = await script.store.members(ANNA, stage, "", 9)
    assert {row.user_id: row.own_role for row in members} == {ANNA: "", BEN: roles[0].id}
    page = await script.store.entries(BEN, stage, 1, 9)
    assert page.entries[0].action == ConversationChange(roles=roles)
    await script.say(stage, ANNA, "again")
    assert (await script.store.conversation(ANNA, stage)).conversation.roles == roles
