"""What is computed and shown of the figures of a cluster, without one."""

from __future__ import annotations

import msgspec

from hubbub.lab.checker import Report
from hubbub.lab.figures.costs import (
    buckets_found,
    published_events,
    ratio,
    read_counters,
    received_events,
    spread,
)
from hubbub.lab.figures.figure import Figure, Measured
from hubbub.lab.figures.page import render
from hubbub.lab.figures.processors import used_between
from hubbub.lab.figures.told import Spoken, Told
from hubbub.lab.load.machine import Machine

METRICS = """\
# TYPE hubbub_bus_items_total counter
hubbub_bus_items_total{direction="sent",kind="user"} 120.0
hubbub_bus_items_total{direction="sent",kind="conversation"} 3.0
hubbub_bus_items_total{direction="sent",kind="call"} 1000.0
hubbub_bus_items_total{direction="received",kind="user"} 40.0
hubbub_bus_items_total{direction="received",kind="signal"} 99.0
hubbub_bus_messages_total{direction="received",kind="user"} 7.0
hubbub_bus_heard_total 30.0
hubbub_bus_unwanted_total 10.0
hubbub_bus_connected 1.0
"""
MACHINE = Machine(
    cpu="a processor",
    cores=2,
    memory_gib=4,
    system="Linux",
    python="3.12",
    database="PostgreSQL",
    fsync="on",
    commit="abc",
    dirty=False,
)


def test_events_are_read_from_the_metrics_without_signals_and_calls() -> None:
    counters = read_counters(METRICS)
    assert published_events(counters) == 123
    assert received_events(counters) == 40
    assert (counters["heard"], counters["unwanted"]) == (30, 10)


def test_a_gateway_that_receives_everything_misses_the_figure() -> None:
    chats = [{"sent user": 60.0}, {"sent user": 40.0}]
    some = {name: {"received user": 25.0, "heard": 20.0, "unwanted": 5.0} for name in ("gateway-1", "gateway-2")}
    found = buckets_found(Measured(), some, chats, Told())
    assert found.figures[0].reached
    assert found.values["gateway-1_share"] == 0.25
    assert found.values["wanted_share"] == 0.8
    some["gateway-2"] = {"received user": 100.0, "heard": 20.0, "unwanted": 80.0}
    assert not buckets_found(Measured(), some, chats, Told()).figures[0].reached


def test_a_ratio_to_nothing_is_nothing() -> None:
    assert ratio(3, 2) == 1.5
    assert ratio(3, 0) == 0


def test_processes_that_come_or_go_count_for_what_is_known_of_them() -> None:
    assert used_between({1: 2.0, 2: 5.0}, {1: 2.5, 3: 0.25}) == 0.75


def test_people_are_spread_evenly_and_neighbours_are_not_always_apart() -> None:
    places = spread(["a", "b", "c", "d"], 200)
    assert {places.count(node) for node in "abcd"} == {50}
    together = sum(one == other for one, other in zip(places[::2], places[1::2], strict=True))
    assert 10 < together < 50


def test_what_the_checker_found_in_several_crowds_adds_up() -> None:
    found = Measured()
    found.judge(Told(report=Report(accepted=3)))
    assert found.sound
    found.judge(Told(report=Report(accepted=4, lost=1, words=["lost: one"]), refused={"muted": 2}))
    assert (found.report.accepted, found.report.lost, found.report.words) == (7, 1, ["lost: one"])
    assert found.values["refused_muted"] == 2
    assert not found.sound


def test_the_page_has_every_figure_and_says_what_was_missed_or_failed() -> None:
    good = Measured(
        figures=[Figure(what="one | two", target="5 s", measured="1.00 s", reached=True)],
        values={"back_s": 1.0},
        how="By looking.",
    )
    bad = Measured(
        figures=[Figure(what="lost", target="0", measured="1", reached=False)], report=Report(lost=1, words=["lost: x"])
    )
    page = render(
        MACHINE, {"good": good, "bad": bad, "ugly": Measured(error="no | way")}, "the command", busy_percent=7.4
    )
    assert "| one / two | 5 s | 1.00 s | yes |" in page
    assert "| lost | 0 | 1 | **no** |" in page
    assert "| ugly | | did not finish: no / way | **no** |" in page
    assert "### good\n\nBy looking." in page
    assert "- lost: x" in page
    assert "`the command`" in page
    assert "a processor, 2 cores" in page
    assert "; 7 % of its processor time was others'" in page


def test_what_a_crowd_tells_survives_the_file() -> None:
    told = Told(spoken=[Spoken(0, 1, 5)], places=["gateway-1"])
    assert msgspec.json.decode(msgspec.json.encode(told), type=Told) == told
