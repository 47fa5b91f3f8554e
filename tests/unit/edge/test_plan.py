"""Which node gets what from the public address."""

from __future__ import annotations

import msgspec
import pytest
from support.edges import view

from hubbub.cluster.model import NodeState
from hubbub.server.edge.plan import Place, Plan, plan


def names(places: tuple[Place, ...]) -> list[str]:
    return [place.node_id for place in places]


def test_each_role_has_its_places() -> None:
    both = view("all", ("web", "gateway", "chat", "worker"), http="10.0.0.1:80", tcp="10.0.0.1:81")
    wanted = plan(
        [
            view("gateway-1", ("gateway",), http="10.0.0.2:80"),
            view("chat-1", ("chat",), http="10.0.0.3:80", tcp="10.0.0.3:81"),
            both,
        ]
    )
    assert names(wanted.web) == ["all"]
    assert names(wanted.sockets) == ["all", "gateway-1"]
    assert names(wanted.streams) == ["all"]


def test_the_order_of_the_nodes_does_not_matter() -> None:
    views = [view(f"web-{n}", ("web",), http=f"10.0.0.{n}:80") for n in range(1, 5)]
    assert plan(views) == plan(reversed(views))


def test_a_node_that_drains_keeps_its_place() -> None:
    leaving = view("a", ("web",), http="10.0.0.1:80", state=NodeState.DRAINING)
    # Its heartbeats stopped while it drained: it still takes nobody new.
    silent = view("b", ("web",), http="10.0.0.2:80", state=NodeState.SUSPECT)
    silent = msgspec.structs.replace(silent, record=msgspec.structs.replace(silent.record, draining=True))
    assert [place.draining for place in plan([leaving, silent]).web] == [True, True]


def test_a_node_that_starts_has_no_place_until_it_listens() -> None:
    listening = view("a", ("web", "gateway"), http="10.0.0.1:80", tcp="10.0.0.1:81")
    record = msgspec.structs.replace(listening.record, starting=True, draining=True)
    starting = msgspec.structs.replace(listening, record=record, state=NodeState.DRAINING)
    assert plan([starting]) == Plan()
    assert names(plan([listening]).sockets) == ["a"]


def test_a_suspect_is_left_to_the_health_checks() -> None:
    wanted = plan([view("a", ("gateway",), http="10.0.0.1:80", state=NodeState.SUSPECT)])
    assert [place.draining for place in wanted.sockets] == [False]


def test_a_suspect_gets_no_new_stream_while_another_is_there_to_get_it() -> None:
    # Its system would take the connection, and nobody would read it.
    silent = view("a", ("gateway",), http="10.0.0.1:80", tcp="10.0.0.1:81", state=NodeState.SUSPECT)
    heard = view("b", ("gateway",), http="10.0.0.2:80", tcp="10.0.0.2:81")
    assert [place.draining for place in plan([silent, heard]).streams] == [True, False]
    assert [place.draining for place in plan([silent]).streams] == [False]
    leaving = view("b", ("gateway",), http="10.0.0.2:80", tcp="10.0.0.2:81", state=NodeState.DRAINING)
    assert [place.draining for place in plan([silent, leaving]).streams] == [False, True]


def test_the_dead_have_no_place_and_are_named() -> None:
    wanted = plan([view("a", ("web", "gateway"), http="10.0.0.1:80", tcp="[fd00::1]:81", state=NodeState.DEAD)])
    assert wanted == Plan(buried=frozenset({"10.0.0.1:80", "[fd00::1]:81"}))


def test_who_runs_where_a_dead_node_ran_is_not_buried_with_it() -> None:
    old = view("a", ("web",), http="10.0.0.1:80", state=NodeState.DEAD, incarnation="a/1")
    new = view("a", ("web",), http="10.0.0.1:80", incarnation="a/2")
    wanted = plan([old, new])
    assert names(wanted.web) == ["a"]
    assert wanted.buried == frozenset()


def test_of_two_with_one_address_the_livelier_has_it() -> None:
    old = view("a", ("web",), http="10.0.0.1:80", state=NodeState.SUSPECT)
    assert names(plan([old, view("b", ("web",), http="10.0.0.1:80")]).web) == ["b"]


def test_weights_are_shares_of_a_hundred() -> None:
    weights = {"a": 0.001, "b": 0.0, "c": 2.0, "d": 99.0, "e": 1.0}
    views = [view(name, ("web",), http=f"{name}:80", weight=weight) for name, weight in weights.items()]
    assert {place.node_id: place.weight for place in plan(views).web} == {"a": 1, "b": 0, "c": 200, "d": 256, "e": 100}


@pytest.mark.parametrize("host", ["10.0.0.1", "[fd00::1]", "gateway-1.chat.svc", "hubbub_gateway.1.x8k2", "a"])
def test_a_host_is_an_address_or_a_name(host: str) -> None:
    assert plan([view("a", ("web",), http=f"{host}:80")]).web[0].address == f"{host}:80"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("a", "10.0.0.1:80 check\n    server evil 10.6.6.6:80"),
        ("a", "10.0.0.1;evil:80"),
        ("a", "[::1]\n:80"),
        ("a", "10.0.0.1:0"),
        ("a", "10.0.0.1:65536"),
        ("a", "10.0.0.1:٨٠"),
        ("a", "10.0.0.1"),
        ("a", ""),
        ("a b", "10.0.0.1:80"),
        ("a;shutdown", "10.0.0.1:80"),
        ("a\n", "10.0.0.1:80"),
        ("", "10.0.0.1:80"),
    ],
)
def test_nothing_reaches_a_configuration_that_is_not_a_name_and_an_address(name: str, address: str) -> None:
    assert plan([view(name, ("web", "gateway"), http=address, tcp=address)]) == Plan()
