"""Accounts: who people are, how they log in, and when a login ends.

Access tokens live for minutes and are checked without I/O; everything lasting (the login, the refresh token, the auth
epoch) is a row, so ending a login is one write; its sockets hear of it through `on_login_ended`, and should that be
lost, whoever serves them asks what has `ended`.  The service
decides; the store only keeps.  It knows nothing of HTTP and nothing of chat.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from hubbub.auth.arrivals import Arrivals
from hubbub.auth.common_passwords import common_passwords
from hubbub.auth.directory import DirectoryAccounts
from hubbub.auth.failures import Failures
from hubbub.auth.joining import Joining, Mode
from hubbub.auth.limits import Allowance, neighbourhood
from hubbub.auth.model import Ended, Identity
from hubbub.auth.names import (
    DISPLAY_NAME_MAX,
    SIGNATURE_MAX,
    clean_line,
    clean_password,
    clean_username,
    name_key,
    normal_password,
)
from hubbub.auth.passwords import Passwords
from hubbub.auth.permissions import effective
from hubbub.auth.ports import Account, AccountStore, Login, Place, Rotation
from hubbub.auth.refresh import RefreshToken, digest
from hubbub.auth.registrar import Registrar
from hubbub.auth.scopes import within as scope_within
from hubbub.auth.second_factor import SecondFactor
from hubbub.auth.settings import AuthSettings
from hubbub.auth.signing import Signing
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id, parse_id

__all__ = ["Accounts", "Grant"]

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
_NO_PASSWORD = "*"
"""The hash of an account without one; no password has it."""
DEVICE_NAME_MAX = 100
PLACE_NAME_MAX = 100

LoginEndedHook = Callable[[str, str], Awaitable[None]]
RegisteredHook = Callable[[str], Awaitable[None]]
ArrivalHook = Callable[[Account, Login, str], Awaitable[None]]


class Grant(msgspec.Struct, frozen=True):
    """What a device holds after logging in or refreshing."""

    account: Account
    login: Login
    access_token: str
    refresh_token: str
    """Empty where there is none."""
    expires_in_s: int
    scope: str = ""
    second_factor: str = ""
    """In place of a code, for one more device within a minute; empty where no code was asked for."""
    one_more: str = ""
    """For one more device of the same installation, once and within a minute; of this server's own clients alone."""


async def _nothing(*_: object) -> None: ...


class Accounts:
    """Everything that can be done with accounts.

    Also the `Authenticator` of gateways and REST.

    `on_login_ended(user_id, device_id)` is awaited after a login ended in the database; `on_registered(user_id)` after
    a person was added, and again at their next login if it had not come to its end.  Both may be set later than the
    service is made, because what they call may itself need the service.
    """

    def __init__(
        self,
        store: AccountStore,
        settings: AuthSettings,
        clock: Clock,
        *,
        on_login_ended: LoginEndedHook = _nothing,
        on_registered: RegisteredHook = _nothing,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._passwords = Passwords(settings)
        self.signing = Signing(store, settings, clock)
        self.joining = Joining(store, clock)
        self.registrar = Registrar(store, self, clock)
        self.on_login_ended = on_login_ended
        self.on_registered = on_registered
        self.on_profile_changed: RegisteredHook = _nothing
        """Awaited with whose name, signature or picture is another now; it must not fail."""
        self.factors: SecondFactor | None = None
        """None: nobody has a second step."""
        self.directory: DirectoryAccounts | None = None
        """None: every password is one of ours."""
        self.arrivals: Arrivals | None = None
        """None: nobody is told of new devices."""
        self.on_arrival: list[ArrivalHook] = []
        """Awaited with the login and its address after somebody signed in from a device that was new to them."""
        self._registering = Allowance(clock, per_s=0.0, burst=1.0)
        self._trying = Allowance(clock, per_s=0.0, burst=1.0)
        self.use(settings)
        self.failures = Failures(store, settings, clock)

    # ------------------------------------------------------------ life

    def use(self, settings: AuthSettings) -> None:
        """Go by these settings from now on; how tokens are signed and passwords hashed stays as it was made."""
        self._settings = settings
        for allowance, per_minute in (
            (self._registering, settings.registers_per_minute),
            (self._trying, settings.logins_per_minute),
        ):
            allowance.use(per_s=per_minute / 60, burst=max(1.0, per_minute))
        if self.factors is not None:
            self.factors.use(settings)

    @property
    def registration_open(self) -> bool:
        """Whether somebody may make an account now."""
        return self.registration != "closed"

    @property
    def registration(self) -> Mode:
        """Who may make an account now."""
        return self._settings.registration if self._settings.registration_open else "closed"

    async def start(self) -> None:
        """Load the signing keys, making the first one if there is none.

        Call it before anything else.
        """
        await self.signing.start()
        await self._passwords.prepare()
        await asyncio.to_thread(common_passwords)

    async def close(self) -> None:
        """End what runs beside, and let go of the threads."""
        await self.signing.stop()
        self._passwords.close()

    def jwks(self) -> dict[str, Any]:
        """Return the public keys with which anybody can verify access tokens."""
        return self.signing.tokens.ring.jwks()

    # ------------------------------------------------------------ Authenticator

    def verify(self, token: str) -> Identity:
        """Check signature, issuer, audience and time, without I/O."""
        return self.signing.tokens.verify(token)

    async def check(self, identity: Identity) -> Identity:
        """Ask the database whether this login still holds, and return it with what its person may do now.

        Raises ChatError with SESSION_ENDED or SECOND_FACTOR_REQUIRED.
        """
        standing = await self._store.standing(identity.login_id)
        if standing is None:
            raise ChatError(Code.SESSION_ENDED)
        login, account = standing
        if login.ended_ms or not account.active or identity.auth_epoch < account.auth_epoch:
            raise ChatError(Code.SESSION_ENDED)
        if self.factors is not None and await self.factors.must_enrol(account):
            raise ChatError(Code.SECOND_FACTOR_REQUIRED)
        may = effective(is_admin=account.is_admin, roles=account.roles, granted=account.granted)
        return identity.with_rights(may, account.muted_until_ms)

    async def ended(self, after: tuple[int, str], limit: int) -> tuple[int, list[Ended]]:
        """Return logins that ended after this (ended_ms, login_id), and the time they were read at."""
        return await self._store.ended(after, limit)

    # ------------------------------------------------------------ coming and going

    async def register(
        self,
        username: str,
        password: str,
        *,
        display_name: str = "",
        address: str = "",
        by_admin: bool = False,
        code: str = "",
    ) -> Account:
        """Add a person; where an admin must let them in, one who waits for that.

        `code` is needed where people come by invitation.  Raises ChatError with REGISTRATION_CLOSED, BAD_INVITATION,
        BAD_USERNAME, WEAK_PASSWORD, USERNAME_TAKEN or RATE_LIMITED.
        """
        mode = "open" if by_admin else self.registration
        if mode == "closed":
            raise ChatError(Code.REGISTRATION_CLOSED)
        if not by_admin:
            self._registering.take(neighbourhood(address))
        if mode == "invitation":
            # Asked before the costly hash, and asked again inside the transaction that spends it.
            known = await self._store.join_code(code) if code.isascii() else None
            if known is None or not known.good(self._clock.now_ms()):
                self._trying.take(neighbourhood(address))
                raise ChatError(Code.BAD_INVITATION)
        account = await self._new_account(username, password, display_name)
        if mode == "approval":
            account = msgspec.structs.replace(account, active=False, pending=True)
            await self._store.add_account(account)
            return account
        if mode == "invitation":
            await self._store.add_account_by_code(account, code, self._clock.now_ms())
        else:
            await self._store.add_account(account)
        await self._welcome(account)
        return account

    async def waiting(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of the accounts that wait for an admin."""
        return await self._store.waiting(cursor, limit)

    async def answer_waiting(self, who: Identity, user_id: str, accept: bool) -> Account:
        """Let somebody in who waits, or forget them, which frees the name.

        Raises ChatError with NOT_FOUND, or FORBIDDEN for somebody who will be able to do more than `who`.
        """
        account = await self._store.answer_waiting(user_id, accept, within=who.permissions)
        if account is None:
            raise ChatError(Code.NOT_FOUND)
        if accept:
            await self._welcome(account)
        return account

    async def add_bot(self, username: str, display_name: str) -> Account:
        """Add a program that acts as a person; nobody logs in as it with a password.

        Raises ChatError with BAD_USERNAME or USERNAME_TAKEN.
        """
        name = clean_username(username)
        shown = clean_line(display_name, "The display name", DISPLAY_NAME_MAX) or name
        account = Account(
            id=new_id(),
            username=name,
            username_key=name_key(name),
            display_name=shown,
            # No password has this hash.
            password_hash="*",
            created_ms=self._clock.now_ms(),
            bot=True,
        )
        await self._store.add_account(account)
        await self._welcome(account)
        return account

    async def add_person(self, username: str, display_name: str, *, address: str, invited: bool = False) -> Account:
        """Add a person who proves elsewhere who they are, and has no password here.

        `invited`: whoever vouches for them decides who may have an account.  Raises ChatError as `register` does.
        """
        if not invited:
            # An invitation or an approval is asked for where a person registers, not on the way back from elsewhere.
            if self.registration != "open":
                raise ChatError(Code.REGISTRATION_CLOSED)
            self._registering.take(neighbourhood(address))
        name = clean_username(username)
        account = Account(
            id=new_id(),
            username=name,
            username_key=name_key(name),
            display_name=clean_line(display_name, "The display name", DISPLAY_NAME_MAX) or name,
            # No password has this hash.
            password_hash="*",
            created_ms=self._clock.now_ms(),
        )
        await self._store.add_account(account)
        await self._welcome(account)
        return account

    async def log_in(
        self,
        username: str,
        password: str,
        *,
        second_factor: str = "",
        device_id: str = "",
        device_name: str = "",
        address: str = "",
    ) -> Grant:
        """Start a login for a device; without `device_id` the device is a new one.

        An earlier login of the same device ends.  Raises ChatError with BAD_CREDENTIALS or RATE_LIMITED, and as
        `SecondFactor.demand` does.
        """
        device_id = _device(device_id)
        device_name = clean_line(device_name, "The device's name", DEVICE_NAME_MAX)
        account = await self.prove(username, password, address=address)
        ticket = ""
        if self.factors is not None:
            try:
                ticket = await self.factors.demand(account, second_factor, device_id=device_id, address=address)
            except ChatError as refusal:
                if refusal.code is Code.BAD_SECOND_FACTOR:
                    await self.refused(account.id, "second step")
                raise
        token = RefreshToken.first()
        login = self.new_login(account, token, device_id=device_id, device_name=device_name)
        await self.begin(account, login, address=address)
        return msgspec.structs.replace(self.grant(account, login, token), second_factor=ticket)

    async def prove(self, username: str, password: str, *, address: str = "") -> Account:
        """Return the person of a name and password.

        Raises ChatError with BAD_CREDENTIALS, RATE_LIMITED or OVERLOADED.
        """
        place = neighbourhood(address)
        self._trying.take(place)
        key = name_key(username.strip()[:64])
        tried = await self.failures.admit(place, key)
        account = await self._named(username)
        known = account.id if account is not None else None
        try:
            normal = normal_password(password)
        except ChatError:
            normal, account = "", None
        if self.directory is not None and (account is None or account.password_hash == _NO_PASSWORD):
            account = await self._in_directory(username, normal, account, address)
            right = account is not None
        else:
            right = await self._passwords.matches(normal, account.password_hash if account else None)
        if not right:
            await tried.failed()
            # Not what was typed: it may be the password, in the wrong field.
            log.info("wrong password for %s from %s", account.id if account else "nobody", address)
            # Only of accounts there are; the slow-down above keeps a stranger from filling the audit log.
            if known is not None:
                await self.refused(known, "password")
            raise ChatError(Code.BAD_CREDENTIALS)
        await tried.succeeded()
        assert account is not None
        if account.pending and not account.active:
            raise ChatError(Code.APPROVAL_PENDING)
        if not account.active:
            raise ChatError(Code.BAD_CREDENTIALS, "The account is closed.")
        if account.password_hash != _NO_PASSWORD and self._passwords.outdated(account.password_hash):
            fresh = await self._passwords.hash(normal)
            await self._store.set_password_hash(account.id, account.password_hash, fresh)
        await self._welcome(account)
        return account

    async def _in_directory(self, username: str, password: str, here: Account | None, address: str) -> Account | None:
        """Return the person of a name and password in the directory."""
        assert self.directory is not None
        try:
            name = clean_username(username)
        except ChatError:
            return None
        user_id = await self.directory.prove(name, password, here, self.add_person, address=address)
        return None if user_id is None else await self._store.account(user_id)

    async def refused(self, user_id: str, why: str) -> None:
        """Remember in the audit log that somebody did not get in as this person; whoever calls it has slowed them."""
        await self._store.login_refused(user_id, why)

    def try_once(self, address: str) -> None:
        """Count something anybody may try against the allowance of their address.  Raises RateLimited."""
        self._trying.take(neighbourhood(address))

    async def refresh(
        self, refresh_token: str, *, address: str = "", client_id: str = "", scope: str | None = None
    ) -> Grant:
        """Spend a refresh token of a client for new tokens; `scope` narrows the access token.

        A token that was spent before ends the whole login, because two now hold it.  Raises ChatError with BAD_TOKEN,
        SESSION_ENDED, BAD_SCOPE or RATE_LIMITED.
        """
        token = RefreshToken.parse(refresh_token)
        if token is None:
            self._trying.take(neighbourhood(address))
            raise ChatError(Code.BAD_TOKEN)
        if scope is not None:
            # Before the token is spent: who asks for too much keeps it.
            before = await self._store.login(token.login_id)
            if before is not None and not scope_within(scope, before.scope):
                raise ChatError(Code.BAD_SCOPE)
        following = token.next()
        now_ms = self._clock.now_ms()
        outcome = await self._store.rotate_refresh(
            token.login_id,
            family_hash=digest(token.family),
            old_hash=digest(token.secret),
            new_hash=digest(following.secret),
            now_ms=now_ms,
            unused_since_ms=now_ms - self._settings.refresh_unused_days * DAY_MS,
            client_id=client_id,
        )
        if outcome is Rotation.UNKNOWN:
            self._trying.take(neighbourhood(address))
            raise ChatError(Code.BAD_TOKEN)
        standing = await self._store.standing(token.login_id)
        if standing is None:
            raise ChatError(Code.BAD_TOKEN)
        login, account = standing
        if outcome is Rotation.REUSED:
            log.warning("a refresh token of %s was used twice, from %s: login %s ended", account.id, address, login.id)
            await self.on_login_ended(login.user_id, login.device_id)
        if outcome is not Rotation.DONE or login.ended_ms or not account.active:
            raise ChatError(Code.SESSION_ENDED)
        return self.grant(account, login, following, scope=scope)

    async def log_out(self, identity: Identity) -> None:
        """End the login of an access token.  Ending it twice is no error."""
        await self.tell_ended(await self._store.end_login(identity.login_id, self._clock.now_ms()))

    async def login_of(self, refresh_token: str) -> tuple[Login, bool] | None:
        """Return the login a refresh token belongs to, spent or not, and whether it is the one that is good now."""
        token = RefreshToken.parse(refresh_token)
        login = await self._store.login(token.login_id) if token else None
        if token is None or login is None or not secrets.compare_digest(login.family_hash, digest(token.family)):
            return None
        unused = login.used_ms < self._clock.now_ms() - self._settings.refresh_unused_days * DAY_MS
        good = not (login.ended_ms or login.until_ms or unused)
        return login, good and secrets.compare_digest(login.refresh_hash, digest(token.secret))

    async def revoke(self, refresh_token: str) -> None:
        """End the login a refresh token belongs to, spent or not.

        A token that is none changes nothing.
        """
        found = await self.login_of(refresh_token)
        if found is not None:
            await self.tell_ended(await self._store.end_login(found[0].id, self._clock.now_ms()))

    async def logins(self, identity: Identity, cursor: str, limit: int) -> tuple[list[Login], str]:
        """Return a page of this person's logins that last; it may have fewer than `limit` before the last page."""
        rows, following = await self._store.logins(identity.user_id, cursor, limit)
        now_ms = self._clock.now_ms()
        return [row for row in rows if not row.until_ms or row.until_ms > now_ms], following

    async def name_login(self, identity: Identity, login_id: str, device_name: str) -> Login:
        """Give the device of a login of one's own another name.

        Raises ChatError with NOT_FOUND or BAD_REQUEST.
        """
        name = clean_line(device_name, "The device's name", DEVICE_NAME_MAX)
        login = await self._store.name_login(identity.user_id, login_id, name)
        if login is None:
            raise ChatError(Code.NOT_FOUND)
        return login

    async def end_other_logins(self, identity: Identity) -> int:
        """End every login of one's own but this one, and return how many they were."""
        ended = await self._store.end_other_logins(identity.user_id, identity.login_id, self._clock.now_ms())
        await self.tell_ended(*ended)
        return len(ended)

    async def end_login(self, identity: Identity, login_id: str) -> None:
        """End a login of one's own, from any of one's devices.

        Raises ChatError(NOT_FOUND).
        """
        login = await self._store.login(login_id)
        if login is None or login.user_id != identity.user_id or login.ended_ms:
            raise ChatError(Code.NOT_FOUND)
        await self.tell_ended(await self._store.end_login(login_id, self._clock.now_ms()))

    # ------------------------------------------------------------ the account itself

    async def change_password(self, identity: Identity, old: str, new: str, *, address: str = "") -> Grant:
        """Replace the password, end every other login, return fresh tokens for this one.

        The auth epoch advances, so every access token signed before is refused at its next check.  Raises ChatError
        with BAD_CREDENTIALS, WEAK_PASSWORD, SESSION_ENDED or RATE_LIMITED.
        """
        account = await self.profile(identity.user_id)
        tried = await self.failures.admit(neighbourhood(address), account.username_key)
        normal = clean_password(new, account.username, min_chars=self._settings.password_min_chars)
        try:
            right = await self._passwords.matches(normal_password(old), account.password_hash)
        except ChatError as error:
            if error.code is not Code.WEAK_PASSWORD:
                raise
            right = False
        if not right:
            await tried.failed()
            await self.refused(account.id, "password")
            raise ChatError(Code.BAD_CREDENTIALS, "The old password is wrong.")
        await tried.succeeded()
        following = RefreshToken.first()._replace(login_id=identity.login_id)
        changed = await self._store.change_password(
            account.id,
            account.password_hash,
            await self._passwords.hash(normal),
            login_id=identity.login_id,
            family_hash=digest(following.family),
            refresh_hash=digest(following.secret),
            now_ms=self._clock.now_ms(),
        )
        if changed is None:
            raise ChatError(Code.SESSION_ENDED)
        account, login, ended = changed
        await self.tell_ended(*ended)
        return self.grant(account, login, following)

    async def confirm(self, user_id: str, password: str, *, address: str = "") -> Account:
        """Return a person who proves once more that they know the password, before what cannot be undone.

        Raises ChatError with BAD_CREDENTIALS or RATE_LIMITED.
        """
        account = await self.profile(user_id)
        tried = await self.failures.admit(neighbourhood(address), account.username_key)
        try:
            right = await self._passwords.matches(normal_password(password), account.password_hash)
        except ChatError as error:
            if error.code is not Code.WEAK_PASSWORD:
                raise
            right = False
        if not right:
            await tried.failed()
            await self.refused(account.id, "password")
            raise ChatError(Code.BAD_CREDENTIALS, "The password is wrong.")
        await tried.succeeded()
        return account

    async def hash_new(self, password: str) -> str:
        """Return the hash of a password that was found good."""
        return await self._passwords.hash(password)

    async def delete(self, identity: Identity, password: str, *, address: str = "") -> None:
        """Delete the caller's account for good; every login and token ends, and nobody gets the name any more.

        What they wrote stays without their name, or is recalled, as the setting says.  Raises ChatError with
        BAD_CREDENTIALS, RATE_LIMITED, or FORBIDDEN for the last admin.
        """
        account = await self.confirm(identity.user_id, password, address=address)
        await self.close_account(account.id)

    async def close_account(self, user_id: str, *, within: frozenset[str] | None = None) -> None:
        """Delete an account for good; `within` as the store has it."""
        recall = self._settings.deleted_messages == "recall"
        ended = await self._store.delete_account(user_id, self._clock.now_ms(), recall=recall, within=within)
        await self.tell_ended(*ended)
        if self.factors is not None:
            await self.factors.forget(user_id)

    async def profile(self, user_id: str) -> Account:
        """Return a person.  Raises ChatError(USER_NOT_FOUND)."""
        account = await self._store.account(user_id)
        if account is None:
            raise ChatError(Code.USER_NOT_FOUND)
        return account

    async def set_profile(
        self,
        user_id: str,
        *,
        display_name: str | None = None,
        signature: str | None = None,
        within: frozenset[str] | None = None,
    ) -> Account:
        """Change what is not None; an empty display name becomes the username.  `within` as the store has it."""
        if display_name is not None:
            display_name = clean_line(display_name, "The display name", DISPLAY_NAME_MAX)
            display_name = display_name or (await self.profile(user_id)).username
        if signature is not None:
            signature = clean_line(signature, "The signature", SIGNATURE_MAX)
        account = await self._store.set_profile(user_id, display_name=display_name, signature=signature, within=within)
        if account is None:
            raise ChatError(Code.USER_NOT_FOUND)
        await self.on_profile_changed(user_id)
        return account

    async def set_avatar(self, user_id: str, file_id: str) -> Account:
        """Write which file shows a person; "" for none.  Raises ChatError(USER_NOT_FOUND)."""
        account = await self._store.set_avatar(user_id, file_id)
        if account is None:
            raise ChatError(Code.USER_NOT_FOUND)
        await self.on_profile_changed(user_id)
        return account

    async def set_active(self, user_id: str, active: bool) -> None:
        """Ban a person, which ends every login and token at once, or admit them again."""
        await self.tell_ended(*await self._store.set_active(user_id, active, self._clock.now_ms()))

    # ------------------------------------------------------------ setting the place up

    async def place(self) -> Place:
        """Return the server's name and whether it was set up."""
        return await self._store.place()

    async def setup_token(self, shared: bytes = b"") -> str | None:
        """Make the one-time set-up token, replacing any earlier one.

        Nodes that share a secret make the same one from it, so that the link of each of them is good; without a secret
        it is a fresh one.  None when the place is set up.
        """
        made = hmac.digest(shared, b"hubbub set-up token", "sha256")[:24] if shared else secrets.token_bytes(24)
        token = base64.urlsafe_b64encode(made).decode().rstrip("=")
        return token if await self._store.offer_setup(digest(token)) else None

    async def set_up(
        self, token: str, username: str, password: str, name: str, *, display_name: str = "", address: str = ""
    ) -> Account:
        """Spend the set-up token: name the place and make its first admin, both or neither.

        Raises ChatError with SETUP_DONE, BAD_SETUP_TOKEN, or what `register` raises.
        """
        self._trying.take(neighbourhood(address))
        setup_hash = digest(token) if token.isascii() else b""
        place = await self._store.place()
        if place.set_up_ms:
            raise ChatError(Code.SETUP_DONE)
        # Asked before the costly hash, and asked again inside the transaction that spends it.
        if not secrets.compare_digest(place.setup_hash, setup_hash):
            raise ChatError(Code.BAD_SETUP_TOKEN)
        place_name = clean_line(name, "The server's name", PLACE_NAME_MAX) or "Hubbub"
        account = await self._new_account(username, password, display_name, is_admin=True)
        await self._store.set_up(setup_hash, place_name, account)
        await self._welcome(account)
        return account

    # ------------------------------------------------------------ inside

    async def _new_account(self, username: str, password: str, display_name: str, *, is_admin: bool = False) -> Account:
        name = clean_username(username)
        shown = clean_line(display_name, "The display name", DISPLAY_NAME_MAX) or name
        normal = clean_password(password, name, min_chars=self._settings.password_min_chars)
        key = name_key(name)
        if await self._store.account_named(key) is not None:
            raise ChatError(Code.USERNAME_TAKEN)
        return Account(
            id=new_id(),
            username=name,
            username_key=key,
            display_name=shown,
            password_hash=await self._passwords.hash(normal),
            created_ms=self._clock.now_ms(),
            is_admin=is_admin,
        )

    async def _named(self, username: str) -> Account | None:
        """Return the person of a name.

        None also for what cannot be a name, so that no store ever sees it.
        """
        try:
            return await self._store.account_named(name_key(clean_username(username)))
        except ChatError as error:
            if error.code is not Code.BAD_USERNAME:
                raise
            return None

    async def _welcome(self, account: Account) -> None:
        if account.welcomed:
            return
        try:
            await self.on_registered(account.id)
        except ChatError as error:
            # The account is stored: a refusal here would only make its owner try a name that is taken by themselves.
            log.warning("user %s was not welcomed and will be at the next login: %s", account.id, error)
        else:
            await self._store.set_welcomed(account.id)

    # ------------------------------------------------------------ for the authorization server

    def new_login(
        self,
        account: Account,
        token: RefreshToken,
        *,
        device_id: str = "",
        device_name: str = "",
        client_id: str = "",
        scope: str = "",
        until_ms: int = 0,
    ) -> Login:
        """Return a login that begins now; storing it is the caller's."""
        now_ms = self._clock.now_ms()
        return Login(
            id=token.login_id,
            user_id=account.id,
            device_id=device_id or new_id(),
            device_name=device_name,
            family_hash=digest(token.family),
            refresh_hash=digest(token.secret),
            created_ms=now_ms,
            used_ms=now_ms,
            client_id=client_id,
            scope=scope,
            until_ms=until_ms,
        )

    async def begin(self, account: Account, login: Login, *, address: str | None = None) -> None:
        """Store a new login; those it pushes aside end.  With an address, somebody signed in there themselves.

        Raises ChatError(BAD_CREDENTIALS) when the person was banned or changed the password meanwhile.
        """
        ended = await self._store.add_login(login, auth_epoch=account.auth_epoch, keep=self._settings.logins_per_user)
        if ended is None:
            raise ChatError(Code.BAD_CREDENTIALS)
        await self.tell_ended(*ended)
        if address is not None:
            await self.note_arrival(account, login, address)

    async def note_arrival(self, account: Account, login: Login, address: str) -> None:
        """Log a stored login of somebody, and tell them of it if it is on a device that is new to them."""
        log.info("%s signed in from %s with login %s", account.id, address, login.id)
        if self.arrivals is not None and await self.arrivals.note(account, login, address):
            for tell in self.on_arrival:
                await tell(account, login, address)

    async def standing(self, login_id: str) -> tuple[Login, Account] | None:
        """Return a login with its person, ended or not."""
        return await self._store.standing(login_id)

    async def end_if_of(self, user_id: str, login_id: str) -> None:
        """End a login if it is one of this person's."""
        login = await self._store.login(login_id)
        if login is not None and login.user_id == user_id:
            await self.tell_ended(await self._store.end_login(login_id, self._clock.now_ms()))

    def grant(self, account: Account, login: Login, token: RefreshToken | None, *, scope: str | None = None) -> Grant:
        """Return the tokens of a stored login; without `token` there is none to refresh with.

        Raises ChatError(BAD_SCOPE) for a scope beyond the login's.
        """
        if scope is not None and not scope_within(scope, login.scope):
            raise ChatError(Code.BAD_SCOPE)
        return Grant(
            account=account,
            login=login,
            access_token=self.signing.tokens.sign(account, login, scope=scope),
            refresh_token="" if token is None else str(token),
            expires_in_s=self._settings.access_token_s,
            scope=login.scope if scope is None else scope,
        )

    async def tell_ended(self, *logins: Login | None) -> None:
        """Tell that these logins are over, which closes their sockets everywhere."""
        for login in logins:
            if login is not None:
                await self.on_login_ended(login.user_id, login.device_id)


def _device(device_id: str) -> str:
    if not device_id:
        return new_id()
    try:
        return parse_id(device_id)
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, "device_id is a UUID.") from None
