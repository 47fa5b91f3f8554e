"""What every Chat promises, whether it is asked in this process or over a bus.

The node behind it is the same, so what a question returns is compared with what that node says itself: nothing may be
lost, added or made another type on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable

import pytest
from support.bus_hub import Hub
from support.buses import Buses, on_nats, on_redis
from unit.chat.stage import QUICK, a_memory
from unit.chat.world import ANNA, BEN, CLEO, DORA, fresh_id, text

from hubbub.base.clock import ManualClock, SystemClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION
from hubbub.bus.chat_server import ChatServer, ChatServerSettings
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.local import LocalBus
from hubbub.bus.remote_chat import RemoteChat
from hubbub.chat.contacts import ContactChange, ContactState
from hubbub.chat.invites import Invite
from hubbub.chat.model import (
    Accepted,
    Body,
    Caller,
    ConversationKind,
    Draft,
    Edit,
    Have,
    MemberAction,
    MemberChange,
    Notify,
    OwnChange,
    Post,
    React,
    Recall,
    Submit,
)
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import Event, TypingChanged, UserChanged
from hubbub.chat.service import Chat

ANN = Caller(ANNA, "d" * 32)


class Talk:
    """A chat, the node that answers for it, and what that node told its bus."""

    def __init__(self, chat: Chat, node: ChatNode, clock: ManualClock, heard: list[Event]) -> None:
        self.chat = chat
        self.node = node
        self.clock = clock
        self.heard = heard

    async def group(self, *others: str, title: str = "The group") -> str:
        state = await self.chat.create_conversation(
            ANN, fresh_id(), ConversationKind.GROUP, title=title, user_ids=others
        )
        return state.conversation.id

    def says(self, conversation_id: str, words: str, *, who: str = ANNA, after: str = "") -> asyncio.Future[Accepted]:
        return self.chat.submit(Caller(who), Submit(conversation_id, fresh_id(), text(words), after))


@contextlib.asynccontextmanager
async def remotely(node: ChatNode, buses: Buses) -> AsyncIterator[Chat]:
    """Ask the node over a bus, from a process of its own."""
    asker, server_side = await buses.join("gateway"), await buses.join("chat")
    incarnation = server_side.incarnation
    server = ChatServer(node, server_side.calls, SystemClock(), ChatServerSettings(linger_s=0.0))
    await server.start(incarnation)
    remote = RemoteChat(asker.calls, lambda: [incarnation], SystemClock())
    remote.start()
    try:
        yield remote
    finally:
        await remote.stop()
        await server.stop()


@pytest.fixture(params=["direct", "local", "hub", "nats", "redis"])
async def talk(request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    clock = ManualClock()
    bus, heard = LocalBus(), list[Event]()
    bus.feed(heard.extend, everything=True)
    node = ChatNode(a_memory(clock, (ANNA, BEN, CLEO, DORA)), bus, clock, QUICK)
    await node.start()
    hub = Hub()

    async def on_hub(name: str) -> ClusterBus:
        return hub.join(name)

    async def on_a_server(name: str) -> ClusterBus:
        return await on_nats(request.getfixturevalue("nats_server").url, name)

    async def on_another(name: str) -> ClusterBus:
        return await on_redis(request.getfixturevalue("redis_server").url, name)

    try:
        if request.param == "direct":
            yield Talk(node, node, clock, heard)
            return
        buses = Buses({"local": None, "hub": on_hub, "nats": on_a_server, "redis": on_another}[request.param])
        try:
            async with remotely(node, buses) as chat:
                yield Talk(chat, node, clock, heard)
        finally:
            await buses.close()
    finally:
        await node.stop()


async def refusal(asked: Awaitable[object]) -> Code:
    with pytest.raises(ChatError) as caught:
        await asked
    return caught.value.code


# ---------------------------------------------------------------- commands


async def test_what_is_accepted_is_in_the_log(talk: Talk) -> None:
    group = await talk.group(BEN)
    accepted = await talk.says(group, "Soft! \N{WAVING HAND SIGN} 你好")
    page = await talk.node.entries_for_all(group, 1, 10)
    assert [(entry.seq, entry.action) for entry in page.entries] == [
        (accepted.seq, Post(Body("Soft! \N{WAVING HAND SIGN} 你好")))
    ]
    assert accepted.time_ms == page.entries[0].time_ms


async def test_pipelined_commands_of_one_caller_are_decided_in_the_order_of_the_calls(talk: Talk) -> None:
    group = await talk.group(BEN)
    sent = [talk.says(group, f"{number}") for number in range(200)]
    assert [(await each).seq for each in sent] == list(range(2, 202))
    page = await talk.node.entries_for_all(group, 1, 200)
    assert [entry.action for entry in page.entries] == [Post(Body(f"{number}")) for number in range(200)]


async def test_the_same_client_id_is_the_same_entry_and_other_content_a_conflict(talk: Talk) -> None:
    group = await talk.group()
    command = Submit(group, fresh_id(), text("hi"))
    first = await talk.chat.submit(ANN, command)
    assert await talk.chat.submit(ANN, command) == Accepted(first.seq, first.time_ms, repeated=True)
    assert await refusal(talk.chat.submit(ANN, Submit(group, command.client_id, text("ho")))) is Code.CONFLICT


async def test_a_refused_command_takes_what_follows_it_along(talk: Talk) -> None:
    group = await talk.group()
    refused = Submit(group, fresh_id(), Edit(99, Body("nothing is there")))
    follower = Submit(group, fresh_id(), text("after that"), after=refused.client_id)
    answers = [talk.chat.submit(ANN, refused), talk.chat.submit(ANN, follower)]
    assert await refusal(answers[0]) is Code.MESSAGE_NOT_FOUND
    assert await refusal(answers[1]) is Code.PREDECESSOR_MISSING


async def test_refusals_have_their_codes(talk: Talk) -> None:
    group, chat = await talk.group(), talk.chat
    assert await refusal(talk.says(group, "who am I", who=CLEO)) is Code.NOT_A_MEMBER
    assert await refusal(talk.says(fresh_id(), "anybody?")) is Code.CONVERSATION_NOT_FOUND
    assert await refusal(chat.history(Caller(CLEO), group)) is Code.NOT_A_MEMBER
    assert await refusal(chat.hide(ANN, group, 99)) is Code.MESSAGE_NOT_FOUND
    assert await refusal(chat.conversations(ANN, "no cursor", 10)) is Code.BAD_CURSOR
    assert await refusal(chat.cancel_scheduled(ANN, group, fresh_id())) is Code.NOT_FOUND
    assert await refusal(chat.open_direct(ANN, "nobody")) is Code.BAD_REQUEST


async def test_text_that_no_database_could_hold_is_refused(talk: Talk) -> None:
    group = await talk.group()
    assert await refusal(talk.says(group, "half \ud800")) is Code.BAD_REQUEST
    assert await refusal(talk.says(group, "nul \0")) is Code.BAD_REQUEST
    assert await refusal(talk.chat.find_users(ANN, "half \ud800", "", 10)) is Code.BAD_REQUEST


async def test_conversations_are_made_opened_joined_and_left(talk: Talk) -> None:
    chat = talk.chat
    key = fresh_id()
    made = await chat.create_conversation(
        ANN, key, ConversationKind.CHANNEL, title="Verona", topic="fair", history_for_newcomers=False
    )
    again = await chat.create_conversation(
        ANN, key, ConversationKind.CHANNEL, title="Verona", topic="fair", history_for_newcomers=False
    )
    assert again.conversation.id == made.conversation.id
    assert (made.conversation.topic, made.conversation.history_for_newcomers) == ("fair", False)
    direct = await chat.open_direct(ANN, BEN)
    assert (await chat.open_direct(Caller(BEN), ANNA)).conversation.id == direct.conversation.id
    channel = made.conversation.id
    assert (await chat.join(Caller(CLEO), channel)).conversation.member_count == 2
    await chat.leave(Caller(CLEO), channel, fresh_id())
    assert (await chat.conversation(ANN, channel)).conversation.member_count == 1
    await chat.add_new_user(DORA)
    await chat.add_new_user(DORA)
    mine, _ = await chat.conversations(Caller(DORA), "", 10)
    assert {state.conversation.id for state in mine} == {SYSTEM_CONVERSATION, GENERAL_CHANNEL}


async def test_marks_grow_and_hidden_entries_are_withheld(talk: Talk) -> None:
    group, chat = await talk.group(BEN), talk.chat
    await talk.says(group, "see me")
    await chat.set_mark(Caller(BEN), group, 2, 2)
    await chat.set_mark(Caller(BEN), group, 1, 1)
    assert (await chat.conversation(Caller(BEN), group)).member.read_seq == 2
    await chat.hide(Caller(BEN), group, 2)
    assert [entry.seq for entry in (await chat.entries(Caller(BEN), group, 0, 10)).entries] == [1]
    assert [entry.seq for entry in (await chat.entries(ANN, group, 0, 10)).entries] == [1, 2]


async def test_what_is_scheduled_waits_until_it_is_cancelled(talk: Talk) -> None:
    group, chat = await talk.group(), talk.chat
    command = Submit(group, fresh_id(), text("tomorrow"))
    due = talk.clock.now_ms() + 60_000
    await chat.schedule(ANN, command, due)
    await chat.schedule(ANN, command, due)
    rows, following = await chat.scheduled(ANN, "", 10)
    assert ([(row.submit, row.due_ms) for row in rows], following) == ([(command, due)], "")
    await chat.cancel_scheduled(ANN, group, command.client_id)
    assert await chat.scheduled(ANN, "", 10) == ([], "")


async def test_one_is_reminded_of_a_message_when_its_time_has_come(talk: Talk) -> None:
    group, chat = await talk.group(BEN), talk.chat
    seq = (await talk.says(group, "Answer me")).seq
    due = talk.clock.now_ms() + 60_000
    row = await chat.set_reminder(Caller(BEN), group, seq, due, "  soon ")
    assert (row.conversation_id, row.seq, row.due_ms, row.note, row.due) == (group, seq, due, "soon", False)
    assert await chat.reminders(Caller(BEN), "", 10) == ([row], "")
    assert await chat.reminders(ANN, "", 10) == ([], "")
    await talk.node.reminding.remind()
    talk.heard.clear()
    talk.clock.advance(60)
    await talk.node.reminding.remind()
    await talk.node.told()
    told = [row for event in talk.heard if isinstance(event, UserChanged) for row in event.state.reminders]
    assert [(one.seq, one.due) for one in told] == [(seq, True)]
    assert await chat.set_reminder(Caller(BEN), group, seq, due, "soon") == told[0], "a late retry changes nothing"
    assert (await chat.set_reminder(Caller(BEN), group, seq, 0, "")).empty
    assert await chat.reminders(Caller(BEN), "", 10) == ([], "")


async def test_one_is_reminded_only_of_messages_one_may_see(talk: Talk) -> None:
    group, chat = await talk.group(BEN), talk.chat
    seq = (await talk.says(group, "Answer me")).seq
    due = talk.clock.now_ms() + 60_000
    assert await refusal(chat.set_reminder(Caller(CLEO), group, seq, due, "")) is Code.NOT_A_MEMBER
    assert await refusal(chat.set_reminder(ANN, group, 1, due, "")) is Code.MESSAGE_NOT_FOUND
    assert await refusal(chat.set_reminder(ANN, group, seq + 9, due, "")) is Code.MESSAGE_NOT_FOUND
    assert await refusal(chat.set_reminder(ANN, fresh_id(), seq, due, "")) is Code.CONVERSATION_NOT_FOUND
    assert await refusal(chat.set_reminder(ANN, group, seq, due - 60_000, "")) is Code.SCHEDULED_IN_PAST
    await chat.submit(ANN, Submit(group, fresh_id(), Recall(seq)))
    assert await refusal(chat.set_reminder(ANN, group, seq, due, "")) is Code.MESSAGE_RECALLED
    assert (await chat.set_reminder(Caller(CLEO), group, seq, 0, "")).empty, "what is not there can be taken away"


async def test_typing_is_told(talk: Talk) -> None:
    group = await talk.group(BEN)
    await talk.chat.set_typing(ANN, group, True)
    typed = [event for event in talk.heard if isinstance(event, TypingChanged)]
    assert [(event.conversation_id, event.user_id, event.typing) for event in typed] == [(group, ANNA, True)]


# ---------------------------------------------------------------- questions


async def test_every_question_is_answered_as_the_node_answers_it(talk: Talk) -> None:
    chat, node = talk.chat, talk.node
    group = await talk.group(BEN)
    message = await talk.says(group, "Soft!")
    await talk.says(group, "me too", who=BEN)
    await chat.submit(Caller(BEN), Submit(group, fresh_id(), React(message.seq, "+1")))
    await chat.submit(ANN, Submit(group, fresh_id(), Edit(message.seq, Body("Soft! What light"), (BEN,))))
    await chat.submit(ANN, Submit(group, fresh_id(), MemberChange(MemberAction.ADD, (CLEO,))))
    epoch = await chat.epoch()
    assert epoch == await node.epoch()
    for ask in (chat, node):
        assert await ask.entries(ANN, group, 1, 3) == await node.entries(ANN, group, 1, 3)
        assert await ask.entries_for_all(group, 0, 10) == await node.entries_for_all(group, 0, 10)
        assert await ask.heads([group, SYSTEM_CONVERSATION]) == await node.heads([group, SYSTEM_CONVERSATION])
        assert await ask.audience(ANN) == await node.audience(ANN)
        assert await ask.listening([ANNA, BEN]) == await node.listening([ANNA, BEN])
        assert await ask.history(ANN, group) == await node.history(ANN, group)
        assert await ask.history(ANN, group, around_seq=2, limit=2) == await node.history(
            ANN, group, around_seq=2, limit=2
        )
        assert await ask.revisions(ANN, group, message.seq) == await node.revisions(ANN, group, message.seq)
        assert await ask.pins(ANN, group, "", 2) == await node.pins(ANN, group, "", 2)
        assert await ask.conversation(ANN, group) == await node.conversation(ANN, group)
        assert await ask.conversations(ANN, "", 1) == await node.conversations(ANN, "", 1)
        assert await ask.channels(ANN, "gen", "", 10) == await node.channels(ANN, "gen", "", 10)
        assert await ask.members(ANN, group, "", 2) == await node.members(ANN, group, "", 2)
        assert await ask.user_state(ANN, 0, 10) == await node.user_state(ANN, 0, 10)
        assert await ask.users(ANN, [ANNA], ["user1"]) == await node.users(ANN, [ANNA], ["user1"])
        assert await ask.find_users(ANN, "user", "", 2) == await node.find_users(ANN, "user", "", 2)
        held = [Have(group, 2)]
        assert await ask.resume(ANN, epoch, 0, held) == await node.resume(ANN, epoch, 0, held)
        assert await ask.resume(ANN, "another", 0, held) == await node.resume(ANN, "another", 0, held)
        for claimed in (epoch, "another", ""):
            entered = await ask.enter(ANN, claimed, 1, held)
            assert entered == await node.enter(ANN, claimed, 1, held)
            assert entered.resumed == await node.resume(ANN, claimed, 1, held)
            assert [entered.listening] == await node.listening([ANNA])


async def test_a_question_about_very_many_conversations_is_answered_whole(talk: Talk) -> None:
    group = await talk.group()
    names = [*(fresh_id() for _ in range(9_000)), group]
    assert await talk.chat.heads(names) == {group: 1}
    assert {each.user_id for each in await talk.chat.listening([ANNA, BEN] * 150)} == {ANNA, BEN}


async def test_answers_far_larger_than_a_bus_message_arrive_whole(talk: Talk) -> None:
    group = await talk.group()
    long = "x" * 60_000
    sent = [talk.says(group, long) for _ in range(20)]
    await asyncio.gather(*sent)
    head = 1 + len(sent)
    resumed = await talk.chat.resume(ANN, await talk.chat.epoch(), 0, [Have(group, 1)])
    assert resumed == await talk.node.resume(ANN, resumed.epoch, 0, [Have(group, 1)])
    assert head in (page.as_of for page in resumed.pages)


async def test_searching_arranging_and_inviting_are_the_same_wherever_they_are_asked(talk: Talk) -> None:
    ask, node = talk.chat, talk.node
    group = await talk.group()
    await talk.says(group, "soft, what light")
    assert await ask.search(ANN, "soft", from_="me", limit=5) == await node.search(ANN, "soft", from_="me", limit=5)
    found = await ask.search(ANN, "the gr")
    assert [state.conversation.id for state in found.conversations] == [group]
    await ask.set_own(ANN, group, OwnChange(pinned=True, notify=Notify.MENTIONS, draft=Draft("But so")))
    own = (await ask.conversation(ANN, group)).own
    assert (own.pinned, own.notify, own.draft and own.draft.text) == (True, Notify.MENTIONS, "But so")
    await ask.set_own(ANN, group, OwnChange(thread_draft=Draft("So", thread_seq=2)))
    assert [(one.text, one.thread_seq) for one in (await ask.conversation(ANN, group)).own.thread_drafts] == [("So", 2)]
    with pytest.raises(ChatError) as refused:
        await ask.set_own(ANN, group, OwnChange(thread_draft=Draft("So")))
    assert refused.value.code is Code.BAD_REQUEST
    with pytest.raises(ChatError) as refused:
        await ask.set_own(ANN, group, OwnChange())
    assert refused.value.code is Code.BAD_REQUEST
    invite = await ask.create_invite(ANN, Invite(fresh_id(), group, uses_left=1))
    assert [invite] == await ask.invites(ANN, group) == await node.invites(ANN, group)
    assert await ask.look_at_invite(Caller(BEN), invite.id) == await node.look_at_invite(Caller(BEN), invite.id)
    assert (await ask.follow_invite(Caller(BEN), invite.id, "")).joined
    asking = await ask.create_invite(ANN, Invite(fresh_id(), group, approval=True))
    assert (await ask.follow_invite(Caller(CLEO), asking.id, "please")).asked
    await ask.withdraw_join_request(Caller(CLEO), asking.id)
    assert (await ask.conversation(ANN, group)).join_requests == 0
    assert (await ask.follow_invite(Caller(CLEO), asking.id, "please")).asked
    waiting, _ = await ask.join_requests(ANN, group, "", 5)
    assert [request.user_id for request in waiting] == [CLEO]
    await ask.answer_join_request(ANN, group, CLEO, True)
    await ask.revoke_invite(ANN, group, asking.id)
    assert await ask.invites(ANN, group) == []
    assert len((await ask.members(ANN, group, "", 9))[1]) == 3
    await ask.submit(ANN, Submit(group, fresh_id(), MemberChange(MemberAction.BAN, (CLEO,))))
    assert [row.user_id for row in (await ask.bans(ANN, group, "", 9))[0]] == [CLEO]
    assert await ask.bans(ANN, group, "", 9) == await node.bans(ANN, group, "", 9)
    with pytest.raises(ChatError) as refused:
        await ask.bans(Caller(BEN), group, "", 9)
    assert refused.value.code is Code.FORBIDDEN


async def test_contacts_are_the_same_wherever_they_are_asked(talk: Talk) -> None:
    ask, node, ben = talk.chat, talk.node, Caller(BEN)
    assert (await ask.ask_contact(ANN, BEN, "hello")).note == "hello"
    assert (await ask.answer_contact(ben, ANNA, True)).state is ContactState.ACCEPTED
    assert (await ask.arrange_contact(ANN, BEN, ContactChange(blocked=True, name="B"))).blocked
    assert await ask.contacts(ANN, "", 9) == await node.contacts(ANN, "", 9)
    assert await ask.hiding(ben, [ANNA, CLEO]) == [ANNA]
    assert await refusal(ask.open_direct(ben, ANNA)) is Code.FORBIDDEN
    assert (await ask.user_state(ANN, 0, 9)).contacts == (await node.user_state(ANN, 0, 9)).contacts != ()
    await ask.remove_contact(ben, ANNA)
    assert (await ask.contacts(ben, "", 9))[0] == []
