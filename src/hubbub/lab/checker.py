"""Judge a history against the delivery contract: what was acknowledged is there, once, in order, for its members only.

Each violation has one of six names.  `lost`: acknowledged and absent from the log, or not received by an observer that
was online and owed it.  `doubled`: one command, two numbers.  `swapped`: two observers saw different things at one
number, an order that was promised does not hold, a number is missing, or time ran backwards.  `phantom`: an entry that
nobody submitted, or that was refused.  `beyond_cut`: an entry outside its reader's membership.  `wrong_counts`: an
unread or mention count, or a mark, that the log contradicts.

A number that is pushed twice on one connection is within the contract and only counted, as `redundant`.  The checker is
pure: the same history always gives the same report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from hubbub.lab import counts
from hubbub.lab.columns import ACCEPTED, OPEN, REJECTED, UNKNOWN, Log, StateSeen
from hubbub.lab.history import History, Observer
from hubbub.lab.membership import CHANNEL, NO_END, SYSTEM, intervals
from hubbub.lab.ranges import Ranges

KINDS = ("lost", "doubled", "swapped", "phantom", "beyond_cut", "wrong_counts")
WORDS_LIMIT = 20


class Report(msgspec.Struct):
    """What the checker found."""

    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    """Answered with "cannot tell", or never answered."""
    entries: int = 0
    deliveries: int = 0
    redundant: int = 0
    resets: int = 0
    states: int = 0
    lost: int = 0
    doubled: int = 0
    swapped: int = 0
    phantom: int = 0
    beyond_cut: int = 0
    wrong_counts: int = 0
    words: list[str] = msgspec.field(default_factory=list)
    """The first violations, in words."""

    @property
    def clean(self) -> bool:
        return not any(getattr(self, kind) for kind in KINDS)

    def add(self, kind: str, words: str, times: int = 1) -> None:
        """Count a violation and keep its words while there is room."""
        setattr(self, kind, getattr(self, kind) + times)
        if len(self.words) < WORDS_LIMIT:
            self.words.append(f"{kind}: {words}")

    def __str__(self) -> str:
        head = (
            f"{self.submitted} submitted, {self.accepted} accepted, {self.rejected} rejected, {self.unknown} unknown; "
            f"{self.entries} entries, {self.deliveries} deliveries ({self.redundant} redundant, {self.resets} resets)"
        )
        found = ", ".join(f"{getattr(self, kind)} {kind}" for kind in KINDS if getattr(self, kind))
        return "\n".join([f"{head}; {found or 'no violation'}", *self.words])


def check(history: History) -> Report:
    """Return everything in `history` that breaks the contract.

    Logs that were audited are judged by what the audit found; the others by the union of what was seen.  Counts and
    marks are judged where the log was audited, so read every person's states once more at the end.
    """
    report = Report(states=sum(map(len, history.states.values())))
    for breach in history.breaches:
        report.add(breach.kind, breach.words)
    _check_commands(history, report)
    cuts = {name: Cut(history, log) for name, log in history.logs.items()}
    for log in history.logs.values():
        report.entries += len(log.slot_of)
        _check_log(history, log, report)
        _check_told_cuts(history, cuts[log.name], report)
    for observer in history.observers.values():
        report.deliveries += observer.deliveries
        report.redundant += observer.redundant
        report.resets += observer.resets
        _check_cut(observer, cuts, report)
        if observer.online:
            for words, missing in _owed(observer, cuts):
                report.add("lost", words, missing)
    _check_joined_known(history, report)
    for words in counts.wrong_counts(history):
        report.add("wrong_counts", words)
    return report


def owed(history: History) -> list[str]:
    """Return what observers that are online now still miss of what is stored, in words; empty once all is there.

    Ask it within the promised time after a heal: what it names then, the silence has swallowed.
    """
    return [words for each in owed_by_user(history).values() for words in each]


def owed_by_user(history: History) -> dict[str, list[str]]:
    """Return the same by whom it is owed to; who misses nothing is absent."""
    cuts = {name: Cut(history, log) for name, log in history.logs.items()}
    found: dict[str, list[str]] = {}
    for observer in history.observers.values():
        if observer.online:
            for words, _ in _owed(observer, cuts):
                found.setdefault(observer.user, []).append(words)
    return found


class Cut:
    """Who may see which numbers of one conversation, and which numbers there are."""

    def __init__(self, history: History, log: Log) -> None:
        self.name = log.name
        self.stored = Ranges((seq, seq) for seq in sorted(log.slot_of))
        states = history.latest_states(log.name)
        self.public = any(state.kind == CHANNEL for state in states.values())
        """Anybody may read its pages; what is pushed goes to its members alone."""
        senders = {seq: log.sender[log.slot_of[seq]] for seq in log.facts}
        open_history = log.open_history is not False
        folded = intervals(log.facts, senders, open_history=open_history) if _whole(log) else None
        self.exact = folded is not None
        """Whether the log itself tells everybody's membership; otherwise the server's word is taken."""
        self._allowed: dict[str, Ranges] = {}
        if folded is not None:
            self._allowed = {person: Ranges(runs) for person, runs in folded.items()}
        else:
            for user, state in states.items():
                self._allowed[user] = Ranges([(1, NO_END)]) if state.kind == SYSTEM else told_runs(state)

    def allowed(self, user: str) -> Ranges | None:
        """Return what this person may see; None when nothing is known of it."""
        return self._allowed.get(user, Ranges() if self.exact else None)


def told_runs(state: StateSeen) -> Ranges:
    """Return the intervals of a reported state; 0 stands for "no end" there."""
    return Ranges((low, high or NO_END) for low, high in state.intervals)


# ---------------------------------------------------------------- commands


def _check_commands(history: History, report: Report) -> None:
    commands = history.commands
    report.submitted = len(commands)
    tally = Counter(commands.status)
    report.accepted, report.rejected = tally[ACCEPTED], tally[REJECTED]
    report.unknown = tally[UNKNOWN] + tally[OPEN]
    last: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
    for row in range(len(commands)):
        name = commands.conversation[row]
        log = history.logs.get(name)
        if commands.status[row] != ACCEPTED:
            continue
        seq, who = commands.seq[row], f"{commands.client_id[row]} of {commands.sender[row]}"
        if log is None or (seq not in log.slot_of and _whole(log)):
            report.add("lost", f"{who} was accepted as {seq} in {name}, and nobody has it")
        elif seq in log.slot_of and log.keys[log.slot_of[seq]] != commands.keys[row]:
            report.add("swapped", f"{who} was accepted as {seq} in {name}, where another entry stands")
        elif log.audited and seq > log.final_head:
            report.add("lost", f"{who} was accepted as {seq} in {name}, whose log ends at {log.final_head}")
        if commands.after[row]:
            _check_after(history, row, seq, report)
        if not commands.repeated[row]:
            where = (name, commands.sender[row], commands.connection[row])
            last.setdefault(where, []).append((commands.order[row], seq))
    for (name, sender, _), placed in last.items():
        placed.sort()
        for (_, before), (_, seq) in pairwise(placed):
            if seq <= before:
                report.add("swapped", f"{sender} sent {seq} after {before} on one connection to {name}")


def _check_after(history: History, row: int, seq: int, report: Report) -> None:
    commands = history.commands
    name = commands.conversation[row]
    stored = history.log(name).seq_of_key.get(commands.after[row])
    named = commands.row_of.get(commands.after[row])
    if stored is None and named is not None and commands.status[named] == ACCEPTED:
        stored = commands.seq[named]
    words = f"{commands.client_id[row]} of {commands.sender[row]} is {seq} in {name}"
    if stored is None:
        if _whole(history.log(name)):
            report.add("swapped", f"{words}, but the one it must follow is not stored")
    elif stored >= seq:
        report.add("swapped", f"{words}, but the one it must follow is {stored}")


def _whole(log: Log) -> bool:
    """Whether everything that is in the log must have been seen by somebody."""
    return log.audited or log.watched


# ---------------------------------------------------------------- the log


def _check_log(history: History, log: Log, report: Report) -> None:
    if log.audited:
        missing = Ranges([(1, log.final_head)]).minus(log.final)
        for low, high in missing:
            report.add("swapped", f"{log.name} has no entry {_run(low, high)} of {log.final_head}", high - low + 1)
        seen = [seq for seq in log.slot_of if seq > log.final_head]
        for seq in seen:
            report.add("lost", f"{seq} in {log.name} was seen, and the log ends at {log.final_head}")
    previous = 0
    for seq in sorted(log.slot_of):
        time_ms = log.time[log.slot_of[seq]]
        if time_ms < previous:
            report.add("swapped", f"time runs backwards at {seq} in {log.name} by {previous - time_ms} ms")
        previous = max(previous, time_ms)
    if log.watched:
        _check_phantoms(history, log, report)
    recalled = {fact.target for fact in log.facts.values() if fact.kind == "recall"}
    for seq, fact in log.facts.items():
        original = fact.target if fact.kind == "edit" else seq
        if fact.withdrawn and log.audited and original not in recalled:
            report.add("lost", f"the content of {seq} in {log.name} is gone, and nobody took it back")


def _check_phantoms(history: History, log: Log, report: Report) -> None:
    commands = history.commands
    for seq, slot in log.slot_of.items():
        key = log.keys[slot]
        fact = log.facts.get(seq)
        if not key or (fact is not None and fact.kind == "created" and seq == 1):
            continue  # the system wrote it, or it is the conversation's own beginning
        words = f"{seq} in {log.name} ({log.client_id[slot]} of {log.sender[slot]})"
        row = commands.row_of.get(key)
        if row is None:
            report.add("phantom", f"{words} was submitted by nobody")
        elif commands.status[row] == REJECTED and commands.open[row] <= 0:
            report.add("phantom", f"{words} had been refused")
        elif not commands.allows(row, log.digest[slot]):
            report.add("phantom", f"{words} says something else than was submitted")


# ---------------------------------------------------------------- observers


def _check_cut(observer: Observer, cuts: dict[str, Cut], report: Report) -> None:
    for name, view in observer.views.items():
        allowed = cuts[name].allowed(observer.user) if name in cuts else None
        if allowed is None:
            continue
        got = view.sent()
        if not cuts[name].public:
            got.update(view.paged)
        for low, high in got.minus(allowed):
            words = f"{observer.user} was sent {_run(low, high)} of {name}, outside its membership"
            report.add("beyond_cut", words, high - low + 1)


def _check_told_cuts(history: History, cut: Cut, report: Report) -> None:
    """What the server says a person may see is no more than the log gives."""
    if not cut.exact:
        return
    for state in history.states.get(cut.name, ()):
        for low, high in told_runs(state).within(1, state.as_of).minus(cut.allowed(state.user) or Ranges()):
            report.add("beyond_cut", f"{state.user} was told that {_run(low, high)} of {cut.name} is open to it")


def _owed(observer: Observer, cuts: dict[str, Cut]) -> Iterator[tuple[str, int]]:
    for name, view in observer.views.items():
        if name not in cuts or view.floor is None:
            continue
        allowed = cuts[name].allowed(observer.user) or ()
        got = view.got()
        for low, high in allowed:
            missing = cuts[name].stored.within(max(low, view.floor + 1), high).minus(got)
            if missing:
                device = f" ({observer.device})" if observer.device else ""
                first = _run(*next(iter(missing)))
                yield f"{observer.user}{device} is online and has not {first} of {name}", missing.count


def _check_joined_known(history: History, report: Report) -> None:
    """A conversation its person has joined is known to every device of that person which is online."""
    joined: dict[str, list[str]] = {}
    for name in history.states:
        for user, state in history.latest_states(name).items():
            if state.joined:
                joined.setdefault(user, []).append(name)
    for observer in history.observers.values():
        for name in joined.get(observer.user, ()) if observer.online else ():
            view = observer.views.get(name)
            if view is None or view.floor is None:
                report.add("lost", f"{observer.user} is online and was never told of {name}")


def _run(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"
