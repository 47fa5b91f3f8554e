"""What every client of an experiment did and saw, in a form that millions of deliveries fit into.

A history is written while the load runs, from raw frames at the socket, before any client program has sorted them or
dropped what it had.  It keeps one row per command and one per entry, and per observer only *which* numbers it was sent:
the first sight of an entry is stored, every later sight is compared with it and forgotten.  Each load process writes a
history of its own; `merge` makes one of several, and `hubbub.lab.checker` judges the result.

It does no I/O, keeps no clock and knows no frame (`hubbub.lab.frames` does); and it never corrects what it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from hubbub.lab.columns import (
    ACCEPTED,
    ANY_CONTENT,
    Breach,
    Commands,
    Fact,
    Log,
    StateSeen,
    View,
    client_number,
    value_of,
)


class Observer:
    """One device of one person, over all its connections."""

    def __init__(self, history: History, user: str, device: str) -> None:
        self.user = user
        self.device = device
        self.online = False
        self.views: dict[str, View] = {}
        self.connections = 0
        self.deliveries = 0
        self.redundant = 0
        self.resets = 0
        self._history = history
        self._user_value = value_of(user)
        self._connection = 0
        self._order = 0

    def view(self, conversation: str) -> View:
        view = self.views.get(conversation)
        if view is None:
            view = self.views[conversation] = View()
        return view

    # -------------------------------------------------------------- the connection

    def connected(self, have: Mapping[str, int] = {}) -> None:
        """A new connection; `have` is what it claims to hold, per conversation."""
        self.disconnected()
        self.connections += 1
        self._connection = value_of(f"{self.user} {self.device} {self.connections}") >> 1
        for conversation, seq in have.items():
            view = self.view(conversation)
            view.claimed = seq
            if view.floor is None:
                view.floor = seq
        self.online = True

    def disconnected(self) -> None:
        self.online = False
        for view in self.views.values():
            view.settle()

    # -------------------------------------------------------------- what it asked for

    def submitted(self, conversation: str, client_id: str, digest: int, after: str = "") -> int:
        """A command left this device; return its row, with which the answer is recorded."""
        commands = self._history.commands
        key = self._history.key(conversation, self.user, client_id)
        after_key = self._history.key(conversation, self.user, after) if after else 0
        row = commands.row(key, conversation, self.user, client_id, digest, after_key)
        commands.open[row] += 1
        self._order += 1
        if commands.status[row] != ACCEPTED:
            commands.order[row] = self._order
            commands.connection[row] = self._connection
        return row

    def answered(self, row: int, status: int, seq: int = 0, *, repeated: bool = False) -> None:
        """The server's answer to one attempt arrived."""
        commands = self._history.commands
        commands.open[row] -= 1
        if commands.status[row] == ACCEPTED:
            # A conflict or an "unknown" about another attempt takes nothing back; another number would.
            if status == ACCEPTED and commands.seq[row] != seq:
                words = f"{commands.client_id[row]} of {self.user} in {commands.conversation[row]}"
                self._history.breach("doubled", f"{words} was accepted as {commands.seq[row]} and {seq}")
            return
        commands.status[row] = status
        if status == ACCEPTED:
            commands.seq[row] = seq
            commands.repeated[row] = repeated

    def marked(self, conversation: str, read_seq: int) -> None:
        """The server confirmed a read mark."""
        marks = self._history.marks
        marks[self.user, conversation] = max(read_seq, marks.get((self.user, conversation), 0))

    # -------------------------------------------------------------- what it was sent

    def saw(
        self,
        conversation: str,
        seq: int,
        sender: str,
        client_id: str,
        digest: int,
        time_ms: int,
        fact: Fact | None = None,
        *,
        pushed: bool = True,
    ) -> None:
        """An entry arrived, pushed or on a page."""
        view = self.views.get(conversation) or self.view(conversation)
        self.deliveries += 1
        if not pushed:
            view.paged.add(seq, seq)
        elif seq <= view.claimed or seq in view.fresh:
            self.redundant += 1
            view.fresh.add(seq, seq)
        else:
            view.fresh.add(seq, seq)
        self._history.sight(conversation, seq, sender, client_id, digest, time_ms, fact)

    def saw_run(self, conversation: str, low: int, high: int) -> None:
        """Pushes whose bytes another observer was seen to receive just so: numbers `low` to `high`."""
        view = self.view(conversation)
        fresh = high - low + 1 - view.fresh.within(low, high).count
        self.deliveries += high - low + 1
        self.redundant += high - low + 1 - fresh
        view.fresh.add(low, high)

    def covered(self, conversation: str, low: int, high: int) -> None:
        """A page said that it covers these numbers: what was absent is withheld."""
        self.view(conversation).covered.add(low, high)

    def reset(self, conversation: str, below: int) -> None:
        """The server gave up on what is missing up to `below`; the newest page follows."""
        self.resets += 1
        view = self.view(conversation)
        view.covered.add(1, below)

    def told(self, state: StateSeen) -> None:
        """A conversation's state arrived; from the first one on, its entries are owed to this observer."""
        view = self.view(state.conversation)
        if state.joined and not view.joined:
            # What lies before a (new) membership comes as history when it is asked for, not as pushes.
            view.floor = max(view.floor or 0, state.as_of)
        view.joined = state.joined
        self._history.states.setdefault(state.conversation, set()).add(state)


class History:
    """Everything one load process recorded."""

    def __init__(self) -> None:
        self.commands = Commands()
        self.logs: dict[str, Log] = {}
        self.observers: dict[tuple[str, str], Observer] = {}
        self.states: dict[str, set[StateSeen]] = {}
        self.marks: dict[tuple[str, str], int] = {}
        self.breaches: list[Breach] = []
        self._values: dict[str, int] = {}

    def observer(self, user: str, device: str = "") -> Observer:
        """Return the record of one device, made on first use."""
        found = self.observers.get((user, device))
        if found is None:
            found = self.observers[user, device] = Observer(self, user, device)
        return found

    def log(self, conversation: str) -> Log:
        log = self.logs.get(conversation)
        if log is None:
            log = self.logs[conversation] = Log(conversation)
        return log

    def watch(self, conversations: Iterable[str]) -> None:
        """Promise that every command to these conversations is recorded."""
        for conversation in conversations:
            self.log(conversation).watched = True

    def latest_states(self, conversation: str) -> dict[str, StateSeen]:
        """Return, per person, the state of this conversation with the highest version."""
        latest: dict[str, StateSeen] = {}
        for state in self.states.get(conversation, ()):
            known = latest.get(state.user)
            if known is None or (state.version, state.as_of) > (known.version, known.as_of):
                latest[state.user] = state
        return latest

    def audit(self, conversation: str, head: int, seqs: Iterable[int]) -> None:
        """The whole log was read at the end by somebody who may see all of it; give its entries to `sight` too."""
        log = self.log(conversation)
        log.audited = True
        log.final_head = max(log.final_head, head)
        for seq in seqs:
            log.final.add(seq, seq)

    def key(self, conversation: str, sender: str, client_id: str) -> int:
        """Return the number that stands for an idempotency key in every process."""
        values = self._values
        one = values.get(conversation)
        if one is None:
            one = values[conversation] = value_of(conversation)
        two = values.get(sender)
        if two is None:
            two = values[sender] = value_of(sender)
        # Hashes of numbers, unlike those of text, are the same in every process.
        return hash((one, two, client_number(client_id)))

    def sight(
        self,
        conversation: str,
        seq: int,
        sender: str,
        client_id: str,
        digest: int,
        time_ms: int,
        fact: Fact | None = None,
    ) -> None:
        """Compare an entry with how it was first seen, or store it as first seen."""
        log = self.logs.get(conversation) or self.log(conversation)
        key = self.key(conversation, sender, client_id) if client_id else 0
        slot = log.slot_of.get(seq)
        if slot is None:
            earlier = log.add(seq, key, digest, time_ms, sender, client_id, fact)
            if earlier and earlier != seq:
                self.breach("doubled", f"{client_id} of {sender} is {earlier} and {seq} in {conversation}")
            return
        difference = log.differs(slot, key, digest, time_ms)
        if difference:
            self.breach("swapped", f"{seq} in {conversation} was seen as {client_id or sender} with {difference}")
            return
        if log.digest[slot] == ANY_CONTENT:
            log.digest[slot] = digest
        known = log.facts.get(seq)
        if fact is not None and fact.withdrawn:
            log.facts[seq] = msgspec.structs.replace(known or fact, withdrawn=True)
        elif known is not None and known.withdrawn:  # what was withdrawn is now seen as it had been
            log.facts[seq] = msgspec.structs.replace(fact or Fact("message"), withdrawn=True)

    def breach(self, kind: str, words: str) -> None:
        self.breaches.append(Breach(kind, words))

    def merge(self, other: History) -> None:
        """Take in what another process recorded; observers and senders must be different ones."""
        mine, theirs = self.commands, other.commands
        for row in range(len(theirs)):
            key = theirs.keys[row]
            at = mine.row(
                key,
                theirs.conversation[row],
                theirs.sender[row],
                theirs.client_id[row],
                theirs.digest[row],
                theirs.after[row],
            )
            for column in ("open", "status", "seq", "order", "connection", "repeated"):
                getattr(mine, column)[at] = getattr(theirs, column)[row]
            if row in theirs.other_digests:
                mine.other_digests.setdefault(at, set()).update(theirs.other_digests[row])
        for name, log in other.logs.items():
            own = self.log(name)
            for seq, slot in log.slot_of.items():
                sender, client_id = log.sender[slot], log.client_id[slot]
                self.sight(name, seq, sender, client_id, log.digest[slot], log.time[slot], log.facts.get(seq))
            own.watched |= log.watched
            own.audited |= log.audited
            own.open_history = log.open_history if own.open_history is None else own.open_history
            own.final_head = max(own.final_head, log.final_head)
            own.final.update(log.final)
        for who, observer in other.observers.items():
            observer._history = self
            self.observers[who] = observer
        for name, states in other.states.items():
            self.states.setdefault(name, set()).update(states)
        for where, read_seq in other.marks.items():
            self.marks[where] = max(read_seq, self.marks.get(where, 0))
        self.breaches += other.breaches
