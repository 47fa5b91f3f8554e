"""Every method of Chat as a request and its answer, in msgpack.

The shapes are read from the signatures of `hubbub.chat.service.Chat` once, when this module is imported, so both sides
agree by construction and a new method is one line of `METHODS`.  Structs travel as maps by name: a node that is one
version ahead may add a field with a default and be understood by the other.  Nothing here knows how bytes travel, and
nothing is ever unpickled.

A request is the caller's remaining patience in milliseconds (4 bytes), the length of the method's name (1 byte), the
name, and its arguments.  An answer is one byte that says which kind it is, and its value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, get_args

import msgspec

from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.chat.service import Chat


class Sort(Enum):
    """What it means to ask a second node because the first one did not answer."""

    SUBMIT = "submit"
    """The key of the command decides; answered by a future, in order, and not begun late: its caller may be told
    meanwhile that another node refused it."""
    COMMAND = "command"
    """It changes something, and doing it twice is doing it once; kept in the caller's order."""
    SWITCH = "switch"
    """A command that a later one may undo, so it is not done again once a later one was done, nor begun late."""
    READ = "read"
    """It changes nothing and may go to any node."""
    HINT = "hint"
    """Worth nothing when it is late: never sent again, and nobody is told when it is lost."""


STAMPED = frozenset({Sort.SUBMIT, Sort.SWITCH})
"""What is not begun after a moment that the request names."""


class Turned(msgspec.Struct, frozen=True):
    """The node did not look at the request, so another one may be asked."""

    reason: str
    """`draining`, `stale` or `unknown_method`."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ChatError on its way."""

    code: str
    message: str = ""
    retry_after_s: float = 0.0
    retry: bool = False
    """For a caller that does not know the code."""


PING = b"ping"
"""A request of this name is answered at once by any node that serves; it has no arguments but perhaps `HEARD`."""
HEARD = b"\xc3"

_PATIENCE_BYTES = 4
_NAME_AT = _PATIENCE_BYTES + 1
_MOST_PATIENCE_MS = 2**32 - 1
_DONE, _FAILED, _TURNED = b"\0", b"\1", b"\2"

_BEGIN_BY = "begin_by_ms"

_encoder = msgspec.msgpack.Encoder()
_BEGIN_BY_KEY = _encoder.encode(_BEGIN_BY) + b"\xcf"
"""The key, and the mark of an unsigned integer of 8 bytes."""
_failure_decoder = msgspec.msgpack.Decoder(Failure)
_turned_decoder = msgspec.msgpack.Decoder(Turned)


class Method:
    """One method of Chat on the wire."""

    __slots__ = ("_answers", "_arguments", "_prefix", "_requests", "key", "name", "sort")

    def __init__(self, function: Callable[..., Any], sort: Sort) -> None:
        self.name = function.__name__
        self.sort = sort
        signature = inspect.signature(function, eval_str=True)
        parameters = list(signature.parameters.values())[1:]
        self._arguments = msgspec.defstruct(
            f"{self.name}_arguments", [_field(parameter) for parameter in parameters], gc=False, omit_defaults=True
        )
        stamp = [(_BEGIN_BY, int, 0)] if sort in STAMPED else []
        self._requests = msgspec.msgpack.Decoder(
            msgspec.defstruct(f"{self.name}_request", stamp, bases=(self._arguments,), gc=False, kw_only=True)
        )
        # A submit's return type is the future of its answer.
        answer = get_args(signature.return_annotation)[0] if sort is Sort.SUBMIT else signature.return_annotation
        self._answers = msgspec.msgpack.Decoder(answer)
        self._prefix = bytes((len(self.name),)) + self.name.encode()
        first = parameters[0] if parameters else None
        self.key = _key_of(first.name if first else "")
        """Says by whom or by which conversation the node is chosen, from the arguments; empty: any node will do."""

    def arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> msgspec.Struct:
        """Return the arguments of a call as one value."""
        return self._arguments(*args, **kwargs)

    def request(self, arguments: msgspec.Struct) -> bytes:
        """Return a request but for its patience, see `with_patience`.  Raises ChatError for what cannot be written."""
        try:
            return self._prefix + _encoder.encode(arguments)
        except (UnicodeEncodeError, OverflowError) as problem:
            raise ChatError(Code.BAD_REQUEST, f"The request cannot be sent: {problem}.") from None

    def read_request(self, arguments: memoryview) -> Any:
        """Return what a request asks, see `call` and `is_late`.  Raises ChatError for bytes that are none."""
        try:
            return self._requests.decode(arguments)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise ChatError(Code.BAD_REQUEST, f"{self.name}: {problem}") from None

    def call(self, asked: Any) -> dict[str, Any]:
        """Return the arguments of a request by name."""
        return {name: getattr(asked, name) for name in self._arguments.__struct_fields__}

    def is_late(self, asked: Any, now_ms: int) -> bool:
        """Whether the moment has passed until which this request might be begun, by the clock all nodes share."""
        return self.sort in STAMPED and 0 < asked.begin_by_ms < now_ms

    def read_answer(self, answer: bytes) -> Any:
        """Return the value of an answer.  Raises ChatError if it was refused, or cannot be read; see `turned`."""
        kind = answer[:1]
        try:
            if kind == _DONE:
                return self._answers.decode(memoryview(answer)[1:])
            if kind == _FAILED:
                raise _error(_failure_decoder.decode(memoryview(answer)[1:]))
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise ChatError(Code.UNKNOWN_OUTCOME, f"The answer to {self.name} cannot be read: {problem}") from None
        raise ChatError(Code.UNKNOWN_OUTCOME, f"The answer to {self.name} is of an unknown kind.")


def with_patience(request: bytes, patience_s: float) -> bytes:
    """Return the request as it is sent by a caller who waits so long for the answer."""
    ms = min(max(int(patience_s * 1000), 0), _MOST_PATIENCE_MS)
    return ms.to_bytes(_PATIENCE_BYTES, "big") + request


def begun_by(request: bytes, moment_ms: int) -> bytes:
    """Return a request of a `STAMPED` sort, still without patience, that must not be begun after this moment.

    It is one more field in the map of arguments, which a node of an older version passes over.
    """
    at = 1 + request[0]
    return request[:at] + bytes((request[at] + 1,)) + request[at + 1 :] + _BEGIN_BY_KEY + moment_ms.to_bytes(8, "big")


def opened(request: bytes) -> tuple[float, bytes, memoryview]:
    """Return (patience in seconds, name, arguments) of a request as it came."""
    view = memoryview(request)
    if len(view) < _NAME_AT:
        raise ChatError(Code.BAD_REQUEST, "The request is cut short.")
    name_ends = _NAME_AT + view[_PATIENCE_BYTES]
    patience_ms = int.from_bytes(view[:_PATIENCE_BYTES], "big")
    return patience_ms / 1000, bytes(view[_NAME_AT:name_ends]), view[name_ends:]


def ping(*, heard: bool = False) -> bytes:
    """Return the request that asks only whether a node is there.

    `heard`: whoever asks knows that something may have been turned away, and sends nothing new before the answer.
    """
    return bytes((len(PING),)) + PING + (HEARD if heard else b"")


def done(value: object) -> bytes:
    """Return the answer to a request that was carried out."""
    return _DONE + _encoder.encode(value)


def failed(problem: ChatError) -> bytes:
    """Return the answer to a request that was refused."""
    retry_after_s = problem.retry_after_s
    return _FAILED + _encoder.encode(Failure(problem.code.value, problem.message, retry_after_s, problem.retry))


def turned_away(reason: str) -> bytes:
    """Return the answer to a request that was not looked at."""
    return _TURNED + _encoder.encode(Turned(reason))


def turned(answer: bytes) -> str:
    """Return why the node did not look at the request; empty if it did."""
    if answer[:1] != _TURNED:
        return ""
    try:
        return _turned_decoder.decode(memoryview(answer)[1:]).reason
    except msgspec.DecodeError:
        return "unreadable"


def _error(failure: Failure) -> ChatError:
    try:
        code = Code(failure.code)
    except ValueError:
        # A newer node's code: what matters to the peer is whether to try again.
        code = Code.UNAVAILABLE if failure.retry else Code.BAD_REQUEST
        return ChatError(code, failure.message or failure.code, retry_after_s=failure.retry_after_s)
    if code is Code.RATE_LIMITED and not failure.message:
        return RateLimited(after_s=failure.retry_after_s)
    return ChatError(code, failure.message, retry_after_s=failure.retry_after_s)


def _field(parameter: inspect.Parameter) -> tuple[str, Any] | tuple[str, Any, Any]:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name, parameter.annotation
    return parameter.name, parameter.annotation, parameter.default


def _key_of(first: str) -> Callable[[Any], str]:
    match first:
        case "caller":
            return _user_of_caller
        case "user_id" | "conversation_id":
            return _attribute(first)
        case _:
            return lambda _: ""


def _user_of_caller(arguments: Any) -> str:
    user_id: str = arguments.caller.user_id
    return user_id


def _attribute(name: str) -> Callable[[Any], str]:
    return lambda arguments: str(getattr(arguments, name))


# ---------------------------------------------------------------- the table

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        # Its client_id is looked up before anything else is checked, for ever (protocol.md 6.5).
        Method(Chat.submit, Sort.SUBMIT),
        # The client_id of the person's command names the conversation it made.
        Method(Chat.create_conversation, Sort.COMMAND),
        # The id of a private chat is a function of the pair; opening it again returns it.
        Method(Chat.open_direct, Sort.COMMAND),
        # Who has joined stays joined.
        Method(Chat.join, Sort.SWITCH),
        # Of a group it is an entry under its client_id; who left a channel stays gone.
        Method(Chat.leave, Sort.SWITCH),
        # Marks only grow.
        Method(Chat.set_mark, Sort.COMMAND),
        # Set to values, not changed by them; of two tries the second changes nothing but the time of a draft.
        Method(Chat.set_own, Sort.COMMAND),
        # A row that is there or not.
        Method(Chat.hide, Sort.COMMAND),
        # A row under its client_id, and so is the message it becomes.  Where the first try was kept and the second
        # comes after its time, that one is told SCHEDULED_IN_PAST; the person's list says what is true.
        Method(Chat.schedule, Sort.SWITCH),
        # Gone stays gone: a second try may be told NOT_FOUND, "it was sent or cancelled already", which is so.
        Method(Chat.cancel_scheduled, Sort.SWITCH),
        # Set to a time, but one that comes late must not undo what followed it.
        Method(Chat.set_reminder, Sort.SWITCH),
        # Joins channels; see `join`.
        Method(Chat.add_new_user, Sort.SWITCH),
        # It speaks of this moment; two seconds later it would be a lie.
        Method(Chat.set_typing, Sort.HINT),
        Method(Chat.scheduled, Sort.READ),
        Method(Chat.reminders, Sort.READ),
        Method(Chat.entries, Sort.READ),
        Method(Chat.entries_for_all, Sort.READ),
        Method(Chat.heads, Sort.READ),
        Method(Chat.audience, Sort.READ),
        Method(Chat.listening, Sort.READ),
        Method(Chat.history, Sort.READ),
        Method(Chat.revisions, Sort.READ),
        Method(Chat.pins, Sort.READ),
        Method(Chat.conversation, Sort.READ),
        Method(Chat.conversations, Sort.READ),
        Method(Chat.channels, Sort.READ),
        Method(Chat.members, Sort.READ),
        Method(Chat.bans, Sort.READ),
        Method(Chat.user_state, Sort.READ),
        Method(Chat.resume, Sort.READ),
        Method(Chat.enter, Sort.READ),
        Method(Chat.epoch, Sort.READ),
        Method(Chat.users, Sort.READ),
        Method(Chat.find_users, Sort.READ),
        Method(Chat.search, Sort.READ),
        # Whoever has asked has asked, and who is a contact stays one; a later `remove_contact` may undo it.
        Method(Chat.ask_contact, Sort.SWITCH),
        Method(Chat.answer_contact, Sort.SWITCH),
        Method(Chat.remove_contact, Sort.SWITCH),
        # Set to values, but a block that comes late must not undo what followed it.
        Method(Chat.arrange_contact, Sort.SWITCH),
        Method(Chat.contacts, Sort.READ),
        Method(Chat.hiding, Sort.READ),
        # A row under an id that the asker chose.
        Method(Chat.create_invite, Sort.COMMAND),
        # Gone stays gone.
        Method(Chat.revoke_invite, Sort.COMMAND),
        # Who has joined stays joined, and who has asked has asked; at worst one use of the link is lost.
        Method(Chat.follow_invite, Sort.COMMAND),
        # Taken back stays taken back.
        Method(Chat.withdraw_join_request, Sort.COMMAND),
        # A second try finds the person let in and may be told NOT_FOUND: there is nothing to answer any more.
        Method(Chat.answer_join_request, Sort.COMMAND),
        Method(Chat.invites, Sort.READ),
        Method(Chat.look_at_invite, Sort.READ),
        Method(Chat.join_requests, Sort.READ),
    )
}
