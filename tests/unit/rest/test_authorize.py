"""A person lets a program in by the authorization code, and whoever else tries is kept out."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.browser import CALLBACK, Browser, Form, Program, a_browser, a_program, told
from unit.rest.site import ISSUER, Person, Site, a_site

from hubbub.base.ids import GENERAL_CHANNEL


@pytest.fixture
async def romeo(site: Site) -> AsyncIterator[Browser]:
    await site.enter("romeo")
    async with a_browser(site) as browser:
        yield browser


def person_of(site: Site, tokens: dict[str, Any]) -> Person:
    return Person(site.http, tokens["user_id"], tokens["username"], tokens)


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))  # type: ignore[no-any-return]


# ---------------------------------------------------------------- the way it goes


@pytest.mark.parametrize("public", [False, True])
async def test_a_person_lets_a_program_in(either: Site, public: bool) -> None:
    await either.enter("romeo")
    wiki = await a_program(either, public=public)
    async with a_browser(either) as browser:
        page = await browser.goes(wiki.asks())
        assert "Verona &lt;Wiki&gt;" in page.text
        page = await browser.signs_in(page)
        assert "Read your conversations" in page.text
        assert "wiki.example" in page.text
        answer = told(await browser.sends(page, decision="allow"))
    assert (answer["state"], answer["iss"]) == ("a state & more", ISSUER)
    got = await wiki.redeems(answer["code"])
    assert got.status_code == 200, got.text
    assert got.headers["cache-control"] == "no-store"
    tokens = got.json()
    assert tokens["scope"] == "openid profile read offline_access"
    claims = claims_of(tokens["id_token"])
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, wiki.id, tokens["user_id"])
    assert (claims["nonce"], claims["preferred_username"]) == ("n-1", "romeo")
    person = person_of(either, tokens)
    await person.gets("/conversations")
    told_of = await either.http.get("/oauth/userinfo", headers=person.headers)
    assert told_of.json() == {"sub": person.user_id, "preferred_username": "romeo", "name": "romeo"}
    write = f"/conversations/{GENERAL_CHANNEL}/messages"
    assert await person.is_refused("POST", write, {"text": "Soft!"}) == "insufficient_scope"
    assert await person.is_refused("DELETE", f"/me/apps/{wiki.id}") == "insufficient_scope"


async def test_who_signed_in_and_said_yes_is_not_asked_again(site: Site, romeo: Browser) -> None:
    wiki, other = await a_program(site), await a_program(site, name="Other")
    await romeo.allows(wiki.asks())
    assert "code" in told(await romeo.goes(wiki.asks()))
    assert "code" in told(await romeo.goes(wiki.asks(prompt="none")))
    more = await romeo.goes(wiki.asks(scope="openid write"))
    assert more.status_code == 200
    assert "allow" in more.text
    assert told(await romeo.goes(other.asks(prompt="none")))["error"] == "consent_required"
    again = await romeo.goes(wiki.asks(prompt="login"))
    assert "password" in Form(again.text).fields
    page = await romeo.signs_in(again)
    assert "code" in told(page)
    assert (await romeo.goes(wiki.asks(prompt="consent"))).status_code == 200


async def test_a_program_of_the_operators_own_does_not_ask(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site, trusted=True)
    assert "code" in told(await romeo.signs_in(await romeo.goes(wiki.asks())))


async def test_an_app_whose_address_anybody_can_claim_is_asked_about_each_time(site: Site, romeo: Browser) -> None:
    uri = "com.example.app:/cb"
    app = await a_program(site, public=True, redirect_uris=[uri])
    page = await romeo.signs_in(await romeo.goes(app.asks(redirect_uri=uri)))
    answer = told(await romeo.sends(page, decision="allow"), uri)
    assert "form-action 'self' com.example.app:;" in page.headers["content-security-policy"]
    assert (await app.redeems(answer["code"], redirect_uri=uri)).status_code == 200
    assert (await romeo.goes(app.asks(redirect_uri=uri))).status_code == 200
    assert told(await romeo.goes(app.asks(redirect_uri=uri, prompt="none")), uri)["error"] == "consent_required"


async def test_a_no_is_told_to_the_program(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    page = await romeo.signs_in(await romeo.goes(wiki.asks()))
    answer = told(await romeo.sends(page, decision="deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "a state & more", ISSUER)
    assert (await romeo.goes(wiki.asks())).status_code == 200


async def test_nobody_is_asked_silently(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    assert told(await romeo.goes(wiki.asks(prompt="none")))["error"] == "login_required"


async def test_a_login_that_is_too_old_is_asked_for_again(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    await romeo.allows(wiki.asks())
    assert "code" in told(await romeo.goes(wiki.asks(max_age="1000")))
    await asyncio.sleep(0.002)
    page = await romeo.goes(wiki.asks(max_age="0"))
    assert "password" in Form(page.text).fields
    assert "code" in told(await romeo.signs_in(page))


async def test_a_request_may_come_as_a_form(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    asked = dict(parse_qsl(urlsplit(wiki.asks()).query))
    sent = await romeo.http.post("/oauth/authorize", data=asked)
    assert sent.status_code == 303
    assert (await romeo.goes(sent.headers["location"])).status_code == 200


async def test_a_wrong_password_is_said_on_the_page_and_slows_down(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    page = await romeo.goes(wiki.asks())
    for _ in range(6):
        wrong = await romeo.sends(page, username="romeo", password="guess")
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)
    late = await romeo.sends(page, username="romeo", password=PASSWORD)
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "登录"), ("en", "Sign in"), ("fr", "Sign in")])
async def test_the_pages_are_whole_in_both_languages(site: Site, romeo: Browser, language: str, words: str) -> None:
    wiki = await a_program(site)
    romeo.http.headers["accept-language"] = language
    pages = [await romeo.goes(wiki.asks())]
    pages.append(await romeo.signs_in(pages[0]))
    pages.append(await romeo.goes("/oauth/device"))
    pages.append(await romeo.goes("/oauth/logout"))
    pages.append(await romeo.goes("/oauth/authorize?client_id=x"))
    assert words in pages[0].text
    for page in pages:
        assert f'<html lang="{"zh" if language == "zh-CN" else "en"}">' in page.text
        form = Form(page.text)
        assert form.scripts == 0
        hidden = {"form", "next", "request", "onward", "user_code"}
        assert set(form.fields) - hidden <= form.labels, page.text
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
    in_chinese = await romeo.goes(wiki.asks(ui_locales="zh fr"))
    assert '<html lang="zh">' in in_chinese.text


# ---------------------------------------------------------------- what programs get wrong


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "id_token"}, "unauthorized_client"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example"}, "request_uri_not_supported"),
        ({"nonce": "n" * 501}, "invalid_request"),
    ],
)
async def test_what_a_program_gets_wrong_is_told_to_it(
    site: Site, romeo: Browser, change: dict[str, str], error: str
) -> None:
    # A secret excuses from nothing, PKCE included.
    for public in (True, False):
        app = await a_program(site, public=public)
        answer = told(await romeo.goes(app.asks(**change)))
        assert (answer["error"], answer["iss"]) == (error, ISSUER)
        assert answer["error_description"]
        assert answer["state"] == "a state & more"


async def test_a_scope_nobody_knows_is_passed_over(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    answer = await romeo.allows(wiki.asks(scope="openid email phone"))
    assert (await wiki.redeems(answer["code"])).json()["scope"] == "openid"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/cb",
        "https://wiki.example/cb/",
        "https://wiki.example/CB",
        "https://wiki.example/cb?x=1",
        "https://wiki.example/cb#x",
        "https://wiki.example:443/cb",
        "http://wiki.example/cb",
        "https://wiki.example/cb@evil.example",
        "https://wiki.example/cb/../../evil",
        "//evil.example/cb",
        "javascript:alert(1)",
        "",
    ],
)
async def test_nobody_is_sent_to_an_address_that_was_not_registered(site: Site, romeo: Browser, uri: str) -> None:
    wiki = await a_program(site)
    for more in ({}, {"response_type": "x"}, {"prompt": "none"}):
        answer = await romeo.goes(wiki.asks(redirect_uri=uri, **more))
        assert answer.status_code == 400
        assert "location" not in answer.headers


async def test_nobody_is_sent_anywhere_for_a_program_that_is_not_known(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    # The web app is known, and returned to at this server's own address alone.
    for name, status in {"nobody": 401, "browser": 401, "": 401, "0" * 32: 401, "hubbub": 400}.items():
        answer = await romeo.goes(wiki.asks(client_id=name))
        assert answer.status_code == status
        assert "location" not in answer.headers
    for twice in (f"&redirect_uri={quote('https://evil.example')}", "&client_id=x", "&state=x"):
        answer = await romeo.goes(wiki.asks() + twice)
        assert answer.status_code == 400
    assert (await romeo.goes(wiki.asks(state="s" * 9000))).status_code == 400
    assert (await romeo.goes("/oauth/authorize?%ff=%ff")).status_code == 400


@pytest.mark.parametrize(
    "following", ["https://evil.example", "//evil.example", "/oauth/authorize\\@evil.example", "/"]
)
async def test_signing_in_leads_nowhere_else(site: Site, romeo: Browser, following: str) -> None:
    wiki = await a_program(site)
    page = await romeo.goes(wiki.asks())
    answer = await romeo.sends(page, username="romeo", password=PASSWORD, next=following)
    assert answer.status_code == 400
    assert "location" not in answer.headers


# ---------------------------------------------------------------- who sends the forms


async def test_a_form_of_another_page_is_not_believed(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    page = await romeo.signs_in(await romeo.goes(wiki.asks()))
    form = Form(page.text)
    yes = {**form.fields, "decision": "allow"}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await romeo.http.post(form.action, data=yes, headers=headers)
        assert answer.status_code == 403, headers
    for change in (
        {"form": ""},
        {"form": "0" * 64},
        {"request": urlsplit(wiki.asks(scope="openid write")).query},
    ):
        answer = await romeo.http.post(form.action, data={**yes, **change})
        assert answer.status_code == 403, change
    # The same form sent by another browser, though its person is signed in there.
    await site.enter("tybalt")
    async with a_browser(site) as tybalt:
        await tybalt.signs_in(await tybalt.goes(wiki.asks()), "tybalt")
        assert (await tybalt.http.post(form.action, data=yes)).status_code == 403
    async with a_browser(site) as nobody:
        assert (await nobody.http.post(form.action, data=yes)).status_code == 403
        sign_in = Form((await nobody.goes(wiki.asks())).text)
        nobody.http.cookies.clear()
        login = {**sign_in.fields, "username": "romeo", "password": PASSWORD}
        assert (await nobody.http.post(sign_in.action, data=login)).status_code == 403
    assert "code" in told(await romeo.sends(page, decision="allow"))


async def test_a_page_of_whoever_sat_there_before_is_not_good_for_the_next(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    await site.enter("juliet")
    old = await romeo.signs_in(await romeo.goes(wiki.asks()))
    await romeo.signs_in(await romeo.goes(wiki.asks(prompt="login")), "juliet")
    assert (await romeo.sends(old, decision="allow")).status_code == 403


async def test_a_cookie_is_out_of_reach_of_scripts_and_of_other_hosts(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    page = await romeo.goes(wiki.asks())
    answer = await romeo.sends(page, username="romeo", password=PASSWORD)
    for cookie in (page.headers["set-cookie"], answer.headers["set-cookie"]):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Domain" not in cookie


async def test_over_https_a_cookie_is_of_this_host_alone() -> None:
    async with a_site(issuer="https://hubbub.test") as site:
        wiki = await a_program(site)
        page = await site.http.get(wiki.asks())
        assert page.headers["set-cookie"].startswith("__Host-hubbub-browser=")
        assert "Secure" in page.headers["set-cookie"]


async def test_a_browser_is_signed_out_by_whatever_ends_logins(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site, trusted=True)
    await romeo.signs_in(await romeo.goes(wiki.asks()))
    phone = await site.log_in("romeo")
    browser = [one for one in (await phone.gets("/me/logins"))["logins"] if one["device_name"] == "Browser"]
    assert len(browser) == 1
    assert "code" in told(await romeo.goes(wiki.asks()))
    await phone.does("DELETE", f"/me/logins/{browser[0]['login_id']}")
    assert "password" in Form((await romeo.goes(wiki.asks())).text).fields
    for cookie in ("x", "0" * 32 + "." + "A" * 22, phone.tokens["refresh_token"].rpartition(".")[0]):
        romeo.http.cookies.set("hubbub-session", cookie, domain="hubbub.test")
        assert "password" in Form((await romeo.goes(wiki.asks())).text).fields


# ---------------------------------------------------------------- codes and tokens in wrong hands


async def test_a_code_is_good_for_one_client_one_address_and_one_verifier(site: Site, romeo: Browser) -> None:
    wiki, evil = await a_program(site), await a_program(site, name="Evil")
    code = (await romeo.allows(wiki.asks()))["code"]
    evil.verifier = wiki.verifier
    for answer in (
        await evil.redeems(code),
        await wiki.redeems(code, redirect_uri="https://wiki.example/other"),
        await wiki.redeems(code, code_verifier=""),
        await wiki.redeems(code, code_verifier="v" * 43),
        await wiki.redeems(code, code_verifier="short"),
        await wiki.redeems("another"),
        await wiki.redeems(code + "x"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.text
    assert (await wiki.redeems(code)).status_code == 200


async def test_only_a_client_the_operator_excepted_goes_without_a_challenge_and_none_is_taken_out(
    tmp_path: Path,
) -> None:
    bare = {"code_challenge": "", "code_challenge_method": ""}
    async with a_site(tmp_path) as site:
        await site.enter("romeo")
        programs = [await a_program(site), await a_program(site, name="Old"), await a_program(site, public=True)]
    excepted = (programs[1].id, programs[2].id)
    async with a_site(tmp_path, auth=fast_settings(without_pkce=excepted)) as site, a_browser(site) as romeo:
        await romeo.signs_in(await romeo.goes("/oauth/security"))
        wiki, old, public = (Program({"client_id": one.id, "client_secret": one.secret}, site) for one in programs)
        for refused in (wiki, public):
            assert told(await romeo.goes(refused.asks(**bare)))["error"] == "invalid_request"
        code = (await romeo.allows(old.asks(**bare)))["code"]
        assert (await old.redeems(code)).json()["error"] == "invalid_grant"
        assert (await old.redeems(code, code_verifier="")).status_code == 200


async def test_a_code_that_is_spent_again_ends_what_it_was_spent_for(either: Site) -> None:
    await either.enter("romeo")
    wiki = await a_program(either)
    async with a_browser(either) as browser:
        code = (await browser.allows(wiki.asks()))["code"]
    tokens = (await wiki.redeems(code)).json()
    person = person_of(either, tokens)
    await person.gets("/conversations")
    again = await wiki.redeems(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert await person.is_refused("GET", "/conversations") == "session_ended"
    assert (await wiki.refreshes(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert either.ended == [(person.user_id, tokens["device_id"])]


async def test_of_many_who_bring_a_code_at_once_one_gets_tokens(either: Site) -> None:
    await either.enter("romeo")
    wiki = await a_program(either)
    async with a_browser(either) as browser:
        code = (await browser.allows(wiki.asks()))["code"]
    answers = await asyncio.gather(*(wiki.redeems(code) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400, 400]


async def test_a_code_ends_after_a_minute() -> None:
    async with a_site(auth=fast_settings(code_s=0)) as site:
        await site.enter("romeo")
        wiki = await a_program(site)
        async with a_browser(site) as browser:
            code = (await browser.allows(wiki.asks()))["code"]
        assert (await wiki.redeems(code)).json()["error"] == "invalid_grant"


async def test_a_code_of_before_a_new_password_is_no_good(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    code = (await romeo.allows(wiki.asks()))["code"]
    phone = await site.log_in("romeo")
    await phone.does("POST", "/me/password", {"old_password": PASSWORD, "new_password": "thou, Romeo?"})
    assert (await wiki.redeems(code)).json()["error"] == "invalid_grant"


async def test_a_refresh_token_is_its_clients_alone_and_good_once(either: Site) -> None:
    await either.enter("romeo")
    wiki, evil = await a_program(either), await a_program(either, name="Evil")
    async with a_browser(either) as browser:
        tokens = (await wiki.redeems((await browser.allows(wiki.asks()))["code"])).json()
    refresh = tokens["refresh_token"]
    assert (await evil.refreshes(refresh)).json()["error"] == "invalid_grant"
    own = await either.http.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": refresh})
    assert own.json()["error"] == "invalid_grant"
    assert (await wiki.refreshes(refresh, scope="openid write")).json()["error"] == "invalid_scope"
    narrow = (await wiki.refreshes(refresh, scope="openid")).json()
    assert narrow["scope"] == "openid"
    assert await person_of(either, narrow).is_refused("GET", "/conversations") == "insufficient_scope"
    whole = (await wiki.refreshes(narrow["refresh_token"])).json()
    assert whole["scope"] == tokens["scope"]
    person = person_of(either, whole)
    await person.gets("/conversations")
    assert (await wiki.refreshes(refresh)).json()["error"] == "invalid_grant"
    assert await person.is_refused("GET", "/conversations") == "session_ended"
    assert (await wiki.refreshes(whole["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_program_gets_no_refresh_token_unless_it_may_stay(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    tokens = (await wiki.redeems((await romeo.allows(wiki.asks(scope="openid read")))["code"])).json()
    assert "refresh_token" not in tokens
    brief = await a_program(site, grants=["authorization_code"])
    tokens = (await brief.redeems((await romeo.allows(brief.asks()))["code"])).json()
    assert tokens["scope"] == "openid profile read"
    assert "refresh_token" not in tokens


async def test_an_id_token_opens_nothing(site: Site, romeo: Browser) -> None:
    wiki = await a_program(site)
    tokens = (await wiki.redeems((await romeo.allows(wiki.asks()))["code"])).json()
    person = person_of(site, {**tokens, "access_token": tokens["id_token"]})
    assert await person.is_refused("GET", "/me") == "bad_token"


async def test_what_a_person_allowed_is_listed_and_taken_back(either: Site) -> None:
    phone = await either.enter("romeo")
    wiki = await a_program(either)
    async with a_browser(either) as browser:
        tokens = (await wiki.redeems((await browser.allows(wiki.asks()))["code"])).json()
        listed = (await phone.gets("/me/apps"))["apps"]
        assert [(one["client_id"], one["name"]) for one in listed] == [(wiki.id, "Verona <Wiki>")]
        assert set(listed[0]["scopes"]) == {"openid", "profile", "read", "offline_access"}
        await phone.does("DELETE", f"/me/apps/{wiki.id}")
        assert await person_of(either, tokens).is_refused("GET", "/conversations") == "session_ended"
        assert (await wiki.refreshes(tokens["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await phone.gets("/me/apps"))["apps"] == []
        assert await phone.is_refused("DELETE", f"/me/apps/{wiki.id}") == "not_found"
        assert (await browser.goes(wiki.asks())).status_code == 200
    await phone.gets("/conversations")


# ---------------------------------------------------------------- implicit, for who may


async def test_tokens_come_in_the_address_only_for_who_may(site: Site, romeo: Browser) -> None:
    old = await a_program(site, public=True, grants=["implicit"])
    answer = await romeo.allows(old.asks(response_type="id_token token", code_challenge="", code_challenge_method=""))
    assert "refresh_token" not in answer
    assert answer["scope"] == "openid profile read"
    person = Person(site.http, "", "", answer)
    await person.gets("/conversations")
    claims = claims_of(answer["id_token"])
    assert (claims["nonce"], "at_hash" in claims) == ("n-1", True)
    alone = told(
        await romeo.sends(await romeo.goes(old.asks(response_type="id_token", prompt="consent")), decision="allow")
    )
    assert "access_token" not in alone
    assert told(await romeo.goes(old.asks(response_type="id_token", nonce="")))["error"] == "invalid_request"
    assert told(await romeo.goes(old.asks()))["error"] == "unauthorized_client"
    location = (await romeo.goes(old.asks(response_type="token", response_mode="query"))).headers["location"]
    assert location.startswith(f"{CALLBACK}#error=invalid_request")
