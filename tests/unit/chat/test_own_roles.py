"""Roles of a conversation's own: what each right lets its people do, and to whom."""

from __future__ import annotations

import pytest
from unit.chat.world import ANNA, BEN, CLEO, DORA, World, text

from hubbub.base.errors import ChatError, Code
from hubbub.chat import checks
from hubbub.chat.model import (
    Accepted,
    Action,
    Body,
    ConversationChange,
    ConversationKind,
    Edit,
    MemberAction,
    MemberChange,
    Pin,
    React,
    Recall,
    Role,
)
from hubbub.chat.rights import ALL, OwnRole, Right

HELPER, OTHER = "e" * 32, "f" * 32


def own(*rights: Right, id_: str = HELPER, name: str = "Helper") -> OwnRole:
    return OwnRole(id_, name, tuple([right.value for right in rights]))


def a_house(
    *roles: OwnRole, ben: str = HELPER, cleo: str = "", kind: ConversationKind = ConversationKind.GROUP
) -> tuple[World, str]:
    """Return a group of Anna's in which Ben, and maybe Cleo, has a role of its own; Cleo has said something (seq 2)."""
    world = World()
    group = world.group(ANNA, BEN, CLEO, kind=kind)
    world.does(CLEO, group, text("A plague!"))
    world.does(ANNA, group, ConversationChange(roles=roles))
    for who, role in ((BEN, ben), (CLEO, cleo)):
        if role:
            world.does(ANNA, group, MemberChange(MemberAction.ROLE, (who,), Role.MEMBER, own_role=role))
    return world, group


TRIES: dict[Right, Action] = {
    Right.SEND: text("Peace!"),
    Right.RECALL: Recall(2),
    Right.PIN: Pin(2),
    Right.SETTINGS: ConversationChange(title="Mantua"),
    Right.INVITE: MemberChange(MemberAction.ADD, (DORA,), Role.MEMBER),
    Right.REMOVE: MemberChange(MemberAction.REMOVE, (CLEO,)),
    Right.MUTE: MemberChange(MemberAction.MUTE, (CLEO,), muted_until_ms=2**52),
}


@pytest.mark.parametrize("tried", TRIES)
@pytest.mark.parametrize("given", Right)
def test_each_right_lets_do_what_it_says_and_nothing_else(given: Right, tried: Right) -> None:
    world, group = a_house(own(Right.SEND, given))
    outcome = world.does(BEN, group, TRIES[tried])
    if tried in (given, Right.SEND):
        assert isinstance(outcome, Accepted)
    else:
        assert outcome is Code.FORBIDDEN


def test_who_may_not_send_may_read_and_no_more() -> None:
    world, group = a_house(own())
    for action in (text("x"), React(2, "👍"), Edit(2, Body("x"))):
        assert world.does(BEN, group, action) is Code.FORBIDDEN
    assert isinstance(world.does(CLEO, group, text("x")), Accepted)


def test_who_may_always_speak_does_so_while_all_are_muted_and_in_slow_mode() -> None:
    world, group = a_house(own(Right.SEND, Right.SPEAK_ALWAYS))
    world.does(ANNA, group, ConversationChange(mute_all=True))
    assert world.does(CLEO, group, text("x")) is Code.MUTED
    assert isinstance(world.does(BEN, group, text("x")), Accepted)
    world.does(ANNA, group, ConversationChange(mute_all=False, slow_mode_s=60))
    assert isinstance(world.does(BEN, group, text("x")), Accepted)
    assert isinstance(world.does(BEN, group, text("x")), Accepted)
    assert isinstance(world.does(CLEO, group, text("x")), Accepted)
    assert world.does(CLEO, group, text("x")) is Code.SLOW_MODE


def test_members_are_managed_by_who_may_do_more_than_they() -> None:
    out = MemberChange(MemberAction.REMOVE, (CLEO,))
    few, more = own(Right.SEND, Right.REMOVE), own(Right.SEND, Right.PIN, id_=OTHER, name="Other")
    for roles, cleo, allowed in (
        ((few,), "", True),
        ((few,), HELPER, False),
        ((few, more), OTHER, False),
        ((own(Right.SEND, Right.PIN, Right.REMOVE), more), OTHER, True),
        # Who may not even send is not above who may.
        ((own(Right.REMOVE),), "", False),
    ):
        world, group = a_house(*roles, cleo=cleo)
        assert isinstance(world.does(BEN, group, out), Accepted) is allowed, (roles, cleo)
    world, group = a_house(own(*ALL))
    world.does(ANNA, group, MemberChange(MemberAction.ROLE, (CLEO,), Role.ADMIN))
    assert world.does(BEN, group, out) is Code.FORBIDDEN
    assert world.does(BEN, group, MemberChange(MemberAction.REMOVE, (ANNA,))) is Code.FORBIDDEN
    assert isinstance(world.does(CLEO, group, MemberChange(MemberAction.REMOVE, (BEN,))), Accepted)


def test_only_the_owner_makes_and_gives_roles() -> None:
    world, group = a_house(own(*ALL))
    world.does(ANNA, group, MemberChange(MemberAction.ROLE, (CLEO,), Role.ADMIN))
    for who in (BEN, CLEO):
        assert world.does(who, group, ConversationChange(roles=())) is Code.FORBIDDEN
        given = MemberChange(MemberAction.ROLE, (DORA,), Role.MEMBER, own_role=HELPER)
        assert world.does(who, group, given) is Code.FORBIDDEN
    unknown = MemberChange(MemberAction.ROLE, (BEN,), Role.MEMBER, own_role=OTHER)
    assert world.does(ANNA, group, unknown) is Code.NOT_FOUND


def test_a_role_that_is_changed_or_gone_changes_what_its_people_may_do() -> None:
    world, group = a_house(own(Right.SEND, Right.PIN))
    assert isinstance(world.does(BEN, group, Pin(2)), Accepted)
    world.does(ANNA, group, ConversationChange(roles=(own(Right.SEND),)))
    assert world.does(BEN, group, Pin(2)) is Code.FORBIDDEN
    world.does(ANNA, group, ConversationChange(roles=()))
    assert isinstance(world.does(BEN, group, text("still here")), Accepted)


def test_a_role_ends_with_the_stay_with_another_role_and_with_ownership() -> None:
    for change in (
        MemberChange(MemberAction.REMOVE, (BEN,)),
        MemberChange(MemberAction.ROLE, (BEN,), Role.ADMIN),
        MemberChange(MemberAction.ROLE, (BEN,), Role.MEMBER),
        MemberChange(MemberAction.TRANSFER, (BEN,)),
    ):
        world, group = a_house(own(Right.SEND))
        assert world.members[group, BEN].own_role == HELPER
        world.does(ANNA, group, change)
        assert world.members[group, BEN].own_role == "", change


def test_a_private_chat_has_no_roles() -> None:
    world = World()
    chat = world.direct(ANNA, BEN)
    assert world.does(ANNA, chat, ConversationChange(roles=(own(Right.PIN),))) is Code.FORBIDDEN


def test_who_manages_all_channels_does_so_there_whatever_role_they_have() -> None:
    for kind, allowed in ((ConversationKind.CHANNEL, True), (ConversationKind.GROUP, False)):
        world, group = a_house(own(), kind=kind)
        assert isinstance(world.does(BEN, group, Pin(2), admin=True), Accepted) is allowed


@pytest.mark.parametrize(
    "roles",
    [
        (OwnRole(HELPER, "", ()),),
        (OwnRole(HELPER, "Admin", ()),),
        (OwnRole(HELPER, "x", ("fly",)),),
        (OwnRole("x", "x", ()),),
        (OwnRole(HELPER, "x", ()), OwnRole(OTHER, "X", ())),
        (OwnRole(HELPER, "x", ()), OwnRole(HELPER, "y", ())),
        tuple(OwnRole(f"{n:032x}", str(n), ()) for n in range(21)),
        (OwnRole(HELPER, "x" * 129, ()),),
    ],
)
def test_roles_are_refused_that_cannot_be(roles: tuple[OwnRole, ...]) -> None:
    with pytest.raises(ChatError) as refusal:
        checks.own_roles(roles)
    assert refusal.value.code is Code.BAD_REQUEST


def test_roles_come_out_in_one_normal_form() -> None:
    (role,) = checks.own_roles([OwnRole(HELPER.upper(), "  Helper ", ("pin", "send", "pin"))])
    assert role == OwnRole(HELPER, "Helper", ("send", "pin"))
    change = MemberChange(MemberAction.ROLE, (BEN,), Role.ADMIN, own_role=HELPER)
    with pytest.raises(ChatError):
        checks.an_action(change)
    assert checks.an_action(MemberChange(MemberAction.ADD, (BEN,), own_role=HELPER)).own_role == ""  # type: ignore[union-attr]
