"""The local log holds what was dealt with, as it stands now, in the file of the store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from unit.client.fake import JULIET, ROOM, FakeServer, client_of, entry, page, state

from hubbub.base.ids import new_id
from hubbub.client import Client, HubbubError, LoggedMessage
from hubbub.wire import hubbub_pb2 as pb


def change(seq: int, **kind: object) -> pb.Entry:
    return pb.Entry(
        conversation_id=ROOM,
        seq=seq,
        time_ms=seq,
        sender_id=JULIET,
        client_id=new_id(),
        **kind,  # type: ignore[arg-type]
    )


def said(entries: list[pb.Entry]) -> pb.EntryPage:
    last = entries[-1].seq
    return pb.EntryPage(conversation_id=ROOM, from_seq=entries[0].seq, to_seq=last, as_of=last, entries=entries)


async def logged(client: Client, count: int) -> list[LoggedMessage]:
    """Wait until so many messages are kept; the store is written about once a second."""
    async with asyncio.timeout(5):
        while True:
            found = await client.log.history(ROOM)
            if len(found) == count:
                return found
            await asyncio.sleep(0.02)


async def test_messages_are_kept_and_found_without_a_connection(tmp_path: Path) -> None:
    server = FakeServer()
    keeps = {"store": tmp_path / "romeo.db", "keep_messages": True}
    async with client_of(server, **keeps) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        connection.push(said([entry(1, "But soft!"), entry(2, "What LIGHT"), entry(3, "轻声 light")]))
        await logged(client, 3)
    server.refusing = 1000
    async with client_of(server, **keeps) as client:
        assert [m.text for m in await client.log.history(ROOM)] == ["But soft!", "What LIGHT", "轻声 light"]
        assert [m.seq for m in await client.log.history(ROOM, before=3, limit=1)] == [2]
        assert [m.seq for m in await client.log.search("light")] == [2, 3]
        assert [m.seq for m in await client.log.search("LIGHT what")] == [2]
        assert [m.seq for m in await client.log.search("声")] == [3]
        assert await client.log.search("light", conversation_id="d" * 32) == []


async def test_an_edit_replaces_a_text_and_a_recall_takes_it_away(tmp_path: Path) -> None:
    server = FakeServer()
    async with client_of(server, store=tmp_path / "romeo.db", keep_messages=True) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        body = pb.Body(text=pb.Text(text="edited"))
        connection.push(
            said(
                [
                    entry(1, "old"),
                    entry(2, "secret"),
                    change(3, edit=pb.Edit(target_seq=1, body=body)),
                    change(4, recall=pb.Recall(target_seq=2)),
                    entry(5, "last"),
                ]
            )
        )
        rows = [(m.text, m.edited, m.recalled) for m in await logged(client, 3)]
        assert rows == [("edited", True, False), ("", False, True), ("last", False, False)]
        assert await client.log.search("secret") == []


async def test_another_epoch_begins_the_log_anew(tmp_path: Path) -> None:
    server = FakeServer()
    keeps = {"store": tmp_path / "romeo.db", "keep_messages": True}
    async with client_of(server, **keeps) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        connection.push(page([1, 2]))
        await logged(client, 2)
    async with client_of(server, **keeps) as client:
        connection = await server.connection()
        await connection.accept(state(as_of=0), epoch="e2")
        await client.ready(5)
        connection.push(page([1]))
        await logged(client, 1)


async def test_without_a_file_there_is_no_log() -> None:
    with pytest.raises(ValueError, match="store"):
        Client(token="t", keep_messages=True)
    with pytest.raises(HubbubError, match="keep_messages"):
        _ = Client(token="t").log


async def test_what_a_conversation_does_not_keep_any_more_goes_here_as_well(tmp_path: Path) -> None:
    server = FakeServer()
    keeps = {"store": tmp_path / "romeo.db", "keep_messages": True}
    async with client_of(server, **keeps) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        told = pb.ConversationChange(kept_from=3)
        connection.push(said([entry(1, "one"), entry(2, "two"), entry(3, "three")]))
        await logged(client, 3)
        connection.push(said([change(4, conversation_change=told), entry(5, "five")]))
        async with asyncio.timeout(5):
            while (await logged(client, 2))[-1].text != "five":  # noqa: ASYNC110 - the store is written by itself
                await asyncio.sleep(0.02)
        assert [m.text for m in await client.log.history(ROOM)] == ["three", "five"]
    # Who was away for too long to be told each entry finds it in the state.
    async with client_of(server, **keeps) as client:
        connection = await server.connection()
        await connection.accept(epoch="e1", version=1)
        await client.ready(5)
        rows = pb.UserState(since_version=1, version=2, conversations=[state(as_of=900, version=2, kept_from=5)])
        connection.send(user_changed=rows)
        assert [m.text for m in await logged(client, 1)] == ["five"]
