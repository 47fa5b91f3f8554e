"""The people of a fault lab: they talk, edit, come, go and are removed, each with every raw frame recorded.

They use the SDK as any program would, retry as it does, and take a refusal for an answer.  What they do is drawn from
their own dice, so that a seed gives the same people; when it happens depends on the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence

from hubbub.base.error_table import Code
from hubbub.client.backoff import ExponentialBackoff
from hubbub.client.client import Client
from hubbub.client.connection import Direction, Link, Receiver, Tap
from hubbub.client.errors import HubbubError
from hubbub.client.http import HttpApi
from hubbub.client.models import Accepted, MemberAction
from hubbub.client.outbox import Pending
from hubbub.client.websocket import open_websocket
from hubbub.lab.frames import FrameRecorder
from hubbub.lab.history import History
from hubbub.wire import hubbub_pb2 as pb

PASSWORD = "a glooming peace this morning"
PACE_S = 0.3
"""Longest pause between two things one person does."""


class Person:
    """One SDK client with a recorder at its socket."""

    def __init__(
        self, server: str, history: History, username: str, user_id: str, device: str = "", *, pace_s: float = PACE_S
    ) -> None:
        self.server = server
        self.username = username
        self.user_id = user_id
        self.recorder = FrameRecorder(history, user_id, device)
        self._pace_s = pace_s
        self.rooms: list[str] = []
        self.others: list[str] = []
        self.link: Link | None = None
        self.mine: list[tuple[str, int]] = []
        self.client = Client(
            server,
            username=username,
            password=PASSWORD,
            on_raw=self._tap,
            connector=self._connect,
            backoff=ExponentialBackoff(first_s=0.05, ceiling_s=0.5),
            heartbeat_s=2.0,
            send_timeout_s=None,
        )

    async def _connect(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        self.link = await open_websocket(address, receiver, tap)
        return self.link

    def _tap(self, direction: Direction, data: bytes, _: int) -> None:
        if direction == "out":
            self.recorder.sent(pb.ClientFrame.FromString(data))
        else:
            self.recorder.received(pb.ServerFrame.FromString(data))

    async def lives(self, dice: random.Random, awake: asyncio.Event) -> None:
        """Do one thing after another while awake, until cancelled."""
        while True:
            await awake.wait()
            with contextlib.suppress(HubbubError, TimeoutError):
                async with asyncio.timeout(20):
                    await self._acts(dice, dice.choice(self.rooms))
            await asyncio.sleep(dice.random() * self._pace_s)

    async def _acts(self, dice: random.Random, room: str) -> None:
        client, what = self.client, dice.random()
        if client.unanswered > 30:
            return
        if what < 0.50:
            mentions = [dice.choice(self.others)] if dice.random() < 0.1 else []
            self._keep(client.send(room, f"{dice.random()}", mentions=mentions), room)
        elif what < 0.62:
            for number in range(dice.randint(2, 6)):  # a burst, each waiting for none of the ones before
                self._keep(client.send(room, f"burst {number}"), room)
        elif what < 0.72 and self.mine:
            client.edit(*self.mine[dice.randrange(len(self.mine))], f"edited {dice.random()}")
        elif what < 0.77 and self.mine:
            client.recall(*self.mine.pop(dice.randrange(len(self.mine))))
        elif what < 0.86:
            seq = max([1, *(seq for name, seq in self.mine if name == room)])
            await client.mark(room, read=dice.randint(1, seq), delivered=seq)
        elif what < 0.91 and self.mine:
            client.react(*self.mine[-1], dice.choice("👍🎉"), set=dice.random() < 0.7)
        elif what < 0.95:
            await client.history(room, limit=20)
        elif what < 0.98 and self.link is not None:
            self.link.abort()  # and come back on whichever node the cluster says

    def _keep(self, pending: Pending, room: str) -> None:
        """Remember a message once its number is known."""

        def settled(done: asyncio.Future[Accepted]) -> None:
            if not done.cancelled() and done.exception() is None:
                self.mine.append((room, done.result().seq))
                del self.mine[:-200]

        pending.future.add_done_callback(settled)


class Crowd:
    """Everybody, and the conversations they share."""

    def __init__(self, server: str, history: History, dice: random.Random, *, pace_s: float = PACE_S) -> None:
        """`pace_s`: the longest pause between two things one person does."""
        self._server = server
        self._history = history
        self._dice = dice
        self._pace_s = pace_s
        self.people: list[Person] = []
        self.owners: dict[str, Person] = {}
        """By conversation: who owns it and so may read all of it."""
        self.awake = asyncio.Event()
        """While it is set people act."""
        self._moving: list[tuple[Person, str, list[str]]] = []

    async def gather(self, count: int, stack: contextlib.AsyncExitStack) -> None:
        """Register people, connect them, and put them into conversations of every sort."""
        async with HttpApi(self._server) as http:
            for number in range(count):
                user = await http.register(f"person{number}", PASSWORD, f"Person {number}")
                person = Person(self._server, self._history, user.username, user.id, pace_s=self._pace_s)
                self.people.append(person)
        ids = [person.user_id for person in self.people]
        for person in self.people:
            person.others = [each for each in ids if each != person.user_id]
            await stack.enter_async_context(person.client)
        await asyncio.gather(*(person.client.ready(60) for person in self.people))
        people = self.people
        await self._group("everyone", people[0], people[1:])
        await self._group("few", people[1], people[2:6])
        guests = await self._group("guests", people[0], people[1:8])
        # Around the number of members from which a conversation is addressed by its own subject.
        edge = await self._group("edge", people[2], [*people[:2], *people[3:16]])
        for one, other in zip(people[::2], people[1::2], strict=False):
            private = await one.client.open_direct(other.user_id)
            self._share(private.id, one, [other])
        self._history.watch(self.owners)
        self._moving = [(people[0], guests, ids[1:8]), (people[2], edge, ids[12:20])]

    async def _group(self, title: str, owner: Person, members: Sequence[Person]) -> str:
        group = await owner.client.create_group(title, [member.user_id for member in members])
        self._share(group.id, owner, members)
        return group.id

    def _share(self, room: str, owner: Person, members: Sequence[Person]) -> None:
        self.owners[room] = owner
        for person in (owner, *members):
            person.rooms.append(room)

    async def live(self) -> None:
        """Have everybody act whenever they are awake, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for person in self.people:
                tasks.create_task(person.lives(random.Random(self._dice.random()), self.awake))
            for owner, room, guests in self._moving:
                tasks.create_task(self._come_and_go(owner, room, guests, random.Random(self._dice.random())))

    async def _come_and_go(self, owner: Person, room: str, guests: Sequence[str], dice: random.Random) -> None:
        """Remove and add people while they write there."""
        members = {person.user_id for person in self.people if room in person.rooms}
        inside = {user_id: user_id in members for user_id in guests}
        while True:
            await self.awake.wait()
            user_id = dice.choice(list(inside))
            action = MemberAction.REMOVE if inside[user_id] else MemberAction.ADD
            with contextlib.suppress(HubbubError, TimeoutError):
                async with asyncio.timeout(20):
                    await owner.client.change_members(room, action, [user_id])
                inside[user_id] = not inside[user_id]
            await asyncio.sleep(dice.random())

    async def audit(self) -> None:
        """Read every state afresh, and every log as a whole through its owner."""
        for person in self.people:
            fresh = Person(self._server, self._history, person.username, person.user_id, device="fresh")
            async with fresh.client as client:
                await client.ready(60)
                await client.conversations()
                for room in [room for room, owner in self.owners.items() if owner is person]:
                    await self._audit(client, room)

    async def _audit(self, client: Client, room: str) -> None:
        after, found, head = 0, set[int](), 1
        while after < head:
            page = await client.entries(room, after=after, limit=200)
            found.update(entry.seq for entry in page.entries)
            if page.to_seq <= after:
                raise HubbubError(Code.INTERNAL_ERROR, "A page of the log gets nowhere.")
            after, head = page.to_seq, page.as_of
        self._history.audit(room, head, found)
