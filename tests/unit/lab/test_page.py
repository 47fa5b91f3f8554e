"""The page says what was promised, what came of it, and what spoils the comparison."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.lab.checker import Report
from hubbub.lab.load.bench import USERS, pinned
from hubbub.lab.load.machine import Machine, describe
from hubbub.lab.load.page import BELOW, Item, render, the_set, with_what_is_below
from hubbub.lab.load.task import Figures


@pytest.fixture
def machine() -> Machine:
    return describe(own_server=True, server_cpu=0, load_cpu=1)


def item(name: str) -> Item:
    return next(item for item in the_set() if item.name == name)


def direct(per_s: float, *, lost: int = 0, others: float = 0.0) -> Figures:
    points = {"p50": 1.0, "p95": 2.0, "p99": 3.0, "max": 4.0}
    report = Report(entries=5, deliveries=10, lost=lost, words=["lost: 7 of it"] * lost)
    return Figures(
        bench="direct",
        users=200,
        in_flight=1,
        acked_per_s=per_s,
        delivered_per_s=per_s,
        ack_ms=points,
        delivery_ms=points,
        other_cpu_percent=others,
    ).judged(report)


def test_a_target_that_is_reached_is_a_yes_and_one_that_is_not_a_no(machine: Machine) -> None:
    which = item("direct, one in flight")
    assert "12,500/s" in render(machine, [(which, direct(12_500))])
    assert "| yes |" in render(machine, [(which, direct(12_500))])
    assert "| **no** |" in render(machine, [(which, direct(11_000))])


def test_speed_counts_for_nothing_when_a_message_was_lost(machine: Machine) -> None:
    page = render(machine, [(item("direct, one in flight"), direct(50_000, lost=1))])
    assert "| **no** |" in page
    assert "- lost: 7 of it" in page


def test_a_measurement_that_did_not_finish_says_why(machine: Machine) -> None:
    assert "did not finish: no disk" in render(machine, [(item("sync"), "no disk")])


def test_other_work_on_the_machine_is_admitted(machine: Machine) -> None:
    which = item("direct, one in flight")
    assert "Not alone" in render(machine, [(which, direct(1, others=80))])
    assert "Not alone" not in render(machine, [(which, direct(1, others=3))])


def test_the_page_names_machine_durability_and_commit(machine: Machine) -> None:
    page = render(machine, [])
    assert "synchronous=FULL" in page
    assert machine.commit in page
    assert machine.python in page


def test_the_set_covers_every_figure_that_was_promised() -> None:
    plans = [item.plan for item in the_set()]
    assert {plan.bench for plan in plans} == set(USERS)
    assert {plan.in_flight for plan in plans if plan.bench == "direct"} >= {1, 8}
    assert any(plan.rate == 6_000 for plan in plans)


def test_server_and_load_get_a_core_each_where_there_are_two() -> None:
    plan = pinned(the_set()[0].plan)
    assert plan.server_cpu is None or plan.server_cpu != plan.load_cpu
    elsewhere = pinned(msgspec.structs.replace(the_set()[0].plan, server="http://elsewhere"))
    assert elsewhere.server_cpu is None


def test_what_other_programs_wrote_below_the_page_outlives_it() -> None:
    below = f"{BELOW}sdk.py -->\n\n## Another table\n"
    assert with_what_is_below("# New\n", f"# Old\n\n{below}") == f"# New\n\n{below}"
    assert with_what_is_below("# New\n", "# Old\n") == "# New\n"
