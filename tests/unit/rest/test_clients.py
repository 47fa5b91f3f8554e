"""Clients: registered by admins, acting within what they were given."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from unit.auth.people import fast_settings
from unit.rest.site import Person, Site, a_site

from hubbub.auth.scopes import SCOPES
from hubbub.base.ids import GENERAL_CHANNEL, new_id

WIKI = {"name": "Verona Wiki", "redirect_uris": ["https://wiki.example/cb"]}
BOT = {"name": "Chorus", "bot": "chorus", "grants": ["client_credentials"], "scopes": ["read", "write", "profile"]}


async def get_token(site: Site, client: dict[str, Any], **form: str) -> httpx.Response:
    body = {"client_id": client["client_id"], "client_secret": client["client_secret"], **form}
    return await site.http.post("/oauth/token", data={"grant_type": "client_credentials", **body})


async def a_bot(site: Site, client: dict[str, Any], **form: str) -> Person:
    answer = await get_token(site, client, **form)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    return Person(site.http, tokens["user_id"], tokens["username"], tokens)


@pytest.fixture
async def strict() -> AsyncIterator[Site]:
    async with a_site(auth=fast_settings(logins_per_minute=3.0)) as site:
        yield site


async def test_an_admin_registers_lists_and_removes_clients(either: Site) -> None:
    prince = await either.admin()
    wiki = await prince.does("POST", "/clients", WIKI)
    assert len(wiki["client_secret"]) >= 43
    assert wiki["grants"] == ["authorization_code", "refresh_token"]
    assert wiki["scopes"] == ["openid", "profile", "offline_access"]
    shown = {name: value for name, value in wiki.items() if name != "client_secret"}
    assert await prince.gets(f"/clients/{wiki['client_id']}") == shown
    phone = await prince.does("POST", "/clients", {**WIKI, "public": True})
    assert phone["client_secret"] == ""
    first = await prince.gets("/clients", limit=1)
    second = await prince.gets("/clients", limit=1, cursor=first["next_cursor"])
    assert {one["client_id"] for one in first["clients"] + second["clients"]} == {wiki["client_id"], phone["client_id"]}
    assert second["next_cursor"] == ""
    changed = await prince.does("POST", f"/clients/{wiki['client_id']}/secret")
    assert changed["client_secret"] not in ("", wiki["client_secret"])
    assert await prince.is_refused("POST", f"/clients/{phone['client_id']}/secret") == "bad_request"
    await prince.does("DELETE", f"/clients/{wiki['client_id']}")
    for method in ("GET", "DELETE"):
        assert await prince.is_refused(method, f"/clients/{wiki['client_id']}") == "not_found"


async def test_nobody_else_may(either: Site) -> None:
    romeo = await either.enter("romeo")
    for method, path in (("POST", ""), ("GET", ""), ("GET", f"/{new_id()}"), ("DELETE", f"/{new_id()}")):
        assert await romeo.is_refused(method, f"/clients{path}", WIKI if method == "POST" else None) == "forbidden"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "bad_request"),
        ({"redirect_uris": []}, "bad_request"),
        ({"redirect_uris": ["https://wiki.example/cb#x"]}, "bad_request"),
        ({"redirect_uris": ["http://wiki.example/cb"]}, "bad_request"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "bad_request"),
        ({"redirect_uris": ["data:text/html,x"]}, "bad_request"),
        ({"redirect_uris": ["/cb"]}, "bad_request"),
        ({"redirect_uris": ["https://"]}, "bad_request"),
        ({"redirect_uris": ["https://a@wiki.example/cb"]}, "bad_request"),
        ({"redirect_uris": ["https://wiki.example/c b"]}, "bad_request"),
        ({"redirect_uris": ["https://wiki.example\\@evil.example/"]}, "bad_request"),
        ({"redirect_uris": ["https://[::1"]}, "bad_request"),
        ({"grants": ["password"]}, "bad_request"),
        ({"grants": ["client_credentials"]}, "bad_request"),
        ({"bot": "chorus"}, "bad_request"),
        ({"public": True, "trusted": True}, "bad_request"),
        ({"public": True, "grants": ["client_credentials"], "bot": "chorus"}, "bad_request"),
        ({"scopes": ["everything"]}, "bad_scope"),
        ({"grants": ["client_credentials"], "bot": "prince"}, "username_taken"),
    ],
)
async def test_a_registration_that_makes_no_sense_is_refused(site: Site, change: dict[str, Any], code: str) -> None:
    prince = await site.admin()
    assert await prince.is_refused("POST", "/clients", {**WIKI, **change}) == code
    assert (await prince.gets("/clients"))["clients"] == []


@pytest.mark.parametrize(
    "uri", ["http://localhost:1/cb", "http://127.0.0.1/", "http://[::1]:8/", "com.example.app:/cb"]
)
async def test_apps_on_the_persons_own_machine_may_be_returned_to(site: Site, uri: str) -> None:
    prince = await site.admin()
    assert (await prince.does("POST", "/clients", {**WIKI, "redirect_uris": [uri]}))["redirect_uris"] == [uri]


async def test_a_service_acts_as_its_bot_within_its_scopes(either: Site) -> None:
    prince = await either.admin()
    client = await prince.does("POST", "/clients", BOT)
    bot = await a_bot(either, client)
    assert bot.username == "chorus"
    assert bot.user_id == client["bot_id"]
    assert "refresh_token" not in bot.tokens
    assert bot.tokens["scope"] == "profile read write"
    assert (await bot.gets("/me"))["bot"] is True
    sent = await bot.does("POST", f"/conversations/{GENERAL_CHANNEL}/messages", {"text": "Two households"})
    assert sent["seq"] >= 1
    assert await bot.is_refused("GET", "/nodes") == "insufficient_scope"
    assert (
        await bot.is_refused("POST", "/me/password", {"old_password": "", "new_password": ""}) == "insufficient_scope"
    )
    reading = await a_bot(either, client, scope="read")
    assert reading.tokens["device_id"] == bot.tokens["device_id"]
    await reading.gets("/conversations")
    refused = await reading.ask("POST", f"/conversations/{GENERAL_CHANNEL}/messages", {"text": "both alike"})
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    await bot.gets("/conversations")


async def test_an_admins_bot_is_no_admin(site: Site) -> None:
    prince = await site.admin()
    client = await prince.does("POST", "/clients", {**BOT, "scopes": list(SCOPES)})
    bot = await a_bot(site, client)
    assert bot.tokens["scope"] == "profile read write account admin"
    assert await bot.is_refused("GET", "/nodes") == "forbidden"


async def test_a_client_shows_its_secret_in_one_way(site: Site) -> None:
    prince = await site.admin()
    client = await prince.does("POST", "/clients", BOT)
    name, secret = client["client_id"], client["client_secret"]
    form = {"grant_type": "client_credentials"}
    good = await site.http.post("/oauth/token", data=form, auth=(name, secret))
    assert good.status_code == 200, good.text
    assert "no-store" in good.headers["cache-control"]
    twice = await site.http.post("/oauth/token", data={**form, "client_secret": secret}, auth=(name, secret))
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    other = await site.http.post("/oauth/token", data={**form, "client_id": new_id()}, auth=(name, secret))
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")
    for header in (
        f"Basic {base64.b64encode(f'{name}:x'.encode()).decode()}",
        f"Basic {base64.b64encode(name.encode()).decode()}",
        f"Basic {base64.b64encode(f'{new_id()}:{secret}'.encode()).decode()}",
        "Basic /zp4",
        "Basic ?",
    ):
        answer = await site.http.post("/oauth/token", data=form, headers={"authorization": header})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), header
        assert answer.headers["www-authenticate"].startswith("Basic ")
    for form in ({"client_id": name}, {"client_id": name, "client_secret": "x"}, {"client_id": "nobody"}):
        answer = await site.http.post("/oauth/token", data={"grant_type": "client_credentials", **form})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), form


async def test_a_client_may_not_use_what_it_was_not_given(site: Site) -> None:
    prince = await site.admin()
    wiki = await prince.does("POST", "/clients", WIKI)
    answer = await get_token(site, wiki)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    answer = await get_token(site, wiki, grant_type="password", username="prince", password="wherefore art")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    service = await prince.does("POST", "/clients", BOT)
    for scope in ("admin", "read everything", "openid", "offline_access"):
        answer = await get_token(site, service, scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope
    own = await site.http.post("/oauth/token", data={"grant_type": "client_credentials"})
    assert (own.status_code, own.json()["error"]) == (400, "unauthorized_client")


async def test_a_replaced_secret_ends_what_the_service_does(either: Site) -> None:
    prince = await either.admin()
    client = await prince.does("POST", "/clients", BOT)
    bot = await a_bot(either, client)
    changed = await prince.does("POST", f"/clients/{client['client_id']}/secret")
    assert await bot.is_refused("GET", "/conversations") == "session_ended"
    assert either.ended == [(bot.user_id, bot.tokens["device_id"])]
    assert (await get_token(either, client)).json()["error"] == "invalid_client"
    again = await a_bot(either, changed)
    await again.gets("/conversations")


async def test_a_removed_client_ends_with_its_bot(either: Site) -> None:
    prince = await either.admin()
    client = await prince.does("POST", "/clients", BOT)
    bot = await a_bot(either, client)
    await prince.does("DELETE", f"/clients/{client['client_id']}")
    assert await bot.is_refused("GET", "/conversations") == "session_ended"
    assert (await get_token(either, client)).json()["error"] == "invalid_client"
    assert not (await either.accounts.profile(bot.user_id)).active


async def test_nobody_logs_in_as_a_bot_with_a_password(site: Site) -> None:
    prince = await site.admin()
    await prince.does("POST", "/clients", BOT)
    for password in ("*", "", "wherefore art"):
        form = {"grant_type": "password", "username": "chorus", "password": password}
        assert (await site.http.post("/oauth/token", data=form)).status_code == 400


async def test_guessing_at_secrets_is_slowed_down(strict: Site) -> None:
    prince = await strict.admin()
    client = await prince.does("POST", "/clients", BOT)
    answers = [await get_token(strict, {**client, "client_secret": "guess"}) for _ in range(5)]
    assert [one.status_code for one in answers][-1] == 429
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_secret_is_nowhere_in_the_database(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        prince = await site.admin()
        client = await prince.does("POST", "/clients", BOT)
    stored = await asyncio.to_thread(
        lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    )
    assert client["client_id"].encode() in stored
    assert client["client_secret"].encode() not in stored
