"""Sections 12 and 13: conversations, rights, and what a membership shows."""

from __future__ import annotations

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import accepted, rejected, text
from hubbub.wire import hubbub_pb2 as pb

PLACES = Checks()


@PLACES.holds("12.1", "one per pair of people however often and from whichever side it is opened;")
async def two_people_have_one_private_chat(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    his = await romeo.asks("conversation", open_direct=pb.OpenDirect(user_id=stand.juliet.user_id))
    hers = await juliet.asks("conversation", open_direct=pb.OpenDirect(user_id=stand.romeo.user_id))
    equal("the id", his.conversation_id, hers.conversation_id)
    equal("the peers", (his.peer_id, hers.peer_id), (stand.juliet.user_id, stand.romeo.user_id))


@PLACES.holds("12.2", "the same again answers the same conversation, with other content it is `conflict`.")
async def a_group_is_made_once(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    wish = pb.CreateConversation(client_id=new_id(), kind=pb.CONVERSATION_KIND_GROUP, title="Verona")
    one = await talk.asks("conversation", create_conversation=wish)
    two = await talk.asks("conversation", create_conversation=wish)
    equal("the id", two.conversation_id, one.conversation_id)
    equal("the maker's role", one.role, pb.ROLE_OWNER)
    wish.title = "Mantua"
    await talk.refused("conflict", create_conversation=wish)


@PLACES.holds("12.3", "for a third person a private chat is `conversation_not_found` whether it exists or not.")
async def a_private_chat_is_no_third_persons(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    tybalt = await stand.enter(stand.tybalt)
    chat = await romeo.asks("conversation", open_direct=pb.OpenDirect(user_id=stand.juliet.user_id))
    for place in (chat.conversation_id, new_id()):
        await tybalt.refused("conversation_not_found", get_history=pb.GetHistory(conversation_id=place))
        rejected(await tybalt.submits(place, message=text("let me in")), "conversation_not_found")


@PLACES.holds("12.3", "What one may not do is `forbidden`.")
async def a_member_may_not_what_an_admin_may(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    change = pb.ConversationChange(title="Mine")
    rejected(await juliet.submits(room, conversation_change=change), "forbidden")
    rejected(await juliet.submits(room, dissolve=pb.Dissolved()), "forbidden")
    role = pb.MemberChange(action=pb.MEMBER_ACTION_ROLE, user_ids=[stand.juliet.user_id], role=pb.ROLE_ADMIN)
    accepted(await romeo.submits(room, member_change=role))
    accepted(await juliet.submits(room, conversation_change=change))


@PLACES.holds("12.8", "After `dissolve` every command is refused with `conversation_dissolved`; reading stays.")
async def a_dissolved_conversation_can_be_read_and_nothing_else(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    await talk.says(room, "last words")
    accepted(await talk.submits(room, dissolve=pb.Dissolved()))
    rejected(await talk.submits(room, message=text("one more")), "conversation_dissolved")
    equal("the log", [entry.seq for entry in await talk.log(room)], [1, 2, 3])


@PLACES.holds("12.7", "Both carry `retry_after_ms` where the end is known.")
async def slow_mode_says_how_long_to_wait(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    accepted(await romeo.submits(room, conversation_change=pb.ConversationChange(slow_mode_s=600)))
    await juliet.says(room, "one")
    error = rejected(await juliet.submits(room, message=text("two")), "slow_mode").error
    true(0 < error.retry_after_ms <= 600_000, f"retry_after_ms is {error.retry_after_ms}")
    equal("retry", error.retry, True)


@PLACES.holds("12.12", "Neither field can be submitted (6.12).")
async def a_member_does_not_say_how_long_messages_are_kept(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    await talk.says(room, "to stay")
    before = await talk.asks("conversation", get_conversation=pb.GetConversation(conversation_id=room))
    change = pb.ConversationChange(title="Verona", keep_days=1, kept_from=3)
    accepted(await talk.submits(room, conversation_change=change))
    after = await talk.asks("conversation", get_conversation=pb.GetConversation(conversation_id=room))
    equal("what is kept", (after.keep_days, after.kept_from), (before.keep_days, before.kept_from))
    equal("the title", after.title, "Verona")
    (entry,) = [entry for entry in await talk.log(room) if entry.HasField("conversation_change")]
    said = entry.conversation_change
    equal("what the entry says", (said.HasField("keep_days"), said.HasField("kept_from")), (False, False))


@PLACES.holds("13.2", "Who leaves or is removed by entry N sees N and nothing after it.")
async def who_was_removed_sees_nothing_after_it(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    removal = pb.MemberChange(action=pb.MEMBER_ACTION_REMOVE, user_ids=[stand.juliet.user_id])
    gone = accepted(await romeo.submits(room, member_change=removal)).seq
    await juliet.push("entries", lambda page: page.conversation_id == room and page.to_seq >= gone)
    secret = await romeo.says(room, "now that she is gone")

    def leaked(frame: pb.ServerFrame) -> bool:
        page = frame.entries
        return page.conversation_id == room and any(entry.seq >= secret.seq for entry in page.entries)

    true(await juliet.quiet(leaked, 0.5), "what was said after the removal was pushed")
    equal("her log", [entry.seq for entry in await juliet.log(room)], list(range(1, gone + 1)))
    state = await juliet.asks("conversation", get_conversation=pb.GetConversation(conversation_id=room))
    equal("her intervals", [(i.from_seq, i.to_seq) for i in state.intervals], [(1, gone)])


@PLACES.holds("13.2", "Who is added by entry N sees N and what follows,")
async def who_was_added_later_sees_what_follows(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(history=False)
    await romeo.says(room, "before she came")
    add = pb.MemberChange(action=pb.MEMBER_ACTION_ADD, user_ids=[stand.juliet.user_id])
    added = accepted(await romeo.submits(room, member_change=add)).seq
    await romeo.says(room, "now she is here")
    equal("her log", [entry.seq for entry in await juliet.log(room)], [added, added + 1])
    page = await juliet.asks("history_page", get_history=pb.GetHistory(conversation_id=room))
    shown = [item.message.message.body.text.text for item in page.items if item.HasField("message")]
    equal("her history", shown, ["now she is here"])
