"""What a person at a full screen sees and does, over the real client and a server in the test's hands."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len
from support.puppet import DIRECT, JULIET, LIN, ROMEO, VERONA, PuppetServer
from support.screens import PuppetDoor, screen_of

from hubbub.base.error_table import TABLE, Code
from hubbub.terminal.stretch import LONGEST
from hubbub.wire import hubbub_pb2 as pb


@pytest.fixture
def puppet() -> PuppetServer:
    return PuppetServer()


async def test_a_new_person_says_which_server_and_who_they_are(puppet: PuppetServer) -> None:
    door = PuppetDoor(puppet, logged_in=False)
    async with screen_of(puppet, door=door, size=(90, 30)) as screen:
        await screen.shows("Welcome to Hubbub", "Server", "verona.example", "Log in", "Register")
        await screen.pilot.press(*"wrong", "enter")
        await screen.shows("The name or the password is wrong.")
        assert door.entered == [("http://verona.example", "romeo", "wrong", False)]
        await screen.pilot.press(*["backspace"] * 5, *"wherefore", "tab", *"differs", "enter")
        await screen.shows("The two passwords differ.")
        await screen.pilot.press(*["backspace"] * 7, *"wherefore", "enter")
        await screen.shows("online", "#Verona", "line 3")
        assert door.entered[-1] == ("http://verona.example", "romeo", "wherefore", True)


async def test_who_has_a_second_step_is_asked_for_its_code(puppet: PuppetServer) -> None:
    door = PuppetDoor(puppet, logged_in=False, code="123456")
    async with screen_of(puppet, door=door, size=(90, 30)) as screen:
        await screen.shows("Welcome to Hubbub")
        assert "authenticator" not in screen.text()
        await screen.pilot.press(*"wherefore", "enter")
        await screen.shows("Code of your authenticator app")
        await screen.pilot.press(*"123456", "enter")
        await screen.shows("online", "#Verona")


async def test_conversations_show_what_is_unread_and_who_is_here(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("● @juliet", "#Verona")
        puppet.says(VERONA, "Good morrow", LIN)
        puppet.says(VERONA, "hear me @romeo", LIN, mentions=[ROMEO])
        await screen.until(
            lambda: any("#Verona" in line and "2 @1" in line for line in screen.chat.places.text_lines())
        )
        await screen.pilot.press("ctrl+n")
        await screen.shows("林晓雨", "hear me @romeo", "── new ──")
        await screen.until(lambda: not any(" 2" in line for line in screen.chat.places.text_lines()))
        await screen.until(lambda: puppet.rooms[VERONA].read[ROMEO] == 5)


async def test_a_sign_in_from_a_new_device_is_asked_about_with_the_command_that_ends_it(puppet: PuppetServer) -> None:
    async with screen_of(puppet) as screen:
        await screen.shows("online")
        puppet.push(signed_in=pb.SignIn(login_id="0a1b", device_name="Fire\x1b[31mfox" * 9, address="192.0.2.7"))
        await screen.shows("Was this you?", "192.0.2.7", "session end 0a1b")
        assert "\x1b" not in screen.text()


async def test_a_message_goes_from_waiting_to_sent_to_delivered_to_read(puppet: PuppetServer) -> None:
    puppet.holding = True
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        await screen.types("Soft! :rose:")
        await screen.shows("Soft! 🌹", "waiting")
        puppet.answers_held()
        await screen.hides("waiting")
        await screen.shows("✓")
        puppet.reads(DIRECT, delivered=4)
        await screen.shows("✓✓")
        puppet.reads(DIRECT)
        await screen.shows("✓✓ read")


async def test_what_is_refused_says_so_and_its_text_comes_back(puppet: PuppetServer) -> None:
    puppet.refusing = "muted"
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        await screen.types("hello?")
        await screen.shows("! not sent:")
        await screen.pilot.press("ctrl+up", "d")
        await screen.hides("not sent")
        assert screen.chat.composer.text == "hello?"


async def test_without_a_connection_one_reads_and_writes_and_is_told_so(puppet: PuppetServer, tmp_path: Path) -> None:
    async with screen_of(puppet, door=PuppetDoor(puppet, folder=tmp_path), opened="@juliet") as screen:
        await screen.shows("line 3", "online")
        puppet.goes_down()
        await screen.shows("offline since", "what you write waits here")
        await screen.types("are you there?")
        await screen.shows("are you there?", "waiting", "1 waiting to be sent")
    async with screen_of(puppet, door=PuppetDoor(puppet, folder=tmp_path)) as screen:
        # A new start without a server: everything is still there.
        await screen.shows("@juliet", "line 3", "are you there?", "1 waiting to be sent")
        puppet.comes_up()
        await screen.hides("waiting to be sent")
        await screen.shows("are you there?", "online")
        assert [one.message.body.text.text for one in puppet.rooms[DIRECT].said] == ["are you there?"]


async def test_nothing_a_message_or_a_name_holds_reaches_the_terminal_raw(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 3")
        puppet.rooms[VERONA].title = "x\x1b[2J"
        puppet.says(
            VERONA,
            "evil \x1b]0;owned\x07 \x9b31m \u202edesrever\u202c a\u0301\u0301\u0301\u0301\u0301\u0301 [b]bold[/b]",
        )
        puppet.does(VERONA, conversation_change=pb.ConversationChange(title="\x1b[31mred\u2066"))
        await screen.shows("evil", "[b]bold[/b]", "red")
        shown = screen.text().replace("\n", "")
        assert [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs")] == []


async def test_a_million_entries_scroll_in_bounded_memory() -> None:
    puppet = PuppetServer(made_up=1_000_000)
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 1000000")
        for _ in range(60):
            await screen.pilot.press("pageup")
        await screen.until(lambda: not screen.chat.history.at_end)
        assert len(screen.app.desk.stretch.items) <= LONGEST  # type: ignore[union-attr]
        await screen.pilot.press("ctrl+home")
        await screen.shows("line 1", "line 2")
        await screen.pilot.click("#history", offset=(screen.chat.history.size.width - 1, 10))
        middle = 10 / (screen.chat.history.size.height - 1) * 1_000_000
        await screen.shows(f"line {round(middle)}")
        await screen.pilot.press("ctrl+end")
        await screen.shows("line 1000000")
        puppet.says(VERONA, "and one more")
        await screen.shows("and one more")


async def test_who_reads_old_messages_is_not_moved_by_new_ones() -> None:
    puppet = PuppetServer(made_up=500)
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 500")
        await screen.pilot.press("pageup", "pageup")
        await screen.shows("newer messages below")
        before = screen.chat.history.text_lines()
        for number in range(30):
            puppet.says(VERONA, f"news {number}")
        await screen.until(lambda: screen.app.desk.stretch.to_seq == 530)  # type: ignore[union-attr]
        await screen.pilot.pause(0.1)
        assert screen.chat.history.text_lines() == before


async def test_typing_is_shown_and_told(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        puppet.types(DIRECT)
        await screen.shows("juliet is typing …")
        puppet.says(DIRECT, "done")
        await screen.hides("is typing")
        await screen.pilot.press("h", "i")
        await screen.until(lambda: any(frame.WhichOneof("body") == "set_typing" for frame in puppet.asked))


async def test_a_message_is_answered_edited_reacted_to_pinned_and_taken_back(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet", size=(90, 30)) as screen:
        await screen.shows("line 3")
        puppet.says(DIRECT, "What's in a name?")
        await screen.shows("What's in a name?")
        await screen.pilot.press("ctrl+up", "r")
        await screen.shows("Replying to juliet: What's in a name?")
        await screen.types("a rose")
        await screen.shows("┃ in reply to juliet: What's in a name?", "a rose")
        await screen.types("/edit")
        await screen.shows("Editing your message")
        assert screen.chat.composer.text == "a rose"
        await screen.types(" by any other name")
        await screen.shows("a rose by any other name (edited)")
        await screen.types("/react :rose:")
        await screen.shows("🌹 1")
        await screen.pilot.press("ctrl+up", "p")
        await screen.shows("(edited, pinned)")
        await screen.pilot.press("ctrl+up", "d")
        await screen.shows("(recalled)")
        assert [one.WhichOneof("kind") for one in puppet.rooms[DIRECT].said] == [
            "message",
            "message",
            "edit",
            "reaction",
            "pin",
            "recall",
        ]


async def test_a_thread_is_opened_answered_and_left(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 3")
        await screen.pilot.press("ctrl+up", "t")
        await screen.shows("› Thread")
        await screen.hides("line 2")
        await screen.types("only here")
        await screen.shows("only here")
        await screen.pilot.press("escape")
        await screen.shows("line 2", "↳ replies: 1")
        await screen.hides("only here")


async def test_words_are_completed_while_one_writes(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("林晓雨")
        await screen.pilot.press("@", "j")
        await screen.shows("@juliet")
        await screen.pilot.press("tab", ":", "r", "o", "c", "k")
        await screen.shows(":rocket:")
        await screen.pilot.press("tab", "enter")
        await screen.until(lambda: puppet.rooms[VERONA].said)
        said = puppet.rooms[VERONA].said[-1].message
        assert (said.body.text.text, list(said.mentions)) == ("@juliet 🚀", [JULIET])


async def test_what_was_sent_comes_back_with_up_and_a_message_may_have_lines(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        await screen.pilot.press("a", "ctrl+j", "b", "enter")
        await screen.until(lambda: puppet.rooms[DIRECT].said)
        assert puppet.rooms[DIRECT].said[-1].message.body.text.text == "a\nb"
        await screen.types("second")
        await screen.pilot.press("up")
        assert screen.chat.composer.text == "second"
        await screen.pilot.press("up")
        assert screen.chat.composer.text == "a\nb"
        await screen.pilot.press("down", "down")
        assert screen.chat.composer.text == ""


async def test_commands_of_cim_answer_on_a_sheet(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona") as screen:
        await screen.shows("line 3")
        await screen.types(":q line 2")
        await screen.shows("messages on this machine with: line 2")
        await screen.pilot.press("enter")
        await screen.until(lambda: screen.chat.history.chosen_message() is not None)
        await screen.pilot.press("escape")
        await screen.types(":olu")
        await screen.shows("Online now: 2")
        await screen.pilot.press("escape")
        await screen.types(":q!")
        await screen.until(lambda: not screen.app.is_running)


async def test_auto_reply_answers_in_private_chats(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona", hook=lambda asked: f"re: {asked.text}") as screen:
        await screen.shows("line 3")
        await screen.types(":ai")
        await screen.shows("Auto-reply: on")
        puppet.says(VERONA, "nobody asked")
        puppet.says(DIRECT, "are you there?")
        await screen.until(lambda: len(puppet.rooms[DIRECT].said) == 2)
        assert puppet.rooms[DIRECT].said[-1].message.body.text.text == "re: are you there?"
        assert len(puppet.rooms[VERONA].said) == 1


async def test_a_message_that_was_passed_on_names_who_wrote_it(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        puppet.says(DIRECT, "passed on", forwarded=pb.Forwarded(sender_id=LIN))
        await screen.shows("forwarded from 林晓雨", "passed on")


async def test_the_mouse_opens_conversations_and_chooses_messages(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet") as screen:
        await screen.shows("line 3")
        row = next(y for y, line in enumerate(screen.chat.places.text_lines()) if "#Verona" in line)
        await screen.pilot.click("#places", offset=(5, row))
        await screen.until(lambda: screen.app.desk.here == VERONA)  # type: ignore[union-attr]
        await screen.until(lambda: screen.chat.history.rows)
        await screen.pilot.click("#history", offset=(4, screen.chat.history.size.height - 1))
        await screen.until(lambda: screen.chat.history.chosen)


async def test_help_light_and_dark_are_a_key_away(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="@juliet", size=(100, 20)) as screen:
        await screen.shows("line 3")
        await screen.pilot.press("f1")
        await screen.shows("Ctrl+J", "Esc closes")
        await screen.pilot.press("end")
        await screen.shows(":delay MESSAGE SECONDS", "USER;;MESSAGE", "Esc closes")
        await screen.pilot.press("escape")
        await screen.hides(":delay MESSAGE")
        assert screen.darkness() == {True}
        await screen.pilot.press("f2")
        await screen.until(lambda: screen.darkness() == {False})
        await screen.shows("line 3")


async def test_a_login_that_ended_asks_again(puppet: PuppetServer) -> None:
    door = PuppetDoor(puppet)
    async with screen_of(puppet, door=door) as screen:
        await screen.shows("line 3")
        puppet.up = False
        for link in puppet.links:
            link.end(TABLE[Code.SESSION_ENDED].close)
        await screen.shows("Welcome to Hubbub")


async def test_it_is_spoken_chinese_and_columns_line_up(puppet: PuppetServer) -> None:
    async with screen_of(puppet, opened="#Verona", language="zh") as screen:
        await screen.shows("在线", "3 名成员")
        puppet.says(VERONA, "今天天气很好，我们去广场吧。" * 6, LIN)
        await screen.shows("我们去广场吧")
        widths = {cell_len(strip.text) for strip in screen.app.screen._compositor.render_strips()}
        assert widths == {90}
