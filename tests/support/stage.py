"""Plays: people on a real server, who say and hear.

    romeo, juliet = await stage.enter("romeo", "juliet")
    await romeo.says(juliet, "Soft!")
    assert await juliet.hears() == ["Soft!"]

A play runs over every transport.  Names are of one play alone, so that one house can stage many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from support.house import PASSWORD, House

from hubbub.base.ids import new_id
from hubbub.client import (
    Accepted,
    Client,
    Conversation,
    Entry,
    EntryEvent,
    Event,
    ExponentialBackoff,
    HttpApi,
    Transport,
)
from hubbub.client.events import EventStream
from hubbub.client.models import Post

HEAR_S = 10.0
"""How long an actor listens before it is clear that nothing comes."""

Heard = TypeVar("Heard")
Place = Conversation | str


class Actor:
    """One person with one device."""

    def __init__(self, stage: Play, name: str, user_id: str, device_id: str, store: Path | None) -> None:
        self._stage = stage
        self.door = ""
        """The address it comes in by; empty: where the server sends it."""
        self.name = name
        """The name in the play; on the server it has a suffix."""
        self.user_id = user_id
        self.device_id = device_id
        self._store = store
        self._client: Client | None = None
        self._events: EventStream | None = None
        self.entries: list[Entry] = []
        """Every entry this device was shown, in the order it was."""

    @property
    def client(self) -> Client:
        assert self._client is not None, f"{self.name} is offline"
        return self._client

    @property
    def username(self) -> str:
        return self._stage.username(self.name)

    # ------------------------------------------------------------ coming and going

    async def returns(self, *, timeout: float = 15.0) -> None:
        """Connect, with what the device remembers, and catch up."""
        client = Client(
            self._stage.http,
            username=self.username,
            password=PASSWORD,
            device_id=self.device_id,
            store=self._store,
            transport=self._stage.transport,
            address=self.door,
            since="unread",
            receipts=True,
            backoff=ExponentialBackoff(first_s=0.05, ceiling_s=0.5),
        )
        self._events = client.events()
        self._client = await client.__aenter__()
        try:
            await client.ready(timeout)
            self.user_id = client.user_id
        except BaseException:
            await self.goes_offline()
            raise

    async def goes_offline(self) -> None:
        """Close the program; the device keeps what it remembers."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def loses_the_connection(self) -> None:
        """Cut the connection under the client, which then connects again by itself."""
        session = self.client._upkeep.session
        if session is not None:
            session.abort()

    async def logs_out(self) -> None:
        """End the login."""
        await self.client.log_out()
        await self.goes_offline()

    # ------------------------------------------------------------ speaking

    async def says(self, to: Actor | Place, text: str, **options: Any) -> Accepted:
        """Send a text to a person or a conversation, and wait until it is stored."""
        return await self.client.send(await self.place(to), text, **options)

    async def place(self, to: Actor | Place) -> str:
        """Return the id of a conversation, or of the private chat with a person."""
        if isinstance(to, Actor):
            return (await self.client.open_direct(to.user_id)).id
        return to if isinstance(to, str) else to.id

    async def gathers(self, title: str, *others: Actor, client_id: str = "") -> Conversation:
        """Make a group."""
        return await self.client.create_group(title, [other.user_id for other in others], client_id=client_id)

    # ------------------------------------------------------------ hearing

    async def hears(self, count: int = 1, *, where: Place | None = None) -> list[str]:
        """Return the texts of the next `count` messages of others."""
        return [entry.text for entry in await self.sees(count, where=where)]

    async def sees(self, count: int = 1, *, where: Place | None = None) -> list[Entry]:
        """Return the next `count` messages of others, wherever they were said unless `where` is given."""
        place = where if where is None or isinstance(where, str) else where.id

        def wanted(entry: Entry) -> Entry | None:
            theirs = entry.sender_id != self.user_id and isinstance(entry.action, Post)
            return entry if theirs and place in (None, entry.conversation_id) else None

        return [await self.awaits_entry(wanted) for _ in range(count)]

    async def awaits_entry(self, wanted: Callable[[Entry], Heard | None]) -> Heard:
        """Return the first thing `wanted` makes of an entry to come."""
        return await self.awaits(lambda event: wanted(event.entry) if isinstance(event, EntryEvent) else None)

    async def awaits(self, wanted: Callable[[Event], Heard | None]) -> Heard:
        """Return the first thing `wanted` makes of an event to come."""
        assert self._events is not None
        try:
            async with asyncio.timeout(HEAR_S):
                async for event in self._events:
                    if isinstance(event, EntryEvent):
                        self.entries.append(event.entry)
                    found = wanted(event)
                    if found is not None:
                        self._events.done()
                        return found
        except TimeoutError:
            raise AssertionError(f"{self.name} waited in vain") from None
        raise AssertionError(f"{self.name} was thrown out: {self.client.error}")

    async def hears_nothing(self) -> None:
        """Make sure that nothing more came up to now.

        A message to oneself is the mark: it is stored after everything before it, and its own log is shown in order.
        """
        notes = await self.place(self)
        mark = await self.client.send(notes, "is anybody there?")
        texts: list[str] = []

        def until_mark(entry: Entry) -> bool | None:
            if (entry.conversation_id, entry.seq) == (notes, mark.seq):
                return True
            if entry.sender_id != self.user_id and isinstance(entry.action, Post):
                texts.append(entry.text)
            return None

        await self.awaits_entry(until_mark)
        assert texts == [], f"{self.name} heard {texts}"


class Play:
    """One play, over one transport; where it is staged, its kinds say."""

    def __init__(self, transport: Transport | str, folder: Path) -> None:
        self.transport = transport
        self._folder = folder
        self._suffix = new_id()[-8:]
        self._exits = AsyncExitStack()

    @property
    def http(self) -> str:
        """Where accounts are made and people log in."""
        raise NotImplementedError

    def username(self, name: str) -> str:
        """Return what somebody of this play is called on the server."""
        return f"{name}-{self._suffix}"

    async def enter(self, *names: str) -> list[Actor]:
        """Register people and let each come online with a device that remembers."""
        return list(await asyncio.gather(*map(self._enters, names)))

    async def another_device(self, actor: Actor) -> Actor:
        """Let somebody come online with a second device."""
        twin = self.twin(actor, same_device=False)
        await twin.returns()
        return twin

    def twin(self, actor: Actor, *, same_device: bool = True) -> Actor:
        """Return the same person once more, offline, with an empty device."""
        return self._actor(actor.name, actor.user_id, actor.device_id if same_device else "")

    def known(self, name: str) -> Actor:
        """Return somebody who has an account already, offline."""
        return self._actor(name, "")

    async def registered(self, name: str) -> Actor:
        """Make an account whose person stays away for now."""
        async with HttpApi(self.http) as http:
            user = await http.register(self.username(name), PASSWORD, name.capitalize())
        return self._actor(name, user.id)

    async def close(self) -> None:
        """End the play."""
        await self._exits.aclose()

    async def _enters(self, name: str) -> Actor:
        actor = await self.registered(name)
        await actor.returns()
        return actor

    def _actor(self, name: str, user_id: str, device_id: str = "") -> Actor:
        actor = Actor(self, name, user_id, device_id or new_id(), self._folder / f"{name}-{new_id()}.db")
        self._exits.push_async_callback(actor.goes_offline)
        return actor


class Stage(Play):
    """A play in one house."""

    def __init__(self, house: House, transport: Transport | str, folder: Path) -> None:
        super().__init__(transport, folder)
        self.house = house

    @property
    def http(self) -> str:
        return self.house.http


def texts(entries: Sequence[Entry]) -> list[str]:
    """Return the texts of messages."""
    return [entry.text for entry in entries if isinstance(entry.action, Post)]
