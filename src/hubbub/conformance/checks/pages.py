"""Section 10: pages that say what they cover, and snapshots that entries fold into."""

from __future__ import annotations

from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import Talk, accepted, text
from hubbub.wire import hubbub_pb2 as pb

PAGES = Checks()


async def _page(talk: Talk, room: str, **wish: int) -> pb.HistoryPage:
    page: pb.HistoryPage = await talk.asks("history_page", get_history=pb.GetHistory(conversation_id=room, **wish))
    return page


async def _message(talk: Talk, room: str, seq: int) -> pb.MessageState:
    for item in (await _page(talk, room)).items:
        if item.message.seq == seq:
            return item.message
    return pb.MessageState()


@PAGES.holds("10.3", "The next older page is `before_seq` = `from_seq`, the next newer one `after_seq` = `to_seq`.")
async def history_pages_meet(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    said = [(await talk.says(room, f"line {place}")).seq for place in range(12)]
    newest = await _page(talk, room, limit=5)
    equal("the newest page", (newest.to_seq, newest.more_after), (newest.as_of, False))
    seen: list[int] = []
    page = newest
    while True:
        seqs = [item.message.seq or item.entry.seq for item in page.items]
        equal("the order of a page", seqs, sorted(seqs))
        seen = seqs + seen
        if not page.more_before:
            break
        older = await _page(talk, room, before_seq=page.from_seq, limit=5)
        equal("where the older page ends", older.to_seq, page.from_seq - 1)
        page = older
    equal("all pages", seen, [1, *said])
    newer = await _page(talk, room, after_seq=page.to_seq, limit=5)
    equal("where the newer page begins", newer.from_seq, page.to_seq + 1)


@PAGES.holds("10.2", "`get_history` takes at most one of `before_seq`, `after_seq`, `around_seq`;")
async def two_positions_are_refused(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    wish = pb.GetHistory(conversation_id=room, before_seq=5, after_seq=1)
    await talk.refused("bad_request", get_history=wish)


@PAGES.holds("10.6", "snapshot + entries above its `as_of`, in order = a fresh snapshot.")
async def an_edit_is_folded_into_a_fresh_page(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    said = await talk.says(room, "old")
    before = await _page(talk, room)
    edit = accepted(await talk.submits(room, edit=pb.Edit(target_seq=said.seq, body=text("new").body)))
    true(before.as_of < edit.seq, "the page before the edit says it has it")
    message = await _message(talk, room, said.seq)
    equal("the text", message.message.body.text.text, "new")
    equal("edits", (message.edits, message.edited_ms), (1, edit.time_ms))
    page = await _page(talk, room)
    equal("as_of", page.as_of, edit.seq)
    true(edit.seq not in [item.entry.seq for item in page.items], "the edit is an item of the page")


@PAGES.holds("10.7", "message T: `recalled` = true, body gone, `message.withdrawn` = true, no mentions, not pinned;")
async def a_recall_is_folded_into_a_fresh_page(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    said = await talk.says(room, "a slip")
    accepted(await talk.submits(room, pin=pb.Pin(target_seq=said.seq, set=True)))
    equal("pinned before", (await _message(talk, room, said.seq)).pinned, True)
    accepted(await talk.submits(room, recall=pb.Recall(target_seq=said.seq)))
    message = await _message(talk, room, said.seq)
    seen = (message.recalled, message.message.withdrawn, message.message.body.text.text, message.pinned)
    equal("the message", seen, (True, True, "", False))


@PAGES.holds(
    "10.8",
    "Setting it adds the person at the end of that emoji's list and 1 to its `count`, if the person is not there;",
)
async def reactions_count_people(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    said = await romeo.says(room, "like me")
    for talk, put in ((romeo, True), (juliet, True), (juliet, True)):
        accepted(await talk.submits(room, reaction=pb.Reaction(target_seq=said.seq, emoji="👍", set=put)))
    (count,) = (await _message(juliet, room, said.seq)).reactions
    people = [stand.romeo.user_id, stand.juliet.user_id]
    equal("the reaction", (count.emoji, count.count, list(count.user_ids), count.mine), ("👍", 2, people, True))
    for talk in (romeo, juliet):
        accepted(await talk.submits(room, reaction=pb.Reaction(target_seq=said.seq, emoji="👍", set=False)))
    equal("the reactions after", len((await _message(juliet, room, said.seq)).reactions), 0)


@PAGES.holds("10.13", "A cursor that cannot be read is `bad_cursor`.")
async def a_cursor_that_cannot_be_read_is_refused(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    await talk.refused("bad_cursor", list_conversations=pb.ListConversations(cursor="nonsense"))


@PAGES.holds("10.13", "An empty `next_cursor` is the end.")
async def cursors_lead_through_a_whole_list(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group(stand.juliet.user_id, stand.tybalt.user_id)
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = await talk.asks("member_page", list_members=pb.ListMembers(conversation_id=room, cursor=cursor, limit=1))
        true(len(page.members) <= 1, "a page of one has more")
        seen += [member.user_id for member in page.members]
        cursor = page.next_cursor
        if not cursor:
            break
    equal("the members", seen, sorted((stand.romeo.user_id, stand.juliet.user_id, stand.tybalt.user_id)))


@PAGES.holds("10.15", "`get_edits` answers the versions of a message, the original first;")
async def the_versions_of_a_message_are_kept(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    said = await talk.says(room, "one")
    accepted(await talk.submits(room, edit=pb.Edit(target_seq=said.seq, body=text("two").body)))
    page = await talk.asks("edit_page", get_edits=pb.GetEdits(conversation_id=room, target_seq=said.seq))
    equal("the versions", [revision.body.text.text for revision in page.revisions], ["one", "two"])
    accepted(await talk.submits(room, recall=pb.Recall(target_seq=said.seq)))
    await talk.refused("message_recalled", get_edits=pb.GetEdits(conversation_id=room, target_seq=said.seq))


@PAGES.holds(
    "10.16", "it is withheld from every later page. It is no entry, changes nothing for others, and is idempotent."
)
async def a_hidden_message_is_withheld_from_one_alone(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    said = await romeo.says(room, "seen once")
    last = await romeo.says(room, "and more")
    for _ in range(2):
        await juliet.asks("done", hide_message=pb.HideMessage(conversation_id=room, seq=said.seq))
    equal("her log", [entry.seq for entry in await juliet.log(room)], [1, last.seq])
    equal("his log", [entry.seq for entry in await romeo.log(room)], [1, said.seq, last.seq])
