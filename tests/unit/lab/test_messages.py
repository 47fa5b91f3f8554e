"""Submits that are put together from parts are those the schema would make."""

from __future__ import annotations

import pytest

from hubbub.lab.history import History
from hubbub.lab.load.messages import Sender, stamp_of
from hubbub.wire import hubbub_pb2 as pb


@pytest.mark.parametrize("size", [16, 200, 5_000, 60_000])
@pytest.mark.parametrize("request_id", [1, 127, 128, 70_000])
def test_a_submit_made_from_parts_says_what_it_should(size: int, request_id: int) -> None:
    observer = History().observer("a" * 32)
    sender = Sender(observer, "c" * 32, size)
    payload, row = sender.make(request_id, 123_456_789)
    frame = pb.ClientFrame.FromString(payload)
    text = frame.submit.message.body.text.text
    assert frame.id == request_id
    assert frame.submit.conversation_id == "c" * 32
    assert len(frame.submit.client_id) == 32
    assert len(text) == size
    assert stamp_of(text) == 123_456_789
    tree, _ = sender.make_frame(request_id, 123_456_789)
    assert tree.submit.message == frame.submit.message
    assert row == 0


def test_no_two_messages_share_a_client_id() -> None:
    observer = History().observer("a" * 32)
    senders = [Sender(observer, "c" * 32, 20) for _ in range(3)]
    ids = {pb.ClientFrame.FromString(sender.make(1, 1)[0]).submit.client_id for sender in senders for _ in range(50)}
    assert len(ids) == 150


def test_a_text_of_somebody_else_carries_no_stamp() -> None:
    assert stamp_of("hello") == 0
