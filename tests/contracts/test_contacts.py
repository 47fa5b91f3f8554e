"""What people are to each other, kept by every store alike, and told to nobody but its owner."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import direct_id
from hubbub.chat.contacts import Contact, ContactChange, ContactsChanged, ContactState, arranged, asked
from hubbub.chat.model import ConversationKind, Mark, OwnChange, UserRow
from hubbub.chat.ports import Needs

CHAT = direct_id(ANNA, BEN)


async def people(script: Script) -> None:
    await script.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"), UserRow(CLEO, "cleo"))


async def private_chat(script: Script) -> str:
    return await script.make(ANNA, BEN, kind=ConversationKind.DIRECT, id_=CHAT)


async def ask(script: Script, user: str, other: str, note: str = "") -> ContactsChanged:
    return await script.store.change_contacts(user, other, partial(asked, note=note, now_ms=5))


async def arrange(script: Script, user: str, other: str, **change: object) -> ContactsChanged:
    wanted = ContactChange(**change)  # type: ignore[arg-type]
    return await script.store.change_contacts(user, other, partial(arranged, change=wanted, now_ms=6))


async def version(script: Script, user: str) -> int:
    return (await script.store.user_state(user, 0, 100)).version


async def barred(script: Script) -> tuple[str, ...]:
    return (await script.facts(Needs(conversations={CHAT}))).conversations[CHAT].barred


async def test_a_request_is_a_row_of_each_with_a_version_of_each(script: Script) -> None:
    await people(script)
    before = await version(script, ANNA), await version(script, BEN)
    done = await ask(script, ANNA, BEN, "Grüße 你好")
    assert done.versions == {ANNA: before[0] + 1, BEN: before[1] + 1}
    assert done.mine == Contact(BEN, ContactState.ASKED, note="Grüße 你好", time_ms=5, version=before[0] + 1)
    theirs = Contact(ANNA, ContactState.ASKING, note="Grüße 你好", time_ms=5, version=before[1] + 1)
    state = await script.store.user_state(BEN, before[1], 100)
    assert (state.contacts, state.conversations, state.version) == ((theirs,), (), before[1] + 1)
    assert await script.store.contacts(BEN, "", 10) == ([theirs], "")
    again = await ask(script, ANNA, BEN, "Grüße 你好")
    assert (again.versions, again.outbox_id, again.mine) == ({}, 0, done.mine)


async def test_a_change_leaves_word_of_whom_to_tell(script: Script) -> None:
    await people(script)
    for row in await script.store.stale_outbox(-1_000, 10):
        await script.store.clear_outbox(row.id)
    done = await ask(script, ANNA, BEN)
    (untold,) = await script.store.stale_outbox(-1_000, 10)
    assert (untold.id, untold.heads, untold.people) == (done.outbox_id, {}, done.versions)


async def test_a_block_is_written_where_every_writer_sees_it_and_the_blocked_hears_nothing(script: Script) -> None:
    await people(script)
    await private_chat(script)
    assert await barred(script) == ()
    before = await version(script, BEN)
    await arrange(script, ANNA, BEN, blocked=True)
    assert await barred(script) == (BEN,)
    assert await version(script, BEN) == before
    assert await script.store.contacts(BEN, "", 10) == ([], "")
    pairs = {(ANNA, BEN), (BEN, ANNA), (CLEO, BEN)}
    assert (await script.facts(Needs(blocks=pairs))).blocks == {(ANNA, BEN)}
    assert await script.store.blockers(BEN, [ANNA, CLEO]) == {ANNA}
    assert await script.store.blockers(ANNA, [BEN]) == set()
    await arrange(script, BEN, ANNA, blocked=True)
    assert sorted(await barred(script)) == sorted([ANNA, BEN])
    await arrange(script, ANNA, BEN, blocked=False)
    assert await barred(script) == (ANNA,)


async def test_a_block_from_before_the_chat_holds_in_it(script: Script) -> None:
    await people(script)
    await arrange(script, ANNA, BEN, blocked=True)
    await private_chat(script)
    assert await barred(script) == (BEN,)
    await script.say(CHAT, ANNA)
    assert await barred(script) == (BEN,)


async def test_marks_and_typing_do_not_cross_a_block(script: Script) -> None:
    await people(script)
    await private_chat(script)
    for _ in range(3):
        await script.say(CHAT, BEN)
    await script.store.set_marks([(CHAT, Mark(ANNA, 2, 3))])
    assert sorted(await script.store.company(ANNA, CHAT) or ()) == sorted([ANNA, BEN])
    await arrange(script, ANNA, BEN, blocked=True)
    assert await script.store.company(ANNA, CHAT) == (ANNA,)
    assert await script.store.company(BEN, CHAT) == (BEN,)
    raised = await script.store.set_marks([(CHAT, Mark(ANNA, 4, 4)), (CHAT, Mark(BEN, 4, 4))])
    assert {row.mark.user_id: row.audience for row in raised.rows} == {ANNA: (ANNA,), BEN: (BEN,)}

    async def seen(by: str) -> dict[str, tuple[int, int]]:
        _, rows, _ = await script.store.members(by, CHAT, "", 10)
        return {row.user_id: (row.read_seq, row.delivered_seq) for row in rows}

    assert await seen(BEN) == {ANNA: (2, 3), BEN: (4, 4)}
    assert await seen(ANNA) == {ANNA: (4, 4), BEN: (4, 4)}
    await arrange(script, ANNA, BEN, name="still blocked")
    assert (await seen(BEN))[ANNA] == (2, 3)
    await arrange(script, ANNA, BEN, blocked=False)
    assert (await seen(BEN))[ANNA] == (4, 4)
    assert sorted(await script.store.company(BEN, CHAT) or ()) == sorted([ANNA, BEN])


async def test_in_a_group_a_block_is_nothing(script: Script) -> None:
    await people(script)
    group = await script.make(ANNA, BEN)
    await arrange(script, ANNA, BEN, blocked=True)
    assert sorted(await script.store.company(BEN, group) or ()) == sorted([ANNA, BEN])
    assert (await script.facts(Needs(conversations={group}))).conversations[group].barred == ()
    (raised,) = (await script.store.set_marks([(group, Mark(ANNA, 1, 1))])).rows
    assert sorted(raised.audience or ()) == sorted([ANNA, BEN])


async def test_pages_of_what_changed_hold_conversations_and_contacts_and_split_no_version(script: Script) -> None:
    await people(script)
    stage, other = await script.make(ANNA, BEN), await script.make(ANNA, BEN)
    since = await version(script, ANNA)
    await arrange(script, ANNA, BEN, name="b")
    await script.store.set_own(ANNA, stage, OwnChange(pinned=True))
    await arrange(script, ANNA, CLEO, name="c")
    await script.store.set_own(ANNA, other, OwnChange(pinned=True))
    newest = await version(script, ANNA)
    assert newest == since + 4
    found: list[str] = []
    while since < newest:
        page = await script.store.user_state(ANNA, since, 2)
        assert page.since_version == since
        assert page.more == (page.version < newest)
        found += [f"{row.member.version}" for row in page.conversations]
        found += [f"{row.version}{row.name}" for row in page.contacts]
        since = page.version
    assert len(found) == 4
    assert sorted(each[-1] for each in found if not each.isdigit()) == ["b", "c"]
    resumed, _ = await script.store.resume(ANNA, [], newest - 2, limit=10, state_limit=10)
    assert [row.name for row in resumed.contacts] == ["c"]


async def test_what_says_nothing_any_more_is_told_but_not_listed(script: Script) -> None:
    await people(script)
    await arrange(script, ANNA, BEN, name="b")
    await arrange(script, ANNA, CLEO, group="g")
    since = await version(script, ANNA)
    await arrange(script, ANNA, BEN, name="")
    assert [(row.user_id, row.empty) for row in (await script.store.user_state(ANNA, since, 9)).contacts] == [
        (BEN, True)
    ]
    assert [row.user_id for row in (await script.store.contacts(ANNA, "", 9))[0]] == [CLEO]
    await arrange(script, ANNA, BEN, blocked=True)
    first, cursor = await script.store.contacts(ANNA, "", 1)
    second, end = await script.store.contacts(ANNA, cursor, 1)
    assert ([row.user_id for row in first + second], end) == (sorted([BEN, CLEO]), "")
    with pytest.raises(ChatError) as refused:
        await script.store.contacts(ANNA, "nonsense", 1)
    assert refused.value.code is Code.BAD_CURSOR


async def test_nobody_can_be_kept_who_is_not_there(script: Script) -> None:
    await people(script)
    with pytest.raises(ChatError) as refused:
        await arrange(script, ANNA, DORA, name="nobody")
    assert refused.value.code is Code.USER_NOT_FOUND
    assert await script.store.contacts(ANNA, "", 9) == ([], "")


async def test_two_who_ask_each_other_at_once_become_contacts(script: Script) -> None:
    await people(script)
    await private_chat(script)
    await asyncio.gather(ask(script, ANNA, BEN), ask(script, BEN, ANNA), script.say(CHAT, ANNA), script.say(CHAT, BEN))
    for user in (ANNA, BEN):
        ((row,), _) = await script.store.contacts(user, "", 9)
        assert row.state is ContactState.ACCEPTED
