"""Questions that come at the same time share a read, and never get an older answer than their own read would give."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hubbub.storage.together import Together


class Rows:
    """Rows whose reads end when the test says so."""

    def __init__(self) -> None:
        self.rows = {"a": 1, "b": 2}
        self.reads: list[tuple[list[str], asyncio.Future[None]]] = []
        self.together = Together(self._read)

    async def _read(self, keys: Sequence[str]) -> dict[str, int]:
        found = {key: self.rows[key] for key in keys if key in self.rows}
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.reads.append((list(keys), ended))
        await ended
        return found

    async def began(self, count: int) -> None:
        """Wait for that many reads."""
        async with asyncio.timeout(5):
            while len(self.reads) < count:  # noqa: ASYNC110
                await asyncio.sleep(0)

    def ask(self, key: str) -> asyncio.Future[int | None]:
        return asyncio.ensure_future(self.together.ask(key))


async def test_a_question_alone_is_read_at_once() -> None:
    rows = Rows()
    asking = rows.ask("a")
    await rows.began(1)
    rows.reads[0][1].set_result(None)
    assert await asking == 1


async def test_what_is_asked_while_reads_run_shares_the_next_one() -> None:
    rows = Rows()
    first = [rows.ask("a")]
    await rows.began(1)
    first.append(rows.ask("b"))
    await rows.began(2)
    later = [rows.ask(key) for key in ("a", "b", "c", "a")]
    await asyncio.sleep(0)
    assert len(rows.reads) == 2
    rows.rows["a"] = 7
    rows.reads[0][1].set_result(None)
    await rows.began(3)
    assert rows.reads[2][0] == ["a", "b", "c"]
    for _, ended in rows.reads[1:]:
        ended.set_result(None)
    assert await asyncio.gather(*first) == [1, 2]
    assert await asyncio.gather(*later) == [7, 2, None, 7], "read after it was asked"


async def test_a_read_that_fails_fails_its_own_questions_alone() -> None:
    rows = Rows()
    asking = rows.ask("a")
    await rows.began(1)
    rows.reads[0][1].set_exception(ConnectionError("away"))
    with pytest.raises(ConnectionError):
        await asking
    again = rows.ask("a")
    await rows.began(2)
    rows.reads[1][1].set_result(None)
    assert await again == 1


async def test_who_stops_asking_takes_no_answer_from_others() -> None:
    rows = Rows()
    one, other = rows.ask("a"), rows.ask("a")
    await rows.began(1)
    one.cancel()
    await asyncio.sleep(0)
    rows.reads[0][1].set_result(None)
    assert await other == 1


@pytest.mark.parametrize("turns", range(6))
async def test_a_question_asked_while_the_last_reads_come_to_their_end_is_answered(turns: int) -> None:
    rows = Rows()
    first = [rows.ask("a")]
    await rows.began(1)
    first.append(rows.ask("b"))
    await rows.began(2)
    for _, ended in rows.reads:
        ended.set_result(None)
    for _ in range(turns):
        await asyncio.sleep(0)
    asking = rows.ask("a")
    await rows.began(3)
    rows.reads[2][1].set_result(None)
    assert await asking == 1
    assert await asyncio.gather(*first) == [1, 2]
