"""Two people in two terminals, with nothing but the command line."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import House
from support.terminal import Terminal

from hubbub.base.ids import new_id


class Pair:
    """Romeo and Juliet, registered and logged in, on one machine."""

    def __init__(self, house: House, home: Path) -> None:
        suffix = new_id()[-8:]
        self.house = house
        self.home = home
        self.names = [f"romeo-{suffix}", f"juliet-{suffix}"]
        self.romeo, self.juliet = (Terminal(house, home, name) for name in self.names)

    async def log_in(self) -> None:
        """Make both accounts and log both in."""
        for terminal, name in zip((self.romeo, self.juliet), self.names, strict=True):
            for word in ("register", "login"):
                ran = await terminal.runs(word, name)
                assert ran.status == 0, ran.err


@pytest.fixture
async def pair(theatre: House, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two people at their terminals."""
    pair = Pair(theatre, tmp_path / "home")
    await pair.log_in()
    yield pair
    await pair.romeo.closes()
    await pair.juliet.closes()


async def test_who_was_away_gets_everything_once_on_return(pair: Pair) -> None:
    first = await pair.romeo.runs("send", f"@{pair.names[1]}", "Soft!", "what light")
    assert (first.status, first.out) == (0, "2\n")
    second = await pair.romeo.runs("send", pair.names[1], "--json", typed="It is\nthe east\n")
    assert second.objects()[0]["seq"] == 3

    read = await pair.juliet.runs("tail", "--once", "--json")
    assert [(row["sender"], row["text"]) for row in read.objects() if row["text"]] == [
        (pair.names[0], "Soft! what light"),
        (pair.names[0], "It is\nthe east"),
    ]
    assert (await pair.juliet.runs("tail", "--once")).out == ""
    await pair.romeo.runs("send", pair.names[1], "and Juliet is the sun")
    again = await pair.juliet.runs("tail", "--once")
    assert again.out.endswith(f"@{pair.names[0]} 4 <{pair.names[0]}> and Juliet is the sun\n")


async def test_a_tail_shows_what_comes_while_others_send(pair: Pair) -> None:
    tail = await pair.juliet.starts("tail", "--json")
    made = await pair.romeo.runs("group", "create", "Verona", pair.names[1])
    await tail.line_with('"created"')
    await pair.romeo.runs("send", "#Verona", f"hear me, @{pair.names[1]}")
    row = json.loads(await tail.line_with("hear me"))
    assert (row["conversation_id"], row["conversation"], row["sender"]) == (made.out.strip(), "#Verona", pair.names[0])
    # The same person sends from the second terminal while the first goes on.
    sent = await pair.juliet.runs("send", "#Verona", "I hear")
    assert sent.status == 0
    assert json.loads(await tail.line_with("I hear"))["sender"] == pair.names[1]
    assert await tail.interrupt() == 130


async def test_a_tail_that_was_killed_goes_on_where_it_was(pair: Pair) -> None:
    await pair.romeo.runs("send", pair.names[1], "one")
    tail = await pair.juliet.starts("tail")
    await tail.line_with("one")
    await pair.romeo.runs("send", pair.names[1], "two")
    await tail.line_with("two")
    await asyncio.sleep(1.5)  # What was printed is written down within a second or so.
    await tail.kill()
    await pair.romeo.runs("send", pair.names[1], "three")
    read = await pair.juliet.runs("tail", "--once")
    lines = [line.rpartition("> ")[2] for line in read.out.splitlines()]
    # The last line may come again, because nothing said that it was read; nothing else does.
    assert lines in (["three"], ["two", "three"])


async def test_two_people_chat_line_by_line(pair: Pair) -> None:
    romeo = await pair.romeo.starts("chat", f"@{pair.names[1]}")
    await romeo.line_with(f"-- @{pair.names[1]}")
    juliet = await pair.juliet.starts("chat", f"@{pair.names[0]}")
    await juliet.line_with(f"-- @{pair.names[0]}")
    await romeo.type("Soft!")
    assert (await juliet.line_with("Soft!")).endswith(f"<{pair.names[0]}> Soft!")
    await juliet.type("//quit is what I say")
    assert (await romeo.line_with("/quit")).endswith("/quit is what I say")
    await juliet.type("/who")
    assert {await juliet.line_with("("), await juliet.line_with("(")} == {f"{name} (member)" for name in pair.names}
    await juliet.type("/nonsense")
    await juliet.line_with("! /nonsense")
    await juliet.type("/groups")
    await juliet.line_with("#general")
    await juliet.type("/help")
    await juliet.line_with("/quit")
    await juliet.type("/history 5")
    await juliet.line_with("Soft!")
    await juliet.type(":all")
    await juliet.line_with(":qai")
    await juliet.type(":q soft")
    await juliet.line_with(f"{pair.names[0]}: Soft!")
    await juliet.type(f"{pair.names[0]};;in private :rose:")
    assert (await romeo.line_with("in private")).endswith("in private 🌹")
    await juliet.type("/to #general")
    await juliet.line_with("-- #general")
    await romeo.type("are you there?")
    assert f"@{pair.names[0]} " in await juliet.line_with("are you there?")
    await juliet.type(":q!")
    assert await juliet.hang_up() == 0
    await romeo.type("the last words")
    assert await romeo.hang_up() == 0
    assert "the last words" in (await pair.juliet.runs("history", pair.names[0])).out


async def test_nothing_a_message_holds_reaches_the_terminal_raw(pair: Pair) -> None:
    evil = "\x1b]0;owned\x07 \x9b31m red \x7f \u202e desrever"
    await pair.romeo.runs("send", pair.names[1], typed=evil)
    chat = await pair.juliet.starts("chat", pair.names[0])
    shown = [await chat.line_with("red")]
    commands = [f"history {pair.names[0]}", "tail --since beginning --once", "tail --since beginning --once --json"]
    shown += [(await pair.juliet.runs(*command.split())).out for command in commands]
    for out in shown:
        assert "red" in out
        assert not set(out) & {"\x1b", "\x07", "\x9b", "\x7f", "\u202e"}


async def test_files_go_by_command_and_are_kept_by_command(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "a letter.txt").write_text("Good night, good night!")
    (tmp_path / "kept").mkdir()
    sent = await pair.romeo.runs(
        "send", pair.names[1], "--file", f"{tmp_path}/a letter.txt", "--file", f"{tmp_path}/a letter.txt", "--json"
    )
    assert sent.status == 0, sent.err
    seq = str(sent.objects()[0]["seq"])
    history = (await pair.juliet.runs("history", pair.names[0], "--json")).objects()
    assert history[-1]["text"] == "[a letter.txt]\n[a letter.txt]"
    saved = await pair.juliet.runs("save", pair.names[0], seq, "--to", f"{tmp_path}/kept", "--json")
    assert saved.status == 0, saved.err
    paths = [Path(row["path"]) for row in saved.objects()]
    assert [path.name for path in paths] == ["a letter.txt", "a letter (1).txt"]
    assert {path.read_text() for path in paths} == {"Good night, good night!"}
    words = await pair.romeo.runs("send", pair.names[1], "no file")
    assert (await pair.juliet.runs("save", pair.names[0], words.out.strip())).status == 4
    assert (await pair.romeo.runs("send", pair.names[1], "--file", f"{tmp_path}/nothing")).status == 2


async def test_sending_again_under_one_client_id_is_one_message(pair: Pair) -> None:
    client_id = new_id()
    first = await pair.romeo.runs("send", pair.names[1], "once", "--client-id", client_id)
    again = await pair.romeo.runs("send", pair.names[1], "once", "--client-id", client_id, "--json")
    assert first.out.strip() == str(again.objects()[0]["seq"])
    assert again.objects()[0]["repeated"]
    other = await pair.romeo.runs("send", pair.names[1], "twice", "--client-id", client_id)
    assert (other.status, other.out) == (4, "")


async def test_many_sends_at_once_all_arrive(pair: Pair) -> None:
    ran = await asyncio.gather(*(pair.romeo.runs("send", pair.names[1], f"{n}") for n in range(4)))
    assert [one.status for one in ran] == [0] * 4, [one.err for one in ran]
    read = await pair.juliet.runs("history", pair.names[0], "--json")
    assert sorted(row["text"] for row in read.objects() if row.get("text")) == list("0123")


async def test_groups_and_channels_are_kept_from_the_command_line(pair: Pair) -> None:
    title = f"Verona {pair.names[0]}"
    romeo, juliet = pair.romeo, pair.juliet
    assert (await romeo.runs("group", "create", title)).status == 0
    assert (await romeo.runs("group", "add", title, pair.names[1])).out == "2\n"
    members = await juliet.runs("group", "members", title)
    assert set(members.out.splitlines()) == {f"{pair.names[0]} (owner)", f"{pair.names[1]} (member)"}
    assert f"#{title}" in (await juliet.runs("group", "list")).out
    assert (await romeo.runs("group", "remove", title, pair.names[1])).out == "3\n"
    refused = await juliet.runs("send", f"#{title}", "let me in")
    assert refused.status == 4
    assert refused.err.startswith("hubbub: ")

    assert (await romeo.runs("group", "add", title, "-", typed=f"{pair.names[1]}\n")).status == 0
    assert (await romeo.runs("group", "role", title, "admin", pair.names[1])).status == 0
    assert (await romeo.runs("group", "title", title, f"New {title}")).status == 0
    title = f"New {title}"
    assert (await romeo.runs("group", "transfer", title, pair.names[1])).status == 0
    members = await juliet.runs("group", "members", title)
    assert set(members.out.splitlines()) == {f"{pair.names[0]} (admin)", f"{pair.names[1]} (owner)"}
    assert (await romeo.runs("group", "dissolve", title, "--yes")).status == 4
    assert "seq" in (await juliet.runs("group", "dissolve", title, "--yes", "--json")).objects()[0]

    channel = f"square {pair.names[0]}"
    assert (await romeo.runs("channel", "create", channel, "--topic", "all of it")).status == 0
    assert channel in (await juliet.runs("channel", "list", channel)).out
    assert (await juliet.runs("channel", "join", channel)).out == f"You are in #{channel}.\n"
    assert (await juliet.runs("send", f"#{channel}", "hello")).status == 0
    assert (await juliet.runs("channel", "leave", channel)).status == 0
    assert (await juliet.runs("send", f"#{channel}", "hello?")).status == 4


async def test_people_and_plans_can_be_listed(pair: Pair) -> None:
    romeo, juliet = pair.romeo, pair.juliet
    names = (await romeo.runs("users", pair.names[0][-8:], "--json")).objects()
    assert sorted(row["username"] for row in names) == sorted(pair.names)
    tail = await juliet.starts("tail")
    await romeo.runs("send", pair.names[1], "hi")
    await tail.line_with("hi")
    assert pair.names[1] in (await romeo.runs("users", "--online", "--limit", "1000")).out.splitlines()

    planned = await romeo.runs("schedule", "add", pair.names[1], "--in", "1h", "the clock struck nine")
    assert planned.status == 0
    listed = await romeo.runs("schedule", "list")
    assert listed.out.startswith(planned.out.strip())
    assert (await romeo.runs("schedule", "cancel", planned.out.strip())).status == 0
    noted = await romeo.runs("remind", "set", pair.names[1], "2", "--in", "1h", "--note", "answer by then")
    assert noted.status == 0
    listed = await romeo.runs("remind", "list")
    assert "answer by then" in listed.out
    assert (await romeo.runs("remind", "done", pair.names[1], "2")).status == 0
    assert (await romeo.runs("remind", "list")).out == ""
    assert (await romeo.runs("schedule", "list")).out == ""
    assert (await romeo.runs("schedule", "cancel", planned.out.strip())).status == 4
    soon = await romeo.runs("schedule", "add", pair.names[1], "--in", "1s", "now")
    assert soon.status == 0
    await tail.line_with("now")


async def test_every_way_to_fail_has_its_status_and_a_sentence(pair: Pair, tmp_path: Path) -> None:
    stranger = Terminal(pair.house, tmp_path / "home", "nobody")
    for terminal, args, status in [
        (stranger, ["login", "nobody-at-all"], 3),
        (stranger, ["register", pair.names[0]], 4),
        (pair.romeo, ["send", "@nobody-at-all", "hi"], 4),
        (pair.romeo, ["send", "#nowhere-at-all", "hi"], 4),
        (pair.romeo, ["announce", "hear ye"], 4),
    ]:
        ran = await terminal.runs(*args)
        assert ran.status == status, (args, ran)
        assert ran.err.startswith("hubbub: ")
        assert ran.out == ""


async def test_the_login_is_a_file_for_its_owner_alone_and_ends_with_log_out(pair: Pair) -> None:
    me = await pair.romeo.runs("whoami", "--json")
    assert me.objects()[0]["username"] == pair.names[0]
    files = list((pair.home / "profiles").glob(f"{pair.names[0]}*"))
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((pair.home / "profiles").stat().st_mode) == 0o700
    tail = await pair.romeo.starts("tail")
    await pair.romeo.runs("send", pair.names[0], "note")
    await tail.line_with("note")
    assert (await pair.romeo.runs("logout")).status == 0
    assert await tail.hang_up() == 3
    assert (await pair.romeo.runs("whoami")).status == 3
    assert (await pair.romeo.runs("logout")).status == 3
    assert (await pair.juliet.runs("whoami")).status == 0
