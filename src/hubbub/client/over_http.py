"""What a person can do that the connection has no request for: contacts, invite links, their account, pins.

Each is one call over HTTP with the token of the login.  What makes something answers with it, and everything here may
be asked again: the server finds what is there.  Whatever else HTTP offers goes through `http` as it is described at
`/api/openapi.json`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from hubbub.base.error_table import Code
from hubbub.client.commands import Commands
from hubbub.client.errors import HubbubError
from hubbub.client.models import Contact, Emoji, Invitation, Invite, JoinRequest, Me, Message
from hubbub.client.pins import pinned_of

T = TypeVar("T")


class _Contacts(msgspec.Struct, frozen=True):
    contacts: list[Contact]
    next_cursor: str = ""


class _Invites(msgspec.Struct, frozen=True):
    invites: list[Invite]


class _Requests(msgspec.Struct, frozen=True):
    requests: list[JoinRequest]
    next_cursor: str = ""


class _Emoji(msgspec.Struct, frozen=True):
    emoji: list[Emoji]


class _Banned(msgspec.Struct, frozen=True):
    user_id: str


class _Bans(msgspec.Struct, frozen=True):
    bans: list[_Banned]
    next_cursor: str = ""


class OverHttp(Commands):
    """The methods of `Client` that go over HTTP."""

    @abstractmethod
    async def http(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | list[str]] | None = None,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that an operation of the HTTP API answers; empty where it answers nothing.

        `path` is the whole one, such as `/api/v1/me`; `content` is a body that is no JSON.  Raises HubbubError.
        """

    # ------------------------------------------------------------ oneself

    async def me(self) -> Me:
        """Return one's own account."""
        return _read(await self.http("GET", "/api/v1/me"), Me)

    async def change_me(self, *, display_name: str | None = None, signature: str | None = None) -> Me:
        """Change how others see one; what is None stays."""
        wish = {"display_name": display_name, "signature": signature}
        given = {name: value for name, value in wish.items() if value is not None}
        return _read(await self.http("PATCH", "/api/v1/me", json=given), Me)

    # ------------------------------------------------------------ contacts

    async def contacts(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Contact], str]:
        """Return whom one keeps something of: contacts, requests either way, names, blocks; and the next cursor."""
        page = _read(await self.http("GET", "/api/v1/me/contacts", params=_page(cursor, limit)), _Contacts)
        return page.contacts, page.next_cursor

    async def ask_contact(self, user_id: str, *, note: str = "") -> Contact:
        """Ask somebody to be a contact; where they have asked already, that is a yes."""
        return _read(await self.http("POST", _contact(user_id), json={"note": note}), Contact)

    async def answer_contact(self, user_id: str, *, accept: bool) -> Contact:
        """Accept or decline what somebody has asked."""
        return _read(await self.http("POST", f"{_contact(user_id)}/answer", json={"accept": accept}), Contact)

    async def arrange_contact(
        self, user_id: str, *, blocked: bool | None = None, name: str | None = None, group: str | None = None
    ) -> Contact:
        """Block, name or group somebody, for oneself alone; what is None stays."""
        wish = {"blocked": blocked, "name": name, "group": group}
        given = {key: value for key, value in wish.items() if value is not None}
        return _read(await self.http("PATCH", _contact(user_id), json=given), Contact)

    async def remove_contact(self, user_id: str) -> None:
        """End being contacts, or take a request back."""
        await self.http("DELETE", _contact(user_id))

    # ------------------------------------------------------------ coming in by a link

    async def create_invite(
        self, conversation_id: str, *, uses: int = 0, expires_ms: int = 0, approval: bool = False
    ) -> Invite:
        """Make a link into a conversation one is an admin of; 0: without end."""
        wish = {"uses": uses, "expires_ms": expires_ms, "approval": approval}
        return _read(await self.http("POST", f"{_conversation(conversation_id)}/invites", json=wish), Invite)

    async def invites(self, conversation_id: str) -> list[Invite]:
        """Return the links into a conversation that are still good, the newest first."""
        return _read(await self.http("GET", f"{_conversation(conversation_id)}/invites"), _Invites).invites

    async def revoke_invite(self, conversation_id: str, invite_id: str) -> None:
        """Take a link back."""
        await self.http("DELETE", f"{_conversation(conversation_id)}/invites/{quote(invite_id, safe='')}")

    async def look_at_invite(self, invite_id: str) -> Invitation:
        """Return where a link leads."""
        return _read(await self.http("GET", f"/api/v1/invites/{quote(invite_id, safe='')}"), Invitation)

    async def follow_invite(self, invite_id: str, *, note: str = "") -> Invitation:
        """Come in by a link, or ask to be let in where that needs approval."""
        path = f"/api/v1/invites/{quote(invite_id, safe='')}"
        return _read(await self.http("POST", path, json={"note": note}), Invitation)

    async def withdraw_join_request(self, invite_id: str) -> None:
        """Take back what one asked by a link."""
        await self.http("DELETE", f"/api/v1/invites/{quote(invite_id, safe='')}/request")

    async def join_requests(
        self, conversation_id: str, *, cursor: str = "", limit: int = 0
    ) -> tuple[list[JoinRequest], str]:
        """Return who asks to be let in, and the cursor of the next page."""
        path = f"{_conversation(conversation_id)}/requests"
        page = _read(await self.http("GET", path, params=_page(cursor, limit)), _Requests)
        return page.requests, page.next_cursor

    async def answer_join_request(self, conversation_id: str, user_id: str, *, accept: bool) -> None:
        """Let somebody in who asked, or not."""
        path = f"{_conversation(conversation_id)}/requests/{quote(user_id, safe='')}"
        await self.http("POST", path, json={"accept": accept})

    async def bans(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[str], str]:
        """Return the ids of who is banned from a conversation, and the cursor of the next page."""
        path = f"{_conversation(conversation_id)}/bans"
        page = _read(await self.http("GET", path, params=_page(cursor, limit)), _Bans)
        return [one.user_id for one in page.bans], page.next_cursor

    # ------------------------------------------------------------ emoji of the place

    async def emoji(self) -> list[Emoji]:
        """Return the place's own emoji, by packs and names; an `EmojiEvent` says when they are others."""
        return _read(await self.http("GET", "/api/v1/emoji"), _Emoji).emoji

    async def add_emoji(self, name: str, picture: bytes, *, aliases: Sequence[str] = (), pack: str = "") -> Emoji:
        """Add an emoji, as somebody who may: a PNG, GIF, WebP, JPEG or AVIF, which may move."""
        asked: dict[str, str | list[str]] = {"name": name, "alias": list(aliases), "pack": pack}
        return _read(await self.http("POST", "/api/v1/emoji", params=asked, content=picture), Emoji)

    async def add_emoji_pack(self, pack: str, archive: bytes) -> list[Emoji]:
        """Add every picture of a ZIP, called as its file is: all of them or none."""
        made = await self.http("POST", "/api/v1/emoji-packs", params={"pack": pack}, content=archive)
        return _read(made, _Emoji).emoji

    async def remove_emoji(self, name: str) -> None:
        """Take an emoji away, or one of its other names."""
        await self.http("DELETE", f"/api/v1/emoji/{quote(name, safe='')}")

    async def remove_emoji_pack(self, pack: str) -> None:
        """Take every emoji of a pack away."""
        await self.http("DELETE", f"/api/v1/emoji-packs/{quote(pack, safe='')}")

    # ------------------------------------------------------------ pins

    async def pins(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[Message], str]:
        """Return what is pinned there, the newest message first, and the cursor of the next page."""
        path = f"{_conversation(conversation_id)}/pins"
        return pinned_of(await self.http("GET", path, params=_page(cursor, limit)))


def _conversation(conversation_id: str) -> str:
    return f"/api/v1/conversations/{quote(conversation_id, safe='')}"


def _contact(user_id: str) -> str:
    return f"/api/v1/me/contacts/{quote(user_id, safe='')}"


def _page(cursor: str, limit: int) -> dict[str, str]:
    return {"cursor": cursor, "limit": str(limit)}


def _read(answer: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as exc:
        raise HubbubError(Code.INTERNAL_ERROR, f"The server's answer is not understood: {exc}") from exc
