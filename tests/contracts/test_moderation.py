"""What every `ModerationStore` keeps to.  It runs on memory and on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.audit import AuditLog
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat.model import Body, Edit, Post, Submit
from hubbub.chat.moderation import (
    HELD_PER_PERSON,
    REPORTS_PER_PERSON,
    Held,
    HeldState,
    ModerationStore,
    Report,
    ReportReason,
    Resolution,
)
from hubbub.chat.words import FilterAction, WordFilter
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.chat.moderation import SqlModeration
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.moderation import MemoryModeration

NOW = 1_700_000_000_000
ROMEO, FRIAR, STREET = new_id(), new_id(), new_id()


@dataclass
class Cell:
    """Where the friar works."""

    store: ModerationStore
    audit: AuditLog

    async def acts(self) -> list[tuple[str, str]]:
        return [(one.act, one.target) for one in await self.audit.page(oldest_first=True, limit=1_000)]


@pytest.fixture(params=["memory", *DATABASES])
async def cell(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Cell]:
    clock = ManualClock()
    if request.param == "memory":
        audit = MemoryAudit(clock)
        yield Cell(MemoryModeration(clock, audit), audit)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Cell(SqlModeration(database), SqlAudit(database))
    finally:
        await database.close()


def a_held(text: str = "坏 蛋 🍆", **changes: object) -> Held:
    submit = Submit(STREET, new_id(), Post(Body(text=text), mentions=(FRIAR,)))
    return replace(Held(new_id(), ROMEO, submit, new_id(), NOW), **changes)


def a_report(**changes: object) -> Report:
    report = Report(new_id(), ROMEO, FRIAR, ReportReason.ABUSE, "note", NOW, STREET, 7, "坏蛋")
    return replace(report, **changes)


async def test_filters_are_made_changed_and_removed(cell: Cell) -> None:
    first = WordFilter("a" * 32, "坏蛋", FilterAction.HOLD, FRIAR, NOW)
    second = WordFilter("b" * 32, "bad*", FilterAction.MASK, FRIAR, NOW)
    for one in (first, second):
        await cell.store.save_filter(one)
    assert await cell.store.filters() == [first, second]
    changed = replace(first, pattern="bad", action=FilterAction.REFUSE)
    await cell.store.save_filter(changed)
    assert await cell.store.filters() == [changed, second]
    assert await cell.store.remove_filter(first.id)
    assert not await cell.store.remove_filter(first.id)
    assert await cell.store.filters() == [second]
    assert await cell.acts() == [
        ("filter.saved", first.id),
        ("filter.saved", second.id),
        ("filter.saved", first.id),
        ("filter.removed", first.id),
    ]


async def test_a_message_is_held_once_and_let_through_once(cell: Cell) -> None:
    held = a_held()
    assert await cell.store.hold(held) is HeldState.WAITING
    assert await cell.store.hold(replace(held, id=new_id())) is HeldState.WAITING
    assert await cell.store.held(HeldState.WAITING, "", 9) == ([held], "")
    assert await cell.store.accepted(9) == []
    made = await cell.store.decide(held.id, True, FRIAR)
    assert made is not None
    assert (made.state, made.decided_by, made.submit) == (HeldState.ACCEPTED, FRIAR, held.submit)
    assert await cell.store.decide(held.id, False, FRIAR) is None
    assert await cell.store.accepted(9) == [made]
    await cell.store.settle(held.id, "")
    assert await cell.store.accepted(9) == []
    assert await cell.acts() == [("message.let_through", ROMEO)]


async def test_what_was_declined_is_forgotten_and_stays_declined(cell: Cell) -> None:
    held = a_held()
    await cell.store.hold(held)
    made = await cell.store.decide(held.id, False, FRIAR)
    assert made is not None
    assert made.submit == Submit(STREET, held.submit.client_id, Post(Body()))
    (kept,) = (await cell.store.held(HeldState.DECLINED, "", 9))[0]
    assert kept == made
    assert await cell.store.hold(replace(held, id=new_id())) is HeldState.DECLINED
    assert await cell.acts() == [("message.declined", ROMEO)]


async def test_an_edit_is_held_as_an_edit_and_a_failed_one_keeps_its_reason(cell: Cell) -> None:
    held = a_held(submit=Submit(STREET, new_id(), Edit(5, Body(text="坏蛋"))))
    await cell.store.hold(held)
    await cell.store.decide(held.id, True, FRIAR)
    (accepted,) = await cell.store.accepted(9)
    assert accepted.submit.action == Edit(5, Body(text="坏蛋"))
    await cell.store.settle(held.id, "not_a_member")
    (failed,) = (await cell.store.held(HeldState.FAILED, "", 9))[0]
    assert failed.error == "not_a_member"


async def test_one_person_has_so_many_held_and_no_more(cell: Cell) -> None:
    for _ in range(HELD_PER_PERSON):
        await cell.store.hold(a_held())
    with pytest.raises(ChatError) as refusal:
        await cell.store.hold(a_held())
    assert refusal.value.code is Code.RATE_LIMITED
    assert await cell.store.hold(a_held(user_id=FRIAR)) is HeldState.WAITING
    first, cursor = await cell.store.held(HeldState.WAITING, "", 15)
    rest, end = await cell.store.held(HeldState.WAITING, cursor, 15)
    assert (len(first), len(rest), end) == (15, HELD_PER_PERSON + 1 - 15, "")


async def test_a_report_is_kept_once_while_it_is_open(cell: Cell) -> None:
    report = a_report(id="a" * 32)
    assert await cell.store.add_report(report) == report
    assert await cell.store.add_report(replace(report, id=new_id(), note="again")) == report
    other = a_report(id="b" * 32, conversation_id="", seq=0, excerpt="")
    assert await cell.store.add_report(other) == other
    assert await cell.store.reports(False, "", 9) == ([report, other], "")
    assert await cell.store.report(report.id) == report
    assert await cell.store.report(new_id()) is None
    resolved = await cell.store.resolve(report.id, Resolution.ACTED, "gone", FRIAR)
    assert resolved is not None
    assert (resolved.resolution, resolved.resolved_by, resolved.resolved_note) == (Resolution.ACTED, FRIAR, "gone")
    assert await cell.store.resolve(report.id, Resolution.DISMISSED, "", FRIAR) is None
    assert await cell.store.reports(True, "", 9) == ([resolved], "")
    again = replace(report, id=new_id())
    assert await cell.store.add_report(again) == again
    assert await cell.acts() == [("report.resolved", FRIAR)]


async def test_one_person_has_so_many_reports_open_and_no_more(cell: Cell) -> None:
    for number in range(REPORTS_PER_PERSON):
        await cell.store.add_report(a_report(id=f"{number:032x}", seq=number + 1))
    with pytest.raises(ChatError) as refusal:
        await cell.store.add_report(a_report(seq=1_000))
    assert refusal.value.code is Code.RATE_LIMITED
    first, cursor = await cell.store.reports(False, "", 30)
    rest, _ = await cell.store.reports(False, cursor, 30)
    assert [one.seq for one in (*first, *rest)] == list(range(1, REPORTS_PER_PERSON + 1))
