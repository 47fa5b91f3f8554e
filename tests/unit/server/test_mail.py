"""Letters leave: by SMTP, into files, and past a server that is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from hubbub.auth.letters import CarrierError, Letter, Office, letter
from hubbub.auth.settings import MailSettings
from hubbub.base.clock import ManualClock
from hubbub.server.mail import FileCarrier, SmtpCarrier
from hubbub.storage.memory.letters import MemoryLetters

SENDER = "hubbub@verona.example"
LETTER = letter(
    "zh", "reset", "romeo@verona.example", place="Verona", person="romeo", link="http://x/y?token=z", minutes=30
)


class Mailbox:
    """A small SMTP server (RFC 5321), enough for one client at a time."""

    def __init__(self) -> None:
        self.port = 0
        self.refuses = ""
        """What it answers to a recipient instead of 250."""
        self.envelopes: list[tuple[str, str]] = []
        self.messages: list[EmailMessage] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        sender = recipient = ""
        while line := (await reader.readline()).decode().strip():
            verb = line.partition(" ")[0].upper()
            answer = "250 well"
            if line.upper().startswith("MAIL FROM:"):
                sender = line[10:].partition(">")[0].strip("<> ")
            elif line.upper().startswith("RCPT TO:"):
                recipient = line[8:].partition(">")[0].strip("<> ")
                answer = self.refuses or answer
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                self.envelopes.append((sender, recipient))
                self.messages.append(message_from_bytes(body, policy=policy.default))
            writer.write(f"{answer}\r\n".encode())
            if verb == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def a_mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


def carrier(port: int, **more: object) -> SmtpCarrier:
    settings = MailSettings(host="127.0.0.1", port=port, security="none", timeout_s=5.0, **more)  # type: ignore[arg-type]
    return SmtpCarrier(settings, SENDER, ManualClock())


async def test_a_letter_arrives_whole_in_any_script() -> None:
    async with a_mailbox() as box:
        await carrier(box.port).carry(LETTER)
    assert box.envelopes == [(SENDER, "romeo@verona.example")]
    (message,) = box.messages
    assert (message["From"], message["To"]) == (SENDER, "romeo@verona.example")
    assert message["Subject"] == LETTER.subject == "Verona：设置新密码"
    assert message.get_content().split() == LETTER.text.split()
    assert (message["Auto-Submitted"], bool(message["Date"]), bool(message["Message-ID"])) == (
        "auto-generated",
        True,
        True,
    )


@pytest.mark.parametrize(("refusal", "again"), [("550 nobody here", False), ("451 later", True)])
async def test_a_refusal_says_whether_to_try_again(refusal: str, again: bool) -> None:
    async with a_mailbox() as box:
        box.refuses = refusal
        with pytest.raises(CarrierError) as refused:
            await carrier(box.port).carry(LETTER)
        assert refused.value.again is again
        assert box.messages == []


async def test_nothing_is_sent_in_the_clear_unless_the_settings_say_so() -> None:
    async with a_mailbox() as box:
        settings = MailSettings(host="127.0.0.1", port=box.port, timeout_s=5.0)
        with pytest.raises(CarrierError) as refused:
            await SmtpCarrier(settings, SENDER, ManualClock()).carry(LETTER)
        assert (refused.value.again, box.envelopes) == (False, [])


async def test_a_server_that_is_away_is_tried_again_and_a_hopeless_letter_is_not() -> None:
    async with a_mailbox() as box:
        away = box.port
    with pytest.raises(CarrierError) as refused:
        await carrier(away).carry(LETTER)
    assert refused.value.again


async def test_no_letter_can_smuggle_a_header(tmp_path: Path) -> None:
    files = FileCarrier(tmp_path / "outbox", SENDER, ManualClock())
    for bad in (Letter("x@y.z", "a\r\nBcc: all@y.z", "text"), Letter("x@y.z>\r\nBcc: a@y.z", "a", "text")):
        with pytest.raises(CarrierError) as refused:
            await files.carry(bad)
        assert not refused.value.again


async def test_without_a_server_letters_are_files_for_their_owner_alone(tmp_path: Path) -> None:
    await FileCarrier(tmp_path / "outbox", SENDER, ManualClock()).carry(LETTER)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert "http://x/y?token=z" in message.get_content()


class Moody:
    """A carrier that refuses a few times."""

    def __init__(self, *moods: bool | None) -> None:
        self.moods = list(moods)
        """For each try: None takes the letter; else whether it may be taken later."""
        self.taken: list[Letter] = []

    async def carry(self, letter: Letter) -> None:
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise CarrierError("not now", again=mood)
        self.taken.append(letter)


async def test_an_office_tries_again_after_longer_and_longer_pauses() -> None:
    clock, moody = ManualClock(), Moody(True, True)
    office = Office(moody, MemoryLetters(), clock)
    await office.post(LETTER)
    await office.deliver()
    await office.deliver()
    assert len(moody.moods) == 1, "it waits before it tries again"
    clock.advance(5)
    await office.deliver()
    clock.advance(19)
    await office.deliver()
    assert moody.taken == []
    clock.advance(1)
    await office.deliver()
    await office.deliver()
    assert moody.taken == [LETTER]


async def test_an_office_gives_up_what_nobody_takes_and_holds_only_so_many() -> None:
    clock, kept = ManualClock(), MemoryLetters()
    for carrier_, tries in ((Moody(False), 1), (Moody(*[True] * 20), 8)):
        office = Office(carrier_, kept, clock, waiting=1)
        await office.post(LETTER)
        await office.post(LETTER)
        assert len(kept) == 1
        before = len(carrier_.moods)
        for _ in range(20):
            await office.deliver()
            clock.advance(3_600)
        assert (before - len(carrier_.moods), len(kept), carrier_.taken) == (tries, 0, [])


async def test_a_letter_outlives_the_process_that_took_it() -> None:
    class Dies:
        async def carry(self, letter: Letter) -> None:
            raise asyncio.CancelledError

    clock, kept, moody = ManualClock(), MemoryLetters(), Moody()
    first, second = Office(Dies(), kept, clock, lease_s=60), Office(moody, kept, clock, lease_s=60)
    await first.post(LETTER)
    with pytest.raises(asyncio.CancelledError):
        await first.deliver()
    await second.deliver()
    assert moody.taken == [], "the first may still be at it"
    clock.advance(60)
    await second.deliver()
    assert moody.taken == [LETTER]
