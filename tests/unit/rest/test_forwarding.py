"""Messages are passed on with the name of who wrote them, by those who may read them, to where they may write."""

from __future__ import annotations

from typing import Any

from unit.rest.site import Person, Site

from hubbub.base.ids import GENERAL_CHANNEL, new_id


async def a_room(romeo: Person, *others: Person) -> str:
    new = {"kind": "group", "title": "Balcony", "user_ids": [one.user_id for one in others]}
    return str((await romeo.does("POST", "/conversations", new))["conversation_id"])


async def says(person: Person, room: str, **body: Any) -> int:
    return int((await person.does("POST", f"/conversations/{room}/messages", body))["seq"])


async def test_a_message_is_passed_on_with_its_author(either: Site) -> None:
    romeo, juliet, nurse = [await either.enter(name) for name in ("romeo", "juliet", "nurse")]
    room, other = await a_room(romeo, juliet), await a_room(juliet, nurse)
    seq = await says(romeo, room, text="But soft!")
    said = await romeo.gets(f"/conversations/{room}/messages/{seq}")
    path = f"/conversations/{room}/messages/{seq}/forward"
    sent = await juliet.does("POST", path, {"to": other})
    assert sent["conversation_id"] == other
    shown = await nurse.gets(f"/conversations/{other}/messages/{sent['seq']}")
    assert (shown["sender_id"], shown["body"]) == (juliet.user_id, {"text": "But soft!"})
    # Where it was said is for those who are there.
    assert shown["forwarded"] == {"sender_id": romeo.user_id, "time_ms": said["time_ms"]}
    assert (await nurse.gets(f"/conversations/{other}"))["unread"] == 1
    # Passed on again, it is still Romeo's; from a public channel anybody may look where it was said.
    again = await nurse.does("POST", f"/conversations/{other}/messages/{sent['seq']}/forward", {"to": GENERAL_CHANNEL})
    shown = await romeo.gets(f"/conversations/{GENERAL_CHANNEL}/messages/{again['seq']}")
    assert shown["forwarded"]["sender_id"] == romeo.user_id
    public = await says(romeo, GENERAL_CHANNEL, text="Hear, hear")
    sent = await juliet.does("POST", f"/conversations/{GENERAL_CHANNEL}/messages/{public}/forward", {"to": other})
    shown = await nurse.gets(f"/conversations/{other}/messages/{sent['seq']}")
    assert (shown["forwarded"]["conversation_id"], shown["forwarded"]["seq"]) == (GENERAL_CHANNEL, public)


async def test_only_what_one_may_read_is_passed_on(either: Site) -> None:
    romeo, juliet, tybalt = [await either.enter(name) for name in ("romeo", "juliet", "tybalt")]
    room = await a_room(romeo, juliet)
    own = await a_room(tybalt)
    seq = await says(romeo, room, text="secret")
    path = f"/conversations/{room}/messages/{seq}/forward"
    assert await tybalt.is_refused("POST", path, {"to": own}) == "not_a_member"
    direct = (await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id}))["conversation_id"]
    said = await says(romeo, direct, text="closer")
    whispered = f"/conversations/{direct}/messages/{said}/forward"
    assert await tybalt.is_refused("POST", whispered, {"to": own}) == "conversation_not_found"
    assert await juliet.is_refused("POST", path, {"to": own}) == "not_a_member"
    await romeo.does("POST", f"/conversations/{room}/members", {"user_ids": [tybalt.user_id]})
    later = await says(romeo, room, text="for all")
    await tybalt.does("POST", f"/conversations/{room}/messages/{later}/forward", {"to": own})
    await romeo.does("DELETE", f"/conversations/{room}/members/{tybalt.user_id}")
    # What it was edited to since is not Tybalt's to learn this way either.
    await romeo.does("PATCH", f"/conversations/{room}/messages/{later}", {"text": "not for all"})
    later_path = f"/conversations/{room}/messages/{later}/forward"
    assert await tybalt.is_refused("POST", later_path, {"to": own}) == "not_a_member"
    assert "not for all" not in str(await tybalt.gets(f"/conversations/{own}/messages"))


async def test_newcomers_without_history_pass_nothing_old_on(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    new = {"kind": "group", "title": "Vault", "history_for_newcomers": False}
    room = str((await romeo.does("POST", "/conversations", new))["conversation_id"])
    seq = await says(romeo, room, text="before")
    await romeo.does("POST", f"/conversations/{room}/members", {"user_ids": [juliet.user_id]})
    path = f"/conversations/{room}/messages/{seq}/forward"
    assert await juliet.is_refused("POST", path, {"to": GENERAL_CHANNEL}) == "message_not_found"


async def test_a_retry_finds_the_first_whatever_became_of_the_message(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    room, other = await a_room(romeo, juliet), await a_room(juliet)
    seq = await says(romeo, room, text="once")
    path, body = f"/conversations/{room}/messages/{seq}/forward", {"to": other, "client_id": new_id()}
    first = await juliet.does("POST", path, body)
    await romeo.does("PATCH", f"/conversations/{room}/messages/{seq}", {"text": "twice"})
    assert (await juliet.does("POST", path, body)) == {**first, "repeated": True}
    await romeo.does("DELETE", f"/conversations/{room}/messages/{seq}")
    assert (await juliet.does("POST", path, body)) == {**first, "repeated": True}
    assert await juliet.is_refused("POST", path, {"to": other}) == "message_recalled"
    kept = await juliet.gets(f"/conversations/{other}/messages/{first['seq']}")
    assert kept["body"] == {"text": "once"}


async def test_nobody_puts_words_into_anothers_mouth(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    seq = await says(romeo, GENERAL_CHANNEL, text="I love thee")
    messages = f"/conversations/{GENERAL_CHANNEL}/messages"
    sent = (await juliet.does("POST", f"{messages}/{seq}/forward", {"to": GENERAL_CHANNEL}))["seq"]
    assert await juliet.is_refused("PATCH", f"{messages}/{sent}", {"text": "I hate thee"}) == "forbidden"
    await juliet.does("DELETE", f"{messages}/{sent}")
    gone = await romeo.gets(f"{messages}/{sent}")
    assert (gone["recalled"], gone["body"], gone["forwarded"]) == (True, {}, None)
    # A reaction, a line about members, and what comes after the end are no messages.
    await juliet.does("PUT", f"{messages}/{seq}/reactions/+1")
    for other in (sent + 2, sent + 100):
        assert await juliet.is_refused("POST", f"{messages}/{other}/forward", {"to": GENERAL_CHANNEL}) == (
            "message_not_found"
        )


async def test_files_are_passed_on_with_their_message(either: Site) -> None:
    romeo, juliet, nurse = [await either.enter(name) for name in ("romeo", "juliet", "nurse")]
    room, other = await a_room(romeo, juliet), await a_room(juliet, nurse)
    answer = await romeo.http.post(
        "/api/v1/files", params={"name": "letter.txt"}, content=b"My dear", headers=romeo.headers
    )
    assert answer.status_code == 201, answer.text
    file_id = answer.json()["file_id"]
    seq = await says(romeo, room, text="Read", files=[file_id])
    assert await nurse.is_refused("GET", f"/files/{file_id}") == "file_not_found"
    await juliet.does("POST", f"/conversations/{room}/messages/{seq}/forward", {"to": other})
    assert (await nurse.gets(f"/files/{file_id}"))["name"] == "letter.txt"
    # It is Nurse's to read as long as the message that passed it on stands.
    await romeo.does("DELETE", f"/conversations/{room}/messages/{seq}")
    assert (await nurse.gets(f"/files/{file_id}"))["name"] == "letter.txt"


async def test_a_message_that_passes_another_on_is_sent_and_scheduled_like_any_other(either: Site) -> None:
    romeo, nurse = await either.enter("romeo"), await either.enter("nurse")
    room = await a_room(romeo, nurse)
    seq = await says(romeo, GENERAL_CHANNEL, text="Hear, hear")
    source = {"conversation_id": GENERAL_CHANNEL, "seq": seq}
    sent = await says(romeo, room, forwarded=source)
    shown = await nurse.gets(f"/conversations/{room}/messages/{sent}")
    assert (shown["body"], shown["forwarded"]["seq"]) == ({"text": "Hear, hear"}, seq)
    both = {"forwarded": source, "text": "and more"}
    assert await romeo.is_refused("POST", f"/conversations/{room}/messages", both) == "bad_request"
    due = {"conversation_id": room, "due_ms": either.deps.clock.now_ms() + 3_600_000, "forwarded": source}
    waits = await romeo.does("POST", "/scheduled", due)
    (listed,) = (await romeo.gets("/scheduled"))["scheduled"]
    assert listed == waits
    assert listed["message"]["forwarded"] == source
