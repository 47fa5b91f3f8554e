"""`hubbub group`: groups and who is in them."""

from __future__ import annotations

import sys

import click
import msgspec

from hubbub.base.ids import new_id, parse_id
from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, line
from hubbub.cli.until import end_of
from hubbub.client import Client, Conversation, HubbubError, Kind, MemberAction, Role
from hubbub.client.models import ConversationChange, OwnRole
from hubbub.terminal.whom import people, titled

FOR_EVER_MS = 2**53 - 1


@click.group("group")
def command() -> None:
    """Groups: make one, see it, change who is in it."""


@command.command("create")
@click.argument("title")
@click.argument("people_", nargs=-1, metavar="[PERSON]...")
@click.option("--client-id", default="", metavar="UUID", help="The same again makes no second group.")
@common
async def create(context: Context, title: str, people_: tuple[str, ...], client_id: str) -> None:
    """Make a group called TITLE with these people; `-` reads them from standard input, one in a line."""
    named = _named(people_)
    async with context.client() as client:
        members = await people(client, named)
        made = await client.create_group(title, [user.id for user in members], client_id=client_id)
    context.show({"conversation_id": made.id, "title": made.title}, made.id)


@command.command("add")
@click.argument("group")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@common
async def add(context: Context, group: str, people_: tuple[str, ...]) -> None:
    """Add people to a GROUP; `-` reads them from standard input, one in a line."""
    await _change(context, group, people_, MemberAction.ADD)


@command.command("remove")
@click.argument("group")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@common
async def remove(context: Context, group: str, people_: tuple[str, ...]) -> None:
    """Remove people from a GROUP; `-` reads them from standard input, one in a line."""
    await _change(context, group, people_, MemberAction.REMOVE)


@command.command("ban")
@click.argument("group")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@common
async def ban(context: Context, group: str, people_: tuple[str, ...]) -> None:
    """Remove people from a GROUP or channel and keep them out."""
    await _change(context, group, people_, MemberAction.BAN)


@command.command("unban")
@click.argument("group")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@common
async def unban(context: Context, group: str, people_: tuple[str, ...]) -> None:
    """Let people come to a GROUP or channel again."""
    await _change(context, group, people_, MemberAction.UNBAN)


@command.command("bans")
@click.argument("group")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many at most.")
@common
async def bans(context: Context, group: str, limit: int) -> None:
    """List who is kept out of a GROUP or channel."""
    async with context.client() as client:
        where = await find(client, group)
        names, cursor, left = Names(client), "", limit
        while left > 0:
            found, cursor = await client.bans(where.id, cursor=cursor, limit=min(100, left))
            await names.learn(found)
            for user_id in found:
                context.show({"user_id": user_id, "username": names.user(user_id)}, names.user(user_id))
            left -= max(1, len(found))
            if not cursor:
                return


@command.command("mute")
@click.argument("group")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@click.option("--for", "span", default="", metavar="SPAN", help="For so long: 30m, 12h, 7d, 2w; without: for good.")
@common
async def mute(context: Context, group: str, people_: tuple[str, ...], span: str) -> None:
    """Keep people from saying anything in a GROUP or channel."""
    await _change(context, group, people_, MemberAction.MUTE, muted_until_ms=end_of(span, "") or FOR_EVER_MS)


@command.command("unmute")
@click.argument("group")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@common
async def unmute(context: Context, group: str, people_: tuple[str, ...]) -> None:
    """Let people speak in a GROUP or channel again."""
    await _change(context, group, people_, MemberAction.MUTE)


@command.command("role")
@click.argument("group")
@click.argument("role")
@click.argument("people_", nargs=-1, required=True, metavar="PERSON...")
@common
async def role(context: Context, group: str, role: str, people_: tuple[str, ...]) -> None:
    """Give people in a GROUP a ROLE: member, admin, or one of the group's own."""
    await _change(context, group, people_, MemberAction.ROLE, role=role)


@command.command("roles")
@click.argument("group")
@common
async def roles(context: Context, group: str) -> None:
    """Print the roles of a GROUP's own, and what each may do."""
    async with context.client() as client:
        for one in (await find(client, group)).roles:
            context.show(msgspec.to_builtins(one), f"{line(one.name)}: {' '.join(one.rights) or '-'}")


@command.command("save-role")
@click.argument("group")
@click.argument("name")
@click.option("--can", "rights", multiple=True, metavar="RIGHT", help="A right; again for more.")
@common
async def save_role(context: Context, group: str, name: str, rights: tuple[str, ...]) -> None:
    """Make a role called NAME in a GROUP of yours, or give the one that is called so exactly these rights.

    The rights: send, speak_always, recall, pin, settings, invite, remove, mute.
    """
    async with context.client() as client:
        where = await find(client, group)
        same = [one for one in where.roles if one.name.casefold() == name.casefold()]
        saved = OwnRole(same[0].id if same else new_id(), name, rights)
        kept = [one for one in where.roles if one.id != saved.id]
        await client.change_conversation(where.id, ConversationChange(roles=(*kept, saved)))
    context.show(msgspec.to_builtins(saved), f"{line(name)}: {' '.join(rights) or '-'}")


@command.command("remove-role")
@click.argument("group")
@click.argument("name")
@common
async def remove_role(context: Context, group: str, name: str) -> None:
    """Remove a role of a GROUP's own; who has it is a plain member from then on."""
    async with context.client() as client:
        where = await find(client, group)
        gone = own_role(where, name)
        kept = tuple([one for one in where.roles if one.id != gone.id])
        await client.change_conversation(where.id, ConversationChange(roles=kept))
    context.show(msgspec.to_builtins(gone), "removed")


def own_role(where: Conversation, name: str) -> OwnRole:
    """Return a conversation's own role by its name.  Raises HubbubError."""
    for one in where.roles:
        if one.name.casefold() == name.casefold():
            return one
    raise HubbubError("not_found", f"There is no role called {name!r} in {where.title!r}.")


@command.command("transfer")
@click.argument("group")
@click.argument("person_", metavar="PERSON")
@common
async def transfer(context: Context, group: str, person_: str) -> None:
    """Hand a GROUP of yours over to a PERSON in it."""
    await _change(context, group, (person_,), MemberAction.TRANSFER)


@command.command("title")
@click.argument("group")
@click.argument("title")
@common
async def title(context: Context, group: str, title: str) -> None:
    """Give a GROUP another title."""
    async with context.client() as client:
        where = await find(client, group)
        stored = await client.change_conversation(where.id, ConversationChange(title=title))
    context.show({"conversation_id": where.id, "seq": stored.seq}, str(stored.seq))


@command.command("dissolve")
@click.argument("group")
@click.confirmation_option(prompt="It ends for everybody. Go on?")
@common
async def dissolve(context: Context, group: str) -> None:
    """End a GROUP of yours for everybody."""
    async with context.client() as client:
        where = await find(client, group)
        stored = await client.dissolve(where.id)
    context.show({"conversation_id": where.id, "seq": stored.seq}, str(stored.seq))


@command.command("leave")
@click.argument("group")
@common
async def leave(context: Context, group: str) -> None:
    """Leave a GROUP."""
    async with context.client() as client:
        where = await find(client, group)
        await client.leave(where.id)
    context.show({"conversation_id": where.id, "left": True}, f"You left {line(where.title)}.")


@command.command("members")
@click.argument("group")
@common
async def members(context: Context, group: str) -> None:
    """List who is in a GROUP or channel."""
    async with context.client() as client:
        where = await find(client, group)
        names = Names(client)
        found = await client.all_members(where.id)
        await names.learn(member.user_id for member in found)
        for member in found:
            row = {**msgspec.to_builtins(member), "username": names.user(member.user_id)}
            own = [line(one.name) for one in where.roles if one.id == member.own_role]
            context.show(row, f"{names.user(member.user_id)} ({own[0] if own else member.role.name.lower()})")


@command.command("list")
@common
async def list_groups(context: Context) -> None:
    """List your conversations, the most recent first."""
    async with context.client() as client:
        names = Names(client)
        for where in await client.conversations():
            unread = f"  {'99+' if where.unread > 99 else where.unread} unread" if where.unread else ""
            row = {**msgspec.to_builtins(where), "name": await names.title(where)}
            context.show(row, f"{where.id}  {where.kind.name.lower():8} {row['name']}{unread}")


async def find(client: Client, name: str) -> Conversation:
    """Return the group or channel meant by a title, #title or id.  Raises HubbubError."""
    try:
        return await client.conversation(parse_id(name))
    except ValueError:
        return await titled(client, name.removeprefix("#"))


async def _change(
    context: Context,
    group: str,
    names: tuple[str, ...],
    action: MemberAction,
    *,
    role: str = "none",
    muted_until_ms: int = 0,
) -> None:
    named = _named(names)
    async with context.client() as client:
        where = await find(client, group)
        if where.kind not in (Kind.GROUP, Kind.CHANNEL):
            raise HubbubError("bad_request", "Only groups and channels have members that change.")
        changed = await people(client, named)
        known = role.casefold() in ("none", "member", "admin")
        stored = await client.change_members(
            where.id,
            action,
            [user.id for user in changed],
            role=Role[role.upper()] if known else Role.MEMBER,
            muted_until_ms=muted_until_ms,
            own_role="" if known else own_role(where, role).id,
        )
    context.show({"conversation_id": where.id, "seq": stored.seq}, str(stored.seq))


def _named(names: tuple[str, ...]) -> list[str]:
    """Return the names of the arguments, where `-` stands for those on standard input."""
    read = sys.stdin.read().split() if "-" in names else []
    return [name for name in names if name != "-"] + read
