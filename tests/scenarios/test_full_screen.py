"""Two people at two real terminals, who chat through a restart of the server.

`HUBBUB_PLAY_MINUTES=5 python -m pytest tests/scenarios/test_full_screen.py` has them go on for so long around it.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import House
from support.play import Play, Said
from support.tmux import Tmux

MINUTES = float(os.environ.get("HUBBUB_PLAY_MINUTES", "0"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180 + MINUTES * 60 * 1.5),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing; on Debian: apt-get install tmux"),
]


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    house, tmux = House(tmp_path), Tmux(tmp_path)
    await house.opens()
    yield Play(house, tmux, tmp_path, ("romeo", "juliet"))
    await tmux.close()
    await house.closes()


async def test_two_people_chat_through_a_restart_and_everything_they_did_is_there(play: Play, tmp_path: Path) -> None:
    chance = random.Random(1597)
    # Juliet makes her account in the app itself.
    for word in ("register", "login"):
        assert (await play.terminals["romeo"].runs(word, "romeo")).status == 0
    await play.registers("juliet")
    await play.enters("romeo", "@juliet")
    await play.sees("romeo", "@juliet", "online")
    play.open["romeo"] = "private"
    await play.says("romeo", "Soft! what light")
    await play.sees("romeo", "✓")
    await play.sees("juliet", "@romeo")
    await play.goes_to("juliet", "private", "Soft! what light")
    await play.sees("romeo", "✓✓ read")

    # A group, and everything one can do in it.
    await play.types("juliet", "/group Verona romeo")
    await play.sees("juliet", "#Verona  2 members")
    play.open["juliet"] = "Verona"
    await play.sees("romeo", "#Verona")
    await play.goes_to("romeo", "Verona")
    await play.says("juliet")
    await play.answers("romeo")
    await play.corrects("romeo")
    await play.reacts("juliet")
    await play.pins("juliet")
    await play.says("juliet")
    await play.takes_back("juliet")
    letter = tmp_path / "letter.txt"
    letter.write_text("Good night, good night!")
    await play.types("romeo", f"/file {letter} with a letter")
    await play.sees("juliet", "with a letter", "📎 letter.txt (23 B)")
    play.book.append(Said("Verona", "romeo", "with a letter", file="letter.txt"))
    await play.types("juliet", f"/save {tmp_path}/saved.txt")
    await play.sees("juliet", "Saved:")
    assert (tmp_path / "saved.txt").read_text() == "Good night, good night!"
    await play.whispers("romeo")
    await play.writes("juliet", "begun in Verona")
    if MINUTES:
        await play.types("juliet", " and sent")
        play.book.append(Said("Verona", "juliet", "begun in Verona and sent"))
        await play.goes_on(MINUTES * 60 * 0.45, chance)
        for name in play.people:
            await play.goes_to(name, "Verona")
        await play.writes("juliet", "begun in Verona")

    # The server dies where it stands; both go on, and are told the truth.
    await play.loses_the_server()
    await play.reacts("romeo", "🎉", ":tada:")
    await play.corrects("romeo")
    await play.says("romeo")
    await play.sees("romeo", "waiting", "3 waiting to be sent")
    await play.goes_to("juliet", "private")
    await play.says("juliet", "黑暗中说的")
    await play.whispers("romeo")
    # One leaves meanwhile and comes back before the server does: what is here is shown, what was written waits.
    await play.leaves("romeo")
    await play.enters("romeo", "#Verona")
    await play.sees("romeo", "offline", "4 waiting to be sent", play.book[-3].text)
    await play.gets_it_back()
    if MINUTES:
        await play.goes_to("juliet", "Verona", "begun in Verona")
        await play.types("juliet", ", once more")
        play.book.append(Said("Verona", "juliet", "begun in Verona, once more"))
        await play.goes_on(MINUTES * 60 * 0.45, chance)
        for name in play.people:
            await play.goes_to(name, "private")

    # Both end and begin again; everything is there, in the log and on the screens.
    for name in play.people:
        await play.leaves(name)
        await play.enters(name, "#Verona")
        await play.sees(name, "#Verona", "online", "F1 Help")
    if not MINUTES:
        await play.sees("juliet", "begun in Verona")
    for where in ("private", "Verona"):
        await play.is_all_there(where)
        last = [one for one in play.book if one.where == where and not one.recalled][-1]
        for name in play.people:
            await play.goes_to(name, where, last.text)
    for name in play.people:
        await play.leaves(name)
