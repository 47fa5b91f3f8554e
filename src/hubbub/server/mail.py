"""Where letters go: to an SMTP server, or, where none is named, into files that an operator can read.

`smtplib` waits, so it runs in a thread; one connection per letter is enough for letters people ask for.  Nothing is
sent without TLS unless the settings say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import smtplib
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from hubbub.auth.accounts import Accounts
from hubbub.auth.letters import Carrier, CarrierError, Letter, LetterStore, Office
from hubbub.auth.recovery import Recovery, RecoveryStore
from hubbub.auth.settings import MailSettings
from hubbub.base.clock import Clock
from hubbub.base.ids import new_id
from hubbub.server.settings import ServerSettings

__all__ = ["FileCarrier", "SmtpCarrier", "open_recovery"]

_logger = structlog.stdlib.get_logger("hubbub.server")


def open_carrier(settings: MailSettings, data: Path, sender: str, clock: Clock) -> Carrier:
    """Return what takes letters away."""
    if settings.host:
        return SmtpCarrier(settings, sender, clock)
    return FileCarrier(Path(settings.folder) if settings.folder else data / "outbox", sender, clock)


def open_recovery(
    settings: ServerSettings,
    accounts: Accounts,
    store: RecoveryStore,
    letters: LetterStore,
    clock: Clock,
    url: str,
    stack: AsyncExitStack,
) -> Recovery:
    """Return what proves addresses and lets people in again, started; `stack` stops it."""
    sender = settings.mail.sender or f"hubbub@{urlsplit(url).hostname or 'localhost'}"
    carrier = open_carrier(settings.mail, Path(settings.data), sender, clock)
    # A letter is carried over a few connections' worth of waiting at most: TLS, the greeting, and the letter itself.
    lease_s = 10.0 * settings.mail.timeout_s + 60.0
    office = Office(carrier, letters, clock, waiting=settings.mail.waiting, lease_s=lease_s)
    recovery = Recovery(store, accounts, office, clock, settings.auth, url=url)
    accounts.on_arrival.append(recovery.tell_arrival)
    office.start()
    stack.push_async_callback(office.stop)
    recovery.start()
    stack.push_async_callback(recovery.stop)
    return recovery


class SmtpCarrier:
    """Hands letters to an SMTP server."""

    def __init__(self, settings: MailSettings, sender: str, clock: Clock) -> None:
        self._settings = settings
        self._sender = sender
        self._clock = clock

    async def carry(self, letter: Letter) -> None:
        """Return once the server has taken it.  Raises CarrierError."""
        message = written(letter, self._sender, self._clock)
        try:
            # The thread ends by the time-outs of its socket.
            await asyncio.to_thread(self._send, message, letter.to)
        except smtplib.SMTPRecipientsRefused as problem:
            codes = [code for code, _ in problem.recipients.values()]
            raise CarrierError(f"refused with {codes}", again=all(400 <= code < 500 for code in codes)) from None
        except smtplib.SMTPResponseException as problem:
            said = f"{problem.smtp_code} {problem.smtp_error!r}"
            raise CarrierError(said, again=400 <= problem.smtp_code < 500) from None
        except smtplib.SMTPNotSupportedError as problem:
            raise CarrierError(str(problem), again=False) from None
        except (smtplib.SMTPException, OSError) as problem:
            raise CarrierError(repr(problem), again=True) from None

    def _send(self, message: EmailMessage, to: str) -> None:
        settings = self._settings
        context = ssl.create_default_context()
        where = (settings.host, settings.port)
        server: smtplib.SMTP
        if settings.security == "tls":
            server = smtplib.SMTP_SSL(*where, timeout=settings.timeout_s, context=context)
        else:
            server = smtplib.SMTP(*where, timeout=settings.timeout_s)
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, settings.password)
            server.send_message(message, self._sender, [to])
            # It was taken; how the server says goodbye must not have it sent again.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()


class FileCarrier:
    """Writes letters into a folder, one file each, for its owner alone."""

    def __init__(self, folder: Path, sender: str, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    async def carry(self, letter: Letter) -> None:
        """Return once the file is there.  Raises CarrierError."""
        content = written(letter, self._sender, self._clock).as_bytes()
        try:
            path = await asyncio.to_thread(self._write, content)
        except OSError as problem:
            raise CarrierError(repr(problem), again=True) from None
        _logger.info("a letter was written, because no mail server is set", file=str(path))

    def _write(self, content: bytes) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Names sort by time.
        path = self._folder / f"{self._clock.now_ms()}-{new_id()}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return path


def written(letter: Letter, sender: str, clock: Clock) -> EmailMessage:
    """Return a letter as RFC 5322 wants it.  Raises CarrierError for what cannot be written so."""
    try:
        message = EmailMessage(policy=SMTP if letter.to.isascii() else SMTPUTF8)
        message["From"] = sender
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(datetime.fromtimestamp(clock.now_ms() / 1000, UTC))
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "localhost")
        # Answering machines must not answer (RFC 3834 section 5).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
    except (MessageError, ValueError, IndexError) as problem:
        raise CarrierError(repr(problem), again=False) from None
    return message
