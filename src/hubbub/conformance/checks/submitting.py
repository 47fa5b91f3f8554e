"""Section 6: one command is one entry, however often it is sent."""

from __future__ import annotations

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import accepted, rejected, text
from hubbub.wire import hubbub_pb2 as pb

SUBMITTING = Checks()


@SUBMITTING.holds("6.2", "Its answer is always `submitted`, with the `conversation_id` and `client_id` it is about:")
async def a_submit_is_answered_by_submitted_whatever_happens(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    client_id = new_id()
    answer = await talk.says(room, "Soft!", client_id=client_id)
    equal("what it is about", (answer.conversation_id, answer.client_id), (room, client_id))
    true(answer.seq > 0 and answer.time_ms > 0, "there is no seq or no time")
    nowhere, other = new_id(), new_id()
    answer = await talk.submits(nowhere, client_id=other, message=text("Soft!"))
    equal("what the refusal is about", (answer.conversation_id, answer.client_id), (nowhere, other))
    rejected(answer, "conversation_not_found")


@SUBMITTING.holds(
    "1.4",
    "Sending the same command again under the same name, tomorrow or in ten years, has no second effect "
    "and gets the first answer.",
)
async def the_same_command_again_has_no_second_effect(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    client_id = new_id()
    first = await talk.says(room, "once", client_id=client_id)
    equal("repeated", first.repeated, False)
    await talk.says(room, "between")
    again = await talk.says(room, "once", client_id=client_id)
    equal("the second answer", (again.seq, again.time_ms, again.repeated), (first.seq, first.time_ms, True))
    elsewhere = await stand.enter(stand.romeo, device="second")
    again = await elsewhere.says(room, "once", client_id=client_id)
    equal("the answer elsewhere", (again.seq, again.repeated), (first.seq, True))
    names = [entry.client_id for entry in await talk.log(room)]
    equal("how often it is in the log", names.count(client_id), 1)


@SUBMITTING.holds("6.6", "The same `client_id` with other content is `REJECTED` with `conflict`.")
async def another_command_under_the_same_name_is_a_conflict(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    client_id = new_id()
    first = await talk.says(room, "hi", client_id=client_id)
    rejected(await talk.submits(room, client_id=client_id, message=text("ho")), "conflict")
    rejected(await talk.submits(room, client_id=client_id, recall=pb.Recall(target_seq=first.seq)), "conflict")
    entry = (await talk.log(room, first.seq - 1))[0]
    equal("the log", entry.message.body.text.text, "hi")


@SUBMITTING.holds("6.4", "It is unique for ever per (conversation, sender).")
async def a_name_counts_per_conversation_and_sender(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    other = await romeo.group()
    client_id = new_id()
    first = await romeo.says(room, "hi", client_id=client_id)
    equal("repeated in another conversation", (await romeo.says(other, "hi", client_id=client_id)).repeated, False)
    hers = await juliet.says(room, "hi", client_id=client_id)
    equal("hers", (hers.repeated, hers.seq), (False, first.seq + 1))


@SUBMITTING.holds("6.5", "The look-up of the `client_id` comes before every other check.")
async def what_was_stored_is_accepted_again_after_a_removal(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    client_id = new_id()
    first = await juliet.says(room, "hi", client_id=client_id)
    removal = pb.MemberChange(action=pb.MEMBER_ACTION_REMOVE, user_ids=[stand.juliet.user_id])
    accepted(await romeo.submits(room, member_change=removal))
    again = await juliet.says(room, "hi", client_id=client_id)
    equal("the old one", (again.seq, again.repeated), (first.seq, True))
    rejected(await juliet.submits(room, message=text("new")), "not_a_member")


@SUBMITTING.holds(
    "6.7", "A rejected submit leaves no trace: the same `client_id` is decided anew when it is sent again."
)
async def a_rejected_submit_leaves_no_trace(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    client_id = new_id()
    rejected(await talk.submits(room, client_id=client_id, message=text("")), "bad_request")
    answer = await talk.says(room, "now with words", client_id=client_id)
    equal("the answer", (answer.seq, answer.repeated), (2, False))


@SUBMITTING.holds(
    "6.8", "it is stored only if that one is stored; otherwise it is `REJECTED` with `predecessor_missing`"
)
async def a_successor_waits_for_its_predecessor(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    first, second = new_id(), new_id()
    answer = rejected(await talk.submits(room, client_id=second, after=first, message=text("2")), "predecessor_missing")
    equal("retry", answer.error.retry, True)
    one = await talk.says(room, "1", client_id=first)
    two = await talk.says(room, "2", client_id=second, after=first)
    equal("their numbers", (one.seq, two.seq), (2, 3))


@SUBMITTING.holds("5.2", "the submits of one session to one conversation are decided in that order.")
async def pipelined_submits_keep_their_order(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    sent = []
    for place in range(100):
        submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text(f"line {place}"))
        sent.append(await talk.send(submit=submit))
    numbers = [accepted((await talk.answer(frame_id)).submitted).seq for frame_id in sent]
    equal("their numbers", numbers, list(range(2, 102)))
    said = [entry.message.body.text.text for entry in await talk.log(room, after=1)]
    equal("the log", said, [f"line {place}" for place in range(100)])


@SUBMITTING.holds("6.10", "A client recognises its own entry by `sender_id` and `client_id`.")
async def ones_own_entry_is_pushed_to_all_ones_devices(stand: Stand) -> None:
    first = await stand.enter(stand.romeo)
    second = await stand.enter(stand.romeo, device="second")
    room = await first.group()
    client_id = new_id()
    said = await first.says(room, "to myself", client_id=client_id)
    for talk in (first, second):
        page = await talk.push("entries", lambda page: page.conversation_id == room and page.to_seq == said.seq)
        entry = page.entries[-1]
        equal("the entry", (entry.sender_id, entry.client_id), (stand.romeo.user_id, client_id))


@SUBMITTING.holds(
    "6.15", "Texts are UTF-8 and are stored as they are: no trimming (but of titles), no Unicode normalisation,"
)
async def a_text_is_stored_as_it_is(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    written = "  e\u0301 \u200f\u05d0 \t\r\n 中文 👩‍👩‍👧 \u001b[31m  "
    said = await talk.says(room, written)
    entry = (await talk.log(room, said.seq - 1))[0]
    equal("the text", entry.message.body.text.text, written)


@SUBMITTING.holds("6.11", "one's own, or another's as admin or owner. Recalling twice is `message_recalled`")
async def a_message_is_recalled_once_and_by_who_may(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    his = await romeo.says(room, "his")
    hers = await juliet.says(room, "hers")
    rejected(await juliet.submits(room, recall=pb.Recall(target_seq=his.seq)), "forbidden")
    accepted(await romeo.submits(room, recall=pb.Recall(target_seq=hers.seq)))
    rejected(await juliet.submits(room, recall=pb.Recall(target_seq=hers.seq)), "message_recalled")


@SUBMITTING.holds("6.11", "a new body for one's own message")
async def only_ones_own_message_is_edited(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    hers = await juliet.says(room, "hers")
    rejected(await romeo.submits(room, edit=pb.Edit(target_seq=hers.seq, body=text("his").body)), "forbidden")
    rejected(await romeo.submits(room, edit=pb.Edit(target_seq=1, body=text("his").body)), "message_not_found")
