"""The calls that unit tests get into trouble keep the contract of calls while they are in none."""

from __future__ import annotations

import pytest
from contracts import test_calls
from support.buses import Buses, LocalJoined
from support.fake_calls import FakeCalls

from hubbub.base.clock import SystemClock
from hubbub.bus.calls import Peer


class FakeJoined(LocalJoined):
    """A process whose calls can be brought into trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = FakeCalls(SystemClock(), Peer("here", self.incarnation))


@pytest.fixture
def buses() -> Buses:
    """Return a bus with no trouble."""
    return Buses(None, FakeJoined())


globals().update({name: test for name, test in vars(test_calls).items() if name.startswith("test_")})
