"""Everybody's accounts, as those see and change them who look after accounts."""

from __future__ import annotations

from unit.auth.people import PASSWORD
from unit.rest.site import Person, Site

from hubbub.auth.permissions import Permission


async def a_registrar(site: Site, prince: Person) -> Person:
    """Return somebody who looks after accounts and does nothing else."""
    role = await prince.does("POST", "/roles", {"name": "Registrar", "permissions": [Permission.PEOPLE_MANAGE.value]})
    person = await site.enter("friar")
    await prince.does("PUT", f"/roles/{role['role']}/people/{person.user_id}")
    return person


async def test_accounts_are_listed_found_and_read(either: Site) -> None:
    friar = await a_registrar(either, await either.admin())
    romeo, _ = await either.enter("romeo"), await either.enter("rosaline")
    first = await friar.gets("/people", query="RO", limit=1)
    second = await friar.gets("/people", query="RO", cursor=first["next_cursor"])
    assert sorted(one["username"] for one in first["accounts"] + second["accounts"]) == ["romeo", "rosaline"]
    assert second["next_cursor"] == ""
    one = await friar.gets(f"/people/{romeo.user_id}")
    assert (one["state"], one["roles"], one["email"]) == ("active", ["member"], "")
    assert await friar.is_refused("GET", f"/people/{'0' * 32}") == "user_not_found"
    assert await romeo.is_refused("GET", "/people") == "forbidden"


async def test_somebodys_sessions_are_seen_and_ended(either: Site) -> None:
    friar = await a_registrar(either, await either.admin())
    romeo = await either.enter("romeo")
    phone = await either.log_in("romeo")
    path = f"/people/{romeo.user_id}/logins"
    listed = (await friar.gets(path))["logins"]
    assert len(listed) == 2
    assert not any(one["current"] for one in listed)
    mine = next(one for one in listed if one["device_id"] == phone.tokens["device_id"])
    await friar.does("DELETE", f"{path}/{mine['login_id']}")
    assert await phone.is_refused("GET", "/me") == "session_ended"
    assert (romeo.user_id, phone.tokens["device_id"]) in either.ended
    assert await friar.is_refused("DELETE", f"{path}/{mine['login_id']}") == "not_found"
    await romeo.gets("/me")
    assert (await friar.does("DELETE", path))["ended"] == 1
    assert await romeo.is_refused("GET", "/me") == "session_ended"


async def test_somebody_who_is_locked_out_is_handed_a_link(either: Site) -> None:
    prince = await either.admin()
    friar = await a_registrar(either, prince)
    romeo = await either.enter("romeo")
    made = await friar.does("POST", f"/people/{romeo.user_id}/password-link")
    assert made["until_ms"] > either.deps.clock.now_ms()
    await romeo.gets("/me")
    token = made["link"].partition("?token=")[2]
    body = {"token": token, "password": "a rose by any other"}
    assert (await either.http.post("/api/v1/accounts/password", json=body)).status_code == 204
    assert await romeo.is_refused("GET", "/me") == "session_ended"
    await either.log_in("romeo", "a rose by any other")
    assert (await either.http.post("/api/v1/accounts/password", json=body)).json()["code"] == "bad_link"
    (entry,) = (await prince.gets("/audit", act="account.link"))["entries"]
    assert (entry["user_id"], entry["target"]) == (friar.user_id, romeo.user_id)
    assert token not in entry["detail"]


async def test_a_profile_is_changed_and_an_account_deleted(either: Site) -> None:
    friar = await a_registrar(either, await either.admin())
    romeo = await either.enter("romeo")
    path = f"/people/{romeo.user_id}"
    changed = await friar.does("PATCH", path, {"display_name": "Romeo Montague", "email": ""})
    assert (await romeo.gets("/me"))["display_name"] == changed["display_name"] == "Romeo Montague"
    await friar.does("DELETE", path)
    assert (await friar.gets(path))["state"] == "deleted"
    form = {"grant_type": "password", "username": "romeo", "password": PASSWORD}
    assert (await either.http.post("/oauth/token", data=form)).status_code == 400
    assert await friar.is_refused("DELETE", path) == "user_not_found"
    assert await friar.is_refused("DELETE", f"/people/{friar.user_id}") == "bad_request"


async def test_another_name_or_picture_is_told_of_whoever_changed_it(either: Site) -> None:
    friar = await a_registrar(either, await either.admin())
    romeo = await either.enter("romeo")
    told: list[str] = []

    async def tell(user_id: str) -> None:
        told.append(user_id)

    either.accounts.on_profile_changed = tell
    await romeo.does("PATCH", "/me", {"signature": "But soft!"})
    await romeo.does("PUT", "/me/avatar", {"file_id": ""})
    await friar.does("PATCH", f"/people/{romeo.user_id}", {"display_name": "Romeo"})
    assert told == [romeo.user_id] * 3
