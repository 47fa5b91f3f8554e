"""What moderators look after, in the database: one function per transaction.

What they decide is remembered in the audit log in the same transaction; what people report and write is not.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from hubbub.auth.audit import Act, Deed
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY
from hubbub.chat.model import Body, Submit
from hubbub.chat.moderation import (
    FILTERS,
    HELD_PER_PERSON,
    REPORTS_PER_PERSON,
    Held,
    HeldState,
    Report,
    ReportReason,
    Resolution,
)
from hubbub.chat.words import FilterAction, WordFilter
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note as remember
from hubbub.storage.database import Database
from hubbub.storage.tables.moderation import held_messages, reports, word_filters

__all__ = [
    "SqlModeration",
    "decided",
    "decision",
    "filter_removed",
    "filter_saved",
    "report_resolved",
    "resolved_report",
]

_STATES = list(HeldState)
_NOTHING = Body()
_decode_submit = msgspec.json.Decoder(Submit).decode


class SqlModeration:
    """A `ModerationStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ------------------------------------------------------------ filters

    async def filters(self) -> list[WordFilter]:
        found = select(word_filters).order_by(word_filters.c.id)
        return await self._db.read(lambda conn: [_filter(row) for row in conn.execute(found)])

    async def save_filter(self, made: WordFilter) -> None:
        values = {**msgspec.structs.asdict(made), "action": made.action.value}

        def work(conn: Connection) -> None:
            this = word_filters.c.id == made.id
            if conn.execute(select(word_filters.c.id).where(this)).first() is not None:
                conn.execute(update(word_filters).where(this).values(pattern=made.pattern, action=made.action.value))
            elif conn.execute(select(func.count()).select_from(word_filters)).scalar_one() >= FILTERS:
                raise ChatError(Code.CONFLICT, f"There are at most {FILTERS:,} filters.")
            else:
                conn.execute(insert(word_filters), [values])
            remember(self._db, conn, [filter_saved(made)])

        await write_again(self._db, work)

    async def remove_filter(self, filter_id: str) -> bool:
        def work(conn: Connection) -> bool:
            this = word_filters.c.id == filter_id
            row = conn.execute(select(word_filters).where(this).with_for_update()).one_or_none()
            if row is None:
                return False
            conn.execute(delete(word_filters).where(this))
            remember(self._db, conn, [filter_removed(_filter(row))])
            return True

        return await write_again(self._db, work)

    # ------------------------------------------------------------ held messages

    async def hold(self, held: Held) -> HeldState:
        submit = held.submit
        key = and_(
            held_messages.c.conversation_id == submit.conversation_id,
            held_messages.c.user_id == held.user_id,
            held_messages.c.client_id == submit.client_id,
        )
        known = select(held_messages.c.state).where(key)
        waiting = and_(held_messages.c.user_id == held.user_id, held_messages.c.state == _number(HeldState.WAITING))
        row = {
            "id": held.id,
            "conversation_id": submit.conversation_id,
            "user_id": held.user_id,
            "client_id": submit.client_id,
            "filter_id": held.filter_id,
            "time_ms": held.time_ms,
            "state": _number(held.state),
            "decided_by": None,
            "decided_ms": 0,
            "error": "",
            "body": msgspec.json.encode(submit),
        }

        def work(conn: Connection) -> HeldState:
            state: int | None = conn.execute(known).scalar_one_or_none()
            if state is not None:
                return _STATES[state]
            most = conn.execute(select(func.count()).select_from(held_messages).where(waiting)).scalar_one()
            if most >= HELD_PER_PERSON:
                raise ChatError(Code.RATE_LIMITED, f"At most {HELD_PER_PERSON} messages wait for a moderator.")
            # Another node may hold the same submit at this moment; then this changes nothing.
            self._db.dialect.insert_new(conn, held_messages, [row])
            return HeldState.WAITING

        return await write_again(self._db, work)

    async def held(self, state: HeldState, cursor: str, limit: int) -> tuple[list[Held], str]:
        which = held_messages.c.state == _number(state)
        if cursor:
            which = and_(which, held_messages.c.id > cursor)
        found = select(held_messages).where(which).order_by(held_messages.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [_held(row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def decide(self, held_id: str, accept: bool, decided_by: str) -> Held | None:
        this = held_messages.c.id == held_id

        def work(conn: Connection) -> Held | None:
            row = conn.execute(select(held_messages).where(this).with_for_update()).one_or_none()
            if row is None or row.state != _number(HeldState.WAITING):
                return None
            made = decided(_held(row), accept, decided_by, self._db.now_ms(conn))
            values: dict[str, Any] = {
                "state": _number(made.state),
                "decided_by": decided_by,
                "decided_ms": made.decided_ms,
                "body": msgspec.json.encode(made.submit),
            }
            conn.execute(update(held_messages).where(this).values(values))
            remember(self._db, conn, [decision(made)])
            return made

        return await write_again(self._db, work)

    async def accepted(self, limit: int) -> list[Held]:
        return (await self.held(HeldState.ACCEPTED, "", limit))[0]

    async def settle(self, held_id: str, error: str) -> None:
        this = held_messages.c.id == held_id
        failed = {"state": _number(HeldState.FAILED), "error": error}
        done = update(held_messages).where(this).values(failed) if error else delete(held_messages).where(this)
        await write_again(self._db, lambda conn: conn.execute(done))

    # ------------------------------------------------------------ reports

    async def add_report(self, report: Report) -> Report:
        row = {
            **msgspec.structs.asdict(report),
            "conversation_id": report.conversation_id or NOBODY,
            "reason": report.reason.value,
            "resolution": "",
            "resolved_by": None,
        }
        mine = and_(reports.c.reporter_id == report.reporter_id, reports.c.resolution == "")
        same = and_(
            mine,
            reports.c.user_id == report.user_id,
            reports.c.conversation_id == row["conversation_id"],
            reports.c.seq == report.seq,
        )

        def work(conn: Connection) -> Report:
            known = conn.execute(select(reports).where(same).limit(1)).one_or_none()
            if known is not None:
                return _report(known)
            if conn.execute(select(func.count()).select_from(reports).where(mine)).scalar_one() >= REPORTS_PER_PERSON:
                raise ChatError(Code.RATE_LIMITED, f"At most {REPORTS_PER_PERSON} of one's reports are open at a time.")
            conn.execute(insert(reports), [row])
            return report

        return await write_again(self._db, work)

    async def reports(self, resolved: bool, cursor: str, limit: int) -> tuple[list[Report], str]:
        which = reports.c.resolution != "" if resolved else reports.c.resolution == ""
        if cursor:
            which = and_(which, reports.c.id > cursor)
        found = select(reports).where(which).order_by(reports.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [_report(row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def report(self, report_id: str) -> Report | None:
        found = select(reports).where(reports.c.id == report_id)
        row = await self._db.read(lambda conn: conn.execute(found).one_or_none())
        return None if row is None else _report(row)

    async def resolve(self, report_id: str, resolution: Resolution, note: str, resolved_by: str) -> Report | None:
        this = reports.c.id == report_id

        def work(conn: Connection) -> Report | None:
            row = conn.execute(select(reports).where(this).with_for_update()).one_or_none()
            if row is None or row.resolution:
                return None
            now_ms = self._db.now_ms(conn)
            values = {"resolution": resolution.value, "resolved_by": resolved_by, "resolved_ms": now_ms}
            conn.execute(update(reports).where(this).values(resolved_note=note, **values))
            made = resolved_report(_report(row), resolution, note, resolved_by, now_ms)
            remember(self._db, conn, [report_resolved(made)])
            return made

        return await write_again(self._db, work)


# ---------------------------------------------------------------- what both stores do alike


def filter_saved(made: WordFilter) -> Deed:
    """Return what the audit log remembers of a filter."""
    return Deed(Act.FILTER_SAVED, made.id, {"pattern": made.pattern, "action": made.action.value})


def filter_removed(gone: WordFilter) -> Deed:
    """Return what the audit log remembers of a filter that is gone."""
    return Deed(Act.FILTER_REMOVED, gone.id, {"pattern": gone.pattern, "action": gone.action.value})


def _without_content(submit: Submit) -> Submit:
    """Return a submit that keeps its key and says nothing."""
    action = submit.action
    return msgspec.structs.replace(submit, action=msgspec.structs.replace(action, body=_NOTHING, mentions=()))


def decided(held: Held, accept: bool, decided_by: str, now_ms: int) -> Held:
    """Return a held message as it is once it was decided about."""
    return msgspec.structs.replace(
        held,
        state=HeldState.ACCEPTED if accept else HeldState.DECLINED,
        decided_by=decided_by,
        decided_ms=now_ms,
        submit=held.submit if accept else _without_content(held.submit),
    )


def decision(held: Held) -> Deed:
    """Return what the audit log remembers of a decision about a held message."""
    act = Act.MESSAGE_LET_THROUGH if held.state is HeldState.ACCEPTED else Act.MESSAGE_DECLINED
    detail: dict[str, object] = {"held": held.id, "conversation": held.submit.conversation_id}
    return Deed(act, held.user_id, detail)


def resolved_report(report: Report, resolution: Resolution, note: str, resolved_by: str, now_ms: int) -> Report:
    """Return a report as it is once it was resolved."""
    return msgspec.structs.replace(
        report, resolution=resolution, resolved_note=note, resolved_by=resolved_by, resolved_ms=now_ms
    )


def report_resolved(report: Report) -> Deed:
    """Return what the audit log remembers of a resolved report."""
    assert report.resolution is not None
    detail: dict[str, object] = {"report": report.id, "resolution": report.resolution.value}
    return Deed(Act.REPORT_RESOLVED, report.user_id, {**detail, "note": report.resolved_note})


# ---------------------------------------------------------------- rows


def _number(state: HeldState) -> int:
    return _STATES.index(state)


def _filter(row: Row[Any]) -> WordFilter:
    return WordFilter(row.id, row.pattern, FilterAction(row.action), row.created_by, row.created_ms)


def _held(row: Row[Any]) -> Held:
    return Held(
        row.id,
        row.user_id,
        _decode_submit(row.body),
        row.filter_id,
        row.time_ms,
        _STATES[row.state],
        row.decided_by or "",
        row.decided_ms,
        row.error,
    )


def _report(row: Row[Any]) -> Report:
    return Report(
        id=row.id,
        reporter_id=row.reporter_id,
        user_id=row.user_id,
        reason=ReportReason(row.reason),
        note=row.note,
        time_ms=row.time_ms,
        conversation_id="" if row.conversation_id == NOBODY else row.conversation_id,
        seq=row.seq,
        excerpt=row.excerpt,
        resolution=Resolution(row.resolution) if row.resolution else None,
        resolved_by=row.resolved_by or "",
        resolved_ms=row.resolved_ms,
        resolved_note=row.resolved_note,
    )
