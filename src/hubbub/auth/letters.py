"""Letters: what this server writes to people by e-mail, and the office that posts them.

Posting a letter returns at once and says nothing of whether it will arrive, so that nobody learns from the time a
request takes whether an address is known here.  Letters wait in memory, bounded; one that cannot be delivered is tried
a few times and then dropped, for whoever waits for it asks again.  How a letter travels is the carrier's business.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Literal, Protocol

import msgspec

from hubbub.base.loops import Loop

__all__ = ["Carrier", "CarrierError", "Language", "Letter", "Office", "in_both", "letter"]

_log = logging.getLogger(__name__)

Language = Literal["en", "zh"]
Subject = Literal["verify", "reset", "reset_done", "moved", "arrival"]

_TRIES = 4


class Letter(msgspec.Struct, frozen=True):
    """A plain text to one address."""

    to: str
    subject: str
    text: str


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

    def __init__(self, carrier: Carrier, *, waiting: int = 1_000, pause_s: float = 5.0) -> None:
        """`waiting`: at most so many letters; one more is dropped and logged.  `pause_s` before trying again."""
        self._carrier = carrier
        self._waiting: deque[tuple[Letter, int]] = deque()
        self._most = waiting
        self._loop = Loop("letters", self.deliver, pause_s=pause_s)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        """End; what still waits is lost, and logged."""
        await self._loop.stop()
        if self._waiting:
            _log.warning("%d letters were not delivered", len(self._waiting))

    def post(self, letter: Letter) -> None:
        """Have a letter carried; never waits and never fails."""
        if len(self._waiting) >= self._most:
            _log.warning("a letter was dropped: %d wait already", self._most)
            return
        self._waiting.append((letter, 1))
        self._loop.wake()

    async def deliver(self) -> None:
        """Carry everything that waits, once; raises where something has to be tried again."""
        again: list[tuple[Letter, int]] = []
        failure: CarrierError | None = None
        for _ in range(len(self._waiting)):
            letter, tries = self._waiting.popleft()
            try:
                await self._carrier.carry(letter)
            except CarrierError as problem:
                failure = problem
                if problem.again and tries < _TRIES:
                    again.append((letter, tries + 1))
                else:
                    # Not the address: a log is read by more people than a letter.
                    _log.error("a letter could not be delivered: %s", problem)
            except BaseException:
                self._waiting.appendleft((letter, tries))
                self._waiting.extend(again)
                raise
        self._waiting.extend(again)
        if again and failure is not None:
            raise failure


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
