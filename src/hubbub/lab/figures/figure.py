"""One figure: what was promised, what was measured, and how; and the stage that scenarios measure on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from hubbub.lab.checker import Report
from hubbub.lab.cluster import Cluster, ClusterPlan
from hubbub.lab.figures.driver import CrowdProcess
from hubbub.lab.figures.told import Task, Told
from hubbub.lab.load.client import Seat
from hubbub.lab.load.seed import seed_people
from hubbub.lab.load.server import OPEN_LIMITS

Value = float | int | str | None


class Figure(msgspec.Struct, kw_only=True):
    """A line of the page."""

    what: str
    target: str = ""
    """Empty: shown for what it tells, and nothing was promised."""
    measured: str
    reached: bool | None = None


class Measured(msgspec.Struct, kw_only=True):
    """What one scenario found."""

    figures: list[Figure] = []
    values: dict[str, Value] = {}
    """The same for programs, and whatever else helps to understand it."""
    how: str = ""
    report: Report = msgspec.field(default_factory=Report)
    """What the checker found, over all its crowds."""
    error: str = ""
    """Why it came to no end."""

    def judge(self, told: Told) -> None:
        """Take in what the checker found in one crowd's history."""
        mine, theirs = self.report, told.report
        for name in theirs.__struct_fields__:
            if name != "words":
                setattr(mine, name, getattr(mine, name) + getattr(theirs, name))
        mine.words = [*mine.words, *theirs.words, *told.missing][:20]
        for name, count in (("unanswered", told.unanswered), ("away", told.away)):
            self.values[name] = int(self.values.get(name) or 0) + count
        for code, count in told.refused.items():
            self.values[f"refused_{code}"] = count

    def note(self, **values: Value) -> None:
        """Keep values for programs, rounded to what means something."""
        for name, value in values.items():
            if isinstance(value, float):
                value = round(value, 4) if math.isfinite(value) else None
            self.values[name] = value

    @property
    def sound(self) -> bool:
        """Whether it came to its end and the checker had nothing to say."""
        return not self.error and self.report.clean


def seconds(value: float) -> str:
    """Write a duration."""
    return f"{value:.2f} s" if math.isfinite(value) else "never"


def milliseconds(value_s: float) -> str:
    """Write a short duration, given in seconds."""
    return f"{1000 * value_s:.1f} ms"


class Stage:
    """Where scenarios find clusters and crowds, each with a folder of its own."""

    def __init__(
        self, folder: Path, tell: Callable[[str], None] = lambda words: None, *, size: float = 1.0, durable: bool = True
    ) -> None:
        """`size` shrinks people, rates and times, for trying a scenario out; figures are given for 1.0."""
        self.tell = tell
        self.durable = durable
        self._folder = folder
        self._size = size
        self._numbers = itertools.count(1)

    def people(self, count: int) -> int:
        """Return how many people to take, an even number."""
        return max(2, int(count * self._size) // 2 * 2)

    def rate(self, per_s: float) -> float:
        """Return what to offer."""
        return max(2.0, per_s * self._size)

    def time(self, seconds: float, *, least_s: float = 1.0) -> float:
        """Return how long to let something last."""
        return max(least_s, seconds * self._size)

    async def wait(self, seconds: float, words: str) -> None:
        """Let some time pass and say what for."""
        self.tell(words)
        await asyncio.sleep(seconds)

    @contextlib.asynccontextmanager
    async def cluster(
        self,
        *,
        environ: dict[str, str] | None = None,
        also: dict[str, Sequence[str]] | None = None,
        **sizes: int | bool,
    ) -> AsyncIterator[Cluster]:
        """Start a cluster; `sizes` are fields of its plan, `also` more nodes with their roles."""
        self.tell("starting a cluster")
        plan = ClusterPlan(durable=self.durable, **sizes)  # type: ignore[arg-type]
        folder = self._folder / f"cluster-{next(self._numbers)}"
        cluster = Cluster(folder, plan, environ={**OPEN_LIMITS, **(environ or {})})
        for name, roles in (also or {}).items():
            cluster.add(name, *roles)
        async with cluster:
            yield cluster

    async def seats(self, cluster: Cluster, people: int) -> list[Seat]:
        """Make people who may log in."""
        self.tell(f"making {people} people")
        return await seed_people(cluster.database.url, people)

    def crowd(
        self, cluster: Cluster, seats: list[Seat], addresses: Sequence[str] = (), *, settle_s: float = 120.0
    ) -> CrowdProcess:
        """Return a crowd that is not started; its members ask where to connect unless they have addresses."""
        self.tell(f"connecting {len(seats)} people")
        result = self._folder / f"crowd-{next(self._numbers)}.json"
        task = Task(server=cluster.url, seats=seats, addresses=list(addresses), settle_s=settle_s, result=str(result))
        return CrowdProcess(task)


def socket_of(cluster: Cluster, node: str) -> str:
    """Return the address of one node's WebSocket, past the edge."""
    return cluster.nodes[node].url.replace("http://", "ws://") + "/ws"
