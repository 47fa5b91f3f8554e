"""Sections 6, 10, 15 and 19, second part: what may be in a message, and the ways to find one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import ANSWER_S, accepted, rejected, text
from hubbub.wire import hubbub_pb2 as pb

MESSAGES = Checks()

T = TypeVar("T")


@MESSAGES.holds(
    "6.12",
    "Fields that `hubbub.proto` calls the server's (`withdrawn`, `previous_mentions`, `target_sender_id`, …)",
)
async def what_is_the_servers_is_not_taken_from_a_client(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    said = accepted(await talk.submits(room, message=pb.Message(body=text("mine").body, withdrawn=True)))
    edit = pb.Edit(
        target_seq=said.seq, body=text("still mine").body, target_sender_id=stand.juliet.user_id, withdrawn=True
    )
    accepted(await talk.submits(room, edit=edit))
    one, other = (await talk.log(room, said.seq - 1))[:2]
    equal("withdrawn", (one.message.withdrawn, other.edit.withdrawn), (False, False))
    equal("the author", other.edit.target_sender_id, stand.romeo.user_id)


@MESSAGES.holds("6.16", "anything else is `file_not_found`.")
async def a_message_shows_only_files_one_may_have(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    message = pb.Message(body=pb.Body(files=[pb.File(id=new_id())]))
    rejected(await talk.submits(room, message=message), "file_not_found")


@MESSAGES.holds(
    "6.18",
    "The entry has the body the message had at that moment, files and all,",
)
async def what_is_passed_on_names_who_wrote_it(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    other = await juliet.group()
    said = await romeo.says(room, "pass it on")
    source = pb.Forwarded(conversation_id=room, seq=said.seq)
    accepted(await juliet.submits(other, message=pb.Message(forwarded=source)))
    (entry,) = await juliet.log(other, 1)
    equal("what it says", entry.message.body.text.text, "pass it on")
    equal("who wrote it", entry.message.forwarded.sender_id, stand.romeo.user_id)
    equal("where it was said", entry.message.forwarded.conversation_id, "")
    both = pb.Message(body=text("and more").body, forwarded=source)
    rejected(await juliet.submits(other, message=both), "bad_request")
    missing = pb.Forwarded(conversation_id=room, seq=99)
    rejected(await juliet.submits(other, message=pb.Message(forwarded=missing)), "message_not_found")


@MESSAGES.holds("10.4", "With `thread_seq` the page has only the opening message of that thread and its replies,")
async def a_thread_has_a_page_of_its_own(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    opening = await talk.says(room, "the opening")
    await talk.says(room, "beside it")
    reply = accepted(await talk.submits(room, message=pb.Message(body=text("a reply").body, thread_seq=opening.seq)))
    wish = pb.GetHistory(conversation_id=room, thread_seq=opening.seq)
    page = await talk.asks("history_page", get_history=wish)
    shown = [item.message.seq for item in page.items if item.HasField("message")]
    equal("its messages", shown, [opening.seq, reply.seq])


@MESSAGES.holds("10.5", "Items that are not messages are lines about the conversation:")
async def history_has_lines_about_the_conversation(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    accepted(await talk.submits(room, conversation_change=pb.ConversationChange(title="renamed")))
    page = await talk.asks("history_page", get_history=pb.GetHistory(conversation_id=room))
    lines = [item.entry.WhichOneof("kind") for item in page.items if item.HasField("entry")]
    equal("the lines", lines, ["created", "conversation_change"])


@MESSAGES.holds(
    "10.19",
    "`search_page` has messages, the newest first, in the state in which the asking person sees them",
)
async def what_was_said_is_found_by_who_may_see_it(stand: Stand) -> None:
    romeo, juliet = await stand.enter(stand.romeo), await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    word = f"w{new_id()[:12]}"
    first = await romeo.says(room, f"{word} once")
    second = await romeo.says(room, f"{word.upper()} twice")
    secret = await romeo.group()
    await romeo.says(secret, word)

    async def found(query: str) -> list[tuple[str, int]]:
        page = await juliet.asks("search_page", search=pb.Search(query=query))
        return [(hit.conversation_id, hit.seq) for hit in page.messages]

    wanted = [(room, second.seq), (room, first.seq)]
    equal("what she finds", await _once(lambda: found(word), wanted), wanted)
    equal("with a filter", await found(f"{word} from:nobody-{new_id()[:8]}"), [])
    equal("with two words", await found(f"{word} twice"), wanted[:1])
    await romeo.refused("bad_request", search=pb.Search(query=f"{word} before:yesterday-ish"))
    accepted(await romeo.submits(room, recall=pb.Recall(target_seq=second.seq)))
    equal("once it was recalled", (await found(word))[:1], wanted[1:])


@MESSAGES.holds("15.3", "One that was sent disappears from the list and is an entry with that `client_id`.")
async def what_is_due_is_sent_under_its_name(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text("later"))
    due_ms = int(time.time() * 1000) + 1_500
    await talk.asks("done", schedule=pb.Schedule(submit=submit, due_ms=due_ms))
    page = await talk.push("entries", lambda page: page.conversation_id == room and page.to_seq >= 2)
    sent = [(entry.client_id, entry.sender_id) for entry in page.entries]
    equal("what was sent", sent, [(submit.client_id, stand.romeo.user_id)])

    async def waits() -> bool:
        listed = await talk.asks("scheduled_page", list_scheduled=pb.ListScheduled())
        return submit.client_id in [row.submit.client_id for row in listed.scheduled]

    equal("whether it is listed after it was sent", await _once(waits, False), False)


@MESSAGES.holds("19.2", "A server ignores unknown fields of a request;")
async def an_unknown_field_is_passed_over(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    frame = pb.ClientFrame(id=900, get_server_info=pb.GetServerInfo()).SerializeToString()
    # Field 1000, a varint: of a version that is not written yet.
    await talk.wire.send(frame + b"\xc0\x3e\x01")
    answer = await talk.answer(900)
    equal("the answer", answer.WhichOneof("body"), "server_info")


@MESSAGES.holds("19.3", "A server answers a request of a kind it does not know with `unknown_frame`.")
async def an_unknown_request_is_answered(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    # `id` 901 and field 1000, an empty message.
    await talk.wire.send(pb.ClientFrame(id=901).SerializeToString() + b"\xc2\x3e\x00")
    answer = await talk.answer(901)
    equal("the answer", (answer.WhichOneof("body"), answer.error.code), ("error", "unknown_frame"))
    await talk.asks("server_info", get_server_info=pb.GetServerInfo())


async def _once(ask: Callable[[], Awaitable[T]], wanted: T) -> T:
    """Ask again and again until that is answered, or for long enough; return the last answer."""
    deadline = time.monotonic() + ANSWER_S
    for _ in range(1_000):
        seen = await ask()
        if seen == wanted or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    return seen
