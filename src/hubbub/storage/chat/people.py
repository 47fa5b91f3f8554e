"""What chat may know of people: the public columns of active accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from hubbub.auth.names import name_key
from hubbub.chat.model import UserRow
from hubbub.storage.tables.account import users

_AT_ONCE = 200
_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.username_key,
    users.c.display_name,
    users.c.signature,
    users.c.bot,
    users.c.avatar,
)


def read_users(conn: Connection, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]:
    """Return the people with these ids or names, by username; who does not exist is absent."""
    found: dict[str, Any] = {}
    keys = [name_key(name) for name in usernames]
    for column, wanted in ((users.c.id, list(user_ids)), (users.c.username_key, keys)):
        for at in range(0, len(wanted), _AT_ONCE):
            statement = select(*_COLUMNS).where(column.in_(wanted[at : at + _AT_ONCE]))
            if column is users.c.username_key:
                # Whose name it was is nobody's business any more.
                statement = statement.where(users.c.deleted_ms == 0)
            found.update((row.id, row) for row in conn.execute(statement))
    return [_user(row) for row in sorted(found.values(), key=lambda row: str(row.username_key))]


def find_users(conn: Connection, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]:
    """Return a page of active people whose username or display name contains `query`, by username.

    Letter case does not matter, beyond ASCII only in usernames.
    """
    statement = select(*_COLUMNS).where(users.c.active).order_by(users.c.username_key).limit(limit + 1)
    if query:
        statement = statement.where(
            or_(
                users.c.username_key.contains(name_key(query), autoescape=True),
                users.c.display_name.icontains(query, autoescape=True),
            )
        )
    if cursor:
        statement = statement.where(users.c.username_key > cursor)
    rows = conn.execute(statement).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return [_user(row) for row in rows], rows[-1].username_key if more else ""


def _user(row: Any) -> UserRow:
    return UserRow(row.id, row.username, row.display_name, row.signature, row.bot, row.avatar)
