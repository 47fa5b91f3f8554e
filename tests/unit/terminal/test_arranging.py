"""Files, what is pinned, passing on, and how a person arranges their conversations, on the full screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.puppet import DIRECT, JULIET, LIN, ROMEO, VERONA, PuppetServer
from support.screens import screen_of
from textual.events import Key

from hubbub.wire import hubbub_pb2 as pb


@pytest.fixture
def puppet() -> PuppetServer:
    return PuppetServer()


async def test_a_file_is_sent_and_saved_under_a_name_that_harms_nobody(puppet: PuppetServer, tmp_path: Path) -> None:
    letter = tmp_path / "a letter.txt"
    letter.write_bytes(b"Soft!" * 300)
    saved = tmp_path / "saved"
    saved.mkdir()
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        await screen.types(f'/file "{letter}" read this :rose:')
        await screen.shows("read this 🌹", "📎 a letter.txt (1.5 kB)", "✓")
        sent = puppet.rooms[DIRECT].said[0].message.body
        assert puppet.files[sent.files[0].id] == ("a letter.txt", b"Soft!" * 300)
        # Another text leaves the file where it is.
        await screen.types("/edit")
        await screen.shows("Editing your message")
        await screen.types(", do")
        await screen.shows("read this 🌹, do", "📎 a letter.txt (1.5 kB) (edited)")
        puppet.files["f1"] = ("../.ssh/\x1b[2Jkey\u202egnp.sh", b"gift")
        body = pb.Body(text=pb.Text(), files=[pb.File(id="f1")])
        puppet.does(DIRECT, message=pb.Message(body=body))
        await screen.shows("(4 B)")
        for _ in range(2):
            await screen.types(f"/save {saved}")
        await screen.until(lambda: len(list(saved.iterdir())) == 2)
        names = sorted(path.name for path in saved.iterdir())
        assert all(path.read_bytes() == b"gift" for path in saved.iterdir())
        assert all(name.isprintable() and "/" not in name and not name.startswith(".") for name in names)


async def test_what_cannot_be_sent_or_saved_says_why(puppet: PuppetServer, tmp_path: Path) -> None:
    async with screen_of(puppet, opened="@juliet", size=(200, 24)) as screen:
        await screen.shows("line 3")
        await screen.types("/save")
        await screen.shows("Choose a message first")
        await screen.types(f"/file {tmp_path}/nothing.txt")
        await screen.until(lambda: "thisisnofile" in "".join(screen.text().split()))
        puppet.goes_down()
        await screen.shows("offline since")
        (tmp_path / "some.txt").write_text("some")
        await screen.types(f"/file {tmp_path}/some.txt")
        await screen.until(lambda: "cannotbereached" in "".join(screen.text().split()))
        assert puppet.rooms[DIRECT].said == []


async def test_paths_are_completed_while_one_writes(puppet: PuppetServer, tmp_path: Path) -> None:
    (tmp_path / "my letter.txt").write_text("Soft!")
    async with screen_of(puppet, opened="@juliet", size=(120, 30)) as screen:
        await screen.shows("line 3")
        screen.chat.composer.insert(f"/file {tmp_path}/my")
        await screen.until(lambda: "letter.txt\n" in screen.text())
        await screen.pilot.press("tab", "enter")
        await screen.shows("📎 my letter.txt (5 B)")


async def test_what_was_offered_to_a_path_is_not_taken_for_a_longer_one(puppet: PuppetServer, tmp_path: Path) -> None:
    (tmp_path / "maybe.txt").write_text("Soft!")
    (tmp_path / "moon.txt").write_text("Swear!")
    async with screen_of(puppet, opened="@juliet", size=(120, 30)) as screen:
        await screen.shows("line 3")
        screen.chat.composer.insert(f"/file {tmp_path}/m")
        await screen.until(lambda: "maybe.txt" in screen.text())
        # Faster than the folder can be read again.
        screen.chat.composer.insert("oon.txt")
        screen.chat.composer.post_message(Key("enter", None))
        await screen.shows("📎 moon.txt (6 B)")


async def test_what_is_pinned_is_listed_and_a_way_there(puppet: PuppetServer) -> None:
    puppet = PuppetServer(made_up=500)
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 500")
        puppet.does(VERONA, JULIET, pin=pb.Pin(target_seq=7, set=True))
        await screen.types("/pins")
        await screen.shows("Pinned in #Verona: 1", "line 7")
        await screen.pilot.press("enter")
        await screen.shows("line 6", "line 7 (pinned)", "line 8")


async def test_a_message_is_passed_on_and_shown_at_once(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 3")
        puppet.says(VERONA, "What's in a name?", LIN)
        await screen.shows("What's in a name?")
        await screen.pilot.press("ctrl+up", "f")
        await screen.shows("Forward to whom: What's in a name?")
        puppet.holding = True
        await screen.pilot.press(*"@j", "tab", "enter")
        await screen.shows("Forwarded to @juliet.")
        await screen.types("/to juliet")
        await screen.shows("forwarded from 林晓雨", "What's in a name?", "waiting")
        puppet.answers_held()
        await screen.until(lambda: puppet.rooms[DIRECT].said)
        named = puppet.rooms[DIRECT].said[0].message
        assert (named.forwarded.conversation_id, named.forwarded.seq) == (VERONA, 4)
        assert not named.HasField("body")


async def test_conversations_are_muted_put_into_folders_and_away(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3", "#Verona")
        await screen.types("/mute")
        await screen.shows("@juliet is muted", "online  muted")
        await screen.types("/to #Verona")
        await screen.shows("3 members")
        screen.app.clear_notifications()
        puppet.says(DIRECT, "psst")
        await screen.until(lambda: any("@juliet" in row and "z 1" in row for row in screen.chat.places.text_lines()))
        # Counted, but nobody is disturbed.
        assert "juliet: psst" not in screen.text()
        await screen.types("/folder Italy")
        await screen.until(lambda: "▾ Italy" in "\n".join(screen.chat.places.text_lines()))
        assert [row.split()[0] for row in screen.chat.places.text_lines()] == ["●", "▾", "#Verona"]
        await screen.types("/unread")
        await screen.shows("#Verona               •")
        await screen.types("/archive")
        await screen.until(lambda: len(screen.chat.places.text_lines()) == 1)
        await screen.types("/archive")
        await screen.until(lambda: len(screen.chat.places.text_lines()) == 3)


async def test_who_opens_what_was_marked_unread_has_seen_to_it(puppet: PuppetServer) -> None:
    puppet.rooms[DIRECT].own.marked_unread = True
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 3", "@juliet", "•")
        await screen.pilot.press("ctrl+n")
        await screen.until(lambda: not puppet.rooms[DIRECT].own.marked_unread)


async def test_a_name_never_met_is_asked_for_and_mentioned(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        await screen.until(lambda: screen.app.desk is not None and screen.app.desk.online)
        assert screen.app.desk is not None
        screen.app.desk.people.known.pop(LIN, None)
        await screen.types("ask @林晓雨, and")
        await screen.types("then me")
        await screen.until(lambda: len(puppet.rooms[DIRECT].said) == 2)
        first, second = puppet.rooms[DIRECT].said
        assert (list(first.message.mentions), list(second.message.mentions)) == ([LIN], [])
        assert first.sender_id == ROMEO
