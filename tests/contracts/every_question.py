"""Every statement that a store ever says, for tests that look at how a database runs them."""

from __future__ import annotations

from functools import partial

from contracts.script import ANNA, BEN, CLEO, Script, an_id

from hubbub.chat.contacts import ContactChange, arranged, asked
from hubbub.chat.invites import Invite, JoinRequest
from hubbub.chat.model import (
    Body,
    Coming,
    ConversationChange,
    ConversationKind,
    Draft,
    Mark,
    OwnChange,
    Post,
    ScheduledRow,
    Submit,
    UserRow,
)
from hubbub.chat.ports import Needs
from hubbub.chat.reminders import wished
from hubbub.chat.search.found import Wanted


async def ask_everything(script: Script) -> None:
    """Make a few conversations, change them in every way and read them in every way."""
    store = script.store
    await script.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"))
    stage = await script.make(ANNA, BEN)
    other = await script.make(ANNA, BEN)
    channel = await script.make(ANNA, BEN, kind=ConversationKind.CHANNEL)
    await script.make_system()
    await script.say(stage, ANNA, mentions=(BEN,))
    await script.edit(stage, ANNA, 2, "new")
    await script.say(stage, BEN, thread_seq=2)
    await script.react(stage, BEN, 2, "👍")
    await script.react(stage, BEN, 2, "👍", set_=False)
    await script.recall(stage, ANNA, 2)
    await script.change(stage, ANNA, ConversationChange(title="new"))
    await script.add(stage, ANNA, CLEO)
    await script.remove(stage, ANNA, CLEO)
    await script.change(stage, ANNA, ConversationChange(title="newer"))
    await script.facts(Needs(user_keys={(ANNA, an_id()), (BEN, an_id())}, users={ANNA, BEN}))
    await store.set_marks([(stage, Mark(BEN, 3, 3)), (other, Mark(ANNA, 1, 1))])
    await store.hide(BEN, stage, 4)
    await store.set_own(ANNA, stage, OwnChange(pinned=True, draft=Draft("x")))
    row = ScheduledRow(ANNA, Submit(stage, an_id(), Post(Body(text="x"))), 5)
    await store.schedule(row, bytes(8))
    await store.settle(row, "not_a_member")
    await store.cancel(ANNA, stage, row.submit.client_id)
    for untold in await store.stale_outbox(0, 10):
        await store.clear_outbox(untold.id)
    await store.stale_outbox(0, 10)
    for user in (ANNA, BEN, CLEO):
        await store.entries(user, stage, 0, 10)
        await store.history(user, stage, limit=10)
        await store.history(user, stage, around_seq=3, thread_seq=2, limit=10)
        await store.pins(user, stage, "9", 10)
        await store.conversation(user, stage)
        await store.conversations(user, "", 10)
        await store.conversations(user, f"1.{stage}", 10)
        await store.user_state(user, 0, 10)
        await store.resume(user, [(stage, 1), (channel, 0)], 1, limit=10, state_limit=10)
        await store.enter(Coming(user, 1, ((stage, 1), (channel, 0))), limit=10, state_limit=10)
        await store.audience(user)
    await store.channels(CLEO, "chan", "", 10)
    await store.members(ANNA, stage, ANNA, 10)
    await store.bans(stage, ANNA, 10)
    await store.small_audience(stage)
    await store.entries_for_all(stage, 0, 10)
    await store.heads([stage, other])
    await store.users([ANNA, BEN], ["anna"])
    await store.scheduled(ANNA, "", 10)
    await store.due(10, 10)
    behind, _ = await store.behind("", 10)
    while behind:
        behind = sorted(await store.index(behind, 5))
    await store.keepings("", 10)
    await store.first_kept(stage, 10**15)
    await script.change(other, ANNA, ConversationChange(kept_from=2))
    await store.erase(other, 10)
    await store.search(ANNA, Wanted(("new", "h"), senders=(ANNA, BEN), after_ms=1), f"9.{stage}.9", 10)
    await store.search(BEN, Wanted(conversation_ids=(stage,)), "", 10)
    await store.find_conversations(ANNA, "stage", 10)
    await store.change_contacts(ANNA, BEN, partial(asked, note="hello", now_ms=1))
    await store.change_contacts(BEN, ANNA, partial(arranged, change=ContactChange(blocked=True), now_ms=1))
    await store.contacts(ANNA, BEN, 10)
    moved = partial(wished, due_ms=5, note="hello", now_ms=1, ahead_ms=10, most=9)
    await store.change_reminder(ANNA, stage, 2, moved)
    await store.reminders(ANNA, f"1.{stage}.9", 10)
    await store.remind(9, 10)
    await store.user_state(ANNA, 0, 1)
    await store.blockers(ANNA, [BEN, CLEO])
    await store.company(ANNA, stage)
    await script.facts(Needs(blocks={(ANNA, BEN), (BEN, ANNA)}))
    invite = Invite(an_id(), stage, ANNA, 1, 0, 2)
    await store.add_invite(invite, 10)
    await store.invites(stage, 10)
    await store.open_invite(invite.id, BEN)
    await store.use_invite(invite.id)
    await store.drop_invite(stage, invite.id)
    await store.ask_to_join(JoinRequest(stage, CLEO, 1))
    await store.join_requests(stage, CLEO, 10)
    await store.drop_requests(stage, [CLEO])
