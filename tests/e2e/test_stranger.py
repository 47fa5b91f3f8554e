"""A client written from the document alone chats, drops, resumes, and misses nothing."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from e2e.served import Served
from e2e.stranger import Address, Stranger
from e2e.stranger_wire import Frame, Gone, TcpWire, WebSocketWire, varint

TRANSPORTS = ["tcp", "websocket"]


Raw = TcpWire | WebSocketWire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    served = Served(tmp_path_factory.mktemp("e2e") / "data")
    yield served.start()
    assert served.stop() == 0


class Stage:
    """Where people enter, and leave when the test is over."""

    def __init__(self, server: Address) -> None:
        self.server = server
        self.people: list[Stranger] = []
        self.wires: list[Raw] = []

    def enter(self, name: str, transport: str) -> Stranger:
        """Return a person with an account and a session."""
        person = Stranger(self.server, f"{name}-{uuid.uuid4().hex[:8]}", transport=transport)
        self.people.append(person)
        person.register()
        person.log_in()
        person.connect()
        return person

    def tcp(self) -> TcpWire:
        wire = TcpWire(*self.server.tcp)
        self.wires.append(wire)
        return wire

    def websocket(self, *, subprotocol: str = "hubbub.v1.json", origin: str = "") -> WebSocketWire:
        wire = WebSocketWire(*self.server.http, subprotocol=subprotocol, origin=origin)
        self.wires.append(wire)
        return wire

    def leave(self) -> None:
        for person in self.people:
            person.drop()
        for wire in self.wires:
            wire.drop()


@pytest.fixture
def stage(server: Address) -> Iterator[Stage]:
    stage = Stage(server)
    yield stage
    stage.leave()


@pytest.fixture(params=[("tcp", "tcp"), ("websocket", "websocket"), ("tcp", "websocket")], ids="-".join)
def couple(stage: Stage, request: pytest.FixtureRequest) -> tuple[Stranger, Stranger]:
    return stage.enter("romeo", request.param[0]), stage.enter("juliet", request.param[1])


def test_two_strangers_chat(couple: tuple[Stranger, Stranger]) -> None:
    romeo, juliet = couple
    chat = romeo.open_direct(juliet.user_id)
    romeo.say(chat, "But, soft!")
    assert juliet.hears(chat, 1) == ["But, soft!"]
    assert juliet.open_direct(romeo.user_id) == chat
    juliet.say(chat, "Art thou not Romeo?")
    assert romeo.hears(chat, 2) == juliet.hears(chat, 2) == ["But, soft!", "Art thou not Romeo?"]


def test_who_was_away_gets_exactly_what_was_missed(couple: tuple[Stranger, Stranger]) -> None:
    romeo, juliet = couple
    chat = romeo.open_direct(juliet.user_id)
    first = romeo.say(chat, "one")
    juliet.hears(chat, 1)
    juliet.drop()
    second = romeo.say(chat, "two")
    third = romeo.say(chat, "three")
    romeo.submit(chat, edit={"targetSeq": first, "body": {"text": {"text": "ONE"}}})
    romeo.submit(chat, recall={"targetSeq": second})
    last = romeo.say(chat, "\U0001f44d 你好")
    held = juliet.seen[chat]
    juliet.received.clear()

    juliet.connect()

    # 9.2: from what was held to the head, each entry once, and nothing else of this conversation.
    assert [seq for key, seq in juliet.received if key == chat] == list(range(held + 1, last + 1))
    assert juliet.hears(chat, 4) == ["ONE (edited)", "(recalled)", "three", "\U0001f44d 你好"]
    assert juliet.lines[chat][third].sender_id == romeo.user_id
    romeo.say(chat, "and live again")
    assert juliet.hears(chat, 5)[-1] == "and live again"


def test_edits_and_recalls_arrive_live(couple: tuple[Stranger, Stranger]) -> None:
    romeo, juliet = couple
    chat = romeo.open_direct(juliet.user_id)
    seq = romeo.say(chat, "sweet sorow")
    romeo.submit(chat, edit={"targetSeq": seq, "body": {"text": {"text": "sweet sorrow"}}})
    juliet.wait_until(lambda: str(juliet.lines[chat].get(seq)) == "sweet sorrow (edited)")
    romeo.submit(chat, recall={"targetSeq": seq})
    juliet.wait_until(lambda: juliet.lines[chat][seq].recalled)


def test_nobody_connected_and_nothing_lost(couple: tuple[Stranger, Stranger]) -> None:
    """Messages sent to somebody who never connected since wait for them."""
    romeo, juliet = couple
    juliet.drop()
    chat = romeo.open_direct(juliet.user_id)
    for number in range(3):
        romeo.say(chat, f"call {number}")
    juliet.connect()
    # 9.5: the new conversation comes among the rows; its entries are asked for.
    assert chat in juliet.conversations
    assert int(juliet.conversations[chat]["unread"]) == 3
    juliet.ask(chat)
    assert juliet.hears(chat, 3) == ["call 0", "call 1", "call 2"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_same_command_again_is_the_same_entry(stage: Stage, transport: str) -> None:
    romeo = stage.enter("r", transport)
    notes = romeo.open_direct(romeo.user_id)
    key = uuid.uuid4().hex
    message: Frame = {"body": {"text": {"text": "once"}}}
    first = romeo.submit(notes, client_id=key, message=message)
    romeo.drop()
    romeo.connect()
    again = romeo.submit(notes, client_id=key, message=message)
    assert again["status"] == "SUBMIT_STATUS_ACCEPTED"
    assert (int(again["seq"]), int(again["timeMs"])) == (int(first["seq"]), int(first["timeMs"]))
    assert again["repeated"] is True
    other = romeo.submit(notes, client_id=key, message={"body": {"text": {"text": "twice"}}})
    assert other["status"] == "SUBMIT_STATUS_REJECTED"
    assert other["error"]["code"] == "conflict"
    assert romeo.hears(notes, 1) == ["once"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_chain_keeps_its_order_or_stops(stage: Stage, transport: str) -> None:
    romeo = stage.enter("r", transport)
    notes = romeo.open_direct(romeo.user_id)
    a, b, c = (uuid.uuid4().hex for _ in range(3))
    orphan = romeo.submit(notes, client_id=b, after=a, message={"body": {"text": {"text": "B"}}})
    assert orphan["error"]["code"] == "predecessor_missing"
    assert orphan["error"]["retry"] is True
    pipelined = [
        romeo.send_request(
            submit={"conversationId": notes, "clientId": key, "message": {"body": {"text": {"text": text}}}}
            | ({"after": before} if before else {})
        )
        for key, before, text in ((a, "", "A"), (b, a, "B"), (c, b, "C"))
    ]
    seqs = [int(romeo.answer_to(request)["submitted"]["seq"]) for request in pipelined]
    assert seqs == list(range(seqs[0], seqs[0] + 3))
    assert romeo.hears(notes, 3) == ["A", "B", "C"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_new_device_begins_at_the_newest_version(stage: Stage, transport: str) -> None:
    romeo = stage.enter("romeo", transport)
    for title in ("Verona", "Mantua"):
        romeo.create_group(title, [])
    phone = Stranger(stage.server, romeo.name, transport=transport)
    stage.people.append(phone)
    phone.log_in()
    phone.connect()
    state = phone.request(getUserState={"sinceVersion": 0})["userState"]
    # general, the announcements, and the two groups.
    assert len(state["conversations"]) == 4
    assert phone.user_version == int(state["version"])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_group_hears_every_member(stage: Stage, transport: str) -> None:
    people = [stage.enter(name, transport) for name in "abc"]
    group = people[0].create_group("Verona", [person.user_id for person in people[1:]])
    for number, person in enumerate(people):
        person.say(group, f"line {number}")
    assert [person.hears(group, 3) for person in people] == [["line 0", "line 1", "line 2"]] * 3


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_frame_nobody_knows_is_an_error_and_the_session_goes_on(stage: Stage, transport: str) -> None:
    romeo = stage.enter("r", transport)
    answer = romeo.request(teleport={})
    assert answer["error"]["code"] == "unknown_frame"
    assert "pong" in romeo.request(ping={"data": "aGk="})


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_ping_comes_back(stage: Stage, transport: str) -> None:
    romeo = stage.enter("r", transport)
    pong = romeo.request(ping={"data": "AAECAw=="})["pong"]
    assert pong["data"] == "AAECAw=="
    assert int(pong["serverTimeMs"]) > 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_refreshed_token_opens_a_session_and_a_spent_one_refreshes_nothing(stage: Stage, transport: str) -> None:
    romeo = stage.enter("r", transport)
    spent = romeo.refresh_token
    romeo.drop()
    romeo.refresh()
    romeo.connect()
    status, problem = stage.server.call(
        "POST", "/oauth/token", {"grant_type": "refresh_token", "refresh_token": spent}, form=True
    )
    assert status in (400, 401)
    assert problem["error"] == "invalid_grant"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_wrong_token_is_refused_with_its_code(stage: Stage, transport: str) -> None:
    romeo = Stranger(stage.server, "nobody", transport=transport)
    stage.people.append(romeo)
    romeo.token = "not a token"
    with pytest.raises(KeyError):
        # The answer to hello is an error and no welcome.
        romeo.connect()
    with pytest.raises(Gone) as gone:
        romeo.listen(5)
    assert gone.value.code == (4401 if transport == "websocket" else 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_logging_out_ends_the_login(stage: Stage, transport: str) -> None:
    romeo = stage.enter("r", transport)
    romeo.log_out()
    with pytest.raises(Gone) as gone:
        romeo.listen(5)
    assert gone.value.code == (1000 if transport == "websocket" else 0)
    status, _ = stage.server.call(
        "POST", "/oauth/token", {"grant_type": "refresh_token", "refresh_token": romeo.refresh_token}, form=True
    )
    assert status in (400, 401)


def test_the_first_frame_must_be_a_hello(stage: Stage) -> None:
    wire = stage.tcp()
    wire.send({"id": 1, "ping": {}})
    assert wire.receive(5)["error"]["code"] == "hello_expected"
    with pytest.raises(Gone):
        wire.receive(5)


def test_a_frame_that_is_too_large_is_refused_before_it_is_read(stage: Stage) -> None:
    wire = stage.tcp()
    wire.send_raw(varint(300_000))
    assert wire.receive(5)["error"]["code"] == "too_large"
    with pytest.raises(Gone):
        wire.receive(5)


def test_noise_on_a_websocket_is_a_bad_frame(stage: Stage) -> None:
    wire = stage.websocket()
    wire.send_message(1, b"{")
    assert wire.receive(5)["error"]["code"] == "bad_frame"
    with pytest.raises(Gone) as gone:
        wire.receive(5)
    assert gone.value.code == 1007


def test_a_page_of_another_site_may_not_connect(stage: Stage) -> None:
    assert stage.websocket(origin="https://elsewhere.example").status == 403


def test_an_upgrade_without_a_subprotocol_is_refused(stage: Stage) -> None:
    assert stage.websocket(subprotocol="").status == 400


def test_the_server_says_where_to_connect(stage: Stage) -> None:
    romeo = stage.enter("r", "tcp")
    status, place = stage.server.call("POST", "/api/v1/connect", {}, token=romeo.token)
    assert status == 200
    assert place["websocket_url"].endswith("/ws")
    assert place["tcp"].endswith(f":{stage.server.tcp[1]}")


def test_a_long_absence_ends_in_a_reset_and_the_newest_page(stage: Stage) -> None:
    romeo, juliet = stage.enter("romeo", "tcp"), stage.enter("juliet", "websocket")
    chat = romeo.open_direct(juliet.user_id)
    romeo.say(chat, "before")
    juliet.hears(chat, 1)
    juliet.drop()
    requests = [
        romeo.send_request(
            submit={
                "conversationId": chat,
                "clientId": uuid.uuid4().hex,
                "message": {"body": {"text": {"text": f"{number}"}}},
            }
        )
        for number in range(250)
    ]
    head = max(int(romeo.answer_to(request)["submitted"]["seq"]) for request in requests)
    juliet.received.clear()
    juliet.connect()
    # 9.7: nothing is sent of what is missing; the newest page is loaded instead.
    assert [seq for key, seq in juliet.received if key == chat] == []
    assert juliet.seen[chat] == head
    assert juliet.hears(chat, 50)[-1] == "249"


def test_pages_of_large_messages_end_early_and_miss_nothing(stage: Stage) -> None:
    romeo = stage.enter("romeo", "tcp")
    notes = romeo.open_direct(romeo.user_id)
    texts = [f"{number:02}" + "\U0001f600" * 16_000 for number in range(12)]
    for text in texts:
        romeo.say(notes, text)
    romeo.drop()
    romeo.seen[notes] = 1
    romeo.lines.clear()
    romeo.connect()
    assert romeo.hears(notes, 12) == texts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_request"),
        ("a\0b", "bad_request"),
        ("x" * 65_537, "text_too_long"),
        ("\U0001f600" * 16_385, "text_too_long"),
    ],
    ids=["empty", "nul", "too long", "too much emoji"],
)
def test_a_text_that_cannot_be_is_refused_and_the_session_goes_on(stage: Stage, text: str, code: str) -> None:
    romeo = stage.enter("romeo", "websocket")
    notes = romeo.open_direct(romeo.user_id)
    outcome = romeo.submit(notes, message={"body": {"text": {"text": text}}})
    assert outcome["status"] == "SUBMIT_STATUS_REJECTED"
    assert outcome["error"]["code"] == code
    assert romeo.say(notes, "\U0001f600" * 16_384) == 2


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_counts_fold_to_what_the_server_counts(stage: Stage, transport: str) -> None:
    """14.6, the worked table: folded from what was pushed, and asked for, after every line."""
    romeo, juliet = stage.enter("romeo", transport), stage.enter("juliet", transport)
    group = romeo.create_group("Verona", [juliet.user_id])
    juliet.wait_until(lambda: group in juliet.counts)

    def counted(**action: Any) -> tuple[int, int]:
        """Let Romeo do something; return what Juliet folded, which is what the server counts."""
        seq = int(romeo.submit(group, **action)["seq"])
        juliet.wait_until(lambda: juliet.seen[group] >= seq)
        return same()

    def same() -> tuple[int, int]:
        state = juliet.request(getConversation={"conversationId": group})["conversation"]
        counts = juliet.counts[group]
        assert int(state["asOf"]) == counts.as_of
        assert (counts.unread, counts.mentions) == (int(state.get("unread", 0)), int(state.get("mentions", 0)))
        return counts.unread, counts.mentions

    def says(text: str, **fields: Any) -> Frame:
        return {"message": {"body": {"text": {"text": text}}, **fields}}

    old = romeo.say(group, "at or below the mark")
    juliet.hears(group, 1)
    assert "done" in juliet.request(setMark={"conversationId": group, "readSeq": old})
    juliet.wait_until(lambda: juliet.counts[group].read == old)
    assert same() == (0, 0)
    first = int(romeo.submit(group, **says("one"))["seq"])
    assert counted(**says("two", mentions=[juliet.user_id])) == (2, 1)
    assert counted(**says("only in the thread", threadSeq=first)) == (2, 1)
    assert counted(**says("in the thread and here", threadSeq=first, alsoInConversation=True)) == (3, 1)
    juliet.say(group, "my own")
    assert counted(edit={"targetSeq": first, "body": {"text": {"text": "1"}}, "mentions": [juliet.user_id]}) == (3, 2)
    assert counted(edit={"targetSeq": first, "body": {"text": {"text": "1"}}, "mentionAll": True}) == (3, 2)
    assert counted(edit={"targetSeq": first, "body": {"text": {"text": "1"}}}) == (3, 1)
    assert counted(recall={"targetSeq": first + 1}) == (2, 0)
    assert counted(recall={"targetSeq": old}) == (2, 0)
    assert counted(reaction={"targetSeq": first, "emoji": "\U0001f44d", "set": True}) == (2, 0)
    assert counted(**says("all of you", mentionAll=True)) == (3, 1)

    # Who was away folds the same from the log, with withdrawn messages in it.
    juliet.drop()
    gone = int(romeo.submit(group, **says("gone", mentions=[juliet.user_id]))["seq"])
    romeo.submit(group, edit={"targetSeq": gone, "body": {"text": {"text": "g"}}, "mentionAll": True})
    romeo.submit(group, recall={"targetSeq": gone})
    juliet.connect()
    assert same() == (3, 1)
    assert "done" in juliet.request(setMark={"conversationId": group, "readSeq": juliet.seen[group]})
    juliet.wait_until(lambda: juliet.counts[group].read == juliet.seen[group])
    assert same() == (0, 0)


def until_gone(wire: Raw) -> tuple[list[Frame], int]:
    """Return every frame until the server ended the connection, and the close code."""
    frames: list[Frame] = []
    while True:
        try:
            frames.append(wire.receive(5))
        except Gone as gone:
            return frames, gone.code


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_who_falls_silent_is_noticed_within_two_intervals(stage: Stage, transport: str) -> None:
    romeo = Stranger(stage.server, f"r-{uuid.uuid4().hex[:8]}", transport=transport)
    stage.people.append(romeo)
    romeo.register()
    romeo.log_in()
    wire = stage.tcp() if transport == "tcp" else stage.websocket()
    wire.send({"id": 1, "hello": {"protocol": 1, "token": romeo.token, "heartbeatMs": 1000}})
    began = time.monotonic()
    frames, code = until_gone(wire)
    assert 1.0 < time.monotonic() - began < 2.5
    kinds = [next(key for key in frame if key != "replyTo") for frame in frames]
    assert kinds[:2] == ["welcome", "ready"]
    assert "ping" in kinds
    assert frames[-1]["error"]["code"] == "heartbeat_missed"
    assert code == (4408 if transport == "websocket" else 0)


def test_a_killed_server_has_kept_what_it_acknowledged(tmp_path_factory: pytest.TempPathFactory) -> None:
    served = Served(tmp_path_factory.mktemp("killed") / "data")
    stage = Stage(served.start())
    romeo = stage.enter("r", "tcp")
    notes = romeo.open_direct(romeo.user_id)
    acknowledged = [romeo.say(notes, f"line {number}") for number in range(20)]
    served.kill()
    romeo.drop()
    romeo.server = served.start()
    romeo.seen.clear()
    romeo.lines.clear()
    romeo.connect()
    romeo.ask(notes)
    assert romeo.hears(notes, 20) == [f"line {number}" for number in range(20)]
    assert sorted(romeo.lines[notes]) == acknowledged
    stage.leave()
    assert served.stop() == 0


def test_a_restored_copy_resets_those_who_hold_more(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What docs/operations.md says of backup and restore."""
    served = Served(tmp_path_factory.mktemp("restored") / "data")
    stage = Stage(served.start())
    romeo = stage.enter("r", "websocket")
    notes = romeo.open_direct(romeo.user_id)
    romeo.say(notes, "before the copy")
    romeo.drop()
    assert served.stop() == 0
    copy = served.data.with_name("copy")
    shutil.copytree(served.data, copy)

    romeo.server = served.start()
    romeo.connect()
    romeo.say(notes, "after the copy")
    assert romeo.hears(notes, 2) == ["before the copy", "after the copy"]
    epoch = romeo.epoch
    romeo.drop()
    assert served.stop() == 0
    shutil.rmtree(served.data)
    shutil.copytree(copy, served.data)
    with contextlib.closing(sqlite3.connect(served.data / "hubbub.sqlite3")) as database:
        database.execute("DELETE FROM meta WHERE key = ?", ["epoch"])
        database.commit()

    romeo.server = served.start()
    romeo.connect()
    assert romeo.epoch != epoch
    assert notes not in romeo.lines
    romeo.ask(notes)
    assert romeo.hears(notes, 1) == ["before the copy"]
    assert romeo.say(notes, "another history") == 3
    assert romeo.hears(notes, 2) == ["before the copy", "another history"]
    stage.leave()
    assert served.stop() == 0
