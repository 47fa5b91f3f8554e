"""What every way of signalling promises: whoever listens is called, in order, at most once."""

from __future__ import annotations

import pytest
from support.buses import Buses


async def test_every_listener_hears_a_signal_the_sender_included(buses: Buses) -> None:
    one, other = await buses.join("one"), await buses.join("other")
    heard: list[tuple[str, bytes]] = []
    await one.signals.listen("nodes", lambda payload: heard.append(("one", payload)))
    await other.signals.listen("nodes", lambda payload: heard.append(("other", payload)))
    await other.signals.listen("nodes", lambda payload: heard.append(("another", payload)))
    await one.signals.signal("nodes", b"\x00hello")
    await one.signals.reachable()
    await other.caught_up()
    assert sorted(heard) == [(name, b"\x00hello") for name in ("another", "one", "other")]


async def test_signals_of_one_sender_keep_their_order(buses: Buses) -> None:
    one, other = await buses.join("one"), await buses.join("other")
    heard: list[bytes] = []
    await other.signals.listen("a", heard.append)
    await other.signals.listen("b", heard.append)
    sent = [b"%d" % number for number in range(100)]
    for number, payload in enumerate(sent):
        await one.signals.signal("a" if number % 3 else "b", payload)
    assert await one.signals.reachable()
    await other.caught_up()
    assert heard == sent


async def test_nothing_is_heard_of_other_subjects_nor_after_listening_ended(buses: Buses) -> None:
    one, other = await buses.join("one"), await buses.join("other")
    heard: list[bytes] = []
    end = await other.signals.listen("locks.one", heard.append)
    await one.signals.signal("locks", b"1")
    await one.signals.signal("locks.one.more", b"2")
    await one.signals.signal("locks.one", b"3")
    assert await one.signals.reachable()
    await other.caught_up()
    end()
    end()
    await one.signals.signal("locks.one", b"4")
    assert await one.signals.reachable()
    await other.caught_up()
    assert heard == [b"3"]


async def test_one_listener_ending_leaves_the_other_listening(buses: Buses) -> None:
    one, other = await buses.join("one"), await buses.join("other")
    heard: list[bytes] = []
    end = await other.signals.listen("x", heard.append)
    await other.signals.listen("x", heard.append)
    end()
    await one.signals.signal("x", b"1")
    assert await one.signals.reachable()
    await other.caught_up()
    assert heard == [b"1"]


async def test_a_listener_that_fails_leaves_the_others_hearing(buses: Buses, caplog: pytest.LogCaptureFixture) -> None:
    one, other = await buses.join("one"), await buses.join("other")
    heard: list[bytes] = []

    def fail(payload: bytes) -> None:
        raise ZeroDivisionError

    await other.signals.listen("x", fail)
    await other.signals.listen("x", heard.append)
    await one.signals.signal("x", b"1")
    await one.signals.signal("x", b"2")
    assert await one.signals.reachable()
    await other.caught_up()
    assert heard == [b"1", b"2"]
    assert "a listener of" in caplog.text


async def test_a_signal_may_be_as_large_as_a_megabyte(buses: Buses) -> None:
    one, other = await buses.join("one"), await buses.join("other")
    heard: list[bytes] = []
    await other.signals.listen("x", heard.append)
    payload = bytes(range(256)) * 4096
    await one.signals.signal("x", payload)
    await one.signals.signal("x", b"after")
    assert await one.signals.reachable()
    await other.caught_up()
    assert heard == [payload, b"after"]


@pytest.mark.parametrize("subject", ["", "*", ">", "a.*", "a..b", ".a", "a.", "a b", "a\r\nPUB x 0", "ä", "x" * 200])
async def test_a_subject_that_means_something_to_a_server_is_refused(buses: Buses, subject: str) -> None:
    joined = await buses.join()
    with pytest.raises(ValueError):
        await joined.signals.signal(subject, b"")
    with pytest.raises(ValueError):
        await joined.signals.listen(subject, lambda payload: None)
