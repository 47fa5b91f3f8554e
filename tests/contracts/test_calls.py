"""What every way of calling promises: an answer, or a failure that says whether it may have been done."""

from __future__ import annotations

import asyncio

import pytest
from support.buses import Buses

from hubbub.base.ids import new_id
from hubbub.bus.calls import CallFailed, Peer

DEADLINE_S = 20.0


async def echo(peer: Peer, payload: bytes) -> bytes:
    return payload


async def failure(future: asyncio.Future[bytes]) -> CallFailed:
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(CallFailed) as caught:
            await future
    return caught.value


async def test_a_request_is_answered_by_the_node_that_was_asked(buses: Buses) -> None:
    caller, one, other = await buses.join("caller"), await buses.join("one"), await buses.join("other")
    names = new_id(), new_id()

    async def reply_one(peer: Peer, payload: bytes) -> bytes:
        return b"one " + payload

    async def reply_other(peer: Peer, payload: bytes) -> bytes:
        return b"other " + payload

    await one.calls.serve(names[0], reply_one)
    await other.calls.serve(names[1], reply_other)
    answers = [caller.calls.request(name, b"\x00x", timeout_s=DEADLINE_S) for name in names]
    assert await asyncio.gather(*answers) == [b"one \x00x", b"other \x00x"]


async def test_the_handler_is_told_who_asks(buses: Buses) -> None:
    caller, server = await buses.join("here"), await buses.join("server")
    peers: list[Peer] = []

    async def note(peer: Peer, payload: bytes) -> bytes:
        peers.append(peer)
        return b""

    await server.calls.serve(server.incarnation, note)
    await caller.calls.request(server.incarnation, b"", timeout_s=DEADLINE_S)
    assert peers == [Peer("here", caller.incarnation)]


async def test_a_process_may_call_itself(buses: Buses) -> None:
    joined = await buses.join()
    await joined.calls.serve(joined.incarnation, echo)
    assert await joined.calls.request(joined.incarnation, b"x", timeout_s=DEADLINE_S) == b"x"


async def test_requests_are_handed_over_in_order_and_answered_as_they_end(buses: Buses) -> None:
    caller, server = await buses.join("caller"), await buses.join("server")
    begun: list[bytes] = []
    last = asyncio.Event()

    async def first_waits_for_last(peer: Peer, payload: bytes) -> bytes:
        begun.append(payload)
        if payload == b"0":
            await last.wait()
        elif payload == b"99":
            last.set()
        return payload

    await server.calls.serve(server.incarnation, first_waits_for_last)
    payloads = [b"%d" % number for number in range(100)]
    requests = []
    for payload in payloads:
        requests.append(caller.calls.request(server.incarnation, payload, timeout_s=DEADLINE_S))
        if payload.endswith(b"7"):
            await asyncio.sleep(0)
    assert await asyncio.gather(*requests) == payloads
    assert begun == payloads


async def test_nobody_is_said_at_once(buses: Buses) -> None:
    caller = await buses.join("caller")
    problem = await failure(caller.calls.request(new_id(), b"", timeout_s=DEADLINE_S * 10))
    assert (problem.reason, problem.maybe_done) == ("nobody", False)


async def test_a_handler_that_raises_refuses_and_the_next_request_is_served(
    buses: Buses, caplog: pytest.LogCaptureFixture
) -> None:
    caller, server = await buses.join("caller"), await buses.join("server")

    async def fail(peer: Peer, payload: bytes) -> bytes:
        if payload == b"bad":
            raise ZeroDivisionError
        return payload

    await server.calls.serve(server.incarnation, fail)
    bad = caller.calls.request(server.incarnation, b"bad", timeout_s=DEADLINE_S)
    good = caller.calls.request(server.incarnation, b"good", timeout_s=DEADLINE_S)
    problem = await failure(bad)
    assert (problem.reason, problem.maybe_done) == ("refused", True)
    assert await good == b"good"


async def test_an_answer_that_does_not_come_in_time_is_not_waited_for(buses: Buses) -> None:
    caller, server = await buses.join("caller"), await buses.join("server")
    let_go = asyncio.Event()

    async def wait(peer: Peer, payload: bytes) -> bytes:
        await let_go.wait()
        return payload

    await server.calls.serve(server.incarnation, wait)
    problem = await failure(caller.calls.request(server.incarnation, b"", timeout_s=0.05))
    assert (problem.reason, problem.maybe_done) == ("timeout", True)
    let_go.set()


async def test_ending_a_service_waits_for_its_open_requests(buses: Buses) -> None:
    caller, server = await buses.join("caller"), await buses.join("server")
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def wait(peer: Peer, payload: bytes) -> bytes:
        begun.set()
        await let_go.wait()
        return payload

    stop = await server.calls.serve(server.incarnation, wait)
    request = caller.calls.request(server.incarnation, b"x", timeout_s=DEADLINE_S)
    await begun.wait()
    stopping = asyncio.ensure_future(stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    let_go.set()
    assert await request == b"x"
    await stopping
    await server.caught_up()
    problem = await failure(caller.calls.request(server.incarnation, b"y", timeout_s=DEADLINE_S))
    assert (problem.reason, problem.maybe_done) == ("nobody", False)


async def test_large_requests_and_answers_arrive_whole(buses: Buses) -> None:
    caller, server = await buses.join("caller"), await buses.join("server")

    async def reverse(peer: Peer, payload: bytes) -> bytes:
        return payload[::-1]

    await server.calls.serve(server.incarnation, reverse)
    payloads = [bytes([number]) * 100_000 + b"end" for number in range(8)] + [bytes(range(256)) * 20_000]
    requests = [caller.calls.request(server.incarnation, payload, timeout_s=DEADLINE_S) for payload in payloads]
    assert await asyncio.gather(*requests) == [payload[::-1] for payload in payloads]


async def test_a_caller_that_leaves_disturbs_nobody(buses: Buses) -> None:
    caller, server = await buses.join("caller"), await buses.join("server")
    await server.calls.serve(server.incarnation, echo)
    left = caller.calls.request(server.incarnation, b"left", timeout_s=DEADLINE_S)
    stays = caller.calls.request(server.incarnation, b"stays", timeout_s=DEADLINE_S)
    left.cancel()
    assert await stays == b"stays"
    assert await caller.calls.request(server.incarnation, b"later", timeout_s=DEADLINE_S) == b"later"
