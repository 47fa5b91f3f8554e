"""An open socket goes by what its person may do now, not by what they might when it was opened."""

from __future__ import annotations

import asyncio

import pytest
from support.fake_chat import FOR_EVER_MS, an_id
from support.gateways import Client, House, a_house, until
from support.quiet import a_quiet_house

from hubbub.auth.arrivals import NewDevice
from hubbub.auth.permissions import BUILT_IN, EVERYDAY, NONE, Permission
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat.ports import RIGHTS_CHANGED, LoginEnded
from hubbub.gateway.dispatch import AT_ONCE, PERMISSIONS, REQUESTS
from hubbub.wire import hubbub_pb2 as pb

ROMEO = an_id("romeo")

REQUESTED = {
    "create_conversation": pb.CreateConversation(client_id=new_id(), title="Verona"),
    "find_users": pb.FindUsers(query="ju"),
    "join_conversation": pb.JoinConversation(conversation_id=new_id()),
    "list_channels": pb.ListChannels(),
    "open_direct": pb.OpenDirect(user_id=new_id()),
}


async def refused(client: Client) -> set[str]:
    """Return which requests are refused because the person may not make them."""
    found = set()
    for kind, body in REQUESTED.items():
        answer = await client.ask(**{kind: body})
        if answer.error.code == "forbidden":
            found.add(kind)
    return found


async def tells(house: House, may: frozenset[str]) -> None:
    """Let the database say that Romeo may do this now, and tell the gateways of it."""
    house.auth.rights[ROMEO] = may
    await house.bus.publish([LoginEnded(ROMEO, code=RIGHTS_CHANGED)])


@pytest.mark.parametrize("role", [*BUILT_IN, "crier"])
async def test_every_frame_asks_each_role_for_its_permission(role: str) -> None:
    may = BUILT_IN.get(role, EVERYDAY | {"announce"})
    async with a_house() as house:
        house.auth.rights[ROMEO] = may
        client = await house.enter("romeo")
        assert await refused(client) == {kind for kind, needs in PERMISSIONS.items() if needs.value not in may}


def test_every_frame_that_needs_a_permission_is_tried_here() -> None:
    assert set(PERMISSIONS) == set(REQUESTED)
    assert set(PERMISSIONS) <= {*AT_ONCE, *REQUESTS}


async def test_what_needs_no_permission_is_refused_to_nobody_who_is_in() -> None:
    """Every other frame is tried with nothing in it, by somebody who may do nothing else."""
    free = sorted({*REQUESTS} - {*PERMISSIONS, "logout", "reauthenticate"})
    assert len(free) > 15
    async with a_house() as house:
        house.auth.rights[ROMEO] = NONE
        client = await house.enter("romeo")
        for kind in free:
            answer = await client.ask(**{kind: getattr(pb.ClientFrame(), kind)})
            assert answer.error.code not in ("forbidden", "insufficient_scope"), kind


async def test_no_frame_is_served_to_nobody() -> None:
    async with a_house() as house:
        for kind in sorted({*AT_ONCE, *REQUESTS} - {"hello"}):
            client = await house.connect()
            await client.tell(**{kind: getattr(pb.ClientFrame(), kind)})
            assert await client.closed() == (4401, "hello_expected"), kind


async def test_a_change_of_role_reaches_an_open_socket() -> None:
    async with a_quiet_house() as house:
        phone, tablet = await house.let_in("romeo/phone"), await house.let_in("romeo/tablet")
        juliet = (await house.let_in("juliet/phone")).session
        await tells(house, NONE)
        for session in (phone.session, tablet.session):
            await until(lambda session=session: not session.can(Permission.PEOPLE_FIND))  # type: ignore[misc]
        assert juliet.can(Permission.PEOPLE_FIND)
        await tells(house, BUILT_IN["admin"])
        await until(lambda: phone.session.who.is_admin)
        assert phone.session.who.announces
        assert (phone.ended, tablet.ended) == (None, None)


async def test_a_socket_about_which_the_database_says_nothing_comes_again() -> None:
    async with a_house() as house:
        client = await house.enter("romeo")
        house.auth.refuses = ChatError(Code.UNAVAILABLE)
        await tells(house, NONE)
        assert (await client.closed())[1] == "token_expired"


async def test_a_socket_whose_login_is_over_ends_when_it_is_looked_at_again() -> None:
    async with a_house() as house:
        client = await house.enter("romeo")
        house.auth.end(ROMEO)
        await tells(house, NONE)
        assert (await client.closed())[1] == "session_ended"


async def test_who_was_blocked_sees_the_blocker_go_and_never_come_back() -> None:
    juliet = an_id("juliet")
    async with a_house() as house:
        romeo, hers = await house.enter("romeo"), await house.enter("juliet")
        page = (await romeo.ask(watch_presence=pb.WatchPresence(user_ids=[juliet]))).presence_page
        assert page.presences[0].state == pb.PRESENCE_STATE_ONLINE
        house.chat.blocks.add((juliet, ROMEO))
        await house.bus.publish([LoginEnded(ROMEO, code=RIGHTS_CHANGED)])
        seen = (await romeo.push("presence")).presence
        assert (seen.user_id, seen.state, seen.last_seen_ms) == (juliet, pb.PRESENCE_STATE_OFFLINE, 0)
        mercutio = await house.enter("mercutio")
        await mercutio.ask(watch_presence=pb.WatchPresence(user_ids=[juliet]))
        await hers.leave()
        assert (await mercutio.push("presence")).presence.state != pb.PRESENCE_STATE_ONLINE
        await house.enter("juliet")
        assert (await mercutio.push("presence")).presence.state == pb.PRESENCE_STATE_ONLINE
        # Whatever came before its answer came before this.
        await romeo.ask(ping=pb.Ping())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await romeo.push("presence")


async def test_another_name_is_shown_to_who_watches_and_to_oneself_and_to_nobody_else() -> None:
    juliet = an_id("juliet")
    async with a_house() as house:
        romeo, hers, mercutio = [await house.enter(name) for name in ("romeo", "juliet", "mercutio")]
        await romeo.ask(watch_presence=pb.WatchPresence(user_ids=[juliet]))
        house.gateway.profile_changed(juliet.encode())
        for client in (romeo, hers):
            assert (await client.push("profile_changed")).profile_changed.user_id == juliet
        house.gateway.profile_changed(b"nobody")
        house.gateway.profile_changed(b"\xff")
        await mercutio.ask(ping=pb.Ping())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await mercutio.push("profile_changed")


async def test_a_sign_in_from_a_new_device_is_asked_about_on_the_others_that_may_see_devices() -> None:
    new = NewDevice(ROMEO, an_id("thief"), new_id(), "Firefox on Linux", "192.0.2.7", 1763668800000)
    async with a_house() as house:
        phone = await house.enter("romeo", "phone")
        app = await house.enter("romeo", f"app/{FOR_EVER_MS}/read+account")
        reader = await house.enter("romeo", f"reader/{FOR_EVER_MS}/read")
        thief = await house.enter("romeo", "thief")
        juliet = await house.enter("juliet")
        for payload in (b"\xff", b"", new.encoded()):
            house.gateway.signed_in(payload)
        for client in (phone, app):
            told = (await client.push("signed_in")).signed_in
            assert (told.login_id, told.device_name, told.address, told.time_ms) == (
                new.login_id,
                "Firefox on Linux",
                "192.0.2.7",
                1763668800000,
            )
        for client in (reader, thief, juliet):
            await client.ask(ping=pb.Ping())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.push("signed_in")


async def test_everybody_is_told_that_the_emoji_are_others() -> None:
    async with a_house() as house:
        romeo, juliet = await house.enter("romeo"), await house.enter("juliet")
        house.gateway.emoji_changed(b"7")
        for client in (romeo, juliet):
            assert (await client.push("emoji_changed")).emoji_changed.version == 7
        house.gateway.emoji_changed(b"\xff")
        assert (await juliet.push("emoji_changed")).emoji_changed.version == 0


async def test_a_mute_reaches_an_open_socket() -> None:
    async with a_quiet_house() as house:
        phone = (await house.let_in("romeo/phone")).session
        house.auth.muted[ROMEO] = 2**52
        await house.bus.publish([LoginEnded(ROMEO, code=RIGHTS_CHANGED)])
        await until(lambda: phone.who.muted_until_ms == 2**52)
