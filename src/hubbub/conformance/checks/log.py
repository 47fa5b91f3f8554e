"""Sections 1, 7 and 8: one order for everybody, without a gap, told as it grows."""

from __future__ import annotations

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import Talk, accepted, text
from hubbub.wire import hubbub_pb2 as pb

LOG = Checks()
LINES = 40


async def _two_speak(stand: Stand) -> tuple[Talk, Talk, str, list[int]]:
    """Let two people send at the same time; return their connections, the place, and the seqs they were told."""
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    sent = []
    for place in range(LINES):
        for talk in (romeo, juliet):
            submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text(f"line {place}"))
            sent.append((talk, await talk.send(submit=submit)))
    numbers = [accepted((await talk.answer(frame_id)).submitted).seq for talk, frame_id in sent]
    return romeo, juliet, room, numbers


@LOG.holds("1.2", "Each durable change of it is one *entry* with a sequence number `seq` = 1, 2, 3 … without gaps.")
async def two_writers_share_one_order_without_a_gap(stand: Stand) -> None:
    romeo, juliet, room, numbers = await _two_speak(stand)
    equal("the numbers they were told", sorted(numbers), list(range(2, 2 * LINES + 2)))
    his, hers = await romeo.log(room), await juliet.log(room)
    equal("the numbers in the log", [entry.seq for entry in his], list(range(1, 2 * LINES + 2)))
    equal(
        "whether both read the same",
        [e.SerializeToString() for e in his] == [e.SerializeToString() for e in hers],
        True,
    )


@LOG.holds("7.1", "The first entry of a conversation is always `created`, with `seq` 1.")
async def a_conversation_begins_with_created(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group(title="Verona")
    entries = await talk.log(room)
    equal("the first entry", (entries[0].seq, entries[0].WhichOneof("kind")), (1, "created"))
    equal("its title", entries[0].created.title, "Verona")


@LOG.holds("7.2", "Within a conversation it never runs backwards, and it may be equal for neighbours.")
async def shown_time_never_runs_backwards(stand: Stand) -> None:
    romeo, _, room, _ = await _two_speak(stand)
    times = [entry.time_ms for entry in await romeo.log(room)]
    equal("the times", times, sorted(times))


@LOG.holds("7.3", "Its entry and the entries of its edits then come with `withdrawn` = true and without a body;")
async def a_recalled_message_has_no_body_in_the_log(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    said = await talk.says(room, "a secret")
    edit = accepted(await talk.submits(room, edit=pb.Edit(target_seq=said.seq, body=text("another secret").body)))
    accepted(await talk.submits(room, recall=pb.Recall(target_seq=said.seq)))
    entries = {entry.seq: entry for entry in await talk.log(room)}
    for change in (entries[said.seq].message, entries[edit.seq].edit):
        equal("what is left", (change.withdrawn, change.body.text.text), (True, ""))


@LOG.holds("7.5", "A page or push of entries *covers* a range, `from_seq` … `to_seq`.")
async def pages_of_the_log_meet_without_a_gap(stand: Stand) -> None:
    romeo, _, room, _ = await _two_speak(stand)
    after, seen = 0, []
    while True:
        wish = pb.GetEntries(conversation_id=room, after_seq=after, limit=7)
        page = await romeo.asks("entry_page", get_entries=wish)
        if page.to_seq <= after:
            break
        equal("from_seq", page.from_seq, after + 1)
        true(len(page.entries) <= 7, f"{len(page.entries)} entries came where 7 were asked for")
        true(all(page.from_seq <= entry.seq <= page.to_seq for entry in page.entries), "an entry is outside the range")
        seen += [entry.seq for entry in page.entries]
        after = page.to_seq
        if after >= page.as_of:
            break
    equal("all pages", seen, list(range(1, 2 * LINES + 2)))


@LOG.holds(
    "8.1", "After `ready` the server pushes the new entries of every conversation the user is a member of as `entries`,"
)
async def new_entries_are_pushed_to_every_member(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    wanted = [(await romeo.says(room, f"line {place}")).seq for place in range(20)]
    shown: dict[int, str] = {}
    while len(shown) < len(wanted):
        page = await juliet.push("entries", lambda page: page.conversation_id == room)
        for entry in page.entries:
            if entry.HasField("message"):
                shown.setdefault(entry.seq, entry.message.body.text.text)
    equal("what was shown", [shown.get(seq) for seq in wanted], [f"line {place}" for place in range(20)])


@LOG.holds("8.5", "The rules of 8.3 show every entry once and in order, for any interleaving.")
async def live_pushes_show_everything_by_the_rules(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    sent = []
    for place in range(60):
        submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text(f"line {place}"))
        sent.append(await romeo.send(submit=submit))
    for frame_id in sent:
        accepted((await romeo.answer(frame_id)).submitted)
    seen, shown = 0, []
    while seen < 61:
        page = await juliet.push("entries", lambda page: page.conversation_id == room)
        if page.from_seq > seen + 1:
            page = await juliet.asks("entry_page", get_entries=pb.GetEntries(conversation_id=room, after_seq=seen))
        if page.to_seq > seen:
            shown += [entry.seq for entry in page.entries if entry.seq > seen]
            seen = page.to_seq
    equal("what was shown", shown, list(range(1, 62)))
