"""Legal holds over HTTP: who may keep, who may read, and what nobody else notices."""

from __future__ import annotations

from unit.rest.site import Person, Site

from hubbub.base.ids import new_id


async def with_role(site: Site, prince: Person, name: str, *permissions: str) -> Person:
    """Return somebody who may do this and nothing else beyond members."""
    made = await prince.does("POST", "/roles", {"name": name, "permissions": list(permissions)})
    person = await site.enter(name.lower())
    await prince.does("PUT", f"/roles/{made['role']}/people/{person.user_id}")
    return person


async def private_chat(one: Person, other: Person) -> str:
    made = await one.does("POST", "/conversations/direct", {"user_id": other.user_id})
    return str(made["conversation_id"])


async def test_what_is_taken_back_under_a_hold_is_read_by_who_may_export(either: Site) -> None:
    prince = await either.admin()
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    where = await private_chat(romeo, juliet)
    body = {"name": "Capulet", "reason": "The feud", "user_ids": [romeo.user_id]}
    hold = await prince.does("POST", "/holds", body)
    assert (hold["people"], hold["conversations"], hold["closed_ms"]) == (1, 0, 0)
    said = await juliet.does("POST", f"/conversations/{where}/messages", {"text": "Swear not by the moon"})
    await juliet.does("DELETE", f"/conversations/{where}/messages/{said['seq']}")
    for person in (romeo, juliet):
        shown = (await person.gets(f"/conversations/{where}/messages"))["items"][-1]
        assert (shown["recalled"], shown["body"]) == (True, {})
        assert "hold" not in str((await person.gets("/me/roles"))["permissions"])
    export = await prince.does("POST", f"/holds/{hold['hold_id']}/exports")
    reading = f"/holds/{hold['hold_id']}/exports/{export['export_id']}"
    page = await prince.gets(f"{reading}/entries")
    (kept,) = [each for each in page["entries"] if each["entry"]["action"].get("body", {}).get("text")]
    assert kept["entry"]["action"]["body"]["text"] == "Swear not by the moon"
    assert (kept["sender"], kept["recalled"], kept["erased"]) == ("juliet", True, False)
    assert where in {each["conversation_id"] for each in page["conversations"]}
    await prince.does("POST", f"{reading}/finish", {"sha256": "ab" * 32, "entries": len(page["entries"])})
    await prince.does("POST", f"/holds/{hold['hold_id']}/close")
    assert await prince.is_refused("GET", f"{reading}/entries") == "not_found"
    acts = [one["act"] for one in (await prince.gets("/audit", target=hold["hold_id"]))["entries"]]
    assert acts == ["hold.closed", "hold.exported", "hold.read", "hold.opened"]


async def test_to_keep_is_not_to_read_and_to_read_is_not_to_keep(either: Site) -> None:
    prince = await either.admin()
    keeper = await with_role(either, prince, "Keeper", "holds.manage")
    reader = await with_role(either, prince, "Reader", "holds.export")
    body = {"name": "Capulet", "reason": "The feud", "user_ids": [prince.user_id]}
    hold = (await keeper.does("POST", "/holds", body))["hold_id"]
    assert await reader.is_refused("POST", "/holds", body) == "forbidden"
    for path in ("/holds", f"/holds/{hold}"):
        assert await reader.is_refused("GET", path) == "forbidden"
    assert await reader.is_refused("POST", f"/holds/{hold}/close") == "forbidden"
    assert await keeper.is_refused("POST", f"/holds/{hold}/exports") == "forbidden"
    export = (await reader.does("POST", f"/holds/{hold}/exports"))["export_id"]
    assert await keeper.is_refused("GET", f"/holds/{hold}/exports/{export}/entries") == "forbidden"
    # An export is read by who began it, so that the audit log says who read what.
    assert await prince.is_refused("GET", f"/holds/{hold}/exports/{export}/entries") == "not_found"
    assert await reader.is_refused("GET", f"/holds/{new_id()}/exports/{export}/entries") == "not_found"
    assert (await reader.gets(f"/holds/{hold}/exports/{export}/entries"))["next_cursor"] == ""


async def test_an_administrator_has_neither_and_cannot_take_or_give_them(either: Site) -> None:
    prince = await either.admin()
    steward, friend = await either.enter("steward"), await either.enter("friend")
    await prince.does("PUT", f"/roles/admin/people/{steward.user_id}")
    for method, path in (("GET", "/holds"), ("POST", f"/holds/{new_id()}/exports")):
        assert await steward.is_refused(method, path) == "forbidden"
    for permission in ("holds.manage", "holds.export"):
        assert await steward.is_refused("POST", "/roles", {"name": "Spy", "permissions": [permission]}) == "forbidden"
        made = await prince.does("POST", "/roles", {"name": f"May {permission}", "permissions": [permission]})
        for whom in (steward, friend):
            path = f"/roles/{made['role']}/people/{whom.user_id}"
            assert await steward.is_refused("PUT", path) == "forbidden"


async def test_a_hold_says_what_it_is_and_over_whom(either: Site) -> None:
    prince = await either.admin()
    romeo = await either.enter("romeo")
    good = {"name": "Capulet", "reason": "The feud", "user_ids": [romeo.user_id]}
    wrongs: list[dict[str, object]] = [
        {"name": " "},
        {"reason": ""},
        {"name": "x" * 101},
        {"name": "a\0b"},
        {"user_ids": []},
        {"from_ms": 5, "until_ms": 5},
    ]
    for wrong in wrongs:
        assert await prince.is_refused("POST", "/holds", {**good, **wrong}) == "bad_request"
    assert await prince.is_refused("POST", "/holds", {**good, "user_ids": [new_id()]}) == "user_not_found"
    assert (
        await prince.is_refused("POST", "/holds", {**good, "conversation_ids": [new_id()]}) == "conversation_not_found"
    )
    assert (await prince.gets("/holds"))["holds"] == []
    hold = await prince.does("POST", "/holds", {**good, "from_ms": 5, "until_ms": 6})
    path = f"/holds/{hold['hold_id']}"
    where = await private_chat(prince, romeo)
    more = await prince.does("POST", f"{path}/subjects", {"conversation_ids": [where], "user_ids": [romeo.user_id]})
    assert (more["people"], more["conversations"]) == (1, 1)
    shown = await prince.gets(path)
    assert shown["hold"] == more
    assert [(one["kind"], one["name"]) for one in shown["subjects"]] == [("person", "romeo"), ("conversation", "")]
    assert (await prince.does("DELETE", f"{path}/subjects/{where}"))["conversations"] == 0
    assert await prince.is_refused("DELETE", f"{path}/subjects/{where}") == "not_found"
    closed = await prince.does("POST", f"{path}/close")
    assert closed["closed_by"] == prince.user_id
    assert await prince.is_refused("POST", f"{path}/close") == "conflict"
    assert await prince.is_refused("POST", f"{path}/subjects", {"user_ids": [romeo.user_id]}) == "not_found"
    assert (await prince.gets("/holds", state="closed"))["holds"] == [closed]


async def test_a_held_file_is_downloaded_after_its_message_was_recalled(either: Site) -> None:
    prince = await either.admin()
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    where = await private_chat(romeo, juliet)
    hold = await prince.does("POST", "/holds", {"name": "C", "reason": "F", "conversation_ids": [where]})
    sent = await romeo.http.post(
        "/api/v1/files", params={"name": "poison.txt"}, content=b"mandrake", headers=romeo.headers
    )
    file = sent.json()["file_id"]
    said = await romeo.does("POST", f"/conversations/{where}/messages", {"text": "", "files": [file]})
    await romeo.does("DELETE", f"/conversations/{where}/messages/{said['seq']}")
    await romeo.does("DELETE", f"/files/{file}")
    assert await romeo.is_refused("GET", f"/files/{file}") == "file_not_found"
    export = (await prince.does("POST", f"/holds/{hold['hold_id']}/exports"))["export_id"]
    path = f"/holds/{hold['hold_id']}/exports/{export}/files"
    got = await prince.ask("GET", f"{path}/{file}")
    assert (got.status_code, got.content) == (200, b"mandrake")
    assert got.headers["content-disposition"].startswith("attachment")
    assert await prince.is_refused("GET", f"{path}/{new_id()}") == "file_not_found"
