"""The rows a history is made of: commands and entries as columns, and what one observer was sent.

They are shaped by memory: a run has hundreds of thousands of commands and entries, and millions of deliveries, which
are kept as runs of numbers (`hubbub.lab.ranges`).
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from sys import intern

import msgspec

from hubbub.lab.ranges import Ranges

OPEN, ACCEPTED, REJECTED, UNKNOWN = range(4)
"""How a command stands: unanswered, stored, refused, or answered with "cannot tell"."""

ANY_CONTENT = 0
"""A digest that stands for content nobody recorded, or that was withdrawn since."""


class Fact(msgspec.Struct, frozen=True):
    """What an entry says beyond "a plain message", as far as counts and cuts depend on it."""

    kind: str
    target: int = 0
    counts: bool = True
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    withdrawn: bool = False
    action: int = 0
    user_ids: tuple[str, ...] = ()
    conversation_kind: int = 0
    history_for_newcomers: bool | None = None


class StateSeen(msgspec.Struct, frozen=True):
    """One conversation as the server told one person it stands, marks and counts included."""

    user: str
    conversation: str
    version: int
    as_of: int
    kind: int
    joined: bool
    intervals: tuple[tuple[int, int], ...]
    read_seq: int
    delivered_seq: int
    unread: int
    mentions: int


class Breach(msgspec.Struct, frozen=True):
    """One violation of the contract: its kind, and the sentence a person reads."""

    kind: str
    words: str


def value_of(name: str) -> int:
    """Return a number that stands for `name` in every process."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def client_number(client_id: str) -> int:
    """Return the 128-bit number of a client_id, whatever it looks like."""
    try:
        return int(client_id, 16)
    except ValueError:
        return value_of(client_id)


class Commands:
    """Every command that was submitted, as columns; a row is found by its key."""

    def __init__(self) -> None:
        self.row_of: dict[int, int] = {}
        self.keys = array("q")
        self.conversation: list[str] = []
        self.sender: list[str] = []
        self.client_id: list[str] = []
        self.digest = array("Q")
        self.after = array("q")
        self.open = array("i")
        """Attempts that were not answered: while there is one, the command may still be stored."""
        self.status = array("b")
        self.seq = array("q")
        self.order = array("q")
        """The place of the attempt that was accepted among those of its connection."""
        self.connection = array("q")
        self.repeated = array("b")
        self.other_digests: dict[int, set[int]] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def row(self, key: int, conversation: str, sender: str, client_id: str, digest: int, after: int) -> int:
        """Return the row of `key`, made on first use."""
        row = self.row_of.get(key)
        if row is None:
            row = self.row_of[key] = len(self.keys)
            self.keys.append(key)
            self.conversation.append(conversation)
            self.sender.append(sender)
            self.client_id.append(client_id)
            self.digest.append(digest)
            self.after.append(after)
            for column in (self.open, self.status, self.seq, self.order, self.connection, self.repeated):
                column.append(0)
        elif self.digest[row] != digest:
            self.other_digests.setdefault(row, set()).add(digest)
        return row

    def allows(self, row: int, digest: int) -> bool:
        """Whether this content was submitted under the row's key."""
        known = self.digest[row]
        return (
            digest == known or ANY_CONTENT in (digest, known) or digest in self.other_digests.get(row, frozenset[int]())
        )


class Log:
    """One conversation as all observers together saw it: the first sight of each entry."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slot_of: dict[int, int] = {}
        self.seq_of_key: dict[int, int] = {}
        self.keys = array("q")
        self.digest = array("Q")
        self.time = array("q")
        self.sender: list[str] = []
        self.client_id: list[str] = []
        self.facts: dict[int, Fact] = {}
        self.final_head = 0
        self.final = Ranges()
        """The numbers an auditor found when it read the whole log at the end."""
        self.audited = False
        self.watched = False
        """Whether every command to it is recorded, so that an entry nobody sent is a phantom."""
        self.open_history: bool | None = None
        """Whether newcomers saw what was before them when it was created; None: not recorded."""

    def differs(self, slot: int, key: int, digest: int, time_ms: int) -> str:
        """Compare a later sight with the first; return what differs, in words."""
        if self.keys[slot] != key:
            return "another message"
        if self.time[slot] != time_ms:
            return f"another time ({self.time[slot]} and {time_ms})"
        known = self.digest[slot]
        if known != digest and ANY_CONTENT not in (known, digest):
            return "other content"
        return ""

    def add(self, seq: int, key: int, digest: int, time_ms: int, sender: str, client_id: str, fact: Fact | None) -> int:
        """Store the first sight; return an earlier seq under the same key, or 0."""
        self.slot_of[seq] = len(self.keys)
        self.keys.append(key)
        self.digest.append(digest)
        self.time.append(time_ms)
        self.sender.append(intern(sender))
        self.client_id.append(client_id)
        if fact is not None:
            self.facts[seq] = fact
        return self.seq_of_key.setdefault(key, seq) if key else 0


class View:
    """What one observer was sent of one conversation."""

    __slots__ = ("claimed", "covered", "floor", "fresh", "joined", "paged", "pushed")

    def __init__(self) -> None:
        self.floor: int | None = None
        """Everything above it is owed to an observer that is online; None until it knows the conversation."""
        self.joined = False
        self.claimed = 0
        """What the present connection said it held when it resumed."""
        self.fresh = Ranges()
        """Pushed on the present connection."""
        self.pushed = Ranges()
        self.paged = Ranges()
        self.covered = Ranges()

    def settle(self) -> None:
        """Fold the present connection into the whole."""
        self.pushed.update(self.fresh)
        self.fresh = Ranges()
        self.claimed = 0

    def sent(self) -> Ranges:
        """Everything that was pushed to it."""
        everything = Ranges(self.pushed)
        everything.update(self.fresh)
        return everything

    def got(self) -> Ranges:
        """Everything it was sent, or told not to ask for."""
        everything = self.sent()
        everything.update(self.paged)
        everything.update(self.covered)
        return everything
