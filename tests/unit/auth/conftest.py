"""Fixtures of the auth tests: a house with accounts in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from unit.auth.people import House, a_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house
