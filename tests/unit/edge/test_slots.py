"""From what HAProxy says to what it is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.edge.pretended import Pretended

from hubbub.server.edge.plan import Place, Plan
from hubbub.server.edge.slots import NoSlot, Slot, commands, read_map, read_slots

# What HAProxy 2.6 answers to `show servers state`.
TABLE = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
srv_agent_port
3 web 1 web1 10.0.0.1 2 0 100 100 1 6 3 4 6 0 0 0 - 8080 - 0 0 - - 0
3 web 2 web2 127.0.0.1 0 5 1 1 1 1 0 1 14 0 0 0 - 1 - 0 0 - - 0
4 sockets 1 ws1 10.0.0.2 2 8 100 100 1 6 3 4 6 0 0 0 - 8080 - 0 0 - - 0
9 somebody_elses 1 s1 10.9.9.9 2 0 1 1 1 6 3 4 6 0 0 0 - 1 - 0 0 - - 0
"""


def place(name: str, number: int, *, draining: bool = False, weight: int = 100) -> Place:
    return Place(name, f"10.0.0.{number}", 8080, weight, draining)


def test_what_haproxy_says_is_read() -> None:
    assert read_slots(TABLE) == [
        Slot("web", "web1", "10.0.0.1", 8080, 100, disabled=False, draining=False),
        Slot("web", "web2", "127.0.0.1", 1, 1, disabled=True, draining=False),
        Slot("sockets", "ws1", "10.0.0.2", 8080, 100, disabled=False, draining=True),
    ]
    assert read_map("0x55aa gateway-1 ws1\n0x55bb gateway-2 ws2\n\n") == {"gateway-1": "ws1", "gateway-2": "ws2"}
    with pytest.raises(ValueError, match="did not list"):
        read_slots("Permission denied")


def test_a_node_that_comes_takes_a_free_slot() -> None:
    edge = Pretended()
    assert edge.follow(Plan(sockets=(place("a", 1),))) == [
        "set server sockets/ws1 addr 10.0.0.1 port 8080",
        "set server sockets/ws1 weight 100",
        "set server sockets/ws1 state ready",
        "add map /m a ws1",
    ]


def test_nothing_is_said_when_nothing_changed() -> None:
    edge = Pretended()
    wanted = Plan(web=(place("w", 9),), sockets=(place("a", 1), place("b", 2, draining=True)))
    edge.follow(wanted)
    assert edge.follow(wanted) == []


def test_a_node_that_drains_keeps_its_slot_and_loses_its_name() -> None:
    edge = Pretended()
    edge.follow(Plan(sockets=(place("a", 1), place("b", 2))))
    assert edge.follow(Plan(sockets=(place("a", 1), place("b", 2, draining=True)))) == [
        "set server sockets/ws2 state drain",
        "del map /m b",
    ]


def test_a_node_that_left_frees_its_slot_and_its_last_connections_are_its_own_to_end() -> None:
    edge = Pretended()
    edge.follow(Plan(sockets=(place("a", 1),)))
    assert edge.follow(Plan()) == ["set server sockets/ws1 state maint", "del map /m a"]


def test_what_is_open_to_a_dead_node_is_cut() -> None:
    edge = Pretended()
    edge.follow(Plan(sockets=(place("a", 1),)))
    edge.follow(Plan(buried=frozenset({"10.0.0.1:8080"})))
    assert edge.shut == ["sockets/ws1"]


def test_a_node_that_comes_back_gets_the_slot_it_had() -> None:
    edge = Pretended()
    edge.follow(Plan(sockets=(place("a", 1), place("b", 2))))
    edge.follow(Plan())
    edge.follow(Plan(sockets=(place("b", 2),)))
    assert edge.map == {"b": "ws2"}


def test_a_node_with_a_new_address_gets_another_slot() -> None:
    edge = Pretended()
    edge.follow(Plan(sockets=(place("a", 1),)))
    edge.follow(Plan(sockets=(place("a", 5),)))
    assert edge.map == {"a": "ws2"}
    edge.shows(Plan(sockets=(place("a", 5),)))


def test_a_new_name_at_an_old_address_keeps_the_slot() -> None:
    edge = Pretended()
    edge.follow(Plan(sockets=(place("a", 1),)))
    assert edge.follow(Plan(sockets=(place("z", 1),))) == ["del map /m a", "add map /m z ws1"]


def test_one_node_too_many_asks_for_a_new_configuration() -> None:
    edge = Pretended(count=2)
    with pytest.raises(NoSlot, match="the pool sockets has too few slots"):
        edge.follow(Plan(sockets=tuple(place(str(n), n) for n in (1, 2, 3))))


def test_a_haproxy_without_the_pools_asks_for_a_new_configuration() -> None:
    with pytest.raises(NoSlot):
        commands(Plan(), [], {}, pools=("web",), map_file="/m")


def test_addresses_are_compared_as_addresses() -> None:
    edge = Pretended()
    spelt = Plan(sockets=(Place("a", "fd00:0:0::1", 8080),))
    edge.follow(spelt)
    edge.change("sockets/ws1", host="fd00::1")
    assert edge.follow(spelt) == []


PLACES = st.lists(
    st.builds(place, st.sampled_from("abcdef"), st.integers(1, 6), draining=st.booleans()),
    max_size=4,
    unique_by=(lambda each: each.node_id, lambda each: each.host),
).map(tuple)


@settings(deadline=None)
@given(st.lists(st.builds(Plan, web=PLACES, sockets=PLACES), min_size=1, max_size=8))
def test_whatever_came_before_the_plan_is_served(plans: list[Plan]) -> None:
    edge = Pretended()
    for wanted in plans:
        edge.follow(wanted)
        edge.shows(wanted)
        assert edge.follow(wanted) == []


def test_every_command_is_one_line_of_plain_words() -> None:
    edge = Pretended()
    said = edge.follow(Plan(web=(place("w", 9),), sockets=(place("a", 1),)))
    assert [command for command in said if not re.fullmatch(r"[A-Za-z0-9 ./:_-]+", command)] == []
