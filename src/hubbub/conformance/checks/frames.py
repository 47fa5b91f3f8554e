"""Sections 5 and 17: requests and answers, frames that are none, limits."""

from __future__ import annotations

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import rejected, text
from hubbub.conformance.wires import Kind
from hubbub.wire import hubbub_pb2 as pb

FRAMES = Checks()


@FRAMES.holds(
    "5.1", "Every request gets exactly one answer, whose `reply_to` is that `id`, unless the connection ends first."
)
async def every_request_gets_one_answer(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    wanted = [await talk.send(frame_id=1000 + place, get_server_info=pb.GetServerInfo()) for place in range(50)]
    for frame_id in wanted:
        await talk.answer(frame_id)
    await talk.asks("pong", ping=pb.Ping())
    equal("answers beyond those", [frame.reply_to for frame in talk.frames if frame.reply_to], [])


@FRAMES.holds("5.3", "is answered `unknown_frame`; the connection stays.")
async def a_frame_of_an_unknown_kind_is_answered(stand: Stand) -> None:
    for kind, data in ((Kind.BINARY, b"\x08\x4d\x9a\x06\x00"), (Kind.JSON, '{"id": "77", "teleport": {}}')):
        talk = await stand.enter(stand.romeo, kind=kind)
        await talk.wire.send(data)
        equal("the error", (await talk.answer(77)).error.code, "unknown_frame")
        await talk.asks("pong", ping=pb.Ping())


@FRAMES.holds("5.4", "A frame that cannot be parsed is `bad_frame` and one above `frame_bytes` is `too_large`;")
async def a_frame_that_cannot_be_parsed_ends_the_connection(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    await talk.wire.send(b"\xff\xff\xff\xff\xff\xff")
    said, end = await talk.ends()
    equal("the error", (said, end.code), ("bad_frame", 1007))


@FRAMES.holds("17.1", "`welcome.limits` has the values that hold; these are the defaults.")
async def a_frame_above_the_limit_ends_the_connection(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    limits = talk.welcome.limits
    true(limits.frame_bytes and limits.text_bytes and limits.page_entries and limits.page_rows, "a limit is missing")
    await talk.wire.send(b"\x00" * (limits.frame_bytes + 1))
    said, end = await talk.ends()
    # 4.16: a single WebSocket frame above the limit may be closed without an error.
    equal("the close code", (said or "too_large", end.code), ("too_large", 1009))


@FRAMES.holds("5.5", "is answered `error{bad_request}` with a sentence that names the field; the connection stays.")
async def a_field_that_makes_no_sense_is_refused_by_its_name(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    error = await talk.refused("bad_request", get_history=pb.GetHistory(conversation_id="not an id"))
    true("conversation_id" in error.message, f"the sentence is {error.message!r}")
    await talk.refused("bad_request", set_mark=pb.SetMark(conversation_id="", read_seq=1))
    await talk.asks("pong", ping=pb.Ping())


@FRAMES.holds("6.15", "U+0000 is refused (`bad_request`).")
async def a_nul_in_a_text_is_refused(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    rejected(await talk.submits(room, message=text("nul\0nul")), "bad_request")


@FRAMES.holds("17.1", "a text: `body.text` (`text_bytes`)")
async def a_text_may_be_as_long_as_the_limit_and_no_longer(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    limit = talk.welcome.limits.text_bytes
    await talk.says(room, "é" * (limit // 2))
    rejected(await talk.submits(room, message=text("é" * (limit // 2) + "x")), "text_too_long")


@FRAMES.holds("17.1", "people in one `member_change` or `create_conversation`")
async def too_many_people_at_once_are_refused(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    wish = pb.CreateConversation(
        client_id=new_id(),
        kind=pb.CONVERSATION_KIND_GROUP,
        title="crowd",
        user_ids=[new_id() for _ in range(101)],
    )
    await talk.refused("too_many_members", create_conversation=wish)
    room = await talk.group()
    message = pb.Message(body=text("all").body, mentions=[new_id() for _ in range(101)])
    rejected(await talk.submits(room, message=message), "too_many_members")


@FRAMES.holds(
    "18.1", "An error is a `code` from this table, a sentence for people, `retry` (the same request may succeed later)"
)
async def an_error_has_a_code_and_a_sentence(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    error = await talk.refused("conversation_not_found", get_conversation=pb.GetConversation(conversation_id=new_id()))
    true(error.message, "there is no sentence")
    equal("retry", error.retry, False)
