"""What was begun and not sent: it stays where it belongs, on this machine and on the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.puppet import DIRECT, VERONA, PuppetServer
from support.screens import PuppetDoor, screen_of

from hubbub.wire import hubbub_pb2 as pb


@pytest.fixture
def puppet() -> PuppetServer:
    return PuppetServer()


async def test_what_was_begun_in_a_conversation_comes_back_with_it(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3", "#Verona")
        composer = screen.chat.composer
        await screen.pilot.press(*"Soft")
        await screen.pilot.press("alt+up")
        await screen.shows("3 members")
        await screen.until(lambda: any("@juliet" in row and "✎" in row for row in screen.chat.places.text_lines()))
        assert composer.text == ""
        await screen.until(lambda: puppet.rooms[DIRECT].own.draft.text == "Soft")
        await screen.pilot.press("alt+up")
        await screen.until(lambda: composer.text == "Soft")
        await screen.pilot.press("!", "enter")
        await screen.until(lambda: puppet.rooms[DIRECT].said)
        assert puppet.rooms[DIRECT].said[0].message.body.text.text == "Soft!"
        # What is sent is begun no longer, for every device.
        await screen.until(lambda: not puppet.rooms[DIRECT].own.HasField("draft"))


async def test_a_draft_survives_the_end_of_the_app_without_a_connection(puppet: PuppetServer, tmp_path: Path) -> None:
    async with screen_of(puppet, door=PuppetDoor(puppet, folder=tmp_path), opened="@juliet") as screen:
        await screen.shows("line 3")
        puppet.goes_down()
        await screen.shows("offline since")
        await screen.pilot.press(*"begun")
        await screen.pilot.press("ctrl+q")
        await screen.until(lambda: not screen.app.is_running)
    async with screen_of(puppet, door=PuppetDoor(puppet, folder=tmp_path)) as screen:
        await screen.shows("line 3")
        await screen.until(lambda: screen.chat.composer.text == "begun")
        puppet.comes_up()
        await screen.until(lambda: puppet.rooms[DIRECT].own.draft.text == "begun")


async def test_another_device_may_go_on_with_it(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        composer = screen.chat.composer
        puppet.arranges(pb.SetOwn(conversation_id=DIRECT, draft=pb.Draft(text="from the phone", reply_to_seq=3)))
        await screen.shows("from the phone", "Replying to juliet: line 3")
        await screen.pilot.press("x")
        puppet.arranges(pb.SetOwn(conversation_id=DIRECT, draft=pb.Draft(text="the phone went on")))
        puppet.says(DIRECT, "seen")
        await screen.shows("seen")
        # Who types here keeps their own text.
        assert composer.text == "from the phonex"


async def test_correcting_and_ordering_leave_a_draft_alone(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        composer = screen.chat.composer
        await screen.types("first")
        await screen.until(lambda: puppet.rooms[DIRECT].said)
        await screen.shows("first", "✓")
        await screen.pilot.press(*"begun", "ctrl+up", "e")
        await screen.until(lambda: composer.text == "first")
        await screen.pilot.press("escape")
        await screen.until(lambda: composer.text == "begun")
        await screen.pilot.press("ctrl+up", "plus")
        await screen.until(lambda: composer.text == "/react ")
        await screen.types(":rose:")
        await screen.shows("🌹 1")
        await screen.until(lambda: composer.text == "begun")


async def test_a_thread_has_a_draft_of_its_own_on_all_devices(puppet: PuppetServer, tmp_path: Path) -> None:
    async with screen_of(puppet, door=PuppetDoor(puppet, folder=tmp_path), opened="#Verona") as screen:
        await screen.shows("line 3")
        await screen.pilot.press("ctrl+up", "t")
        await screen.shows("› Thread")
        await screen.pilot.press(*"aside", "escape")
        await screen.until(lambda: screen.chat.composer.text == "")
        await screen.pilot.press("ctrl+up", "t")
        await screen.until(lambda: screen.chat.composer.text == "aside")
        own = puppet.rooms[VERONA].own
        await screen.until(lambda: [(one.text, one.thread_seq) for one in own.thread_drafts] == [("aside", 3)])
        assert not own.HasField("draft")
