"""From events to messages: whoever follows whatever hears each event once, and each conversation in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.bus.codec import decode_message, unpack
from hubbub.bus.envelope import Seen
from hubbub.bus.followed import Followed
from hubbub.bus.packing import Message, Packer
from hubbub.bus.stats import BusStats
from hubbub.bus.subjects import ALL, Subjects
from hubbub.chat.model import Body, Entry, Mark, Post, UserState
from hubbub.chat.ports import (
    EntriesAppended,
    Event,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    Topic,
    TypingChanged,
    UserChanged,
)

PEOPLE = [f"{number:032x}" for number in range(16, 22)]
ROOMS = [SYSTEM_CONVERSATION, *(f"{number:032x}" for number in range(32, 36))]
SUBJECTS = Subjects(4)


def entry(conversation_id: str, seq: int, text: str = "hello") -> Entry:
    return Entry(conversation_id, seq, 0, PEOPLE[0], f"{seq:032x}", Post(Body(text=text)))


def receive(messages: list[Message], followed: Followed) -> list[Event]:
    """Return what one process with these topics hears."""
    subjects = {SUBJECTS.of_topic(topic) for topic in followed.topics()}
    seen, stats, heard = Seen(), BusStats(), list[Event]()
    for subject, body, _ in messages:
        if subject in subjects:
            for packed in decode_message(body):
                if packed[0] == 0 or seen.first(packed[0]):
                    event = unpack(packed, stats)
                    assert event is not None
                    heard += followed.heard([event])
    return heard


audiences = st.one_of(st.none(), st.lists(st.sampled_from(PEOPLE), unique=True, max_size=4).map(tuple))


@st.composite
def batches(draw: st.DrawFn) -> list[Event]:
    """What one publish may say: entries in order for each room, to audiences that change."""
    seqs = dict.fromkeys(ROOMS, 0)
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 12))):
        room = draw(st.sampled_from(ROOMS))
        audience = draw(audiences)
        match draw(st.integers(0, 4)):
            case 0:
                person = draw(st.sampled_from(PEOPLE))
                events.append(UserChanged(person, UserState(len(events), len(events) + 1, ())))
            case 1:
                events.append(LoginEnded(draw(st.sampled_from(PEOPLE)), f"{len(events):032x}"))
            case 2:
                events.append(MarksMoved(room, (Mark(PEOPLE[0], len(events), 0),), audience))
            case _:
                count = draw(st.integers(1, 3))
                entries = tuple([entry(room, seqs[room] + 1 + number) for number in range(count)])
                seqs[room] += count
                events.append(EntriesAppended(room, entries, audience))
    return events


topics = st.lists(
    st.one_of(
        st.sampled_from(PEOPLE).map(lambda name: Topic("user", name)),
        st.sampled_from(ROOMS[1:]).map(lambda name: Topic("conversation", name)),
        st.just(Topic("all")),
    ),
    max_size=6,
)


def subject_of_order(event: Event) -> str:
    """Return the conversation or person whose order an event belongs to."""
    if isinstance(event, UserChanged | LoginEnded):
        return event.user_id
    assert isinstance(event, EntriesAppended | MarksMoved)
    return event.conversation_id


@given(batches(), topics, st.sampled_from([200, 600, 100_000]))
def test_everybody_hears_what_concerns_them_once_and_each_conversation_in_order(
    events: list[Event], wanted: list[Topic], limit_bytes: int
) -> None:
    followed = Followed()
    for topic in wanted:
        followed.add(topic)
    heard = receive(Packer(SUBJECTS, limit_bytes).pack(events), followed)
    should = followed.heard(events)
    for key in {subject_of_order(event) for event in [*heard, *should]}:
        assert flat(heard, key) == flat(should, key)


def flat(events: list[Event], key: str) -> list[object]:
    """Return what was said of one conversation or person, entry by entry: runs may be split."""
    said: list[object] = []
    for event in events:
        if subject_of_order(event) != key:
            continue
        said += event.entries if isinstance(event, EntriesAppended) else [event]
    return said


def test_each_subject_gets_one_message_per_publish() -> None:
    events: list[Event] = [EntriesAppended(room, (entry(room, 1),), tuple(PEOPLE[:2])) for room in ROOMS * 3]
    messages = Packer(SUBJECTS).pack(events)
    assert sorted(message[0] for message in messages) == sorted({SUBJECTS.of_user(name) for name in PEOPLE[:2]})
    assert {message[2] for message in messages} == {len(events)}


def test_entries_beyond_the_limit_are_split_into_runs() -> None:
    entries = tuple([entry(ROOMS[1], seq, "x" * 10_000) for seq in range(1, 101)])
    messages = Packer(SUBJECTS).pack([EntriesAppended(ROOMS[1], entries, None)])
    assert len(messages) >= 4
    assert max(len(body) for _, body, _ in messages) <= 256 * 1024
    followed = Followed()
    followed.add(Topic("conversation", ROOMS[1]))
    assert flat(receive(messages, followed), ROOMS[1]) == list(entries)


def test_announcements_go_to_all_and_nobody_is_no_audience() -> None:
    packer = Packer(SUBJECTS)
    announced = packer.pack([EntriesAppended(SYSTEM_CONVERSATION, (entry(SYSTEM_CONVERSATION, 1),), None)])
    assert [message[0] for message in announced] == [ALL]
    assert packer.pack([TypingChanged(ROOMS[1], PEOPLE[0], True, ())]) == []


def test_heads_go_only_where_somebody_may_be_concerned() -> None:
    heads = HeadsAnnounced(
        {ROOMS[1]: 5, ROOMS[2]: 6, ROOMS[0]: 7}, {ROOMS[1]: tuple(PEOPLE[:2]), ROOMS[2]: None, ROOMS[0]: None}
    )
    messages = Packer(SUBJECTS).pack([heads])
    expected = {SUBJECTS.of_user(name) for name in PEOPLE[:2]} | {SUBJECTS.of_conversation(ROOMS[2]), ALL}
    assert {message[0] for message in messages} == expected
    followed = Followed()
    for topic in (Topic("user", PEOPLE[0]), Topic("user", PEOPLE[1]), Topic("all")):
        followed.add(topic)
    heard = receive(messages, followed)
    assert sorted(next(iter(event.heads.items())) for event in heard if isinstance(event, HeadsAnnounced)) == [
        (ROOMS[0], 7),
        (ROOMS[1], 5),
    ]
