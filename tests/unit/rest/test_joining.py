"""Who may make an account: anybody, who has a code, who is let in, nobody."""

from __future__ import annotations

from typing import Any

import msgspec
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.site import Site, a_site


async def registers(site: Site, name: str, **more: str) -> Any:
    return await site.http.post("/api/v1/accounts", json={"username": name, "password": PASSWORD, **more})


def mode(site: Site, registration: str, **more: Any) -> None:
    """Change the setting while everything runs."""
    site.accounts.use(msgspec.structs.replace(fast_settings(), registration=registration, **more))


async def test_who_has_a_code_comes_in_as_often_as_it_says(either: Site) -> None:
    prince = await either.admin()
    mode(either, "invitation")
    server = (await either.http.get("/api/v1/server")).json()
    assert (server["registration"], server["registration_open"]) == ("invitation", True)
    assert (await registers(either, "romeo")).json()["code"] == "bad_invitation"
    code = (await prince.does("POST", "/registration/codes", {"uses": 1, "note": "for Romeo"}))["code"]
    assert (await registers(either, "prince", code=code)).json()["code"] == "username_taken"
    made = await registers(either, "romeo", code=code)
    assert (made.status_code, made.json()["pending"]) == (201, False)
    await either.log_in("romeo")
    assert (await registers(either, "juliet", code=code)).json()["code"] == "bad_invitation"
    assert (await prince.gets("/registration/codes"))["codes"] == []
    again = (await prince.does("POST", "/registration/codes", {}))["code"]
    (listed,) = (await prince.gets("/registration/codes"))["codes"]
    assert (listed["code"], listed["uses_left"]) == (again, -1)
    for name in ("juliet", "paris"):
        assert (await registers(either, name, code=again)).status_code == 201
    await prince.does("DELETE", f"/registration/codes/{again}")
    assert (await registers(either, "tybalt", code=again)).json()["code"] == "bad_invitation"
    assert await prince.is_refused("DELETE", f"/registration/codes/{again}") == "not_found"
    assert await prince.is_refused("POST", "/registration/codes", {"expires_ms": 5}) == "bad_request"


async def test_who_waits_is_told_so_and_comes_in_when_an_admin_says_yes(either: Site) -> None:
    prince = await either.admin()
    mode(either, "approval")
    made = (await registers(either, "romeo", display_name="Romeo M.")).json()
    assert made["pending"]
    form = {"grant_type": "password", "username": "romeo", "password": PASSWORD}
    refused = await either.http.post("/oauth/token", data=form)
    assert refused.status_code == 400
    assert "not let this account in yet" in refused.text
    wrong = await either.http.post("/oauth/token", data={**form, "password": "wrong"})
    assert "not let this account in" not in wrong.text
    assert (await registers(either, "Romeo")).json()["code"] == "username_taken"
    await registers(either, "tybalt")
    first = await prince.gets("/registration/requests", limit=1)
    second = await prince.gets("/registration/requests", limit=1, cursor=first["next_cursor"])
    waiting = {row["username"]: row["user_id"] for row in first["waiting"] + second["waiting"]}
    assert set(waiting) == {"romeo", "tybalt"}
    mode(either, "closed")
    await prince.does("POST", f"/registration/requests/{waiting['romeo']}", {"accept": True})
    await prince.does("POST", f"/registration/requests/{waiting['tybalt']}", {"accept": False})
    romeo = await either.log_in("romeo")
    assert not (await romeo.gets("/me"))["pending"]
    assert len((await romeo.gets("/conversations"))["conversations"]) > 0
    assert (
        await prince.is_refused("POST", f"/registration/requests/{waiting['romeo']}", {"accept": True}) == "not_found"
    )
    mode(either, "open")
    assert (await registers(either, "tybalt")).status_code == 201


async def test_only_an_admin_decides_who_comes_in(site: Site) -> None:
    romeo = await site.enter("romeo")
    for method, path, body in (
        ("POST", "/registration/codes", {}),
        ("GET", "/registration/codes", None),
        ("DELETE", "/registration/codes/x", None),
        ("GET", "/registration/requests", None),
        ("POST", f"/registration/requests/{romeo.user_id}", {"accept": True}),
    ):
        assert await romeo.is_refused(method, path, body) == "forbidden"


async def test_the_older_setting_still_closes_the_door() -> None:
    async with a_site(auth=fast_settings(registration_open=False, registration="approval")) as site:
        assert (await registers(site, "romeo")).json()["code"] == "registration_closed"
        assert (await site.http.get("/api/v1/server")).json()["registration"] == "closed"
