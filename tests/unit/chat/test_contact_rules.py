"""What one person may be to another, as pure functions of two rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import ChatError, Code
from hubbub.chat.contacts import Contact, ContactChange, ContactState, Pair, answered, arranged, asked, removed

ANNA, BEN = "a" * 32, "b" * 32
STRANGERS: Pair = (Contact(BEN), Contact(ANNA))


def turned(pair: Pair) -> Pair:
    """Return the pair as the other sees it."""
    return pair[1], pair[0]


def states(pair: Pair) -> tuple[ContactState, ContactState]:
    return pair[0].state, pair[1].state


def ask(pair: Pair, note: str = "") -> Pair:
    return asked(*pair, note=note, now_ms=7)


def block(pair: Pair, blocked: bool = True) -> Pair:
    return arranged(*pair, change=ContactChange(blocked=blocked), now_ms=9)


def test_a_request_waits_with_its_note_until_it_is_answered() -> None:
    pair = ask(STRANGERS, "It is me")
    assert states(pair) == (ContactState.ASKED, ContactState.ASKING)
    assert (pair[1].note, pair[1].time_ms) == ("It is me", 7)
    assert ask(pair, "It is me") == pair
    yes = turned(answered(*turned(pair), accept=True, now_ms=8))
    assert states(yes) == (ContactState.ACCEPTED, ContactState.ACCEPTED)
    assert (yes[0].note, yes[1].note, yes[0].time_ms) == ("", "", 8)
    assert answered(*turned(yes), accept=True, now_ms=9) == turned(yes)
    no = answered(*turned(pair), accept=False, now_ms=8)
    assert states(no) == (ContactState.NONE, ContactState.NONE)
    with pytest.raises(ChatError) as refused:
        answered(*pair, accept=True, now_ms=8)
    assert refused.value.code is Code.NOT_FOUND


def test_who_asks_the_one_who_asked_says_yes() -> None:
    assert states(ask(turned(ask(STRANGERS)))) == (ContactState.ACCEPTED, ContactState.ACCEPTED)


def test_removing_ends_it_for_both_and_keeps_what_is_ones_own() -> None:
    friends = ask(turned(ask(STRANGERS)))
    named = arranged(*friends, change=ContactChange(name="Benny", group="work"), now_ms=9)
    assert named[1] == friends[1]
    apart = removed(*named, now_ms=10)
    assert states(apart) == (ContactState.NONE, ContactState.NONE)
    assert (apart[0].name, apart[0].group) == ("Benny", "work")
    assert removed(*apart, now_ms=11) == apart


def test_a_block_changes_nothing_of_the_blocked_and_drops_their_request_in_silence() -> None:
    waiting = turned(ask(STRANGERS, "please"))
    blocked = block(waiting)
    assert states(blocked) == (ContactState.NONE, ContactState.ASKED)
    assert blocked[1] == waiting[1]
    again = ask(turned(blocked), "pretty please")
    assert (again[0].state, again[0].note, again[1]) == (ContactState.ASKED, "pretty please", blocked[0])
    with pytest.raises(ChatError) as refused:
        ask(blocked)
    assert refused.value.code is Code.FORBIDDEN


def test_after_the_block_is_lifted_the_request_arrives_when_it_is_made_again() -> None:
    lifted = turned(block(block(turned(ask(STRANGERS, "please"))), False))
    again = ask(lifted, "please")
    assert again[0] == lifted[0]
    assert (again[1].state, again[1].note) == (ContactState.ASKING, "please")


MOVES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["ask", "yes", "no", "remove", "block", "unblock"])), max_size=12
)


@given(MOVES)
def test_whatever_happens_the_two_rows_fit_each_other(moves: list[tuple[bool, str]]) -> None:
    pair = STRANGERS
    for mine, move in moves:
        seen = pair if mine else turned(pair)
        try:
            after = {
                "ask": lambda one: ask(one),
                "yes": lambda one: answered(*one, accept=True, now_ms=1),
                "no": lambda one: answered(*one, accept=False, now_ms=1),
                "remove": lambda one: removed(*one, now_ms=1),
                "block": lambda one: block(one),
                "unblock": lambda one: block(one, False),
            }[move](seen)
        except ChatError:
            continue
        if move in ("block", "unblock"):
            assert after[1] == seen[1]
        pair = after if mine else turned(after)
    one, other = states(pair)
    assert (one is ContactState.ACCEPTED) == (other is ContactState.ACCEPTED)
    if one is ContactState.ASKING:
        assert other is ContactState.ASKED
    if other is ContactState.ASKING:
        assert one is ContactState.ASKED
