"""Whatever happens to the nodes: every command has one answer, is stored once, and one caller's keep their order."""

from __future__ import annotations

import asyncio
import random

import pytest
from unit.bus.chats import Chats, chats, turns
from unit.chat.world import ANNA, BEN, CLEO, DORA, fresh_id, text

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import Accepted, Caller, Post, Submit

PEOPLE = (ANNA, BEN, CLEO, DORA)
STEPS = 60
SEEDS = range(12)


class Said:
    """A command, and what became of its first try."""

    def __init__(self, who: str, command: Submit, future: asyncio.Future[Accepted]) -> None:
        self.who = who
        self.command = command
        self.future = future


class Trouble:
    """Does harm by a seed, always so that it can heal."""

    def __init__(self, stage: Chats, rand: random.Random) -> None:
        self.stage = stage
        self.rand = rand
        self.paused: set[str] = set()
        self.mute: set[str] = set()

    async def strike(self) -> None:
        stage, calls = self.stage, self.stage.calls
        node = self.rand.choice(list(stage.servers))
        match self.rand.randrange(11):
            case 0 if node not in self.paused:
                self.paused.add(node)
                calls.pauses(node)
            case 1 if node not in self.mute:
                self.mute.add(node)
                calls.falls_mute(node)
            case 2:
                self.heal(node)
            case 3:
                calls.drops_answers += self.rand.randrange(3)
            case 4:
                calls.away = not calls.away
                if calls.away:
                    calls.loses("disconnected")
            case 5 if node in stage.live:
                # Suspect: its heartbeats are late, whatever it does.
                stage.live.remove(node)
                if self.rand.random() < 0.5:
                    stage.remote.node_lost(node)
            case 6:
                stage.live = list(stage.servers)
            case 7 if len(stage.servers) < 6:
                self.forget(node)
                calls.dies(node)
                await stage.replaces(node)
            case 10:
                calls.drops_requests += self.rand.randrange(3)
            case 8 if len(stage.servers) < 6:
                stage.servers[node].drain()
                await stage.replaces(node, gone=False)
            case _:
                return

    def heal(self, node: str) -> None:
        if node in self.paused:
            # The process sees the time that passed before it reads what waited.
            self.stage.clocks[node].advance(2.0)
            self.stage.servers[node].beat()
            self.stage.calls.resumes(node)
        if node in self.mute:
            self.stage.calls.speaks(node)
        self.forget(node)

    def forget(self, node: str) -> None:
        self.paused.discard(node)
        self.mute.discard(node)

    def heal_all(self) -> None:
        for node in (*self.paused, *self.mute):
            self.heal(node)
        self.stage.calls.away = False
        self.stage.calls.drops_answers = self.stage.calls.drops_requests = 0
        self.stage.live = list(self.stage.servers)


@pytest.mark.parametrize("seed", SEEDS)
async def test_commands_are_answered_stored_once_and_in_order_whatever_happens_to_the_nodes(seed: int) -> None:
    rand = random.Random(seed)
    async with chats() as stage:
        group = await stage.group(*PEOPLE)
        trouble = Trouble(stage, rand)
        said: list[Said] = []
        for _ in range(STEPS):
            for _ in range(rand.randrange(4)):
                who = rand.choice(PEOPLE)
                command = Submit(group, fresh_id(), text(f"{len(said)}"))
                said.append(Said(who, command, stage.remote.submit(Caller(who), command)))
            if rand.random() < 0.4:
                await trouble.strike()
            await stage.time_passes(rand.choice((0.1, 0.1, 0.3, 1.0)))
        trouble.heal_all()
        await stage.time_passes(12.0)
        assert all(each.future.done() for each in said)
        assert stage.remote.waiting == 0

        stored: dict[str, int] = {}
        for each in said:
            problem = each.future.exception()
            if problem is None:
                stored[each.command.client_id] = each.future.result().seq
                continue
            assert isinstance(problem, ChatError)
            assert problem.code is Code.UNKNOWN_OUTCOME
            again = stage.remote.submit(Caller(each.who), each.command)
            await turns(50)
            assert (await again).seq > 0
        page = await stage.any_node().entries_for_all(group, 0, 200)
        in_log = {entry.client_id: entry.seq for entry in page.entries if isinstance(entry.action, Post)}
        assert len(in_log) == len(page.entries) - 1 == len(said)
        for who in PEOPLE:
            mine = [each.command.client_id for each in said if each.who == who]
            seqs = [stored[client_id] for client_id in mine if client_id in stored]
            assert seqs == sorted(seqs)
            assert all(in_log[client_id] == stored[client_id] for client_id in mine if client_id in stored)
