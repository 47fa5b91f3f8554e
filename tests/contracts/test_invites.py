"""Links into conversations and requests to be let in, kept by every store alike."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script, an_id

from hubbub.base.errors import ChatError, Code
from hubbub.chat.invites import Invite, JoinRequest
from hubbub.chat.model import MAX_SEQ, MemberRow, MemberState, Role
from hubbub.chat.ports import Changes, Facts, Needs


async def test_an_invite_is_found_by_its_id_and_by_its_conversation(script: Script) -> None:
    stage, other = await script.make(ANNA, BEN, title="Verona"), await script.make(ANNA)
    first = Invite(an_id(), stage, ANNA, 10, 99, 3, True)
    second = Invite(an_id(), stage, BEN, 20)
    for invite in (first, second, first):
        assert await script.store.add_invite(invite, 2)
    assert not await script.store.add_invite(Invite(an_id(), stage, ANNA, 30), 2)
    assert await script.store.invites(stage, 10) == [second, first]
    assert await script.store.invites(stage, 1) == [second]
    opened = await script.store.open_invite(first.id, BEN)
    assert opened is not None
    assert (opened.invite, opened.conversation.title, opened.asked) == (first, "Verona", False)
    assert opened.member is not None
    stranger = await script.store.open_invite(second.id, CLEO)
    assert stranger is not None
    assert stranger.member is None
    await script.store.drop_invite(other, first.id)
    assert await script.store.open_invite(first.id, ANNA) is not None
    await script.store.drop_invite(stage, first.id)
    assert await script.store.open_invite(first.id, ANNA) is None


async def test_the_last_use_is_had_by_one(script: Script) -> None:
    stage = await script.make(ANNA)
    few, endless = Invite(an_id(), stage, ANNA, 1, 0, 3), Invite(an_id(), stage, ANNA, 1)
    for invite in (few, endless):
        await script.store.add_invite(invite, 10)
    used = await asyncio.gather(*[script.store.use_invite(few.id) for _ in range(8)])
    assert sorted(used) == [False] * 5 + [True] * 3
    assert all([await script.store.use_invite(endless.id) for _ in range(3)])
    assert not await script.store.use_invite(an_id())


async def test_who_asks_is_listed_once_until_answered(script: Script) -> None:
    stage, other = await script.make(ANNA), await script.make(ANNA)
    asking = sorted((BEN, CLEO, DORA))
    for number, user in enumerate(asking):
        await script.store.ask_to_join(JoinRequest(stage, user, number, "please"))
    await script.store.ask_to_join(JoinRequest(stage, asking[0], 9, "消息 again"))
    await script.store.ask_to_join(JoinRequest(other, BEN, 5))
    page, following = await script.store.join_requests(stage, "", 2)
    assert page == [JoinRequest(stage, asking[0], 9, "消息 again"), JoinRequest(stage, asking[1], 1, "please")]
    rest, end = await script.store.join_requests(stage, following, 2)
    assert (rest, end) == ([JoinRequest(stage, asking[2], 2, "please")], "")
    assert await script.store.drop_requests(stage, [asking[0], ANNA]) is not None
    assert await script.store.drop_requests(stage, [asking[0]]) is None
    assert len((await script.store.join_requests(stage, "", 5))[0]) == 2
    with pytest.raises(ChatError) as refused:
        await script.store.join_requests(stage, "nonsense", 2)
    assert refused.value.code is Code.BAD_CURSOR


async def test_those_who_may_answer_are_told_of_a_request(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    owner = MemberRow(stage, ANNA, role=Role.OWNER, intervals=((1, MAX_SEQ),))
    await script.store.commit(Needs(members={(stage, ANNA)}), lambda _: Changes(members=[owner]))
    before = (await script.store.user_state(ANNA, 0, 10)).version
    kept = await script.store.ask_to_join(JoinRequest(stage, CLEO, 1, "It is I"))
    # Ben is a member like any other, and Cleo is none.
    assert list(kept.versions) == [ANNA]
    changed = await script.store.user_state(ANNA, before, 10)
    assert changed.version == kept.versions[ANNA] > before
    assert [one.conversation.id for one in changed.conversations] == [stage]
    untold = await script.store.stale_outbox(-1_000, 100)
    assert [one.people for one in untold if one.id == kept.outbox_id] == [{ANNA: kept.versions[ANNA]}]
    again = await script.store.ask_to_join(JoinRequest(stage, CLEO, 2))
    assert again.versions[ANNA] > kept.versions[ANNA]
    gone = await script.store.drop_requests(stage, [CLEO])
    assert gone is not None
    assert gone.versions == {ANNA: again.versions[ANNA] + 1}
    untold = await script.store.stale_outbox(-1_000, 100)
    assert [one.people for one in untold if one.id == gone.outbox_id] == [gone.versions]


def _written(row: MemberRow, _: Facts) -> Changes:
    return Changes(members=[row])


async def test_who_may_answer_sees_how_many_wait(script: Script) -> None:
    stage, other = await script.make(ANNA, BEN), await script.make(ANNA)
    owner = MemberRow(stage, ANNA, role=Role.OWNER, intervals=((1, MAX_SEQ),))
    await script.store.commit(Needs(members={(stage, ANNA)}), lambda _: Changes(members=[owner]))

    async def waiting(who: str, where: str = stage) -> int:
        one = await script.store.conversation(who, where)
        rows = (await script.store.user_state(who, 0, 9)).conversations
        assert [row.join_requests for row in rows if row.conversation.id == where] == [one.join_requests]
        return one.join_requests

    assert await waiting(ANNA) == 0
    for user in (CLEO, DORA):
        await script.store.ask_to_join(JoinRequest(stage, user, 1))
    assert [await waiting(ANNA), await waiting(BEN), await waiting(ANNA, other)] == [2, 0, 0]
    await script.store.drop_requests(stage, [CLEO])
    assert await waiting(ANNA) == 1
    # Who came in by another way, or was banned, waits no more, though the request is still there.
    for state in (MemberState.JOINED, MemberState.BANNED):
        dora = MemberRow(stage, DORA, role=Role.MEMBER, state=state, intervals=((1, MAX_SEQ),))
        await script.store.commit(Needs(members={(stage, DORA)}), partial(_written, dora))
        assert (await waiting(ANNA), (await script.store.join_requests(stage, "", 9))[0]) == (0, [])


async def test_how_many_wait_is_counted_up_to_a_hundred(script: Script) -> None:
    stage = await script.make(ANNA)
    owner = MemberRow(stage, ANNA, role=Role.OWNER, intervals=((1, MAX_SEQ),))
    await script.store.commit(Needs(members={(stage, ANNA)}), lambda _: Changes(members=[owner]))
    for _ in range(101):
        await script.store.ask_to_join(JoinRequest(stage, an_id(), 1))
    assert (await script.store.conversation(ANNA, stage)).join_requests == 100
