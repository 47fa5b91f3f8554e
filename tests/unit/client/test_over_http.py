"""What the SDK does over HTTP, against the server's own application."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from support.over_httpx import OverHttpx
from unit.auth.people import PASSWORD
from unit.client.fake import ROOM, FakeServer, client_of, state
from unit.files.images import a_pack, a_picture
from unit.rest.conftest import site as site
from unit.rest.site import ISSUER, Person, Site

from hubbub.base.ids import GENERAL_CHANNEL
from hubbub.client import Client, Contact, ContactEvent, ContactState, HttpApi, HubbubError
from hubbub.wire import hubbub_pb2 as pb


class Through(httpx.AsyncBaseTransport):
    """Sends requests by somebody else's client."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._http.send(request)


def sdk(site: Site, person: Person) -> Client:
    """Return a client whose HTTP goes to the site; it is not entered, so it has no connection."""
    http = HttpApi(ISSUER, transport=OverHttpx(Through(site.http), ISSUER))
    return Client(ISSUER, username=person.username, password=PASSWORD, http=http)


async def test_people_become_contacts(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    his, hers = sdk(site, romeo), sdk(site, juliet)
    asked = await his.ask_contact(juliet.user_id, note="We met at the ball")
    assert (asked.user_id, asked.state, asked.note) == (juliet.user_id, ContactState.ASKED, "We met at the ball")
    assert (await hers.answer_contact(romeo.user_id, accept=True)).state is ContactState.ACCEPTED
    named = await hers.arrange_contact(romeo.user_id, name="Sweet Montague", group="Montagues")
    assert await hers.contacts() == ([named], "")
    assert (named.name, named.group, named.blocked) == ("Sweet Montague", "Montagues", False)
    await his.remove_contact(juliet.user_id)
    assert await his.contacts() == ([], "")
    assert (await hers.arrange_contact(romeo.user_id, blocked=True)).blocked


async def test_people_come_in_by_a_link(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    his, hers = sdk(site, romeo), sdk(site, juliet)
    group = (await romeo.does("POST", "/conversations", {"kind": "group", "title": "Verona"}))["conversation_id"]
    invite = await his.create_invite(group, uses=2, approval=True)
    assert (invite.conversation_id, invite.uses_left, invite.approval) == (group, 2, True)
    assert await his.invites(group) == [invite]
    assert (await hers.look_at_invite(invite.invite_id)).title == "Verona"
    assert (await hers.follow_invite(invite.invite_id, note="It is I")).asked
    await hers.withdraw_join_request(invite.invite_id)
    assert await his.join_requests(group) == ([], "")
    assert (await hers.follow_invite(invite.invite_id, note="It is I")).asked
    (request,), cursor = await his.join_requests(group)
    assert (request.user_id, request.note, cursor) == (juliet.user_id, "It is I", "")
    await his.answer_join_request(group, juliet.user_id, accept=True)
    assert (await hers.look_at_invite(invite.invite_id)).joined
    await romeo.does("PUT", f"/conversations/{group}/bans/{juliet.user_id}")
    assert await his.bans(group) == ([juliet.user_id], "")
    await his.revoke_invite(group, invite.invite_id)
    assert await his.invites(group) == []


async def test_what_is_pinned_and_who_one_is(site: Site) -> None:
    romeo = await site.enter("romeo")
    his = sdk(site, romeo)
    said = await romeo.does("POST", f"/conversations/{GENERAL_CHANNEL}/messages", {"text": "But soft!"})
    group = (await romeo.does("POST", "/conversations", {"kind": "group", "title": "Verona"}))["conversation_id"]
    passed = await romeo.does("POST", f"/conversations/{GENERAL_CHANNEL}/messages/{said['seq']}/forward", {"to": group})
    await romeo.does("PUT", f"/conversations/{group}/messages/{passed['seq']}/pin")
    (pinned,), _ = await his.pins(group)
    assert (pinned.seq, pinned.text, pinned.pinned) == (passed["seq"], "But soft!", True)
    assert pinned.post.forwarded is not None
    assert pinned.post.forwarded.sender_id == romeo.user_id
    changed = await his.change_me(display_name="Romeo M.", signature="Under the balcony")
    assert changed == await his.me()
    assert (changed.username, changed.display_name, changed.signature) == ("romeo", "Romeo M.", "Under the balcony")


async def test_whatever_else_http_offers_is_one_call_away(site: Site) -> None:
    romeo = await site.enter("romeo")
    his = sdk(site, romeo)
    found = await his.http("GET", "/api/v1/users", params={"username": "romeo"})
    assert [user["user_id"] for user in found["users"]] == [romeo.user_id]
    with pytest.raises(HubbubError) as refused:
        await his.http("GET", "/api/v1/roles")
    assert refused.value.code == "forbidden"


async def test_what_changes_of_contacts_comes_as_an_event_once() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        heard: list[Contact] = []
        client.on(ContactEvent, lambda event: heard.append(event.contact))
        row = pb.Contact(user_id=ROOM, state=pb.CONTACT_STATE_ASKING, note="hello", time_ms=7, version=2)
        changed = pb.UserState(since_version=1, version=2, contacts=[row])
        for _ in range(2):
            connection.send(user_changed=changed)
        newer = pb.Contact(user_id=ROOM, state=9, version=3)  # type: ignore[arg-type]
        connection.send(user_changed=pb.UserState(since_version=2, version=3, contacts=[newer]))
        asking = asyncio.create_task(client.server_info())
        request, _ = await connection.expect("get_server_info")
        connection.send(request, server_info=pb.ServerInfo())
        await asking
        assert heard == [
            Contact(ROOM, ContactState.ASKING, note="hello", time_ms=7, version=2),
            Contact(ROOM, ContactState.UNKNOWN, version=3),
        ]


async def test_emoji_are_added_listed_and_taken_away(site: Site) -> None:
    prince, juliet = await site.admin(), await site.enter("juliet")
    his, hers = sdk(site, prince), sdk(site, juliet)
    picture = a_picture("PNG", (32, 32))
    made = await his.add_emoji("masked", picture, aliases=["跳舞", "masked2"], pack="Verona")
    assert (made.name, made.aliases, made.pack) == ("masked", ["跳舞", "masked2"], "Verona")
    packed = await his.add_emoji_pack("Verona", a_pack({"poison.png": picture}))
    assert [one.name for one in packed] == ["poison"]
    await his.remove_emoji("跳舞")
    assert [(one.name, one.aliases) for one in await hers.emoji()] == [("masked", ["masked2"]), ("poison", [])]
    with pytest.raises(HubbubError, match="emoji"):
        await his.add_emoji("poison", picture)
    await his.remove_emoji_pack("Verona")
    assert await hers.emoji() == []
