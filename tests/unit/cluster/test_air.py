"""The air of the tests keeps what every way of signalling promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import signature
from typing import Any

import pytest
from contracts import test_signals as contract
from support.air import Air, Wire

PROMISES = [
    each
    for name, each in vars(contract).items()
    # Those that ask for more are about what is written to a log and said to a server.
    if name.startswith("test_") and list(signature(each).parameters) == ["buses"]
]


class Joined:
    """One process in the air."""

    def __init__(self, wire: Wire) -> None:
        self.signals = wire

    async def caught_up(self) -> None:
        return None


class Buses:
    """The air, as the contract asks for a bus."""

    def __init__(self) -> None:
        self._air = Air()

    async def join(self, node_id: str) -> Joined:
        return Joined(self._air.wire())


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_air_keeps_the_contract(promise: Callable[[Any], Awaitable[None]]) -> None:
    await promise(Buses())
