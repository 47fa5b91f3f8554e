"""The few HTTP calls a chat client needs: an account, tokens, and where to connect.

Everything else goes over the connection.  Refusals arrive as problem+json (or, from the token endpoint, as RFC 6749
section 5.2 errors) and leave as `HubbubError`; a server that cannot be reached is `unreachable`, which may be retried.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import msgspec

from hubbub.base.error_table import Code
from hubbub.client.errors import UNREACHABLE, HubbubError
from hubbub.client.http1 import Answer, Exchange, Http1, HttpTrouble, NoAddress
from hubbub.client.models import User

ANSWER_BYTES: Final = 16 * 1024 * 1024
"""The largest JSON answer that is read."""


class Tokens(msgspec.Struct, frozen=True):
    """What a login gave."""

    access_token: str
    expires_in: float = 0.0
    """Seconds the access token lives, from when it was given."""
    refresh_token: str = ""
    user_id: str = ""
    username: str = ""
    device_id: str = ""
    second_factor: str = ""
    """After a code: what lets one more device in, in place of another code, within a minute."""
    one_more: str = ""
    """After a device was let in without a password: what lets one more of this installation in, within a minute."""


class DeviceCode(msgspec.Struct, frozen=True):
    """How somebody lets a device in that has no browser (RFC 8628)."""

    device_code: str
    """For the device alone."""
    user_code: str
    """What a person types at `verification_uri`."""
    verification_uri: str
    verification_uri_complete: str = ""
    """The same, with the code in it."""
    expires_in: float = 600.0
    interval: float = 5.0
    """Seconds between two questions."""


class Place(msgspec.Struct, frozen=True):
    """Where to connect."""

    websocket_url: str = ""
    tcp: str = ""
    """host:port, or empty when the server does not listen there."""
    node_id: str = ""


class HttpApi:
    """One server's HTTP endpoints.  Close it, or use it as a context."""

    def __init__(self, server: str, *, timeout_s: float = 10.0, transport: Exchange | None = None) -> None:
        self.server = server.rstrip("/")
        self._http = transport or Http1(self.server, timeout_s=timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the kept connections."""
        await self._http.close()

    # ------------------------------------------------------------ accounts and tokens

    async def register(self, username: str, password: str, display_name: str = "", *, code: str = "") -> User:
        """Make an account; where people come by invitation, with a code."""
        body = {"username": username, "password": password, "display_name": display_name}
        if code:
            body["code"] = code
        answer = await self.call("POST", "/api/v1/accounts", json=body)
        shown = str(answer.get("display_name") or display_name)
        return User(str(answer.get("user_id") or answer.get("id") or ""), str(answer.get("username", username)), shown)

    async def log_in(
        self, username: str, password: str, *, second_factor: str = "", device_id: str = "", device_name: str = ""
    ) -> Tokens:
        """Exchange a name and a password for tokens.

        Where that is refused as `second_factor_needed`, `second_factor` is a code of the person's app, a recovery code,
        or the `second_factor` of tokens that were given a moment ago.
        """
        form = {"grant_type": "password", "username": username, "password": password}
        if device_id:
            form["device_id"] = device_id
        if device_name:
            form["device_name"] = device_name
        if second_factor:
            form["second_factor"] = second_factor
        return self._tokens(await self.call("POST", "/oauth/token", data=form))

    async def begin_device(self, device_name: str = "") -> DeviceCode:
        """Ask for a code by which somebody lets this device in, from a browser of theirs."""
        answer = await self.call("POST", "/oauth/device_authorization", data={"device_name": device_name})
        try:
            return msgspec.convert(answer, DeviceCode, strict=False)
        except msgspec.ValidationError as exc:
            raise HubbubError(Code.INTERNAL_ERROR, "The server's answer holds no code.") from exc

    async def ask_device(self, begun: DeviceCode, *, device_id: str = "") -> Tokens:
        """Ask once whether the device may come in.

        Raises HubbubError: `authorization_pending` and `slow_down` ask to ask again, the latter 5 s less often.
        """
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": begun.device_code}
        if device_id:
            form["device_id"] = device_id
        return self._tokens(await self.call("POST", "/oauth/token", data=form))

    async def log_in_one_more(self, one_more: str, *, device_id: str = "", device_name: str = "") -> Tokens:
        """Log one more device of this installation in, by `one_more` of tokens that were given a moment ago."""
        form = {"grant_type": "urn:hubbub:oauth:grant-type:one-more", "one_more": one_more}
        if device_id:
            form["device_id"] = device_id
        if device_name:
            form["device_name"] = device_name
        return self._tokens(await self.call("POST", "/oauth/token", data=form))

    async def log_in_program(self, client_id: str, client_secret: str, *, scope: str = "") -> Tokens:
        """Exchange the id and the secret of a registered program for a token; it may do no more than `scope` says."""
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        if scope:
            form["scope"] = scope
        return self._tokens(await self.call("POST", "/oauth/token", data=form))

    async def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token, once, for new tokens."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            return self._tokens(await self.call("POST", "/oauth/token", data=form))
        except HubbubError as error:
            if error.code in (Code.BAD_CREDENTIALS, Code.BAD_TOKEN, Code.UNAUTHENTICATED):
                raise HubbubError(Code.SESSION_ENDED, "The login has ended; log in again.") from error
            raise

    async def log_out(self, access_token: str) -> None:
        """End the login the token descends from."""
        await self.call("POST", "/api/v1/me/logout", token=access_token)

    async def connect(self, access_token: str, avoid: Sequence[str] = ()) -> Place:
        """Ask where to open a connection, but for nodes that could not be reached."""
        body = {"avoid": list(avoid)} if avoid else None
        answer = await self.call("POST", "/api/v1/connect", token=access_token, json=body)
        return Place(
            str(answer.get("websocket_url") or ""), str(answer.get("tcp") or ""), str(answer.get("node_id") or "")
        )

    # ------------------------------------------------------------ one call

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        json: object = None,
        data: dict[str, str] | None = None,
        params: Mapping[str, str | list[str]] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object a call answers, empty for no content.

        Raises HubbubError for refusals and for servers that do not answer.
        """
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if json is not None:
            content = msgspec.json.encode(json)
            headers["content-type"] = "application/json"
        elif data is not None:
            content = urlencode(data).encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        target = f"{path}?{urlencode(params, doseq=True)}" if params else path
        with self._trouble():
            async with self._http.call(method, target, headers, content) as answer:
                body = await answer.read(ANSWER_BYTES)
        value = _object_of(body)
        if answer.is_success and value is not None:
            return value
        raise _refusal(answer, value or {})

    async def pieces(self, path: str, *, token: str) -> AsyncIterator[bytes]:
        """Yield the content of an answer as it comes.  Raises HubbubError as `call` does."""
        headers = {"authorization": f"Bearer {token}"}
        with self._trouble():
            async with self._http.call("GET", path, headers, None) as answer:
                if not answer.is_success:
                    raise _refusal(answer, _object_of(await answer.read(ANSWER_BYTES)) or {})
                async for piece in answer.pieces:
                    yield piece

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Say in our own words that the server cannot be reached."""
        try:
            yield
        except HttpTrouble as exc:
            raise HubbubError(UNREACHABLE, f"{self.server} cannot be reached: {exc}", retry=True) from exc
        except NoAddress as exc:
            raise HubbubError(UNREACHABLE, f"{self.server} is not an address.") from exc

    @staticmethod
    def _tokens(answer: dict[str, Any]) -> Tokens:
        try:
            return msgspec.convert(answer, Tokens, strict=False)
        except msgspec.ValidationError as exc:
            raise HubbubError(Code.INTERNAL_ERROR, "The server's answer holds no token.") from exc


_OAUTH_CODES = {
    "invalid_grant": Code.BAD_CREDENTIALS,
    "invalid_client": Code.UNAUTHENTICATED,
    "invalid_request": Code.BAD_REQUEST,
    "temporarily_unavailable": Code.UNAVAILABLE,
}


def _object_of(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that was answered, empty for no content; None for anything else."""
    try:
        value = msgspec.json.decode(body) if body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _refusal(answer: Answer, problem: dict[str, Any]) -> HubbubError:
    code = problem.get("code")
    sentence = problem.get("detail") or problem.get("error_description") or problem.get("title") or ""
    if not isinstance(code, str):
        oauth = problem.get("error")
        if isinstance(oauth, str):
            code = _OAUTH_CODES.get(oauth, oauth)
        elif answer.status >= 500:
            code = Code.UNAVAILABLE
        else:
            code, sentence = Code.BAD_REQUEST, sentence or f"The server answered with HTTP {answer.status}."
    after = problem.get("retry_after_ms")
    retry = problem.get("retry")
    factors = problem.get("second_factors")
    return HubbubError(
        str(code),
        str(sentence),
        retry=retry if isinstance(retry, bool) else None,
        retry_after=after / 1000 if isinstance(after, int) else 0.0,
        second_factors=[str(one) for one in factors] if isinstance(factors, list) else (),
    )
