"""Events as bytes: everything comes back as it was, and what a newer node says does no harm."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.base.ids import new_id
from hubbub.bus.codec import Packed, decode_message, encode_message, pack, unpack
from hubbub.bus.stats import BusStats
from hubbub.chat.model import (
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
    Mark,
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
    UserState,
)
from hubbub.chat.ports import (
    EntriesAppended,
    Event,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    TypingChanged,
    UserChanged,
)

ANNA, BEN, ROOM = (new_id() for _ in range(3))
POST = Post(Body(text="Grüße, 世界 \x00"), reply_to_seq=3, thread_seq=2, mentions=(BEN,), mention_all=True)
ACTIONS: list[Action] = [
    POST,
    Edit(1, Body(custom_type="x/y", custom_json="{}", fallback="z"), previous_mentions=(ANNA,)),
    Recall(1, target_sender_id=ANNA, target_counts=True),
    React(1, "👍", False),
    Pin(1),
    MemberChange(MemberAction.MUTE, (ANNA, BEN), Role.ADMIN, 5),
    ConversationChange(title="", mute_all=True, slow_mode_s=3),
    Created(ConversationKind.GROUP, "t", (ANNA,)),
    Dissolved(),
]
ENTRIES = EntriesAppended(
    ROOM, tuple([Entry(ROOM, seq, 2**41, ANNA, new_id(), action) for seq, action in enumerate(ACTIONS)]), (ANNA, BEN)
)
STATE = ConversationState(
    ConversationRow(ROOM, ConversationKind.DIRECT, head=2**40, peers=(ANNA, BEN)),
    MemberRow(ROOM, ANNA, intervals=((1, 5), (7, 2**63 - 1))),
    3,
    1,
    MessageState(MessageRow(ROOM, 1, 2, ANNA, new_id(), POST), (ReactionCount("x", 1, (BEN,), True),)),
)
EVENTS: list[Event] = [
    ENTRIES,
    UserChanged(ANNA, UserState(1, 2, (STATE,), True)),
    MarksMoved(ROOM, (Mark(ANNA, 1, 2),), None),
    TypingChanged(ROOM, ANNA, True, ()),
    HeadsAnnounced({ROOM: 2**50}, {ROOM: None}),
    LoginEnded(ANNA, "", "session_ended"),
]


def through(*packed: Packed) -> tuple[list[Event], BusStats]:
    stats = BusStats()
    events = [unpack(each, stats) for each in decode_message(encode_message(list(packed)))]
    return [event for event in events if event is not None], stats


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_kind_of_event_comes_back_as_it_was(event: Event) -> None:
    assert through(pack(7, event))[0] == [event]


def test_a_kind_of_event_that_is_not_known_passes_by() -> None:
    newer = (0, 99, msgspec.Raw(msgspec.msgpack.encode({"anything": 1})))
    events, stats = through(pack(0, EVENTS[5]), newer, pack(0, EVENTS[4]))
    assert events == [EVENTS[5], EVENTS[4]]
    assert stats.unknown == 1


def test_a_field_that_is_not_known_is_passed_over() -> None:
    said = msgspec.msgpack.decode(pack(0, EVENTS[3])[2])
    said["mood"] = "happy"
    assert through((0, 4, msgspec.Raw(msgspec.msgpack.encode(said))))[0] == [EVENTS[3]]


def test_entries_of_a_kind_that_is_not_known_become_an_announcement_of_their_head() -> None:
    said = msgspec.msgpack.decode(pack(0, ENTRIES)[2])
    said["entries"][-1]["action"] = {"type": "poll", "question": "?"}
    events, stats = through((0, 1, msgspec.Raw(msgspec.msgpack.encode(said))))
    assert events == [HeadsAnnounced({ROOM: len(ACTIONS) - 1}, {ROOM: (ANNA, BEN)})]
    assert stats.unknown == 1


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x01", msgspec.msgpack.encode([[1, 2]]), msgspec.msgpack.encode({})])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode_message(body)
