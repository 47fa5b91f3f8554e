"""The screen as plain text, compared with pictures that were looked at.

After a change that is meant, `HUBBUB_DRAW=1 python -m pytest tests/unit/terminal/test_pictures.py` draws them again;
the difference is then read like any other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.puppet import DIRECT, LIN, ROMEO, VERONA, PuppetServer
from support.screens import PuppetDoor, Screen, screen_of

from hubbub.wire import hubbub_pb2 as pb

PICTURES = Path(__file__).parent / "pictures"


@pytest.fixture(autouse=True)
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pictures show times of day."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def compare(screen: Screen, name: str) -> None:
    """Compare what is on the screen with a picture."""
    file = PICTURES / f"{name}.txt"
    shown = screen.text() + "\n"
    if os.environ.get("HUBBUB_DRAW"):
        file.write_text(shown, "utf-8")
    assert shown == file.read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_conversation_with_everything_in_it(language: str) -> None:
    puppet = PuppetServer(made_up=2)
    async with screen_of(puppet, opened="#Verona", language=language, size=(80, 26)) as screen:
        await screen.shows("line 2")
        seq = puppet.says(VERONA, "What's in a name? That which we call a rose by any other name would smell as sweet.")
        puppet.says(VERONA, "今天天气很好，我们去广场吧。大家下午三点在钟楼下面见面。", LIN)
        puppet.says(VERONA, "hear me, @romeo", LIN, mentions=[ROMEO])
        puppet.does(VERONA, LIN, reaction=pb.Reaction(target_seq=seq, emoji="🌹", set=True))
        change = pb.MemberChange(action=pb.MEMBER_ACTION_ADD, user_ids=[LIN])
        puppet.does(VERONA, member_change=change)
        answer = puppet.says(VERONA, "I take thee at thy word", ROMEO, reply_to_seq=seq)
        puppet.does(VERONA, ROMEO, pin=pb.Pin(target_seq=answer, set=True))
        puppet.says(VERONA, "in the thread", LIN, thread_seq=seq)
        puppet.reads(VERONA, LIN)
        puppet.says(DIRECT, "Art thou not Romeo?")
        puppet.types(VERONA)
        puppet.holding = True
        await screen.types("Good night, good night!\nParting is such sweet sorrow")
        await screen.shows("Parting", "✓✓ 1", "🌹 1", "↳ ")
        await screen.until(lambda: screen.text().count("juliet") >= 4)
        screen.app.clear_notifications()
        await screen.until(lambda: "Romeo?" not in screen.text())
        compare(screen, f"conversation-{language}")


async def test_the_first_screen() -> None:
    puppet = PuppetServer()
    async with screen_of(puppet, door=PuppetDoor(puppet, logged_in=False), size=(80, 26)) as screen:
        await screen.shows("Register")
        compare(screen, "sign-in")


async def test_the_help_sheet() -> None:
    puppet = PuppetServer()
    async with screen_of(puppet, opened="@juliet", size=(160, 50)) as screen:
        await screen.shows("line 3", "● @juliet")
        await screen.pilot.press("f1")
        await screen.shows(":qai")
        compare(screen, "help")


async def test_a_narrow_screen_without_a_connection() -> None:
    puppet = PuppetServer()
    async with screen_of(puppet, opened="@juliet", size=(50, 16)) as screen:
        await screen.shows("line 3")
        puppet.goes_down()
        await screen.shows("offline since")
        await screen.types("still here")
        await screen.shows("waiting to be sent")
        compare(screen, "narrow-offline")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_very_small_screen(language: str) -> None:
    puppet = PuppetServer(made_up=2)
    async with screen_of(puppet, opened="#Verona", language=language, size=(40, 15)) as screen:
        await screen.shows("line 2")
        puppet.says(VERONA, "What's in a name? That which we call a rose by any other name would smell as sweet.")
        puppet.says(VERONA, "今天天气很好，我们去广场吧。", LIN)
        puppet.says(VERONA, "I take thee at thy word", ROMEO)
        puppet.says(DIRECT, "Art thou not Romeo?")
        await screen.shows("thy word", "Ctrl+N")
        screen.app.clear_notifications()
        await screen.until(lambda: "Romeo?" not in screen.text())
        compare(screen, f"small-{language}")
        await screen.pilot.press("f3")
        await screen.shows("@juliet")


async def test_the_first_screen_in_few_lines() -> None:
    puppet = PuppetServer()
    async with screen_of(puppet, door=PuppetDoor(puppet, logged_in=False), size=(40, 15)) as screen:
        await screen.shows("Welcome to Hubbub", "Register")
        # It takes a turn or two until everything has found its place and nothing needs to scroll.
        await screen.until(lambda: screen.text().startswith("\n╭") and not set("▁▂▃▄▅▆▇") & set(screen.text()))
        compare(screen, "sign-in-small")
