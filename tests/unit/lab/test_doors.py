"""A crowd asks where to connect as clients of their own would: none waits for another."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from hubbub.lab.figures.doors import Door, Doors, whole_answer
from hubbub.lab.load.sockets import Loop

PLACE = b'{"node_id":"gateway-1","websocket_url":"ws://somewhere/ws?ticket=1","tcp":""}'
WAIT_S = 5.0


def told(body: bytes = PLACE, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


class Web:
    """The other end, in the same thread."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(WAIT_S)
        self.url = "http://{}:{}".format(*self._listening.getsockname())
        self.lines: list[socket.socket] = []

    def accept(self) -> socket.socket:
        line, _ = self._listening.accept()
        line.settimeout(WAIT_S)
        self.lines.append(line)
        return line

    def close(self) -> None:
        for line in (*self.lines, self._listening):
            line.close()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def hear(loop: Loop, answers: list[Door], count: int = 1) -> None:
    loop.until(lambda: len(answers) >= count, WAIT_S, "an answer")


def test_a_door_is_told_and_its_connection_serves_the_next_who_asks(web: Web, loop: Loop) -> None:
    doors, answers = Doors(loop, web.url), list[Door]()
    doors.ask("a-token", ["gateway-2"], answers.append)
    line = web.accept()
    asked = line.recv(65536)
    assert b"Authorization: Bearer a-token\r\n" in asked
    assert asked.endswith(b'{"avoid":["gateway-2"]}')
    line.sendall(told()[:40])
    loop.turn(0.01)
    assert not answers
    line.sendall(told()[40:])
    hear(loop, answers)
    assert (answers[0].node_id, answers[0].websocket_url) == ("gateway-1", "ws://somewhere/ws?ticket=1")

    doors.ask("another", [], answers.append)
    assert b"Bearer another\r\n" in line.recv(65536)
    line.sendall(told())
    hear(loop, answers, 2)
    assert len(web.lines) == 1


def test_nobody_waits_for_the_answer_to_another(web: Web, loop: Loop) -> None:
    doors, answers = Doors(loop, web.url), list[Door]()
    for number in range(50):
        doors.ask(f"token-{number}", [], answers.append)
    for _ in range(50):
        web.accept()
    web.lines[-1].recv(65536)
    web.lines[-1].sendall(told())
    hear(loop, answers)
    assert len(answers) == 1


def test_who_finds_a_kept_connection_closed_asks_once_more_on_a_new_one(web: Web, loop: Loop) -> None:
    doors, answers = Doors(loop, web.url), list[Door]()
    doors.ask("a-token", [], answers.append)
    first = web.accept()
    first.recv(65536)
    first.sendall(told())
    hear(loop, answers)
    doors.ask("again", [], answers.append)
    first.close()
    loop.turn(0.05)
    second = web.accept()
    assert b"Bearer again\r\n" in second.recv(65536)
    second.close()
    hear(loop, answers, 2)
    assert answers[1].websocket_url == ""
    assert answers[1].why


def test_who_is_sent_away_is_told_how_long_to_wait(web: Web, loop: Loop) -> None:
    doors, answers = Doors(loop, web.url), list[Door]()
    doors.ask("a-token", [], answers.append)
    line = web.accept()
    line.recv(65536)
    line.sendall(told(b"", "503 Service Unavailable", "Retry-After: 2\r\nConnection: close\r\n"))
    hear(loop, answers)
    assert answers[0] == Door(why="HTTP 503", wait_s=2.0)
    assert not doors.idle


def test_a_server_that_is_not_there_is_told_in_a_later_turn(web: Web, loop: Loop) -> None:
    web.close()
    answers: list[Door] = []
    Doors(loop, web.url).ask("a-token", [], answers.append)
    assert not answers
    hear(loop, answers)
    assert not answers[0].websocket_url


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    data = b"HTTP/1.0 502 Bad Gateway\r\n\r\nsorry"
    assert whole_answer(data, ended=False) is None
    answer = whole_answer(data, ended=True)
    assert answer is not None
    assert (answer.status, answer.keeps, answer.body) == (502, False, b"sorry")
