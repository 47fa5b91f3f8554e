"""Logging in, refreshing and leaving over HTTP, as RFC 6749 says."""

from __future__ import annotations

import asyncio

import pytest
from support.forgeries import forgeries
from unit.auth.people import PASSWORD, a_key, fast_settings
from unit.rest.site import Site, a_site

from hubbub.base.ids import new_id


async def test_a_login_is_answered_as_oauth_asks(either: Site) -> None:
    person = await either.enter("romeo")
    assert person.tokens["token_type"] == "Bearer"
    assert person.tokens["expires_in"] == 900
    device = new_id()
    form = {
        "grant_type": "password",
        "username": "romeo",
        "password": PASSWORD,
        "device_id": device,
        "device_name": "手机",
    }
    answer = await either.http.post("/oauth/token", data=form)
    assert answer.json()["device_id"] == device
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        ({}, "invalid_request", "bad_request"),
        ({"grant_type": ""}, "invalid_request", "bad_request"),
        ({"grant_type": "implicit"}, "unsupported_grant_type", "bad_request"),
        ({"grant_type": "password"}, "invalid_request", "bad_request"),
        ({"grant_type": "password", "username": "romeo", "password": "x"}, "invalid_grant", "bad_credentials"),
        (
            {"grant_type": "password", "username": "a", "password": "b", "device_id": "?"},
            "invalid_request",
            "bad_request",
        ),
        ({"grant_type": "refresh_token"}, "invalid_request", "bad_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant", "bad_token"),
    ],
)
async def test_an_error_has_the_shape_of_rfc_6749(site: Site, form: dict[str, str], error: str, code: str) -> None:
    answer = await site.http.post("/oauth/token", data=form)
    body = answer.json()
    assert (answer.status_code, body["error"], body["code"]) == (400, error, code)
    assert body["error_description"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "content",
    [b"grant_type=password&grant_type=password", b"grant_type=%FF", b"\xff", b"&".join([b"a=b"] * 100), b"%ED%A0%80=x"],
)
async def test_a_form_that_cannot_be_read_is_refused(site: Site, content: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await site.http.post("/oauth/token", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = await site.http.post("/oauth/token", json={"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_refresh_token_works_once_and_then_ends_everything(either: Site) -> None:
    romeo = await either.enter("romeo")
    form = {"grant_type": "refresh_token", "refresh_token": romeo.tokens["refresh_token"]}
    second = (await either.http.post("/oauth/token", data=form)).json()
    romeo.tokens = second
    await romeo.gets("/me")
    reused = await either.http.post("/oauth/token", data=form)
    assert (reused.status_code, reused.json()["code"]) == (400, "session_ended")
    assert await romeo.is_refused("GET", "/me") == "session_ended"
    assert either.ended == [(romeo.user_id, second["device_id"])]


async def test_logging_out_ends_the_token_at_once(either: Site) -> None:
    romeo = await either.enter("romeo")
    await romeo.does("POST", "/me/logout")
    assert await romeo.is_refused("GET", "/me") == "session_ended"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_either_token_revokes_its_login(site: Site, which: str) -> None:
    romeo = await site.enter("romeo")
    for token in (romeo.tokens[which], romeo.tokens[which], "nonsense", "eyJ.x.y"):
        answer = await site.http.post("/oauth/revoke", data={"token": token})
        assert answer.status_code == 200, answer.text
    assert await romeo.is_refused("GET", "/me") == "session_ended"
    assert len(site.ended) == 1


async def test_a_changed_password_ends_the_other_devices(either: Site) -> None:
    phone = await either.enter("romeo")
    laptop = await either.log_in("romeo")
    change = {"old_password": PASSWORD, "new_password": "thou, Romeo?"}
    assert await laptop.is_refused("POST", "/me/password", {**change, "old_password": "x"}) == "bad_credentials"
    laptop.tokens = await laptop.does("POST", "/me/password", change)
    await laptop.gets("/me")
    assert await phone.is_refused("GET", "/me") == "session_ended"
    await either.log_in("romeo", "thou, Romeo?")


async def test_ones_profile_is_read_and_changed(either: Site) -> None:
    romeo = await either.enter("romeo")
    changed = await romeo.does("PATCH", "/me", {"display_name": "Romeo 🌹", "signature": "sighs"})
    assert changed == await romeo.gets("/me")
    assert (changed["display_name"], changed["is_admin"], changed["username"]) == ("Romeo 🌹", False, "romeo")
    assert await romeo.does("PATCH", "/me", {}) == changed
    assert await romeo.is_refused("PATCH", "/me", {"display_name": "a\x00b"}) == "bad_request"


async def test_the_public_keys_are_at_both_addresses(site: Site) -> None:
    one = await site.http.get("/oauth/jwks.json")
    assert one.json() == (await site.http.get("/.well-known/jwks.json")).json() == site.accounts.jwks()
    assert "max-age" in one.headers["cache-control"]


async def test_who_asks_too_often_is_told_when_to_return() -> None:
    async with a_site(auth=fast_settings(requests_per_second=1.0)) as site:
        romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
        for _ in range(4):
            await romeo.gets("/me")
        answer = await romeo.ask("GET", "/me")
        assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (429, "rate_limited", True)
        assert answer.headers["retry-after"] == "1"
        assert 0 < answer.json()["retry_after_ms"] <= 1000
        await juliet.gets("/me")


async def test_registrations_and_logins_are_limited_per_address() -> None:
    async with a_site(auth=fast_settings(registers_per_minute=1.0, logins_per_minute=1.0)) as site:
        await site.enter("romeo")
        made = await site.http.post("/api/v1/accounts", json={"username": "juliet", "password": PASSWORD})
        assert (made.status_code, made.json()["code"]) == (429, "rate_limited")
        form = {"grant_type": "password", "username": "romeo", "password": PASSWORD}
        answer = await site.http.post("/oauth/token", data=form)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert answer.json()["error"] == "temporarily_unavailable"
        assert int(answer.headers["retry-after"]) > 0


async def test_ones_devices_are_listed_and_can_be_logged_out(either: Site) -> None:
    phone, laptop = await either.enter("romeo"), await either.log_in("romeo")
    stranger = await either.enter("tybalt")
    first = await laptop.gets("/me/logins", limit=1)
    second = await laptop.gets("/me/logins", limit=1, cursor=first["next_cursor"])
    rows = {one["device_id"]: one for one in first["logins"] + second["logins"]}
    assert set(rows) == {phone.tokens["device_id"], laptop.tokens["device_id"]}
    assert [one["current"] for one in rows.values()].count(True) == 1
    target = rows[phone.tokens["device_id"]]["login_id"]
    assert await stranger.is_refused("DELETE", f"/me/logins/{target}") == "not_found"
    await laptop.does("DELETE", f"/me/logins/{target}")
    assert await phone.is_refused("GET", "/me") == "session_ended"
    assert await laptop.is_refused("DELETE", "/me/logins/x") == "not_found"
    assert await laptop.is_refused("GET", "/me/logins", params={"cursor": "x"}) == "bad_cursor"


async def test_a_device_is_named_and_every_other_is_logged_out(either: Site) -> None:
    phone, laptop = await either.enter("romeo"), await either.log_in("romeo")
    stranger = await either.enter("tybalt")
    (mine,) = [one for one in (await laptop.gets("/me/logins"))["logins"] if one["current"]]
    assert (mine["client_id"], mine["scopes"]) == ("hubbub", [])
    path = f"/me/logins/{mine['login_id']}"
    assert (await laptop.does("PATCH", path, {"device_name": " 笔记本 "}))["device_name"] == "笔记本"
    assert await stranger.is_refused("PATCH", path, {"device_name": "x"}) == "not_found"
    assert await laptop.is_refused("PATCH", path, {"device_name": "x" * 101}) == "bad_request"
    assert await laptop.does("DELETE", "/me/logins") == {"ended": 1}
    assert await phone.is_refused("GET", "/me") == "session_ended"
    assert either.ended == [(phone.user_id, phone.tokens["device_id"])]
    (left,) = (await laptop.gets("/me/logins"))["logins"]
    assert left["device_name"] == "笔记本"
    await stranger.gets("/me")


async def test_an_admin_makes_accounts_where_registration_is_closed() -> None:
    async with a_site(auth=fast_settings(registration_open=False)) as site:
        prince = await site.admin()
        body = {"username": "romeo", "password": PASSWORD}
        refused = await site.http.post("/api/v1/accounts", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "registration_closed")
        await prince.does("POST", "/accounts", body)
        romeo = await site.log_in("romeo")
        other = {"username": "juliet", "password": PASSWORD}
        assert await romeo.is_refused("POST", "/accounts", other) == "registration_closed"
        answer = await site.http.post("/api/v1/accounts", json=other, headers={"authorization": "Bearer x.y.z"})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
        assert (await site.http.get("/api/v1/server")).json()["registration_open"] is False


async def test_of_many_who_register_a_name_at_once_one_gets_it(either: Site) -> None:
    names = ["romeo", "Romeo", "ROMEO", "ｒｏｍｅｏ"]
    answers = await asyncio.gather(
        *(either.http.post("/api/v1/accounts", json={"username": one, "password": PASSWORD}) for one in names)
    )
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


async def test_of_many_who_spend_a_refresh_token_at_once_one_succeeds(either: Site) -> None:
    romeo = await either.enter("romeo")
    form = {"grant_type": "refresh_token", "refresh_token": romeo.tokens["refresh_token"]}
    answers = await asyncio.gather(*(either.http.post("/oauth/token", data=form) for _ in range(5)))
    won = [one for one in answers if one.status_code == 200]
    assert len(won) <= 1
    assert {one.json()["code"] for one in answers if one not in won} == {"session_ended"}
    assert await romeo.is_refused("GET", "/me") == "session_ended"


async def test_no_forged_token_is_believed_over_http(site: Site) -> None:
    romeo = await site.enter("romeo")
    forged_tokens = forgeries(romeo.tokens["access_token"], a_key())
    for name, forged in forged_tokens.items():
        answer = await site.http.get("/api/v1/me", headers={"authorization": f"Bearer {forged}"})
        assert answer.status_code == 401, name
        assert answer.json()["code"] in ("bad_token", "unauthenticated"), name
    assert (await romeo.gets("/me"))["username"] == "romeo"
