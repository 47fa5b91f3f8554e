"""Contacts over HTTP."""

from __future__ import annotations

from unit.rest.site import Site


async def test_people_become_contacts_and_call_each_other_what_they_like(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    of_juliet, of_romeo = f"/me/contacts/{juliet.user_id}", f"/me/contacts/{romeo.user_id}"
    since = (await juliet.gets("/me/state"))["version"]
    asked = await romeo.does("POST", of_juliet, {"note": "We met at the ball"})
    assert (asked["state"], asked["note"]) == ("asked", "We met at the ball")
    changed = await juliet.gets("/me/state", since=since)
    assert [(row["user_id"], row["state"], row["note"]) for row in changed["contacts"]] == [
        (romeo.user_id, "asking", "We met at the ball")
    ]
    assert (await juliet.does("POST", f"{of_romeo}/answer", {"accept": True}))["state"] == "accepted"
    named = await juliet.does("PATCH", of_romeo, {"name": "Sweet Montague", "group": "Montagues"})
    assert (named["name"], named["group"], named["state"]) == ("Sweet Montague", "Montagues", "accepted")
    (seen,) = (await romeo.gets("/me/contacts"))["contacts"]
    assert (seen["user_id"], seen["state"], seen["name"], seen["group"]) == (juliet.user_id, "accepted", "", "")
    await romeo.does("DELETE", of_juliet)
    assert (await romeo.gets("/me/contacts"))["contacts"] == []
    (kept,) = (await juliet.gets("/me/contacts"))["contacts"]
    assert (kept["state"], kept["name"]) == ("none", "Sweet Montague")
    assert await juliet.is_refused("POST", f"{of_romeo}/answer", {"accept": True}) == "not_found"
    assert await juliet.is_refused("PATCH", f"/me/contacts/{juliet.user_id}", {"name": "me"}) == "bad_request"
    assert await juliet.is_refused("PATCH", f"/me/contacts/{'ab' * 16}", {"name": "x"}) == "user_not_found"


async def test_who_is_blocked_is_answered_as_anybody_might_be(either: Site) -> None:
    romeo, paris, juliet = [await either.enter(name) for name in ("romeo", "paris", "juliet")]
    group = await romeo.does("POST", "/conversations", {"kind": "group", "title": "x", "user_ids": [paris.user_id]})
    strange = await paris.ask("PATCH", f"/conversations/{group['conversation_id']}", {"title": "mine"})
    assert strange.json()["code"] == "forbidden"
    await juliet.does("PATCH", f"/me/contacts/{paris.user_id}", {"blocked": True})
    refused = await paris.ask("POST", "/conversations/direct", {"user_id": juliet.user_id})
    assert {**refused.json(), "instance": ""} == {**strange.json(), "instance": ""}
    await juliet.does("PATCH", f"/me/contacts/{paris.user_id}", {"blocked": False})
