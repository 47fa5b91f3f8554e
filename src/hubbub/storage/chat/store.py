"""Everything chat keeps, in a SQL database.

This class holds no statement: it opens the transaction and hands it to the module that knows the table.  What it adds
is the order of a commit, the memory of the writers, and the outbox rows that wait to be deleted with the next
commit, because a transaction of their own would cost as much as the batch they speak of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection, select

from hubbub.auth.audit import Act, Deed, acting
from hubbub.chat.invites import JoinRequest, Waiting
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    Coming,
    ConversationState,
    EntryPage,
    HistoryPage,
    Listening,
    Mark,
    MemberRow,
    MessageRow,
    MessageState,
    OwnChange,
    OwnSet,
    Revision,
    ScheduledRow,
    UserRow,
    UserState,
)
from hubbub.chat.ports import Changes, Committed, DataRefused, Facts, MarksRaised, Needs, Untold
from hubbub.chat.retention import Keeping
from hubbub.chat.search.found import Wanted
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.chat import (
    entering,
    entry_pages,
    history,
    marks,
    named,
    own,
    people,
    retention,
    schedule,
    search_index,
    search_reads,
    states,
)
from hubbub.storage.chat.changes import write_changes
from hubbub.storage.chat.facts import load_facts
from hubbub.storage.chat.invites import drop_requests, write_request
from hubbub.storage.chat.remembered import Remembered
from hubbub.storage.chat.reminders import SqlReminders
from hubbub.storage.database import Database
from hubbub.storage.tables.chat import outbox
from hubbub.storage.together import Together

_CLEARED_WAITING = 1_000
"""So many outbox rows wait for deletion; of more the oldest are dropped, and the sweep announces them again."""

_ENTERING_AT_ONCE = 32
"""So many people's comings are read in one transaction: enough to share it, and not so many that one waits for all."""

_decode_outbox = msgspec.json.Decoder(dict[str, int]).decode


def _deed(conversation_id: str, before: int, after: int) -> Deed:
    return Deed(Act.RETENTION_CHANGED, conversation_id, {"before": before, "after": after})


class _PlanRaised(Exception):
    """Carries what a plan raised past the translation of the database's errors."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class SqlStore(SqlReminders):
    """A `chat.ports.ChatStore` over an open database."""

    def __init__(self, db: Database, *, small_audience: int = SMALL_AUDIENCE) -> None:
        """`small_audience`: up to how many members a conversation is told to its people one by one."""
        super().__init__(db)
        self._small_audience = small_audience
        self._dialect = db.dialect
        self._remembered = Remembered(shared=db.shared, small_audience=small_audience)
        self._cleared: list[int] = []
        self._entering = Together(self._read_entering, at_once=_ENTERING_AT_ONCE)

    # ------------------------------------------------------------ writing

    async def commit(self, needs: Needs, plan: Callable[[Facts], Changes]) -> Committed:
        cleared = self._take_cleared()
        who = acting()

        def transaction(conn: Connection) -> Committed:
            try:
                facts, revisions = load_facts(conn, self._dialect, self._remembered, needs)
            except ValueError as error:
                raise DataRefused(str(error)) from error
            try:
                changes = plan(facts)
            except BaseException as error:
                raise _PlanRaised(error) from error
            now_ms = self._db.clock.now_ms()
            try:
                committed = write_changes(conn, self._dialect, self._remembered, changes, revisions, now_ms, cleared)
            except ValueError as error:
                raise DataRefused(str(error)) from error
            if changes.keeping_changed:
                note(self._db, conn, [_deed(*change) for change in changes.keeping_changed], who)
            return committed

        try:
            return await self._db.write(transaction)
        except _PlanRaised as raised:
            self._cleared += cleared
            raise raised.error from None
        except BaseException:
            self._cleared += cleared
            raise

    async def set_marks(self, marks_: Sequence[tuple[str, Mark]]) -> MarksRaised:
        now_ms = self._db.clock.now_ms()
        return await self._db.write(
            lambda conn: marks.write_marks(conn, self._dialect, self._remembered, marks_, now_ms)
        )

    async def set_own(self, user_id: str, conversation_id: str, change: OwnChange) -> OwnSet:
        now_ms = self._db.clock.now_ms()
        return await write_again(
            self._db,
            lambda conn: own.write_own(conn, self._dialect, self._remembered, user_id, conversation_id, change, now_ms),
        )

    async def ask_to_join(self, request: JoinRequest) -> Waiting:
        now_ms = self._db.clock.now_ms()
        return await write_again(
            self._db, lambda conn: write_request(conn, self._dialect, self._remembered, request, now_ms)
        )

    async def drop_requests(self, conversation_id: str, user_ids: Sequence[str]) -> Waiting | None:
        now_ms = self._db.clock.now_ms()
        return await write_again(
            self._db,
            lambda conn: drop_requests(conn, self._dialect, self._remembered, conversation_id, user_ids, now_ms),
        )

    async def hide(self, user_id: str, conversation_id: str, seq: int) -> None:
        await self._db.write(lambda conn: marks.write_hidden(conn, self._dialect, user_id, conversation_id, seq))

    async def clear_outbox(self, outbox_id: int) -> None:
        if outbox_id:
            self._cleared.append(outbox_id)
            del self._cleared[:-_CLEARED_WAITING]

    async def stale_outbox(self, older_than_ms: int, limit: int) -> list[Untold]:
        """Return outbox rows older than this, oldest first, after deleting those that were cleared.

        It is called about once a second, so an idle server still gets rid of its last rows.
        """
        if cleared := self._take_cleared():
            try:
                await self._db.write(lambda conn: self._dialect.delete_outbox(conn, cleared))
            except BaseException:
                self._cleared += cleared
                raise

        def read(conn: Connection) -> list[Untold]:
            before_ms = self._db.now_ms(conn) - older_than_ms
            statement = (
                select(outbox.c.id, outbox.c.heads, outbox.c.people)
                .where(outbox.c.created_ms <= before_ms)
                .order_by(outbox.c.created_ms, outbox.c.id)
                .limit(limit)
            )
            return [
                Untold(row.id, _decode_outbox(row.heads), _decode_outbox(row.people) if row.people else {})
                for row in conn.execute(statement)
            ]

        return await self._db.read(read)

    def _take_cleared(self) -> list[int]:
        cleared, self._cleared = self._cleared, []
        return cleared

    # ------------------------------------------------------------ the schedule

    async def schedule(self, row: ScheduledRow, digest: bytes) -> bool:
        return await write_again(self._db, lambda conn: schedule.write_scheduled(conn, row, digest))

    async def cancel(self, user_id: str, conversation_id: str, client_id: str) -> bool:
        return await write_again(
            self._db, lambda conn: schedule.delete_scheduled(conn, user_id, conversation_id, client_id)
        )

    async def scheduled(self, user_id: str, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]:
        return await self._db.read(lambda conn: schedule.read_scheduled(conn, user_id, cursor, limit))

    async def due(self, now_ms: int, limit: int) -> list[ScheduledRow]:
        rows = await self._db.read(lambda conn: schedule.read_due(conn, now_ms, limit))
        return await write_again(self._db, lambda conn: schedule.claim(conn, rows)) if rows else []

    async def settle(self, row: ScheduledRow, error: str) -> None:
        await write_again(self._db, lambda conn: schedule.settle(conn, row, error))

    # ------------------------------------------------------------ reading

    async def epoch(self) -> str:
        return self._db.epoch

    async def entries(self, user_id: str, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        return await self._db.read(
            lambda conn: entry_pages.read_entries(conn, user_id, conversation_id, after_seq, limit)
        )

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        return await self._db.read(
            lambda conn: entry_pages.read_entries_for_all(conn, conversation_id, after_seq, limit)
        )

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        return await self._db.read(lambda conn: entry_pages.read_heads(conn, conversation_ids))

    async def history(
        self,
        user_id: str,
        conversation_id: str,
        *,
        before_seq: int = 0,
        after_seq: int = 0,
        around_seq: int = 0,
        thread_seq: int = 0,
        limit: int,
    ) -> HistoryPage:
        return await self._db.read(
            lambda conn: history.read_history(
                conn,
                self._dialect,
                user_id,
                conversation_id,
                before_seq=before_seq,
                after_seq=after_seq,
                around_seq=around_seq,
                thread_seq=thread_seq,
                limit=limit,
            )
        )

    async def revisions(self, user_id: str, conversation_id: str, target_seq: int) -> list[Revision]:
        return await self._db.read(
            lambda conn: history.read_revisions(conn, self._dialect, user_id, conversation_id, target_seq)
        )

    async def pins(self, user_id: str, conversation_id: str, cursor: str, limit: int) -> tuple[list[MessageState], str]:
        return await self._db.read(
            lambda conn: history.read_pins(conn, self._dialect, user_id, conversation_id, cursor, limit)
        )

    async def conversations(self, user_id: str, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        return await self._db.read(lambda conn: states.read_conversations(conn, self._dialect, user_id, cursor, limit))

    async def conversation(self, user_id: str, conversation_id: str) -> ConversationState:
        return await self._db.read(lambda conn: states.read_conversation(conn, self._dialect, user_id, conversation_id))

    async def channels(self, user_id: str, query: str, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        return await self._db.read(
            lambda conn: states.read_channels(conn, self._dialect, user_id, query, cursor, limit)
        )

    async def members(
        self, user_id: str, conversation_id: str, cursor: str, limit: int
    ) -> tuple[int, list[MemberRow], str]:
        return await self._db.read(lambda conn: states.read_members(conn, user_id, conversation_id, cursor, limit))

    async def bans(self, conversation_id: str, cursor: str, limit: int) -> tuple[list[MemberRow], str]:
        return await self._db.read(lambda conn: states.read_bans(conn, conversation_id, cursor, limit))

    async def user_state(self, user_id: str, since_version: int, limit: int) -> UserState:
        return await self._db.read(
            lambda conn: states.read_user_state(conn, self._dialect, user_id, since_version, limit)
        )

    async def resume(
        self, user_id: str, have: Sequence[tuple[str, int]], since_version: int, *, limit: int, state_limit: int
    ) -> tuple[UserState, list[EntryPage]]:
        return await self._db.read(
            lambda conn: states.read_resumed(
                conn, self._dialect, user_id, have, since_version, limit=limit, state_limit=state_limit
            )
        )

    async def enter(
        self, coming: Coming, *, limit: int, state_limit: int
    ) -> tuple[Listening, UserState | None, list[EntryPage]]:
        found = await self._entering.ask(entering.Newcomer(coming, limit, state_limit))
        assert found is not None  # everybody who is asked about is in the answer
        return found

    async def _read_entering(self, newcomers: Sequence[entering.Newcomer]) -> dict[entering.Newcomer, entering.Found]:
        return await self._db.read(
            lambda conn: entering.read_entering(conn, self._dialect, newcomers, self._small_audience)
        )

    async def audience(self, user_id: str) -> list[tuple[str, int, bool]]:
        return await self._db.read(lambda conn: entry_pages.read_audience(conn, user_id, self._small_audience))

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        return await self._db.read(lambda conn: entry_pages.read_listening(conn, user_ids, self._small_audience))

    async def small_audience(self, conversation_id: str) -> tuple[str, ...] | None:
        return await self._db.read(
            lambda conn: entry_pages.read_small_audience(conn, conversation_id, self._small_audience)
        )

    async def users(self, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]:
        return await self._db.read(lambda conn: people.read_users(conn, user_ids, usernames))

    async def find_users(self, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]:
        return await self._db.read(lambda conn: people.find_users(conn, query, cursor, limit))

    # ------------------------------------------------------------ search

    async def search(self, user_id: str, wanted: Wanted, cursor: str, limit: int) -> tuple[list[MessageRow], str]:
        return await self._db.read(
            lambda conn: search_reads.find_messages(conn, self._dialect, user_id, wanted, cursor, limit)
        )

    async def find_conversations(self, user_id: str, query: str, limit: int) -> list[ConversationState]:
        return await self._db.read(
            lambda conn: named.read_conversations_named(conn, self._dialect, user_id, query, limit)
        )

    async def index(self, conversation_ids: Sequence[str], most: int) -> set[str]:
        slices = await self._db.read(lambda conn: search_index.read_slices(conn, conversation_ids, most))
        if not slices:
            return set()
        # Neither in the event loop nor in the thread that everybody's commits go through: what is left for the
        # transaction that writes is to write.
        found = await asyncio.to_thread(lambda: [search_index.additions(each) for each in slices])
        await self._db.read(lambda conn: search_index.merge(conn, self._dialect, found))
        return await write_again(self._db, lambda conn: search_index.write_additions(conn, self._dialect, found))

    async def behind(self, after: str, limit: int) -> tuple[list[str], str]:
        return await self._db.read(lambda conn: search_index.read_behind(conn, after, limit))

    # ------------------------------------------------------------ retention

    async def keepings(self, after: str, limit: int) -> tuple[list[Keeping], str]:
        return await self._db.read(lambda conn: retention.read_keepings(conn, after, limit))

    async def first_kept(self, conversation_id: str, since_ms: int) -> int:
        return await self._db.read(lambda conn: retention.read_first_kept(conn, conversation_id, since_ms))

    async def erase(self, conversation_id: str, most: int) -> bool:
        now_ms = self._db.clock.now_ms()
        return await write_again(
            self._db, lambda conn: retention.erase(conn, self._dialect, conversation_id, most, now_ms)
        )
