"""Section 9: coming back with what one has, and getting the rest."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import Talk, accepted, text
from hubbub.wire import hubbub_pb2 as pb

RETURNING = Checks()


async def _returns(stand: Stand, welcome: pb.Welcome, have: Sequence[tuple[str, int]], **change: str) -> Talk:
    """Let Juliet come back with what she has; what came before `ready` is in the frames of the connection."""
    heads = [pb.Head(conversation_id=room, seq=seq) for room, seq in have]
    epoch = change.get("epoch", welcome.epoch)
    talk = await stand.connect()
    resume = pb.Resume(epoch=epoch, user_version=welcome.user_version, have=heads)
    frame = await talk.hello(await stand.token(stand.juliet), resume=resume)
    equal("the answer to hello", frame.WhichOneof("body"), "welcome")
    talk.welcome = frame.welcome
    await talk.push("ready")
    return talk


def _pages(talk: Talk, room: str) -> list[pb.EntryPage]:
    pages = [frame.entries for frame in talk.frames if frame.WhichOneof("body") == "entries"]
    return [page for page in pages if page.conversation_id == room]


@RETURNING.holds("9.2", "for each conversation of `have` whose head is higher: `entries` from `seen` + 1 to the head,")
async def a_resume_brings_exactly_what_is_missing(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    quiet = await romeo.group(stand.juliet.user_id)
    seen = (await romeo.says(room, "heard")).seq
    await juliet.push("entries", lambda page: page.to_seq == seen)
    await juliet.wire.close()
    missed = [(await romeo.says(room, f"missed {place}")).seq for place in range(5)]
    back = await _returns(stand, juliet.welcome, [(room, seen), (quiet, 1)])
    seqs = [entry.seq for page in _pages(back, room) for entry in page.entries]
    equal("what came before ready", seqs, missed)
    equal("what came of a conversation without news", _pages(back, quiet), [])


@RETURNING.holds("9.2", "`user_changed` with the user's rows changed since `user_version`,")
async def a_resume_brings_the_rows_that_changed(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    await juliet.wire.close()
    room = await romeo.group(stand.juliet.user_id)
    back = await _returns(stand, juliet.welcome, [])
    changed = [frame.user_changed for frame in back.frames if frame.WhichOneof("body") == "user_changed"]
    rows = [row.conversation_id for change in changed for row in change.conversations]
    true(room in rows, "the group she was added to is not among the rows")
    equal("the version", changed[-1].version, back.welcome.user_version)


@RETURNING.holds("9.2", "if the epoch is another one: `reset` (9.6), and nothing else of this list;")
async def another_epoch_is_a_reset(stand: Stand) -> None:
    juliet = await stand.enter(stand.juliet)
    room = await juliet.group()
    back = await _returns(stand, juliet.welcome, [(room, 1)], epoch=new_id())
    resets = [frame.reset for frame in back.frames if frame.WhichOneof("body") == "reset"]
    equal("the resets", [reset.epoch for reset in resets], [back.welcome.epoch])
    equal("the entries", _pages(back, room), [])


@RETURNING.holds("9.7", "or that the client holds more than the log ever had. It has no entries.")
async def who_holds_more_than_there_is_is_told_so(stand: Stand) -> None:
    juliet = await stand.enter(stand.juliet)
    room = await juliet.group()
    back = await _returns(stand, juliet.welcome, [(room, 1_000)])
    pages = _pages(back, room)
    equal("the pages", [(page.reset, len(page.entries)) for page in pages], [(True, 0)])
    equal("to_seq", pages[0].to_seq, 1)


@RETURNING.holds("9.7", "means that too much is missing (more than 200 entries),")
async def too_much_is_a_reset_of_that_conversation(stand: Stand) -> None:
    juliet = await stand.enter(stand.juliet)
    room = await juliet.group()
    sent = []
    for place in range(202):
        submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text(str(place)))
        sent.append(await juliet.send(submit=submit))
    for frame_id in sent:
        accepted((await juliet.answer(frame_id)).submitted)
    back = await _returns(stand, juliet.welcome, [(room, 1)])
    equal("the pages", [(page.reset, page.to_seq) for page in _pages(back, room)], [(True, 203)])
    equal("what get_entries still reads", len(await back.log(room)), 203)


@RETURNING.holds("9.4", "and live entries of it are pushed as ever.")
async def what_was_not_named_is_pushed_live(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    back = await _returns(stand, juliet.welcome, [])
    said = await romeo.says(room, "hello again")
    await back.push("entries", lambda page: page.conversation_id == room and page.to_seq == said.seq)
