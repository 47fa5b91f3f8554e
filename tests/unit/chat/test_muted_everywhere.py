"""Who is muted on the whole server says nothing anywhere, and reads on."""

from __future__ import annotations

import pytest
from unit.chat.world import ANNA, BEN, NOW, World, command, fresh_id, text

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Accepted,
    Action,
    Body,
    Caller,
    ConversationChange,
    ConversationKind,
    Edit,
    Pin,
    React,
    Recall,
)
from hubbub.chat.rules import Create, Outcome


def muted(world: World, where: str, action: Action, until_ms: int) -> Outcome:
    """Return what becomes of a command of Anna's, who is muted until then."""
    send = command(ANNA, where, action)
    send.caller = Caller(ANNA, muted_until_ms=until_ms)
    return world.run(send)[0]


@pytest.mark.parametrize("kind", ["group", "channel", "direct", "system"])
def test_they_post_edit_react_and_rename_nowhere(kind: str) -> None:
    world = World()
    if kind == "direct":
        where = world.direct(ANNA, BEN)
    elif kind == "system":
        where = world.system()
    else:
        where = world.group(ANNA, BEN, kind=ConversationKind[kind.upper()])
    said = world.does(ANNA, where, text("before"), admin=True)
    assert isinstance(said, Accepted)
    changes: list[Action] = [text("x"), Edit(said.seq, Body("x")), React(said.seq, "x"), ConversationChange(title="x")]
    for action in changes:
        outcome = muted(world, where, action, NOW + 60_000)
        assert isinstance(outcome, ChatError)
        assert (outcome.code, outcome.retry_after_s) == (Code.MUTED, 60.0), action


def test_it_ends_by_itself_and_an_endless_one_names_no_end() -> None:
    world = World()
    where = world.group(ANNA, BEN)
    assert isinstance(muted(world, where, text(), NOW), Accepted)
    endless = muted(world, where, text(), 2**53 - 1)
    assert isinstance(endless, ChatError)
    assert (endless.code, endless.retry_after_s) == (Code.MUTED, 0.0)


def test_they_may_take_back_what_they_said_and_pin() -> None:
    world = World()
    where = world.group(ANNA, BEN)
    said = world.does(ANNA, where, text("before"))
    assert isinstance(said, Accepted)
    for action in (Pin(said.seq), Recall(said.seq)):
        assert isinstance(muted(world, where, action, NOW + 60_000), Accepted)


def test_they_make_no_conversation_with_a_title_of_theirs() -> None:
    world = World()
    create = Create(
        Caller(ANNA, muted_until_ms=NOW + 1), fresh_id(), fresh_id(), ConversationKind.GROUP, "x", "", (BEN,), True
    )
    (outcome,) = world.run(create)
    assert isinstance(outcome, ChatError)
    assert outcome.code is Code.MUTED
