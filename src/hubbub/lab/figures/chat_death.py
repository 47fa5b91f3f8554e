"""`chat_death`: a chat node is killed under load, and users of the SDK send on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter

from hubbub.lab.checker import check, owed
from hubbub.lab.figures.figure import Figure, Measured, Stage, seconds
from hubbub.lab.figures.timeline import longest_gap_s, percentile
from hubbub.lab.figures.told import Told
from hubbub.lab.figures.voices import Voice
from hubbub.lab.history import History

PEOPLE = 50
PAUSE_S = 0.25
TARGET_S = 2.0
BEFORE_S, AFTER_S = 5.0, 10.0
SETTLE_S = 15.0


async def chat_death(stage: Stage) -> Measured:
    """Kill one of two chat nodes while people send."""
    people = stage.people(PEOPLE)
    found = Measured(
        how=f"{people} people, each a client of the SDK, send one message, wait for the answer, pause {PAUSE_S} s, and "
        "so on; one of the two chat nodes is killed with SIGKILL. The gap is the longest time between two "
        "acknowledgements of one sender from the kill on, the pause included. An error is what the SDK raised."
    )
    history = History()
    async with stage.cluster() as cluster, contextlib.AsyncExitStack() as stack:
        seats = await stage.seats(cluster, people)
        stage.tell("connecting")
        voices = [Voice(cluster.url, history, seat) for seat in seats]
        for voice in voices:
            await stack.enter_async_context(voice.client)
        await asyncio.gather(*(voice.client.ready(60) for voice in voices))
        rooms = []
        for number, voice in enumerate(voices):
            rooms.append((await voice.client.open_direct(seats[number ^ 1].user_id)).id)
        history.watch(rooms)
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as talking:
            for voice, room in zip(voices, rooms, strict=True):
                talking.create_task(voice.talks(room, PAUSE_S, enough))
            began_ns = time.monotonic_ns()
            await stage.wait(stage.time(BEFORE_S), "talking")
            stage.tell("killing chat-1")
            killed_ns = time.monotonic_ns()
            await cluster.kill("chat-1")
            await stage.wait(stage.time(AFTER_S, least_s=5.0), "talking on")
            ended_ns = time.monotonic_ns()
            enough.set()
        await _settle(history)
        found.judge(Told(missing=owed(history), report=check(history)))
    return _found(found, voices, began_ns, killed_ns, ended_ns)


async def _settle(history: History) -> None:
    """Wait until everybody has everything, or for long enough."""
    deadline = time.monotonic() + SETTLE_S
    while owed(history) and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes bring it about
        await asyncio.sleep(0.2)


def _found(found: Measured, voices: list[Voice], began_ns: int, killed_ns: int, ended_ns: int) -> Measured:
    gaps = [longest_gap_s(voice.acked_ns, killed_ns, ended_ns) for voice in voices]
    usual = percentile((longest_gap_s(voice.acked_ns, began_ns, killed_ns) for voice in voices), 50)
    errors = sum((voice.errors for voice in voices), Counter[str]())
    acked = sum(len(voice.acked_ns) for voice in voices)
    found.note(
        gap_max_s=max(gaps),
        gap_p50_s=percentile(gaps, 50),
        gap_before_p50_s=usual,
        errors=sum(errors.values()),
        acked=acked,
    )
    measured = f"longest {seconds(max(gaps))}, median sender {seconds(percentile(gaps, 50))} (before: {seconds(usual)})"
    what = "a chat node killed under load: longest gap between a sender's acknowledgements"
    found.figures.append(Figure(what=what, target="2 s", measured=measured, reached=max(gaps) <= TARGET_S))
    measured = f"{sum(errors.values())} of {acked:,} sends" + (f" ({dict(errors)})" if errors else "")
    what = "the same: errors that reached a user of the SDK"
    found.figures.append(Figure(what=what, target="0", measured=measured, reached=not errors))
    return found
