"""Every method of Chat travels, whole, and what cannot be read is an error and no surprise."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest
from unit.chat.world import ANNA, BEN, fresh_id

from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.bus import chat_codec
from hubbub.bus.chat_codec import METHODS, Sort
from hubbub.bus.remote_chat import RemoteChat
from hubbub.chat.contacts import ContactChange
from hubbub.chat.model import (
    MAX_SEQ,
    Accepted,
    Action,
    Body,
    Caller,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    ConversationState,
    Created,
    Dissolved,
    Edit,
    Entry,
    Have,
    HistoryPage,
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
    Resumed,
    Submit,
)
from hubbub.chat.service import Chat

PROMISED = {name for name, member in vars(Chat).items() if inspect.isfunction(member) and not name.startswith("_")}

ACTIONS: tuple[Action, ...] = (
    Post(Body("Soft!"), 3, 4, True, (ANNA,), True),
    Post(Body(custom_type="x", custom_json="{}", fallback="f")),
    Edit(1, Body("What light"), (BEN,), previous_mentions=(ANNA,), target_counts=True),
    Recall(1, ANNA, True, (BEN,), True),
    React(1, "\N{WAVING HAND SIGN}", False),
    Pin(MAX_SEQ),
    MemberChange(MemberAction.ADD, (ANNA, BEN), muted_until_ms=5),
    ConversationChange(title="", mute_all=False),
    Created(ConversationKind.GROUP, "G", (ANNA,)),
    Dissolved(),
)


def over(name: str, *args: object) -> Any:
    """Return the arguments of a request as the other side reads them."""
    method = METHODS[name]
    request = chat_codec.with_patience(method.request(method.arguments(args, {})), 2.5)
    patience_s, read_name, arguments = chat_codec.opened(request)
    assert (patience_s, read_name) == (2.5, name.encode())
    return method.read_request(arguments)


def test_every_method_of_chat_travels() -> None:
    assert set(METHODS) == PROMISED


def test_every_method_of_chat_can_be_asked_remotely_with_the_same_arguments() -> None:
    for name in PROMISED:
        function = getattr(RemoteChat, name)
        assert callable(function)
        if function.__qualname__.startswith("RemoteChat."):
            parameters = list(inspect.signature(function).parameters)
            assert parameters == list(inspect.signature(getattr(Chat, name)).parameters)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_every_action_arrives_as_it_was_sent(action: Action) -> None:
    caller = Caller(ANNA, "d" * 32, True, frozenset({"chat", "bots"}))
    command = Submit(fresh_id(), fresh_id(), action, after=fresh_id())
    read = over("submit", caller, command)
    assert (read.caller, read.command) == (caller, command)


def test_a_page_tells_messages_and_entries_apart() -> None:
    message = MessageRow("c", 2, 5, ANNA, "k", Post(Body("x")), edits=1)
    page = HistoryPage(
        "c",
        1,
        2,
        2,
        (Entry("c", 1, 4, ANNA, "j", Created(ConversationKind.GROUP)), MessageState(message, _reactions())),
        False,
        True,
    )
    assert METHODS["history"].read_answer(chat_codec.done(page)) == page


def _reactions() -> tuple[ReactionCount, ...]:
    return (ReactionCount("+1", 2, (ANNA, BEN), True),)


def test_values_of_every_shape_arrive_as_they_were_sent() -> None:
    heads = {"c" * 32: MAX_SEQ, "d" * 32: 0}
    assert METHODS["heads"].read_answer(chat_codec.done(heads)) == heads
    members = (7, [MemberRow("c", ANNA, intervals=((1, MAX_SEQ),))], "cursor")
    assert METHODS["members"].read_answer(chat_codec.done(members)) == members
    resumed = Resumed("e", True, 3)
    assert METHODS["resume"].read_answer(chat_codec.done(resumed)) == resumed
    assert METHODS["hide"].read_answer(chat_codec.done(None)) is None
    assert METHODS["submit"].read_answer(chat_codec.done(Accepted(1, 2, True))) == Accepted(1, 2, True)
    read = over("resume", Caller(ANNA), "e", 3, [Have("c", 5)])
    assert read.have == [Have("c", 5)]
    row = ConversationRow("c", ConversationKind.DIRECT, peers=(ANNA, BEN))
    state = ConversationState(row, MemberRow("c", ANNA), 1, 0)
    assert METHODS["conversations"].read_answer(chat_codec.done(([state], ""))) == ([state], "")


@pytest.mark.parametrize(
    "problem",
    [
        ChatError(Code.NOT_A_MEMBER),
        ChatError(Code.BAD_REQUEST, "The title is empty."),
        ChatError(Code.UNAVAILABLE, retry_after_s=1.5),
        RateLimited(after_s=0.25),
    ],
    ids=lambda problem: str(problem.code),
)
def test_a_refusal_arrives_with_its_code_its_sentence_and_its_wait(problem: ChatError) -> None:
    with pytest.raises(ChatError) as caught:
        METHODS["hide"].read_answer(chat_codec.failed(problem))
    read = caught.value
    assert (type(read), read.code, str(read), read.retry_after_s) == (
        type(problem),
        problem.code,
        str(problem),
        problem.retry_after_s,
    )


@pytest.mark.parametrize(("retry", "expected"), [(True, Code.UNAVAILABLE), (False, Code.BAD_REQUEST)])
def test_a_code_of_a_newer_node_says_at_least_whether_to_try_again(retry: bool, expected: Code) -> None:
    body = msgspec.msgpack.encode(chat_codec.Failure("from_tomorrow", "Wait for the moon.", retry=retry))
    with pytest.raises(ChatError, match="moon") as caught:
        METHODS["hide"].read_answer(b"\1" + body)
    assert caught.value.code is expected


def test_text_that_cannot_be_written_is_a_bad_request() -> None:
    method = METHODS["open_direct"]
    with pytest.raises(ChatError) as caught:
        method.request(method.arguments((Caller(ANNA), "half \ud800"), {}))
    assert caught.value.code is Code.BAD_REQUEST
    method = METHODS["hide"]
    with pytest.raises(ChatError) as caught:
        method.request(method.arguments((Caller(ANNA), "c", 2**70), {}))
    assert caught.value.code is Code.BAD_REQUEST


@pytest.mark.parametrize("noise", [b"", b"\0", b"\0\xff", b"\1\x90", b"\7x", b"\2"], ids=repr)
def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(noise: bytes) -> None:
    with pytest.raises(ChatError) as caught:
        METHODS["submit"].read_answer(noise)
    assert caught.value.code is Code.UNKNOWN_OUTCOME


def test_a_request_that_cannot_be_read_is_refused() -> None:
    for noise in (b"", b"\0\0\0\1"):
        with pytest.raises(ChatError):
            chat_codec.opened(noise)
    for arguments in (b"", b"\xc1", b"\x80", b"\x81\xa6caller\xff"):
        with pytest.raises(ChatError) as caught:
            METHODS["submit"].read_request(memoryview(arguments))
        assert caught.value.code is Code.BAD_REQUEST


def test_an_unknown_field_of_a_newer_node_is_ignored() -> None:
    arguments = msgspec.msgpack.encode({"caller": {"user_id": ANNA, "mood": 1}, "user_id": BEN, "colour": "red"})
    read = METHODS["open_direct"].read_request(memoryview(arguments))
    assert (read.caller, read.user_id) == (Caller(ANNA), BEN)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.sort is Sort.SWITCH])
def test_until_when_a_command_may_be_begun_is_read_by_new_nodes_and_passed_over_by_old_ones(name: str) -> None:
    method = METHODS[name]
    given = {
        "caller": Caller(ANNA),
        "conversation_id": BEN,
        "client_id": ANNA,
        "command": Submit(BEN, ANNA, Post(Body(text="later"))),
        "due_ms": 7,
        "seq": 3,
        "user_id": ANNA,
        "note": "it is me",
        "accept": True,
        "change": ContactChange(),
    }
    arguments = method.arguments(
        (), {field: given[field] for field in inspect.signature(getattr(Chat, name)).parameters if field != "self"}
    )
    plain = method.request(arguments)
    stamped = chat_codec.begun_by(plain, 2**40)
    _, _, body = chat_codec.opened(chat_codec.with_patience(stamped, 1.0))
    assert msgspec.msgpack.decode(body, type=type(arguments)) == arguments
    asked = method.read_request(body)
    assert method.call(asked) == msgspec.structs.asdict(arguments)
    assert (method.is_late(asked, 2**40), method.is_late(asked, 2**40 + 1)) == (False, True)
    _, _, body = chat_codec.opened(chat_codec.with_patience(plain, 1.0))
    assert not method.is_late(method.read_request(body), 2**60)


def test_only_typing_may_be_forgotten_and_only_what_changes_something_is_kept_in_order() -> None:
    assert {name for name, method in METHODS.items() if method.sort is Sort.HINT} == {"set_typing"}
    assert [name for name, method in METHODS.items() if method.sort is Sort.SUBMIT] == ["submit"]
