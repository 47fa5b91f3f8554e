"""Discovery, devices without a browser, the truth about tokens, and logging out from a program's side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from unit.auth.people import fast_settings
from unit.rest.browser import Browser, Form, Program, a_browser, a_program
from unit.rest.site import ISSUER, Person, Site, a_site

from hubbub.auth.id_tokens import IdTokens
from hubbub.auth.scopes import SCOPES
from hubbub.base.clock import SystemClock

BYE = "https://wiki.example/bye"


@pytest.fixture
async def romeo(site: Site) -> AsyncIterator[Browser]:
    await site.enter("romeo")
    async with a_browser(site) as browser:
        yield browser


def person_of(site: Site, tokens: dict[str, Any]) -> Person:
    return Person(site.http, tokens["user_id"], tokens["username"], tokens)


async def let_in(wiki: Program, browser: Browser, name: str = "romeo", **change: str) -> dict[str, Any]:
    answer = await wiki.redeems((await browser.allows(wiki.asks(**change), name))["code"])
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


# ---------------------------------------------------------------- discovery


async def test_what_the_server_can_do_is_at_both_addresses_and_true(site: Site) -> None:
    told = (await site.http.get("/.well-known/openid-configuration")).json()
    assert told == (await site.http.get("/.well-known/oauth-authorization-server")).json()
    assert told["issuer"] == ISSUER
    assert told["scopes_supported"] == list(SCOPES)
    for name, address in told.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            answer = await site.http.get(urlsplit(address).path)
            assert answer.status_code != 404, name
    assert (await site.http.get(urlsplit(told["jwks_uri"]).path)).json() == site.accounts.jwks()


async def test_an_issuer_that_was_set_is_the_one(site: Site) -> None:
    async with a_site(issuer="https://chat.example") as other:
        told = (await other.http.get("/.well-known/openid-configuration")).json()
        assert told["token_endpoint"] == "https://chat.example/oauth/token"


# ---------------------------------------------------------------- devices


async def begins(site: Site, **form: str) -> dict[str, Any]:
    answer = await site.http.post("/oauth/device_authorization", data={"device_name": "", **form})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def asks(site: Site, begun: dict[str, Any], **form: str) -> httpx.Response:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return await site.http.post("/oauth/token", data={"grant_type": grant, "device_code": begun["device_code"], **form})


async def error_of(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


@pytest.fixture
async def swift() -> AsyncIterator[Site]:
    """A site at which devices may ask as often as they like."""
    async with a_site(auth=fast_settings(device_poll_s=0)) as site:
        await site.enter("romeo")
        yield site


async def test_a_device_is_let_in_by_a_code_that_a_person_types(swift: Site) -> None:
    begun = await begins(swift, device_name="television")
    assert (begun["expires_in"], begun["interval"]) == (600, 0)
    assert begun["verification_uri"] == f"{ISSUER}/oauth/device"
    assert await error_of(await asks(swift, begun)) == "authorization_pending"
    async with a_browser(swift) as browser:
        page = await browser.signs_in(await browser.goes("/oauth/device"))
        page = await browser.sends(page, user_code=begun["user_code"].lower().replace("-", " "))
        assert "television" in page.text
        assert begun["user_code"] in page.text
        done = await browser.sends(page, decision="allow")
        assert done.status_code == 200
        again = await browser.sends(page, decision="allow")
        assert again.status_code == 404
    got = await asks(swift, begun)
    assert got.status_code == 200, got.text
    person = person_of(swift, got.json())
    assert person.username == "romeo"
    assert (await person.gets("/me/logins"))["logins"][-1]["device_name"] == "television"
    renewed = await swift.http.post(
        "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": person.tokens["refresh_token"]}
    )
    assert renewed.status_code == 200
    assert await error_of(await asks(swift, begun)) == "invalid_grant"


async def test_a_link_with_the_code_leads_to_the_question(swift: Site) -> None:
    tv = await a_program(swift, public=True, grants=["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"])
    begun = await begins(swift, client_id=tv.id, scope="read offline_access")
    async with a_browser(swift) as browser:
        page = await browser.signs_in(await browser.goes(begun["verification_uri_complete"]))
        assert "Verona &lt;Wiki&gt;" in page.text
        assert "Read your conversations" in page.text
        await browser.sends(page, decision="allow")
    tokens = (await asks(swift, begun, client_id=tv.id)).json()
    assert tokens["scope"] == "read offline_access"
    assert "refresh_token" in tokens
    assert await person_of(swift, tokens).is_refused("GET", "/me/apps") == "insufficient_scope"


async def test_a_device_that_is_not_let_in_hears_so(swift: Site) -> None:
    begun = await begins(swift)
    async with a_browser(swift) as browser:
        page = await browser.signs_in(await browser.goes(begun["verification_uri_complete"]))
        await browser.sends(page, decision="deny")
    assert await error_of(await asks(swift, begun)) == "access_denied"


async def test_a_device_that_asks_too_often_is_slowed_down(site: Site) -> None:
    begun = await begins(site)
    assert await error_of(await asks(site, begun)) == "authorization_pending"
    answer = await asks(site, begun)
    assert (await error_of(answer), answer.json()["retry"]) == ("slow_down", True)


async def test_a_code_nobody_types_ends() -> None:
    async with a_site(auth=fast_settings(device_code_s=0)) as site:
        await site.enter("romeo")
        begun = await begins(site)
        assert await error_of(await asks(site, begun)) == "expired_token"
        async with a_browser(site) as browser:
            page = await browser.signs_in(await browser.goes(begun["verification_uri_complete"]))
            assert page.status_code == 404


async def test_a_device_code_is_its_clients_alone(swift: Site) -> None:
    tv = await a_program(swift, public=True, grants=["urn:ietf:params:oauth:grant-type:device_code"])
    begun = await begins(swift, client_id=tv.id, scope="read")
    assert await error_of(await asks(swift, begun)) == "invalid_grant"
    assert await error_of(await asks(swift, {"device_code": "guess"})) == "invalid_grant"
    wiki = await a_program(swift)
    answer = await wiki.posts("device_authorization", scope="read")
    assert await error_of(answer) == "unauthorized_client"
    wrong = await swift.http.post("/oauth/device_authorization", data={"client_id": tv.id, "scope": "admin"})
    assert await error_of(wrong) == "invalid_scope"


async def test_guessing_at_codes_is_slowed_down() -> None:
    async with a_site(auth=fast_settings(logins_per_minute=10.0)) as site:
        await site.enter("romeo")
        async with a_browser(site) as browser:
            await browser.signs_in(await browser.goes("/oauth/device"))
            answers = [await browser.goes(f"/oauth/device?user_code=BCDFGHJ{one}") for one in "BCDFGHJKLMNP"]
    assert answers[0].status_code == 404
    assert answers[-1].status_code == 429


async def test_one_person_tries_only_so_many_codes_wherever_they_ask() -> None:
    async with a_site(auth=fast_settings(codes_per_hour=3.0)) as site, a_browser(site) as browser:
        await site.enter("romeo")
        await browser.signs_in(await browser.goes("/oauth/device"))
        tried = [await browser.goes(f"/oauth/device?user_code=BCDF-GHJ{letter}") for letter in "KLMN"]
        assert [page.status_code for page in tried] == [404, 404, 404, 429]
        assert int(tried[-1].headers["retry-after"]) > 600
        begun = await begins(site)
        assert (await browser.goes(f"/oauth/device?user_code={begun['user_code']}")).status_code == 429


async def test_a_page_of_another_cannot_let_a_device_in(swift: Site) -> None:
    begun = await begins(swift)
    async with a_browser(swift) as browser:
        page = await browser.signs_in(await browser.goes(begun["verification_uri_complete"]))
        form = Form(page.text)
        other = await begins(swift)
        for change in ({"form": ""}, {"user_code": other["user_code"].replace("-", "")}):
            answer = await browser.http.post(form.action, data={**form.fields, "decision": "allow", **change})
            assert answer.status_code == 403
        answer = await browser.http.post(
            form.action, data={**form.fields, "decision": "allow"}, headers={"origin": "https://evil.example"}
        )
        assert answer.status_code == 403
    assert await error_of(await asks(swift, begun)) == "authorization_pending"


# ---------------------------------------------------------------- the truth about tokens


async def test_a_client_learns_what_its_tokens_are(site: Site, romeo: Browser) -> None:
    wiki, other = await a_program(site), await a_program(site, name="Other")
    guard = await a_program(site, name="Guard", resource_server=True)
    tokens = await let_in(wiki, romeo)
    for client in (wiki, guard):
        access = (await client.posts("introspect", token=tokens["access_token"])).json()
        assert access["active"] is True
        assert (access["client_id"], access["sub"], access["username"]) == (wiki.id, tokens["user_id"], "romeo")
        assert access["scope"] == "openid profile read offline_access"
        assert access["exp"] > 0
        refresh = (await client.posts("introspect", token=tokens["refresh_token"])).json()
        assert (refresh["active"], refresh["client_id"]) == (True, wiki.id)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await other.posts("introspect", token=token)).json() == {"active": False}
    renewed = (await wiki.refreshes(tokens["refresh_token"])).json()
    for token in (tokens["refresh_token"], "x", "eyJ.x.y", tokens["id_token"], "0" * 32 + ".a.b"):
        assert (await guard.posts("introspect", token=token)).json() == {"active": False}, token
    phone = await site.log_in("romeo")
    own = (await guard.posts("introspect", token=phone.tokens["access_token"])).json()
    assert (own["active"], own["client_id"], own["scope"]) == (True, "hubbub", "")
    await phone.does("DELETE", f"/me/apps/{wiki.id}")
    for token in (renewed["access_token"], renewed["refresh_token"]):
        assert (await guard.posts("introspect", token=token)).json() == {"active": False}


async def test_who_cannot_prove_itself_learns_nothing(site: Site, romeo: Browser) -> None:
    app = await a_program(site, public=True)
    tokens = await let_in(app, romeo)
    for form in ({}, {"client_id": app.id}, {"client_id": "nobody"}):
        answer = await site.http.post("/oauth/introspect", data={"token": tokens["access_token"], **form})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), form


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_a_client_gives_its_own_tokens_back(site: Site, romeo: Browser, which: str) -> None:
    wiki, evil = await a_program(site), await a_program(site, name="Evil")
    tokens = await let_in(wiki, romeo)
    assert await error_of(await evil.posts("revoke", token=tokens[which])) == "unauthorized_client"
    own = await site.http.post("/oauth/revoke", data={"token": tokens[which]})
    assert await error_of(own) == "unauthorized_client"
    await person_of(site, tokens).gets("/conversations")
    for _ in range(2):
        assert (await wiki.posts("revoke", token=tokens[which])).status_code == 200
    assert await person_of(site, tokens).is_refused("GET", "/conversations") == "session_ended"


async def test_userinfo_tells_what_was_allowed(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    bare = await let_in(wiki, romeo, scope="openid")
    headers = person_of(site, bare).headers
    for method in ("GET", "POST"):
        told = await site.http.request(method, "/oauth/userinfo", headers=headers)
        assert told.json() == {"sub": bare["user_id"]}
    without = await let_in(wiki, romeo, scope="read")
    assert "id_token" not in without
    refused = await site.http.get("/oauth/userinfo", headers=person_of(site, without).headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


# ---------------------------------------------------------------- logging out


async def test_a_program_that_shows_its_id_token_logs_out_and_goes_on(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    tokens = await let_in(wiki, romeo)
    answer = await romeo.goes(
        "/oauth/logout",
        params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE, "state": "s 1"},
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(BYE)
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"state": ["s 1"]}
    assert "password" in Form((await romeo.goes(wiki.asks())).text).fields
    assert await person_of(site, tokens).is_refused("GET", "/conversations") == "session_ended"


async def test_a_link_alone_logs_nobody_out(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    tokens = await let_in(wiki, romeo)
    await site.enter("tybalt")
    async with a_browser(site) as tybalt:
        other = await let_in(wiki, tybalt, "tybalt")
    head, body, _ = other["id_token"].split(".")
    account = await site.accounts.profile(tokens["user_id"])
    elsewhere = IdTokens(site.accounts.signing, SystemClock(), issuer="https://other.example", lasts_s=900)
    foreign = elsewhere.sign(account, None, client_id=wiki.id, scope="openid", auth_ms=0)
    for hint in ("", "x", foreign, other["id_token"], tokens["access_token"], f"{head}.{body}.AAAA"):
        question = await romeo.goes("/oauth/logout", params={"id_token_hint": hint} if hint else {})
        assert question.status_code == 200
        assert Form(question.text).method == "post"
        form = Form(question.text)
        assert (await romeo.http.post(form.action, data={**form.fields, "form": "0"})).status_code == 403
    assert "code=" in (await romeo.goes(wiki.asks())).headers["location"]
    asked = {"client_id": wiki.id, "post_logout_redirect_uri": BYE}
    question = await romeo.goes("/oauth/logout", params=asked)
    moved = {**Form(question.text).fields, "onward": "https://evil.example"}
    assert (await romeo.http.post("/oauth/logout", data=moved)).status_code == 403
    done = await romeo.sends(question)
    assert done.headers["location"] == BYE
    assert "password" in Form((await romeo.goes(wiki.asks())).text).fields
    assert (await romeo.goes("/oauth/logout")).status_code == 200


@pytest.mark.parametrize("uri", ["https://evil.example", "https://wiki.example/cb", f"{BYE}/", "//evil.example"])
async def test_logging_out_leads_only_to_what_was_registered(site: Site, romeo: Browser, uri: str) -> None:
    wiki = await a_program(site)
    tokens = await let_in(wiki, romeo)
    for more in ({"id_token_hint": tokens["id_token"]}, {"client_id": wiki.id}, {}):
        answer = await romeo.goes("/oauth/logout", params={**more, "post_logout_redirect_uri": uri})
        assert answer.status_code == 400
        assert "location" not in answer.headers
    other = await a_program(site, name="Other")
    mixed = {"id_token_hint": tokens["id_token"], "client_id": other.id, "post_logout_redirect_uri": BYE}
    assert (await romeo.goes("/oauth/logout", params=mixed)).status_code == 400
