"""All scenarios by name, and running some of them one after another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from hubbub.client.errors import HubbubError
from hubbub.lab.figures.chat_death import chat_death
from hubbub.lab.figures.costs import buckets, cpu_per_message, cross_node
from hubbub.lab.figures.driver import CrowdFailed
from hubbub.lab.figures.figure import Measured, Stage
from hubbub.lab.figures.gateway_death import gateway_death
from hubbub.lab.figures.outages import bus_down, database_down
from hubbub.lab.figures.rolling import rolling_restart
from hubbub.lab.load.processes import raise_file_limit
from hubbub.lab.servers import ServerFailed

SCENARIOS: dict[str, Callable[[Stage], Awaitable[Measured]]] = {
    "gateway_death": gateway_death,
    "chat_death": chat_death,
    "bus_down": bus_down,
    "database_down": database_down,
    "rolling_restart": rolling_restart,
    "cpu_per_message": cpu_per_message,
    "cross_node": cross_node,
    "buckets": buckets,
}
"""In the order they are measured and shown."""


async def measure_all(
    names: Sequence[str],
    tell: Callable[[str, str], None],
    *,
    keep: Callable[[dict[str, Measured]], None] = lambda results: None,
    size: float = 1.0,
    durable: bool = True,
) -> dict[str, Measured]:
    """Run scenarios; one that fails says why and does not stop the others.

    `tell` hears what is going on: the scenario, and words.  `keep` gets all there is after every scenario.
    Raises MissingProgram when no cluster can be started.
    """
    raise_file_limit()
    results: dict[str, Measured] = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="hubbub-figures-", ignore_cleanup_errors=True) as folder:
            # PostgreSQL runs as somebody else, who passes through here to its own folder.
            os.chmod(folder, 0o711)
            stage = Stage(Path(folder), lambda words, name=name: tell(name, words), size=size, durable=durable)  # type: ignore[misc]
            try:
                results[name] = await SCENARIOS[name](stage)
            except (ServerFailed, CrowdFailed, HubbubError, httpx.HTTPError, OSError, TimeoutError) as error:
                results[name] = Measured(error=f"{type(error).__name__}: {error}")
        for figure in results[name].figures:
            tell(name, f"= {figure.what}: {figure.measured}")
        keep(results)
    return results
