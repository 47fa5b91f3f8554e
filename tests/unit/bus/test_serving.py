"""What becomes of a request at the answering side."""

from __future__ import annotations

import asyncio

import pytest
from support.bus_hub import Hub

from hubbub.base.clock import ManualClock, SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.calls import CallFailed, Peer
from hubbub.bus.carried_calls import CarriedCalls
from hubbub.bus.carrier import BusAway
from hubbub.bus.serving import Service, Status
from hubbub.bus.stats import BusStats
from hubbub.bus.subscriptions import Subscriptions

PEER = Peer("caller", "1" * 32)


async def echo(peer: Peer, payload: bytes) -> bytes:
    return payload


async def test_a_request_whose_time_is_over_is_not_begun() -> None:
    clock = ManualClock()
    asked: list[bytes] = []
    answers: list[tuple[Status, bytes]] = []

    async def note(peer: Peer, payload: bytes) -> bytes:
        asked.append(payload)
        return b"done"

    service = Service(note, clock)
    service.begin(PEER, b"late", 1.0, lambda *answer: answers.append(answer))
    clock.advance(1.0)
    service.begin(PEER, b"in time", 1.0, lambda *answer: answers.append(answer))
    await service.finish(1.0)
    assert asked == [b"in time"]
    assert answers == [(Status.LATE, b""), (Status.OK, b"done")]


async def test_a_handler_that_answers_with_a_future_costs_no_task_and_counts_as_open() -> None:
    answers: list[tuple[Status, bytes]] = []
    future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    service = Service(lambda peer, payload: future, ManualClock(), limit=1)
    tasks = len(asyncio.all_tasks())
    service.begin(PEER, b"", 1.0, lambda *answer: answers.append(answer))
    service.begin(PEER, b"", 1.0, lambda *answer: answers.append(answer))
    assert (len(asyncio.all_tasks()), len(service)) == (tasks, 1)
    future.set_result(b"done")
    await service.finish(1.0)
    assert answers == [(Status.OVERLOADED, b""), (Status.OK, b"done")]


async def test_a_handler_that_fails_before_it_begins_refuses() -> None:
    answers: list[tuple[Status, bytes]] = []

    def broken(peer: Peer, payload: bytes) -> asyncio.Future[bytes]:
        raise RuntimeError("broken")

    Service(broken, ManualClock()).begin(PEER, b"", 1.0, lambda *answer: answers.append(answer))
    assert answers == [(Status.REFUSED, b"")]


async def test_beyond_its_limit_a_service_refuses_at_once() -> None:
    answers: list[tuple[Status, bytes]] = []
    service = Service(echo, ManualClock(), limit=2)
    for payload in (b"1", b"2", b"3"):
        service.begin(PEER, payload, 1.0, lambda *answer: answers.append(answer))
    assert answers == [(Status.OVERLOADED, b"")]
    await service.finish(1.0)
    assert answers[1:] == [(Status.OK, b"1"), (Status.OK, b"2")]


class DeafBus:
    """A bus that takes everything and brings nothing."""

    connected = True

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.away = False

    def post(self, subject: str, body: bytes, items: int, receipt: str = "") -> None:
        if self.away:
            raise BusAway("it is away")
        self.sent.append(receipt)


def calls_over(bus: DeafBus, limit: int) -> CarriedCalls:
    carrier = Hub().join()._carrier
    subscriptions = Subscriptions(carrier, BusStats(), 1.0, lambda subject: None, SystemClock().monotonic)
    return CarriedCalls(bus, subscriptions, PEER, SystemClock(), waiting_limit=limit)


async def failure(future: asyncio.Future[bytes]) -> tuple[str, bool]:
    with pytest.raises(CallFailed) as caught:
        await future
    return caught.value.reason, caught.value.maybe_done


async def test_beyond_its_limit_a_caller_refuses_itself() -> None:
    calls = calls_over(DeafBus(), 2)
    name = new_id()
    waiting = [calls.request(name, b"", timeout_s=10) for _ in range(2)]
    assert await failure(calls.request(name, b"", timeout_s=10)) == ("overloaded", False)
    calls.lost()
    assert [await failure(each) for each in waiting] == [("disconnected", False)] * 2


async def test_a_bus_that_takes_no_more_fails_what_was_not_sent() -> None:
    bus = DeafBus()
    calls = calls_over(bus, 10)
    sent = calls.request(new_id(), b"", timeout_s=10)
    await asyncio.sleep(0)
    bus.away = True
    assert await failure(calls.request(new_id(), b"", timeout_s=10)) == ("disconnected", False)
    assert len(bus.sent) == 1
    assert not sent.done()
    calls.lost()
    assert await failure(sent) == ("disconnected", True)
