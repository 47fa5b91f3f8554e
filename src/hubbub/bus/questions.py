"""A question on its way: what was asked, in whose lane it goes, and at which node it is.

These hold state and decide nothing; `asking` does.
"""

from __future__ import annotations

import asyncio
from itertools import takewhile
from typing import Any

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.bus.chat_codec import Method, Sort


class RemoteChatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a node without chat is with those that have it."""

    call_timeout_s: float = 10.0
    """How long a question may take, however often it is asked."""
    hint_timeout_s: float = 2.0
    probe_s: float = 0.4
    """A node that said nothing for so long while questions are open is sent a ping, one that was given up as well."""
    silent_s: float = 1.2
    """A node that said nothing for so long, the ping unanswered, is given up."""
    patience_s: float = 1.0
    """How long a question waits for a node when there is none."""
    retry_after_s: float = 0.5
    """What a client is told to wait before it tries again, when nobody serves."""
    open_limit: int = 50_000
    """Questions without an answer; one more is refused as overloaded."""
    waiting_limit: int = 10_000
    """Questions that wait for a node; one more fails at once."""
    again_s: float = 3.0
    """After so long without its answer a question is put to the same node once more: the bus may have dropped it."""
    begin_s: float = 1.0
    """So long after it was sent a SWITCH may be begun."""
    apart_s: float = 0.2
    """How far the shared clocks of two nodes may be apart."""
    turns_limit: int = 8
    """How often one question may be turned away before it fails."""
    tick_s: float = 0.1


class Question:
    """Something asked that has no answer yet."""

    __slots__ = (
        "attempt",
        "future",
        "lane",
        "maybe_done",
        "method",
        "moved",
        "not_before",
        "number",
        "request",
        "sent",
        "stuck_since",
        "turns",
        "until",
    )

    def __init__(self, number: int, method: Method, request: bytes, lane: Lane, until: float) -> None:
        self.number = number
        self.method = method
        self.request = request
        self.lane = lane
        self.until = until
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.attempt: asyncio.Future[bytes] | None = None
        """The call under way; answers of any other one are late."""
        self.maybe_done = False
        """Whether some node that gave no answer may have carried it out."""
        self.moved = False
        """Whether it was sent to a node whose answer is not waited for any more, and which may yet carry it out."""
        self.sent = 0.0
        self.stuck_since: float | None = None
        self.not_before = 0.0
        """When it may be sent again: until then the one sent before may still be begun."""
        self.turns = 0


class UnknownMethod(ChatError):
    """The node that was asked is older than the question."""

    def __init__(self, name: str, *, retry_after_s: float) -> None:
        sentence = f"The chat node does not know {name} yet."
        super().__init__(Code.UNAVAILABLE, sentence, retry_after_s=retry_after_s)


class Lane:
    """The commands of one caller, in order; or a single read."""

    __slots__ = ("answered", "held", "key", "node", "open")

    def __init__(self, key: str) -> None:
        self.key = key
        self.answered = 0
        """The highest number of a question that some node has dealt with."""
        self.node = ""
        """Where all of `open` are."""
        self.open: set[Question] = set()
        self.held: list[Question] = []
        """To be sent, in order; every one is newer than those in `open` unless it was turned away."""

    def is_overtaken(self, question: Question) -> bool:
        """Whether doing this once more could undo what was done since."""
        return question.method.sort is Sort.SWITCH and question.number < self.answered

    def ready(self, now: float) -> list[Question]:
        """Return the first ones of `held`, up to one that must not be sent yet."""
        return list(takewhile(lambda question: question.not_before <= now, self.held))

    def hold(self, question: Question) -> None:
        """Put back what was under way."""
        self.open.discard(question)
        self.held.append(question)
        self.held.sort(key=number_of)


class Node:
    """What is known of a node that was asked."""

    __slots__ = ("avoided", "heard", "incarnation", "open", "ping", "pinged")

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self.open: dict[Question, None] = {}
        self.heard = 0.0
        """When it answered last, or when the first of `open` was sent."""
        self.avoided = False
        self.ping: asyncio.Future[bytes] | None = None
        self.pinged = 0.0


def number_of(question: Question) -> int:
    """Return where in the order of asking a question stands."""
    return question.number
