"""Gateway tests run on the event loop that serves in production, unless they wait for its timers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop
from support.jumping import JumpingLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("jumping"):
        return {"jumping": JumpingLoop}
    return {"uvloop": uvloop.new_event_loop}
