"""Snapshot + entries = fresh snapshot, for every play and everybody who watches it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from unit.chat.plays import PEOPLE, Line, quiet_plays
from unit.chat.stage import a_memory, a_store
from unit.chat.world import ANNA, BEN, CLEO, DORA, command, fresh_id, text

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError
from hubbub.chat import rules
from hubbub.chat.fold import fold_history, fold_marks, fold_members, fold_own_mark, fold_state
from hubbub.chat.invites import JoinRequest
from hubbub.chat.model import (
    UNREAD_CAP,
    Body,
    Caller,
    ConversationKind,
    ConversationState,
    Edit,
    Entry,
    HistoryPage,
    Mark,
    MemberAction,
    MemberChange,
    MemberRow,
    MemberState,
    MessageState,
    React,
    Recall,
    Role,
)
from hubbub.chat.ports import Changes, ChatStore, Facts
from hubbub.chat.rules import Command, Create, Expire, Plan, Settled

ALL = 10_000


class Theatre:
    """One store for all plays; every play has a group of its own."""

    def __init__(self, runner: asyncio.Runner, store: ChatStore) -> None:
        self.runner = runner
        self.store = store

    async def run(self, *commands: Command) -> Plan:
        """Commit one batch."""
        clock = ManualClock()
        plans: list[Plan] = []

        def decide(facts: Facts) -> Changes:
            plans.append(rules.plan(commands, facts, clock.now_ms()))
            return plans[-1].changes

        await self.store.commit(rules.needs(commands), decide)
        return plans[-1]

    async def group(self, *people: str) -> str:
        made = await self.run(
            Create(Caller(ANNA), fresh_id(), fresh_id(), ConversationKind.GROUP, "a", "", people, True)
        )
        (settled,) = made.outcomes
        assert isinstance(settled, Settled)
        return settled.conversation_id

    async def play(self, group: str, play: Sequence[Line]) -> list[Entry]:
        """Return what was appended, as it was appended."""
        live: list[Entry] = []
        for line in play:
            done = await self.run(command(line.who, group, line.action, client_id=f"{line.key:032x}"))
            live += [new.entry for new in done.changes.entries]
        return live


class Shot:
    """What one person sees of a group at one moment."""

    def __init__(self, state: ConversationState, page: HistoryPage, members: dict[str, MemberRow] | None) -> None:
        self.state = state
        self.page = page
        self.members = members


async def shoot(store: ChatStore, who: str, group: str) -> Shot | None:
    """Take a snapshot; None for somebody who may not look."""
    try:
        state = await store.conversation(who, group)
        page = await store.history(who, group, limit=ALL)
    except ChatError:
        return None
    try:
        _, rows, _ = await store.members(who, group, "", ALL)
        members = {row.user_id: row for row in rows}
    except ChatError:
        members = None
    return Shot(state, page, members)


def comparable_message(state: MessageState | None) -> MessageState | None:
    """Leave out the order of the emoji: it is that of their first remaining reaction, which no entry tells."""
    if state is None:
        return None
    return replace(state, reactions=tuple(sorted(state.reactions, key=lambda each: each.emoji)))


def comparable_state(state: ConversationState) -> ConversationState:
    """Leave out versions: they come with user state."""
    return replace(
        state,
        conversation=replace(state.conversation, members_version=0),
        member=replace(state.member, version=0),
        last_message=comparable_message(state.last_message),
    )


def comparable_page(page: HistoryPage) -> HistoryPage:
    items = tuple(comparable_message(item) if isinstance(item, MessageState) else item for item in page.items)
    return replace(page, items=items)


def comparable_members(members: dict[str, MemberRow], seen: list[Entry]) -> dict[str, MemberRow]:
    plain = {
        who: replace(row, version=0, intervals=(), last_sent_ms=0, read_seq=0, delivered_seq=0)
        for who, row in members.items()
    }
    for entry in seen:
        if isinstance(entry.action, MemberChange) and entry.action.action is MemberAction.ADD:
            for who in plain.keys() & set(entry.action.user_ids):
                plain[who] = replace(plain[who], muted_until_ms=0)  # may outlast a stay, and no entry says so
    return plain


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def theatre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with asyncio.Runner() as runner:
        if request.param == "memory":
            yield Theatre(runner, a_memory(ManualClock(), PEOPLE))
            return
        folder: Path = tmp_path_factory.mktemp("theatre")
        database, store = runner.run(a_store(folder, ManualClock(), PEOPLE))
        yield Theatre(runner, store)
        runner.run(database.close())


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(play=quiet_plays, at=st.integers(4, 12), read=st.integers(1, 20), live=st.booleans())
def test_snapshot_and_entries_are_a_fresh_snapshot(
    theatre: Theatre, play: list[Line], at: int, read: int, live: bool
) -> None:
    theatre.runner.run(check(theatre, play, min(at, len(play)), read, live))


async def check(theatre: Theatre, play: list[Line], at: int, read: int, live: bool) -> None:
    store = theatre.store
    group = await theatre.group(BEN, CLEO)
    await theatre.play(group, play[:at])
    await store.set_marks([(group, Mark(BEN, read, read)), (group, Mark(CLEO, read // 2, read))])
    before = {who: await shoot(store, who, group) for who in PEOPLE}
    appended = await theatre.play(group, play[at:])
    for who, shot in before.items():
        fresh = await shoot(store, who, group)
        if shot is None or fresh is None or shot.state.member.state is not MemberState.JOINED:
            continue  # no entries come to those who are not there
        since = shot.state.conversation.head
        if live:
            seen = [entry for entry in appended if fresh.state.member.may_see(entry.seq) and entry.seq > since]
        else:
            seen = list((await store.entries(who, group, since, ALL)).entries)
        if [entry.seq for entry in seen] != list(range(since + 1, since + 1 + len(seen))):
            continue  # away in between: a client fetches a new snapshot when it comes back
        state, page, members, again = shot.state, shot.page, shot.members, False
        for entry in seen:
            folded, folded_page = fold_state(state, entry), fold_history(page, entry, who)
            again = again or folded.ask_again or folded_page.ask_again
            state, page = folded.value, folded_page.value
            members = None if members is None else fold_members(members, entry)
        if again:
            continue
        assert comparable_state(state) == comparable_state(fresh.state)
        assert comparable_page(page) == comparable_page(fresh.page)
        if members is not None and fresh.members is not None:
            assert comparable_members(members, seen) == comparable_members(fresh.members, seen)


def test_a_reaction_and_an_edit_show_in_the_last_message(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        await theatre.run(command(ANNA, group, text("helo", mentions=(BEN,))))
        state = await theatre.store.conversation(BEN, group)
        assert (state.unread, state.mentions) == (1, 1)
        for action in (Edit(2, Body(text="hello")), React(2, "👍")):
            plan = await theatre.run(command(ANNA, group, action))
            folded = fold_state(state, plan.changes.entries[0].entry)
            assert not folded.ask_again
            state = folded.value
        assert state.last_message is not None
        assert state.last_message.message.post.body.text == "hello"
        assert (state.unread, state.mentions, state.last_message.reactions[0].count) == (1, 0, 1)

    theatre.runner.run(play())


def test_a_reaction_of_two_that_one_takes_back_stays_the_other_ones(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        await theatre.run(command(ANNA, group, text()))
        for who in (ANNA, BEN):
            await theatre.run(command(who, group, React(2, "👍")))
        states = {who: await theatre.store.conversation(who, group) for who in (ANNA, BEN)}
        plan = await theatre.run(command(BEN, group, React(2, "👍", set=False)))
        for who, state in states.items():
            folded = fold_state(state, plan.changes.entries[0].entry)
            assert comparable_state(folded.value) == comparable_state(await theatre.store.conversation(who, group))

    theatre.runner.run(play())


def test_a_capped_count_that_falls_is_asked_for_again(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        await theatre.run(*(command(ANNA, group, text()) for _ in range(UNREAD_CAP + 5)))
        state = await theatre.store.conversation(BEN, group)
        assert state.unread == UNREAD_CAP
        plan = await theatre.run(command(ANNA, group, Recall(2)))
        assert fold_state(state, plan.changes.entries[0].entry).ask_again

    theatre.runner.run(play())


def test_reading_to_the_end_leaves_nothing_unread_and_reading_less_is_asked_for(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        await theatre.run(*(command(ANNA, group, text()) for _ in range(5)))
        state = await theatre.store.conversation(BEN, group)
        assert fold_own_mark(state, Mark(BEN, 4, 4)).ask_again
        folded = fold_own_mark(state, Mark(BEN, 6, 6))
        await theatre.store.set_marks([(group, Mark(BEN, 6, 6))])
        fresh = await theatre.store.conversation(BEN, group)
        assert comparable_state(folded.value) == comparable_state(fresh)

    theatre.runner.run(play())


def test_marks_of_others_only_grow(theatre: Theatre) -> None:
    members = {BEN: MemberRow("c", BEN, read_seq=5, delivered_seq=7)}
    folded = fold_marks(members, (Mark(BEN, 3, 9), Mark(CLEO, 1, 1)))
    assert folded == {BEN: MemberRow("c", BEN, read_seq=5, delivered_seq=9)}


def test_an_entry_the_snapshot_already_knows_changes_nothing(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        plan = await theatre.run(command(ANNA, group, text()))
        shot = await shoot(theatre.store, BEN, group)
        assert shot is not None
        entry = plan.changes.entries[0].entry
        assert fold_state(shot.state, entry).value == shot.state
        assert fold_history(shot.page, entry, BEN).value == shot.page

    theatre.runner.run(play())


def test_how_many_wait_is_asked_for_again_when_one_of_them_may_be_in(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        await theatre.store.ask_to_join(JoinRequest(group, DORA, 1))
        state = await theatre.store.conversation(ANNA, group)
        assert state.join_requests == 1
        await theatre.run(command(ANNA, group, MemberChange(MemberAction.ADD, (DORA,), Role.MEMBER)))
        entry = (await theatre.store.entries(ANNA, group, state.conversation.head, 5)).entries[0]
        assert fold_state(state, entry).ask_again
        assert not fold_state(replace(state, join_requests=0), entry).ask_again
        assert (await theatre.store.conversation(ANNA, group)).join_requests == 0

    theatre.runner.run(play())


def test_what_was_kept_long_enough_leaves_state_and_page(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        said = [command(ANNA, group, text(f"m{n}", mentions=(BEN,) if n == 3 else ())) for n in range(4)]
        await theatre.run(*said, command(BEN, group, React(4, "👍")), command(ANNA, group, Edit(5, Body(text="m3"))))
        await theatre.store.set_marks([(group, Mark(BEN, 7, 7))])
        for kept_from in (4, 5, 8):
            before = await shoot(theatre.store, BEN, group)
            assert before is not None
            plan = await theatre.run(Expire(group, fresh_id(), kept_from, 30, 30))
            (entry,) = [new.entry for new in plan.changes.entries]
            after = await shoot(theatre.store, BEN, group)
            assert after is not None
            state = fold_state(before.state, entry)
            assert not state.ask_again
            assert comparable_state(state.value) == comparable_state(after.state)
            page = fold_history(before.page, entry, BEN)
            assert not page.ask_again
            assert comparable_page(page.value) == comparable_page(after.page)
            assert after.state.conversation.kept_from == kept_from
        assert (await theatre.run(Expire(group, fresh_id(), 3, 30, 30))).changes.entries == [], "it never goes back"
        assert (await theatre.run(Expire(group, fresh_id(), 9, 7, 30))).changes.entries == [], "it is kept longer now"

    theatre.runner.run(play())


def test_unread_messages_that_are_gone_are_asked_about(theatre: Theatre) -> None:
    async def play() -> None:
        group = await theatre.group(BEN)
        await theatre.run(*(command(ANNA, group, text()) for _ in range(4)))
        state = await theatre.store.conversation(BEN, group)
        plan = await theatre.run(Expire(group, fresh_id(), 4, 30, 30))
        folded = fold_state(state, plan.changes.entries[0].entry)
        assert folded.ask_again
        fresh = await theatre.store.conversation(BEN, group)
        assert (fresh.unread, fresh.conversation.head) == (2, folded.value.conversation.head)

    theatre.runner.run(play())
