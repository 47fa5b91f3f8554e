"""People arrange their conversations for themselves, and find what was said in them."""

from __future__ import annotations

import asyncio

import pytest
from support.stage import Actor, Stage

from hubbub.client import Conversation, ConversationEvent, Draft, HubbubError, Notify, Own


async def own_of(actor: Actor, conversation: Conversation, wanted: Own) -> Own:
    """Return what a device is told that it keeps, once it is this."""

    def told(event: object) -> Own | None:
        if isinstance(event, ConversationEvent) and event.conversation.id == conversation.id:
            own = event.conversation.own
            if own.draft is not None:
                assert own.draft.time_ms > 0
            return own if _timeless(own) == wanted else None
        return None

    return await actor.awaits(told)


def _timeless(own: Own) -> Own:
    draft = own.draft and Draft(own.draft.text, own.draft.reply_to_seq)
    return Own(own.pinned, own.archived, own.marked_unread, own.muted_until_ms, own.folder, own.notify, draft or None)


async def test_what_one_device_arranges_all_devices_of_the_person_see(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    phone = await stage.another_device(romeo)
    group = await romeo.gathers("Verona", juliet)
    await romeo.client.set_own(group.id, pinned=True, folder="family", notify=Notify.MENTIONS)
    wanted = Own(pinned=True, folder="family", notify=Notify.MENTIONS)
    for device in (romeo, phone):
        await own_of(device, group, wanted)
    await phone.client.set_draft(group.id, "But so", reply_to_seq=1)
    await own_of(romeo, group, Own(True, folder="family", notify=Notify.MENTIONS, draft=Draft("But so", 1)))
    assert (await juliet.client.conversation(group.id)).own == Own()
    await phone.client.set_draft(group.id, "And so", thread_seq=1)
    own = (await romeo.client.conversation(group.id)).own
    assert [(one.text, one.thread_seq) for one in own.thread_drafts] == [("And so", 1)]
    assert own.draft is not None
    assert own.draft.text == "But so"
    await phone.client.set_draft(group.id, "", thread_seq=1)
    await phone.goes_offline()
    await romeo.client.set_draft(group.id, "")
    await romeo.client.set_own(group.id, archived=True, pinned=False, folder="")
    await phone.returns()
    await own_of(phone, group, Own(archived=True, notify=Notify.MENTIONS))
    with pytest.raises(HubbubError) as refusal:
        await romeo.client.set_own(group.id)
    assert refusal.value.code == "bad_request"


async def test_what_was_said_is_found_and_shown_in_pieces(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    group = await romeo.gathers("Verona", juliet)
    word = f"nightingale{stage.username('x')[-8:]}"
    await romeo.says(group, f"It was the {word}, and not the lark")
    await juliet.says(group, "明天见")
    async with asyncio.timeout(10):
        while not (found := await juliet.client.search(word)).messages:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    (hit,) = found.messages
    assert (hit.conversation_id, hit.sender_id) == (group.id, romeo.user_id)
    assert [piece.text for piece in hit.snippet if piece.hit] == [word]
    assert not (await juliet.client.search(word, sender="me")).messages
    assert (await juliet.client.search("明", place=group.id)).messages
    assert [person.id for person in (await juliet.client.search(romeo.username)).people] == [romeo.user_id]
