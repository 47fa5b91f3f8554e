"""Any interleaving of live and fetched entries shows each once, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.wire import timeline as timeline_module
from hubbub.wire.timeline import HELD_LIMIT, Timeline


def test_entries_in_order_come_out_as_they_came() -> None:
    timeline: Timeline[str] = Timeline()
    assert [timeline.receive(seq, f"e{seq}") for seq in (1, 2, 3)] == [["e1"], ["e2"], ["e3"]]
    assert timeline.missing is None


def test_a_duplicate_shows_nothing() -> None:
    timeline: Timeline[str] = Timeline(seen=2)
    assert timeline.receive(2, "again") == []
    assert timeline.receive(3, "new") == ["new"]
    assert timeline.receive(3, "again") == []


def test_a_gap_is_named_and_holds_what_follows() -> None:
    timeline: Timeline[int] = Timeline(seen=1)
    assert timeline.receive(4, 4) == []
    assert timeline.missing == (2, 3)
    assert timeline.receive(3, 3) == []
    assert timeline.missing == (2, 2)
    assert timeline.receive(2, 2) == [2, 3, 4]
    assert timeline.missing is None


def test_numbers_withheld_inside_a_page_are_passed_over() -> None:
    timeline: Timeline[int] = Timeline()
    assert timeline.cover(1, 5, [(2, 2), (4, 4)]) == [2, 4]
    assert timeline.seen == 5


def test_a_held_page_keeps_its_withheld_numbers() -> None:
    timeline: Timeline[int] = Timeline()
    assert timeline.cover(3, 6, [(4, 4)]) == []
    assert timeline.cover(1, 2, [(1, 1), (2, 2)]) == [1, 2, 4]
    assert timeline.seen == 6
    assert timeline.missing is None


def test_an_announced_head_is_asked_for() -> None:
    timeline: Timeline[int] = Timeline(seen=3)
    timeline.announce(5)
    assert timeline.missing == (4, 5)
    assert timeline.cover(4, 5, [(5, 5)]) == [5]
    assert timeline.missing is None


def test_a_reset_goes_on_after_the_given_number() -> None:
    timeline: Timeline[int] = Timeline(seen=3)
    timeline.receive(9, 9)
    timeline.reset(20)
    assert timeline.receive(9, 9) == []
    assert timeline.receive(21, 21) == [21]


def test_what_is_held_is_bounded_and_what_is_dropped_is_asked_for() -> None:
    timeline: Timeline[int] = Timeline()
    last = HELD_LIMIT + 100
    for seq in range(2, last + 1):
        assert timeline.receive(seq, seq) == []
    assert len(timeline.receive(1, 1)) == HELD_LIMIT + 1
    assert timeline.missing == (timeline.seen + 1, last)


@st.composite
def logs_and_deliveries(draw: st.DrawFn) -> tuple[set[int], list[tuple[int, int]]]:
    head = draw(st.integers(1, 30))
    visible = draw(st.sets(st.integers(1, head)))
    ranges = draw(
        st.lists(
            st.tuples(st.integers(1, head), st.integers(1, head)).map(lambda pair: (min(pair), max(pair))), max_size=40
        )
    )
    return visible, [*ranges, (1, head)]


@given(logs_and_deliveries())
def test_any_interleaving_shows_each_entry_once_and_in_order(case: tuple[set[int], list[tuple[int, int]]]) -> None:
    visible, deliveries = case
    timeline: Timeline[int] = Timeline()
    shown: list[int] = []
    for low, high in deliveries:
        shown += timeline.cover(low, high, [(seq, seq) for seq in sorted(visible) if low <= seq <= high])
        assert shown == sorted(seq for seq in visible if seq <= timeline.seen)
    assert shown == sorted(visible)


@given(st.permutations(range(1, 12)), st.lists(st.integers(1, 11)))
def test_following_what_is_missing_always_ends(order: list[int], extra: list[int]) -> None:
    timeline: Timeline[int] = Timeline()
    shown: list[int] = []
    for seq in [*extra, *order][:6]:
        shown += timeline.receive(seq, seq)
    rounds = 0
    while (gap := timeline.missing) is not None:
        rounds += 1
        assert rounds <= 12
        shown += timeline.cover(gap[0], gap[1], [(seq, seq) for seq in range(gap[0], gap[1] + 1)])
    assert shown == list(range(1, timeline.seen + 1))


def test_the_module_does_no_io() -> None:
    assert not {"asyncio", "socket", "time"} & set(vars(timeline_module))
