"""The checker passes what keeps the contract and names every kind of breach planted into it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.lab.checker import KINDS, Report, check, owed
from hubbub.lab.columns import ACCEPTED, REJECTED, UNKNOWN, Fact, StateSeen
from hubbub.lab.history import History, Observer
from hubbub.lab.membership import ADD, GROUP, NO_END, REMOVE

ROOM = "00000000000000000000000000000abc"
ANN, BEN, EVA = "a" * 32, "b" * 32, "e" * 32


@dataclass
class Stored:
    """An entry as the play's own server keeps it."""

    seq: int
    sender: str
    client_id: str
    digest: int
    time_ms: int
    fact: Fact | None = None


@dataclass
class Play:
    """A tiny server that keeps the contract, so that tests can break it in one place."""

    history: History = field(default_factory=History)
    log: list[Stored] = field(default_factory=list)
    cuts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    has: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    ids: int = 0
    time_ms: int = 1000

    def __post_init__(self) -> None:
        self.history.watch([ROOM])
        self.store(ANN, self.new_id(), 1, Fact("created", conversation_kind=GROUP, user_ids=(ANN, BEN)))
        for user in (ANN, BEN):
            self.cuts[user] = [(1, NO_END)]
        for user in (ANN, BEN, EVA):
            self.marks[user] = self.has[user] = self.versions[user] = 0
            self.arrive(user)

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:032x}"

    def who(self, user: str) -> Observer:
        return self.history.observer(user)

    def store(self, sender: str, client_id: str, digest: int, fact: Fact | None = None) -> Stored:
        entry = Stored(len(self.log) + 1, sender, client_id, digest, self.time_ms, fact)
        self.log.append(entry)
        return entry

    def sees(self, user: str, seq: int) -> bool:
        return any(low <= seq <= high for low, high in self.cuts.get(user, ()))

    def show(self, user: str, entry: Stored, *, pushed: bool = True) -> None:
        self.who(user).saw(
            ROOM, entry.seq, entry.sender, entry.client_id, entry.digest, entry.time_ms, entry.fact, pushed=pushed
        )

    def push(self) -> None:
        """Give everybody who is online what they miss and may see."""
        for user in (ANN, BEN, EVA):
            if not self.who(user).online:
                continue
            for entry in self.log[self.has[user] :]:
                if self.sees(user, entry.seq):
                    self.show(user, entry)
            self.has[user] = len(self.log)

    def arrive(self, user: str) -> None:
        self.who(user).connected({ROOM: self.has[user]} if self.has[user] else {})
        self.tell(user)
        self.push()

    def submit(
        self, user: str, *, after: str = "", fact: Fact | None = None, client_id: str = "", digest: int = 0
    ) -> str:
        """Submit, store, answer and push one command."""
        client_id = client_id or self.new_id()
        digest = digest or self.ids + 100
        row = self.who(user).submitted(ROOM, client_id, digest, after)
        entry = self.store(user, client_id, digest, fact)
        self.who(user).answered(row, ACCEPTED, entry.seq)
        self.push()
        return client_id

    def add(self, user: str) -> None:
        head = len(self.log) + 1
        self.cuts.setdefault(user, []).append((head, NO_END))
        self.has[user] = head - 1
        self.submit(ANN, fact=Fact("member", action=ADD, user_ids=(user,)))
        self.tell(user)

    def remove(self, user: str) -> None:
        self.submit(ANN, fact=Fact("member", action=REMOVE, user_ids=(user,)))
        low, _ = self.cuts[user].pop()
        self.cuts[user].append((low, len(self.log)))
        self.tell(user)

    def read(self, user: str) -> None:
        self.marks[user] = len(self.log)
        self.who(user).marked(ROOM, len(self.log))
        self.tell(user)

    def unread(self, user: str) -> tuple[int, int]:
        if self.cuts[user][-1][1] != NO_END:
            return 0, 0
        recalled = {entry.fact.target for entry in self.log if entry.fact and entry.fact.kind == "recall"}
        counted = [
            entry
            for entry in self.log
            if (entry.fact is None or entry.fact.kind == "message")
            and entry.seq > self.marks[user]
            and entry.sender != user
            and entry.seq not in recalled
            and self.sees(user, entry.seq)
        ]
        mentions = [entry for entry in counted if entry.fact and user in entry.fact.mentions]
        return min(len(counted), 100), min(len(mentions), 100)

    def tell(self, user: str, *, more_unread: int = 0, more_mentions: int = 0) -> None:
        if user not in self.cuts:
            return
        self.versions[user] += 1
        unread, mentions = self.unread(user)
        runs = tuple((low, 0 if high == NO_END else high) for low, high in self.cuts[user])
        joined = runs[-1][1] == 0
        state = StateSeen(
            user,
            ROOM,
            self.versions[user],
            len(self.log),
            GROUP,
            joined,
            runs,
            self.marks[user],
            self.marks[user],
            unread + more_unread,
            mentions + more_mentions,
        )
        self.who(user).told(state)

    def ends(self) -> Report:
        """Audit and judge."""
        self.history.log(ROOM).open_history = False
        for entry in self.log:
            self.history.sight(ROOM, entry.seq, entry.sender, entry.client_id, entry.digest, entry.time_ms, entry.fact)
        self.history.audit(ROOM, len(self.log), [entry.seq for entry in self.log])
        return check(self.history)


def only(report: Report) -> str:
    """Return the one kind of breach in a report."""
    kinds = [kind for kind in KINDS if getattr(report, kind)]
    assert len(kinds) == 1, str(report)
    return kinds[0]


@pytest.fixture
def play() -> Play:
    """Three people, a few messages, one absence, one membership that began late."""
    play = Play()
    first = play.submit(ANN)
    play.submit(ANN, after=first)
    play.submit(BEN, fact=Fact("message", mentions=(ANN,)))
    play.who(BEN).disconnected()
    play.submit(ANN)
    play.add(EVA)
    play.submit(EVA)
    play.arrive(BEN)
    play.read(BEN)
    play.submit(ANN)
    return play


STEPS = st.lists(
    st.sampled_from(
        ["ann", "ben", "eva", "mention", "recall", "ben_leaves", "ben_returns", "add", "remove", "read", "tell", "page"]
    ),
    max_size=40,
)


@given(STEPS)
def test_every_history_that_keeps_the_contract_passes(steps: list[str]) -> None:
    play = Play()
    eva_in = False
    for step in steps:
        play.time_ms += 1
        if step in ("ann", "ben"):
            play.submit(ANN if step == "ann" else BEN)
        elif step == "eva" and eva_in:
            play.submit(EVA)
        elif step == "mention":
            play.submit(ANN, fact=Fact("message", mentions=(BEN, EVA)))
        elif step == "recall":
            mine = [entry.seq for entry in play.log if entry.sender == ANN and entry.fact is None]
            play.submit(ANN, fact=Fact("recall", target=mine[-1] if mine else 1))
        elif step == "ben_leaves":
            play.who(BEN).disconnected()
        elif step == "ben_returns" and not play.who(BEN).online:
            play.arrive(BEN)
        elif step == "add" and not eva_in:
            play.add(EVA)
            eva_in = True
        elif step == "remove" and eva_in:
            play.remove(EVA)
            eva_in = False
        elif step == "read":
            play.read(BEN)
        elif step == "tell":
            play.tell(ANN)
        elif step == "page":
            for entry in play.log[-3:]:
                play.show(ANN, entry, pushed=False)
    report = play.ends()
    assert report.clean, str(report)
    assert report.accepted == len(play.log) - 1


def test_a_good_play_passes_and_is_counted(play: Play) -> None:
    report = play.ends()
    assert report.clean, str(report)
    assert (report.submitted, report.accepted, report.entries) == (7, 7, 8)
    assert "no violation" in str(report)


def test_an_acknowledged_entry_that_is_not_in_the_log_is_lost(play: Play) -> None:
    row = play.who(ANN).submitted(ROOM, play.new_id(), 5)
    play.who(ANN).answered(row, ACCEPTED, len(play.log) + 1)
    assert only(play.ends()) == "lost"


def test_an_acknowledged_entry_that_nobody_was_ever_shown_is_lost_without_an_audit_too(play: Play) -> None:
    row = play.who(ANN).submitted(ROOM, play.new_id(), 5)
    play.who(ANN).answered(row, ACCEPTED, len(play.log) + 1)
    report = check(play.history)
    assert only(report) == "lost"
    assert report.lost == 1


def test_an_entry_that_an_online_member_never_got_is_lost(play: Play) -> None:
    play.has[BEN] += 1
    play.submit(ANN)
    assert owed(play.history)
    assert only(play.ends()) == "lost"


def test_an_entry_that_a_member_who_went_away_has_not_is_not_lost(play: Play) -> None:
    play.who(BEN).disconnected()
    play.submit(ANN)
    assert play.ends().clean


def test_a_withheld_number_inside_a_covered_range_is_not_lost(play: Play) -> None:
    play.has[BEN] += 1
    play.submit(ANN)
    play.who(BEN).covered(ROOM, 1, len(play.log))
    assert play.ends().clean


def test_a_conversation_an_online_member_was_never_told_of_is_lost(play: Play) -> None:
    play.history.observer(ANN, "phone").connected()
    assert only(play.ends()) == "lost"


def test_a_command_with_two_numbers_is_doubled(play: Play) -> None:
    twin = play.submit(ANN)
    play.store(ANN, twin, play.log[-1].digest)
    play.push()
    assert only(play.ends()) == "doubled"


def test_two_answers_with_two_numbers_are_doubled(play: Play) -> None:
    client_id = play.submit(ANN)
    row = play.who(ANN).submitted(ROOM, client_id, play.ids + 100)
    play.who(ANN).answered(row, ACCEPTED, len(play.log) - 1, repeated=True)
    assert only(play.ends()) == "doubled"


def test_a_retry_that_gets_its_first_number_is_fine_even_from_another_connection(play: Play) -> None:
    client_id = play.new_id()
    play.who(ANN).submitted(ROOM, client_id, 5)
    entry = play.store(ANN, client_id, 5)
    play.who(ANN).disconnected()
    play.arrive(ANN)
    play.submit(BEN)
    row = play.who(ANN).submitted(ROOM, client_id, 5)
    play.who(ANN).answered(row, ACCEPTED, entry.seq, repeated=True)
    assert play.ends().clean


def test_a_second_push_of_one_number_is_only_redundant(play: Play) -> None:
    play.show(BEN, play.log[-1])
    report = play.ends()
    assert report.clean
    assert report.redundant == 1


def test_a_push_of_what_a_resume_claimed_to_have_is_only_redundant(play: Play) -> None:
    play.who(BEN).disconnected()
    play.arrive(BEN)
    play.show(BEN, play.log[-1])
    report = play.ends()
    assert report.clean
    assert report.redundant == 1


def test_two_contents_at_one_number_are_swapped(play: Play) -> None:
    last = play.log[-1]
    play.who(BEN).saw(ROOM, last.seq, last.sender, last.client_id, last.digest + 1, last.time_ms)
    assert only(play.ends()) == "swapped"


def test_two_messages_that_change_places_for_one_observer_are_swapped(play: Play) -> None:
    one, two = play.log[-2], play.log[-1]
    play.who(BEN).saw(ROOM, one.seq, two.sender, two.client_id, two.digest, two.time_ms)
    report = play.ends()
    assert report.swapped


def test_an_entry_before_the_one_it_must_follow_is_swapped(play: Play) -> None:
    first, second = play.new_id(), play.new_id()
    one = play.who(ANN).submitted(ROOM, first, 5)
    two = play.who(BEN).submitted(ROOM, second, 6)
    entry = play.store(BEN, second, 6)
    play.who(BEN).answered(two, ACCEPTED, entry.seq)
    entry = play.store(ANN, first, 5)
    play.who(ANN).answered(one, ACCEPTED, entry.seq)
    key = play.history.key(ROOM, ANN, first)
    play.history.commands.after[two] = key
    play.push()
    assert only(play.ends()) == "swapped"


def test_an_entry_whose_predecessor_was_never_stored_is_swapped(play: Play) -> None:
    missing = play.new_id()
    row = play.who(ANN).submitted(ROOM, missing, 5)
    play.who(ANN).answered(row, REJECTED)
    play.submit(ANN, after=missing)
    assert only(play.ends()) == "swapped"


def test_a_pipelined_order_that_does_not_hold_is_swapped(play: Play) -> None:
    first, second = play.new_id(), play.new_id()
    one = play.who(ANN).submitted(ROOM, first, 5)
    two = play.who(ANN).submitted(ROOM, second, 6)
    play.who(ANN).answered(two, ACCEPTED, play.store(ANN, second, 6).seq)
    play.who(ANN).answered(one, ACCEPTED, play.store(ANN, first, 5).seq)
    play.push()
    assert only(play.ends()) == "swapped"


def test_a_retry_after_a_later_message_does_not_count_as_a_swap(play: Play) -> None:
    first, second = play.new_id(), play.new_id()
    one = play.who(ANN).submitted(ROOM, first, 5)
    two = play.who(ANN).submitted(ROOM, second, 6)
    play.who(ANN).answered(one, UNKNOWN)
    play.who(ANN).answered(two, ACCEPTED, play.store(ANN, second, 6).seq)
    again = play.who(ANN).submitted(ROOM, first, 5)
    play.who(ANN).answered(again, ACCEPTED, play.store(ANN, first, 5).seq)
    play.push()
    assert play.ends().clean


def test_a_number_that_is_missing_in_the_final_log_is_swapped(play: Play) -> None:
    play.log[-1].seq += 1
    for entry in play.log[:-1]:
        play.history.audit(ROOM, entry.seq, [entry.seq])
    play.history.audit(ROOM, len(play.log) + 1, [len(play.log) + 1])
    assert check(play.history).swapped


def test_time_that_runs_backwards_is_swapped(play: Play) -> None:
    play.time_ms -= 500
    play.submit(ANN)
    assert only(play.ends()) == "swapped"


def test_an_entry_that_nobody_submitted_is_a_phantom(play: Play) -> None:
    play.store(ANN, play.new_id(), 7)
    play.push()
    assert only(play.ends()) == "phantom"


def test_an_entry_that_was_refused_is_a_phantom(play: Play) -> None:
    client_id = play.new_id()
    row = play.who(ANN).submitted(ROOM, client_id, 7)
    play.who(ANN).answered(row, REJECTED)
    play.store(ANN, client_id, 7)
    play.push()
    assert only(play.ends()) == "phantom"


def test_an_entry_of_which_one_attempt_was_refused_and_one_unanswered_is_no_phantom(play: Play) -> None:
    client_id = play.new_id()
    play.who(ANN).submitted(ROOM, client_id, 7)
    row = play.who(ANN).submitted(ROOM, client_id, 7)
    play.who(ANN).answered(row, REJECTED)
    play.store(ANN, client_id, 7)
    play.push()
    assert play.ends().clean


def test_an_entry_with_other_content_than_was_submitted_is_a_phantom(play: Play) -> None:
    client_id = play.new_id()
    row = play.who(ANN).submitted(ROOM, client_id, 7)
    play.who(ANN).answered(row, ACCEPTED, play.store(ANN, client_id, 8).seq)
    play.push()
    assert only(play.ends()) == "phantom"


def test_an_entry_from_before_a_membership_is_beyond_the_cut(play: Play) -> None:
    play.show(EVA, play.log[0], pushed=False)
    assert only(play.ends()) == "beyond_cut"


def test_an_entry_from_after_a_removal_is_beyond_the_cut(play: Play) -> None:
    play.remove(EVA)
    play.submit(ANN)
    play.show(EVA, play.log[-1])
    assert only(play.ends()) == "beyond_cut"


def test_an_entry_for_somebody_who_was_never_a_member_is_beyond_the_cut(play: Play) -> None:
    play.history.observer("f" * 32).connected()
    play.show("f" * 32, play.log[-1])
    assert only(play.ends()) == "beyond_cut"


def test_content_that_vanished_without_a_recall_is_lost(play: Play) -> None:
    entry = play.log[-1]
    entry.digest, entry.fact = 0, Fact("message", withdrawn=True)
    assert only(play.ends()) == "lost"


def test_a_wrong_unread_count_is_found(play: Play) -> None:
    play.tell(ANN, more_unread=1)
    assert only(play.ends()) == "wrong_counts"


def test_a_wrong_mention_count_is_found(play: Play) -> None:
    play.tell(ANN, more_mentions=1)
    assert only(play.ends()) == "wrong_counts"


def test_a_count_for_somebody_who_left_is_found(play: Play) -> None:
    play.remove(EVA)
    play.tell(EVA, more_unread=1)
    assert only(play.ends()) == "wrong_counts"


def test_a_confirmed_mark_that_is_gone_is_found(play: Play) -> None:
    play.marks[BEN] -= 3
    play.tell(BEN)
    assert only(play.ends()) == "wrong_counts"


def test_a_mark_that_fell_is_found(play: Play) -> None:
    play.marks[ANN] = 4
    play.tell(ANN)
    play.marks[ANN] = 3
    play.tell(ANN)
    assert only(play.ends()) == "wrong_counts"


@pytest.mark.parametrize("spoil", [False, True])
def test_histories_of_several_processes_are_judged_as_one(spoil: bool) -> None:
    sender, receiver = History(), History()
    for history in (sender, receiver):
        history.watch([ROOM])
    ann, ben = sender.observer(ANN), receiver.observer(BEN)
    ann.connected({ROOM: 0})
    ben.connected({ROOM: 0})
    for seq in range(1, 50):
        row = ann.submitted(ROOM, f"{seq:032x}", seq)
        ann.answered(row, ACCEPTED, seq)
        ann.saw(ROOM, seq, ANN, f"{seq:032x}", seq, 1000)
        ben.saw(ROOM, seq, ANN, f"{seq:032x}", seq + 1000 * (spoil and seq == 30), 1000)
    sender.merge(receiver)
    report = check(sender)
    assert report.clean is not spoil, str(report)
    assert report.deliveries == 98


def test_a_report_keeps_the_first_words_and_counts_the_rest(play: Play) -> None:
    for _ in range(50):
        play.store(ANN, play.new_id(), 7)
    play.push()
    report = play.ends()
    assert report.phantom == 50
    assert len(report.words) == 20
