"""What the clocks promise: one shared time however wrong a machine's calendar is."""

from __future__ import annotations

from hubbub.base.clock import ManualClock, SteeredClock, WrongClock

HOUR_MS = 3_600_000


def test_a_steered_clock_says_the_shared_time_on_a_machine_that_is_an_hour_off() -> None:
    hands = ManualClock()
    shared_ms = hands.now_ms()
    steered = SteeredClock(WrongClock(hands, ahead_ms=HOUR_MS))
    assert steered.now_ms() == shared_ms + HOUR_MS
    steered.steer(shared_ms, asked_at=steered.monotonic())
    hands.advance(2.5)
    assert steered.now_ms() == shared_ms + 2_500


def test_a_calendar_that_is_set_moves_no_steered_clock() -> None:
    hands = ManualClock()
    steered = SteeredClock(hands)
    before = steered.now_ms()
    hands.set_wall(before + HOUR_MS)
    assert steered.now_ms() == before


def test_half_of_the_way_is_taken_off_a_slow_answer() -> None:
    hands = ManualClock()
    steered = SteeredClock(hands)
    asked_at = steered.monotonic()
    hands.advance(2)
    steered.steer(5_000, asked_at=asked_at)
    assert steered.now_ms() == 6_000


def test_a_slow_answer_sets_a_clock_that_knows_no_better_and_no_other() -> None:
    hands = ManualClock()
    steered = SteeredClock(hands)

    def steer(shared_ms: int, took_s: float) -> None:
        asked_at = steered.monotonic()
        hands.advance(took_s)
        steered.steer(shared_ms, asked_at=asked_at)

    steer(5_000, 0.0)
    steer(90_000, 10.0)
    assert steered.now_ms() == 15_000
    steer(80_000, 0.125)
    assert steered.now_ms() == 80_062
    hands.advance(10_000)
    steer(500_000, 10.0)
    assert steered.now_ms() == 505_000
