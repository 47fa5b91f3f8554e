"""The conformance suite passes on this server, and notices servers that are broken on purpose."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from support.house import House
from support.liar import Liar

from hubbub.conformance.check import Check
from hubbub.conformance.checks import ALL
from hubbub.conformance.run import Outcome, Result, run
from hubbub.conformance.stand import Stand
from hubbub.wire import hubbub_pb2 as pb

Frames = Iterable[pb.ServerFrame]


@pytest.mark.slow
async def test_this_server_keeps_every_sentence(theatre: House) -> None:
    command = (sys.executable, "-m", "hubbub.cli.main", "conformance", "--server", theatre.http)
    process = await asyncio.create_subprocess_exec(*command, "--json", stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 100)
    report = json.loads(out)
    assert [result for result in report["results"] if result["outcome"] != "held"] == []
    assert (process.returncode, report["held"]) == (0, len(ALL))


def named(*names: str) -> list[Check]:
    found = [check for check in ALL if check.name in names]
    assert len(found) == len(names)
    return found


async def results(house: House, names: tuple[str, ...], **lies: Any) -> list[Result]:
    async with Liar(house.http.replace("http", "ws", 1) + "/ws", **lies) as liar:
        stand = Stand(house.http, socket=liar.url, tcp="")
        return [result async for result in run(stand, named(*names))]


# ---------------------------------------------------------------- lies


def forgets_a_push() -> Callable[[pb.ServerFrame], Frames]:
    """Nobody is told of entries, and nothing makes it good."""

    def down(frame: pb.ServerFrame) -> Frames:
        return () if frame.WhichOneof("body") in ("entries", "heads") else (frame,)

    return down


def loses_an_entry() -> Callable[[pb.ServerFrame], Frames]:
    """One entry is missing from a page that says it covers it."""

    def down(frame: pb.ServerFrame) -> Frames:
        if frame.WhichOneof("body") == "entry_page" and len(frame.entry_page.entries) > 3:
            del frame.entry_page.entries[2]
        return (frame,)

    return down


def swaps_two_entries() -> Callable[[pb.ServerFrame], Frames]:
    """Two messages have each other's place."""

    def down(frame: pb.ServerFrame) -> Frames:
        entries = frame.entry_page.entries
        if frame.WhichOneof("body") == "entry_page" and len(entries) > 3:
            entries[1].message.body.text.text, entries[2].message.body.text.text = (
                entries[2].message.body.text.text,
                entries[1].message.body.text.text,
            )
        return (frame,)

    return down


def doubles_an_entry() -> Callable[[pb.ServerFrame], Frames]:
    """One entry comes twice, under two numbers."""

    def down(frame: pb.ServerFrame) -> Frames:
        page = frame.entry_page
        if frame.WhichOneof("body") == "entry_page" and len(page.entries) > 1:
            page.entries.add().CopyFrom(page.entries[-1])
            page.entries[-1].seq += 1
            page.to_seq += 1
        return (frame,)

    return down


def answers_twice() -> Callable[[pb.ServerFrame], Frames]:
    def down(frame: pb.ServerFrame) -> Frames:
        return (frame, frame) if frame.WhichOneof("body") == "server_info" else (frame,)

    return down


def forgets_what_a_ping_said() -> Callable[[pb.ServerFrame], Frames]:
    def down(frame: pb.ServerFrame) -> Frames:
        if frame.WhichOneof("body") == "pong":
            frame.pong.ClearField("data")
        return (frame,)

    return down


def shows_what_was_recalled() -> Callable[[pb.ServerFrame], Frames]:
    def down(frame: pb.ServerFrame) -> Frames:
        for entry in frame.entry_page.entries:
            if entry.message.withdrawn:
                entry.message.body.text.text = "a secret"
        return (frame,)

    return down


def counts_too_much() -> Callable[[pb.ServerFrame], Frames]:
    def down(frame: pb.ServerFrame) -> Frames:
        if frame.WhichOneof("body") == "conversation":
            frame.conversation.unread += 1
        return (frame,)

    return down


def keeps_a_resume_short() -> Callable[[pb.ServerFrame], Frames]:
    def down(frame: pb.ServerFrame) -> Frames:
        if frame.WhichOneof("body") == "entries" and len(frame.entries.entries) > 1:
            del frame.entries.entries[0]
        return (frame,)

    return down


@pytest.mark.parametrize(
    ("lie", "names"),
    [
        (forgets_a_push, ("new entries are pushed to every member",)),
        (loses_an_entry, ("two writers share one order without a gap", "pages of the log meet without a gap")),
        (swaps_two_entries, ("pipelined submits keep their order",)),
        (doubles_an_entry, ("two writers share one order without a gap",)),
        (answers_twice, ("every request gets one answer",)),
        (forgets_what_a_ping_said, ("a pong carries what the ping did",)),
        (shows_what_was_recalled, ("a recalled message has no body in the log",)),
        (counts_too_much, ("unread counts what others said",)),
        (keeps_a_resume_short, ("a resume brings exactly what is missing",)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_a_lie_is_noticed(
    theatre: House, lie: Callable[[], Callable[[pb.ServerFrame], Frames]], names: tuple[str, ...]
) -> None:
    for result in await results(theatre, names, down=lie()):
        assert (result.outcome, bool(result.seen)) == (Outcome.BROKEN, True), result


async def test_a_server_that_stores_a_repeated_command_twice_is_noticed(theatre: House) -> None:
    seen: set[str] = set()

    def up(frame: pb.ClientFrame) -> Iterable[pb.ClientFrame]:
        if frame.WhichOneof("body") == "submit":
            name = frame.submit.client_id
            if name in seen:
                frame.submit.client_id = f"{int(name, 16) ^ 1:032x}"
            seen.add(name)
        return (frame,)

    (result,) = await results(theatre, ("the same command again has no second effect",), up=up)
    assert result.outcome is Outcome.BROKEN


async def test_a_server_that_closes_with_other_codes_is_noticed(theatre: House) -> None:
    (result,) = await results(theatre, ("a close frame names the error",), closes=lambda code: 1000)
    assert (result.outcome, result.seen) == (
        Outcome.BROKEN,
        "the reason is (1000, 'bad_token'), not (4401, 'bad_token')",
    )


async def test_a_proxy_that_changes_nothing_breaks_nothing(theatre: House) -> None:
    names = (
        "new entries are pushed to every member",
        "two writers share one order without a gap",
        "pages of the log meet without a gap",
        "pipelined submits keep their order",
        "every request gets one answer",
        "a pong carries what the ping did",
        "a recalled message has no body in the log",
        "unread counts what others said",
        "a resume brings exactly what is missing",
        "the same command again has no second effect",
        "a close frame names the error",
    )
    assert [result for result in await results(theatre, names) if result.outcome is not Outcome.HELD] == []


async def test_a_broken_sentence_ends_the_command_with_one_and_is_quoted(theatre: House) -> None:
    async with Liar(theatre.http.replace("http", "ws", 1) + "/ws", down=forgets_what_a_ping_said()) as liar:
        arguments = ("conformance", "--server", theatre.http, "--socket", liar.url, "--only", "pong carries")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hubbub.cli.main", *arguments, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "the protocol: A `ping` is answered at once with `pong`, carrying the same `data`" in out.decode()
    assert "0 held, 1 broken, 0 skipped" in out.decode()


async def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hubbub.cli.main", "conformance", "--server", "http://127.0.0.1:1"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 5
    assert b"cannot be checked" in err
