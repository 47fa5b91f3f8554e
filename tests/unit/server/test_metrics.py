"""What the parts count is shown under the names operators look for."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, generate_latest
from unit.bus.chats import chats, turns
from unit.chat.world import ANNA, BEN

from hubbub.server.metrics import AskingMetrics


async def test_requests_to_chat_nodes_are_counted_while_they_are_open_and_when_they_are_repeated() -> None:
    async with chats() as stage:
        registry = CollectorRegistry()
        registry.register(AskingMetrics(stage.remote))
        group = await stage.group(ANNA, BEN)
        stage.calls.pauses(stage.node_of(ANNA))
        sent = stage.submits(ANNA, group, 3)
        await turns()
        assert b"hubbub_chat_calls_open 3.0" in generate_latest(registry)
        stage.calls.dies(stage.node_of(ANNA))
        await asyncio.gather(*sent)
        shown = generate_latest(registry)
        assert b"hubbub_chat_calls_open 0.0" in shown
        assert b"hubbub_chat_calls_repeated_total 3.0" in shown
