"""What is kept on this machine is as current as what was heard, and never claims more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.client.models import Body, Edit, Entry, HistoryPage, Message, Post, Reaction, Recall, User
from hubbub.terminal.local_log import LocalLog

ROOM = "d" * 32
ME = "a" * 32
JULIET = "b" * 32


def entry(seq: int, text: str = "", thread: int = 0) -> Entry:
    return Entry(ROOM, seq, 1000 + seq, JULIET, f"{seq:032x}", Post(Body(text or f"line {seq}"), thread=thread))


def change(seq: int, action: Edit | Recall | Reaction) -> Entry:
    return Entry(ROOM, seq, 1000 + seq, JULIET, f"{seq:032x}", action)


def page(first: int, last: int, *, as_of: int, text: str = "") -> HistoryPage:
    items = tuple(
        Message(ROOM, seq, 1000 + seq, JULIET, f"{seq:032x}", Post(Body(text or f"line {seq}")))
        for seq in range(first, last + 1)
    )
    return HistoryPage(ROOM, first, last, as_of, items, first > 1, last < as_of)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[LocalLog]:
    log = LocalLog(tmp_path / "log.db")
    await log.open()
    yield log
    await log.close()


async def seqs(log: LocalLog, **where: int) -> list[int] | None:
    held = await log.page(ROOM, **where)
    return None if held is None else [item.seq for item in held.page.items]


async def test_what_was_heard_is_read_again_without_a_connection(log: LocalLog, tmp_path: Path) -> None:
    await log.put(page(5, 9, as_of=9))
    await log.note([entry(10), entry(11)], ME)
    again = LocalLog(tmp_path / "log.db")
    await again.open()
    assert await seqs(again) == [5, 6, 7, 8, 9, 10, 11]
    assert await seqs(again, before=8, limit=2) == [6, 7]
    assert await seqs(again, before=5) is None
    await again.close()


async def test_entries_are_folded_into_what_is_kept(log: LocalLog) -> None:
    await log.note([entry(1), entry(2), entry(3)], ME)
    await log.note([change(4, Edit(1, Body("changed"))), change(5, Recall(2)), change(6, Reaction(3, "👍", True))], ME)
    held = await log.page(ROOM)
    assert held is not None
    first, second, third = held.page.messages
    assert (first.text, first.edits, second.recalled, second.text) == ("changed", 1, True, "")
    assert third.reactions[0].count == 1
    assert held.page.to_seq == 6


async def test_an_entry_a_page_had_already_changes_nothing(log: LocalLog) -> None:
    await log.put(page(1, 3, as_of=5, text="new"))
    await log.note([change(4, Edit(1, Body("older edit"))), entry(5)], ME)
    held = await log.page(ROOM)
    assert held is not None
    assert held.page.messages[0].text == "new"


async def test_after_a_hole_nothing_is_shown_as_history_but_all_is_found_by_words(tmp_path: Path) -> None:
    log = LocalLog(tmp_path / "log.db")
    await log.open()
    await log.note([entry(1, "Soft! what light"), entry(2)], ME)
    await log.close()
    again = LocalLog(tmp_path / "log.db")
    await again.open()
    await again.note([entry(9)], ME)
    assert await seqs(again) == [9]
    assert [one.seq for one in await again.search("LIGHT soft")] == [1]
    await again.close()


async def test_pages_that_touch_become_one_range(log: LocalLog) -> None:
    await log.put(page(11, 20, as_of=20))
    await log.put(page(1, 5, as_of=20))
    assert await seqs(log, before=11) is None
    await log.put(page(6, 10, as_of=20))
    assert await seqs(log, limit=20) == list(range(1, 21))
    held = await log.page(ROOM, limit=20)
    assert held is not None
    assert not held.page.more_before


async def test_a_page_takes_away_what_is_withheld_now(log: LocalLog) -> None:
    await log.put(page(1, 3, as_of=3))
    whole = page(1, 3, as_of=9)
    await log.put(HistoryPage(ROOM, 1, 3, 9, (whole.items[0], whole.items[2]), False, False))
    assert await seqs(log) == [1, 3]


@pytest.mark.parametrize("words", ["今天", "天气", "WEATHER", "100%", "under_score"])
async def test_words_are_found_in_any_language_and_case(log: LocalLog, words: str) -> None:
    await log.note([entry(1, "今天天气很好: weather 100% under_score"), entry(2, "x 1000 underXscore")], ME)
    assert [one.seq for one in await log.search(words)] == [1]


async def test_a_thread_is_read_alone(log: LocalLog) -> None:
    await log.note([entry(1), entry(2), entry(3, thread=1), entry(4, thread=2)], ME)
    assert await seqs(log, thread=1) == [1, 3]


async def test_what_is_another_persons_is_dropped(tmp_path: Path) -> None:
    for owner, kept in (("romeo", 0), ("romeo", 1), ("tybalt", 0)):
        log = LocalLog(tmp_path / "log.db", owner=owner)
        assert len((await log.open()).people) == kept
        await log.remember(people=[User(JULIET, "juliet")])
        await log.close()
    assert (tmp_path / "log.db").stat().st_mode & 0o777 == 0o600
