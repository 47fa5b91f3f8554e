"""The one place a person may have at a time, and word to whoever lost it.

Two policies allow one session.  Before such a session is served its node takes the person's slot, a row, by
compare-and-set, so that of two that come at once at two nodes one holds it.  Whoever lost it is told by a signal to its
node, and finds out by itself when the signal is lost.  A slot is never in the way of its own device, nor of anybody
once its holder's lease has lapsed; and a holder that lives is asked whether its peer is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.cluster.model import SessionRow
from hubbub.cluster.ports import SessionStore, Signals

_TRIES = 8
"""How often a slot is fought for before the client is told to try again."""

_RETRY_S = 1.0
_AT_ONCE = 500


class Kick(msgspec.Struct, frozen=True):
    """Word to a node that a session there lost its place."""

    user_id: str
    session_id: str
    if_gone: bool = False
    """End it only if its peer seems gone: somebody waits for its slot."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kick).decode


class Holders(Protocol):
    """The sessions of this process, as far as their place is concerned."""

    def kicked(self, kick: Kick) -> bool:
        """End that session; False when it has no place here."""

    def stands_in_the_way(self, session_id: str, user_id: str) -> bool:
        """Whether that session is here and its peer seems to be there."""

    def holders(self) -> list[tuple[str, str]]:
        """Return (user, session) of those that took a slot and sit."""


class Slots:
    """Takes slots for the sessions of one node.

    `free` has a slot given up behind the caller's back; `ask_s` is how long a newcomer waits for the answer whether the
    session in its way is still there.
    """

    def __init__(
        self,
        store: SessionStore,
        signals: Signals,
        incarnation: str,
        free: Callable[[str, str], None],
        *,
        ask_s: float,
    ) -> None:
        self._store = store
        self._signals = signals
        self._incarnation = incarnation
        self._free = free
        self._ask_s = ask_s
        self._ear: Callable[[], None] | None = None
        self.holders: Holders | None = None

    async def hear(self) -> None:
        """Listen for kicks."""
        self._ear = await self._signals.listen(f"kick.{self._incarnation}", self._heard)

    def close(self) -> None:
        """Listen no more."""
        if self._ear is not None:
            self._ear()
            self._ear = None

    async def take(self, row: SessionRow, *, replace: bool) -> list[SessionRow]:
        """Take the slot for a session of this node and return whom to kick, once it sits.

        Raises ChatError: SESSION_REFUSED, or why the slot could not be asked for; then the slot, should it have been
        taken all the same, is given up.
        """
        try:
            return await (self._replace(row) if replace else self._win(row))
        except BaseException:
            self._free(row.user_id, row.session_id)
            raise

    async def _replace(self, row: SessionRow) -> list[SessionRow]:
        # Read before the slot is taken, so that nobody is among them who takes it from this one.  They are also those
        # that took no slot, because the policy was another when they came.
        others = {one.session_id: one for one in await self._store.sessions_of([row.user_id])}
        slot = await self._store.take_slot(row, None)
        if not slot.taken:
            raise ChatError(Code.UNAVAILABLE, retry_after_s=_RETRY_S)
        if slot.holder is not None:
            others[slot.holder.session_id] = slot.holder
        return [one for one in others.values() if one.session_id != row.session_id]

    async def _win(self, row: SessionRow) -> list[SessionRow]:
        expect = asked = ""
        for _ in range(_TRIES):
            slot = await self._store.take_slot(row, expect)
            holder = slot.holder
            if slot.taken:
                return [holder] if holder is not None else []
            if holder is None:
                continue
            here = holder.incarnation == row.incarnation
            if here and not self._in_the_way(holder):
                expect = holder.session_id
            elif here or holder.session_id == asked:
                raise ChatError(Code.SESSION_REFUSED)
            else:
                asked = holder.session_id
                await self.kick(holder, if_gone=True)
                await asyncio.sleep(self._ask_s)
        raise ChatError(Code.UNAVAILABLE, retry_after_s=_RETRY_S)

    def _in_the_way(self, holder: SessionRow) -> bool:
        return self.holders is None or self.holders.stands_in_the_way(holder.session_id, holder.user_id)

    async def kick(self, row: SessionRow, *, if_gone: bool = False) -> None:
        """Tell a session's node that it lost its place; at this node it ends before this returns."""
        kick = Kick(row.user_id, row.session_id, if_gone)
        if row.incarnation == self._incarnation:
            self._kicked(kick)
        else:
            await self._signals.signal(f"kick.{row.incarnation}", _encode(kick))

    async def check(self) -> None:
        """End the sessions here that do not hold their slots any more, for kicks may be lost.  Raises ChatError."""
        if self.holders is None:
            return
        # Those that sit now: one that takes its slot while the rows are read is not judged by older rows.
        sitting = self.holders.holders()
        for at in range(0, len(sitting), _AT_ONCE):
            some = sitting[at : at + _AT_ONCE]
            held = {row.user_id: row.session_id for row in await self._store.slots([user_id for user_id, _ in some])}
            for user_id, session_id in some:
                if held.get(user_id, session_id) != session_id:
                    self.holders.kicked(Kick(user_id, session_id))

    def _heard(self, payload: bytes) -> None:
        try:
            kick = _decode(payload)
        except msgspec.MsgspecError:
            return
        self._kicked(kick)

    def _kicked(self, kick: Kick) -> None:
        if self.holders is not None and not self.holders.kicked(kick) and kick.if_gone:
            # Nobody sits there, and still the slot was in somebody's way.
            self._free(kick.user_id, kick.session_id)
