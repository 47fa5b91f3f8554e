"""People who talk over HTTP alone."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import cast

import httpx
from unit.rest.site import Site

from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION, new_id
from hubbub.chat.model import Accepted, Caller, Submit
from hubbub.chat.service import Chat
from hubbub.rest.app import create_app
from hubbub.rest.deps import RestSettings


async def test_two_people_talk_privately(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    direct = await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id})
    assert (direct["kind"], direct["peer_id"]) == ("direct", juliet.user_id)
    again = await juliet.does("POST", "/conversations/direct", {"user_id": romeo.user_id})
    assert again["conversation_id"] == direct["conversation_id"]
    assert again["peer_id"] == romeo.user_id
    room = f"/conversations/{direct['conversation_id']}"
    sent = await romeo.does("POST", f"{room}/messages", {"text": "But soft! 🌹 你好"})
    assert (sent["seq"], sent["repeated"]) == (2, False)
    page = await juliet.gets(f"{room}/messages")
    assert page["items"][-1]["body"] == {"text": "But soft! 🌹 你好"}
    assert page["items"][-1]["sender_id"] == romeo.user_id
    assert page["items"][0]["action"] == {
        "type": "created",
        "kind": "direct",
        "title": "",
        "user_ids": sorted((romeo.user_id, juliet.user_id)),
    }
    seen = await juliet.gets(room)
    assert (seen["unread"], seen["as_of"], seen["last_message"]["seq"]) == (1, 2, 2)
    await juliet.does("PUT", f"{room}/marks", {"read_seq": 2})
    assert (await juliet.gets(room))["unread"] == 0


async def test_a_retry_with_the_same_key_stores_once(either: Site) -> None:
    romeo = await either.enter("romeo")
    path = f"/conversations/{GENERAL_CHANNEL}/messages"
    client_id = new_id()
    first = await romeo.does("POST", path, {"text": "once", "client_id": client_id})
    second = await romeo.does("POST", path, {"text": "once", "client_id": client_id})
    assert first == {**second, "repeated": False}
    assert second["repeated"]
    assert await romeo.is_refused("POST", path, {"text": "twice", "client_id": client_id}) == "conflict"
    key = {"Idempotency-Key": '"order 7, try 1"'}
    third = await romeo.does("POST", path, {"text": "keyed"}, headers=key)
    fourth = await romeo.does("POST", path, {"text": "keyed"}, headers=key)
    assert (third["seq"], fourth["repeated"]) == (fourth["seq"], True)
    fifth = await romeo.does("POST", path, {"text": "keyed"})
    assert fifth["seq"] == third["seq"] + 1


async def test_a_command_that_must_follow_another_waits_for_it(site: Site) -> None:
    romeo = await site.enter("romeo")
    path = f"/conversations/{GENERAL_CHANNEL}/messages"
    first = new_id()
    body = {"text": "second", "after": first}
    assert await romeo.is_refused("POST", path, body) == "predecessor_missing"
    await romeo.does("POST", path, {"text": "first", "client_id": first})
    await romeo.does("POST", path, body)


async def test_a_message_is_edited_reacted_to_pinned_and_recalled(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    room = f"/conversations/{GENERAL_CHANNEL}"
    seq = (await romeo.does("POST", f"{room}/messages", {"text": "hte sun"}))["seq"]
    message = f"{room}/messages/{seq}"
    await romeo.does("PATCH", message, {"text": "the sun"})
    assert await juliet.is_refused("PATCH", message, {"text": "mine"}) == "forbidden"
    await juliet.does("PUT", f"{message}/reactions/❤️")
    await romeo.does("PUT", f"{message}/reactions/%2B1")
    shown = (await juliet.gets(f"{room}/messages", around=seq, limit=1))["items"][0]
    assert shown["body"] == {"text": "the sun"}
    assert shown["edits"] == 1
    assert [(one["emoji"], one["count"], one["mine"]) for one in shown["reactions"]] == [
        ("❤️", 1, True),
        ("+1", 1, False),
    ]
    await juliet.does("DELETE", f"{message}/reactions/❤️")
    edits = await juliet.gets(f"{message}/edits")
    assert [one["body"]["text"] for one in edits["revisions"]] == ["hte sun", "the sun"]
    first = await juliet.gets(f"{message}/edits", limit=1)
    second = await juliet.gets(f"{message}/edits", limit=1, cursor=first["next_cursor"])
    assert first["revisions"] + second["revisions"] == edits["revisions"]
    assert second["next_cursor"] == ""
    await romeo.does("DELETE", message)
    gone = (await juliet.gets(f"{room}/messages", around=seq, limit=1))["items"][0]
    assert (gone["recalled"], gone["body"]) == (True, {})
    entries = (await juliet.gets(f"{room}/entries", after=seq - 1))["entries"]
    assert [one["action"]["type"] for one in entries] == ["post", "edit", "react", "react", "react", "recall"]
    assert entries[2]["action"] == {"type": "react", "target_seq": seq, "emoji": "❤️", "set": True}
    assert entries[0]["action"]["withdrawn"]


async def test_a_group_is_made_grown_and_governed(either: Site) -> None:
    romeo, juliet, tybalt = [await either.enter(name) for name in ("romeo", "juliet", "tybalt")]
    client_id = new_id()
    new = {"kind": "group", "title": "Balcony", "user_ids": [juliet.user_id], "client_id": client_id}
    group = await romeo.does("POST", "/conversations", new)
    assert (await romeo.does("POST", "/conversations", new))["conversation_id"] == group["conversation_id"]
    room = f"/conversations/{group['conversation_id']}"
    assert await tybalt.is_refused("GET", room) == "not_a_member"
    assert await tybalt.is_refused("POST", f"{room}/messages", {"text": "a Montague!"}) == "not_a_member"
    await romeo.does("POST", f"{room}/members", {"user_ids": [tybalt.user_id]})
    assert await tybalt.is_refused("PATCH", room, {"title": "Mine"}) == "forbidden"
    members = await romeo.gets(f"{room}/members", limit=2)
    rest = await romeo.gets(f"{room}/members", limit=2, cursor=members["next_cursor"])
    roles = {one["user_id"]: one["role"] for one in members["members"] + rest["members"]}
    assert roles == {romeo.user_id: "owner", juliet.user_id: "member", tybalt.user_id: "member"}
    await romeo.does("PATCH", f"{room}/members/{juliet.user_id}", {"role": "admin"})
    await juliet.does("PATCH", f"{room}/members/{tybalt.user_id}", {"muted_until_ms": 2**52})
    assert await tybalt.is_refused("POST", f"{room}/messages", {"text": "Peace?"}) == "muted"
    await juliet.does("DELETE", f"{room}/members/{tybalt.user_id}")
    assert await tybalt.is_refused("POST", f"{room}/messages", {"text": "Peace?"}) == "not_a_member"
    await romeo.does("POST", f"{room}/members", {"user_ids": [tybalt.user_id]})
    await romeo.does("PUT", f"{room}/bans/{tybalt.user_id}")
    assert await juliet.is_refused("POST", f"{room}/members", {"user_ids": [tybalt.user_id]}) == "banned"
    await romeo.does("DELETE", f"{room}/bans/{tybalt.user_id}")
    await romeo.does("PATCH", room, {"title": "Tomb", "slow_mode_s": 0})
    await romeo.does("POST", f"{room}/transfer", {"user_id": juliet.user_id})
    await romeo.does("POST", f"{room}/leave")
    await juliet.does("DELETE", room)
    assert await juliet.is_refused("POST", f"{room}/messages", {"text": "Romeo?"}) == "conversation_dissolved"
    assert (await juliet.gets(room))["title"] == "Tomb"


async def test_a_channel_is_found_and_joined(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    channel = await romeo.does("POST", "/conversations", {"kind": "channel", "title": "Streets of Verona"})
    found = await juliet.gets("/channels", query="streets")
    assert [one["conversation_id"] for one in found["conversations"]] == [channel["conversation_id"]]
    room = f"/conversations/{channel['conversation_id']}"
    joined = await juliet.does("POST", f"{room}/join")
    assert (joined["state"], joined["role"], joined["intervals"][0]["to_seq"]) == ("joined", "member", 0)
    mine = [one["conversation_id"] for one in (await juliet.gets("/conversations"))["conversations"]]
    assert set(mine) == {channel["conversation_id"], GENERAL_CHANNEL, SYSTEM_CONVERSATION}


async def test_lists_come_in_pages(either: Site) -> None:
    romeo = await either.enter("romeo")
    for n in range(3):
        await romeo.does("POST", "/conversations", {"kind": "group", "title": f"Room {n}"})
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = await romeo.gets("/conversations", limit=2, cursor=cursor)
        assert len(page["conversations"]) <= 2
        seen += [one["conversation_id"] for one in page["conversations"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 5
    assert await romeo.is_refused("GET", "/conversations", params={"cursor": "nonsense"}) == "bad_cursor"


async def test_people_are_found_by_part_of_a_name_or_exactly(either: Site) -> None:
    romeo = await either.enter("romeo")
    juliet = await either.enter("juliet")
    await either.enter("罗密欧")
    found = await romeo.gets("/users", query="JUL")
    assert [one["username"] for one in found["users"]] == ["juliet"]
    assert [one["username"] for one in (await romeo.gets("/users", query="密"))["users"]] == ["罗密欧"]
    exact = await romeo.gets("/users", username=["Juliet", "nobody"], id=[romeo.user_id])
    assert sorted(one["username"] for one in exact["users"]) == ["juliet", "romeo"]
    assert (await romeo.gets(f"/users/{juliet.user_id}"))["username"] == "juliet"
    assert await romeo.is_refused("GET", f"/users/{new_id()}") == "user_not_found"
    assert await romeo.is_refused("GET", "/users/romeo") == "user_not_found"


async def test_only_admins_announce_and_everybody_hears(either: Site) -> None:
    romeo = await either.enter("romeo")
    prince = await either.admin()
    assert await romeo.is_refused("POST", "/announcements", {"text": "I am banished"}) == "forbidden"
    sent = await prince.does("POST", "/announcements", {"text": "Rebellious subjects!"})
    assert sent["conversation_id"] == SYSTEM_CONVERSATION
    late = await either.enter("paris")
    for person in (romeo, late):
        page = await person.gets(f"/conversations/{SYSTEM_CONVERSATION}/messages")
        assert page["items"][-1]["body"]["text"] == "Rebellious subjects!"


async def test_a_message_waits_for_its_time_or_is_taken_back(either: Site) -> None:
    romeo = await either.enter("romeo")
    due = either.deps.clock.now_ms() + 3_600_000
    body = {"conversation_id": GENERAL_CHANNEL, "due_ms": due, "text": "later"}
    waiting = await romeo.does("POST", "/scheduled", body)
    listed = await romeo.gets("/scheduled")
    assert listed["scheduled"] == [waiting]
    assert waiting["message"]["body"] == {"text": "later"}
    await romeo.does("DELETE", f"/scheduled/{GENERAL_CHANNEL}/{waiting['client_id']}")
    assert (await romeo.gets("/scheduled"))["scheduled"] == []
    assert await romeo.is_refused("POST", "/scheduled", {**body, "due_ms": 5}) == "scheduled_in_past"


async def test_a_message_deleted_for_oneself_stays_for_the_others(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    room = f"/conversations/{GENERAL_CHANNEL}"
    seq = (await romeo.does("POST", f"{room}/messages", {"text": "poison"}))["seq"]
    await juliet.does("PUT", f"{room}/messages/{seq}/hidden")
    assert seq not in [one["seq"] for one in (await juliet.gets(f"{room}/messages"))["items"]]
    assert seq in [one["seq"] for one in (await romeo.gets(f"{room}/messages"))["items"]]


async def test_typing_is_told_by_members_only(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    group = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Balcony"})
    path = f"/conversations/{group['conversation_id']}/typing"
    await romeo.does("PUT", path, {"typing": True})
    assert await juliet.is_refused("PUT", path, {"typing": True}) == "not_a_member"


async def test_what_changed_for_a_person_is_asked_by_version(either: Site) -> None:
    romeo = await either.enter("romeo")
    everything = await romeo.gets("/me/state")
    group = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Balcony"})
    changed = await romeo.gets("/me/state", since=everything["version"])
    assert [one["conversation_id"] for one in changed["conversations"]] == [group["conversation_id"]]
    assert (changed["since_version"], changed["more"]) == (everything["version"], False)


async def test_threads_and_history_positions(either: Site) -> None:
    romeo = await either.enter("romeo")
    group = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Thread"})
    path = f"/conversations/{group['conversation_id']}/messages"
    seqs = [(await romeo.does("POST", path, {"text": f"{n}"}))["seq"] for n in range(6)]
    reply = await romeo.does("POST", path, {"text": "in thread", "thread_seq": seqs[0]})
    thread = await romeo.gets(path, thread=seqs[0])
    assert [one["seq"] for one in thread["items"]] == [seqs[0], reply["seq"]]
    before = await romeo.gets(path, before=seqs[3], limit=2)
    assert [one["seq"] for one in before["items"]] == seqs[1:3]
    assert (before["more_before"], before["more_after"]) == (True, True)
    after = await romeo.gets(path, after=seqs[3], limit=1)
    assert [one["seq"] for one in after["items"]] == [seqs[4]]
    assert await romeo.is_refused("GET", path, params={"before": 3, "after": 1}) == "bad_request"


async def test_a_custom_body_travels_whole(either: Site) -> None:
    romeo = await either.enter("romeo")
    path = f"/conversations/{GENERAL_CHANNEL}/messages"
    body = {"custom_type": "poll", "custom_json": '{"q":"Peace?"}', "fallback": "A poll"}
    await romeo.does("POST", path, {"body": body})
    assert (await romeo.gets(path))["items"][-1]["body"] == body
    assert await romeo.is_refused("POST", path, {"body": body, "text": "both"}) == "bad_request"
    assert await romeo.is_refused("POST", path, {}) == "bad_request"


async def test_an_unknown_outcome_names_the_client_id_to_retry_with(site: Site) -> None:
    romeo = await site.enter("romeo")

    class Stuck:
        """A chat whose commits never end."""

        def submit(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
            return asyncio.get_running_loop().create_future()

    chat = cast("Chat", Stuck())
    deps = dataclasses.replace(site.deps, chat=chat, metrics=None, settings=RestSettings(commit_timeout_s=0.01))
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        path = f"/api/v1/conversations/{GENERAL_CHANNEL}/messages"
        answer = await http.post(path, json={"text": "?"}, headers={**romeo.headers, "idempotency-key": "0" * 32})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["retry"]) == (503, "unknown_outcome", True)
    assert "0" * 32 in problem["detail"]


async def test_one_box_finds_messages_people_and_conversations(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    group = await romeo.does(
        "POST", "/conversations", {"kind": "group", "title": "Romeo's plans", "user_ids": [juliet.user_id]}
    )
    room = f"/conversations/{group['conversation_id']}"
    for words in ("Wherefore art thou Romeo", "明天见面吧", "romeo again"):
        await juliet.does("POST", f"{room}/messages", {"text": words})
    async with asyncio.timeout(10):
        while len((found := await romeo.gets("/search", query="romeo"))["messages"]) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    first, second = found["messages"]
    assert [piece["text"] for piece in first["snippet"]] == ["romeo", " again"]
    assert second["snippet"][-1] == {"text": "Romeo", "hit": True}
    assert (first["sender_id"], first["conversation_id"]) == (juliet.user_id, group["conversation_id"])
    assert [person["username"] for person in found["people"]] == ["romeo"]
    assert [each["title"] for each in found["conversations"]] == ["Romeo's plans"]
    page = await romeo.gets("/search", query="romeo", limit=1)
    rest = await romeo.gets("/search", query="romeo", limit=1, cursor=page["next_cursor"])
    assert (page["messages"], rest["messages"], rest["next_cursor"]) == ([first], [second], "")
    assert len((await romeo.gets("/search", query="见面"))["messages"]) == 1
    assert (await romeo.gets("/search", query="romeo from:romeo"))["messages"] == []
    assert (await romeo.gets("/search", **{"query": "romeo", "from": "me"}))["messages"] == []
    assert await romeo.is_refused("GET", "/search", params={"query": "x", "before": "soon"}) == "bad_request"
    other = await either.enter("paris")
    assert (await other.gets("/search", query="romeo"))["messages"] == []


async def test_one_message_is_read_by_its_number(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    room = f"/conversations/{GENERAL_CHANNEL}"
    seqs = [(await romeo.does("POST", f"{room}/messages", {"text": text}))["seq"] for text in ("one", "two", "three")]
    await juliet.does("PUT", f"{room}/messages/{seqs[1]}/reactions/+1")
    found = await juliet.gets(f"{room}/messages/{seqs[1]}")
    assert (found["seq"], found["body"]["text"], found["reactions"][0]["mine"]) == (seqs[1], "two", True)
    thread = await juliet.does("POST", f"{room}/messages", {"text": "aside", "thread_seq": seqs[0]})
    assert (await romeo.gets(f"{room}/messages/{thread['seq']}"))["thread_seq"] == seqs[0]
    # A reaction is an entry and no message, and after the last one there is none.
    for seq in (seqs[2] + 1, thread["seq"] + 1):
        assert await juliet.is_refused("GET", f"{room}/messages/{seq}") == "message_not_found"
    await juliet.does("PUT", f"{room}/messages/{seqs[2]}/hidden")
    assert await juliet.is_refused("GET", f"{room}/messages/{seqs[2]}") == "message_not_found"
    assert (await romeo.gets(f"{room}/messages/{seqs[2]}"))["body"]["text"] == "three"


async def test_what_is_pinned_is_listed_the_newest_first(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    new = {"kind": "group", "title": "Balcony", "user_ids": [juliet.user_id]}
    room = f"/conversations/{(await romeo.does('POST', '/conversations', new))['conversation_id']}"
    for text in ("one", "two", "three"):
        seq = (await romeo.does("POST", f"{room}/messages", {"text": text}))["seq"]
        if text != "three":
            await romeo.does("PUT", f"{room}/messages/{seq}/pin")
    first = await juliet.gets(f"{room}/pins", limit=1)
    second = await juliet.gets(f"{room}/pins", limit=1, cursor=first["next_cursor"])
    assert [one["body"]["text"] for one in first["messages"] + second["messages"]] == ["two", "one"]
    assert second["next_cursor"] == ""
    assert await juliet.is_refused("GET", f"{room}/pins?cursor=x") == "bad_cursor"
