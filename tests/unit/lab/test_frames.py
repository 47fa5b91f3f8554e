"""Raw frames become a history without anything being repaired on the way."""

from __future__ import annotations

from hubbub.lab.checker import check
from hubbub.lab.frames import FrameRecorder
from hubbub.lab.history import History
from hubbub.wire import hubbub_pb2 as pb

ROOM, ANN = "c" * 32, "a" * 32


def text(words: str) -> pb.Message:
    return pb.Message(body=pb.Body(text=pb.Text(text=words)))


def a_room(recorder: FrameRecorder) -> None:
    recorder.sent(pb.ClientFrame(id=1, hello=pb.Hello(protocol=1)))
    recorder.sent(pb.ClientFrame(id=2, create_conversation=pb.CreateConversation(client_id="f" * 32)))
    state = pb.ConversationState(
        conversation_id=ROOM,
        kind=pb.CONVERSATION_KIND_GROUP,
        as_of=1,
        state=pb.MEMBER_STATE_JOINED,
        intervals=[pb.Interval(from_seq=1)],
    )
    recorder.received(pb.ServerFrame(reply_to=2, conversation=state))
    created = pb.Created(kind=pb.CONVERSATION_KIND_GROUP, user_ids=[ANN])
    recorder.received(pushed(pb.Entry(conversation_id=ROOM, seq=1, sender_id=ANN, client_id="f" * 32, created=created)))


def pushed(*entries: pb.Entry) -> pb.ServerFrame:
    return pb.ServerFrame(entries=pb.EntryPage(conversation_id=ROOM, entries=entries))


def entry(seq: int, client_id: str, message: pb.Message) -> pb.Entry:
    return pb.Entry(conversation_id=ROOM, seq=seq, sender_id=ANN, client_id=client_id, message=message)


def sends(recorder: FrameRecorder, number: int, words: str, seq: int) -> str:
    client_id = f"{number:032x}"
    submit = pb.Submit(conversation_id=ROOM, client_id=client_id, message=text(words))
    recorder.sent(pb.ClientFrame(id=number, submit=submit))
    answer = pb.Submitted(status=pb.SUBMIT_STATUS_ACCEPTED, conversation_id=ROOM, client_id=client_id, seq=seq)
    recorder.received(pb.ServerFrame(reply_to=number, submitted=answer))
    return client_id


def test_a_message_that_was_sent_answered_and_pushed_is_clean() -> None:
    history = History()
    recorder = FrameRecorder(history, ANN)
    a_room(recorder)
    recorder.received(pushed(entry(2, sends(recorder, 10, "hello", 2), text("hello"))))
    history.audit(ROOM, 2, [1, 2])
    report = check(history)
    assert report.clean, str(report)
    assert (report.accepted, report.entries, report.deliveries) == (1, 2, 2)


def test_a_push_that_leaves_an_entry_out_of_the_range_it_covers_is_lost() -> None:
    history = History()
    recorder = FrameRecorder(history, ANN)
    a_room(recorder)
    for number, seq in ((10, 2), (11, 3)):
        sends(recorder, number, "hello", seq)
    page = pb.EntryPage(conversation_id=ROOM, from_seq=2, to_seq=3, entries=[entry(3, f"{11:032x}", text("hello"))])
    recorder.received(pb.ServerFrame(entries=page))
    assert check(history).lost


def test_a_text_that_changed_on_its_way_is_noticed() -> None:
    history = History()
    recorder = FrameRecorder(history, ANN)
    a_room(recorder)
    recorder.received(pushed(entry(2, sends(recorder, 10, "hello", 2), text("hollo"))))
    assert check(history).phantom == 1


def test_a_recalled_message_may_come_without_its_text() -> None:
    history = History()
    recorder = FrameRecorder(history, ANN)
    a_room(recorder)
    client_id = sends(recorder, 10, "hello", 2)
    recorder.received(pushed(entry(2, client_id, text("hello"))))
    submit = pb.Submit(conversation_id=ROOM, client_id=f"{11:032x}", recall=pb.Recall(target_seq=2))
    recorder.sent(pb.ClientFrame(id=11, submit=submit))
    answer = pb.Submitted(status=pb.SUBMIT_STATUS_ACCEPTED, seq=3)
    recorder.received(pb.ServerFrame(reply_to=11, submitted=answer))
    recall = pb.Recall(target_seq=2, target_sender_id=ANN, target_counts=True)
    recorder.received(
        pushed(pb.Entry(conversation_id=ROOM, seq=3, sender_id=ANN, client_id=f"{11:032x}", recall=recall))
    )
    page = pb.EntryPage(conversation_id=ROOM, entries=[entry(2, client_id, pb.Message(withdrawn=True))])
    recorder.received(pb.ServerFrame(reply_to=12, entry_page=page))
    history.audit(ROOM, 3, [1, 2, 3])
    report = check(history)
    assert report.clean, str(report)


def test_an_answer_that_never_came_leaves_the_command_open() -> None:
    history = History()
    recorder = FrameRecorder(history, ANN)
    a_room(recorder)
    submit = pb.Submit(conversation_id=ROOM, client_id=f"{10:032x}", message=text("hello"))
    recorder.sent(pb.ClientFrame(id=10, submit=submit))
    recorder.closed()
    report = check(history)
    assert report.clean, str(report)
    assert report.unknown == 1


def test_an_error_to_a_submit_is_a_refusal_unless_it_says_otherwise() -> None:
    history = History()
    recorder = FrameRecorder(history, ANN)
    a_room(recorder)
    for number, code in ((10, "muted"), (11, "unknown_outcome")):
        submit = pb.Submit(conversation_id=ROOM, client_id=f"{number:032x}", message=text("hello"))
        recorder.sent(pb.ClientFrame(id=number, submit=submit))
        recorder.received(pb.ServerFrame(reply_to=number, error=pb.Error(code=code)))
    report = check(history)
    assert (report.rejected, report.unknown) == (1, 1)
