"""Laws of the log that hold for every play: no hole, no step back in time, and batches make no difference."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.chat.plays import PEOPLE, Line, plays
from unit.chat.world import ANNA, BEN, CLEO, World, command

from hubbub.base.errors import ChatError
from hubbub.chat import checks
from hubbub.chat.model import Accepted, MemberState, Post
from hubbub.chat.rules import Send


def group_of_three() -> tuple[World, str]:
    world = World(*PEOPLE)
    return world, world.group(ANNA, BEN, CLEO)


def commands(play: list[Line], group: str) -> list[Send]:
    return [
        command(
            line.who, group, line.action, client_id=f"{line.key:032x}", after=f"{line.after:032x}" if line.after else ""
        )
        for line in play
        if line.after != line.key
    ]


def shown(outcomes: list[object]) -> list[object]:
    return [str(each.code) if isinstance(each, ChatError) else each for each in outcomes]


@settings(deadline=None)
@given(play=plays, cuts=st.sets(st.integers(1, 40)))
def test_any_split_into_batches_gives_the_same_log_and_the_same_answers(play: list[Line], cuts: set[int]) -> None:
    alone, group = group_of_three()
    whole = commands(play, group)
    one_by_one = shown([outcome for each in whole for outcome in alone.run(each)])

    together, other = group_of_three()
    batched = []
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    for low, high in pairwise(edges):
        batched += shown(list(together.run(*commands(play, other)[low:high])))

    assert batched == one_by_one
    assert renamed(together.log[other], other, group) == renamed(alone.log[group], group, group)
    for (_, who), row in alone.members.items():
        there = together.members[other, who]
        assert (there.role, there.state, there.intervals, there.muted_until_ms) == (
            row.role,
            row.state,
            row.intervals,
            row.muted_until_ms,
        )
    states = [
        {seq: (row.post, row.recalled, row.edits, row.pinned, row.thread_replies) for (_, seq), row in each.items()}
        for each in (alone.messages, together.messages)
    ]
    assert states[0] == states[1]
    assert [key[1:] for key in sorted(alone.reactions)] == [key[1:] for key in sorted(together.reactions)]


def renamed(log: Sequence[object], was: str, now: str) -> list[str]:
    return [str(entry).replace(was, now) for entry in log][1:]


@settings(deadline=None)
@given(play=plays)
def test_numbers_have_no_hole_and_time_never_runs_backwards(play: list[Line]) -> None:
    world, group = group_of_three()
    for line, each in zip([line for line in play if line.after != line.key], commands(play, group), strict=True):
        world.now_ms += line.pause_ms
        world.run(each)
    log = world.log[group]
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(log))
    assert world.conversations[group].head == len(log)


@settings(deadline=None)
@given(play=plays)
def test_no_key_is_stored_twice_and_every_acceptance_names_its_entry(play: list[Line]) -> None:
    world, group = group_of_three()
    for each in commands(play, group):
        (outcome,) = world.run(each)
        if isinstance(outcome, Accepted):
            entry = world.log[group][outcome.seq - 1]
            assert (entry.sender_id, entry.client_id, entry.time_ms) == (*each.key[1:], outcome.time_ms)
    keys = [(entry.sender_id, entry.client_id) for entry in world.log[group]]
    assert len(keys) == len(set(keys))


@settings(deadline=None)
@given(play=plays, cuts=st.sets(st.integers(1, 40)))
def test_nobody_is_told_of_an_entry_outside_the_membership(play: list[Line], cuts: set[int]) -> None:
    world, group = group_of_three()
    heard: dict[str, set[int]] = {who: set() for who in PEOPLE}
    for who in (ANNA, BEN, CLEO):
        heard[who].add(1)
    whole = commands(play, group)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    for low, high in pairwise(edges):
        world.run(*whole[low:high])
        for event in world.told:
            for who in event.audience or ():
                heard[who].update(entry.seq for entry in event.entries)
    head = world.conversations[group].head
    for who in PEOPLE:
        row = world.members.get((group, who))
        if row is None:
            assert heard[who] == set()
            continue
        assert all(row.may_see(seq) for seq in heard[who])
        # What was before one's time may be seen later, but is not pushed.
        if row.state is MemberState.JOINED and row.intervals == ((1, 2**63 - 1),) and who in (ANNA, BEN, CLEO):
            assert head in heard[who] or not whole


@settings(deadline=None)
@given(play=plays)
def test_intervals_are_ascending_and_apart_and_open_only_for_members(play: list[Line]) -> None:
    world, group = group_of_three()
    world.run(*commands(play, group))
    for row in world.members.values():
        assert all(low <= high for low, high in row.intervals)
        assert all(before[1] + 1 < after[0] for before, after in pairwise(row.intervals))
        is_open = bool(row.intervals) and row.intervals[-1][1] == 2**63 - 1
        assert is_open == (row.state is MemberState.JOINED)
    joined = [row for row in world.members.values() if row.state is MemberState.JOINED]
    assert world.conversations[group].member_count == len(joined)


@settings(deadline=None)
@given(play=plays)
def test_a_checked_action_is_its_own_normal_form(play: list[Line]) -> None:
    for line in play:
        once = checks.an_action(line.action)
        assert checks.an_action(once) == once
        if isinstance(once, Post):
            assert len(set(once.mentions)) == len(once.mentions)
