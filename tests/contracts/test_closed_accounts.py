"""What somebody who is muted or gone still does, and what is left of them.  It runs on every database."""

from __future__ import annotations

import pytest
from contracts.script import ANNA, BEN, Script, an_id
from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, update

from hubbub.base.ids import new_id
from hubbub.chat.model import Body, Post, ScheduledRow, Submit, UserRow
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.left_behind import GOES
from hubbub.storage.tables.account import users
from hubbub.storage.tables.schema import Id, metadata


async def test_what_somebody_scheduled_waits_while_they_are_muted(script: Script) -> None:
    if script.db is None:
        pytest.skip("the chat in memory knows no accounts")
    await script.there_is(UserRow(ANNA, "anna"))
    row = ScheduledRow(ANNA, Submit(an_id(), an_id(), Post(Body("x"))), 1000)
    await script.store.schedule(row, bytes(8))

    async def mute(until_ms: int) -> None:
        muted = update(users).where(users.c.id == ANNA).values(muted_until_ms=until_ms)
        assert script.db is not None
        await script.db.write(lambda conn: conn.execute(muted))

    await mute(3000)
    assert await script.store.due(2000, 10) == []
    assert await script.store.due(3000, 10) == [row]
    await mute(0)
    assert await script.store.due(2000, 10) == [row]


async def test_what_somebody_kept_for_themselves_goes_with_their_account(script: Script) -> None:
    """Every table with a person's rows is looked at: one that is new is named here, or goes."""
    if script.db is None:
        pytest.skip("the chat in memory knows no accounts")
    await script.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"))
    accounts = SqlAccounts(script.db)

    def fill(conn: Connection) -> None:
        for who in (ANNA, BEN):
            for table in GOES:
                conn.execute(insert(table), a_row(table, who))

    await script.db.write(fill)
    await accounts.delete_account(ANNA, 1_700_000_000_000, recall=False)

    def left(conn: Connection, who: str) -> list[str]:
        mine = [(table.name, select(func.count()).select_from(table).where(table.c.user_id == who)) for table in GOES]
        return [name for name, count in mine if conn.execute(count).scalar_one()]

    assert await script.db.read(lambda conn: left(conn, ANNA)) == []
    assert await script.db.read(lambda conn: left(conn, BEN)) == [table.name for table in GOES]
    stays = {
        "members",
        "mentions",
        "reactions",
        "user_keys",
        "user_versions",
        "logins",
        "sessions",
        "slots",
        "departures",
        "file_room",
        "clients",
        "sign_in_steps",
        "held_messages",
        "reports",
        "audit_entries",
    }
    personal = {table.name for table in metadata.sorted_tables if "user_id" in table.c}
    assert personal - {table.name for table in GOES} <= stays


def a_row(table: Table, who: str) -> dict[str, object]:
    """Return any row of a person's in a table."""
    row: dict[str, object] = {}
    for column in table.c:
        if column.name == "user_id":
            row[column.name] = who
        elif isinstance(column.type, Id):
            row[column.name] = new_id()
        elif isinstance(column.type, LargeBinary):
            row[column.name] = bytes.fromhex(who + who)
        elif column.type.python_type is bool:
            row[column.name] = False
        elif column.type.python_type is int:
            row[column.name] = 1
        else:
            row[column.name] = who[:8]
    return row
