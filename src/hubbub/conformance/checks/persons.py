"""Sections 11, 14, 15 and 16: what belongs to a person, marks and counts, scheduling, and what is best effort."""

from __future__ import annotations

import time
from functools import partial

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.talk import text
from hubbub.wire import hubbub_pb2 as pb

PERSONS = Checks()


@PERSONS.holds(
    "11.1",
    "Each change advances the person's `version` by one, in the same transaction, and stamps all rows it "
    "changed with it",
)
async def a_change_of_ones_own_advances_the_version_by_one(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    first = await talk.push("user_changed", lambda state: any(r.conversation_id == room for r in state.conversations))
    said = await talk.says(room, "one")
    own = pb.SetOwn(conversation_id=room, pinned=True)
    await talk.asks("done", set_own=own)
    change = await talk.push("user_changed", lambda state: state.version > first.version)
    equal("the versions", (change.since_version, change.version), (first.version, first.version + 1))
    (row,) = change.conversations
    equal("the row", (row.conversation_id, row.version, row.own.pinned), (room, change.version, True))
    true(row.as_of >= said.seq, "the row is older than what was acknowledged before")


@PERSONS.holds(
    "11.2", "`get_user_state{since_version}` answers the rows changed since a version, in the order of versions:"
)
async def the_rows_since_a_version_can_be_asked_for(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    since = talk.welcome.user_version
    state = await talk.asks("user_state", get_user_state=pb.GetUserState(since_version=since))
    versions = [row.version for row in state.conversations]
    equal("their order", versions, sorted(versions))
    true(room in [row.conversation_id for row in state.conversations], "the new group is missing")
    true(all(version > since for version in versions), "a row is older than what was asked for")


@PERSONS.holds(
    "11.8", "and so all devices of the person, the asking one too, get it with `user_changed`, and with a resume."
)
async def ones_own_settings_reach_ones_other_devices(stand: Stand) -> None:
    one = await stand.enter(stand.romeo)
    other = await stand.enter(stand.romeo, device="second")
    room = await one.group()
    draft = pb.Draft(text="to be continued")
    await one.asks("done", set_own=pb.SetOwn(conversation_id=room, folder="work", draft=draft))
    change = await other.push("user_changed", lambda state: any(row.own.folder for row in state.conversations))
    (row,) = [row for row in change.conversations if row.conversation_id == room]
    equal("the settings", (row.own.folder, row.own.draft.text), ("work", "to be continued"))


@PERSONS.holds(
    "11.10",
    "`set_own.thread_draft` changes that of its `thread_seq` (`bad_request` without one) and leaves all others.",
)
async def drafts_of_threads_stand_beside_each_other(stand: Stand) -> None:
    one = await stand.enter(stand.romeo)
    other = await stand.enter(stand.romeo, device="second")
    room = await one.group()
    for thread, words in ((2, "for the second"), (1, "for the first"), (2, "")):
        begun = pb.Draft(text=words, thread_seq=thread)
        await one.asks("done", set_own=pb.SetOwn(conversation_id=room, thread_draft=begun))
    state = await other.asks("conversation", get_conversation=pb.GetConversation(conversation_id=room))
    kept = [(draft.thread_seq, draft.text) for draft in state.own.thread_drafts]
    equal("the drafts of threads", kept, [(1, "for the first")])
    wish = pb.SetOwn(conversation_id=room, thread_draft=pb.Draft(text="for none"))
    await one.refused("bad_request", set_own=wish)


@PERSONS.holds(
    "11.13",
    "`set_reminder` sets one; another time moves it, `due_ms` 0 takes it away, and the same again is no change, also "
    "when its time has come meanwhile.",
)
async def one_is_reminded_once_on_all_devices(stand: Stand) -> None:
    one = await stand.enter(stand.romeo)
    other = await stand.enter(stand.romeo, device="second")
    room = await one.group()
    said = await one.says(room, "come back to me")
    await one.refused("message_not_found", set_reminder=pb.SetReminder(conversation_id=room, seq=1, due_ms=2**42))
    await one.refused("scheduled_in_past", set_reminder=pb.SetReminder(conversation_id=room, seq=said.seq, due_ms=1))
    wish = pb.SetReminder(conversation_id=room, seq=said.seq, due_ms=int(time.time() * 1000) + 1_500, note="now")
    await one.asks("done", set_reminder=wish)

    def due(state: pb.UserState) -> bool:
        return any((row.conversation_id, row.seq, row.due) == (room, said.seq, True) for row in state.reminders)

    change = await other.push("user_changed", due)
    await one.asks("done", set_reminder=wish)
    page = await one.asks("reminder_page", list_reminders=pb.ListReminders())
    (row,) = [row for row in page.reminders if row.conversation_id == room]
    equal("the row", (row.due, row.note, row.version), (True, "now", change.version))
    await one.asks("done", set_reminder=pb.SetReminder(conversation_id=room, seq=said.seq))
    page = await one.asks("reminder_page", list_reminders=pb.ListReminders())
    equal("what is left of it", [row.seq for row in page.reminders if row.conversation_id == room], [])


@PERSONS.holds("14.1", "a value at or below the present one changes nothing, one above the head counts as the head.")
async def marks_only_grow_and_never_pass_the_head(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    head = (await romeo.says(room, "one")).seq
    for wish, holds in ((1, 1), (1_000, head), (1, head)):
        await juliet.asks("done", set_mark=pb.SetMark(conversation_id=room, read_seq=wish))
        state = await juliet.asks("conversation", get_conversation=pb.GetConversation(conversation_id=room))
        equal(f"read_seq after {wish}", (state.read_seq, state.delivered_seq >= holds), (holds, True))


@PERSONS.holds(
    "14.7", "In conversations of up to 100 members `marks` pushes say how far others have received and read;"
)
async def others_are_told_how_far_one_has_read(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    said = await romeo.says(room, "read me")
    await juliet.asks("done", set_mark=pb.SetMark(conversation_id=room, read_seq=said.seq))

    def hers(marks: pb.Marks) -> bool:
        return marks.conversation_id == room and any(
            mark.user_id == stand.juliet.user_id and mark.read_seq == said.seq for mark in marks.marks
        )

    await romeo.push("marks", hers)


@PERSONS.holds(
    "14.4",
    "`unread` counts the messages after `read_seq` that are not mine, not recalled, not only in a "
    "thread, and inside my intervals.",
)
async def unread_counts_what_others_said(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    first = await romeo.says(room, "one")
    mention = pb.Message(body=text("two").body, mentions=[stand.juliet.user_id])
    await romeo.submits(room, message=mention)
    await romeo.submits(room, message=pb.Message(body=text("in the thread").body, thread_seq=first.seq))
    slip = await romeo.says(room, "a slip")
    await romeo.submits(room, recall=pb.Recall(target_seq=slip.seq))
    await juliet.says(room, "mine")
    state = await juliet.asks("conversation", get_conversation=pb.GetConversation(conversation_id=room))
    equal("the counts", (state.unread, state.mentions), (2, 1))


@PERSONS.holds("15.1", "`due_ms` must be in the future (`scheduled_in_past`).")
async def nothing_is_scheduled_for_the_past(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text("too late"))
    await talk.refused("scheduled_in_past", schedule=pb.Schedule(submit=submit, due_ms=1_000))


@PERSONS.holds("15.2", "It is idempotent by the submit's `client_id`, exactly as in section 6;")
async def scheduling_twice_is_scheduling_once(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    submit = pb.Submit(conversation_id=room, client_id=new_id(), message=text("tomorrow"))
    due_ms = int(time.time() * 1000) + 86_400_000
    for _ in range(2):
        await talk.asks("done", schedule=pb.Schedule(submit=submit, due_ms=due_ms))
    page = await talk.asks("scheduled_page", list_scheduled=pb.ListScheduled())
    waiting = [row.submit.client_id for row in page.scheduled]
    equal("how often it waits", waiting.count(submit.client_id), 1)
    cancel = pb.CancelScheduled(conversation_id=room, client_id=submit.client_id)
    await talk.asks("done", cancel_scheduled=cancel)
    await talk.refused("not_found", cancel_scheduled=cancel)


@PERSONS.holds("16.2", "`set_typing` is shown to the other members (in conversations of up to 100) for 6 seconds;")
async def typing_is_shown_to_the_others(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    await juliet.push("user_changed", lambda state: any(row.conversation_id == room for row in state.conversations))
    await romeo.asks("done", set_typing=pb.SetTyping(conversation_id=room, typing=True))
    typing = await juliet.push("typing", lambda typing: typing.conversation_id == room)
    equal("who types", (typing.user_id, typing.typing), (stand.romeo.user_id, True))


@PERSONS.holds(
    "16.4",
    "`watch_presence` replaces the set of people (at most 500) whose presence is pushed to this session, "
    "and answers their present state.",
)
async def presence_is_answered_and_pushed(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    wish = pb.WatchPresence(user_ids=[stand.tybalt.user_id])
    page = await romeo.asks("presence_page", watch_presence=wish)
    equal("who was answered", [presence.user_id for presence in page.presences], [stand.tybalt.user_id])
    await stand.enter(stand.tybalt)
    await romeo.push("presence", lambda p: (p.user_id, p.state) == (stand.tybalt.user_id, pb.PRESENCE_STATE_ONLINE))
    await romeo.refused("bad_request", watch_presence=pb.WatchPresence(user_ids=[new_id() for _ in range(501)]))


def _signed(signature: str, user: pb.User) -> bool:
    return user.signature == signature


@PERSONS.holds(
    "16.7",
    "`profile_changed` is pushed to those who watch somebody (16.4), and to the person, when their name, signature or "
    "picture is another",
)
async def another_signature_is_shown_to_those_who_watch(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    tybalt = await stand.enter(stand.tybalt)
    await romeo.asks("presence_page", watch_presence=pb.WatchPresence(user_ids=[stand.tybalt.user_id]))
    token = await stand.token(stand.tybalt)
    for signature in (f"conformance {new_id()}", ""):
        await stand.call("PATCH", "/api/v1/me", token=token, json={"signature": signature})
        for talk in (romeo, tybalt):
            user = await talk.push("profile_changed", partial(_signed, signature))
            equal("whose it is", user.user_id, stand.tybalt.user_id)
