"""What is said elsewhere and concerns the person: told in passing with a bell, and answered by itself if that is on.

So is what they wanted to come back to, when its time has come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.client import Entry, Kind, Reminder, SignedInEvent
from hubbub.terminal.auto_reply import Asked, asked_of
from hubbub.terminal.commands import Clerk
from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words
from hubbub.terminal.new_devices import was_this_you
from hubbub.terminal.places import mentions
from hubbub.terminal.safe import line, lined_up

if TYPE_CHECKING:
    from hubbub.terminal.view.chat import ChatScreen

TEXT_CHARACTERS = 80


class Noticing:
    """Watches every entry that comes for one screen."""

    def __init__(self, screen: ChatScreen, desk: Desk, clerk: Clerk, words: Words) -> None:
        self._screen = screen
        self._desk = desk
        self._clerk = clerk
        self._words = words

    def heard(self, entry: Entry) -> None:
        """An entry came and was taken in."""
        desk = self._desk
        place = desk.places.get(entry.conversation_id)
        if place is None or not desk.online:
            # What is caught up with is counted, not told one by one.
            return
        sender = desk.people.known.get(entry.sender_id)
        if entry.conversation_id != desk.here and entry.seq > place.read_seq and desk.places.tells_of(place, entry):
            key = "wrote you" if place.kind is Kind.DIRECT else "wrote there"
            if place.kind is not Kind.DIRECT and mentions(entry, desk.me):
                key = "mentioned you"
            self._screen.say(
                self._words(
                    key,
                    name=desk.people.name(entry.sender_id),
                    title=desk.people.title(place),
                    text=line(lined_up(entry.text))[:TEXT_CHARACTERS],
                )
            )
            self._screen.app.bell()
        asked = asked_of(entry, place, sender, desk.me) if self._clerk.auto.on else None
        if asked is not None:
            self._screen.work(self._answer(asked, bot=bool(sender and sender.bot)))

    def signed_in(self, new: SignedInEvent) -> None:
        """Somebody signed in to the account from a device that is new."""
        self._screen.warn(was_this_you(self._words, new))
        self._screen.app.bell()

    def reminded(self, due: list[Reminder]) -> None:
        """The time of reminders has come."""
        self._screen.app.bell()
        if len(due) > 1:
            self._screen.say(self._words("are due", count=len(due)))
        else:
            self._screen.work(self._remind(due[0]))

    async def _remind(self, row: Reminder) -> None:
        text = row.note or await self._desk.said_in(row.conversation_id, row.seq)
        place = self._desk.places.get(row.conversation_id)
        title = self._desk.people.title(place) if place is not None else ""
        self._screen.say(self._words("is due", title=title, text=line(lined_up(text))[:TEXT_CHARACTERS]))

    async def _answer(self, asked: Asked, *, bot: bool) -> None:
        try:
            said = await self._clerk.auto.answer(asked, bot=bot)
        except Exception as exc:  # A hook is anybody's program.
            self._clerk.auto.on = False
            self._screen.say(self._words("hook failed", why=str(exc) or type(exc).__name__))
            return
        if said:
            self._desk.client.send(asked.conversation_id, said)
