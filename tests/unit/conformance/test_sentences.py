"""Every check of the conformance suite holds to a sentence that stands in the protocol."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hubbub.conformance.beyond import BEYOND
from hubbub.conformance.check import Check
from hubbub.conformance.checks import ALL

PROTOCOL = (Path(__file__).parents[3] / "spec/protocol.md").read_text("utf-8")


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def rules() -> dict[str, str]:
    """Return the text of each rule by its number, up to the next one."""
    parts = re.split(r"^\*\*(\d+\.\d+)", PROTOCOL, flags=re.M)
    return {number: flat(text) for number, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_the_sentence_of_a_check_stands_in_its_rule(check: Check) -> None:
    assert flat(check.says) in rules()[check.rule]


def test_there_are_many_checks_and_no_two_have_one_name() -> None:
    names = [check.name for check in ALL]
    assert len(names) == len(set(names))
    assert len(names) >= 60
    covered = {int(check.rule.partition(".")[0]) for check in ALL}
    assert covered == set(range(1, 20))


def test_every_rule_has_a_check_or_a_reason_why_not() -> None:
    checked = {check.rule for check in ALL}
    assert checked | set(BEYOND) == set(rules()), "a new rule needs a check in conformance/checks, or its reason"
    assert not checked & set(BEYOND)
    # What is for clients alone has no sentence of what a server must do.
    musts = {number for number, text in rules().items() if re.search(r"[Ss]erver (also )?must", text)}
    assert musts <= checked
