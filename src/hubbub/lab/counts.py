"""Unread and mention counts, counted again from the log.

Unread are the messages after a person's mark that somebody else sent, that are not recalled, not only in a thread, and
within the person's membership; who left has none, and counts stop at 100.  A state says which head it was read at, so
every state that was ever reported can be checked against the log as it was then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from hubbub.lab.columns import Fact, Log, StateSeen
from hubbub.lab.history import History
from hubbub.lab.membership import NO_END, SYSTEM

CAP = 100


def wrong_counts(history: History) -> Iterator[str]:
    """Yield one sentence for every reported count or mark that the log contradicts.

    Only logs that were read to the end are used: the others may lack what was counted.
    """
    for name, states in history.states.items():
        log = history.logs.get(name)
        if log is None or not log.audited:
            continue
        recount = Recount(log)
        for state in states:
            if state.as_of <= log.final_head:
                yield from recount.judge(state)
        yield from _fallen_marks(name, states)
        for user, state in history.latest_states(name).items():
            confirmed = history.marks.get((user, name), 0)
            if state.joined and state.read_seq < confirmed:
                yield f"{user} had read {name} up to {confirmed}, and the mark is {state.read_seq}"


def _fallen_marks(name: str, states: Iterable[StateSeen]) -> Iterator[str]:
    highest: dict[str, tuple[int, int]] = {}
    for state in sorted(states, key=lambda state: (state.version, state.read_seq, state.delivered_seq)):
        read, delivered = highest.get(state.user, (0, 0))
        if state.joined and (state.read_seq < read or state.delivered_seq < delivered):
            yield f"a mark of {state.user} in {name} fell from {read}/{delivered} at version {state.version}"
        highest[state.user] = (max(read, state.read_seq), max(delivered, state.delivered_seq))


class Recount:
    """One log, ready to be counted at any head."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seqs = sorted(log.slot_of)
        self._recalled: dict[int, int] = {}
        self._edits: dict[int, list[tuple[int, Fact]]] = {}
        for seq in sorted(log.facts):
            fact = log.facts[seq]
            if fact.kind == "recall":
                self._recalled.setdefault(fact.target, seq)
            elif fact.kind == "edit":
                self._edits.setdefault(fact.target, []).append((seq, fact))

    def judge(self, state: StateSeen) -> Iterator[str]:
        """Yield what is wrong with one reported state."""
        unread, mentions, unsure = self.count(state) if state.joined else (0, 0, False)
        where = f"{state.user} in {state.conversation} (read {state.read_seq} of {state.as_of})"
        if not state.joined:
            where += ", who had left"
        if state.unread != unread:
            yield f"{state.unread} unread were reported to {where}, and {unread} are"
        if state.mentions != mentions and not unsure:
            yield f"{state.mentions} mentions were reported to {where}, and {mentions} are"

    def count(self, state: StateSeen) -> tuple[int, int, bool]:
        """Return unread, mentions, and whether withdrawn content leaves the mentions in doubt.

        Everything counts as it was at the state's head.
        """
        log = self._log
        runs = [(low, high or NO_END) for low, high in state.intervals]
        if state.kind == SYSTEM:
            runs = [(1, NO_END)]
        unread = mentions = 0
        unsure = False
        for seq in self._seqs[bisect_right(self._seqs, state.read_seq) :]:
            if seq > state.as_of:
                break
            fact = log.facts.get(seq)
            if fact is not None and (fact.kind != "message"):
                continue
            recalled_at = self._recalled.get(seq)
            if recalled_at is not None and recalled_at <= state.as_of:
                continue
            if log.sender[log.slot_of[seq]] == state.user or not any(low <= seq <= high for low, high in runs):
                continue
            if fact is None or fact.counts:
                unread += 1
            unsure |= fact is not None and fact.withdrawn
            mentioned = fact is not None and (state.user in fact.mentions or fact.mention_all)
            for edited_at, edit in self._edits.get(seq, ()):
                if edited_at <= state.as_of:
                    unsure |= edit.withdrawn
                    mentioned = state.user in edit.mentions or edit.mention_all
            mentions += mentioned
        return min(unread, CAP), min(mentions, CAP), unsure
