"""What can be done with a message once it was said."""

from __future__ import annotations

import time

import pytest
from support.stage import Actor, Stage

from hubbub.client import EntryEvent, Event, HubbubError, MarksEvent, TypingEvent
from hubbub.client.models import Edit, Pin, Post, PresenceEvent, PresenceState, Reaction, Recall


async def heard(actor: Actor, kind: type[Edit] | type[Recall] | type[Reaction] | type[Pin]) -> object:
    """Return the next entry of this kind as it says it."""
    return await actor.awaits_entry(lambda entry: entry.action if isinstance(entry.action, kind) else None)


async def test_an_edit_reaches_everybody_and_keeps_what_was_said_before(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    said = await romeo.says(chat, "Sofd!")
    await romeo.client.edit(chat, said.seq, "Soft!")
    edit = await heard(juliet, Edit)
    assert isinstance(edit, Edit)
    assert (edit.target, edit.body.text) == (said.seq, "Soft!")
    (message,) = (await juliet.client.history(chat)).messages
    assert (message.text, message.edits) == ("Soft!", 1)
    assert [revision.body.text for revision in await juliet.client.edits(chat, said.seq)] == ["Sofd!", "Soft!"]
    with pytest.raises(HubbubError) as refusal:
        await juliet.client.edit(chat, said.seq, "Hard!")
    assert refusal.value.code == "forbidden"


async def test_a_recalled_message_is_gone_from_everywhere(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    said = await romeo.says(chat, "I love thee")
    await romeo.client.edit(chat, said.seq, "I love thee not")
    await romeo.client.recall(chat, said.seq)
    await heard(juliet, Recall)
    (message,) = (await juliet.client.history(chat)).messages
    assert (message.recalled, message.text) == (True, "")
    for entry in (await juliet.client.entries(chat)).entries:
        assert "love" not in entry.text
        if isinstance(entry.action, Post | Edit):
            assert entry.action.withdrawn
    with pytest.raises(HubbubError) as refusal:
        await romeo.client.recall(chat, said.seq)
    assert refusal.value.code == "message_recalled"


async def test_reactions_are_counted_once_per_person(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    said = await romeo.says(chat, "Soft!")
    await juliet.client.react(chat, said.seq, "👍")
    await juliet.client.react(chat, said.seq, "👍")
    await romeo.client.react(chat, said.seq, "👍")
    await romeo.client.react(chat, said.seq, "🎉")
    await romeo.client.react(chat, said.seq, "🎉", set=False)
    (message,) = (await juliet.client.history(chat)).messages
    (reaction,) = message.reactions
    assert (reaction.emoji, reaction.count, reaction.mine) == ("👍", 2, True)
    assert reaction.user_ids == (juliet.user_id, romeo.user_id)
    assert await heard(romeo, Reaction) == Reaction(said.seq, "👍", True)


async def test_pins_replies_and_threads_point_at_their_message(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    said = await romeo.says(chat, "Soft!")
    await juliet.client.pin(chat, said.seq)
    await juliet.says(chat, "What?", reply_to=said.seq)
    await juliet.says(chat, "in the thread", thread=said.seq)
    root, reply, thread = (await romeo.client.history(chat)).messages
    assert (root.pinned, root.thread_replies) == (True, 1)
    assert reply.post.reply_to == said.seq
    assert thread.post.thread == said.seq
    only = (await romeo.client.history(chat, thread=said.seq)).messages
    assert [message.text for message in only] == ["Soft!", "in the thread"]


async def test_unread_and_mentions_are_the_same_on_both_devices(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    phone = await stage.another_device(juliet)
    group = await romeo.gathers("Verona", juliet)
    for n in range(3):
        last = await romeo.says(group, f"line {n}", mentions=[juliet.user_id] if n == 1 else ())
    await phone.hears(3)
    for device in (juliet, phone):
        state = await device.client.conversation(group.id)
        assert (state.unread, state.mentions) == (3, 1)

    await juliet.client.mark(group.id, read=last.seq)

    def read_on_phone(event: Event) -> bool | None:
        found = phone.client.known.get(group.id)
        return True if found is not None and found.read_seq == last.seq else None

    await phone.awaits(read_on_phone)
    state = await phone.client.conversation(group.id)
    assert (state.unread, state.mentions) == (0, 0)


async def test_others_learn_what_was_received_and_what_was_read(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    said = await romeo.says(chat, "Soft!")
    await juliet.hears()

    def receipt(event: Event) -> tuple[int, int] | None:
        if isinstance(event, MarksEvent) and event.conversation_id == chat:
            theirs = [m for m in event.marks if m.user_id == juliet.user_id and m.delivered_seq == said.seq]
            return (theirs[0].read_seq, theirs[0].delivered_seq) if theirs else None
        return None

    read, delivered = await romeo.awaits(receipt)
    assert (read < said.seq, delivered) == (True, said.seq)
    juliet.client.saw(chat, said.seq)
    assert await romeo.awaits(receipt) == (said.seq, said.seq)


async def test_typing_is_shown_to_the_other(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    romeo.client.typing(chat)

    def typing(event: Event) -> str | None:
        return event.user_id if isinstance(event, TypingEvent) and event.typing else None

    assert await juliet.awaits(typing) == romeo.user_id


async def test_presence_tells_a_drop_from_a_log_out(stage: Stage) -> None:
    romeo, juliet, nurse = await stage.enter("romeo", "juliet", "nurse")
    (now,) = await romeo.client.watch_presence([juliet.user_id])
    assert now.state is PresenceState.ONLINE

    def presence(event: Event) -> PresenceState | None:
        return event.presence.state if isinstance(event, PresenceEvent) else None

    await juliet.goes_offline()
    assert await romeo.awaits(presence) is PresenceState.DROPPED
    await juliet.returns()
    assert await romeo.awaits(presence) is PresenceState.ONLINE
    await juliet.logs_out()
    assert await romeo.awaits(presence) is PresenceState.OFFLINE
    online: list[str] = []
    cursor = ""
    while True:
        page, cursor = await romeo.client.online(cursor=cursor)
        online += [one.user_id for one in page]
        if not cursor:
            break
    assert nurse.user_id in online
    assert juliet.user_id not in online


async def test_hiding_a_message_hides_it_from_oneself_alone(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    said = await romeo.says(chat, "Soft!")
    await romeo.says(chat, "Hush!")
    await juliet.client.hide(chat, said.seq)
    assert [message.text for message in (await juliet.client.history(chat)).messages] == ["Hush!"]
    assert [message.text for message in (await romeo.client.history(chat)).messages] == ["Soft!", "Hush!"]


async def test_a_scheduled_message_is_sent_when_it_is_due_and_once(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    due = int(time.time() * 1000) + 1_200
    client_id = await romeo.client.schedule(chat, "the clock struck nine", due)
    assert await romeo.client.schedule(chat, "the clock struck nine", due, client_id=client_id) == client_id
    later = await romeo.client.schedule(chat, "never", due + 3_600_000)
    waiting, _ = await romeo.client.scheduled()
    assert [row.client_id for row in waiting] == [client_id, later]
    await romeo.client.cancel_scheduled(chat, later)
    (entry,) = await juliet.sees()
    assert (entry.text, entry.client_id, entry.sender_id) == ("the clock struck nine", client_id, romeo.user_id)
    assert entry.time_ms >= due
    assert await romeo.client.scheduled() == ([], "")
    await juliet.hears_nothing()
    with pytest.raises(HubbubError) as refusal:
        await romeo.client.schedule(chat, "too late", due)
    assert refusal.value.code == "scheduled_in_past"


async def test_a_scheduled_message_goes_out_while_its_sender_is_away(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    await romeo.client.schedule(chat, "from my tomb", int(time.time() * 1000) + 800)
    await romeo.goes_offline()
    assert await juliet.hears() == ["from my tomb"]


async def test_a_custom_body_comes_with_its_fallback(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    await romeo.client.send_custom(chat, "chess.move", '{"from": "e2", "to": "e4"}', fallback="e2-e4")

    def custom(event: Event) -> Post | None:
        action = event.entry.action if isinstance(event, EntryEvent) else None
        return action if isinstance(action, Post) and action.body.custom_type else None

    post = await juliet.awaits(custom)
    assert (post.body.custom_type, post.body.shown) == ("chess.move", "e2-e4")
