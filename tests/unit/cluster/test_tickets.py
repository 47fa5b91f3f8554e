"""Tickets: good for one login and one node, for a while, by clocks that differ; and never more than a preference."""

from __future__ import annotations

import base64

import pytest

from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.cluster.model import NodeRecord
from hubbub.cluster.tickets import LASTS_S, SKEW_S, Tickets, is_socket_path, ticket_in

HERE = NodeRecord("gateway-1", new_id(), ("gateway",))
LOGIN = new_id()


def test_the_node_a_login_was_sent_to_knows_the_login_by_its_ticket() -> None:
    web, gateway = (Tickets(b"secret", ManualClock()) for _ in range(2))
    path, _, query = web.path(HERE, LOGIN).partition("?")
    assert path == "/ws/n/gateway-1"
    assert is_socket_path(path)
    assert gateway.login(ticket_in(query), HERE) == LOGIN


@pytest.mark.parametrize("skew_s", [-SKEW_S, 0.0, SKEW_S])
def test_a_ticket_holds_between_clocks_that_differ(skew_s: float) -> None:
    web_clock, gateway_clock = ManualClock(), ManualClock()
    gateway_clock.advance(1000)
    gateway_clock.set_wall(web_clock.now_ms() + int(skew_s * 1000))
    ticket = Tickets(b"secret", web_clock).issue(HERE, LOGIN)
    assert Tickets(b"secret", gateway_clock).login(ticket, HERE) == LOGIN


@pytest.mark.parametrize("late_s", [LASTS_S + SKEW_S + 1, -SKEW_S - 1])
def test_a_ticket_ends(late_s: float) -> None:
    clock = ManualClock()
    tickets = Tickets(b"secret", clock)
    ticket = tickets.issue(HERE, LOGIN)
    clock.set_wall(clock.now_ms() + int(late_s * 1000))
    assert tickets.login(ticket, HERE) == ""


def test_a_ticket_is_for_one_incarnation_of_one_node_of_one_cluster() -> None:
    clock = ManualClock()
    ticket = Tickets(b"secret", clock).issue(HERE, LOGIN)
    reborn = NodeRecord("gateway-1", new_id(), ("gateway",))
    other = NodeRecord("gateway-2", HERE.incarnation, ("gateway",))
    assert Tickets(b"secret", clock).login(ticket, reborn) == ""
    assert Tickets(b"secret", clock).login(ticket, other) == ""
    assert Tickets(b"other", clock).login(ticket, HERE) == ""


def test_no_bytes_that_are_not_a_ticket_are_taken_for_one() -> None:
    tickets = Tickets(b"secret", ManualClock())
    ticket = tickets.issue(HERE, LOGIN)
    raw = bytearray(base64.urlsafe_b64decode(ticket + "="))
    for place in range(len(raw)):
        raw[place] ^= 1
        assert tickets.login(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), HERE) == "", place
        raw[place] ^= 1
    for text in ("", "a", ticket[:-2], ticket + "AAAA", "ü" * 55, "=" * 55, "x" * 5000):
        assert tickets.login(text, HERE) == "", text


@pytest.mark.parametrize(
    ("path", "served"),
    [("/ws", True), ("/ws/n/gateway-1", True), ("/ws/", False), ("/ws/n/", False), ("/ws/n/a/b", False), ("/w", False)],
)
def test_sockets_are_served_under_two_paths(path: str, served: bool) -> None:
    assert is_socket_path(path) is served
