"""The chain of the audit log: whatever is done to it is seen, and the first entry it was done to is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from hubbub.auth.audit import ORIGIN, Act, AuditEntry, By, Chain, Deed, Fault, Head, act_as, acting, by, chained, digest

NOW = 1_700_000_000_000
SOMEBODY = By("a" * 32, "hubbub", "192.0.2.7")


def a_log(size: int = 6) -> list[AuditEntry]:
    deeds = [Deed(Act.ACCOUNT_BANNED, f"{number:032x}", {"reason": f"quarrel {number}"}) for number in range(size)]
    return chained(ORIGIN, SOMEBODY, deeds, NOW)


def head_of(log: list[AuditEntry]) -> Head:
    return Head(log[-1].seq, log[-1].time_ms, log[-1].hash)


def walk(log: list[AuditEntry], head: Head, since: Head = ORIGIN) -> Fault | None:
    chain = Chain(since)
    for entry in sorted(log, key=lambda one: one.seq):
        fault = chain.follow(entry)
        if fault is not None:
            return fault
    return chain.end(head)


def rehashed(entry: AuditEntry, **changes: object) -> AuditEntry:
    entry = replace(entry, **changes)
    return replace(entry, hash=digest(entry))


def test_a_log_that_nobody_touched_is_good() -> None:
    log = a_log()
    assert walk(log, head_of(log)) is None
    assert walk([], ORIGIN) is None


def test_a_walk_may_begin_at_an_entry_that_was_good_before() -> None:
    log = a_log()
    assert walk(log[3:], head_of(log), Head(3, NOW, log[2].hash)) is None
    fault = walk(log[3:], head_of(log), Head(3, NOW, b"\1" * 32))
    assert fault is not None
    assert (fault.seq, fault.what) == (4, "changed")


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "account.admitted"},
        {"user_id": "b" * 32},
        {"client_id": "x"},
        {"address": "192.0.2.8"},
        {"target": "c" * 32},
        {"detail": "{}"},
        {"time_ms": NOW + 1},
        {"hash": b"\1" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_entry_that_was_changed_is_named(changes: dict[str, object]) -> None:
    log = a_log()
    head = head_of(log)
    log[2] = replace(log[2], **changes)
    fault = walk(log, head)
    assert fault is not None
    assert (fault.seq, fault.what) == (3, "changed")


@pytest.mark.parametrize("at", [0, 2, 5])
def test_a_change_with_its_hash_made_anew_is_named_as_well(at: int) -> None:
    log = a_log()
    head = head_of(log)
    log[at] = rehashed(log[at], target="c" * 32)
    fault = walk(log, head)
    assert fault is not None
    assert (fault.seq, fault.what) == (at + 1, "changed")


@pytest.mark.parametrize(("gone", "named"), [([0], 1), ([2], 3), ([2, 3], 3), ([5], 6), ([4, 5], 5), (range(6), 1)])
def test_an_entry_that_was_removed_is_named(gone: list[int], named: int) -> None:
    log = a_log()
    fault = walk([one for number, one in enumerate(log) if number not in gone], head_of(log))
    assert fault is not None
    assert (fault.seq, fault.what) == (named, "removed")


def test_two_entries_that_changed_places_are_named() -> None:
    log = a_log()
    head = head_of(log)
    log[2], log[3] = replace(log[3], seq=3), replace(log[2], seq=4)
    fault = walk(log, head)
    assert fault is not None
    assert (fault.seq, fault.what) == (3, "changed")


def added_behind(log: list[AuditEntry]) -> list[AuditEntry]:
    return [*log, *chained(head_of(log), SOMEBODY, [Deed(Act.ANNOUNCED)], NOW)]


def added_before(log: list[AuditEntry]) -> list[AuditEntry]:
    return [rehashed(log[0], seq=0), *log]


def added_between(log: list[AuditEntry]) -> list[AuditEntry]:
    """Put one in as the third, count the rest up and hash them anew, each still after the one it followed."""
    new = rehashed(log[1], seq=3, previous=log[1].hash)
    return [*log[:2], new, *(rehashed(one, seq=one.seq + 1) for one in log[2:])]


@pytest.mark.parametrize(
    ("put", "named", "what"),
    [(added_behind, 7, "added"), (added_before, 0, "added"), (added_between, 3, "changed")],
)
def test_an_entry_that_was_added_is_named(
    put: Callable[[list[AuditEntry]], list[AuditEntry]], named: int, what: str
) -> None:
    log = a_log()
    fault = walk(put(log), head_of(log))
    assert fault is not None
    assert (fault.seq, fault.what) == (named, what)


def test_the_hash_is_over_the_documented_form() -> None:
    """The sentence of `docs/operations.md`, done by hand."""
    entry = chained(ORIGIN, SOMEBODY, [Deed(Act.ACCOUNT_BANNED, "罗密欧", {"until_ms": 5})], NOW)[0]
    fields = [
        b"hubbub audit 1",
        b"1",
        str(NOW).encode(),
        b"account.banned",
        b"a" * 32,
        b"hubbub",
        b"192.0.2.7",
        "罗密欧".encode(),
        b'{"until_ms":5}',
        bytes(32),
    ]
    assert entry.hash == hashlib.sha256(b"".join(b"%d:%s," % (len(one), one) for one in fields)).digest()


def test_time_never_runs_backwards_in_the_log() -> None:
    first = chained(ORIGIN, SOMEBODY, [Deed(Act.ANNOUNCED)], NOW)
    second = chained(head_of(first), SOMEBODY, [Deed(Act.ANNOUNCED)], NOW - 5_000)
    assert second[0].time_ms == NOW


def test_what_cannot_be_stored_is_remembered_as_well_as_it_can_be() -> None:
    odd = By("", "c" * 100, "\ud800\0")
    entry = chained(ORIGIN, odd, [Deed(Act.ANNOUNCED, "t" * 200, {"text": "x" * 20_000})], NOW)[0]
    assert len(entry.client_id) == len(entry.target) == 64
    assert entry.address == "?\ufffd"
    assert entry.detail == '{"too_long":true}'
    assert entry.hash == digest(entry)


def test_who_acts_is_who_the_innermost_says() -> None:
    with by(SOMEBODY):
        assert acting() == SOMEBODY
        act_as(By("b" * 32))
        assert acting().user_id == "b" * 32
    assert acting() == By()
