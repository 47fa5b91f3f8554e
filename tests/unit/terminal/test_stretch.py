"""The loaded part of a conversation has no holes, stays bounded, and follows the law of folding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.models import (
    Body,
    Conversation,
    Edit,
    Entry,
    HistoryPage,
    Kind,
    Message,
    Pin,
    Post,
    Reaction,
    Recall,
)
from hubbub.terminal.fold import fold_conversation, item_of
from hubbub.terminal.stretch import LONGEST, Stretch

ROOM = "d" * 32
ME = "a" * 32
JULIET = "b" * 32


def entry(seq: int, action: object = None, sender: str = JULIET) -> Entry:
    done = action or Post(Body(f"line {seq}"))
    return Entry(ROOM, seq, seq, sender, f"{seq:032x}", done)  # type: ignore[arg-type]


def page(entries: list[Entry], first: int, last: int) -> HistoryPage:
    """Return the page of a log as a server would: everything up to the head folded in."""
    whole = Stretch(ME)
    whole.put(HistoryPage(ROOM, 0, 0, 0, (), False, False), "fresh")
    for one in entries:
        whole.fold(one)
    items = tuple(item for item in whole.items if first <= item.seq <= last)
    head = len(entries)
    return HistoryPage(ROOM, first, last, head, items, first > 1, last < head)


def actions() -> st.SearchStrategy[object]:
    target = st.integers(1, 30)
    return st.one_of(
        st.just(None),
        st.builds(Edit, target, st.just(Body("changed"))),
        st.builds(Recall, target),
        st.builds(Reaction, target, st.sampled_from("👍🎉"), st.booleans()),
        st.builds(Pin, target, st.booleans()),
        st.builds(Post, st.just(Body("in a thread")), thread=target),
    )


@given(st.lists(actions(), min_size=4, max_size=40), st.data())
def test_a_page_and_the_entries_after_it_are_a_newer_page(said: list[object], data: st.DataObject) -> None:
    entries = [
        entry(seq, action, sender=data.draw(st.sampled_from([ME, JULIET]))) for seq, action in enumerate(said, 1)
    ]
    read_at = data.draw(st.integers(1, len(entries)))
    heard_from = data.draw(st.integers(1, read_at))
    stretch = Stretch(ME)
    stretch.put(page(entries[:read_at], 1, read_at), "fresh")
    for one in entries[heard_from - 1 :]:
        stretch.fold(one)
    assert tuple(stretch.items) == page(entries, 1, len(entries)).items


def test_it_grows_at_both_ends_and_stays_bounded() -> None:
    entries = [entry(seq) for seq in range(1, 2001)]
    stretch = Stretch(ME)
    stretch.put(page(entries, 1941, 2000), "fresh")
    while stretch.more_before:
        first = stretch.from_seq
        stretch.put(page(entries, max(1, first - 60), first - 1), "before")
        stretch.shorten("start")
        assert len(stretch.items) <= LONGEST
        seqs = [item.seq for item in stretch.items]
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
    assert stretch.items[0].seq == 1
    assert stretch.more_after
    stretch.fold(entry(2001))
    assert stretch.items[-1].seq < 2000, "what comes does not stand behind a hole"
    last = stretch.to_seq
    stretch.put(page(entries, last + 1, last + 60), "after")
    assert stretch.items[-1].seq == last + 60


def test_a_thread_takes_only_what_is_its_own() -> None:
    stretch = Stretch(ME, thread=1)
    stretch.put(HistoryPage(ROOM, 1, 1, 1, (Message(ROOM, 1, 1, JULIET, "", Post(Body("x"))),), False, False), "fresh")
    stretch.fold(entry(2))
    stretch.fold(entry(3, Post(Body("reply"), thread=1)))
    assert [item.seq for item in stretch.items] == [1, 3]


def test_counts_follow_what_is_said_edited_and_taken_back() -> None:
    place = Conversation(ROOM, Kind.GROUP, as_of=10, intervals=((1, 0),), read_seq=10)
    for one in (
        entry(11),
        entry(12, Post(Body("hear"), mentions=(ME,))),
        entry(13, Post(Body("only there"), thread=11)),
        entry(14, sender=ME),
        entry(15, Edit(11, Body("x"), mentions=(ME,), target_sender_id=JULIET)),
        entry(16, Recall(12, target_sender_id=JULIET, target_counts=True, target_mentions=(ME,))),
    ):
        place, again = fold_conversation(place, one, ME)
        assert not again
    assert (place.unread, place.mentions, place.as_of) == (1, 1, 16)
    assert fold_conversation(place, entry(16), ME)[0] is place
    assert item_of(entry(17, Pin(11, True))) is None
