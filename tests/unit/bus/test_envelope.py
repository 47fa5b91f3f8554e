"""Envelopes: who may speak, what is missing, and what comes in parts."""

from __future__ import annotations

import pytest

from hubbub.bus.calls import Peer
from hubbub.bus.envelope import JOINED_BYTES, PART_BYTES, Opener, Sealer, Seen, TooLarge
from hubbub.bus.identity import BusIdentity
from hubbub.bus.stats import BusStats

HERE = BusIdentity("one", "1" * 32, b"secret", "epoch")
THERE = BusIdentity("two", "2" * 32, b"secret", "epoch")


class Ear:
    """An opener and what it said."""

    def __init__(self, identity: BusIdentity = THERE) -> None:
        self.stats = BusStats()
        self.jumps: list[str] = []
        self.epochs: list[str] = []
        self.opener = Opener(
            identity,
            self.stats,
            on_jump=lambda subject, peer: self.jumps.append(subject),
            on_epoch=lambda epoch, peer: self.epochs.append(epoch),
        )

    def hear(self, subject: str, *messages: bytes) -> list[bytes]:
        opened = [self.opener.open(subject, message) for message in messages]
        return [each[1] for each in opened if each is not None]


def test_what_was_sealed_is_opened_and_names_its_sender() -> None:
    opened = Ear().opener.open("s", Sealer(HERE).seal("s", b"body")[0])
    assert opened is not None
    assert (opened[0].peer, opened[1]) == (Peer("one", "1" * 32), b"body")


@pytest.mark.parametrize("at", range(0, 80, 7))
def test_a_message_with_one_changed_byte_is_dropped(at: int) -> None:
    ear = Ear()
    message = bytearray(Sealer(HERE).seal("s", b"body" * 10)[0])
    message[at] ^= 1
    assert ear.hear("s", bytes(message)) == []
    assert ear.stats.dropped == {"signature": 1}


def test_only_those_who_know_the_secret_are_heard() -> None:
    ear = Ear()
    stranger = Sealer(BusIdentity("one", "1" * 32, b"guess", "epoch"))
    assert ear.hear("s", stranger.seal("s", b"body")[0], b"", b"nonsense", bytes(100)) == []
    assert ear.stats.dropped == {"signature": 2, "form": 2}


def test_what_was_said_on_one_subject_proves_nothing_on_another() -> None:
    ear = Ear()
    assert ear.hear("other", Sealer(HERE).seal("s", b"body")[0]) == []
    assert ear.stats.dropped == {"signature": 1}


def test_another_log_is_reported_and_not_heard() -> None:
    ear = Ear()
    other = Sealer(BusIdentity("three", "3" * 32, b"secret", "forked"))
    assert ear.hear("s", other.seal("s", b"body")[0]) == []
    assert ear.epochs == ["forked"]
    assert ear.stats.dropped == {"epoch": 1}


def test_a_jump_in_the_numbers_is_reported_and_what_follows_is_heard() -> None:
    ear, sealer = Ear(), Sealer(HERE)
    messages = [sealer.seal("s", body)[0] for body in (b"1", b"2", b"3", b"4")]
    assert ear.hear("s", messages[0], messages[2], messages[3]) == [b"1", b"3", b"4"]
    assert ear.jumps == ["s"]


def test_joining_in_the_middle_is_no_jump_and_neither_are_other_subjects() -> None:
    ear, sealer = Ear(), Sealer(HERE)
    sealer.seal("s", b"before")
    assert ear.hear("s", *sealer.seal("s", b"1")) == [b"1"]
    sealer.seal("elsewhere", b"unheard")
    assert ear.hear("s", *sealer.seal("s", b"2")) == [b"2"]
    ear.opener.forget("s")
    sealer.seal("s", b"not followed")
    assert ear.hear("s", *sealer.seal("s", b"3")) == [b"3"]
    assert ear.jumps == []


def test_a_sender_that_starts_anew_is_another_sender() -> None:
    ear = Ear()
    ear.hear("s", *Sealer(HERE).seal("s", b"1"), *Sealer(HERE).seal("t", b"1"))
    again = Sealer(BusIdentity("one", "3" * 32, b"secret", "epoch"))
    assert ear.hear("s", *again.seal("s", b"2")) == [b"2"]
    assert ear.jumps == []


def test_a_message_that_comes_twice_is_heard_once() -> None:
    ear, message = Ear(), Sealer(HERE).seal("s", b"1")[0]
    assert ear.hear("s", message, message) == [b"1"]
    assert ear.stats.dropped == {"repeated": 1}


def test_what_was_recorded_cannot_be_said_again_after_a_break() -> None:
    ear, sealer = Ear(), Sealer(HERE)
    recorded = [*sealer.seal("s", b"1"), *sealer.seal("s", b"2")]
    assert ear.hear("s", *recorded) == [b"1", b"2"]
    ear.opener.forget_all()
    assert ear.hear("s", *recorded) == []
    sealer.seal("s", b"not heard")
    assert ear.hear("s", *sealer.seal("s", b"4")) == [b"4"]
    ear.opener.forget("s")
    assert ear.hear("s", *recorded) == []
    assert ear.stats.dropped == {"repeated": 4}
    sealer.seal("s", b"not followed")
    assert ear.hear("s", *sealer.seal("s", b"6")) == [b"6"]
    assert ear.jumps == [], "what passed in a break is not missing"
    sealer.seal("s", b"dropped")
    assert ear.hear("s", *sealer.seal("s", b"8")) == [b"8"]
    assert ear.jumps == ["s"], "and what passes after it is"


def test_a_body_whose_parts_are_broken_apart_does_not_arrive() -> None:
    ear, sealer = Ear(), Sealer(HERE)
    parts = sealer.seal("s", bytes(PART_BYTES * 2))
    assert ear.hear("s", parts[0]) == []
    ear.opener.forget_all()
    assert ear.hear("s", *parts[1:], *sealer.seal("s", b"after")) == [b"after"]
    assert ear.stats.dropped == {"parts": 1}


def test_a_large_body_travels_in_parts_and_arrives_whole() -> None:
    ear, sealer = Ear(), Sealer(HERE)
    body = bytes(range(256)) * 3_000
    parts = sealer.seal("s", body)
    assert len(parts) == 3
    assert all(len(part) < PART_BYTES + 1_000 for part in parts)
    assert ear.hear("s", *parts, *sealer.seal("s", b"after")) == [body, b"after"]


def test_a_body_that_misses_a_part_does_not_arrive_and_is_a_jump() -> None:
    for missing in range(3):
        ear, sealer = Ear(), Sealer(HERE)
        before, after = sealer.seal("s", b"before"), b"after"
        parts = sealer.seal("s", bytes(PART_BYTES * 3))
        del parts[missing]
        assert ear.hear("s", *before, *parts, *sealer.seal("s", after)) == [b"before", after]
        assert ear.jumps == ["s"]


def test_a_body_beyond_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        Sealer(HERE).seal("s", bytes(JOINED_BYTES + 1))


def test_a_number_is_new_once_and_the_memory_of_it_is_bounded() -> None:
    seen = Seen()
    assert all(seen.first(number) and not seen.first(number) for number in range(100_000))
    assert not seen.first(99_000)
    assert seen.first(1)


def test_the_dead_are_forgotten_and_the_living_are_not() -> None:
    ear, living, dead = Ear(), Sealer(HERE), Sealer(BusIdentity("dead", "d" * 32, b"secret", "epoch"))
    ear.hear("s", *dead.seal("s", b""))
    for number in range(1_000):
        ear.hear("s", *living.seal("s", b""))
        ear.hear("s", *Sealer(BusIdentity("n", f"{number:032x}", b"secret", "epoch")).seal("s", b""))
    living.seal("s", b"dropped")
    assert ear.hear("s", *living.seal("s", b"1")) == [b"1"]
    assert ear.jumps == ["s"]
    dead.seal("s", b"dropped")
    assert ear.hear("s", *dead.seal("s", b"2")) == [b"2"]
    assert ear.jumps == ["s"]


def test_what_one_said_oneself_is_not_heard() -> None:
    ear = Ear(HERE)
    assert ear.hear("s", *Sealer(HERE).seal("s", b"body")) == []
    assert ear.stats.dropped == {}


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(HERE)
