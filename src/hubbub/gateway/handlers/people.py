"""People: finding them, and seeing who is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbub.base.errors import ChatError, Code
from hubbub.cluster.sessions import Presence, PresenceState
from hubbub.gateway import mapping_out
from hubbub.gateway.mapping_in import an_id
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session


async def find_users(session: Session, frame: pb.FindUsers) -> pb.ServerFrame:
    rows, cursor = await session.service.chat.find_users(session.who, frame.query, frame.cursor, frame.limit)
    return pb.ServerFrame(user_page=mapping_out.user_page(rows, cursor))


async def search(session: Session, frame: pb.Search) -> pb.ServerFrame:
    found = await session.service.chat.search(
        session.who,
        frame.query,
        from_=frame.sender,
        in_=frame.place,
        before=frame.before,
        after=frame.after,
        has=frame.has,
        cursor=frame.cursor,
        limit=frame.limit,
    )
    return pb.ServerFrame(search_page=mapping_out.search_page(found))


async def get_users(session: Session, frame: pb.GetUsers) -> pb.ServerFrame:
    names = [an_id(name, "user_ids") for name in frame.user_ids]
    rows = await session.service.chat.users(session.who, names, tuple(frame.usernames))
    return pb.ServerFrame(user_page=mapping_out.user_page(rows))


async def list_online(session: Session, frame: pb.ListOnline) -> pb.ServerFrame:
    """Answer a page of who is online; the cursor is the last one's id."""
    most = session.service.settings.page_rows
    limit = min(frame.limit, most) if frame.limit else most
    if frame.cursor and (len(frame.cursor) != 32 or not frame.cursor.isascii()):
        raise ChatError(Code.BAD_CURSOR)
    found = await session.service.registry.online_after(frame.cursor, limit + 1)
    cursor = found[limit - 1].user_id if len(found) > limit else ""
    hiding = await session.service.chat.hiding(session.who, [one.user_id for one in found[:limit]])
    shown = [one for one in found[:limit] if one.user_id not in hiding]
    return pb.ServerFrame(presence_page=presence_page(shown, cursor))


async def watch_presence(session: Session, frame: pb.WatchPresence) -> pb.ServerFrame:
    """Watch first, then read, so that a change in between is pushed.

    Who has blocked the asker is not watched, and answered for as somebody who was never here.
    """
    service = session.service
    if len(frame.user_ids) > service.settings.watch_limit:
        raise ChatError(Code.BAD_REQUEST, f"user_ids names more than {service.settings.watch_limit} people.")
    names = list(dict.fromkeys(an_id(name, "user_ids") for name in frame.user_ids))
    hiding = frozenset(await service.chat.hiding(session.who, names))
    watched = [name for name in names if name not in hiding]
    await session.watch(watched)
    known = {one.user_id: one for one in await service.registry.presence(watched)}
    shown = [known.get(name) or Presence(name, PresenceState.OFFLINE, 0) for name in names]
    return pb.ServerFrame(presence_page=presence_page(shown, ""))


def presence_page(found: list[Presence], cursor: str) -> pb.PresencePage:
    """Return a page of presences."""
    return pb.PresencePage(presences=[mapping_out.presence(one) for one in found], next_cursor=cursor)


REQUESTS: dict[str, Any] = {
    "find_users": find_users,
    "get_users": get_users,
    "list_online": list_online,
    "watch_presence": watch_presence,
    "search": search,
}
