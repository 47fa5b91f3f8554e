"""The questions behind a page of history, for databases that are asked through SQLAlchemy.

They are the hottest of all reads; `sqlite_pages` asks the same by hand.  What a page shows and withholds is not decided
here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from hubbub.chat.model import ConversationRow, Entry, MemberRow, MessageState
from hubbub.storage.chat.facts import MESSAGE_COLUMNS, MESSAGES
from hubbub.storage.chat.look import hidden_between, read_place
from hubbub.storage.chat.rows import SHOWN_KINDS, shown_of
from hubbub.storage.dialects import OnPage
from hubbub.storage.tables.chat import entries
from hubbub.storage.tables.schema import Id

__all__ = ["Pages"]


def _statement(newest_first: bool) -> Any:
    return (
        select(*MESSAGE_COLUMNS)
        .select_from(MESSAGES)
        .where(
            entries.c.conversation_id == bindparam("id", type_=Id),
            entries.c.seq.between(bindparam("low"), bindparam("high")),
            entries.c.kind.in_(SHOWN_KINDS),
        )
        .order_by(entries.c.seq.desc() if newest_first else entries.c.seq)
        .limit(bindparam("rows"))
    )


# Built once: to build a statement costs more than to run it.
_STATEMENTS = {newest_first: _statement(newest_first) for newest_first in (False, True)}


class Pages:
    """The part of a `Dialect` that pages are made of."""

    def find_place(
        self, conn: Connection, user_id: str, conversation_id: str
    ) -> tuple[ConversationRow | None, MemberRow | None]:
        return read_place(conn, user_id, conversation_id)

    def find_shown(
        self, conn: Connection, conversation_id: str, low: int, high: int, limit: int, *, newest_first: bool
    ) -> list[MessageState | Entry]:
        values = {"id": conversation_id, "low": low, "high": high, "rows": limit}
        return [shown_of(conversation_id, row) for row in conn.execute(_STATEMENTS[newest_first], values)]

    def find_on_page(self, conn: Connection, user_id: str, conversation_id: str, first: int, last: int) -> OnPage:
        # To ask whether there is a reaction would be one more trip to the server; to ask which is no more than that.
        return OnPage(hidden_between(conn, user_id, conversation_id, first, last), True)
