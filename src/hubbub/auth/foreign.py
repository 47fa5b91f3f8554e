"""Sign in with another OpenID provider: who somebody is there says who they are here.

The person is known by the provider's issuer and their subject there, and by nothing else: names and addresses change
hands, and an address nobody verified is anybody's.  The way there and back is bound to the browser that went (state),
to this sign-in (nonce, PKCE) and to this provider (`iss`, RFC 9207), so that an answer of another sign-in, another
browser or another server is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hubbub.auth.accounts import Accounts
from hubbub.auth.factor_ports import FactorStore, ForeignAccount, foreign_hash
from hubbub.auth.names import USERNAME_MAX, clean_username
from hubbub.auth.ports import Account
from hubbub.auth.redirects import form_action
from hubbub.auth.second_factor import SecondFactor
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["CALLBACK", "Foreign", "Provider", "ProviderError", "ProviderMetadata"]

CALLBACK = "/oauth/foreign/callback"

_WAY_MS = 10 * 60_000
_WAY = "foreign"
_SKEW_S = 60
_TOKEN_MAX = 64 * 1024
_SUBJECT_MAX = 255
"""OpenID Connect Core section 2: "It MUST NOT exceed 255 ASCII characters in length"."""

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
"""Signatures with a key of the provider's alone: neither `none` nor an HMAC, for which a public key could stand in."""

_NOT_A_NAME = re.compile(r"[^\w.-]+")
_NAMES_TRIED = 20


class ProviderError(Exception):
    """The provider could not be reached, or answered what it must not."""


class ProviderMetadata(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Provider(Protocol):
    """The provider, as it is asked."""

    async def metadata(self) -> ProviderMetadata:
        """Return its metadata, which name the issuer that was set.  Raises ProviderError."""

    async def keys(self, *, fresh: bool) -> dict[str, Any]:
        """Return its public keys, `fresh` ones if those kept are not brand new.  Raises ProviderError."""

    async def redeem(self, form: dict[str, str]) -> dict[str, Any]:
        """Return what its token endpoint answers this client.  Raises ProviderError for a refusal, too."""


class Foreign:
    """Sends people to the provider, and takes them back."""

    def __init__(
        self,
        provider: Provider,
        store: FactorStore,
        factors: SecondFactor,
        accounts: Accounts,
        settings: AuthSettings,
        clock: Clock,
        *,
        address: str,
    ) -> None:
        """`address` is how people, and so the provider's answers, reach this server."""
        self._provider = provider
        self._store = store
        self._factors = factors
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self._callback = f"{address}{CALLBACK}"
        self.name = settings.provider_name or urlsplit(settings.provider_issuer).netloc
        self._source = form_action(settings.provider_issuer)

    @property
    def source(self) -> str:
        """Where forms may lead on to; the provider's own pages may be elsewhere."""
        return self._source

    # ------------------------------------------------------------ there

    async def begin(self, following: str, mark: str, *, login_id: str = "") -> str:
        """Return the address to which a browser is sent.

        `mark` is what only this browser can show again; with `login_id` somebody who is signed in asks for the account
        there to be theirs here.  Raises ProviderError.
        """
        metadata = await self._provider.metadata()
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        state = await self._factors.begin(
            _WAY, "", lasts_ms=_WAY_MS, following=following, mark=mark, nonce=nonce, verifier=verifier, login=login_id
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.provider_client_id,
            "redirect_uri": self._callback,
            "scope": self._settings.provider_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"

    # ------------------------------------------------------------ and back

    async def finish(self, answer: dict[str, str], mark: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what the provider says of whoever came back, and what was kept when they went.

        Raises ProviderError for everything that is not the answer to this sign-in of this browser.
        """
        step = await self._factors.take_up(answer.get("state", ""), _WAY, spend=True)
        kept: dict[str, str] = json.loads(step.data) if step else {}
        if step is None or not secrets.compare_digest(kept["mark"], mark):
            raise ProviderError("the answer belongs to no sign-in of this browser")
        metadata = await self._provider.metadata()
        said = answer.get("iss", "")
        # RFC 9207 section 2.4: without the parameter where it is announced, or with another value, it is a mix-up.
        if said != metadata.issuer and (said or metadata.authorization_response_iss_parameter_supported):
            raise ProviderError("the answer is another server's")
        if answer.get("error"):
            raise ProviderError(f"the provider refused: {answer['error'][:100]}")
        told = await self._provider.redeem(
            {
                "grant_type": "authorization_code",
                "code": answer.get("code", ""),
                "redirect_uri": self._callback,
                "code_verifier": kept["verifier"],
            }
        )
        return await self._claims(told.get("id_token"), kept["nonce"], metadata), kept

    async def _claims(self, token: object, nonce: str, metadata: ProviderMetadata) -> dict[str, Any]:
        """Return the claims of an id token after all that OpenID Connect Core 3.1.3.7 asks."""
        if not isinstance(token, str) or len(token) > _TOKEN_MAX:
            raise ProviderError("there is no id token")
        claims = await self._verified(token)
        client, now_s = self._settings.provider_client_id, self._clock.now_ms() // 1000
        audience = claims.get("aud")
        audience = audience if isinstance(audience, list) else [audience]
        ends, made = claims.get("exp"), claims.get("iat")
        subject = claims.get("sub")
        wrong = ""
        if claims.get("iss") != metadata.issuer:
            wrong = "it is another issuer's"
        elif client not in audience or ((len(audience) > 1 or "azp" in claims) and claims.get("azp") != client):
            wrong = "it is for another client"
        elif not isinstance(ends, int | float) or ends < now_s - _SKEW_S:
            wrong = "it has ended"
        elif not isinstance(made, int | float) or made > now_s + _SKEW_S:
            wrong = "it is not good yet"
        elif not isinstance(said := claims.get("nonce"), str) or not secrets.compare_digest(
            said.encode("utf-8", "replace"), nonce.encode()
        ):
            wrong = "it is of another sign-in"
        elif not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_MAX:
            wrong = "it names nobody"
        if wrong:
            raise ProviderError(f"the id token is not good: {wrong}")
        return claims

    async def _verified(self, token: str) -> dict[str, Any]:
        for fresh in (False, True):
            try:
                keys = KeySet.import_key_set(await self._provider.keys(fresh=fresh))  # type: ignore[arg-type]
                decoded = jwt.decode(token, keys, registry=jws.JWSRegistry(algorithms=_ALGORITHMS))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                # A key that is not known may be a new one.
                if fresh:
                    raise ProviderError("the id token is not signed by the provider") from error
            else:
                return dict(decoded.claims)
        raise AssertionError

    # ------------------------------------------------------------ who it is

    async def person(self, claims: dict[str, Any], *, address: str) -> Account:
        """Return whose account here it is, making one where anybody may make one.

        Raises ChatError with REGISTRATION_CLOSED, BAD_CREDENTIALS (the account is closed) or RATE_LIMITED.
        """
        self._accounts.try_once(address)
        issuer, subject = claims["iss"], claims["sub"]
        known = await self._store.foreign_account(foreign_hash(issuer, subject))
        if known is None:
            account = await self._new_person(claims, address)
            if await self.link(account, claims):
                return account
            # The same person came twice at once; the first made the account.
            await self._accounts.set_active(account.id, False)
            known = await self._store.foreign_account(foreign_hash(issuer, subject))
            assert known is not None
        account = await self._accounts.profile(known.user_id)
        if not account.active:
            raise ChatError(Code.BAD_CREDENTIALS, "The account is closed.")
        return account

    async def link(self, account: Account, claims: dict[str, Any]) -> bool:
        """Make an account there somebody's here; False when it is somebody else's already."""
        issuer, subject = claims["iss"], claims["sub"]
        named = foreign_hash(issuer, subject)
        made = await self._store.link_account(ForeignAccount(named, account.id, issuer, subject, self._clock.now_ms()))
        known = None if made else await self._store.foreign_account(named)
        return made or (known is not None and known.user_id == account.id)

    async def of(self, user_id: str) -> list[ForeignAccount]:
        """Return a person's accounts at this provider."""
        issuer = self._settings.provider_issuer
        return [one for one in await self._store.foreign_accounts(user_id) if one.issuer == issuer]

    async def unlink(self, user_id: str) -> None:
        """Let a person's accounts at this provider be theirs here no longer."""
        for one in await self.of(user_id):
            await self._store.unlink_account(user_id, one.name_hash)

    async def _new_person(self, claims: dict[str, Any], address: str) -> Account:
        wanted, shown = _username(claims), _shown(claims)
        for number in range(_NAMES_TRIED):
            tail = "" if number == 0 else f"-{secrets.randbelow(10 ** min(2 + number, 8))}"
            try:
                return await self._accounts.add_person(
                    wanted[: USERNAME_MAX - len(tail)] + tail, shown, address=address
                )
            except ChatError as error:
                # A name that somebody has here is not theirs for having it there.
                if error.code is not Code.USERNAME_TAKEN:
                    raise
        raise ChatError(Code.USERNAME_TAKEN)


def _username(claims: dict[str, Any]) -> str:
    """Return a name to begin with; what a provider calls a name may hold anything."""
    for claim in ("preferred_username", "nickname", "name"):
        said = claims.get(claim)
        if isinstance(said, str):
            plain = _NOT_A_NAME.sub("-", said.partition("@")[0]).strip("-._")[:USERNAME_MAX]
            try:
                return clean_username(plain)
            except ChatError:
                continue
    return f"guest-{secrets.token_hex(4)}"


def _shown(claims: dict[str, Any]) -> str:
    said = claims.get("name")
    plain = " ".join(said.split()) if isinstance(said, str) else ""
    return plain[:64] if plain.isprintable() else ""
