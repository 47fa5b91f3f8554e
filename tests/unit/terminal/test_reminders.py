"""Messages to come back to, at a full screen: set, told when their time has come, listed, and a way there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from support.puppet import NOON_MS, VERONA, PuppetServer
from support.screens import screen_of

from hubbub.client import Reminder
from hubbub.terminal.reminders import Reminders, moment

FRIDAY = datetime(2026, 10, 2, 12, 30)


@pytest.fixture
def puppet() -> PuppetServer:
    return PuppetServer()


@pytest.fixture
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_greenwich")
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("20m", "2026-10-02T12:50"),
        ("3h", "2026-10-02T15:30"),
        ("1d", "2026-10-03T12:30"),
        ("18:05", "2026-10-02T18:05"),
        ("9:00", "2026-10-03T09:00"),
        ("tomorrow", "2026-10-03T09:00"),
        ("明天", "2026-10-03T09:00"),
        ("Monday", "2026-10-05T09:00"),
        ("周一", "2026-10-05T09:00"),
        ("2026-12-31T23:59", "2026-12-31T23:59"),
        ("soon", ""),
        ("25:00", ""),
        ("365d", "2027-10-02T12:30"),
        ("m", ""),
    ],
)
def test_people_say_a_time_in_many_ways(said: str, meant: str) -> None:
    found = moment(said, int(FRIDAY.timestamp() * 1_000))
    assert (datetime.fromtimestamp(found / 1_000).isoformat(timespec="minutes") if found else "") == meant


async def test_one_is_reminded_of_the_chosen_message_and_no_more(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona", size=(120, 30)) as screen:
        await screen.shows("line 3")
        await screen.types("/remind 20m")
        await screen.shows("Choose a message first")
        await screen.pilot.press("ctrl+up", "m")
        await screen.shows("When to be reminded of: line 3")
        await screen.types("someday")
        await screen.shows("It goes like this: /remind TIME")
        # It is chosen still.
        await screen.types("/remind 3h answer :rose:")
        await screen.shows("You are reminded at")
        row = puppet.reminders[VERONA, 3]
        assert row.due_ms > NOON_MS
        assert row.note == "answer 🌹"
        await screen.pilot.press("ctrl+up")
        await screen.types("/remind off")
        await screen.until(lambda: puppet.reminders[VERONA, 3].due_ms == 0)


async def test_what_is_due_is_told_once_with_a_bell_and_listed_with_a_way_there() -> None:
    puppet = PuppetServer(made_up=500)
    puppet.reminds(VERONA, 9, due_ms=NOON_MS + 5, note="Ask the friar")
    async with screen_of(puppet, opened="@juliet", size=(120, 30)) as screen:
        await screen.shows("line 500")
        puppet.reminds(VERONA, 7, due_ms=NOON_MS, due=True)
        await screen.shows("Reminder from #Verona: line 7")
        # Done with the one on another device, and the other's time has come.
        puppet.reminds(VERONA, 7, due_ms=0)
        puppet.reminds(VERONA, 9, due_ms=NOON_MS + 5, note="Ask the friar", due=True)
        await screen.shows("Reminder from #Verona: Ask the friar")
        await screen.types("/reminders")
        await screen.shows("Reminders: 1", "(due)  #Verona  Ask the friar  line 9")
        await screen.pilot.press("enter")
        await screen.shows("#Verona", "line 8", "line 9", "line 10")


async def test_what_came_due_while_the_app_was_closed_is_told_when_it_opens(puppet: PuppetServer) -> None:
    for seq in (1, 2):
        puppet.reminds(VERONA, seq, due_ms=NOON_MS, due=True)
    async with screen_of(puppet, opened="@juliet", size=(120, 30)) as screen:
        await screen.shows("2 reminders are due: /reminders lists them.")
        puppet.goes_down()
        await screen.shows("offline since")
        puppet.reminds(VERONA, 3, due_ms=NOON_MS, due=True)
        puppet.comes_up()
        # The others were told of.
        await screen.shows("Reminder from #Verona: line 3")


def test_a_row_that_is_older_than_what_is_known_tells_nothing() -> None:
    reminders = Reminders(None)  # type: ignore[arg-type]
    assert not reminders.take(Reminder(VERONA, 3, 1_000, version=4))
    assert reminders.take(Reminder(VERONA, 3, 1_000, due=True, version=5))
    assert not reminders.take(Reminder(VERONA, 3, 1_000, note="still", due=True, version=6))
    assert not reminders.take(Reminder(VERONA, 3, 1_000, version=4))
    assert not reminders.take(Reminder(VERONA, 3, 1_000, due=True, version=5)), "it is not news again"
