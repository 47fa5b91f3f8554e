"""Calls between nodes: a request to one incarnation, and its answer.

A driver carries bytes and knows no method; `hubbub.bus.remote_chat` gives them meaning.  Requests of one loop turn to
one node travel together, split by bytes.  Every request has a deadline, and its future ends with the answer or with
`CallFailed`, which says whether the request may have been carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec


class Peer(msgspec.Struct, frozen=True):
    """The node a call came from, as its signature proves."""

    node_id: str
    incarnation: str


class CallFailed(Exception):
    """A call has no answer."""

    def __init__(self, reason: str, *, maybe_done: bool) -> None:
        super().__init__(reason, maybe_done)
        self.reason = reason
        """`nobody`, `disconnected`, `timeout`, `refused`, `overloaded` or `missed`."""
        self.maybe_done = maybe_done
        """Whether the other side may have acted on it: then only the keys can tell."""

    def __str__(self) -> str:
        return f"the call failed: {self.reason}"


Handler = Callable[[Peer, bytes], Awaitable[bytes]]


class Calls(Protocol):
    """Requests to other nodes."""

    def request(self, incarnation: str, payload: bytes, *, timeout_s: float) -> asyncio.Future[bytes]:
        """Send a request in this loop turn, in the order of the calls; the future fails with CallFailed.

        `nobody` comes at once when no such node is connected to the bus, and at that moment every other open request
        to it fails too, with `maybe_done`.

        `missed` says that something sent to that node before did not arrive.  A node hands over what one process asks
        in the order it was asked and without a gap, so nothing more is handed over until that process begins `anew`.
        """

    def anew(self, incarnation: str) -> None:
        """Have this node take what it is asked from here on, whatever it missed before.

        Whoever cares for the order asks the missing once more, right after this and before anything else.
        """

    async def serve(self, incarnation: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        """Answer requests to this incarnation until what is returned is called, which waits for the open ones.

        Requests are handed over in the order they came; each is answered when its handler ends.  A handler that
        raises answers `refused`.  Requests without a valid service identity are refused before a handler sees them.
        """
