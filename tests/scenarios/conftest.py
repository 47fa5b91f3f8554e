"""One house for the plays that leave it standing; each play over every transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.house import House
from support.stage import Stage

from hubbub.client import Transport


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server for all plays of this run that neither stop it nor change its settings."""
    house = House(tmp_path_factory.mktemp("theatre"))
    asyncio.run(house.opens())
    yield house
    status = asyncio.run(house.closes())
    assert status == 0, house.log()


@pytest.fixture(params=list(Transport))
async def stage(theatre: House, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A play in the common house, over one transport."""
    stage = Stage(theatre, request.param, tmp_path)
    yield stage
    await stage.close()
