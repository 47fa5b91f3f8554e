"""Passkeys: a key pair that a person's device keeps, and unlocks by a finger, a face or a PIN (WebAuthn).

The device signs a challenge together with the origin it was asked at, so what is signed elsewhere is no good here, and
there is nothing a person could be talked into telling.  A challenge is a step that is spent by its first answer, right
or wrong.  As the first and only step the device must have checked who unlocks it; beside a password it need not.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import json
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hubbub.auth.accounts import Accounts
from hubbub.auth.factor_ports import FactorStore, Passkey, Step
from hubbub.auth.limits import neighbourhood
from hubbub.auth.names import clean_line
from hubbub.auth.ports import Account
from hubbub.auth.second_factor import SecondFactor
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id

__all__ = ["Challenge", "Passkeys"]

MOST = 20
"""Passkeys one person may have."""

_NAME_MAX = 100
_CREDENTIAL_MAX = 32_000
_CHALLENGE_MS = 5 * 60_000
_BASE64 = re.compile(r"(?:[\w-]{4})*(?:[\w-]{2,3})?", re.ASCII)
_NEW = "passkey-new"
_GIVEN = "passkey"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Challenge(msgspec.Struct, frozen=True):
    """What a device is asked."""

    secret: str
    """Of the step that its answer spends."""
    options: str
    """For `navigator.credentials`, as JSON."""


class Passkeys:
    """Registers passkeys, asks for them, takes them away."""

    def __init__(
        self, store: FactorStore, factors: SecondFactor, accounts: Accounts, clock: Clock, *, address: str
    ) -> None:
        """`address` is how people reach this server: the one origin whose signatures count."""
        self._store = store
        self._factors = factors
        self._accounts = accounts
        self._clock = clock
        parts = urlsplit(address)
        self._origins = [f"{parts.scheme}://{parts.netloc}"]
        self.domain = parts.hostname or "localhost"
        if self.domain in _LOOPBACK:
            # Browsers know this machine as a secure place only by its name, and give no passkey to an address.
            self.domain = "localhost"
            self._origins = [f"{parts.scheme}://localhost{f':{parts.port}' if parts.port else ''}"]

    @property
    def possible(self) -> bool:
        """Whether browsers use passkeys at this address: over https, or on this machine, and by a name."""
        secure = self._origins[0].startswith("https:") or self.domain == "localhost"
        return secure and not self.domain.replace(".", "").isdigit() and ":" not in self.domain

    # ------------------------------------------------------------ registering

    async def offer(self, account: Account, *, place: str) -> Challenge:
        """Begin to register a passkey; whether the person may is the caller's to check."""
        known = [one.credential_id for one in await self._store.passkeys(account.id)]
        ceremonies = await _loaded()
        challenge, options = ceremonies.registration(self.domain, place, account, known)
        secret = await self._factors.begin(_NEW, account.id, lasts_ms=_CHALLENGE_MS, challenge=challenge)
        return Challenge(secret, options)

    async def register(self, account: Account, secret: str, credential: str, name: str) -> tuple[Passkey, list[str]]:
        """Keep a passkey that was made for a challenge, and return recovery codes for who has none.

        Raises ChatError with BAD_PASSKEY, BAD_REQUEST or CONFLICT.
        """
        name = clean_line(name, "The passkey's name", _NAME_MAX) or "Passkey"
        step = await self._taken(secret, _NEW)
        if step.user_id != account.id:
            raise ChatError(Code.BAD_PASSKEY)
        ceremonies = await _loaded()
        made = ceremonies.registered(_readable(credential), _challenge(step), self.domain, self._origins)
        passkey = Passkey(
            id=new_id(),
            user_id=account.id,
            credential_hash=_hash(made.credential_id),
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            name=name,
            created_ms=self._clock.now_ms(),
        )
        if not await self._store.add_passkey(passkey, most=MOST):
            raise ChatError(Code.CONFLICT, f"That passkey is known already, or there are {MOST}.")
        return passkey, await self._factors.first_recovery_codes(account.id)

    # ------------------------------------------------------------ being asked for one

    async def ask(self, account: Account | None = None) -> Challenge:
        """Ask for a passkey: one of this person's beside a password, or whichever the device offers, alone."""
        keys = await self._store.passkeys(account.id) if account else []
        ceremonies = await _loaded()
        challenge, options = ceremonies.authentication(
            self.domain, [one.credential_id for one in keys], alone=account is None
        )
        whose = account.id if account else ""
        return Challenge(await self._factors.begin(_GIVEN, whose, lasts_ms=_CHALLENGE_MS, challenge=challenge), options)

    async def prove(
        self, secret: str, credential: str, account: Account | None = None, *, address: str = ""
    ) -> Account:
        """Return the person whose passkey answered a challenge.

        Raises ChatError with BAD_PASSKEY, also for the second answer and for a count that shows a copied key, or with
        RATE_LIMITED after too many wrong ones from this address.
        """
        step = await self._taken(secret, _GIVEN)
        if step.user_id != (account.id if account else ""):
            raise ChatError(Code.BAD_PASSKEY)
        answer = _readable(credential)
        passkey = await self._of(answer)
        whose = account.id if account is not None else passkey.user_id if passkey is not None else ""
        if not whose:
            raise ChatError(Code.BAD_PASSKEY)
        tried = await self._accounts.failures.admit(neighbourhood(address), whose, what="passkey")
        try:
            person = await self._owner(step, answer, passkey, account)
        except ChatError as refusal:
            if refusal.code is Code.BAD_PASSKEY:
                await tried.failed()
                await self._accounts.refused(whose, "passkey")
            raise
        await tried.succeeded()
        return person

    async def _owner(
        self, step: Step, answer: dict[str, Any], passkey: Passkey | None, account: Account | None
    ) -> Account:
        if passkey is None or (account is not None and passkey.user_id != account.id):
            raise ChatError(Code.BAD_PASSKEY)
        ceremonies = await _loaded()
        count = ceremonies.answered(
            answer, _challenge(step), self.domain, self._origins, passkey, alone=account is None
        )
        used = await self._store.use_passkey(
            passkey.id, before=passkey.sign_count, sign_count=count, now_ms=self._clock.now_ms()
        )
        person = await self._accounts.profile(passkey.user_id)
        if not used or not person.active:
            raise ChatError(Code.BAD_PASSKEY)
        return person

    async def _of(self, answer: dict[str, Any]) -> Passkey | None:
        """Return the passkey an answer names."""
        named = answer.get("rawId")
        if not isinstance(named, str) or not _BASE64.fullmatch(named):
            return None
        return await self._store.passkey(_hash(_bytes(named)))

    async def _taken(self, secret: str, kind: str) -> Step:
        step = await self._factors.take_up(secret, kind, spend=True)
        if step is None:
            raise ChatError(Code.BAD_PASSKEY)
        return step

    # ------------------------------------------------------------ those that are there

    async def rename(self, user_id: str, passkey_id: str, name: str) -> Passkey:
        """Give a passkey another name.  Raises ChatError with NOT_FOUND or BAD_REQUEST."""
        name = clean_line(name, "The passkey's name", _NAME_MAX)
        passkey = await self._store.name_passkey(user_id, passkey_id, name or "Passkey")
        if passkey is None:
            raise ChatError(Code.NOT_FOUND)
        return passkey

    async def remove(
        self, account: Account, passkey_id: str, code: str, *, device_id: str = "", address: str = ""
    ) -> None:
        """Forget a passkey; the last second step of a person goes only with a code as well.

        The password is the caller's to check.  Raises ChatError with NOT_FOUND, SECOND_FACTOR_NEEDED, BAD_SECOND_FACTOR
        or RATE_LIMITED.
        """
        have = await self._factors.of(account.id)
        if passkey_id not in [one.id for one in have.passkeys]:
            raise ChatError(Code.NOT_FOUND)
        if have.totp is None and len(have.passkeys) == 1:
            if not code.strip():
                raise ChatError(Code.SECOND_FACTOR_NEEDED)
            await self._factors.check(account, code, device_id=device_id, address=address)
        if not await self._store.drop_passkey(account.id, passkey_id):
            raise ChatError(Code.NOT_FOUND)
        await self._factors.tidy(account.id)


def _readable(credential: str) -> dict[str, Any]:
    """Return what a browser answered.  Raises ChatError(BAD_PASSKEY)."""
    try:
        answer = json.loads(credential) if len(credential) <= _CREDENTIAL_MAX else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ChatError(Code.BAD_PASSKEY)
    return answer


def _challenge(step: Step) -> bytes:
    return _bytes(json.loads(step.data)["challenge"])


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _hash(credential_id: bytes) -> bytes:
    return hashlib.sha256(credential_id).digest()


async def _loaded() -> Any:
    """Return the module that does the cryptography, which is slow to load and which few starts need."""
    return await asyncio.to_thread(importlib.import_module, "hubbub.auth.ceremonies")
