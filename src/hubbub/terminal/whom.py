"""From what people type to whom and what they mean: `@name`, `#title`, or an id."""

from __future__ import annotations

import re

from hubbub.base.ids import SYSTEM_CONVERSATION, parse_id
from hubbub.client import Client, Conversation, HubbubError, Kind, User

EVERYBODY = frozenset({"all", "所有人"})
"""Names by which a message means everybody."""

_MENTION = re.compile(r"(?<![\w.@/\-])@(\w[\w.\-]{0,31})")
_PAGES = 20
"""How many pages of channels are searched for a title."""


async def person(client: Client, name: str) -> User:
    """Return the person called `name` or `@name`.  Raises HubbubError."""
    found = await people(client, [name])
    return found[0]


async def people(client: Client, names: tuple[str, ...] | list[str]) -> list[User]:
    """Return people by their names, in that order.  Raises HubbubError naming the first who does not exist."""
    plain = [name.removeprefix("@") for name in names]
    found = {user.username.casefold(): user for user in await client.users(usernames=plain)} if plain else {}
    for name in plain:
        if name.casefold() not in found:
            raise HubbubError("user_not_found", f"There is nobody called {name!r}.")
    return [found[name.casefold()] for name in plain]


async def place(client: Client, name: str, *, channels: bool = False) -> Conversation:
    """Return the conversation meant by `#title`, `@name`, a plain name or an id.

    A person's private chat is made when there is none yet.  With `channels`, public channels one has not joined count
    too.  Raises HubbubError.
    """
    try:
        conversation_id = parse_id(name.removeprefix("#"))
    except ValueError:
        pass
    else:
        return await client.conversation(conversation_id)
    if name.startswith("#"):
        return await titled(client, name.removeprefix("#"), channels=channels)
    try:
        user = await person(client, name)
    except HubbubError as error:
        if name.startswith("@") or error.code != "user_not_found":
            raise
    else:
        return await client.open_direct(user.id)
    try:
        return await titled(client, name, channels=channels)
    except HubbubError as error:
        if error.code != "conversation_not_found":
            raise
        sentence = f"There is nobody called {name!r}, and you are in no conversation of that name."
        raise HubbubError("user_not_found", sentence) from None


async def titled(client: Client, title: str, *, channels: bool = False) -> Conversation:
    """Return the group or channel with this title.  Raises HubbubError when there is none, or more than one."""
    wanted = title.casefold()
    known = await client.conversations()
    found = [c for c in known if c.kind is not Kind.DIRECT and c.title.casefold() == wanted]
    if not found and wanted == "announcements":
        return await client.conversation(SYSTEM_CONVERSATION)
    if not found and channels:
        cursor = ""
        for _ in range(_PAGES):
            page, cursor = await client.channels(title, cursor=cursor)
            found += [c for c in page if c.title.casefold() == wanted]
            if not cursor:
                break
    if not found:
        raise HubbubError("conversation_not_found", f"You are in no conversation called #{title}.")
    if len(found) > 1:
        ids = ", ".join(c.id for c in found)
        raise HubbubError("bad_request", f"Several conversations are called #{title}; say which by its id: {ids}")
    return found[0]


def names_in(text: str) -> list[str]:
    """Return the names a text mentions, each once."""
    names = (name.rstrip("._-") for name in _MENTION.findall(text))
    return list(dict.fromkeys(name for name in names if name))


async def mentioned(client: Client, text: str) -> tuple[list[str], bool]:
    """Return the ids of people a text mentions by @name, and whether it mentions @all."""
    names = names_in(text)
    people = [name for name in names if name not in EVERYBODY][:100]
    found = await client.users(usernames=people) if people else []
    return [user.id for user in found], not EVERYBODY.isdisjoint(names)
