"""What is computed from the timelines of a crowd."""

from __future__ import annotations

import math

from hubbub.lab.figures.timeline import (
    ack_delays_s,
    acks_within,
    all_back_ns,
    all_had_ns,
    delays_s,
    longest_gap_s,
    outages_s,
    percentile,
    seconds_until,
    steps_s,
)
from hubbub.lab.figures.told import Outage, Spoken

S = 1_000_000_000


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, each) for each in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7
    assert percentile([3.0, math.inf], 99) == math.inf
    assert percentile([], 99) == 0


def test_the_longest_gap_counts_from_the_beginning_and_to_the_end() -> None:
    assert longest_gap_s([2 * S, 3 * S], 1 * S, 4 * S) == 1
    assert longest_gap_s([2 * S, 5 * S, 6 * S], 1 * S, 7 * S) == 3
    assert longest_gap_s([2 * S], 1 * S, 9 * S) == 7
    assert longest_gap_s([5 * S], 1 * S, 6 * S) == 4
    assert longest_gap_s([], 1 * S, 6 * S) == 5


def test_the_longest_gap_ignores_what_lies_outside_and_the_order_it_is_told_in() -> None:
    assert longest_gap_s([9 * S, 4 * S, 0, 2 * S], 1 * S, 5 * S) == 2


def test_messages_count_as_acknowledged_when_their_answer_came() -> None:
    spoken = [Spoken(0, 1, 1 * S, acked_ns=2 * S), Spoken(1, 0, 1 * S, acked_ns=4 * S), Spoken(0, 1, 1 * S)]
    assert acks_within(spoken, 2 * S, 4 * S) == spoken[:1]
    assert ack_delays_s(spoken) == [1, 3]


def test_a_delivery_is_late_by_the_time_since_it_was_due() -> None:
    assert delays_s([Spoken(0, 1, 1 * S, 0, 3 * S), Spoken(0, 1, 1 * S, 2 * S, 0)]) == [2]


def test_an_outage_that_never_ended_lasts_for_ever() -> None:
    assert outages_s([Outage(1, "", 2 * S, 3 * S), Outage(2, "", 2 * S)]) == [1, math.inf]


def test_all_are_back_when_the_last_of_those_lost_since_then_is() -> None:
    outages = [Outage(1, "", 1 * S, 2 * S), Outage(2, "", 5 * S, 6 * S), Outage(3, "", 5 * S, 8 * S)]
    assert all_back_ns(outages, 4 * S) == 8 * S
    assert all_back_ns([*outages, Outage(4, "", 5 * S)], 4 * S) == 0
    assert all_back_ns(outages[:1], 4 * S) == 4 * S


def test_all_have_everything_when_the_last_message_is_acknowledged_and_there() -> None:
    spoken = [Spoken(0, 1, 1 * S, 2 * S, 3 * S), Spoken(0, 1, 1 * S, 5 * S, 4 * S), Spoken(0, 1, 9 * S)]
    assert all_had_ns(spoken, 0, 9 * S) == 5 * S
    assert all_had_ns(spoken, 0, 10 * S) == 0
    assert all_had_ns([Spoken(0, 1, 1 * S, 2 * S, 0)], 0, 9 * S) == 0


def test_what_never_came_takes_for_ever() -> None:
    assert seconds_until(3 * S, 1 * S) == 2
    assert seconds_until(0, 1 * S) == math.inf


def test_the_way_back_is_told_step_by_step_of_those_who_came_back() -> None:
    ways = [
        Outage(n, "", 1 * S + n, back_ns=(3 + n) * S, asked_ns=2 * S, led_ns=2 * S, opened_ns=2 * S) for n in (0, 1, 2)
    ]
    earlier, away = Outage(7, "", 0, back_ns=1 * S), Outage(8, "", 2 * S)
    found = steps_s([*ways, earlier, away], 1 * S)
    assert found["lost"] == "0.00 / 0.00 / 0.00"
    assert found["asked"] == found["opened"] == "1.00 / 1.00 / 1.00"
    assert found["back"] == "2.00 / 3.00 / 4.00"
    assert steps_s([away], 1 * S) == {}
