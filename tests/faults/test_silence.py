"""A push is lost and then nobody says anything more: whoever is online has the entry all the same.

A whole node with clocks and loops of its own, over a bus that swallows entries after they were published, so that
neither the writer nor its outbox row knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import websockets
from support.fake_chat import FakeAuth, an_id
from support.gateways import Client, nothing_here, texts
from websockets.asyncio.client import connect

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import Body, Caller, ConversationKind, Post, Submit, UserRow
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import EntriesAppended, Event
from hubbub.cluster.sessions import SessionRegistry
from hubbub.gateway.gateway import Gateway
from hubbub.gateway.settings import GatewaySettings
from hubbub.gateway.websocket import protocol_class
from hubbub.server.http import serve
from hubbub.storage.memory.store import MemoryStore
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import SUBPROTOCOL_BINARY

PROMISED_S = 5.0
SMALL, LARGE = 3, 20


class LeakyBus(LocalBus):
    """A bus that swallows entries while it leaks, and says that all is well."""

    leaks = False

    async def publish(self, events: Sequence[Event]) -> None:
        await super().publish([each for each in events if not (self.leaks and isinstance(each, EntriesAppended))])


class Node:
    """Chat and gateway as a server joins them, with people who exist."""

    def __init__(self, people: Sequence[str]) -> None:
        clock = SystemClock()
        self.bus = LeakyBus()
        store = MemoryStore(clock)
        for name in people:
            store.add_user(UserRow(an_id(name), name, name))
        self.chat = ChatNode(store, self.bus, clock)
        registry = SessionRegistry(clock)
        auth = FakeAuth(clock, self.bus)
        self.gateway = Gateway(
            self.chat, auth, lambda hear, _: self.bus.feed(hear), registry, clock, GatewaySettings(), new_id()
        )
        self.port = 0

    async def say(self, who: str, room: str, words: str) -> int:
        done = await self.chat.submit(Caller(an_id(who)), Submit(room, new_id(), Post(Body(text=words))))
        return done.seq


@asynccontextmanager
async def a_node(people: Sequence[str]) -> AsyncIterator[Node]:
    node = Node(people)
    async with AsyncExitStack() as stack:
        await node.chat.start()
        stack.push_async_callback(node.chat.stop)
        await node.gateway.start()
        stack.push_async_callback(node.gateway.stop)
        server = await stack.enter_async_context(serve(nothing_here, protocol_class(node.gateway), graceful_s=1))
        node.port = server.addresses[0][1]
        yield node


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_push_lost_before_a_silence_is_made_good_within_the_promised_time(size: int) -> None:
    people = [f"p{number}" for number in range(size)]
    async with a_node(people) as node:
        owner, *others = map(an_id, people)
        group = await node.chat.create_conversation(
            Caller(owner), new_id(), ConversationKind.GROUP, title="All", user_ids=others
        )
        room = group.conversation.id
        subprotocols = [websockets.Subprotocol(SUBPROTOCOL_BINARY)]
        async with connect(f"ws://127.0.0.1:{node.port}/ws", compression=None, subprotocols=subprotocols) as socket:
            listener = Client(socket, False)
            await listener.hello("p1/phone", resume=pb.Resume(epoch=await node.chat.epoch()))
            await node.say("p0", room, "heard")
            assert await listener.hears() == ["heard"]
            node.bus.leaks = True
            lost = await node.say("p0", room, "swallowed")
            await node.chat.told()
            node.bus.leaks = False
            async with asyncio.timeout(PROMISED_S):
                assert "swallowed" in await learns(listener, room, lost)


async def learns(listener: Client, room: str, seq: int) -> list[str]:
    """Wait for the entry, or for its number, as a client does that then asks for what it lacks."""
    while True:
        frame = await listener.frame()
        match frame.WhichOneof("body"):
            case "entries" if frame.entries.to_seq >= seq:
                return texts(frame.entries)
            case "heads" if any((head.conversation_id, head.seq) == (room, seq) for head in frame.heads.heads):
                asked = pb.GetEntries(conversation_id=room, after_seq=seq - 1)
                return texts((await listener.ask(get_entries=asked)).entry_page)
