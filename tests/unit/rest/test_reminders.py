"""Reminders over HTTP."""

from __future__ import annotations

from unit.rest.site import Site

from hubbub.base.ids import GENERAL_CHANNEL, new_id


async def test_one_is_reminded_puts_it_off_and_is_done_with_it(either: Site) -> None:
    romeo = await either.enter("romeo")
    sent = await romeo.does("POST", f"/conversations/{GENERAL_CHANNEL}/messages", {"text": "At what o'clock?"})
    path = f"/me/reminders/{GENERAL_CHANNEL}/{sent['seq']}"
    due_ms = either.deps.clock.now_ms() + 3_600_000
    since = (await romeo.gets("/me/state"))["version"]
    row = await romeo.does("PUT", path, {"due_ms": due_ms, "note": "By the hour of nine"})
    assert row == {
        "conversation_id": GENERAL_CHANNEL,
        "seq": sent["seq"],
        "due_ms": due_ms,
        "note": "By the hour of nine",
        "due": False,
        "version": since + 1,
    }
    assert await romeo.does("PUT", path, {"due_ms": due_ms, "note": "By the hour of nine"}) == row
    assert (await romeo.gets("/me/reminders"))["reminders"] == [row]
    assert (await romeo.gets("/me/state", since=since))["reminders"] == [row]
    later = await romeo.does("PUT", path, {"due_ms": due_ms + 60_000})
    assert (later["due_ms"], later["note"], later["version"]) == (due_ms + 60_000, "", since + 2)
    for _ in range(2):
        await romeo.does("DELETE", path)
    assert (await romeo.gets("/me/reminders"))["reminders"] == []


async def test_nobody_is_reminded_of_what_they_may_not_see_or_of_the_past(either: Site) -> None:
    romeo, tybalt = await either.enter("romeo"), await either.enter("tybalt")
    made = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Montagues"})
    group = made["conversation_id"]
    sent = await romeo.does("POST", f"/conversations/{group}/messages", {"text": "a secret"})
    wish = {"due_ms": either.deps.clock.now_ms() + 3_600_000}
    path = f"/me/reminders/{group}"
    assert await tybalt.is_refused("PUT", f"{path}/{sent['seq']}", wish) == "not_a_member"
    assert await romeo.is_refused("PUT", f"{path}/99", wish) == "message_not_found"
    assert await romeo.is_refused("PUT", f"/me/reminders/{new_id()}/1", wish) == "conversation_not_found"
    assert await romeo.is_refused("PUT", f"{path}/{sent['seq']}", {"due_ms": 1}) == "scheduled_in_past"
    assert await romeo.is_refused("PUT", f"{path}/{sent['seq']}", {"due_ms": 2**52}) == "bad_request"
