"""Pages of large messages are cut shorter, and say so."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.ids import new_id
from hubbub.chat.model import (
    Body,
    ConversationKind,
    ConversationRow,
    ConversationState,
    Entry,
    EntryPage,
    HistoryPage,
    MemberRow,
    MessageRow,
    MessageState,
    Post,
    Revision,
    ScheduledRow,
    Submit,
    UserState,
)
from hubbub.chat.pages import fit_entries, fit_history, fit_resume, fit_revisions, fit_user_state, fitting

ROOM = new_id()
ROMEO = new_id()


def entry(seq: int, size: int) -> Entry:
    return Entry(ROOM, seq, 0, ROMEO, new_id(), Post(Body("x" * size)))


def message(seq: int, size: int) -> MessageState:
    return MessageState(MessageRow(ROOM, seq, 0, ROMEO, new_id(), Post(Body("x" * size))))


def log(sizes: list[int], *, first: int = 1) -> EntryPage:
    last = first + len(sizes) - 1
    return EntryPage(ROOM, first, last, last, tuple(entry(first + n, size) for n, size in enumerate(sizes)))


def history(sizes: list[int]) -> HistoryPage:
    items = tuple(message(11 + n, size) for n, size in enumerate(sizes))
    return HistoryPage(ROOM, 11, 10 + len(sizes), 50, items, more_before=False, more_after=False)


def seqs(page: HistoryPage) -> list[int]:
    return [item.message.seq for item in page.items if isinstance(item, MessageState)]


def test_a_page_that_fits_is_left_alone() -> None:
    page = log([10, 20, 30])
    assert fit_entries(page) is page
    past = history([10, 20])
    assert fit_history(past) is past


def test_a_page_too_large_covers_what_it_brings_and_names_the_same_head() -> None:
    page = fit_entries(log([60_000] * 10))
    assert [one.seq for one in page.entries] == [1, 2, 3, 4]
    assert (page.from_seq, page.to_seq, page.as_of) == (1, 4, 10)


def test_one_entry_is_never_too_large() -> None:
    page = fit_entries(log([500_000, 1]))
    assert [one.seq for one in page.entries] == [1]
    assert page.to_seq == 1


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=30), st.integers(1, 20_000))
def test_asking_on_from_a_cut_page_brings_everything_once(sizes: list[int], limit_bytes: int) -> None:
    read: list[int] = []
    while len(read) < len(sizes):
        page = fit_entries(log(sizes[len(read) :], first=len(read) + 1), limit_bytes)
        assert page.entries
        assert page.to_seq == page.entries[-1].seq
        read += [one.seq for one in page.entries]
    assert read == list(range(1, len(sizes) + 1))


def test_a_resume_of_many_large_conversations_names_the_heads_of_the_rest() -> None:
    pages = fit_resume([log([60_000] * 4, first=5) for _ in range(8)])
    assert [len(page.entries) for page in pages] == [4, 4, 4, 4, 1, 1, 0, 0]
    for page in pages[6:]:
        assert (page.from_seq, page.to_seq, page.as_of) == (5, 4, 8)


def test_the_newest_of_a_large_history_stays() -> None:
    page = fit_history(history([60_000] * 10))
    assert seqs(page) == [17, 18, 19, 20]
    assert (page.from_seq, page.to_seq) == (17, 20)
    assert (page.more_before, page.more_after) == (True, False)


def test_the_oldest_stays_when_one_reads_forwards() -> None:
    page = fit_history(history([60_000] * 10), after_seq=10)
    assert seqs(page) == [11, 12, 13, 14]
    assert (page.from_seq, page.to_seq) == (11, 14)
    assert (page.more_before, page.more_after) == (False, True)


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=30), st.integers(1, 20_000), st.data())
def test_what_was_asked_for_stays_in_the_middle(sizes: list[int], limit_bytes: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(11, 10 + len(sizes)))
    page = fit_history(history(sizes), around_seq=wanted, limit_bytes=limit_bytes)
    kept = seqs(page)
    assert wanted in kept
    assert all(after == before + 1 for before, after in pairwise(kept))
    assert page.from_seq <= kept[0]
    assert page.to_seq >= kept[-1]
    assert page.more_before == (kept[0] > 11)
    assert page.more_after == (kept[-1] < 10 + len(sizes))


def row(version: int, size: int) -> ConversationState:
    room = new_id()
    member = MemberRow(room, ROMEO, version=version)
    return ConversationState(ConversationRow(room, ConversationKind.GROUP), member, 0, 0, message(1, size))


def rows(versions: list[int], size: int, *, since: int = 0) -> UserState:
    return UserState(since, max(versions), tuple(row(version, size) for version in versions))


def test_a_list_of_conversations_with_large_last_messages_is_shorter() -> None:
    states = [row(n, 60_000) for n in range(1, 9)]
    assert fitting(states) == 4
    assert fitting(states[:2]) == 2
    assert fitting([row(1, 500_000)]) == 1
    assert fitting([]) == 0


def test_rows_of_a_person_are_cut_between_versions() -> None:
    state = fit_user_state(rows([1, 2, 3, 3, 3, 4, 5], 60_000))
    assert [one.member.version for one in state.conversations] == [1, 2]
    assert (state.version, state.more) == (2, True)


def test_one_version_is_never_split() -> None:
    whole = rows([7, 7, 7, 7, 7, 7], 60_000, since=6)
    assert fit_user_state(whole) is whole


def test_a_row_without_a_version_is_no_place_to_cut() -> None:
    """The announcements come first and may have no version: asking on since 0 would bring the same page for ever."""
    state = fit_user_state(rows([0, 1, 1, 1, 1, 1, 2], 60_000))
    assert [one.member.version for one in state.conversations] == [0, 1, 1, 1, 1, 1]
    assert (state.version, state.more) == (1, True)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3_000)), min_size=1, max_size=20), st.integers(1, 20_000))
def test_asking_on_since_a_cut_version_brings_every_row_once(spread: list[tuple[int, int]], limit_bytes: int) -> None:
    everything: list[ConversationState] = []
    version = 0
    for step, size in spread:
        version += step - 1 or not everything
        everything.append(row(int(version), size))
    read: list[ConversationState] = []
    since = 0
    while len(read) < len(everything):
        left = tuple(one for one in everything if one.member.version > since)
        state = fit_user_state(UserState(since, int(version), left), limit_bytes)
        assert state.version > since
        read += state.conversations
        since = state.version
        assert state.more == (len(read) < len(everything))
    assert read == everything


def test_of_many_long_versions_the_original_and_the_newest_are_told() -> None:
    versions = [Revision(seq, 0, Body("x" * 60_000)) for seq in range(1, 11)]
    assert [one.seq for one in fit_revisions(versions)] == [1, 8, 9, 10]
    assert fit_revisions(versions[:3]) == versions[:3]
    assert fit_revisions(versions[:1], limit_bytes=10) == versions[:1]
    assert fit_revisions([]) == []


def test_a_list_of_long_scheduled_messages_is_shorter() -> None:
    waiting = [ScheduledRow(ROMEO, Submit(ROOM, new_id(), Post(Body("x" * 60_000))), 1) for _ in range(6)]
    assert fitting(waiting) == 4
