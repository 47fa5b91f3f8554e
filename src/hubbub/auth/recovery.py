"""Addresses that were proved, and passwords that are chosen anew by a link mailed to one.

A link is a random value of which only the hash is kept; it is good once and for a while, and a link for a new password
only as long as nothing else has ended the person's logins since.  Whoever asks for one is answered the same, in the
same time, whether or not the address is known here.  Asking is limited by the address it comes from and by the address
it is for, known or not, so that nobody floods a stranger's mailbox.  Choosing a new password ends every login, and
takes nothing else away: a second step, where there is one, is still asked for.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
import unicodedata
from collections import deque
from typing import Protocol

import msgspec

from hubbub.auth.letters import Language, Letter, in_both, letter
from hubbub.auth.limits import Allowance, neighbourhood
from hubbub.auth.model import Identity
from hubbub.auth.names import clean_password
from hubbub.auth.ports import Account, Login, Place
from hubbub.auth.refresh import digest
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.base.loops import Loop

__all__ = ["MailLink", "Recovery", "RecoveryStore", "clean_email"]

EMAIL_MAX = 254
"""RFC 5321 section 4.5.3.1.3: a path has at most 256 octets, the angle brackets included."""
_LOCAL_MAX = 64
_AT_ONCE = 5
"""Accounts that one address may be proved for and still be written to about each."""
_ASKED = 1_000
"""So many who asked wait to be written to; of more, the oldest ask again."""
_KEEP = 3
"""Links of one person for one purpose; an older one is good no more."""
_NO_LINK = re.compile(r"[^\w ()-]")
_UNFIT = frozenset(' \t\r\n"(),:;<>[]\\')


class MailLink(msgspec.Struct, frozen=True):
    """A link that was mailed to somebody."""

    hash: bytes
    user_id: str
    purpose: str
    """`verify` or `reset`."""
    email: str
    email_key: str
    auth_epoch: int
    """The person's when it was made."""
    created_ms: int
    until_ms: int


class RecoveryStore(Protocol):
    """Keeps addresses and links."""

    async def add_mail_link(self, link: MailLink, keep: int, *, within: frozenset[str] | None = None) -> None:
        """Insert a link; all that are over go, and the oldest of the same person and purpose beyond `keep`.

        With `within` somebody else is given it, which is remembered; who may do more is left alone (FORBIDDEN).
        """

    async def mail_link(self, hash_: bytes) -> MailLink | None: ...

    async def accounts_of_email(self, email_key: str, limit: int) -> list[Account]:
        """Return the active people for whom this address was proved."""

    async def verify_email(self, hash_: bytes, now_ms: int) -> tuple[Account, Account] | None:
        """Spend a link and write its address to its person; return them before and after.

        None for a link that is not there, is over, or of an account that is closed.
        """

    async def drop_email(self, user_id: str, *, within: frozenset[str] | None = None) -> None:
        """Forget the address and the links of a person; of nobody who may do more (FORBIDDEN)."""

    async def reset_password(self, hash_: bytes, new_hash: str, now_ms: int) -> tuple[Account, list[Login]] | None:
        """Spend a link, replace the password, advance the auth epoch, end every login.

        Every other link of the person for that is spent with it.  Returns the person and the logins; None as above, and
        when the auth epoch is another than when the link was made.
        """


class _Accounts(Protocol):
    """What of `Accounts` is needed."""

    async def confirm(self, user_id: str, password: str, *, address: str = "") -> Account: ...

    async def hash_new(self, password: str) -> str: ...

    async def tell_ended(self, *logins: Login | None) -> None: ...

    async def place(self) -> Place: ...

    async def profile(self, user_id: str) -> Account: ...

    def try_once(self, address: str) -> None: ...


class _Post(Protocol):
    async def post(self, letter: Letter) -> None: ...


def clean_email(text: str) -> str:
    """Return an address as letters are sent to it.  Raises ChatError(BAD_REQUEST)."""
    email = unicodedata.normalize("NFC", text.strip())
    local, at, domain = email.rpartition("@")
    fit = all(char not in _UNFIT and unicodedata.category(char)[0] not in "CZ" for char in email)
    if (
        not fit
        or not at
        or not local
        or "@" in local
        or len(local.encode()) > _LOCAL_MAX
        or len(email.encode()) > EMAIL_MAX
        or "." in (domain[:1], domain[-1:])
        or not domain
    ):
        raise ChatError(Code.BAD_REQUEST, "That is not an e-mail address.")
    return f"{local}@{domain.lower()}"


def _key(email: str) -> str:
    return unicodedata.normalize("NFKC", email).casefold()[:EMAIL_MAX]


class Recovery:
    """Proves addresses and lets people in again who forgot their password."""

    def __init__(
        self,
        store: RecoveryStore,
        accounts: _Accounts,
        office: _Post,
        clock: Clock,
        settings: AuthSettings,
        *,
        url: str,
    ) -> None:
        """`url` is the address people reach this server by; never one a request names, which anybody may forge."""
        self._store = store
        self._accounts = accounts
        self._office = office
        self._clock = clock
        self._settings = settings
        self._url = url.rstrip("/")
        self._by_place = Allowance(clock, per_s=settings.letters_per_hour / 3600, burst=settings.letters_per_hour)
        # Whoever uses up somebody's share has had them sent as many links, each of which is good.
        self._by_email = Allowance(clock, per_s=settings.letters_per_hour / 3600, burst=3.0)
        self._by_person = Allowance(clock, per_s=settings.letters_per_hour / 3600, burst=3.0)
        self._by_arrival = Allowance(clock, per_s=settings.letters_per_hour / 3600, burst=5.0)
        self._asked: deque[tuple[str, Language]] = deque(maxlen=_ASKED)
        self._loop = Loop("asked for passwords", self.answer)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    # ------------------------------------------------------------ proving an address

    async def offer(
        self, identity: Identity, email: str, password: str, *, language: Language = "en", address: str = ""
    ) -> None:
        """Mail a link that proves an address; until it is followed the one before stays.

        Raises ChatError with BAD_REQUEST, BAD_CREDENTIALS or RATE_LIMITED.
        """
        email = clean_email(email)
        account = await self._accounts.confirm(identity.user_id, password, address=address)
        self._by_place.take(neighbourhood(address))
        self._by_person.take(account.id)
        hours = self._settings.verify_link_s // 3600
        token = await self._link(account, "verify", email, self._settings.verify_link_s)
        await self._write(
            account, language, "verify", email, link=f"{self._url}/account/verify?token={token}", hours=hours
        )

    async def prove(self, token: str, *, language: Language = "en", address: str = "") -> Account:
        """Follow such a link.  Raises ChatError with BAD_LINK or RATE_LIMITED."""
        done = await self._store.verify_email(_hash(token), self._clock.now_ms())
        if done is None:
            self._accounts.try_once(address)
            raise ChatError(Code.BAD_LINK)
        before, after = done
        if before.email and before.email_key != after.email_key:
            await self._write(after, language, "moved", before.email)
        return after

    async def forget(self, identity: Identity, password: str, *, address: str = "") -> None:
        """Forget the caller's address.  Raises ChatError with BAD_CREDENTIALS or RATE_LIMITED."""
        await self._accounts.confirm(identity.user_id, password, address=address)
        await self._store.drop_email(identity.user_id)

    # ------------------------------------------------------------ a new password

    async def ask(self, email: str, *, language: Language = "en", address: str = "") -> None:
        """Mail a link for a new password to whoever proved this address; whether anybody did is not told.

        Raises ChatError with BAD_REQUEST or RATE_LIMITED.
        """
        email = clean_email(email)
        self._by_place.take(neighbourhood(address))
        self._by_email.take(_key(email))
        # Looked up later, so that the time of the answer says nothing.
        self._asked.append((_key(email), language))
        self._loop.wake()

    async def answer(self) -> None:
        """Write to those who asked for a new password."""
        minutes = self._settings.reset_link_s // 60
        while self._asked:
            key, language = self._asked.popleft()
            for account in await self._store.accounts_of_email(key, _AT_ONCE):
                token = await self._link(account, "reset", account.email, self._settings.reset_link_s)
                link = f"{self._url}/account/reset?token={token}"
                await self._write(account, language, "reset", account.email, link=link, minutes=minutes)

    async def reset(self, token: str, password: str, *, language: Language = "en", address: str = "") -> Account:
        """Follow such a link: choose a new password, which ends every login.

        Raises ChatError with BAD_LINK, WEAK_PASSWORD or RATE_LIMITED.
        """
        link = await self._store.mail_link(_hash(token))
        if link is None or link.purpose != "reset" or link.until_ms <= self._clock.now_ms():
            self._accounts.try_once(address)
            raise ChatError(Code.BAD_LINK)
        person = await self._accounts.profile(link.user_id)
        normal = clean_password(password, person.username, min_chars=self._settings.password_min_chars)
        done = await self._store.reset_password(link.hash, await self._accounts.hash_new(normal), self._clock.now_ms())
        if done is None:
            raise ChatError(Code.BAD_LINK)
        account, ended = done
        await self._accounts.tell_ended(*ended)
        if account.email:
            await self._write(account, language, "reset_done", account.email)
        return account

    # ------------------------------------------------------------ was this you

    async def tell_arrival(self, account: Account, login: Login, address: str) -> None:
        """Write to a person, where an address of theirs was proved, that they signed in from a new device."""
        if not account.email:
            return
        try:
            self._by_arrival.take(account.id)
        except RateLimited:
            # The notices are kept all the same; nobody's mailbox is flooded by whoever knows a password.
            return
        place = (await self._accounts.place()).name or "Hubbub"
        said = in_both(
            "arrival",
            account.email,
            place=place,
            person=account.username,
            time=time.strftime("%Y-%m-%d %H:%M", time.gmtime(login.created_ms / 1000)),
            # It is whoever signed in that names it, and nothing of theirs may become a link.
            device=" ".join(_NO_LINK.sub(" ", login.device_name).split())[:60] or "?",
            address=address or "?",
            link=f"{self._url}/oauth/security",
        )
        await self._office.post(said)

    # ------------------------------------------------------------ for those who look after accounts

    async def hand_out(self, who: Identity, user_id: str) -> tuple[str, int]:
        """Return a link with which somebody chooses a new password, and until when it is good.

        It is theirs to hand over who asked for it, and the audit log says that they did.  Raises ChatError with
        FORBIDDEN, USER_NOT_FOUND, or CONFLICT for a program, which has no password.
        """
        account = await self._accounts.profile(user_id)
        if account.bot:
            raise ChatError(Code.CONFLICT, "A program has no password.")
        lasts_s = self._settings.reset_link_s
        token = await self._link(account, "reset", account.email, lasts_s, within=who.permissions)
        return f"{self._url}/account/reset?token={token}", self._clock.now_ms() + lasts_s * 1000

    async def forget_of(self, who: Identity, user_id: str) -> None:
        """Forget somebody's address.  Raises ChatError with FORBIDDEN or USER_NOT_FOUND."""
        await self._store.drop_email(user_id, within=who.permissions)

    # ------------------------------------------------------------ inside

    async def _link(
        self, account: Account, purpose: str, email: str, lasts_s: int, *, within: frozenset[str] | None = None
    ) -> str:
        token = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        now_ms = self._clock.now_ms()
        link = MailLink(
            _hash(token),
            account.id,
            purpose,
            email,
            _key(email),
            account.auth_epoch,
            now_ms,
            now_ms + lasts_s * 1000,
        )
        await self._store.add_mail_link(link, _KEEP, within=within)
        return token

    async def _write(self, account: Account, language: Language, subject: str, to: str, **values: object) -> None:
        place = (await self._accounts.place()).name or "Hubbub"
        said = letter(language, subject, to, place=place, person=account.username, **values)  # type: ignore[arg-type]
        await self._office.post(said)


def _hash(token: str) -> bytes:
    return digest(token[:200]) if token.isascii() else b""
