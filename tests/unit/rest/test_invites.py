"""People who come into conversations by links."""

from __future__ import annotations

from typing import Any

from unit.rest.hearing import listening
from unit.rest.site import Person, Site, a_site

from hubbub.rest.settings import RestSettings


async def a_group(owner: Person, *others: Person) -> str:
    ids = [other.user_id for other in others]
    made = await owner.does("POST", "/conversations", {"kind": "group", "title": "Verona", "user_ids": ids})
    return str(made["conversation_id"])


async def an_invite(owner: Person, group: str, **how: Any) -> str:
    return str((await owner.does("POST", f"/conversations/{group}/invites", how))["invite_id"])


async def test_who_has_a_link_sees_where_it_leads_and_comes_in_once(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    group = await a_group(romeo)
    link = f"/invites/{await an_invite(romeo, group)}"
    seen = await juliet.gets(link)
    assert (seen["title"], seen["member_count"], seen["joined"], seen["asked"]) == ("Verona", 1, False, False)
    assert await juliet.is_refused("GET", f"/conversations/{group}") == "not_a_member"
    for _ in range(2):
        assert (await juliet.does("POST", link, {}))["joined"]
    there = await juliet.gets(f"/conversations/{group}")
    assert (there["state"], there["role"], there["member_count"], there["as_of"]) == ("joined", "member", 2, 2)
    (entry,) = (await romeo.gets(f"/conversations/{group}/entries", after=1))["entries"]
    assert (entry["sender_id"], entry["action"]["action"]) == (juliet.user_id, "add")
    assert entry["action"]["user_ids"] == [juliet.user_id]


async def test_a_link_is_worth_nothing_when_it_is_used_up_taken_back_or_made_up(either: Site) -> None:
    romeo, juliet, paris = await either.enter("romeo"), await either.enter("juliet"), await either.enter("paris")
    group = await a_group(romeo)
    once = await an_invite(romeo, group, uses=1)
    await juliet.does("POST", f"/invites/{once}", {})
    assert await paris.is_refused("POST", f"/invites/{once}", {}) == "not_found"
    again = await an_invite(romeo, group)
    listed = (await romeo.gets(f"/conversations/{group}/invites"))["invites"]
    assert [invite["invite_id"] for invite in listed] == [again]
    await romeo.does("DELETE", f"/conversations/{group}/invites/{again}")
    assert await paris.is_refused("POST", f"/invites/{again}", {}) == "not_found"
    assert await paris.is_refused("GET", f"/invites/{'ab' * 16}") == "not_found"
    assert await romeo.is_refused("POST", f"/conversations/{group}/invites", {"expires_ms": 5}) == "bad_request"


async def test_only_admins_invite_and_answer(either: Site) -> None:
    romeo, juliet, paris = await either.enter("romeo"), await either.enter("juliet"), await either.enter("paris")
    group = await a_group(romeo, juliet)
    where = f"/conversations/{group}"
    assert await juliet.is_refused("POST", f"{where}/invites", {}) == "forbidden"
    assert await juliet.is_refused("GET", f"{where}/requests") == "forbidden"
    assert await paris.is_refused("GET", f"{where}/invites") == "not_a_member"
    direct = await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id})
    assert await romeo.is_refused("POST", f"/conversations/{direct['conversation_id']}/invites", {}) == "forbidden"


async def test_with_approval_an_admin_lets_people_in_or_not(either: Site) -> None:
    romeo, juliet, paris = await either.enter("romeo"), await either.enter("juliet"), await either.enter("paris")
    group = await a_group(romeo)
    link, where = f"/invites/{await an_invite(romeo, group, approval=True)}", f"/conversations/{group}/requests"
    for person in (juliet, paris):
        asked = await person.does("POST", link, {"note": "it is me"})
        assert (asked["joined"], asked["asked"]) == (False, True)
    page = await romeo.gets(where)
    assert {(row["user_id"], row["note"]) for row in page["requests"]} == {
        (juliet.user_id, "it is me"),
        (paris.user_id, "it is me"),
    }
    await romeo.does("POST", f"{where}/{juliet.user_id}", {"accept": True})
    await romeo.does("POST", f"{where}/{paris.user_id}", {"accept": False})
    assert (await romeo.gets(where))["requests"] == []
    assert (await juliet.gets(link))["joined"]
    seen = await paris.gets(link)
    assert (seen["joined"], seen["asked"]) == (False, False)
    assert await romeo.is_refused("POST", f"{where}/{paris.user_id}", {"accept": True}) == "not_found"


async def test_who_was_banned_does_not_come_back_by_a_link(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    group = await a_group(romeo, juliet)
    link = f"/invites/{await an_invite(romeo, group)}"
    await romeo.does("PUT", f"/conversations/{group}/bans/{juliet.user_id}")
    assert await juliet.is_refused("POST", link, {}) == "banned"


async def test_who_may_answer_hears_of_a_request_at_once() -> None:
    async with a_site(rest=RestSettings(event_longest_s=3600.0)) as site:
        romeo, juliet, paris = [await site.enter(name) for name in ("romeo", "juliet", "paris")]
        group = await a_group(romeo, juliet)
        link = f"/invites/{await an_invite(romeo, group, approval=True)}"
        async with listening(site.app, romeo) as his, listening(site.app, juliet) as hers:
            await his.next("hello")
            await hers.next("hello")
            await paris.does("POST", link, {"note": "it is me"})
            told = await his.next("user_changed")
            assert [one["conversation_id"] for one in told.data["conversations"]] == [group]
            assert [one["join_requests"] for one in told.data["conversations"]] == [1]
            # Nothing of it reaches who may not answer: what comes next for her is something else.
            await juliet.does("PATCH", f"/conversations/{group}/own", {"pinned": True})
            seen = (await hers.next("user_changed")).data["conversations"]
            assert [(one["own"]["pinned"], one["join_requests"]) for one in seen] == [(True, 0)]
            # And of one that is taken back, which is no error a second time.
            for _ in range(2):
                await paris.does("DELETE", f"{link}/request")
            told = await his.next("user_changed")
            assert [one["join_requests"] for one in told.data["conversations"]] == [0]
            await paris.does("POST", link, {"note": "it is me"})
            await his.next("user_changed")
            # And an answer, another admin's as well as one's own.
            await romeo.does("POST", f"/conversations/{group}/requests/{paris.user_id}", {"accept": False})
            told = await his.next("user_changed")
            assert [one["join_requests"] for one in told.data["conversations"]] == [0]
