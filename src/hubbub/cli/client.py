"""`hubbub client`: the programs that get tokens here."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from hubbub.cli.pages import rows
from hubbub.cli.run import Context, common
from hubbub.cli.show import line

_PATH = "/api/v1/clients"


@click.group("client")
def command() -> None:
    """Programs that sign people in here, services and bots: register them, see them, remove them (admins)."""


@command.command("create")
@click.argument("name")
@click.option("--public", is_flag=True, help="It cannot keep a secret: an app, a page without a server.")
@click.option("--redirect", "redirects", multiple=True, metavar="URI", help="Where browsers may return to; exact.")
@click.option("--logout-redirect", "logouts", multiple=True, metavar="URI", help="The same after logging out.")
@click.option("--grant", "grants", multiple=True, help="What it may use; default: authorization_code, refresh_token.")
@click.option(
    "--scope", "scopes", multiple=True, help="The most it may ask for; default: openid, profile and offline_access."
)
@click.option("--bot", default="", metavar="USERNAME", help="The bot it acts as with client_credentials; made with it.")
@click.option("--trusted", is_flag=True, help="Do not ask people for consent: a program of the operator's own.")
@click.option("--resource-server", is_flag=True, help="It may look into tokens of other clients.")
@common
async def create(
    context: Context,
    name: str,
    public: bool,
    redirects: tuple[str, ...],
    logouts: tuple[str, ...],
    grants: tuple[str, ...],
    scopes: tuple[str, ...],
    bot: str,
    trusted: bool,
    resource_server: bool,
) -> None:
    """Register a client called NAME and print its id and its secret, which is shown this once."""
    body = {
        "name": name,
        "public": public,
        "redirect_uris": redirects,
        "post_logout_redirect_uris": logouts,
        "grants": grants or (("client_credentials",) if bot else ()),
        "scopes": scopes,
        "bot": bot,
        "trusted": trusted,
        "resource_server": resource_server,
    }
    async with context.api() as ask:
        _show_secret(context, await ask("POST", _PATH, json=body))


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@common
async def list_(context: Context, limit: int) -> None:
    """Print the registered clients."""
    async with context.api() as ask:
        async for client in rows(ask, _PATH, "clients", limit):
            context.show(client, f"{client['client_id']}  {line(client['name'])}  {_kind(client)}")


@command.command("show")
@click.argument("client_id")
@common
async def show(context: Context, client_id: str) -> None:
    """Print what a client is and may do."""
    async with context.api() as ask:
        client = await ask("GET", _one(client_id))
    rows = [
        ("id", client["client_id"]),
        ("name", client["name"]),
        ("kind", _kind(client)),
        ("grants", " ".join(client["grants"])),
        ("scopes", " ".join(client["scopes"])),
        ("redirects", " ".join(client["redirect_uris"])),
        ("logout redirects", " ".join(client["post_logout_redirect_uris"])),
    ]
    context.show(client, "\n".join(f"{name:<17}{line(value)}".rstrip() for name, value in rows))


@command.command("rotate-secret")
@click.argument("client_id")
@common
async def rotate_secret(context: Context, client_id: str) -> None:
    """Give a client another secret and print it; the one before is good no more."""
    async with context.api() as ask:
        _show_secret(context, await ask("POST", f"{_one(client_id)}/secret"))


@command.command("delete")
@click.argument("client_id")
@common
async def delete(context: Context, client_id: str) -> None:
    """Remove a client; all its tokens end and its bot is closed."""
    async with context.api() as ask:
        await ask("DELETE", _one(client_id))
    context.show({"deleted": client_id}, "removed")


def _one(client_id: str) -> str:
    return f"{_PATH}/{quote(client_id, safe='')}"


def _kind(client: dict[str, Any]) -> str:
    words = ["public" if client["public"] else "confidential"]
    words += [word for word, holds in (("trusted", client["trusted"]), ("bot", client["bot_id"])) if holds]
    if client["resource_server"]:
        words.append("resource server")
    return ", ".join(words)


def _show_secret(context: Context, client: dict[str, Any]) -> None:
    secret = f"\nsecret  {line(client['client_secret'])}  (shown this once)" if client["client_secret"] else ""
    context.show(client, f"client  {line(client['client_id'])}{secret}")


@command.command("apps")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@common
async def apps(context: Context, limit: int) -> None:
    """Print the programs one allowed to act for one, and what each may do."""
    async with context.api() as ask:
        async for app in rows(ask, "/api/v1/me/apps", "apps", limit):
            context.show(app, f"{app['client_id']}  {line(app['name'])}: {' '.join(app['scopes'])}")


@command.command("forget-app")
@click.argument("client_id")
@common
async def forget_app(context: Context, client_id: str) -> None:
    """Take back what one allowed a program; its tokens for one end at once."""
    async with context.api() as ask:
        await ask("DELETE", f"/api/v1/me/apps/{quote(client_id, safe='')}")
    context.show({"forgotten": client_id}, "forgotten")
