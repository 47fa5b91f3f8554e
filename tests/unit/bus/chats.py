"""Two chat nodes over one log, and somebody who asks them over a bus that obeys the test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from support.fake_calls import FakeCalls
from unit.chat.stage import QUICK
from unit.chat.world import ANNA, BEN, CLEO, DORA, fresh_id, text

from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.bus.chat_server import ChatServer, ChatServerSettings
from hubbub.bus.choosing import Choosing
from hubbub.bus.local import LocalBus
from hubbub.bus.remote_chat import RemoteChat, RemoteChatSettings
from hubbub.chat.model import Accepted, Caller, ConversationKind, Entry, Post, Submit, UserRow
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import Changes, Committed, Facts, Needs
from hubbub.storage.memory.store import MemoryStore

ONE, TWO = "1" * 32, "2" * 32
PEOPLE = (ANNA, BEN, CLEO, DORA)


class SlowStore(MemoryStore):
    """A store that may be held up."""

    gate: asyncio.Event | None = None

    async def commit(self, needs: Needs, plan: Callable[[Facts], Changes]) -> Committed:
        if self.gate is not None:
            await self.gate.wait()
        return await super().commit(needs, plan)

    async def hide(self, user_id: str, conversation_id: str, seq: int) -> None:
        if self.gate is not None:
            await self.gate.wait()
        await super().hide(user_id, conversation_id, seq)


class Chats:
    """The stage."""

    def __init__(self, settings: RemoteChatSettings, server_settings: ChatServerSettings) -> None:
        self.clock = ManualClock()
        self.calls = FakeCalls(self.clock)
        self.store = SlowStore(self.clock)
        for number, user_id in enumerate(PEOPLE):
            self.store.add_user(UserRow(user_id, f"user{number}", f"User {number}"))
        self.bus = LocalBus()
        self.live = [ONE, TWO]
        """What the asker believes to serve."""
        self.nodes = {name: ChatNode(self.store, self.bus, self.clock, QUICK) for name in (ONE, TWO)}
        self.clocks = {name: ManualClock() for name in self.nodes}
        """What each node's process sees of time: while it is stopped, others go on."""
        self.servers = {
            name: ChatServer(node, self.calls, self.clocks[name], server_settings) for name, node in self.nodes.items()
        }
        self._server_settings = server_settings
        self._after: contextlib.AsyncExitStack | None = None
        self.remote = RemoteChat(self.calls, lambda: self.live, self.clock, settings)

    async def opens(self, after: contextlib.AsyncExitStack) -> None:
        """Start the nodes; `after` stops them."""
        self._after = after
        for name in list(self.nodes):
            await self._starts(name)

    async def replaces(self, node: str, *, gone: bool = True) -> str:
        """Let a new node take the place of one that died or drains; return its name."""
        assert self._after is not None
        name = new_id()
        self.clocks[name] = ManualClock()
        self.nodes[name] = ChatNode(self.store, self.bus, self.clock, QUICK)
        self.servers[name] = ChatServer(self.nodes[name], self.calls, self.clocks[name], self._server_settings)
        await self._starts(name)
        if node in self.live:
            self.live.remove(node)
        self.live.append(name)
        if gone:
            del self.servers[node]
        return name

    async def _starts(self, name: str) -> None:
        assert self._after is not None
        await self.nodes[name].start()
        self._after.push_async_callback(self.nodes[name].stop)
        await self.servers[name].start(name)
        self._after.push_async_callback(self.servers[name].stop)

    def any_node(self) -> ChatNode:
        """Return some node that serves."""
        return self.nodes[self.live[0]]

    def node_of(self, user_id: str) -> str:
        """Return the node this person's commands go to while both serve."""
        return Choosing().choose(user_id, (ONE, TWO))

    def other(self, node: str) -> str:
        return TWO if node == ONE else ONE

    def store_waits_for(self, gate: asyncio.Event) -> None:
        """Nothing is stored until the gate is open."""
        self.store.gate = gate

    def vanishes(self, node: str) -> None:
        """The node's process is killed: the bus knows it at once, the list of nodes later."""
        self.calls.dies(node)

    def submits(self, who: str, conversation_id: str, count: int) -> list[asyncio.Future[Accepted]]:
        """Send messages without waiting for answers."""
        return [
            self.remote.submit(Caller(who), Submit(conversation_id, fresh_id(), text(f"{number}")))
            for number in range(count)
        ]

    async def group(self, *people: str) -> str:
        state = await self.nodes[ONE].create_conversation(
            Caller(people[0]), fresh_id(), ConversationKind.GROUP, title="The group", user_ids=people[1:]
        )
        return state.conversation.id

    async def texts(self, conversation_id: str) -> list[str]:
        """Return what was said, in the order of the log."""
        page = await self.nodes[ONE].entries_for_all(conversation_id, 0, 200)
        return [words_of(entry) for entry in page.entries if isinstance(entry.action, Post)]

    async def time_passes(self, seconds: float) -> None:
        """Move the clock in small steps, doing whatever is due; answers arrive in between."""
        passed = 0.0
        while passed < seconds - 1e-9:
            self.clock.advance(0.1)
            passed += 0.1
            for name, server in self.servers.items():
                self.clocks[name].advance(0.1)
                server.beat()
            self.calls.keeps_deadlines()
            self.remote.tick()
            await turns()


def words_of(entry: Entry) -> str:
    assert isinstance(entry.action, Post)
    return entry.action.body.text


async def turns(count: int = 20) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(claim: Callable[[], bool]) -> None:
    """Wait until the claim holds."""
    async with asyncio.timeout(5):
        while not claim():
            await turns(1)


@contextlib.asynccontextmanager
async def chats(
    settings: RemoteChatSettings | None = None, server_settings: ChatServerSettings | None = None
) -> AsyncIterator[Chats]:
    """Set the stage and take it down; the remote chat's loop does not run: `time_passes` ticks."""
    stage = Chats(settings or RemoteChatSettings(), server_settings or ChatServerSettings(linger_s=0.005))
    async with contextlib.AsyncExitStack() as after:
        await stage.opens(after)
        after.push_async_callback(stage.remote.stop)
        yield stage
