"""A seed draws the same faults, every kind comes before any comes again, and the verdict counts them."""

from __future__ import annotations

import random

import msgspec

from hubbub.cli.lab import faults
from hubbub.lab.checker import Report
from hubbub.lab.faults import KINDS, Injected, Outcome, Plan
from hubbub.lab.faults.report import MEANINGS, as_json, as_page


def test_the_same_seed_draws_the_same_faults() -> None:
    plan = Plan(seed=7, faults=60)
    assert plan.schedule(random.Random(7)) == plan.schedule(random.Random(7))
    assert plan.schedule(random.Random(7)) != plan.schedule(random.Random(8))


def test_every_kind_comes_before_any_comes_again() -> None:
    drawn = Plan(seed=1, faults=2 * len(KINDS)).schedule(random.Random(1))
    assert set(drawn[: len(KINDS)]) == set(drawn[len(KINDS) :]) == set(KINDS)


def test_the_command_injects_every_kind_unless_told_otherwise() -> None:
    (count,) = [option.default for option in faults.params if option.name == "count"]
    assert count == len(KINDS)


def test_every_kind_says_what_it_does() -> None:
    assert [name for name, kind in KINDS.items() if not kind.__doc__] == []


def test_the_verdict_counts_every_violation_and_no_fault_that_was_left_out() -> None:
    outcome = Outcome(
        plan=Plan(seed=1, faults=3),
        injected=[
            Injected(1, "kill_chat", "chat-1 killed", 1.0),
            Injected(2, "fill_disk", "left out: no disk", 0.0),
            Injected(3, "kill_chat", "chat-2 killed", 1.0),
        ],
        report=Report(lost=2, words=["lost: two"]),
        late=["romeo lacks 3"],
    )
    found = as_json(outcome, "abc")
    assert (found["faults"], found["violations"], found["kinds"]) == (2, 3, {"kill_chat": 2})
    assert found["checks"]["lost"] == 2
    assert found["words"] == ["lost: two", "romeo lacks 3"]
    assert set(outcome.checks) == set(MEANINGS)
    assert msgspec.json.decode(msgspec.json.encode(found)) == found
    page = as_page(outcome, commit="abc", machine="m", command="hubbub lab faults --seed 1")
    assert "| violations | 3 |" in page
    assert "left out: no disk" in page
