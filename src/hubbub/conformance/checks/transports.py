"""Section 3: the same frames over a WebSocket in two dialects, and over TCP."""

from __future__ import annotations

import json

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, broken, equal, one_of, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import Talk
from hubbub.conformance.wires import Kind, Refused, TcpWire, WebSocketWire
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON

TRANSPORTS = Checks()


async def _plays(stand: Stand, kind: Kind) -> None:
    """One person says something, another hears it, both over one transport."""
    romeo = await stand.enter(stand.romeo, kind=kind)
    juliet = await stand.enter(stand.juliet, kind=kind)
    room = await romeo.group(stand.juliet.user_id)
    await juliet.push("user_changed")
    said = await romeo.says(room, "It is the east 🌅")
    page = await juliet.push("entries", lambda page: page.to_seq == said.seq)
    equal("what was heard", page.entries[-1].message.body.text.text, "It is the east 🌅")


@TRANSPORTS.holds("3.1", "Three transports carry the same frames.")
async def people_hear_each_other_over_websocket_in_binary(stand: Stand) -> None:
    await _plays(stand, Kind.BINARY)


@TRANSPORTS.holds("3.6", "is the canonical JSON of protobuf 3.")
async def people_hear_each_other_over_websocket_in_json(stand: Stand) -> None:
    await _plays(stand, Kind.JSON)


@TRANSPORTS.holds("3.4", "The length is a base-128 varint as in protobuf:")
async def people_hear_each_other_over_tcp(stand: Stand) -> None:
    await _plays(stand, Kind.TCP)


@TRANSPORTS.holds("3.2", "the server picks the first of the client's that it speaks and names it in the answer.")
async def the_first_subprotocol_that_is_known_is_chosen(stand: Stand) -> None:
    for names in ([SUBPROTOCOL_JSON, SUBPROTOCOL_BINARY], ["chess.v9", SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON]):
        wire = await stand.websocket(names)
        equal("the subprotocol", wire.subprotocol, next(name for name in names if "hubbub" in name))


@TRANSPORTS.holds("3.2", "A request that names none of them is refused with status 400 and `unsupported_protocol`;")
async def an_unknown_subprotocol_is_refused(stand: Stand) -> None:
    for names in ([], ["chess.v9"]):
        try:
            await stand.websocket(names)
        except Refused as refused:
            equal("the status", refused.status, 400)
            true(b"unsupported_protocol" in refused.body, f"the body is {refused.body[:100]!r}")
        else:
            broken("the upgrade was accepted")


@TRANSPORTS.holds("3.2", "otherwise the upgrade is refused with status 403 and `bad_origin`.")
async def a_strange_origin_is_refused(stand: Stand) -> None:
    try:
        await stand.websocket([SUBPROTOCOL_BINARY], origin="https://strange.invalid")
    except Refused as refused:
        equal("the status", refused.status, 403)
        true(b"bad_origin" in refused.body, f"the body is {refused.body[:100]!r}")
    else:
        broken("the upgrade was accepted")


@TRANSPORTS.holds("3.3", "Messages may be fragmented; control frames may stand between fragments.")
async def a_fragmented_message_is_one_frame(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    assert isinstance(talk.wire, WebSocketWire)
    await talk.wire.ping()
    await talk.wire.send_pieces(BINARY.encode(pb.ClientFrame(id=4711, ping=pb.Ping(data=b"in pieces"))))
    equal("the pong", (await talk.answer(4711)).pong.data, b"in pieces")


@TRANSPORTS.holds(
    "3.3", "A binary message on the JSON subprotocol, or a text message on the binary one, is `bad_frame`."
)
async def a_message_of_the_wrong_type_ends_the_connection(stand: Stand) -> None:
    for kind, message in ((Kind.JSON, b'{"id": "9", "ping": {}}'), (Kind.BINARY, "text")):
        talk = await stand.enter(stand.romeo, kind=kind)
        await talk.wire.send(message)
        said, end = await talk.ends()
        equal("the error", said, "bad_frame")
        equal("the close code", end.code, 1007)


@TRANSPORTS.holds("3.4", "A frame may arrive in any number of pieces.")
async def a_tcp_frame_may_come_byte_by_byte(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, kind=Kind.TCP)
    await talk.wire.send_pieces(BINARY.encode(pb.ClientFrame(id=4711, ping=pb.Ping(data=b"slowly"))))
    equal("the pong", (await talk.answer(4711)).pong.data, b"slowly")


async def _after_bytes(stand: Stand, data: bytes) -> str:
    talk = await stand.enter(stand.romeo, kind=Kind.TCP)
    assert isinstance(talk.wire, TcpWire)
    await talk.wire.send_raw(data)
    return (await talk.ends())[0]


@TRANSPORTS.holds(
    "3.4", "A length above `frame_bytes` is `too_large` and ends the connection before the bytes are read;"
)
async def a_tcp_frame_that_says_it_is_too_large_is_not_waited_for(stand: Stand) -> None:
    equal("the error", await _after_bytes(stand, b"\xff\xff\xff\xff\x0f"), "too_large")


@TRANSPORTS.holds("3.4", "a varint longer than five bytes is `bad_frame`.")
async def a_tcp_length_that_does_not_end_is_refused(stand: Stand) -> None:
    equal("the error", await _after_bytes(stand, b"\xff\xff\xff\xff\xff"), "bad_frame")


async def _json(talk: Talk, message: str) -> dict[str, object]:
    """Send JSON text and return what the next frame says, pings and pushes passed over."""
    await talk.wire.send(message)
    while True:
        data = await talk.wire.receive()
        if not isinstance(data, bytes):
            broken(f"the connection ended with {data.code} {data.reason}")
        value: dict[str, object] = json.loads(data)
        if "replyTo" in value:
            return value


@TRANSPORTS.holds("3.6", "a decimal *string*; the server also reads a number")
async def large_numbers_are_strings_in_json_and_numbers_are_read(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, kind=Kind.JSON)
    for written in ('"71"', "71"):
        answer = await _json(talk, f'{{"id": {written}, "ping": {{"data": "aGk="}}}}')
        equal("replyTo", answer["replyTo"], "71")
        equal("the data", answer["pong"]["data"], "aGk=")  # type: ignore[index]


@TRANSPORTS.holds("3.6", "the same in camelCase; the server also reads the original name")
async def fields_have_two_names_in_json(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, kind=Kind.JSON)
    room = await talk.group()
    for names in ('"getHistory": {"conversationId"', '"get_history": {"conversation_id"'):
        answer = await _json(talk, f'{{"id": "72", {names}: "{room}"}}}}')
        equal("the page", answer["historyPage"]["conversationId"], room)  # type: ignore[index]


@TRANSPORTS.holds("3.6", "an unknown field")
async def unknown_fields_are_ignored_in_json(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, kind=Kind.JSON)
    answer = await _json(talk, '{"id": "73", "ping": {"colour": "blue"}, "weather": [1, {}]}')
    equal("replyTo", answer["replyTo"], "73")


@TRANSPORTS.holds("3.7", "or anything that is not one JSON object make the message `bad_frame`.")
async def what_is_not_one_json_object_ends_the_connection(stand: Stand) -> None:
    for message in ("[]", "{", '{"id": "1", "ping": {}, "logout": {}}', '{"id": "1", "search": {"query": "\\ud800"}}'):
        talk = await stand.enter(stand.romeo, kind=Kind.JSON)
        await talk.wire.send(message)
        said, end = await talk.ends()
        equal(f"the error of {message}", said, "bad_frame")
        equal("the close code", end.code, 1007)


@TRANSPORTS.holds("5.6", "The server also reads upper case and hyphens, and answers in its own form.")
async def ids_are_read_in_any_form_and_written_in_one(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    plain = room.upper()
    written = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
    state = await talk.asks("conversation", get_conversation=pb.GetConversation(conversation_id=written))
    equal("the id", state.conversation_id, room)
    client_id = new_id()
    first = await talk.says(room, "once", client_id=client_id)
    again = await talk.says(room, "once", client_id=client_id.upper())
    one_of("the seq", again.seq, {first.seq})
