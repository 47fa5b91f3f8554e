"""Asking for what the feed misses: pages of entries, and rows of the person.

It works by callbacks on the session, a few requests at a time, so that catching up costs no task and stops by itself
when the feed has no room.  After a refusal the next tick asks again, not the same moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from hubbub.client.errors import HubbubError
from hubbub.client.feed import Feed
from hubbub.client.session import Session
from hubbub.wire import hubbub_pb2 as pb


class Fetcher:
    """Fetches for one feed over whatever session there is."""

    def __init__(
        self, feed: Feed, session: Callable[[], Session | None], *, timeout_s: float, rows_came: Callable[[], None]
    ) -> None:
        self._feed = feed
        self._session = session
        self._timeout_s = timeout_s
        self._rows_came = rows_came
        self._asking_rows = False
        self._moved = asyncio.Event()
        """Set whenever something that was asked for came."""

    def pump(self) -> None:
        """Ask for what is missing, as much as may be asked for at once."""
        session = self._session()
        if session is None or not self._feed.based:
            return
        for conversation_id, after in self._feed.wanted():
            wish = pb.GetEntries(conversation_id=conversation_id, after_seq=after)
            fetched = partial(self._fetched, session, conversation_id)
            session.request(pb.ClientFrame(get_entries=wish), fetched, timeout_s=self._timeout_s)
        if self._feed.rows_missing and not self._asking_rows:
            self._asking_rows = True
            rows = pb.GetUserState(since_version=self._feed.version)
            session.request(pb.ClientFrame(get_user_state=rows), self._rows, timeout_s=self._timeout_s)

    def disconnected(self) -> None:
        """What was asked for will not come."""
        self._asking_rows = False
        self._feed.disconnected()

    async def finished(self, session: Session, room: Callable[[], bool]) -> None:
        """Wait until nothing is known to be missing, or there is no room for it."""
        while not self._feed.complete and room() and not session.lost.done():
            self._moved.clear()
            await self._moved.wait()

    def _fetched(self, session: Session, conversation_id: str, body: pb.EntryPage | HubbubError) -> None:
        if session.lost.done():
            # No answer at all: the feed learns of it as a whole.
            return
        self._feed.fetched(conversation_id, body)
        self._moved.set()
        if not isinstance(body, HubbubError):
            self.pump()

    def _rows(self, body: pb.UserState | HubbubError) -> None:
        self._asking_rows = False
        self._moved.set()
        if not isinstance(body, HubbubError):
            self._feed.rows_answered(body)
            self._rows_came()
            self.pump()
