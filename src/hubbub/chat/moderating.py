"""What people report and moderators decide: the rules around `ModerationStore`.

Who may moderate is decided by whoever calls; here is decided what a report may be about, and what becomes of one.  A
message is reported as its reporter sees it now: what they cannot see they cannot report.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat import checks
from hubbub.chat.model import Body, Caller, MessageState
from hubbub.chat.moderation import (
    EXCERPT_CHARS,
    NOTE_CHARS,
    Held,
    HeldState,
    ModerationStore,
    Report,
    ReportReason,
    Resolution,
)
from hubbub.chat.service import Chat
from hubbub.chat.words import FilterAction, Filters, Verdict, WordFilter, clean_pattern

__all__ = ["Moderating"]

CHANGED = "moderation"
"""The subject by which nodes are told that filters changed or messages were let through."""


class Moderating:
    """Reports, held messages and word filters, for members and moderators."""

    def __init__(
        self, store: ModerationStore, chat: Chat, clock: Clock, changed: Callable[[], Awaitable[None]]
    ) -> None:
        """`changed` is awaited once what chat nodes go by was changed."""
        self._store = store
        self._chat = chat
        self._clock = clock
        self._changed = changed

    # ------------------------------------------------------------ reports

    async def report_message(
        self, caller: Caller, conversation_id: str, seq: int, reason: ReportReason, note: str
    ) -> Report:
        """Report a message one can see; doing it again finds the first report while it is open.

        Raises ChatError with what reading there raises, MESSAGE_NOT_FOUND, BAD_REQUEST or RATE_LIMITED.
        """
        seq = checks.a_seq(seq, "seq")
        page = await self._chat.history(caller, conversation_id, around_seq=seq, limit=1)
        states = (one for one in page.items if isinstance(one, MessageState) and one.message.seq == seq)
        state = next(states, None)
        if state is None or state.message.recalled:
            raise ChatError(Code.MESSAGE_NOT_FOUND)
        if state.message.sender_id == caller.user_id:
            raise ChatError(Code.BAD_REQUEST, "It is one's own message.")
        about = (state.message.sender_id, conversation_id, seq, _excerpt(state.message.post.body))
        return await self._report(caller, reason, note, *about)

    async def report_person(self, caller: Caller, user_id: str, reason: ReportReason, note: str) -> Report:
        """Report a person.  Raises ChatError with USER_NOT_FOUND, BAD_REQUEST or RATE_LIMITED."""
        if user_id == caller.user_id:
            raise ChatError(Code.BAD_REQUEST, "Nobody reports themselves.")
        if not await self._chat.users(caller, [user_id], []):
            raise ChatError(Code.USER_NOT_FOUND)
        return await self._report(caller, reason, note, user_id, "", 0, "")

    async def _report(
        self,
        caller: Caller,
        reason: ReportReason,
        note: str,
        user_id: str,
        conversation_id: str,
        seq: int,
        excerpt: str,
    ) -> Report:
        report = Report(
            id=new_id(),
            reporter_id=caller.user_id,
            user_id=user_id,
            reason=reason,
            note=_note(note),
            time_ms=self._clock.now_ms(),
            conversation_id=conversation_id,
            seq=seq,
            excerpt=excerpt,
        )
        return await self._store.add_report(report)

    async def reports(self, resolved: bool, cursor: str, limit: int) -> tuple[list[Report], str]:
        """Return a page of reports, the oldest first."""
        return await self._store.reports(resolved, cursor, limit)

    async def report(self, report_id: str) -> Report:
        """Return a report.  Raises ChatError(NOT_FOUND)."""
        report = await self._store.report(report_id)
        if report is None:
            raise ChatError(Code.NOT_FOUND)
        return report

    async def resolve(self, report_id: str, resolution: Resolution, note: str, resolved_by: str) -> Report:
        """Close a report.

        Raises ChatError with NOT_FOUND, or CONFLICT for one that is closed.
        """
        await self.report(report_id)
        report = await self._store.resolve(report_id, resolution, _note(note), resolved_by)
        if report is None:
            raise ChatError(Code.CONFLICT, "The report is closed already.")
        return report

    # ------------------------------------------------------------ held messages

    async def held(self, state: HeldState, cursor: str, limit: int) -> tuple[list[Held], str]:
        """Return a page of held messages, the oldest first."""
        return await self._store.held(state, cursor, limit)

    async def decide(self, held_id: str, accept: bool, decided_by: str) -> Held:
        """Let a held message through, which sends it soon, or decline it for good.

        Raises ChatError(NOT_FOUND) when it does not wait.
        """
        held = await self._store.decide(held_id, accept, decided_by)
        if held is None:
            raise ChatError(Code.NOT_FOUND)
        if accept:
            await self._changed()
        return held

    # ------------------------------------------------------------ filters

    async def filters(self) -> list[WordFilter]:
        """Return every filter."""
        return await self._store.filters()

    async def save_filter(self, filter_id: str, pattern: str, action: FilterAction, by: str) -> WordFilter:
        """Make a filter, or change the one of this id; every node goes by it within a second.

        Raises ChatError with BAD_REQUEST, NOT_FOUND or CONFLICT.
        """
        known = {one.id: one for one in await self._store.filters()} if filter_id else {}
        if filter_id and filter_id not in known:
            raise ChatError(Code.NOT_FOUND)
        before = known.get(filter_id)
        made = WordFilter(
            filter_id or new_id(),
            clean_pattern(pattern),
            action,
            before.created_by if before else by,
            before.created_ms if before else self._clock.now_ms(),
        )
        await self._store.save_filter(made)
        await self._changed()
        return made

    async def remove_filter(self, filter_id: str) -> None:
        """Remove a filter.  Raises ChatError(NOT_FOUND)."""
        if not await self._store.remove_filter(filter_id):
            raise ChatError(Code.NOT_FOUND)
        await self._changed()

    async def try_text(self, text: str) -> Verdict | None:
        """Return what would become of a message with this text."""
        said = checks.text(text, checks.TEXT_BYTES, "text", code=Code.TEXT_TOO_LONG)
        return Filters(await self._store.filters()).judge(Body(text=said))


def _excerpt(body: Body) -> str:
    said = body.text or body.fallback or body.custom_json
    return said[:EXCERPT_CHARS]


def _note(note: str) -> str:
    checks.text(note, NOTE_CHARS * 4, "note")
    if len(note) > NOTE_CHARS:
        raise ChatError(Code.BAD_REQUEST, f"A note has at most {NOTE_CHARS:,} characters.")
    return note.strip()
