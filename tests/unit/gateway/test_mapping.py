"""What chat says and what travels are the same, in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY, new_id
from hubbub.chat.model import (
    MAX_SEQ,
    Action,
    Body,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    ConversationState,
    Created,
    Dissolved,
    Edit,
    Entry,
    MemberAction,
    MemberChange,
    MemberRow,
    MessageRow,
    MessageState,
    Pin,
    Post,
    React,
    ReactionCount,
    Recall,
    Role,
    ScheduledRow,
    Submit,
)
from hubbub.gateway import mapping_in, mapping_out
from hubbub.wire import hubbub_pb2 as pb

ROOM, ROMEO, JULIET = new_id(), new_id(), new_id()

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
ids = st.sampled_from([ROMEO, JULIET])
seqs = st.integers(0, 2**40)
bodies = st.one_of(
    st.builds(Body, text=texts.filter(bool), fallback=texts),
    st.builds(Body, custom_type=texts.filter(bool), custom_json=texts, fallback=texts),
)
people = st.lists(ids, max_size=3).map(tuple)
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(
        Post,
        body=bodies,
        reply_to_seq=seqs,
        thread_seq=seqs,
        also_in_conversation=st.booleans(),
        mentions=people,
        mention_all=st.booleans(),
    ),
    st.builds(Edit, target_seq=seqs, body=bodies, mentions=people, mention_all=st.booleans()),
    st.builds(Recall, target_seq=seqs),
    st.builds(React, target_seq=seqs, emoji=texts, set=st.booleans()),
    st.builds(Pin, target_seq=seqs, set=st.booleans()),
    st.builds(
        MemberChange,
        action=st.sampled_from(MemberAction),
        user_ids=people,
        role=st.sampled_from(Role),
        muted_until_ms=seqs,
    ),
    st.builds(
        ConversationChange,
        title=st.none() | texts,
        topic=st.none() | texts,
        announcement=st.none() | texts,
        history_for_newcomers=st.none() | st.booleans(),
        mute_all=st.none() | st.booleans(),
        slow_mode_s=st.none() | st.integers(0, 86_400),
    ),
    st.just(Dissolved()),
)


@given(actions, st.sampled_from(["", new_id()]))
def test_a_submit_survives_the_way_out_and_in(action: Action, after: str) -> None:
    command = Submit(ROOM, new_id(), action, after)
    frame = mapping_out.submit(command) if not isinstance(action, Dissolved) else None
    if frame is None:
        frame = pb.Submit(conversation_id=ROOM, client_id=command.client_id, after=after, dissolve=pb.Dissolved())
    assert mapping_in.submit(pb.Submit.FromString(frame.SerializeToString())) == command


@given(actions, seqs)
def test_an_entry_carries_its_action_under_its_name(action: Action, seq: int) -> None:
    frame = mapping_out.entry(Entry(ROOM, seq, 7, ROMEO, new_id(), action))
    assert (frame.conversation_id, frame.seq, frame.time_ms, frame.sender_id) == (ROOM, seq, 7, ROMEO)
    assert frame.WhichOneof("kind") is not None


def test_nobody_has_an_empty_name_on_the_wire() -> None:
    frame = mapping_out.entry(Entry(ROOM, 1, 1, NOBODY, new_id(), Created(ConversationKind.GROUP, "t", (ROMEO,))))
    assert frame.sender_id == ""
    assert frame.created.kind == pb.CONVERSATION_KIND_GROUP


def test_a_withdrawn_message_has_no_body() -> None:
    post = Post(Body(), reply_to_seq=3, mentions=(ROMEO,), withdrawn=True)
    frame = mapping_out.message(post)
    assert not frame.HasField("body")
    assert (frame.withdrawn, frame.reply_to_seq, list(frame.mentions)) == (True, 3, [ROMEO])
    edit = mapping_out.entry(Entry(ROOM, 2, 1, ROMEO, new_id(), Edit(1, Body(), withdrawn=True))).edit
    assert not edit.HasField("body")


def test_what_the_server_fills_is_ignored_in_a_submit() -> None:
    frame = pb.Submit(
        conversation_id=ROOM,
        client_id=new_id(),
        recall=pb.Recall(target_seq=4, target_sender_id=ROMEO, target_counts=True),
    )
    assert mapping_in.submit(frame).action == Recall(4)


def test_ids_may_come_in_any_of_their_forms() -> None:
    hyphens = f"{ROOM[:8]}-{ROOM[8:12]}-{ROOM[12:16]}-{ROOM[16:20]}-{ROOM[20:]}".upper()
    frame = pb.Submit(conversation_id=hyphens, client_id=new_id(), pin=pb.Pin(target_seq=1))
    assert mapping_in.submit(frame).conversation_id == ROOM


@pytest.mark.parametrize(
    "frame",
    [
        pb.Submit(conversation_id=ROOM, client_id=new_id()),
        pb.Submit(conversation_id="", client_id=new_id(), pin=pb.Pin()),
        pb.Submit(conversation_id=ROOM, client_id="x" * 32, pin=pb.Pin()),
        pb.Submit(
            conversation_id=ROOM,
            client_id=new_id(),
            member_change=pb.MemberChange(action=77),  # type: ignore[arg-type]
        ),
        pb.Submit(
            conversation_id=ROOM,
            client_id=new_id(),
            member_change=pb.MemberChange(action=pb.MEMBER_ACTION_ADD, role=9),  # type: ignore[arg-type]
        ),
    ],
)
def test_what_makes_no_sense_is_a_bad_request(frame: pb.Submit) -> None:
    with pytest.raises(ChatError) as caught:
        mapping_in.submit(frame)
    assert caught.value.code is Code.BAD_REQUEST


def test_numbers_no_log_can_reach_are_a_bad_request() -> None:
    assert mapping_in.a_seq(MAX_SEQ - 1, "after_seq") == MAX_SEQ - 1
    for value in (MAX_SEQ, 2**64 - 1):
        with pytest.raises(ChatError):
            mapping_in.a_seq(value, "after_seq")


def test_a_conversation_is_shown_as_its_reader_sees_it() -> None:
    row = ConversationRow(ROOM, ConversationKind.DIRECT, head=9, member_count=2, peers=(ROMEO, JULIET))
    member = MemberRow(ROOM, JULIET, intervals=((1, 4), (7, MAX_SEQ)), read_seq=3, version=5)
    last = MessageState(
        MessageRow(ROOM, 9, 1, ROMEO, new_id(), Post(Body("hi"))), (ReactionCount("👍", 1, (JULIET,), mine=True),)
    )
    frame = mapping_out.conversation(ConversationState(row, member, 2, 1, last))
    assert frame.peer_id == ROMEO
    assert [(each.from_seq, each.to_seq) for each in frame.intervals] == [(1, 4), (7, 0)]
    assert (frame.as_of, frame.unread, frame.mentions, frame.version) == (9, 2, 1, 5)
    assert frame.last_message.message.body.text.text == "hi"
    assert frame.last_message.reactions[0].mine


def test_a_scheduled_message_that_was_refused_says_why() -> None:
    row = ScheduledRow(ROMEO, Submit(ROOM, new_id(), Post(Body("later"))), 99, "muted")
    frame = mapping_out.scheduled_page([row], "next")
    assert frame.scheduled[0].error.code == "muted"
    assert (frame.scheduled[0].due_ms, frame.next_cursor) == (99, "next")
