"""Sections 11 to 14 and 16, second part: who may what to whom, what reaches whom, and what people are to each other."""

from __future__ import annotations

from collections.abc import Callable

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import accepted, rejected, text
from hubbub.wire import hubbub_pb2 as pb

TOGETHER = Checks()


@TOGETHER.holds("11.5", "`user_state` with `more` = true is followed by another request with `since_version`")
async def rows_come_in_pages_that_follow_each_other(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    since = talk.welcome.user_version
    rooms = [await talk.group() for _ in range(3)]
    seen: list[str] = []
    for _ in range(500):
        wish = pb.GetUserState(since_version=since, limit=1)
        state = await talk.asks("user_state", get_user_state=wish)
        equal("since_version", state.since_version, since)
        seen += [row.conversation_id for row in state.conversations]
        if not state.more:
            break
        true(state.version > since, "a page with more to come leads nowhere")
        since = state.version
    equal("the rooms", [room for room in seen if room in rooms], rooms)


@TOGETHER.holds("11.6", "A row in which `state` is not `JOINED` means: the person is no longer in that conversation.")
async def who_was_removed_is_told_with_a_row(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    removal = pb.MemberChange(action=pb.MEMBER_ACTION_REMOVE, user_ids=[stand.juliet.user_id])
    gone = accepted(await romeo.submits(room, member_change=removal)).seq
    await romeo.submits(room, conversation_change=pb.ConversationChange(title="without her"))

    def removed(state: pb.UserState) -> bool:
        return any(r.conversation_id == room and r.state == pb.MEMBER_STATE_REMOVED for r in state.conversations)

    change = await juliet.push("user_changed", removed)
    (row,) = [row for row in change.conversations if row.conversation_id == room]
    equal("what she is shown", (row.as_of, row.title, row.member_count), (gone, "conformance", 0))


@TOGETHER.holds("11.7", "Entries alone do not advance the version; a message that arrives changes counts by folding.")
async def a_message_advances_nobodys_version(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    before = (await juliet.asks("user_state", get_user_state=pb.GetUserState(since_version=0))).version
    said = await romeo.says(room, "one")
    await juliet.push("entries", lambda page: page.conversation_id == room and page.to_seq >= said.seq)
    equal("her version", (await juliet.asks("user_state", get_user_state=pb.GetUserState())).version, before)


@TOGETHER.holds("11.11", "A request is `ASKED` with who asked and `ASKING` with who was asked")
async def a_request_is_a_row_of_each(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    his, hers = await stand.token(stand.romeo), await stand.token(stand.juliet)
    of_juliet, of_romeo = (f"/api/v1/me/contacts/{one.user_id}" for one in (stand.juliet, stand.romeo))
    await stand.call("DELETE", of_juliet, token=his)
    await stand.call("POST", of_juliet, token=his, json={"note": "by moonlight"})

    def of(user_id: str, state: int) -> Callable[[pb.UserState], bool]:
        return lambda change: any((row.user_id, row.state) == (user_id, state) for row in change.contacts)

    await romeo.push("user_changed", of(stand.juliet.user_id, pb.CONTACT_STATE_ASKED))
    await juliet.push("user_changed", of(stand.romeo.user_id, pb.CONTACT_STATE_ASKING))
    await stand.call("POST", f"{of_romeo}/answer", token=hers, json={"accept": True})
    for talk, other in ((romeo, stand.juliet), (juliet, stand.romeo)):
        await talk.push("user_changed", of(other.user_id, pb.CONTACT_STATE_ACCEPTED))
    await stand.call("DELETE", of_juliet, token=his)


@TOGETHER.holds("11.12", "In the private chat of the two neither can send, edit, react or pin any more,")
async def across_a_block_nobody_speaks(stand: Stand) -> None:
    romeo, tybalt = await stand.enter(stand.romeo), await stand.enter(stand.tybalt)
    chat = await romeo.asks("conversation", open_direct=pb.OpenDirect(user_id=stand.tybalt.user_id))
    said = await romeo.says(chat.conversation_id, "before")
    token, path = await stand.token(stand.romeo), f"/api/v1/me/contacts/{stand.tybalt.user_id}"
    await stand.call("PATCH", path, token=token, json={"blocked": True})
    try:
        for talk in (romeo, tybalt):
            rejected(await talk.submits(chat.conversation_id, message=text("after")), "forbidden")
        reaction = pb.Reaction(target_seq=said.seq, emoji="👍", set=True)
        rejected(await tybalt.submits(chat.conversation_id, reaction=reaction), "forbidden")
    finally:
        await stand.call("PATCH", path, token=token, json={"blocked": False})
    await tybalt.says(chat.conversation_id, "again")


@TOGETHER.holds("12.4", "It is decided as a whole: one person it cannot be done to refuses it for all.")
async def a_change_of_members_is_whole(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    room = await romeo.group()
    for people, code in (
        ([stand.juliet.user_id, new_id()], "user_not_found"),
        ([new_id() for _ in range(101)], "too_many_members"),
    ):
        add = pb.MemberChange(action=pb.MEMBER_ACTION_ADD, user_ids=people)
        rejected(await romeo.submits(room, member_change=add), code)
    page = await romeo.asks("member_page", list_members=pb.ListMembers(conversation_id=room))
    equal("who is in it", [member.user_id for member in page.members], [stand.romeo.user_id])


@TOGETHER.holds("12.6", "`join_conversation` by someone banned is `banned`.")
async def who_was_banned_cannot_come_back_alone(stand: Stand) -> None:
    romeo, tybalt = await stand.enter(stand.romeo), await stand.enter(stand.tybalt)
    kind, title = pb.CONVERSATION_KIND_CHANNEL, f"conformance {new_id()[:8]}"
    wish = pb.CreateConversation(client_id=new_id(), kind=kind, title=title)
    room = (await romeo.asks("conversation", create_conversation=wish)).conversation_id
    join = pb.JoinConversation(conversation_id=room)
    for _ in range(2):
        await tybalt.asks("conversation", join_conversation=join)
    ban = pb.MemberChange(action=pb.MEMBER_ACTION_BAN, user_ids=[stand.tybalt.user_id])
    accepted(await romeo.submits(room, member_change=ban))
    await tybalt.refused("banned", join_conversation=join)
    ban.action = pb.MEMBER_ACTION_UNBAN
    accepted(await romeo.submits(room, member_change=ban))
    await tybalt.asks("conversation", join_conversation=join)
    accepted(await romeo.submits(room, dissolve=pb.Dissolved()))


@TOGETHER.holds("12.9", "Who is no longer a member cannot list the members (`not_a_member`).")
async def who_left_cannot_list_the_members(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    await juliet.asks("done", leave_conversation=pb.LeaveConversation(conversation_id=room, client_id=new_id()))
    await juliet.refused("not_a_member", list_members=pb.ListMembers(conversation_id=room))


@TOGETHER.holds(
    "12.10",
    "Who follows one into a group is added by an entry `ADD` that the newcomer sends",
)
async def who_follows_a_link_adds_themselves(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    room = await romeo.group()
    path = f"/api/v1/conversations/{room}/invites"
    made = await stand.call("POST", path, token=await stand.token(stand.romeo), json={"uses": 1})
    equal("the status", made.status, 201)
    token = await stand.token(stand.juliet)
    await stand.call("POST", f"/api/v1/invites/{made.value['invite_id']}", token=token, json={})
    entry = (await romeo.log(room, 1))[0]
    change = entry.member_change
    equal("who sent it", entry.sender_id, stand.juliet.user_id)
    equal("what it says", (change.action, list(change.user_ids)), (pb.MEMBER_ACTION_ADD, [stand.juliet.user_id]))


@TOGETHER.holds("13.3", "The covered range of a page runs over the holes between intervals:")
async def a_page_covers_what_was_said_while_one_was_away(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id, history=False)
    people = [stand.juliet.user_id]
    gone = accepted(
        await romeo.submits(room, member_change=pb.MemberChange(action=pb.MEMBER_ACTION_REMOVE, user_ids=people))
    ).seq
    away = (await romeo.says(room, "while she was away")).seq
    add = pb.MemberChange(action=pb.MEMBER_ACTION_ADD, user_ids=people)
    back = accepted(await romeo.submits(room, member_change=add)).seq
    wish = pb.GetEntries(conversation_id=room, after_seq=gone - 1)
    page = await juliet.asks("entry_page", get_entries=wish)
    equal("what it covers", (page.from_seq, page.to_seq), (gone, back))
    equal("what is on it", [entry.seq for entry in page.entries], [gone, back])
    true(away not in [entry.seq for entry in page.entries], "it shows what was said while she was away")


@TOGETHER.holds(
    "14.3",
    "Raising `read_seq` advances one's version (11), so all devices agree;",
)
async def reading_advances_the_version_and_receiving_does_not(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    head = (await romeo.says(room, "one")).seq

    async def version() -> int:
        return int((await juliet.asks("user_state", get_user_state=pb.GetUserState())).version)

    before = await version()
    await juliet.asks("done", set_mark=pb.SetMark(conversation_id=room, delivered_seq=head))
    equal("her version once she has received it", await version(), before)
    await juliet.asks("done", set_mark=pb.SetMark(conversation_id=room, read_seq=head))
    equal("her version once she has read it", await version(), before + 1)


@TOGETHER.holds("16.5", "`list_online` pages through all who are online.")
async def who_is_online_is_listed(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    await stand.enter(stand.juliet)
    seen: list[str] = []
    cursor = ""
    for _ in range(1_000):
        page = await romeo.asks("presence_page", list_online=pb.ListOnline(cursor=cursor, limit=1))
        seen += [presence.user_id for presence in page.presences]
        cursor = page.next_cursor
        if not cursor:
            break
    true({stand.romeo.user_id, stand.juliet.user_id} <= set(seen), "somebody is missing")
    equal("who came twice", len(seen) - len(set(seen)), 0)


@TOGETHER.holds("16.6", "`get_users` (at most 100 ids and names together, else `too_many_members`)")
async def people_are_found_and_unknown_ones_are_absent(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    names = [stand.tybalt.username, f"nobody-{new_id()[:8]}"]
    wish = pb.GetUsers(user_ids=[stand.juliet.user_id, new_id()], usernames=names)
    page = await talk.asks("user_page", get_users=wish)
    equal("who was found", {user.user_id for user in page.users}, {stand.juliet.user_id, stand.tybalt.user_id})
    await talk.refused("too_many_members", get_users=pb.GetUsers(user_ids=[new_id() for _ in range(101)]))
    found = await talk.asks("user_page", find_users=pb.FindUsers(query=stand.juliet.username))
    true(stand.juliet.user_id in [user.user_id for user in found.users], "she is not found by her name")
