"""Two people at real terminals, and a book of everything they did, to be held against what is there in the end.

What one does is done with keys alone.  Everybody waits to see what was done before the next thing is, so that it is
known which message is the last one; while there is no connection only the one who acts is asked.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.house import PASSWORD, House
from support.terminal import Terminal
from support.tmux import Tmux

SIZE = (100, 30)
GO_S = 30.0


@dataclass
class Said:
    """One message, as it should be in the end."""

    where: str
    sender: str
    text: str
    file: str = ""
    edited: bool = False
    recalled: bool = False
    pinned: bool = False
    reactions: set[tuple[str, str]] = field(default_factory=set)
    """(who, emoji)."""
    answers: Said | None = None
    stored: bool = True

    @property
    def whole(self) -> str:
        """What a program is shown of it."""
        return f"{self.text}\n[{self.file}]" if self.file else self.text


class Play:
    """A house, two terminals and the book."""

    def __init__(self, house: House, tmux: Tmux, folder: Path, people: tuple[str, str]) -> None:
        self._house = house
        self._tmux = tmux
        self._home = folder / "home"
        self.people = people
        self.terminals = {name: Terminal(house, self._home, name) for name in people}
        self.open: dict[str, str] = {}
        """Which conversation each has open, by the name both have for it."""
        self.book: list[Said] = []
        self.away = False
        self._lines = 0

    def other(self, name: str) -> str:
        return self.people[1 - self.people.index(name)]

    # ------------------------------------------------------------ coming and going

    async def enters(self, name: str, *args: str) -> None:
        """Start the app for one person."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "TERM": "screen-256color",
            "LANG": "C.UTF-8",
            "HUBBUB_HOME": str(self._home),
            "HUBBUB_PROFILE": name,
            "HUBBUB_SERVER": self._house.http,
        }
        await self._tmux.start(name, [sys.executable, "-m", "hubbub.cli.main", "chat", *args], environ, SIZE)

    async def registers(self, name: str) -> None:
        """Start the app for somebody without an account, who makes one in it."""
        await self.enters(name)
        await self._tmux.shows(name, "Welcome to Hubbub", "Register")
        await self._tmux.write(name, name)
        await self._tmux.goes_on(name, "Enter")
        await self._tmux.write(name, PASSWORD)
        await self._tmux.goes_on(name, "Tab")
        await self._tmux.type(name, PASSWORD)
        await self.sees(name, "#general", "online")

    async def leaves(self, name: str) -> None:
        """End the app."""
        await self._tmux.press(name, "C-q")
        await self._tmux.ends(name)

    async def loses_the_server(self) -> None:
        """Kill the server where it stands; both are told the truth."""
        await self._house.burns_down()
        self.away = True
        for name in self.people:
            await self.sees(name, "offline since", "waits here")

    async def gets_it_back(self) -> None:
        """Start the server again; everything that waited gets there."""
        await self._house.opens()
        self.away = False
        for name in self.people:
            await self.sees(name, "online", "F1 Help")
            await self._tmux.hides(name, "waiting")
        for said in self.book:
            said.stored = True

    # ------------------------------------------------------------ looking and doing

    async def sees(self, name: str, *texts: str) -> None:
        """Wait until somebody has all of these on the screen."""
        await self._tmux.shows(name, *texts)

    async def types(self, name: str, text: str) -> None:
        """Type a line."""
        await self._tmux.type(name, text)

    async def writes(self, name: str, text: str) -> None:
        """Type a text without sending it."""
        await self._tmux.write(name, text)

    async def goes_to(self, name: str, where: str, *texts: str) -> None:
        """Go to a conversation in the list, `private` or the title of a group; what one was writing stays behind."""
        title = f"@{self.other(name)}" if where == "private" else f"#{where}"
        async with asyncio.timeout(GO_S):
            while not (before := await self._title(name)).startswith(f"{title}  "):
                await self._tmux.press(name, "M-Down")
                while await self._title(name) == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        await self.sees(name, title, *texts)
        self.open[name] = where

    async def _title(self, name: str) -> str:
        """Return what stands above the history."""
        return (await self._tmux.screen(name)).partition("\n")[0].partition("▕")[2].strip() + "  "

    def line(self) -> str:
        """Return a text nobody has said yet."""
        self._lines += 1
        return f"line {self._lines:03d} of the play"

    async def says(self, name: str, text: str = "", *, answers: Said | None = None) -> Said:
        """Say something in what is open."""
        said = Said(self.open[name], name, text or self.line(), answers=answers, stored=not self.away)
        await self.types(name, said.text)
        await self._seen_by_all(name, said, said.text)
        self.book.append(said)
        return said

    async def answers(self, name: str) -> Said | None:
        """Answer the last message of what is open."""
        last = self._last(name)
        here = [one for one in self.book if one.where == self.open[name]]
        if last is None or last is not here[-1] or not all(one.stored for one in here):
            return None
        await self._tmux.press(name, "C-Up")
        await self._tmux.press(name, "r")
        await self.sees(name, f"Replying to {last.sender}")
        return await self.says(name, answers=last)

    async def corrects(self, name: str) -> None:
        """Change one's own last message that is stored."""
        said = self._last(name, by=name)
        if said is not None:
            await self.types(name, "/edit")
            await self.sees(name, "Editing your message")
            await self.types(name, " again")
            await self._tmux.hides(name, "Editing your message")
            said.text, said.edited = f"{said.text} again", True
            await self._seen_by_all(name, said, said.text)

    async def reacts(self, name: str, emoji: str = "🌹", typed: str = ":rose:") -> None:
        """React to the last message that is stored."""
        said = self._last(name)
        if said is not None and (name, emoji) not in said.reactions:
            said.reactions.add((name, emoji))
            await self.types(name, f"/react {typed}")
            count = sum(one == emoji for _, one in said.reactions)
            await self._seen_by_all(name, said, f"{emoji} {count}")

    async def takes_back(self, name: str) -> None:
        """Recall one's own last message that is stored."""
        said = self._last(name, by=name)
        if said is not None:
            said.recalled = True
            text = said.text
            await self.types(name, "/recall")
            await self._tmux.hides(name, text)

    async def pins(self, name: str) -> None:
        """Pin the last message."""
        said = self._last(name)
        if said is not None and not said.pinned:
            said.pinned = True
            await self._tmux.press(name, "C-Up")
            await self._tmux.press(name, "p")
            await self._seen_by_all(name, said, "pinned)")
            # A key that follows Escape at once is Alt with that key to every terminal.
            await self._tmux.press(name, "Escape")
            await self._tmux.hides(name, "R reply")

    async def whispers(self, name: str) -> Said:
        """Say something in private from wherever one is."""
        said = Said("private", name, self.line(), stored=not self.away)
        await self.types(name, f"{self.other(name)};;{said.text}")
        await self.sees(name, "in private")
        self.book.append(said)
        return said

    def _last(self, name: str, *, by: str = "") -> Said | None:
        where = self.open[name]
        fitting = [one for one in self.book if one.where == where and one.stored and not one.recalled]
        fitting = [one for one in fitting if not by or one.sender == by]
        return fitting[-1] if fitting else None

    async def _seen_by_all(self, by: str, said: Said, text: str) -> None:
        for name in self.people:
            if self.open.get(name) == said.where and (name == by or not self.away):
                await self.sees(name, text)

    # ------------------------------------------------------------ in the end

    async def history(self, name: str, where: str) -> list[dict[str, Any]]:
        """Return what a person finds in a conversation, by `hubbub history --json`."""
        title = f"@{self.other(name)}" if where == "private" else f"#{where}"
        ran = await self.terminals[name].runs("history", title, "--limit", "10000", "--json")
        assert ran.status == 0, ran.err
        return [row for row in ran.objects() if "post" in row]

    async def is_all_there(self, where: str) -> None:
        """Hold the book against what both find in a conversation."""
        first, second = [await self.history(name, where) for name in self.people]
        essential = ("seq", "sender", "text", "client_id", "recalled", "edits")
        assert [[row.get(key) for key in essential] for row in first] == [
            [row.get(key) for key in essential] for row in second
        ]
        book = [one for one in self.book if one.where == where]
        for name in self.people:
            # Two people write at once while they cannot hear each other; each one's own order always holds.
            told = [row for row in first if row["sender"] == name]
            mine = [one for one in book if one.sender == name]
            assert [row["text"] if not row.get("recalled") else None for row in told] == [
                None if one.recalled else one.whole for one in mine
            ]
            for one, row in zip(mine, told, strict=True):
                self._agree(one, row, first)

    def _agree(self, one: Said, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        assert bool(row.get("recalled")) == one.recalled, one
        if one.recalled:
            return
        assert bool(row.get("edits")) == one.edited, one
        assert bool(row.get("pinned")) == one.pinned, one
        assert {(each["emoji"], each["count"]) for each in row.get("reactions", ())} == {
            (emoji, sum(each == emoji for _, each in one.reactions)) for _, emoji in one.reactions
        }, one
        answered = next((each for each in rows if each["seq"] == row["post"].get("reply_to")), None)
        if one.answers is not None and not one.answers.recalled:
            assert answered is not None, one
            assert answered["text"] == one.answers.whole, one
        elif one.answers is None:
            assert answered is None, one

    async def goes_on(self, seconds: float, chance: Any) -> None:
        """Have both do one thing after another for so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        turn = 0
        while loop.time() < end:
            name = self.people[turn % 2]
            turn += 1
            where = chance.choice(["private", "Verona"])
            for each in self.people:
                await self.goes_to(each, where)
            deeds = [self.says] * 4 + [self.answers] * 2 + [self.corrects, self.reacts, self.takes_back, self.whispers]
            await chance.choice(deeds)(name)
            await asyncio.sleep(chance.uniform(0.2, 2.0))
