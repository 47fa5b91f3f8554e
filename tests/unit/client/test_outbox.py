"""The lanes of the outbox, without a connection."""

from __future__ import annotations

import asyncio

import pytest

from hubbub.client.errors import HubbubError
from hubbub.client.models import Accepted, Body, Post, Reaction
from hubbub.client.outbox import Command, Outbox, Pending

ROOM = "c" * 32


def put(outbox: Outbox, name: str, *, room: str = ROOM, ordered: bool = True) -> Pending:
    action = Post(Body(name)) if ordered else Reaction(1, name, True)
    return outbox.add(Command(room, name, action, ordered=ordered), asyncio.get_running_loop().create_future())


def names(outbox: Outbox, now: float = 0.0) -> list[str]:
    return [pending.client_id for pending in outbox.ready(now)]


def accept(outbox: Outbox, name: str, seq: int) -> None:
    outbox.accepted(ROOM, name, Accepted(ROOM, name, seq, 0))


def refuse(outbox: Outbox, name: str, code: str, *, after_s: float = 0.0, now: float = 0.0) -> None:
    outbox.refused(ROOM, name, HubbubError(code, retry_after=after_s), now=now, wait_s=1.0)


async def test_pipelined_commands_name_the_one_before() -> None:
    outbox = Outbox()
    pendings = [put(outbox, name) for name in "abc"]
    assert [p.command.after for p in pendings] == ["", "a", "b"]
    assert names(outbox) == ["a", "b", "c"]
    assert names(outbox) == []


async def test_a_command_after_an_answered_one_names_nobody() -> None:
    outbox = Outbox()
    put(outbox, "a")
    names(outbox)
    accept(outbox, "a", 1)
    assert put(outbox, "b").command.after == ""
    assert len(outbox) == 1


async def test_a_refusal_is_final_only_once_no_earlier_sending_can_be_under_way() -> None:
    outbox = Outbox()
    for answered in (False, True):
        pending = put(outbox, "a")
        assert names(outbox) == ["a"]
        if answered:
            refuse(outbox, "a", "unknown_outcome", now=0.0)
        else:
            outbox.disconnected(0.0)
        assert names(outbox, 1.0) == ["a"]
        refuse(outbox, "a", "not_a_member", now=1.0)
        assert not pending.done()
        assert names(outbox, 2.9) == []
        assert names(outbox, 19.9) == ["a"]
        refuse(outbox, "a", "muted", now=19.9)
        assert names(outbox, 22.0) == ["a"]
        refuse(outbox, "a", "not_a_member", now=22.0)
        with pytest.raises(HubbubError, match="You are not a member"):
            await pending


async def test_a_refusal_of_what_an_earlier_run_sent_is_asked_for_again() -> None:
    outbox = Outbox()
    command = Command(ROOM, "a", Post(Body("a")))
    pending = outbox.add(command, asyncio.get_running_loop().create_future(), open_until=20.0)
    assert names(outbox, 1.0) == ["a"]
    refuse(outbox, "a", "forbidden", now=1.0)
    assert not pending.done()
    assert names(outbox, 20.0) == ["a"]
    refuse(outbox, "a", "forbidden", now=20.0)
    assert pending.done()


async def test_reactions_stand_outside_the_order() -> None:
    outbox = Outbox()
    put(outbox, "a")
    assert put(outbox, "+1", ordered=False).command.after == ""
    assert put(outbox, "b").command.after == "a"


async def test_after_a_disconnect_everything_unanswered_goes_again_in_order() -> None:
    outbox = Outbox()
    for name in "abc":
        put(outbox, name)
    names(outbox)
    accept(outbox, "a", 1)
    outbox.disconnected(0.0)
    assert names(outbox) == ["b", "c"]


async def test_a_refusal_refuses_the_chain_behind_it_and_says_so() -> None:
    outbox = Outbox()
    a, b, c = (put(outbox, name) for name in "abc")
    elsewhere = put(outbox, "x", room="d" * 32)
    names(outbox)
    refuse(outbox, "a", "text_too_long")
    with pytest.raises(HubbubError) as first:
        await a
    assert first.value.code == "text_too_long"
    for pending in (b, c):
        with pytest.raises(HubbubError, match="A message before this one was refused") as chained:
            await pending
        assert (chained.value.code, chained.value.retry) == ("predecessor_missing", False)
        assert chained.value.__cause__ is first.value
    assert not elsewhere.done()
    assert len(outbox) == 1


async def test_patience_holds_the_lane_and_keeps_its_order() -> None:
    outbox = Outbox()
    for name in "abc":
        put(outbox, name)
    names(outbox)
    refuse(outbox, "a", "rate_limited", after_s=3.0, now=10.0)
    refuse(outbox, "b", "predecessor_missing", now=10.0)
    refuse(outbox, "c", "predecessor_missing", now=10.0)
    assert names(outbox, 12.9) == []
    assert names(outbox, 13.0) == ["a", "b", "c"]


async def test_an_unknown_outcome_is_tried_again_under_the_same_name() -> None:
    outbox = Outbox()
    a = put(outbox, "a")
    names(outbox)
    refuse(outbox, "a", "unknown_outcome", now=5.0)
    assert names(outbox, 5.5) == []
    assert names(outbox, 6.0) == ["a"]
    accept(outbox, "a", 4)
    assert (await a).seq == 4


@pytest.mark.parametrize(("code", "after_s"), [("muted", 0.0), ("conflict", 0.0), ("slow_mode", 3600.0)])
async def test_what_a_person_wants_to_know_is_not_waited_for(code: str, after_s: float) -> None:
    outbox = Outbox()
    a = put(outbox, "a")
    names(outbox)
    refuse(outbox, "a", code, after_s=after_s)
    with pytest.raises(HubbubError) as refusal:
        await a
    assert refusal.value.code == code


async def test_a_predecessor_nobody_knows_is_final() -> None:
    outbox = Outbox()
    command = Command(ROOM, "b", Post(Body("b")), after="long gone")
    b = outbox.add(command, asyncio.get_running_loop().create_future())
    names(outbox)
    refuse(outbox, "b", "predecessor_missing")
    with pytest.raises(HubbubError) as refusal:
        await b
    assert not refusal.value.retry


async def test_a_full_outbox_refuses_one_more() -> None:
    outbox = Outbox(limit=2)
    put(outbox, "a")
    put(outbox, "b")
    with pytest.raises(HubbubError) as refusal:
        put(outbox, "c")
    assert refusal.value.code == "overloaded"
    assert names(outbox) == ["a", "b"]


async def test_no_more_than_a_window_is_under_way() -> None:
    outbox = Outbox(window=2)
    for name in "abc":
        put(outbox, name)
    assert names(outbox) == ["a", "b"]
    accept(outbox, "a", 1)
    assert names(outbox) == ["c"]


async def test_what_is_not_on_disk_yet_holds_back_what_follows() -> None:
    outbox = Outbox()
    loop = asyncio.get_running_loop()
    a = outbox.add(Command(ROOM, "a", Post(Body("a"))), loop.create_future(), kept=False)
    put(outbox, "b")
    assert names(outbox) == []
    a.kept = True
    assert names(outbox) == ["a", "b"]


async def test_half_a_surrogate_pair_is_refused_before_it_is_kept() -> None:
    outbox = Outbox()
    with pytest.raises(HubbubError) as refusal:
        put(outbox, "\ud800")
    assert refusal.value.code == "bad_request"
    assert len(outbox) == 0


async def test_waiting_has_a_deadline_and_giving_up_takes_nothing_back() -> None:
    outbox = Outbox()
    a = put(outbox, "a")
    with pytest.raises(HubbubError) as late:
        await a.result(0.01)
    assert late.value.code == "timeout"
    names(outbox)
    accept(outbox, "a", 1)
    assert (await a).seq == 1
