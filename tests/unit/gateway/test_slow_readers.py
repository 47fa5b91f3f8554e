"""A peer that does not read costs bounded memory, is told what it missed, or is sent away."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from support.fake_chat import an_id
from support.gateways import PATIENCE_S, Speaker, TcpClient, a_house, texts, until
from support.quiet import a_quiet_house, settle
from support.raw_socket import RawSocket, frame

from hubbub.base.ids import new_id
from hubbub.wire import hubbub_pb2 as pb

ROMEO, JULIET = an_id("romeo"), an_id("juliet")


async def test_withheld_conversations_are_named_when_the_peer_catches_up() -> None:
    async with a_quiet_house() as house:
        verona = house.chat.open_conversation(an_id("verona"), [ROMEO])
        mantua = house.chat.open_conversation(an_id("mantua"), [ROMEO])
        link = await house.let_in("romeo/phone")
        link.session.stalled()
        assert not link.reading
        for room in (verona, mantua, verona):
            await house.chat.say(room, "withheld")
        await settle()
        assert link.kinds() == []
        link.session.drained()
        assert link.reading
        await house.chat.say(verona, "live again")
        await settle()
        heads = {head.conversation_id: head.seq for frame in link.frames for head in frame.heads.heads}
        assert heads == {verona: 3, mantua: 2}
        assert link.kinds() == ["resync", "heads", "entries"]


async def test_too_many_withheld_conversations_are_a_reset() -> None:
    async with a_quiet_house(skipped_conversations=3) as house:
        rooms = [house.chat.open_conversation(an_id(f"room{number}"), [ROMEO]) for number in range(4)]
        link = await house.let_in("romeo/phone")
        link.session.stalled()
        for room in rooms:
            await house.chat.say(room, "withheld")
        link.session.drained()
        await settle()
        assert link.kinds() == ["resync", "reset"]


async def test_a_peer_that_stays_behind_is_sent_away_with_a_reason() -> None:
    async with a_quiet_house(slow_timeout_s=30.0) as house:
        link = await house.let_in("romeo/phone")
        link.session.stalled()
        await house.pass_s(29)
        assert link.ended is None
        await house.pass_s(2)
        assert link.ended == (4429, "slow_reader")
        assert house.gateway.sessions == 0


async def test_answers_have_room_of_their_own_until_that_is_full_too() -> None:
    async with a_quiet_house(outbox_hard_bytes=1000) as house:
        link = await house.let_in("romeo/phone")
        link.session.stalled()
        link.say(pb.ClientFrame(id=2, ping=pb.Ping()))
        await settle()
        assert link.kinds() == ["pong"]
        link.waiting_bytes = 2000
        link.say(pb.ClientFrame(id=3, ping=pb.Ping()))
        await settle()
        assert link.aborted
        assert house.gateway.sessions == 0


@pytest.mark.parametrize("transport", ["websocket", "tcp"])
async def test_memory_stays_bounded_and_nothing_is_lost(transport: str) -> None:
    async with a_house(tcp=True, outbox_bytes=64 * 1024) as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        reader: Speaker
        stream: Any
        if transport == "tcp":
            tcp = await TcpClient.connect(house.tcp_port)
            reader, stream = tcp, tcp.writer.transport
        else:
            web = await house.connect(max_queue=1)
            reader, stream = web, web.socket.transport
        await reader.hello("romeo/phone")
        (session,) = house.gateway._service.sessions
        stream.pause_reading()
        said = 0
        while session.skipped is None and said < 20_000:
            await house.chat.say(room, "x" * 4_000)
            said += 1
            await asyncio.sleep(0)
        assert session.skipped is not None
        for _ in range(500):
            await house.chat.say(room, "x" * 4_000)
            said += 1
        await asyncio.sleep(0)
        # What waits is what was accepted before the stop; nothing came after it.
        assert session.link.buffered() + sum(map(len, session.outbox)) < 64 * 1024 + 3 * 4_200
        stream.resume_reading()
        seen = 1
        while True:
            frame = await reader.frame()
            if frame.WhichOneof("body") == "heads":
                break
            if frame.WhichOneof("body") == "entries":
                assert frame.entries.from_seq == seen + 1
                seen = frame.entries.to_seq
        assert frame.heads.heads[0].seq == said + 1 > seen
        while seen < said + 1:
            page = (await reader.ask(get_entries=pb.GetEntries(conversation_id=room, after_seq=seen))).entry_page
            assert page.from_seq == seen + 1
            seen = page.to_seq
        await house.chat.say(room, "live")
        assert await reader.hears() == ["live"]
        stream.abort()
        await until(lambda: house.gateway.sessions == 0)


async def test_one_slow_reader_does_not_hold_up_the_others() -> None:
    async with a_house(outbox_bytes=16 * 1024) as house, await house.enter("juliet") as juliet:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        romeo = await house.connect(max_queue=1)
        await romeo.hello("romeo/phone")
        romeo.socket.transport.pause_reading()
        for number in range(2000):
            await house.chat.say(room, f"{number} " + "x" * 4_000)
            page = (await juliet.push("entries")).entries
            assert texts(page)[0].startswith(f"{number} ")
        assert house.gateway._service.slow
        romeo.socket.transport.abort()
        await until(lambda: not house.gateway._service.slow)


async def test_a_stranger_who_pings_and_never_reads_is_cut_off() -> None:
    async with a_house(outbox_bytes=16 * 1024) as house:
        raw = await RawSocket.upgraded(house.port)
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        pings = frame(9, b"x" * 125) * 500
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while house.gateway.sessions:
                    raw.writer.write(pings)
                    await raw.writer.drain()
                    await asyncio.sleep(0)
        assert house.gateway.sessions == 0
        raw.writer.transport.abort()


async def test_pushes_held_during_entering_are_bounded() -> None:
    async with a_quiet_house(held_pushes=2) as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        house.auth.gate = asyncio.Event()
        link_in = asyncio.ensure_future(house.let_in_slowly("romeo/phone"))
        await settle()
        for number in range(5):
            await house.chat.say(room, str(number))
        house.auth.gate.set()
        link = await link_in
        assert link.kinds() == ["welcome", "ready", "entries", "entries", "resync", "heads"]


async def test_the_client_id_of_a_withheld_own_message_is_still_answered() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        link = await house.let_in("romeo/phone")
        link.session.stalled()
        submit = pb.Submit(
            conversation_id=room, client_id=new_id(), message=pb.Message(body=pb.Body(text=pb.Text(text="x")))
        )
        link.say(pb.ClientFrame(id=2, submit=submit))
        await settle()
        assert link.kinds() == ["submitted"]
