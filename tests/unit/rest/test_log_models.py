"""What REST says of a message is what chat knows of it, each in its place."""

from __future__ import annotations

import msgspec

from hubbub.chat import model
from hubbub.rest.log_models import Message


def test_every_field_of_a_message_has_the_value_of_its_name() -> None:
    post = model.Post(
        body=model.Body(text="Soft!"),
        reply_to_seq=2,
        thread_seq=3,
        also_in_conversation=True,
        mentions=("d" * 32,),
        mention_all=False,
        forwarded=model.Forwarded(sender_id="e" * 32, conversation_id="f" * 32, seq=4, time_ms=5),
    )
    row = model.MessageRow(
        conversation_id="a" * 32,
        seq=6,
        time_ms=7,
        sender_id="b" * 32,
        client_id="c" * 32,
        post=post,
        recalled=False,
        edits=8,
        edited_ms=9,
        pinned=True,
        thread_replies=10,
        thread_last_seq=11,
    )
    reaction = model.ReactionCount("heart", 12, ("b" * 32,), mine=True)
    said = msgspec.json.decode(msgspec.json.encode(Message.of(model.MessageState(row, (reaction,)))))
    known = msgspec.json.decode(msgspec.json.encode(row)) | msgspec.json.decode(msgspec.json.encode(post))
    for name in ("type", "post", "withdrawn"):
        known.pop(name, None)
    assert {name: said[name] for name in known} == known
    assert said["mention_all"] is said["recalled"] is False
    assert said["reactions"] == [{"emoji": "heart", "count": 12, "user_ids": ["b" * 32], "mine": True}]
    assert said.keys() == known.keys() | {"type", "mention_all", "recalled", "reactions"}
