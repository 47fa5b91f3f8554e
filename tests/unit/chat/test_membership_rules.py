"""Who comes, goes and manages; and what each of them may see."""

from __future__ import annotations

from unit.chat.world import ANNA, BEN, CLEO, DORA, NOW, World, answer, command, fresh_id, person, text

from hubbub.base.errors import Code
from hubbub.base.ids import GENERAL_CHANNEL, direct_id
from hubbub.chat.model import (
    MAX_SEQ,
    Accepted,
    Caller,
    ConversationChange,
    ConversationKind,
    Created,
    Dissolved,
    MemberAction,
    MemberChange,
    MemberState,
    Role,
)
from hubbub.chat.ports import EntriesAppended, HeadsAnnounced
from hubbub.chat.rules import Create, Establish, Join, Leave, OpenDirect, Settled


def add(*people: str, role: Role = Role.NONE) -> MemberChange:
    return MemberChange(MemberAction.ADD, people, role)


def remove(*people: str) -> MemberChange:
    return MemberChange(MemberAction.REMOVE, people)


def ban(*people: str) -> MemberChange:
    return MemberChange(MemberAction.BAN, people)


def role(which: Role, *people: str) -> MemberChange:
    return MemberChange(MemberAction.ROLE, people, which)


def leave() -> MemberChange:
    return MemberChange(MemberAction.LEAVE)


# ---------------------------------------------------------------- cuts


def test_the_removed_hear_of_their_removal_and_of_nothing_after_it() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.run(
        command(ANNA, group, text("all")), command(ANNA, group, remove(BEN)), command(ANNA, group, text("without Ben"))
    )
    heard = [entry.seq for event in world.told if BEN in (event.audience or ()) for entry in event.entries]
    assert heard == [2, 3]
    assert world.members[group, BEN].intervals == ((1, 3),)


def test_newcomers_hear_of_their_coming_and_see_the_past_where_that_is_allowed() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, text())
    world.does(ANNA, group, add(CLEO))
    assert world.told[0].audience == tuple(sorted((ANNA, BEN, CLEO)))
    assert world.members[group, CLEO].intervals == ((1, MAX_SEQ),)
    world.does(ANNA, group, ConversationChange(history_for_newcomers=False))
    world.does(ANNA, group, add(DORA))
    assert world.members[group, DORA].intervals == ((5, MAX_SEQ),)


def test_who_comes_back_sees_both_stays_and_not_the_time_between() -> None:
    world = World()
    group = world.group(ANNA, BEN, history_for_newcomers=False)
    world.does(ANNA, group, remove(BEN))
    world.does(ANNA, group, text("between"))
    world.does(ANNA, group, add(BEN))
    assert world.members[group, BEN].intervals == ((1, 2), (4, MAX_SEQ))
    assert not world.members[group, BEN].may_see(3)


def test_stays_without_a_gap_are_one() -> None:
    world = World()
    group = world.group(ANNA, BEN, history_for_newcomers=False)
    world.run(command(ANNA, group, remove(BEN)), command(ANNA, group, add(BEN)))
    assert world.members[group, BEN].intervals == ((1, MAX_SEQ),)


def test_what_was_said_before_ones_time_is_not_unread() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    for _ in range(5):
        world.does(ANNA, group, text())
    world.does(ANNA, group, add(CLEO))
    assert world.members[group, CLEO].read_seq == 7


def test_crossing_the_threshold_is_told_both_ways() -> None:
    people = [person(number) for number in range(1, 18)]
    world = World(*people)
    group = world.group(*people[:16])
    world.run(command(people[0], group, add(people[16])), command(people[0], group, text()))
    assert [(event.audience, [entry.seq for entry in event.entries]) for event in world.told] == [
        (tuple(sorted(people)), [2]),
        (None, [2]),
        (None, [3]),
    ]


# ---------------------------------------------------------------- groups


def test_members_do_not_manage() -> None:
    world = World()
    group = world.group(ANNA, BEN, CLEO)
    for action in (add(DORA), remove(CLEO), ban(CLEO), role(Role.ADMIN, CLEO), Dissolved()):
        assert world.does(BEN, group, action) is Code.FORBIDDEN


def test_admins_manage_members_and_not_each_other() -> None:
    world = World()
    group = world.group(ANNA, BEN, CLEO, DORA)
    world.does(ANNA, group, role(Role.ADMIN, BEN, CLEO))
    assert world.does(BEN, group, remove(CLEO)) is Code.FORBIDDEN
    assert world.does(BEN, group, remove(ANNA)) is Code.FORBIDDEN
    assert world.does(BEN, group, role(Role.ADMIN, DORA)) is Code.FORBIDDEN
    assert isinstance(world.does(BEN, group, remove(DORA)), Accepted)
    assert world.does(BEN, group, add(DORA, role=Role.ADMIN)) is Code.FORBIDDEN
    assert isinstance(world.does(BEN, group, add(DORA)), Accepted)


def test_only_newcomers_are_named_when_some_are_members_already() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, add(BEN, CLEO))
    assert world.log[group][-1].action == MemberChange(MemberAction.ADD, (CLEO,), Role.MEMBER)
    assert world.does(ANNA, group, add(BEN, CLEO)) is Code.ALREADY_A_MEMBER
    assert world.conversations[group].member_count == 3


def test_nobody_adds_people_who_do_not_exist() -> None:
    world = World()
    group = world.group(ANNA)
    assert world.does(ANNA, group, add(BEN, person(999))) is Code.USER_NOT_FOUND
    assert world.joined(group) == (ANNA,)


def test_the_banned_stay_out_until_the_ban_is_lifted() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, ban(BEN))
    assert world.does(BEN, group, text()) is Code.BANNED
    assert world.does(ANNA, group, add(BEN)) is Code.BANNED
    assert isinstance(world.does(ANNA, group, MemberChange(MemberAction.UNBAN, (BEN,))), Accepted)
    assert world.does(BEN, group, text()) is Code.NOT_A_MEMBER
    assert isinstance(world.does(ANNA, group, add(BEN)), Accepted)


def test_the_owner_hands_over_before_leaving() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    assert world.does(ANNA, group, leave()) is Code.FORBIDDEN
    world.does(ANNA, group, MemberChange(MemberAction.TRANSFER, (BEN,)))
    assert (world.members[group, ANNA].role, world.members[group, BEN].role) == (Role.ADMIN, Role.OWNER)
    assert isinstance(world.does(ANNA, group, leave()), Accepted)
    assert world.log[group][-1].action == MemberChange(MemberAction.LEAVE, (ANNA,))


def test_an_owner_who_is_alone_may_leave() -> None:
    world = World()
    group = world.group(ANNA)
    assert isinstance(world.does(ANNA, group, leave()), Accepted)
    assert world.conversations[group].member_count == 0


def test_either_way_of_leaving_is_the_same_command() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    key = fresh_id()
    assert answer(world.run(Leave(Caller(BEN), group, key))[0]) == Accepted(2, NOW)
    assert world.does(BEN, group, leave(), client_id=key) == Accepted(2, NOW, True)


def test_ownership_goes_to_a_member_only() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    assert world.does(ANNA, group, MemberChange(MemberAction.TRANSFER, (CLEO,))) is Code.USER_NOT_FOUND
    assert world.does(ANNA, group, MemberChange(MemberAction.TRANSFER, (ANNA,))) is Code.FORBIDDEN


def test_nobody_joins_a_group_unasked() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    outcome = world.run(Join(Caller(CLEO), group))[0]
    assert getattr(outcome, "code", None) is Code.NOT_A_MEMBER


def test_every_change_of_a_place_shows_in_the_members_version() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    for action in (
        add(CLEO),
        role(Role.ADMIN, CLEO),
        MemberChange(MemberAction.MUTE, (BEN,), muted_until_ms=NOW + 1),
        remove(BEN),
    ):
        before = world.conversations[group].members_version
        world.does(ANNA, group, action)
        assert world.conversations[group].members_version > before


def test_going_and_coming_back_does_not_end_a_mute() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    world.does(ANNA, group, MemberChange(MemberAction.MUTE, (BEN,), muted_until_ms=NOW + 60_000))
    world.does(BEN, group, leave())
    world.does(ANNA, group, add(BEN))
    assert world.does(BEN, group, text()) is Code.MUTED


def test_the_servers_owner_is_muted_like_anybody_and_lifts_it_where_channels_are_theirs_to_look_after() -> None:
    # BEN looks after the server's channels; in the conversation he is a member, and ANNA moderates it.
    mute = MemberChange(MemberAction.MUTE, (BEN,), muted_until_ms=NOW + 60_000)
    lift = MemberChange(MemberAction.MUTE, (BEN,))
    for kind, lifts in ((ConversationKind.CHANNEL, True), (ConversationKind.GROUP, False)):
        world = World()
        place = world.group(ANNA, BEN, kind=kind)
        assert isinstance(world.does(ANNA, place, mute), Accepted)
        assert world.does(BEN, place, text(), admin=True) is Code.MUTED
        assert isinstance(world.does(BEN, place, lift, admin=True), Accepted) is lifts
        assert isinstance(world.does(BEN, place, text(), admin=True), Accepted) is lifts


# ---------------------------------------------------------------- channels


def join(world: World, who: str, channel: str) -> object:
    return world.run(Join(Caller(who), channel))[0]


def test_joining_a_channel_is_a_row_and_no_entry() -> None:
    world = World()
    channel = world.group(ANNA, kind=ConversationKind.CHANNEL)
    world.does(ANNA, channel, text())
    assert world.does(BEN, channel, text()) is Code.NOT_A_MEMBER
    assert join(world, BEN, channel) == Settled(channel, changed=True)
    assert join(world, BEN, channel) == Settled(channel, changed=False)
    assert len(world.log[channel]) == 2
    assert world.members[channel, BEN].intervals == ((1, MAX_SEQ),)
    assert world.conversations[channel].member_count == 2
    world.does(BEN, channel, text())
    assert world.told[0].audience == tuple(sorted((ANNA, BEN)))


def test_a_channel_that_becomes_large_by_joining_has_its_people_told() -> None:
    people = [person(number) for number in range(1, 18)]
    world = World(*people)
    channel = world.group(*people[:16], kind=ConversationKind.CHANNEL)
    world.run(
        command(people[0], channel, text()), Join(Caller(people[16]), channel), command(people[0], channel, text())
    )
    everybody = tuple(sorted(people))
    assert [type(event) for event in world.last.appended] == [EntriesAppended, HeadsAnnounced, EntriesAppended]
    assert world.last.appended[1] == HeadsAnnounced({channel: 2}, {channel: everybody})
    assert [event.audience for event in world.told] == [tuple(sorted(people[:16])), None]
    assert world.last.changes.audiences == {channel: everybody}
    world.does(people[0], channel, text())
    assert world.last.changes.audiences == {channel: None}


def test_leaving_a_channel_is_a_row_and_no_entry() -> None:
    world = World()
    channel = world.group(ANNA, BEN, kind=ConversationKind.CHANNEL)
    outcomes = world.run(
        command(ANNA, channel, text("both")), Leave(Caller(BEN), channel, fresh_id()), command(ANNA, channel, text())
    )
    assert outcomes[1] == Settled(channel, changed=True)
    assert world.members[channel, BEN].state is MemberState.LEFT
    assert world.members[channel, BEN].intervals == ((1, 2),)
    assert [(event.audience, len(event.entries)) for event in world.told] == [
        (tuple(sorted((ANNA, BEN))), 1),
        ((ANNA,), 1),
    ]


def test_joining_without_history_begins_at_the_next_entry() -> None:
    world = World()
    channel = world.group(ANNA, kind=ConversationKind.CHANNEL, history_for_newcomers=False)
    join(world, BEN, channel)
    assert world.members[channel, BEN].intervals == ((2, MAX_SEQ),)


def test_a_channel_bans_those_who_never_came() -> None:
    world = World()
    channel = world.group(ANNA, kind=ConversationKind.CHANNEL)
    assert isinstance(world.does(ANNA, channel, ban(BEN)), Accepted)
    assert getattr(join(world, BEN, channel), "code", None) is Code.BANNED
    assert world.conversations[channel].member_count == 1


def test_the_general_channel_is_never_dissolved() -> None:
    world = World()
    world.run(Establish(GENERAL_CHANNEL, ConversationKind.CHANNEL, "general"))
    join(world, ANNA, GENERAL_CHANNEL)
    assert world.does(ANNA, GENERAL_CHANNEL, Dissolved(), admin=True) is Code.FORBIDDEN


# ---------------------------------------------------------------- making conversations


def create(owner: str, client_id: str, title: str, *people: str) -> Create:
    return Create(Caller(owner), client_id, fresh_id(), ConversationKind.GROUP, title, "", people, True)


def test_a_conversation_is_made_once_however_often_it_is_asked_for() -> None:
    world = World()
    key = fresh_id()
    first, second = world.run(create(ANNA, key, "Ours", BEN), create(ANNA, key, "Ours", BEN))
    third = world.run(create(ANNA, key, "Ours", BEN))[0]
    assert isinstance(first, Settled)
    assert second == third == Settled(first.conversation_id, changed=False)
    assert len(world.conversations) == 1
    other = world.run(create(ANNA, key, "Theirs", BEN))[0]
    assert getattr(other, "code", None) is Code.CONFLICT


def test_the_maker_owns_and_the_named_are_members() -> None:
    world = World()
    group = world.group(ANNA, BEN)
    assert world.log[group][0].action == Created(ConversationKind.GROUP, "The group", (ANNA, BEN))
    assert {user: row.role for (_, user), row in world.members.items()} == {ANNA: Role.OWNER, BEN: Role.MEMBER}


def test_a_direct_chat_is_one_from_whichever_side_it_is_opened() -> None:
    world = World()
    chat = direct_id(ANNA, BEN)
    opened = world.run(OpenDirect(Caller(ANNA), BEN, chat), OpenDirect(Caller(BEN), ANNA, chat))
    assert opened == [Settled(chat, True), Settled(chat, False)]
    assert world.conversations[chat].peers == tuple(sorted((ANNA, BEN)))
    assert world.members[chat, ANNA].intervals == world.members[chat, BEN].intervals == ((1, MAX_SEQ),)
    assert world.told[0].audience == tuple(sorted((ANNA, BEN)))


def test_nobody_opens_a_chat_with_somebody_who_does_not_exist() -> None:
    world = World()
    stranger = person(999)
    outcome = world.run(OpenDirect(Caller(ANNA), stranger, direct_id(ANNA, stranger)))[0]
    assert getattr(outcome, "code", None) is Code.USER_NOT_FOUND
    assert world.conversations == {}


def test_a_private_chat_does_not_exist_for_a_third_person() -> None:
    world = World()
    chat, stranger = direct_id(ANNA, BEN), Caller(CLEO)
    for _ in range(2):
        told = world.run(Join(stranger, chat), Leave(stranger, chat, fresh_id()), command(CLEO, chat, text()))
        assert [getattr(one, "code", None) for one in told] == [Code.CONVERSATION_NOT_FOUND] * 3
        world.direct(ANNA, BEN)


def test_notes_to_oneself_have_one_member() -> None:
    world = World()
    notes = world.direct(ANNA, ANNA)
    assert world.conversations[notes].member_count == 1
    assert isinstance(world.does(ANNA, notes, text()), Accepted)
