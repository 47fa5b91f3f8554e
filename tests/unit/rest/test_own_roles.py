"""Roles of a conversation's own over HTTP."""

from __future__ import annotations

from unit.rest.site import Person, Site

from hubbub.base.ids import new_id


async def a_house(site: Site) -> tuple[Person, Person, str]:
    """Return an owner, a member and the path of their group."""
    romeo, nurse = await site.enter("romeo"), await site.enter("nurse")
    body = {"kind": "group", "title": "Verona", "user_ids": [nurse.user_id]}
    return romeo, nurse, f"/conversations/{(await romeo.does('POST', '/conversations', body))['conversation_id']}"


async def test_a_role_is_made_given_used_and_taken(either: Site) -> None:
    romeo, nurse, room = await a_house(either)
    said = await romeo.does("POST", f"{room}/messages", {"text": "But soft!"})
    pin = f"{room}/messages/{said['seq']}/pin"
    assert await nurse.is_refused("PUT", pin) == "forbidden"
    await romeo.does("PATCH", room, {"roles": [{"name": "Helper", "rights": ["pin", "send"]}]})
    (helper,) = (await nurse.gets(room))["roles"]
    assert (helper["name"], helper["rights"]) == ("Helper", ["send", "pin"])
    of_nurse = f"{room}/members/{nurse.user_id}"
    await romeo.does("PATCH", of_nurse, {"role": "member", "own_role": helper["id"]})
    assert (await nurse.gets(room))["own_role"] == helper["id"]
    members = {one["user_id"]: one["own_role"] for one in (await romeo.gets(f"{room}/members"))["members"]}
    assert members == {romeo.user_id: "", nurse.user_id: helper["id"]}
    await nurse.does("PUT", pin)
    assert await nurse.is_refused("PATCH", room, {"title": "Mantua"}) == "forbidden"
    assert await nurse.is_refused("PATCH", room, {"roles": []}) == "forbidden"
    entries = (await romeo.gets(f"{room}/entries"))["entries"]
    assert [one["action"]["own_role"] for one in entries if one["action"]["type"] == "member"] == [helper["id"]]
    await romeo.does("PATCH", of_nurse, {"role": "member"})
    assert await nurse.is_refused("DELETE", pin) == "forbidden"


async def test_making_a_role_again_under_its_key_makes_no_second_one(site: Site) -> None:
    romeo, _, room = await a_house(site)
    body = {"roles": [{"name": "Helper", "rights": []}], "client_id": new_id()}
    first, again = await romeo.does("PATCH", room, body), await romeo.does("PATCH", room, body)
    assert first["seq"] == again["seq"]


async def test_roles_are_refused_that_cannot_be(site: Site) -> None:
    romeo, nurse, room = await a_house(site)
    for role in ({"name": "", "rights": []}, {"name": "x", "rights": ["fly"]}, {"name": "x", "rights": [], "id": "x"}):
        assert await romeo.is_refused("PATCH", room, {"roles": [role]}) == "bad_request"
    of_nurse = f"{room}/members/{nurse.user_id}"
    unknown = {"role": "member", "own_role": "e" * 32}
    assert await romeo.is_refused("PATCH", of_nurse, unknown) == "not_found"
    assert await romeo.is_refused("PATCH", of_nurse, {**unknown, "role": "admin"}) == "bad_request"
