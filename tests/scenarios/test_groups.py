"""Several people: who hears what, from when to when."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from support.house import House
from support.stage import Stage, texts

from hubbub.base.ids import new_id
from hubbub.client import Entry, HubbubError, Kind, MemberAction, Role
from hubbub.client.models import ConversationChange, Created, Dissolved, MemberChange, OwnRole


def change_of(entry: Entry, action: MemberAction) -> Entry | None:
    """Return the entry if it is this change of membership."""
    return entry if isinstance(entry.action, MemberChange) and entry.action.action is action else None


async def test_everybody_in_a_group_hears_everything_once_and_in_one_order(stage: Stage) -> None:
    cast = await stage.enter("romeo", "juliet", "nurse")
    group = await cast[0].gathers("Verona", *cast[1:])
    sending = [actor.client.send(group.id, f"{actor.name} {n}") for n in range(10) for actor in cast]
    seqs = sorted([(await one).seq for one in sending])
    assert seqs == list(range(2, 32))
    orders = []
    for actor in cast:
        await actor.hears(20, where=group)
        await actor.hears_nothing()
        said = [entry for entry in actor.entries if entry.conversation_id == group.id and entry.text]
        assert [entry.seq for entry in said] == seqs
        for other in cast:
            theirs = [entry.text for entry in said if entry.sender_id == other.user_id]
            assert theirs == [f"{other.name} {n}" for n in range(10)]
        orders.append([entry.client_id for entry in said])
    assert orders[0] == orders[1] == orders[2]


async def test_an_offline_member_gets_what_was_said_in_the_group_too(stage: Stage) -> None:
    romeo, juliet, nurse = await stage.enter("romeo", "juliet", "nurse")
    group = await romeo.gathers("Verona", juliet, nurse)
    await nurse.goes_offline()
    await romeo.says(group, "one")
    await juliet.says(group, "two")
    await nurse.returns()
    assert await nurse.hears(2) == ["one", "two"]
    await nurse.hears_nothing()


async def test_a_removed_member_hears_the_removal_and_nothing_after_it(stage: Stage) -> None:
    romeo, juliet, tybalt = await stage.enter("romeo", "juliet", "tybalt")
    group = await romeo.gathers("Verona", juliet, tybalt)
    await romeo.says(group, "peace")
    assert await tybalt.hears() == ["peace"]
    removed = await romeo.client.change_members(group.id, MemberAction.REMOVE, [tybalt.user_id])
    await romeo.says(group, "he is gone")
    assert await juliet.hears(2) == ["peace", "he is gone"]
    cut = await tybalt.awaits_entry(lambda entry: change_of(entry, MemberAction.REMOVE))
    assert cut.seq == removed.seq
    await tybalt.hears_nothing()
    with pytest.raises(HubbubError) as refusal:
        await tybalt.says(group, "I hate the word")
    assert refusal.value.code == "not_a_member"
    page = await tybalt.client.history(group.id)
    assert [message.text for message in page.messages] == ["peace"]
    assert texts((await tybalt.client.entries(group.id, after=removed.seq)).entries) == []


async def test_somebody_removed_while_away_hears_what_was_said_before_and_no_more(stage: Stage) -> None:
    romeo, tybalt = await stage.enter("romeo", "tybalt")
    group = await romeo.gathers("Verona", tybalt)
    await romeo.says(group, "one")
    assert await tybalt.hears() == ["one"]
    await tybalt.goes_offline()
    await romeo.says(group, "two")
    await romeo.client.change_members(group.id, MemberAction.REMOVE, [tybalt.user_id])
    await romeo.says(group, "three")
    await tybalt.returns()
    assert await tybalt.hears() == ["two"]
    await tybalt.hears_nothing()


async def test_who_is_added_again_never_sees_what_was_said_in_between(stage: Stage) -> None:
    romeo, mercutio = await stage.enter("romeo", "mercutio")
    group = await romeo.client.create_conversation(
        Kind.GROUP, "Verona", user_ids=[mercutio.user_id], history_for_newcomers=False
    )
    await romeo.says(group, "one")
    assert await mercutio.hears() == ["one"]
    await mercutio.client.leave(group.id)
    await romeo.says(group, "two")
    await romeo.client.change_members(group.id, MemberAction.ADD, [mercutio.user_id])
    await romeo.says(group, "three")
    assert await mercutio.hears(where=group) == ["three"]
    await mercutio.hears_nothing()
    page = await mercutio.client.history(group.id)
    assert [message.text for message in page.messages] == ["one", "three"]


async def test_a_newcomer_may_read_what_was_said_where_the_group_allows_it(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    open_group = await romeo.client.create_conversation(Kind.GROUP, "open", history_for_newcomers=True)
    closed_group = await romeo.client.create_conversation(Kind.GROUP, "closed", history_for_newcomers=False)
    for group in (open_group, closed_group):
        await romeo.says(group, "before")
        await romeo.client.change_members(group.id, MemberAction.ADD, [juliet.user_id])
        await romeo.says(group, "after")
    assert await juliet.hears(where=open_group) == ["after"]
    read = [message.text for message in (await juliet.client.history(open_group.id)).messages]
    assert read == ["before", "after"]
    read = [message.text for message in (await juliet.client.history(closed_group.id)).messages]
    assert read == ["after"]


async def test_roles_decide_who_may_do_what(stage: Stage) -> None:
    romeo, juliet, nurse = await stage.enter("romeo", "juliet", "nurse")
    group = await romeo.gathers("Verona", juliet)
    with pytest.raises(HubbubError) as refusal:
        await juliet.client.change_members(group.id, MemberAction.ADD, [nurse.user_id])
    assert refusal.value.code == "forbidden"
    await romeo.client.change_members(group.id, MemberAction.ROLE, [juliet.user_id], role=Role.ADMIN)
    await juliet.client.change_members(group.id, MemberAction.ADD, [nurse.user_id])
    members = {member.user_id: member.role for member in await romeo.client.all_members(group.id)}
    assert members == {romeo.user_id: Role.OWNER, juliet.user_id: Role.ADMIN, nurse.user_id: Role.MEMBER}
    await romeo.client.change_members(group.id, MemberAction.TRANSFER, [juliet.user_id])
    assert (await juliet.client.conversation(group.id)).role is Role.OWNER
    await romeo.client.leave(group.id)
    assert {member.user_id for member in await juliet.client.all_members(group.id)} == {juliet.user_id, nurse.user_id}


async def test_a_dissolved_group_can_be_read_and_takes_nothing_more(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    group = await romeo.gathers("Verona", juliet)
    await romeo.says(group, "farewell")
    await romeo.client.dissolve(group.id)
    await juliet.awaits_entry(lambda entry: True if isinstance(entry.action, Dissolved) else None)
    with pytest.raises(HubbubError) as refusal:
        await juliet.says(group, "stay!")
    assert refusal.value.code == "conversation_dissolved"
    assert [message.text for message in (await juliet.client.history(group.id)).messages] == ["farewell"]


async def test_a_group_is_made_once_under_one_client_id(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    first = await romeo.gathers("Verona", juliet, client_id="7" * 32)
    again = await romeo.gathers("Verona", juliet, client_id="7" * 32)
    assert first.id == again.id
    with pytest.raises(HubbubError) as refusal:
        await romeo.gathers("Mantua", juliet, client_id="7" * 32)
    assert refusal.value.code == "conflict"
    made = Created(Kind.GROUP, "Verona", (romeo.user_id, juliet.user_id))
    created = await juliet.awaits_entry(lambda entry: entry if entry.conversation_id == first.id else None)
    assert created.action == made


async def test_settings_are_entries_and_are_kept(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    group = await romeo.gathers("Verona", juliet)
    change = ConversationChange(title="Mantua", topic="exile", mute_all=True)
    stored = await romeo.client.change_conversation(group.id, change)
    heard = await juliet.awaits_entry(lambda entry: entry if isinstance(entry.action, ConversationChange) else None)
    assert (heard.seq, heard.action) == (stored.seq, change)
    now = await juliet.client.conversation(group.id)
    assert (now.title, now.topic, now.mute_all) == ("Mantua", "exile", True)
    with pytest.raises(HubbubError) as refusal:
        await juliet.says(group, "hush?")
    assert refusal.value.code == "muted"


async def test_a_role_of_the_groups_own_reaches_who_has_it_at_once(stage: Stage) -> None:
    romeo, nurse = await stage.enter("romeo", "nurse")
    group = await romeo.gathers("Verona", nurse)
    said = await romeo.says(group, "But soft!")
    assert await nurse.hears() == ["But soft!"]
    with pytest.raises(HubbubError):
        await nurse.client.pin(group.id, said.seq)
    helper = OwnRole("e" * 32, "Helper", ("send", "pin"))
    await romeo.client.change_conversation(group.id, ConversationChange(roles=(helper,)))
    given = await romeo.client.change_members(
        group.id, MemberAction.ROLE, [nurse.user_id], role=Role.MEMBER, own_role=helper.id
    )
    heard = await nurse.awaits_entry(lambda entry: change_of(entry, MemberAction.ROLE))
    assert heard.seq == given.seq
    await nurse.client.pin(group.id, said.seq)
    state = await nurse.client.conversation(group.id)
    assert (state.roles, state.own_role) == ((helper,), helper.id)
    members = {member.user_id: member.own_role for member in await romeo.client.all_members(group.id)}
    assert members == {romeo.user_id: "", nurse.user_id: helper.id}


async def test_roles_bans_and_links_of_a_group_are_kept_by_command(theatre: House, tmp_path: Path) -> None:
    env = {**os.environ, "HUBBUB_HOME": str(tmp_path), "HUBBUB_SERVER": theatre.http, "HUBBUB_PASSWORD": "a rose by"}
    owner, other = f"o{new_id()[:12]}", f"n{new_id()[:12]}"

    async def says(*words: str) -> str:
        command = (sys.executable, "-m", "hubbub.cli.main", *words, "--profile", owner)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=env)
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, out
        return out.decode()

    await says("register", other)
    await says("register", owner)
    await says("login", owner)
    group = (await says("group", "create", "Verona", other)).strip()
    await says("group", "save-role", group, "Helper", "--can", "send", "--can", "pin")
    await says("group", "role", group, "helper", other)
    assert await says("group", "roles", group) == "Helper: send pin\n"
    assert f"{other} (Helper)" in await says("group", "members", group)
    await says("group", "remove-role", group, "Helper")
    assert f"{other} (member)" in await says("group", "members", group)
    await says("group", "ban", group, other)
    assert await says("group", "bans", group) == f"{other}\n"
    link = (await says("invite", "create", group, "--uses", "3", "--approval")).strip()
    assert f"{link}  for good  3 uses left  with approval" in await says("invite", "list", group)
    assert await says("invite", "look", link) == "Verona (you are in)\n"
    assert await says("invite", "requests", group) == ""
    await says("invite", "revoke", group, link)
