"""The second step of signing in: a code of an app or a recovery code, beside the password.

Who has set one up is asked for it wherever the password is taken.  Guessing is slowed down twice: by the place (or the
device the person has used before) after a few failures, and over all places that are new to the person by an allowance
for the account.  Whoever holds a stolen password can spend that allowance, and still keeps the owner out of nothing: a
device that was used before, a recovery code and a passkey do not need it.
"""

from __future__ import annotations

import json
import logging
import re
import secrets

import msgspec

from hubbub.auth.factor_ports import FactorStore, Passkey, Step, Totp
from hubbub.auth.failures import Failures
from hubbub.auth.limits import neighbourhood
from hubbub.auth.model import Identity
from hubbub.auth.permissions import EVERYDAY, effective
from hubbub.auth.ports import Account
from hubbub.auth.refresh import digest
from hubbub.auth.refusal import SecondFactorNeeded
from hubbub.auth.settings import AuthSettings
from hubbub.auth.totp import matching_step, new_recovery_codes, new_secret, recovery_hash
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code, RateLimited

__all__ = ["Factors", "SecondFactor"]

log = logging.getLogger(__name__)

_AGAIN_MS = 60_000
_AGAIN = "again"
_TICKET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SWEEP_S = 60.0
_KNOWN_S = 30.0
_KNOWN_MAX = 10_000


class Factors(msgspec.Struct, frozen=True):
    """What a person has set up."""

    totp: Totp | None
    """Only a confirmed one."""
    recovery_codes_left: int
    passkeys: list[Passkey]

    @property
    def any(self) -> bool:
        return self.totp is not None or bool(self.passkeys)


class SecondFactor:
    """Sets a second step up, asks for it, takes it away."""

    def __init__(self, store: FactorStore, settings: AuthSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._swept = clock.monotonic()
        self._failures = Failures(store, settings, clock)
        self._have: dict[str, float] = {}

    def use(self, settings: AuthSettings) -> None:
        """Go by these settings from now on, but for how failures of one place are slowed down."""
        self._settings = settings

    # ------------------------------------------------------------ what there is

    async def of(self, user_id: str) -> Factors:
        """Return what a person has set up."""
        totp = await self._store.totp(user_id)
        return Factors(
            totp=totp if totp is not None and totp.confirmed else None,
            recovery_codes_left=await self._store.recovery_codes_left(user_id),
            passkeys=await self._store.passkeys(user_id),
        )

    async def kinds(self, user_id: str) -> list[str]:
        """Return what a person can show beside the password: `app`, `passkey`, `recovery_code`."""
        have = await self.of(user_id)
        shown = {"app": have.totp is not None, "passkey": have.passkeys, "recovery_code": have.recovery_codes_left}
        return [name for name, there in shown.items() if there]

    async def must_enrol(self, account: Account) -> bool:
        """Whether a person may do nothing yet but set a second step up."""
        may = effective(is_admin=account.is_admin, roles=account.roles, granted=account.granted)
        if may <= EVERYDAY or not self._settings.admins_need_second_factor:
            return False
        now = self._clock.monotonic()
        if self._have.get(account.id, 0.0) > now:
            return False
        if not await self._store.has_factor(account.id):
            return True
        if len(self._have) >= _KNOWN_MAX:
            self._have.clear()
        # Asked again soon, for somebody may take theirs away at another node.
        self._have[account.id] = now + _KNOWN_S
        return False

    # ------------------------------------------------------------ being asked

    async def is_asked_of(self, account: Account) -> bool:
        """Whether this person's password alone is not enough."""
        return await self._store.has_factor(account.id)

    async def demand(self, account: Account, proof: str, *, device_id: str = "", address: str = "") -> str:
        """Let somebody pass whose password was right; return a ticket for one more device within a minute.

        `proof` is a code of the app, a recovery code, or such a ticket.  The ticket is empty where nothing was asked.
        Raises ChatError with SECOND_FACTOR_NEEDED (there was no proof), BAD_SECOND_FACTOR or RATE_LIMITED.
        """
        if not await self.is_asked_of(account):
            return ""
        if not proof.strip():
            raise SecondFactorNeeded(await self.kinds(account.id))
        await self._sweep()
        if _TICKET.fullmatch(proof):
            ticket = await self.take_up(proof, _AGAIN, spend=True)
            if ticket is not None and ticket.user_id == account.id:
                return ""
        await self.check(account, proof, device_id=device_id, address=address)
        return await self.begin(_AGAIN, account.id, lasts_ms=_AGAIN_MS)

    async def check(self, account: Account, code: str, *, device_id: str = "", address: str = "") -> None:
        """Use up a code of the app or a recovery code.

        Raises ChatError with BAD_SECOND_FACTOR or RATE_LIMITED.
        """
        known = bool(device_id) and await self._store.knows_device(account.id, device_id)
        place = f"device {device_id}" if known else neighbourhood(address)
        tried = await self._failures.admit(place, account.id, what="code")
        hashed = recovery_hash(code)
        if hashed is not None:
            right = await self._store.use_recovery_code(account.id, hashed)
        else:
            if not known:
                await self.count_guess("app", account.id)
            right = await self._use_code(account.id, code)
        if not right:
            await tried.failed()
            log.info("wrong second factor for %s from %s", account.id, address)
            raise ChatError(Code.BAD_SECOND_FACTOR)
        await tried.succeeded()

    async def count_guess(self, what: str, user_id: str) -> None:
        """Count something short that a person types against their allowance, which all nodes share.

        Raises RateLimited.
        """
        per_hour = self._settings.codes_per_hour
        if per_hour <= 0:
            return
        name_hash = digest(f"{what} {user_id}")
        wait_s = await self._store.take_guess(
            name_hash, per_hour=per_hour, burst=max(1.0, per_hour), now_ms=self._clock.now_ms()
        )
        if wait_s > 0:
            raise RateLimited(after_s=wait_s)

    async def _use_code(self, user_id: str, code: str) -> bool:
        totp = await self._store.totp(user_id)
        if totp is None or not totp.confirmed:
            return False
        step = matching_step(totp.secret, code, self._clock.now_ms(), after=totp.last_step)
        return step is not None and await self._store.use_step(user_id, totp.secret, step)

    # ------------------------------------------------------------ an app

    async def begin_totp(self, account: Account) -> Totp:
        """Return a fresh secret for an app, which is asked for once a code of it was shown.

        Raises ChatError(CONFLICT) where there is an app already.
        """
        totp = Totp(user_id=account.id, secret=new_secret(), created_ms=self._clock.now_ms())
        if not await self._store.offer_totp(totp):
            raise ChatError(Code.CONFLICT, "There is an authenticator app already; turn it off first.")
        return totp

    async def waiting_totp(self, user_id: str) -> Totp | None:
        """Return the app that waits for its first code."""
        totp = await self._store.totp(user_id)
        return None if totp is None or totp.confirmed else totp

    async def confirm_totp(self, account: Account, code: str, *, address: str = "") -> list[str]:
        """Ask for the app's codes from now on, and return recovery codes, which are shown this once.

        They are empty where the person has some.  Raises ChatError with BAD_SECOND_FACTOR, CONFLICT or RATE_LIMITED.
        """
        totp = await self.waiting_totp(account.id)
        if totp is None:
            raise ChatError(Code.CONFLICT, "No authenticator app waits to be confirmed.")
        tried = await self._failures.admit(neighbourhood(address), account.id, what="code")
        step = matching_step(totp.secret, code, self._clock.now_ms(), after=0)
        if step is None:
            await tried.failed()
            raise ChatError(Code.BAD_SECOND_FACTOR)
        if not await self._store.confirm_totp(account.id, totp.secret, step):
            raise ChatError(Code.CONFLICT, "No authenticator app waits to be confirmed.")
        return await self.first_recovery_codes(account.id)

    async def drop_totp(self, account: Account, code: str, *, device_id: str = "", address: str = "") -> None:
        """Ask for an app no longer; where no passkey is left either, the recovery codes go with it.

        The password is the caller's to check.  Raises ChatError with BAD_SECOND_FACTOR, CONFLICT or RATE_LIMITED.
        """
        totp = await self._store.totp(account.id)
        if totp is None or not totp.confirmed:
            raise ChatError(Code.CONFLICT, "There is no authenticator app.")
        await self.check(account, code, device_id=device_id, address=address)
        await self._store.drop_totp(account.id)
        await self.tidy(account.id)

    # ------------------------------------------------------------ recovery codes

    async def first_recovery_codes(self, user_id: str) -> list[str]:
        """Give recovery codes to somebody who has none."""
        return [] if await self._store.recovery_codes_left(user_id) else await self._new_codes(user_id)

    async def renew_recovery_codes(
        self, account: Account, code: str, *, device_id: str = "", address: str = ""
    ) -> list[str]:
        """Replace all recovery codes.

        The password is the caller's to check.  Raises ChatError with BAD_SECOND_FACTOR, CONFLICT or RATE_LIMITED.
        """
        if not await self._store.has_factor(account.id):
            raise ChatError(Code.CONFLICT, "There is no second step to recover.")
        await self.check(account, code, device_id=device_id, address=address)
        return await self._new_codes(account.id)

    async def _new_codes(self, user_id: str) -> list[str]:
        codes = new_recovery_codes()
        await self._store.set_recovery_codes(user_id, [hashed for code in codes if (hashed := recovery_hash(code))])
        return codes

    async def reset(self, who: Identity, user_id: str) -> bool:
        """Take away all that somebody has set up, because they have lost it; False when there was nothing.

        Raises ChatError with USER_NOT_FOUND, or FORBIDDEN for somebody who may do more than `who`.
        """
        self._have.pop(user_id, None)
        return await self._store.reset(user_id, within=who.permissions)

    async def forget(self, user_id: str) -> None:
        """Forget all of somebody whose account is deleted, whom they were somewhere else included."""
        self._have.pop(user_id, None)
        await self._store.forget(user_id)

    async def tidy(self, user_id: str) -> None:
        """Forget the recovery codes of somebody who has nothing left to recover."""
        self._have.pop(user_id, None)
        if not await self._store.has_factor(user_id):
            await self._store.set_recovery_codes(user_id, [])

    # ------------------------------------------------------------ steps on the way

    async def begin(self, kind: str, user_id: str, *, lasts_ms: int, **data: str) -> str:
        """Remember that something was begun, and return the secret by which it is taken up."""
        await self._sweep()
        secret = secrets.token_urlsafe(32)
        until_ms = self._clock.now_ms() + lasts_ms
        await self._store.add_step(Step(digest(secret), kind, user_id, json.dumps(data), until_ms))
        return secret

    async def take_up(self, secret: str, kind: str, *, spend: bool) -> Step | None:
        """Return what was begun under a secret, if it lasts; spent, it is good no more."""
        if not _TICKET.fullmatch(secret):
            return None
        hashed = digest(secret)
        step = await (self._store.spend_step(hashed) if spend else self._store.step(hashed))
        good = step is not None and step.kind == kind and step.expires_ms > self._clock.now_ms()
        return step if good else None

    async def _sweep(self) -> None:
        if self._clock.monotonic() - self._swept >= _SWEEP_S:
            self._swept = self._clock.monotonic()
            await self._store.drop_steps(self._clock.now_ms())
