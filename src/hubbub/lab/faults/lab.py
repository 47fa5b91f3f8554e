"""One experiment: a cluster, people who use it, faults drawn from a seed, and a verdict over everything recorded.

Faults are injected while people talk.  After every few the load rests, everything is whole, and within five seconds
everybody who is online must have everything; then it goes on.  At the end each log and each state is read
afresh, and the checker judges the whole history.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from hubbub.client.models import State
from hubbub.lab.checker import KINDS as CHECKS
from hubbub.lab.checker import Report, check, owed_by_user
from hubbub.lab.cluster import ClusterPlan
from hubbub.lab.faults.kinds import KINDS, NOTHING
from hubbub.lab.faults.people import Crowd
from hubbub.lab.faults.world import World
from hubbub.lab.history import History
from hubbub.lab.servers import ServerFailed

WHOLE_S = 5.0
"""Within this time after the system is whole everybody who is online has everything."""
RECONNECT_S = 30.0
BETWEEN_S = (0.2, 1.0)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do; the same plan draws the same faults."""

    seed: int
    faults: int
    kinds: tuple[str, ...] = tuple(KINDS)
    people: int = 20
    cluster: ClusterPlan = ClusterPlan()
    rest_every: int = 8
    """Faults between two rests."""

    def schedule(self, dice: random.Random) -> list[str]:
        """Return the kinds in the order of their injection: all of them before any comes again."""
        order: list[str] = []
        while len(order) < self.faults:
            round_ = list(self.kinds)
            dice.shuffle(round_)
            order += round_
        return order[: self.faults]


class Injected(msgspec.Struct, frozen=True):
    """One fault that was injected."""

    number: int
    kind: str
    words: str
    took_s: float


class Outcome(msgspec.Struct, kw_only=True):
    """What came of an experiment."""

    plan: Plan
    injected: list[Injected] = []
    report: Report = msgspec.field(default_factory=Report)
    late: list[str] = []
    """What somebody online lacked five seconds after all was whole, in words."""
    stuck: list[str] = []
    """What did not come back to life in time, in words."""
    catch_up_s: list[float] = []
    """How long each rest took from all being whole to everybody having everything."""
    reconnect_s: list[float] = []
    took_s: float = 0.0

    @property
    def checks(self) -> dict[str, int]:
        """How often each check failed."""
        found = {kind: int(getattr(self.report, kind)) for kind in CHECKS}
        return {**found, "late": len(self.late), "stuck": len(self.stuck)}

    @property
    def violations(self) -> int:
        return sum(self.checks.values())

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind was injected; what was left out or found nothing to harm does not count."""
        return dict(sorted(Counter(one.kind for one in self.injected if not one.words.startswith(NOTHING)).items()))


class Lab:
    """Runs one plan."""

    def __init__(self, plan: Plan, folder: Path, tell: Callable[[Injected], None] = lambda _: None) -> None:
        self.outcome = Outcome(plan=plan)
        self._plan = plan
        self._folder = folder
        self._tell = tell
        self._history = History()
        self._dice = random.Random(plan.seed)
        self._world: World
        self._crowd: Crowd

    async def run(self) -> Outcome:
        """Do it all; raises only what stands in the way of the experiment itself."""
        began = time.monotonic()
        outcome, plan = self.outcome, self._plan
        schedule = plan.schedule(self._dice)
        async with World(self._folder, plan.cluster, self._dice) as world, contextlib.AsyncExitStack() as stack:
            self._world = world
            self._crowd = crowd = Crowd(world.cluster.url, self._history, self._dice)
            await crowd.gather(plan.people, stack)
            living = asyncio.create_task(crowd.live(), name="the crowd")
            try:
                await self._inject_all(schedule, living)
            finally:
                living.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await living
            await crowd.audit()
        outcome.report = check(self._history)
        outcome.took_s = time.monotonic() - began
        return outcome

    async def _inject_all(self, schedule: Sequence[str], living: asyncio.Task[None]) -> None:
        crowd = self._crowd
        crowd.awake.set()
        for number, kind in enumerate(schedule, 1):
            await self._world.wait(*BETWEEN_S)
            if living.done():
                living.result()
            began = time.monotonic()
            try:
                words = await KINDS[kind](self._world)
            except ServerFailed as failure:
                words = f"{failure.name} {failure.what}"
                self.outcome.stuck.append(f"fault {number}: {words}")
            injected = Injected(number, kind, words, time.monotonic() - began)
            self.outcome.injected.append(injected)
            self._tell(injected)
            if number % self._plan.rest_every == 0 or number == len(schedule):
                await self._rest()

    async def _rest(self) -> None:
        """Let the load rest and everything be whole, and see that nobody lacks anything in time.

        Everybody has their own time: it runs from the last command being stored, and for who was away then, from their
        return.  So one who is slow to come back gives no time to the others.
        """
        crowd, outcome = self._crowd, self.outcome
        self._world.mend()
        after = f"after fault {len(outcome.injected)}"
        try:
            await self._world.cluster.wait_ready()
        except ServerFailed as failure:
            outcome.stuck.append(f"{after}: {failure.name} {failure.what}")
        crowd.awake.clear()
        whole = time.monotonic()
        flushing = [asyncio.ensure_future(person.client.flush(timeout=RECONNECT_S)) for person in crowd.people]
        online: dict[str, float] = {}
        late: dict[str, list[str]] = {}
        settled = 0.0
        while True:
            now = time.monotonic()
            for person in crowd.people:
                if person.client.state is State.ONLINE:
                    online.setdefault(person.user_id, now)
                else:
                    online.pop(person.user_id, None)
            if not settled and all(flush.done() for flush in flushing):
                settled = now
            missing = owed_by_user(self._history)
            if settled:
                late |= {
                    user: words
                    for user, words in missing.items()
                    if now - max(settled, online.get(user, now)) > WHOLE_S
                }
                if len(online) == len(crowd.people) and not missing.keys() - late.keys():
                    break
            if now - whole > 2 * RECONNECT_S:
                break
            await asyncio.sleep(0.05)
        for flush in flushing:
            if not flush.done() or flush.exception() is not None:
                flush.cancel()
                outcome.stuck.append(f"{after}: a command has no answer")
        away = [
            f"{person.username} is {person.client.state} ({person.client.error!r})"
            for person in crowd.people
            if person.user_id not in online
        ]
        if away:
            outcome.stuck.append(f"{after}: not online again: {away}")
        returned = max(online.values(), default=whole)
        outcome.reconnect_s.append(returned - whole)
        outcome.catch_up_s.append(time.monotonic() - max(settled, returned))
        outcome.late += [f"{after}: {words}" for each in late.values() for words in each]
        crowd.awake.set()
