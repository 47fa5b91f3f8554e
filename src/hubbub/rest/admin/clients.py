"""Clients of the authorization server, for admins; and for everybody what they allowed them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import client_ports, scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import Code
from hubbub.rest.deps import DepsDep, IdentityDep
from hubbub.rest.inputs import Cursor, Limit, id_after
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

_ADMIN = (Code.FORBIDDEN, Code.NOT_FOUND)

Text = Annotated[str, msgspec.Meta(max_length=2000)]
Texts = Annotated[list[Text], msgspec.Meta(max_length=50)]


class NewClient(msgspec.Struct, kw_only=True):
    """What a client is to be."""

    name: Text
    """What people read when they are asked whether to allow it."""
    public: bool = False
    """It cannot keep a secret: an app on a phone, a page without a server."""
    redirect_uris: Texts = []
    """Where browsers may return to; compared letter by letter."""
    post_logout_redirect_uris: Texts = []
    grants: Texts = []
    """By default `authorization_code` and `refresh_token`."""
    scopes: Texts = []
    """The most it may ask for; by default `openid`, `profile` and `offline_access`."""
    bot: Text = ""
    """The username of the bot it acts as with `client_credentials`; the bot is made with it."""
    trusted: bool = False
    """People are not asked for consent: for an operator's own programs."""
    resource_server: bool = False
    """It may look into tokens that were issued to others."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A program that gets tokens here."""

    client_id: str
    name: str
    public: bool
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    grants: list[str]
    scopes: list[str]
    bot_id: str
    """Whom it acts as; empty where it acts as nobody."""
    trusted: bool
    resource_server: bool
    created_ms: int

    @classmethod
    def of(cls, client: client_ports.Client) -> Client:
        return cls(**_fields(client))


class ClientWithSecret(Client, frozen=True, kw_only=True):
    """A client as it was just made."""

    client_secret: str
    """Shown this once; empty for a public client."""


class ClientPage(msgspec.Struct, frozen=True, kw_only=True):
    clients: list[Client]
    next_cursor: str


class App(msgspec.Struct, frozen=True, kw_only=True):
    """A program somebody allowed to act for them."""

    client_id: str
    name: str
    scopes: list[str]
    granted_ms: int


class AppPage(msgspec.Struct, frozen=True, kw_only=True):
    apps: list[App]
    next_cursor: str


def _fields(client: client_ports.Client) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "name": client.name,
        "public": client.public,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.logout_uris),
        "grants": list(client.grants),
        "scopes": list(client.scopes),
        "bot_id": client.user_id,
        "trusted": client.trusted,
        "resource_server": client.resource_server,
        "created_ms": client.created_ms,
    }


@post(
    "/clients",
    summary="Register a client",
    tags=["clients"],
    opt=refuses(
        *_ADMIN,
        *BODY,
        Code.BAD_SCOPE,
        Code.BAD_USERNAME,
        Code.USERNAME_TAKEN,
        scope=scopes.ADMIN,
        permission=Permission.CLIENTS_MANAGE,
        example={"name": "Verona Wiki", "redirect_uris": ["https://wiki.verona.example/callback"]},
    ),
)
async def create_client(data: JSONBody[NewClient], identity: IdentityDep, deps: DepsDep) -> ClientWithSecret:
    """Register a program that gets tokens here.

    The answer has its secret, which is never shown again.
    """
    client, secret = await deps.oauth.clients.create(
        identity,
        data.name,
        public=data.public,
        redirect_uris=data.redirect_uris,
        logout_uris=data.post_logout_redirect_uris,
        grants=data.grants,
        scopes=data.scopes,
        bot=data.bot,
        trusted=data.trusted,
        resource_server=data.resource_server,
    )
    return ClientWithSecret(**_fields(client), client_secret=secret)


@get(
    "/clients",
    summary="List clients",
    tags=["clients"],
    opt=refuses(*_ADMIN, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.CLIENTS_MANAGE),
)
async def list_clients(deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> ClientPage:
    """Return the registered clients, by id."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    rows, following = await deps.oauth.clients.page(after, size)
    return ClientPage(clients=[Client.of(row) for row in rows], next_cursor=following)


@get(
    "/clients/{client_id:str}",
    summary="Read a client",
    tags=["clients"],
    opt=refuses(*_ADMIN, scope=scopes.ADMIN, permission=Permission.CLIENTS_MANAGE),
)
async def read_client(client_id: FromPath[str], deps: DepsDep) -> Client:
    """Return one registered client, without its secret."""
    return Client.of(await deps.oauth.clients.get(client_id))


@post(
    "/clients/{client_id:str}/secret",
    status_code=200,
    summary="Replace a client's secret",
    tags=["clients"],
    opt=refuses(*_ADMIN, Code.STORAGE_FULL, scope=scopes.ADMIN, permission=Permission.CLIENTS_MANAGE),
)
async def rotate_secret(client_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> ClientWithSecret:
    """Give a client another secret; the one before is good no more, and what it does as its bot ends."""
    client, secret = await deps.oauth.clients.rotate_secret(identity, client_id)
    return ClientWithSecret(**_fields(client), client_secret=secret)


@delete(
    "/clients/{client_id:str}",
    status_code=204,
    summary="Remove a client",
    tags=["clients"],
    opt=refuses(*_ADMIN, Code.STORAGE_FULL, scope=scopes.ADMIN, permission=Permission.CLIENTS_MANAGE),
)
async def delete_client(client_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Remove a client; all its tokens and sockets end, and its bot is closed."""
    await deps.oauth.clients.delete(identity, client_id)


@get("/me/apps", summary="List what one allowed other programs", tags=["clients"], opt=refuses(Code.BAD_CURSOR))
async def list_apps(identity: IdentityDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> AppPage:
    """Return the programs the caller allowed to act for them, and what each may do."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    pairs, following = await deps.oauth.clients.allowed(identity.user_id, after, size)
    apps = [
        App(client_id=client.id, name=client.name, scopes=consent.scope.split(), granted_ms=consent.granted_ms)
        for consent, client in pairs
    ]
    return AppPage(apps=apps, next_cursor=following)


@delete(
    "/me/apps/{client_id:str}",
    status_code=204,
    summary="Take back what one allowed a program",
    tags=["clients"],
    opt=refuses(Code.NOT_FOUND, Code.STORAGE_FULL),
)
async def forget_app(client_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Forget the caller's consent; the program's tokens and sockets as this person end at once."""
    await deps.oauth.clients.forget(identity.user_id, client_id)


GUARDED = [
    create_client,
    list_clients,
    read_client,
    rotate_secret,
    delete_client,
    list_apps,
    forget_app,
]
