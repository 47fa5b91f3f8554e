"""The server is killed again and again in the middle of load; afterwards nothing acknowledged is missing or doubled.

Twenty people talk through the SDK, each with every raw frame recorded at the socket.  The server process gets SIGKILL
at moments drawn from a fixed seed and is started again on the same folder and port.  At the end the load stops, and
within five seconds everybody who is online has everything; then the whole log is read through fresh logins and the
checker judges all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from hubbub.client.backoff import ExponentialBackoff
from hubbub.client.client import Client
from hubbub.client.connection import Direction, Link, Receiver, Tap
from hubbub.client.errors import HubbubError
from hubbub.client.models import Accepted, MemberAction, State
from hubbub.client.outbox import Pending
from hubbub.client.websocket import open_websocket
from hubbub.lab.checker import check, owed
from hubbub.lab.frames import FrameRecorder
from hubbub.lab.history import History
from hubbub.lab.load.client import Seat
from hubbub.lab.load.seed import seed
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer
from hubbub.wire import hubbub_pb2 as pb

SEED = 20_061_989
PEOPLE = 20
KILLS = 12
WHOLE_AGAIN_S = 5.0
"""Within this time after the system is whole everybody online has everything."""


class Person:
    """One of the twenty: an SDK client with a recorder at its socket."""

    def __init__(self, server: OwnServer, history: History, seat: Seat, device: str = "") -> None:
        self.seat = seat
        self.recorder = FrameRecorder(history, seat.user_id, device)
        self.rooms: list[str] = []
        self.others: list[str] = []
        self.link: Link | None = None
        self.mine: list[tuple[str, int]] = []
        self.client = Client(
            server.http,
            token=seat.token,
            on_raw=self._tap,
            connector=self._connect,
            backoff=ExponentialBackoff(first_s=0.05, ceiling_s=0.5),
            send_timeout_s=60,
        )

    async def _connect(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        self.link = await open_websocket(address, receiver, tap)
        return self.link

    def _tap(self, direction: Direction, data: bytes, _: int) -> None:
        if direction == "out":
            self.recorder.sent(pb.ClientFrame.FromString(data))
        else:
            self.recorder.received(pb.ServerFrame.FromString(data))

    async def lives(self, dice: random.Random, until: asyncio.Event) -> None:
        """Do one thing after another; a refusal is an answer like any other."""
        while not until.is_set():
            room = dice.choice(self.rooms)
            with contextlib.suppress(HubbubError):
                await self._acts(dice, room)
            await asyncio.sleep(dice.random() * 0.02)

    async def _acts(self, dice: random.Random, room: str) -> None:
        client, what = self.client, dice.random()
        if what < 0.55:
            mentions = [dice.choice(self.others)] if dice.random() < 0.1 else []
            self._keep(client.send(room, f"{dice.random()}", mentions=mentions), room)
        elif what < 0.65:
            for number in range(dice.randint(2, 6)):  # a burst, each waiting for none of the ones before
                self._keep(client.send(room, f"burst {number}"), room)
        elif what < 0.75 and self.mine:
            client.edit(*self.mine[dice.randrange(len(self.mine))], f"edited {dice.random()}")
        elif what < 0.80 and self.mine:
            client.recall(*self.mine.pop(dice.randrange(len(self.mine))))
        elif what < 0.88:
            seq = max([1, *(seq for name, seq in self.mine if name == room)])
            await client.mark(room, read=dice.randint(1, seq), delivered=seq)
        elif what < 0.93 and self.mine:
            client.react(*self.mine[-1], dice.choice("👍🎉"), set=dice.random() < 0.7)
        elif what < 0.96:
            await client.history(room, limit=20)
        elif what < 0.97 and self.link is not None:
            self.link.abort()
        elif client.unanswered < 20:
            await asyncio.sleep(0.1)

    def _keep(self, pending: Pending, room: str) -> None:
        """Remember a message once its number is known."""

        def settled(done: asyncio.Future[Accepted]) -> None:
            if not done.cancelled() and done.exception() is None:
                self.mine.append((room, done.result().seq))

        pending.future.add_done_callback(settled)


async def eventually(what: str, is_so: Callable[[], bool], timeout_s: float) -> None:
    """Wait for something that has a deadline."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took longer than {timeout_s:g} s"
        await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_killing_the_server_at_any_moment_loses_doubles_and_swaps_nothing(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    data = tmp_path / "data"
    seats, _ = await asyncio.to_thread(seed, data, people=PEOPLE)
    history = History()
    server = OwnServer(data, environ=OPEN_LIMITS)
    await asyncio.to_thread(server.start)
    people = [Person(server, history, seat) for seat in seats]
    try:
        async with contextlib.AsyncExitStack() as stack:
            for person in people:
                await stack.enter_async_context(person.client)
                await person.client.ready()
            owners, guests = await make_rooms(people, history)
            over = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                for person in people:
                    tasks.create_task(person.lives(random.Random(dice.random()), over))
                tasks.create_task(members_come_and_go(people[0], guests, random.Random(dice.random()), over))
                for _ in range(KILLS):
                    await asyncio.sleep(0.2 + dice.random() * 1.2)
                    server.kill()
                    await asyncio.to_thread(server.start)
                await asyncio.sleep(1.0)
                over.set()
            await everybody(people, lambda person: person.client.flush(timeout=30))
            await eventually("reconnecting", lambda: all(p.client.state is State.ONLINE for p in people), 30)
            with contextlib.suppress(AssertionError):
                await eventually("catching up", lambda: not owed(history), WHOLE_AGAIN_S)
            assert owed(history) == []
        await audit(server, history, people, owners)
    finally:
        code = await asyncio.to_thread(server.stop)
    report = check(history)
    assert report.clean, f"{report}\n{server.log()[-3000:]}"
    assert report.accepted > 500, str(report)
    assert code == 0


async def everybody(people: list[Person], act: Callable[[Person], Awaitable[object]]) -> None:
    """Have all of them do it at once."""
    await asyncio.gather(*(act(person) for person in people))


async def make_rooms(people: list[Person], history: History) -> tuple[dict[str, Person], str]:
    """Put everybody into groups and private chats; return who owns each, and the one whose members come and go."""
    ids = [person.seat.user_id for person in people]
    for person in people:
        person.others = [user_id for user_id in ids if user_id != person.seat.user_id]
    owners: dict[str, Person] = {}
    guests = ""
    for title, owner, members in (("everyone", 0, range(PEOPLE)), ("few", 1, range(1, 6)), ("guests", 0, range(8))):
        group = await people[owner].client.create_group(title, [ids[at] for at in members if at != owner])
        owners[group.id], guests = people[owner], group.id
        for at in members:
            people[at].rooms.append(group.id)
    for one, other in zip(people[::2], people[1::2], strict=True):
        private = await one.client.open_direct(other.seat.user_id)
        owners[private.id] = one
        one.rooms.append(private.id)
        other.rooms.append(private.id)
    history.watch(owners)
    return owners, guests


async def members_come_and_go(owner: Person, room: str, dice: random.Random, until: asyncio.Event) -> None:
    """Remove and add people while they write there."""
    inside = dict.fromkeys(owner.others[:7], True)
    while not until.is_set():
        user_id = dice.choice(list(inside))
        inside[user_id] = not inside[user_id]
        action = MemberAction.ADD if inside[user_id] else MemberAction.REMOVE
        with contextlib.suppress(HubbubError):
            await owner.client.change_members(room, action, [user_id])
        await asyncio.sleep(dice.random() * 0.4)


async def audit(server: OwnServer, history: History, people: list[Person], owners: dict[str, Person]) -> None:
    """Read every state afresh, and every log as a whole through its owner."""
    for person in people:
        fresh = Person(server, history, person.seat, device="fresh")
        async with fresh.client as client:
            await client.ready()
            await client.conversations()
            for name in [name for name, owner in owners.items() if owner is person]:
                after, found, head = 0, set[int](), 1
                while after < head:
                    page = await client.entries(name, after=after, limit=200)
                    found.update(entry.seq for entry in page.entries)
                    assert page.to_seq > after, "a page that gets nowhere"
                    after, head = page.to_seq, page.as_of
                history.audit(name, head, found)
        await read_by_rest(server, person, history)


async def read_by_rest(server: OwnServer, person: Person, history: History) -> None:
    """What REST shows of a log is what the frames showed."""
    headers = {"authorization": f"Bearer {person.seat.token}"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, timeout=10) as http:
        for room in person.rooms:
            answer = await http.get(f"/api/v1/conversations/{room}/messages", params={"limit": 50})
            assert answer.status_code == 200, answer.text
            log = history.logs[room]
            for item in answer.json()["items"]:
                assert log.client_id[log.slot_of[int(item["seq"])]] == item["client_id"]
