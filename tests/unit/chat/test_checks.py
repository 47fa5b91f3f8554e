"""What may enter, and in which form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.chat.world import ANNA, BEN, fresh_id, person, text

from hubbub.base.errors import ChatError, Code
from hubbub.chat import checks
from hubbub.chat.model import (
    Action,
    Body,
    ConversationChange,
    ConversationKind,
    Created,
    Edit,
    MemberAction,
    MemberChange,
    Pin,
    Post,
    React,
    Recall,
    Role,
    Submit,
)


def refusal(action: Action) -> Code | None:
    try:
        checks.an_action(action)
    except ChatError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (text(""), Code.BAD_REQUEST),
        (text("a\0b"), Code.BAD_REQUEST),
        (text("\udc00"), Code.BAD_REQUEST),
        (text("x" * 65_536), None),
        (text("x" * 65_537), Code.TEXT_TOO_LONG),
        (text("é" * 32_768), None),
        (text("é" * 32_769), Code.TEXT_TOO_LONG),
        (text(also_in_conversation=True), Code.BAD_REQUEST),
        (text(reply_to_seq=-1), Code.BAD_REQUEST),
        (text(mentions=("nobody",)), Code.BAD_REQUEST),
        (text(mentions=tuple(person(number) for number in range(1, 102))), Code.TOO_MANY_MEMBERS),
        (Post(Body(custom_type="poll", custom_json='{"q":"why?"}', fallback="A poll")), None),
        (Post(Body(custom_type="poll", custom_json='{"q":')), Code.BAD_REQUEST),
        (Post(Body(custom_type="poll", custom_json="")), Code.BAD_REQUEST),
        (Post(Body(custom_type="poll", custom_json='"' + "x" * 65_536 + '"')), Code.TOO_LARGE),
        (Post(Body(custom_type="poll", custom_json="[" * 60_000)), Code.BAD_REQUEST),
        (Post(Body(custom_type="poll", custom_json="1", text="both")), Code.BAD_REQUEST),
        (Post(Body(custom_json="1")), Code.BAD_REQUEST),
        (Post(Body(custom_type="x" * 65, custom_json="1")), Code.BAD_REQUEST),
        (Post(Body(text="x", fallback="x" * 4_097)), Code.BAD_REQUEST),
        (Edit(0, Body(text="x")), Code.BAD_REQUEST),
        (Edit(1, Body()), Code.BAD_REQUEST),
        (Recall(2**63), Code.BAD_REQUEST),
        (React(1, ""), Code.BAD_REQUEST),
        (React(1, "  "), Code.BAD_REQUEST),
        (React(1, "👍" * 16), None),
        (React(1, "👍" * 17), Code.BAD_REQUEST),
        (Pin(0), Code.BAD_REQUEST),
        (MemberChange(MemberAction.ADD), Code.BAD_REQUEST),
        (MemberChange(MemberAction.ADD, (ANNA,), Role.OWNER), Code.BAD_REQUEST),
        (MemberChange(MemberAction.ADD, tuple(person(number) for number in range(1, 102))), Code.TOO_MANY_MEMBERS),
        (MemberChange(MemberAction.JOIN), Code.BAD_REQUEST),
        (MemberChange(MemberAction.LEAVE), None),
        (MemberChange(MemberAction.ROLE, (ANNA,)), Code.BAD_REQUEST),
        (MemberChange(MemberAction.TRANSFER, (ANNA, BEN)), Code.BAD_REQUEST),
        (MemberChange(MemberAction.MUTE, (ANNA,), muted_until_ms=-1), Code.BAD_REQUEST),
        (ConversationChange(), Code.BAD_REQUEST),
        (ConversationChange(title="  "), Code.BAD_REQUEST),
        (ConversationChange(title="x" * 513), Code.BAD_REQUEST),
        (ConversationChange(topic=""), None),
        (ConversationChange(slow_mode_s=86_401), Code.BAD_REQUEST),
        (Created(ConversationKind.GROUP), Code.BAD_REQUEST),
    ],
)
def test_every_field_is_bounded(action: Action, code: Code | None) -> None:
    assert refusal(action) is code


def test_what_the_server_fills_in_is_not_taken_from_a_client() -> None:
    forged = Edit(
        2, Body(text="x"), previous_mentions=(ANNA,), target_sender_id=BEN, target_counts=True, withdrawn=True
    )
    assert checks.an_action(forged) == Edit(2, Body(text="x"))
    assert checks.an_action(Recall(2, target_sender_id=BEN, target_mention_all=True)) == Recall(2)
    assert checks.an_action(text("x", withdrawn=True)) == text("x")
    left = MemberChange(MemberAction.LEAVE, (BEN,), Role.ADMIN, 5)
    assert checks.an_action(left) == MemberChange(MemberAction.LEAVE)


def test_ids_have_one_form() -> None:
    plain = "0190aaaabbbb7ccc8dddeeeeffff0001"
    hyphens = "0190AAAA-BBBB-7CCC-8DDD-EEEEFFFF0001"
    submit = checks.submit(Submit(hyphens, hyphens, text(mentions=(hyphens, plain))))
    assert (submit.conversation_id, submit.client_id) == (plain, plain)
    assert submit.action == text(mentions=(plain,))


@pytest.mark.parametrize("value", ["", "x", "g" * 32, "0" * 31, "0" * 33, "0" * 31 + "\n"])
def test_what_is_no_id_is_refused(value: str) -> None:
    for submit in (Submit(value, fresh_id(), text()), Submit(fresh_id(), value, text())):
        with pytest.raises(ChatError) as error:
            checks.submit(submit)
        assert error.value.code is Code.BAD_REQUEST


def test_nothing_follows_itself() -> None:
    key = fresh_id()
    with pytest.raises(ChatError):
        checks.submit(Submit(fresh_id(), key, text(), after=key))


@given(st.text())
def test_any_text_is_taken_as_it_is_or_refused_with_a_code(value: str) -> None:
    holdable = "\0" not in value and len(value.encode(errors="replace")) <= 64
    try:
        value.encode()
    except UnicodeEncodeError:
        holdable = False
    if holdable:
        assert checks.text(value, 64, "text") is value
        return
    with pytest.raises(ChatError) as error:
        checks.text(value, 64, "text")
    assert error.value.code is Code.BAD_REQUEST
