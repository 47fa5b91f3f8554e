"""What is behind the links of a message."""

from __future__ import annotations

import base64
from typing import Literal

import msgspec
from litestar import get
from litestar.params import FromPath

from hubbub.auth import scopes
from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import MessageState
from hubbub.links.model import LinkRow, LinkState
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import TargetSeq, conversation_of
from hubbub.rest.refusals import READ, refuses

__all__ = ["GUARDED"]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a message, and what its page says of itself."""

    url: str
    state: Literal["waiting", "ready", "nothing"]
    """waiting: ask again in a second or two; nothing: there is nothing to show."""
    title: str
    description: str
    site: str
    image: str
    """A small picture as a `data:` address; empty: none."""
    image_width: int
    image_height: int


class LinkList(msgspec.Struct, frozen=True, kw_only=True):
    links: list[Link]
    """The first few of the message; empty where links are not looked at."""


@get(
    "/conversations/{conversation_id:str}/messages/{seq:int}/links",
    summary="See what is behind the links of a message",
    tags=["messages"],
    opt=refuses(*READ, Code.MESSAGE_NOT_FOUND, scope=scopes.READ),
)
async def read_links(conversation_id: FromPath[str], seq: TargetSeq, caller: CallerDep, deps: DepsDep) -> LinkList:
    """Return title, description and picture of the pages that a message links to.

    They are looked at by a worker once somebody asks, so that nobody waits for a foreign server.
    """
    page = await deps.chat.history(caller, conversation_of(conversation_id), around_seq=seq, limit=1)
    found = [item for item in page.items if isinstance(item, MessageState) and item.message.seq == seq]
    if not found:
        raise ChatError(Code.MESSAGE_NOT_FOUND)
    if deps.link_previews is None or found[0].message.recalled:
        return LinkList(links=[])
    return LinkList(links=[_shown(row) for row in await deps.link_previews.of_text(found[0].message.post.body.text)])


def _shown(row: LinkRow) -> Link:
    image = row.image
    return Link(
        url=row.url,
        state=_STATES[row.state],
        title=row.title,
        description=row.description,
        site=row.site,
        image=f"data:{image.type};base64,{base64.b64encode(image.content).decode()}" if image else "",
        image_width=image.width if image else 0,
        image_height=image.height if image else 0,
    )


_STATES: dict[LinkState, Literal["waiting", "ready", "nothing"]] = {
    LinkState.WAITING: "waiting",
    LinkState.READY: "ready",
    LinkState.NOTHING: "nothing",
}

GUARDED = [read_links]
