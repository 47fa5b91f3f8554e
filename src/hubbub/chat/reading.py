"""Answers to questions: reads go straight to the store, within bounds.

Every limit is clamped, every id and number is checked, every page is cut to a size that a connection can carry.  What
somebody may see is the store's business, which reads it in the same snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.base.errors import ChatError, Code
from hubbub.chat import checks
from hubbub.chat.finding import Finding, read_query
from hubbub.chat.model import (
    MAX_SEQ,
    Caller,
    Coming,
    ConversationState,
    Entered,
    EntryPage,
    Have,
    HistoryPage,
    Listening,
    MemberRow,
    MemberState,
    MessageState,
    Resumed,
    Revision,
    UserRow,
    UserState,
)
from hubbub.chat.pages import fit_entries, fit_history, fit_resume, fit_revisions, fit_user_state, fitting
from hubbub.chat.ports import LogReader
from hubbub.chat.rights import Right
from hubbub.chat.rules.standing import need
from hubbub.chat.search.found import Found
from hubbub.chat.settings import ChatSettings


class Reading:
    """The half of `hubbub.chat.service.Chat` that changes nothing."""

    def __init__(self, store: LogReader, settings: ChatSettings) -> None:
        self._reader = store
        self._finding = Finding(store)
        self._settings = settings

    # ------------------------------------------------------------ the log

    async def entries(self, caller: Caller, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """Return entries above `after_seq` that the caller may see."""
        checks.a_seq(after_seq, "after_seq", least=0)
        page = await self._reader.entries(
            caller.user_id, checks.a_conversation_id(conversation_id), after_seq, self._entries(limit)
        )
        return fit_entries(page)

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """Return entries for a gateway, which knows who may see them."""
        return await self._reader.entries_for_all(conversation_id, after_seq, self._entries(limit))

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """Return the heads of these conversations."""
        return await self._reader.heads(conversation_ids)

    async def audience(self, caller: Caller) -> list[tuple[str, int, bool]]:
        """Return (conversation, head, large) of everything the caller has joined, SYSTEM included."""
        return await self._reader.audience(caller.user_id)

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        """Return what each of these people hears of, and their versions."""
        return await self._reader.listening(user_ids)

    async def history(
        self,
        caller: Caller,
        conversation_id: str,
        *,
        before_seq: int = 0,
        after_seq: int = 0,
        around_seq: int = 0,
        thread_seq: int = 0,
        limit: int = 0,
    ) -> HistoryPage:
        """Return a page of messages in their current state."""
        if (before_seq != 0) + (after_seq != 0) + (around_seq != 0) > 1:
            raise ChatError(Code.BAD_REQUEST, "A page has one position at most.")
        for value in (before_seq, after_seq, around_seq, thread_seq):
            checks.a_seq(value, "position", least=0)
        page = await self._reader.history(
            caller.user_id,
            checks.a_conversation_id(conversation_id),
            before_seq=before_seq,
            after_seq=after_seq,
            around_seq=around_seq,
            thread_seq=thread_seq,
            limit=self._entries(limit),
        )
        return fit_history(page, after_seq=after_seq, around_seq=around_seq)

    async def revisions(self, caller: Caller, conversation_id: str, target_seq: int) -> list[Revision]:
        """Return what a message said, the original first; of very many or very long versions, the newest."""
        checks.a_seq(target_seq, "target_seq")
        found = await self._reader.revisions(caller.user_id, checks.a_conversation_id(conversation_id), target_seq)
        return fit_revisions(found)

    async def pins(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[list[MessageState], str]:
        """Return a page of what is pinned, the newest message first."""
        conversation_id = checks.a_conversation_id(conversation_id)
        checks.a_cursor(cursor)
        found, following = await self._reader.pins(caller.user_id, conversation_id, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._reader.pins(caller.user_id, conversation_id, cursor, few)
        return found, following

    # ------------------------------------------------------------ conversations and people

    async def conversation(self, caller: Caller, conversation_id: str) -> ConversationState:
        """Return one conversation as the caller sees it."""
        return await self._reader.conversation(caller.user_id, checks.a_conversation_id(conversation_id))

    async def conversations(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        """Return a page of the caller's conversations."""
        checks.a_cursor(cursor)
        found, following = await self._reader.conversations(caller.user_id, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._reader.conversations(caller.user_id, cursor, few)
        return found, following

    async def channels(
        self, caller: Caller, query: str, cursor: str, limit: int
    ) -> tuple[list[ConversationState], str]:
        """Return a page of the public channels."""
        checks.text(query, checks.QUERY_BYTES, "query")
        checks.a_cursor(cursor)
        found, following = await self._reader.channels(caller.user_id, query, cursor, self._rows(limit))
        if (few := fitting(found)) < len(found):
            found, following = await self._reader.channels(caller.user_id, query, cursor, few)
        return found, following

    async def members(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[int, list[MemberRow], str]:
        """Return (head, members, next cursor)."""
        return await self._reader.members(
            caller.user_id, checks.a_conversation_id(conversation_id), checks.a_cursor(cursor), self._rows(limit)
        )

    async def bans(self, caller: Caller, conversation_id: str, cursor: str, limit: int) -> tuple[list[MemberRow], str]:
        """Return (banned people by id, next cursor); for those who may lift a ban."""
        conversation_id = checks.a_conversation_id(conversation_id)
        state = await self._reader.conversation(caller.user_id, conversation_id)
        there = state.member if state.member.state is MemberState.JOINED else None
        need(state.conversation, there, caller, Right.REMOVE)
        return await self._reader.bans(conversation_id, checks.a_cursor(cursor), self._rows(limit))

    async def users(self, caller: Caller, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]:
        """Return these people; unknown ones are absent."""
        if len(user_ids) + len(usernames) > checks.PEOPLE:
            raise ChatError(Code.TOO_MANY_MEMBERS, f"At most {checks.PEOPLE} people at once.")
        names = [checks.text(name, checks.QUERY_BYTES, "username") for name in usernames]
        return await self._reader.users(checks.people(user_ids), names)

    async def find_users(self, caller: Caller, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]:
        """Return a page of people by part of their name."""
        checks.text(query, checks.QUERY_BYTES, "query")
        return await self._reader.find_users(query, checks.a_cursor(cursor), self._rows(limit))

    async def search(
        self,
        caller: Caller,
        query: str,
        *,
        from_: str = "",
        in_: str = "",
        before: str = "",
        after: str = "",
        has: str = "",
        cursor: str = "",
        limit: int = 0,
    ) -> Found:
        """Find messages, and on the first page people and conversations."""
        asked = read_query(query, from_=from_, in_=in_, before=before, after=after, has=has)
        settings = self._settings
        few = min(limit, settings.search_hits_max) if limit > 0 else settings.search_hits
        return await self._finding.search(caller, asked, cursor, few)

    # ------------------------------------------------------------ coming back

    async def epoch(self) -> str:
        """Return the log's epoch."""
        return await self._reader.epoch()

    async def user_state(self, caller: Caller, since_version: int, limit: int) -> UserState:
        """Return the caller's rows changed since a version."""
        checks.a_seq(since_version, "since_version", least=0)
        return fit_user_state(await self._reader.user_state(caller.user_id, since_version, self._rows(limit)))

    async def resume(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Resumed:
        """Return what a returning client is missing, or `reset` when nothing it holds can be trusted."""
        checks.a_seq(user_version, "user_version", least=0)
        held = _held(have)
        settings = self._settings
        current = await self._reader.epoch()
        if epoch == current and len(held) <= settings.resume_have_max:
            states, pages = await self._reader.resume(
                caller.user_id,
                held,
                user_version,
                limit=settings.resume_entries,
                state_limit=settings.page_rows_max,
            )
            if states.version >= user_version:
                states = fit_user_state(states)
                return Resumed(current, False, states.version, states, fit_resume(pages))
        newest = await self._reader.user_state(caller.user_id, MAX_SEQ, 1)
        return Resumed(current, True, newest.version)

    async def enter(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Entered:
        """Return what the caller hears of and what their client is missing, of one snapshot."""
        checks.a_seq(user_version, "user_version", least=0)
        held, settings = _held(have), self._settings
        current = await self._reader.epoch()
        trusted = epoch == current and len(held) <= settings.resume_have_max
        listening, states, pages = await self._reader.enter(
            Coming(caller.user_id, user_version, tuple(held) if trusted else None),
            limit=settings.resume_entries,
            state_limit=settings.page_rows_max,
        )
        if states is None or states.version < user_version:
            return Entered(listening, Resumed(current, True, listening.version))
        states = fit_user_state(states)
        return Entered(listening, Resumed(current, False, states.version, states, fit_resume(pages)))

    # ------------------------------------------------------------ bounds

    def _entries(self, limit: int) -> int:
        return min(limit, self._settings.page_entries_max) if limit > 0 else self._settings.page_entries

    def _rows(self, limit: int) -> int:
        return min(limit, self._settings.page_rows_max) if limit > 0 else self._settings.page_rows


def _held(have: Sequence[Have]) -> list[tuple[str, int]]:
    return [(checks.a_conversation_id(each.conversation_id), checks.a_seq(each.seq, "seq", least=0)) for each in have]
