"""`hubbub invite`: links into groups and channels, and people who ask to be let in."""

from __future__ import annotations

import click
import msgspec

from hubbub.base.ids import parse_id
from hubbub.cli.group import find
from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, clock_time, line
from hubbub.cli.until import end_of
from hubbub.client import HubbubError, Invite
from hubbub.terminal.whom import people


@click.group("invite")
def command() -> None:
    """Links into groups and channels: make, see, take back, follow; let in who asks."""


@command.command("create")
@click.argument("group")
@click.option("--uses", type=click.IntRange(0, 1_000_000), default=0, help="How often it may be used; 0: without end.")
@click.option("--for", "span", default="", metavar="SPAN", help="For so long: 30m, 12h, 7d, 2w; without: for good.")
@click.option("--approval", is_flag=True, help="Who follows it must be let in.")
@common
async def create(context: Context, group: str, uses: int, span: str, approval: bool) -> None:
    """Make a link into a GROUP or channel and print its address."""
    expires_ms = end_of(span, "")
    async with context.client() as client:
        where = await find(client, group)
        made = await client.create_invite(where.id, uses=uses, expires_ms=expires_ms, approval=approval)
        context.show({**msgspec.to_builtins(made), "url": _address(context, made)}, _address(context, made))


@command.command("list")
@click.argument("group")
@common
async def list_(context: Context, group: str) -> None:
    """Print the links into a GROUP or channel that are still good."""
    async with context.client() as client:
        for one in await client.invites((await find(client, group)).id):
            context.show({**msgspec.to_builtins(one), "url": _address(context, one)}, _line(context, one))


@command.command("revoke")
@click.argument("group")
@click.argument("link")
@common
async def revoke(context: Context, group: str, link: str) -> None:
    """Take a LINK into a GROUP back; who came by it stays."""
    async with context.client() as client:
        await client.revoke_invite((await find(client, group)).id, _invite_id(link))
    context.show({"invite_id": _invite_id(link), "revoked": True}, "taken back")


@command.command("look")
@click.argument("link")
@common
async def look(context: Context, link: str) -> None:
    """See where a LINK leads."""
    async with context.client() as client:
        found = await client.look_at_invite(_invite_id(link))
    state = "you are in" if found.joined else "you have asked" if found.asked else f"{found.member_count} members"
    context.show(msgspec.to_builtins(found), f"{line(found.title)} ({state})")


@command.command("follow")
@click.argument("link")
@click.option("--note", default="", help="A word to those who let people in.")
@common
async def follow(context: Context, link: str, note: str) -> None:
    """Come in by a LINK, or ask to be let in."""
    async with context.client() as client:
        found = await client.follow_invite(_invite_id(link), note=note)
    said = f"You are in {line(found.title)}." if found.joined else "You asked to be let in."
    context.show(msgspec.to_builtins(found), said)


@command.command("withdraw")
@click.argument("link")
@common
async def withdraw(context: Context, link: str) -> None:
    """Take back that you asked to be let in by a LINK."""
    async with context.client() as client:
        await client.withdraw_join_request(_invite_id(link))
    context.show({"invite_id": _invite_id(link), "withdrawn": True}, "taken back")


@command.command("requests")
@click.argument("group")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many at most.")
@common
async def requests(context: Context, group: str, limit: int) -> None:
    """List who asks to be let into a GROUP."""
    async with context.client() as client:
        where = await find(client, group)
        names, cursor, left = Names(client), "", limit
        while left > 0:
            found, cursor = await client.join_requests(where.id, cursor=cursor, limit=min(100, left))
            await names.learn(one.user_id for one in found)
            for one in found:
                name = names.user(one.user_id)
                context.show({**msgspec.to_builtins(one), "username": name}, f"{name}  {line(one.note)}".rstrip())
            left -= max(1, len(found))
            if not cursor:
                return


@command.command("accept")
@click.argument("group")
@click.argument("person")
@common
async def accept(context: Context, group: str, person: str) -> None:
    """Let a PERSON into a GROUP who asked."""
    await _answer(context, group, person, accept=True)


@command.command("decline")
@click.argument("group")
@click.argument("person")
@common
async def decline(context: Context, group: str, person: str) -> None:
    """Do not let a PERSON into a GROUP who asked."""
    await _answer(context, group, person, accept=False)


async def _answer(context: Context, group: str, person: str, *, accept: bool) -> None:
    async with context.client() as client:
        where = await find(client, group)
        (who,) = await people(client, [person])
        await client.answer_join_request(where.id, who.id, accept=accept)
    context.show(
        {"conversation_id": where.id, "user_id": who.id, "accepted": accept}, "let in" if accept else "declined"
    )


def _invite_id(link: str) -> str:
    """Return the id in a link, or the id that it is.  Raises HubbubError."""
    try:
        return parse_id(link.rstrip("/").rpartition("/")[2])
    except ValueError:
        raise HubbubError("not_found", f"{link!r} is no link into a conversation.") from None


def _address(context: Context, one: Invite) -> str:
    return f"{context.profile().server.rstrip('/')}/join/{one.invite_id}"


def _line(context: Context, one: Invite) -> str:
    ends = f"until {clock_time(one.expires_ms)}" if one.expires_ms else "for good"
    left = "without end" if one.uses_left < 0 else f"{one.uses_left} uses left"
    return "  ".join([_address(context, one), ends, left, *(["with approval"] if one.approval else [])])
