"""The server itself: what it is, where to connect, how it is, how it is set up."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.guards import address_of
from hubbub.rest.models import Me
from hubbub.rest.refusals import BODY, refuses

__all__ = ["API", "GUARDED", "ROOT", "place_name"]

Text = Annotated[str, msgspec.Meta(max_length=2000)]

PROTOCOLS = ["hubbub.v1.protobuf", "hubbub.v1.json"]


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Ways in beside a password typed into a client: the pages of this server, by the code flow (protocol.md 2.2)."""

    authorization_endpoint: str
    """Where a browser is sent, with PKCE (S256) and the scope left out."""
    client_id: str
    redirect_uri: str
    """Where the web app is that the browser comes back to, exactly; no other address is returned to."""
    device_authorization_endpoint: str
    """Where a device without a browser begins (RFC 8628)."""
    passkeys: bool
    """Whether browsers can use passkeys at this address."""
    provider: str
    """The name of an OpenID provider whose people may sign in; empty for none."""


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may know before it logs in."""

    name: str
    version: str
    node_id: str
    epoch: str
    """The log epoch; another one than before: what is cached is stale."""
    server_time_ms: int
    registration_open: bool
    """Whether `registration` is not `closed`."""
    registration: Literal["open", "invitation", "approval", "closed"]
    """Who may make an account: anybody, who has a code, who an admin lets in, nobody."""
    needs_setup: bool
    sign_in: SignIn
    letters: bool
    """Whether who forgot the password can have a link for a new one mailed."""
    keep_days: int
    """For how many days messages are kept where a conversation says nothing else; 0: for ever."""


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may say when it asks where to connect."""

    avoid: Annotated[list[Annotated[str, msgspec.Meta(max_length=255)]], msgspec.Meta(max_length=8)] = []
    """Ids of nodes that could not be reached, or whose connection just ended without a word."""


class ConnectInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where this device connects."""

    websocket_url: str
    tcp: str
    """host:port; empty where there is none."""
    protocols: list[str]
    """Subprotocols of the WebSocket."""
    node_id: str
    server_time_ms: int
    expires_ms: int
    """When the access token ends."""


class SetupState(msgspec.Struct, frozen=True, kw_only=True):
    needed: bool


class Setup(msgspec.Struct, kw_only=True):
    """The one-time token, the first admin, and what the place is called."""

    token: Text
    username: Text
    password: Text
    name: Text = ""
    display_name: Text = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str


async def place_name(deps: Deps) -> str:
    """Return what the place is called: by its operator, else as it was named at set-up."""
    return deps.facts.name or (await deps.accounts.place()).name or "Hubbub"


@get("/server", summary="Read what the server is", tags=["server"], opt=refuses())
async def server_info(deps: DepsDep) -> ServerInfo:
    """Return name, version, time and epoch of the server."""
    place = await deps.accounts.place()
    return ServerInfo(
        name=deps.facts.name or place.name or "Hubbub",
        version=deps.facts.version,
        node_id=deps.facts.node_id,
        epoch=await deps.chat.epoch(),
        server_time_ms=deps.clock.now_ms(),
        registration_open=deps.accounts.registration_open,
        registration=deps.accounts.registration,
        needs_setup=place.set_up_ms == 0,
        sign_in=_sign_in(deps),
        letters=deps.recovery is not None,
        keep_days=deps.retaining.place_days if deps.retaining is not None else 0,
    )


def _sign_in(deps: Deps) -> SignIn:
    own, foreign, issuer = deps.oauth.clients.own, deps.oauth.foreign, deps.oauth.issuer
    return SignIn(
        authorization_endpoint=f"{issuer}/oauth/authorize",
        client_id=own.id,
        redirect_uri=own.redirect_uris[0],
        device_authorization_endpoint=f"{issuer}/oauth/device_authorization",
        passkeys=deps.oauth.passkeys.possible,
        provider=foreign.name if foreign else "",
    )


@get("/setup", summary="Ask whether the server waits to be set up", tags=["server"], opt=refuses())
async def setup_state(deps: DepsDep) -> SetupState:
    """Return whether there is no admin yet."""
    return SetupState(needed=(await deps.accounts.place()).set_up_ms == 0)


@post(
    "/setup",
    summary="Make the first admin",
    tags=["server"],
    opt=refuses(
        *BODY,
        Code.SETUP_DONE,
        Code.BAD_SETUP_TOKEN,
        Code.USERNAME_TAKEN,
        Code.BAD_USERNAME,
        Code.WEAK_PASSWORD,
        Code.RATE_LIMITED,
        example={"token": "…", "username": "prince", "password": "a glooming peace", "name": "Verona"},
    ),
)
async def set_up(data: JSONBody[Setup], request: Request[Any, Any, Any], deps: DepsDep) -> Me:
    """Spend the one-time token of the set-up link: name the place and make its first admin."""
    account = await deps.accounts.set_up(
        data.token,
        data.username,
        data.password,
        data.name,
        display_name=data.display_name,
        address=address_of(request),
    )
    deps.on_set_up()
    return Me.of_account(account)


@post(
    "/connect", status_code=200, summary="Ask where to connect", tags=["server"], opt=refuses(*BODY, scope=scopes.READ)
)
async def connect(
    request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep, data: JSONBody[Connect | None] = None
) -> ConnectInfo:
    """Return the node this device should connect to.

    Ask again when it cannot be reached, and name it in `avoid`; a body is not needed otherwise.
    """
    chosen = await deps.assign(identity, data.avoid if data else ())
    address = chosen.websocket_url
    if address.startswith("/"):
        scheme = "wss" if request.url.scheme in ("https", "wss") else "ws"
        host = request.headers.get("host", "")
        if not host or any(c in host for c in "/\\@?# \t"):
            raise ChatError(Code.BAD_REQUEST, "The Host header is missing or malformed.")
        address = f"{scheme}://{host}{address}"
    return ConnectInfo(
        websocket_url=address,
        tcp=chosen.tcp,
        protocols=PROTOCOLS,
        node_id=chosen.node_id,
        server_time_ms=deps.clock.now_ms(),
        expires_ms=identity.expires_ms,
    )


@get("/healthz", summary="Ask whether the server is ready", tags=["server"], opt=refuses())
async def healthz(deps: DepsDep) -> Response[Health]:
    """Answer 200 while requests should come here, 503 while not."""
    await deps.ready()
    return Response(Health(status="ok"), headers={"cache-control": "no-store"})


API = [server_info, setup_state, set_up]
ROOT = [healthz]
GUARDED = [connect]
