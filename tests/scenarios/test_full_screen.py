"""Two people at two real terminals, who chat through a restart of the server."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import PASSWORD, House
from support.terminal import Terminal
from support.tmux import Tmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing; on Debian: apt-get install tmux"),
]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    await house.opens()
    yield house
    await house.closes()


@pytest.fixture
async def tmux(tmp_path: Path) -> AsyncIterator[Tmux]:
    tmux = Tmux(tmp_path)
    yield tmux
    await tmux.close()


async def enters(tmux: Tmux, house: House, home: Path, name: str, *args: str) -> None:
    """Start the app for one person."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "screen-256color",
        "LANG": "C.UTF-8",
        "HUBBUB_HOME": str(home),
        "HUBBUB_PROFILE": name,
        "HUBBUB_SERVER": house.http,
    }
    await tmux.start(name, [sys.executable, "-m", "hubbub.cli.main", "chat", *args], environ, (90, 24))


async def test_two_people_chat_through_a_restart_and_everything_they_did_is_there(
    house: House, tmux: Tmux, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    romeo = Terminal(house, home, "romeo")
    for word in ("register", "login"):
        assert (await romeo.runs(word, "romeo")).status == 0

    # Juliet makes her account in the app itself.
    await enters(tmux, house, home, "juliet")
    await tmux.shows("juliet", "Welcome to Hubbub", "Register")
    await tmux.write("juliet", "juliet")
    await tmux.goes_on("juliet", "Enter")
    await tmux.write("juliet", PASSWORD)
    await tmux.goes_on("juliet", "Tab")
    await tmux.type("juliet", PASSWORD)
    await tmux.shows("juliet", "#general", "online")
    await enters(tmux, house, home, "romeo", "@juliet")
    await tmux.shows("romeo", "@juliet", "online")
    await tmux.type("romeo", "Soft! what light")
    await tmux.shows("romeo", "Soft! what light", "✓")
    await tmux.shows("juliet", "@romeo")
    await tmux.type("juliet", "/to @romeo")
    await tmux.shows("juliet", "Soft! what light")
    await tmux.shows("romeo", "✓✓ read")

    # The server dies where it stands; both go on writing, and are told the truth.
    await house.burns_down()
    await tmux.shows("romeo", "offline since")
    await tmux.shows("juliet", "offline since")
    await tmux.type("romeo", "said in the dark")
    await tmux.type("juliet", "黑暗中说的")
    await tmux.shows("romeo", "said in the dark", "waiting", "1 waiting to be sent")
    # One leaves meanwhile; what was written waits on this machine.
    await tmux.press("romeo", "C-q")
    await tmux.ends("romeo")
    await house.opens()
    await tmux.shows("juliet", "online", "黑暗中说的")
    await enters(tmux, house, home, "romeo", "@juliet")
    for name in ("romeo", "juliet"):
        await tmux.shows(name, "Soft! what light", "said in the dark", "黑暗中说的")
    await tmux.type("juliet", ":q!")
    await tmux.ends("juliet")
    history = await romeo.runs("history", "@juliet", "--json")
    said = [row["text"] for row in history.objects() if row.get("text")]
    assert said[0] == "Soft! what light"
    assert sorted(said[1:]) == sorted(["said in the dark", "黑暗中说的"])
