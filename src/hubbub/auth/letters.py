"""Letters: what this server writes to people by e-mail, and the office that posts them.

Posting a letter writes it down and says nothing of whether it will arrive.  Letters wait in the store, bounded, so that
the death of a process loses none: any process that has an office takes one that is due, for a while, and carries it; if
it dies on the way, another one takes it later, so a letter is sent at least once.  One that cannot be delivered is
tried again after longer and longer pauses, and given up after some hours, for whoever waits for it asks again.  How a
letter travels is the carrier's business.
"""

from __future__ import annotations

import logging
from typing import Literal, Protocol

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop

__all__ = ["Carrier", "CarrierError", "Language", "Letter", "LetterStore", "Office", "Waiting", "in_both", "letter"]

_log = logging.getLogger(__name__)

Language = Literal["en", "zh"]
Subject = Literal["verify", "reset", "reset_done", "moved", "arrival"]

_TRIES = 8
_FIRST_PAUSE_MS = 5_000
_LONGEST_PAUSE_MS = 3_600_000
_LOOK_EVERY_S = 5.0


class Letter(msgspec.Struct, frozen=True):
    """A plain text to one address."""

    to: str
    subject: str
    text: str


class Waiting(msgspec.Struct, frozen=True):
    """A letter that waits to be carried."""

    id: str
    recipient: str
    subject: str
    text: str
    created_ms: int
    due_ms: int
    """When it is carried, or, once somebody took it, when somebody else may."""
    tries: int = 0
    """How often somebody took it."""


class LetterStore(Protocol):
    """Keeps letters until they are carried.  Each method is one transaction."""

    async def add(self, letter: Waiting, most: int) -> bool:
        """Keep a letter; False, keeping nothing, when so many wait already."""

    async def take(self, now_ms: int, until_ms: int) -> Waiting | None:
        """Take the letter that is due longest, as it is from now on, and keep others from it until then."""

    async def again(self, letter_id: str, due_ms: int) -> None:
        """Let a letter wait until then."""

    async def done(self, letter_id: str) -> None:
        """Forget a letter."""


class CarrierError(Exception):
    """A letter was not taken."""

    def __init__(self, detail: str, *, again: bool) -> None:
        super().__init__(detail)
        self.again = again
        """Whether it may be taken later."""


class Carrier(Protocol):
    """What takes letters away."""

    async def carry(self, letter: Letter) -> None:
        """Return once the letter was taken.  Raises CarrierError."""


class Office:
    """Letters that wait for the carrier."""

    def __init__(
        self, carrier: Carrier, store: LetterStore, clock: Clock, *, waiting: int = 1_000, lease_s: float = 120.0
    ) -> None:
        """`waiting`: at most so many letters; one more is dropped and logged.

        `lease_s`: longer than the carrier takes, whatever happens to it.
        """
        self._carrier = carrier
        self._store = store
        self._clock = clock
        self._most = waiting
        self._lease_ms = round(lease_s * 1000)
        self._loop = Loop("letters", self.deliver, every_s=_LOOK_EVERY_S)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        """End; what still waits is carried by another process, or by the next one."""
        await self._loop.stop()

    async def post(self, letter: Letter) -> None:
        """Have a letter carried.  It never fails: what cannot be written down is logged, and asked for again."""
        now_ms = self._clock.now_ms()
        row = Waiting(new_id(), letter.to, letter.subject, letter.text, now_ms, now_ms)
        try:
            if not await self._store.add(row, self._most):
                _log.warning("a letter was dropped: %d wait already", self._most)
        except ChatError as problem:
            _log.error("a letter could not be kept: %r", problem)
        self._loop.wake()

    async def deliver(self) -> None:
        """Carry everything that is due, once."""
        while True:
            now_ms = self._clock.now_ms()
            try:
                row = await self._store.take(now_ms, now_ms + self._lease_ms)
            except ChatError as problem:
                _log.warning("letters are looked for later: %r", problem)
                return
            if row is None:
                return
            await self._carry(row)

    async def _carry(self, row: Waiting) -> None:
        try:
            await self._carrier.carry(Letter(row.recipient, row.subject, row.text))
        except CarrierError as problem:
            if problem.again and row.tries < _TRIES:
                pause_ms = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 4 ** (row.tries - 1))
                _log.warning("a letter is tried again in %d s: %s", pause_ms // 1000, problem)
                await self._store.again(row.id, self._clock.now_ms() + pause_ms)
                return
            # Not the address: a log is read by more people than a letter.
            _log.error("a letter could not be delivered: %s", problem)
        await self._store.done(row.id)


# ---------------------------------------------------------------- what they say

_WORDS: dict[Language, dict[Subject, tuple[str, str]]] = {
    "en": {
        "verify": (
            "{place}: confirm your address",
            "Hello {person},\n\n"
            "somebody, you we hope, gave this address at {place}. To confirm it, open this link within {hours}"
            " hours:\n\n"
            "{link}\n\n"
            "If it was not you, do nothing.\n",
        ),
        "reset": (
            "{place}: choose a new password",
            "Hello {person},\n\n"
            "somebody, you we hope, asked for a new password at {place}. To choose one, open this link within {minutes}"
            " minutes; it works once:\n\n"
            "{link}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n",
        ),
        "reset_done": (
            "{place}: your password was changed",
            "Hello {person},\n\n"
            "your password at {place} was changed by a link that was sent to this address, and every device was logged"
            " out. If it was not you, somebody reads your mail: secure it first, then ask for another link.\n",
        ),
        "moved": (
            "{place}: your address was changed",
            "Hello {person},\n\n"
            "from now on {place} writes to another address of yours. If it was not you, log in and change your"
            " password.\n",
        ),
        "arrival": (
            "{place}: a new device",
            "Hello {person},\n\n"
            "at {time} UTC you signed in to {place} from a device that was new to you: {device}, at the address"
            " {address}.\n\n"
            "If it was you, do nothing. If not, end it here, and choose another password:\n\n"
            "{link}\n",
        ),
    },
    "zh": {
        "verify": (
            "{place}：请确认您的邮箱",
            "{person}，您好：\n\n"
            "有人（希望是您本人）在 {place} 填写了此邮箱。请在 {hours} 小时内打开以下链接确认：\n\n"
            "{link}\n\n"
            "如果不是您本人操作，请忽略此邮件。\n",
        ),
        "reset": (
            "{place}：设置新密码",
            "{person}，您好：\n\n"
            "有人（希望是您本人）在 {place} 申请重设密码。请在 {minutes} 分钟内打开以下链接，该链接只能使用一次：\n\n"
            "{link}\n\n"
            "如果不是您本人操作，请忽略此邮件，您的密码不会改变。\n",
        ),
        "reset_done": (
            "{place}：您的密码已更改",
            "{person}，您好：\n\n"
            "您在 {place} 的密码已通过发送到此邮箱的链接更改，所有设备均已退出登录。"
            "如果不是您本人操作，说明有人能读取您的邮件：请先保护好邮箱，再重新申请链接。\n",
        ),
        "moved": (
            "{place}：您的邮箱已更改",
            "{person}，您好：\n\n今后 {place} 将使用您的另一个邮箱。如果不是您本人操作，请登录并更改密码。\n",
        ),
        "arrival": (
            "{place}：新设备登录",
            "{person}，您好：\n\n"
            "您的账号于 {time}（UTC）在一台新设备上登录了 {place}：{device}，地址为 {address}。\n\n"
            "如果是您本人，请忽略此邮件；如果不是，请在以下页面结束该登录并更改密码：\n\n"
            "{link}\n",
        ),
    },
}


def in_both(subject: Subject, to: str, **values: object) -> Letter:
    """Return a letter in both languages: to somebody who did not just ask for it in one of them."""
    english, chinese = letter("en", subject, to, **values), letter("zh", subject, to, **values)
    return Letter(to, english.subject, f"{english.text}\n---\n\n{chinese.text}")


def letter(language: Language, subject: Subject, to: str, **values: object) -> Letter:
    """Return a letter in a language."""
    title, text = _WORDS[language][subject]
    return Letter(to, title.format(**values), text.format(**values))
