"""Passkeys of a software authenticator: made, used alone and beside a password, and refused where they are not good."""

from __future__ import annotations

import copy
import json
import re
from html import unescape
from typing import Any

import httpx
import pytest
from support.authenticator import Authenticator
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.browser import Browser, Form, a_browser
from unit.rest.site import ISSUER, Person, Site
from unit.rest.test_second_factor import changes, logs_in, with_app

PLACE = "/oauth/security"


async def with_passkey(person: Person, key: Authenticator, name: str = "Phone") -> tuple[str, list[str]]:
    """Make a passkey over the API; return its id, and recovery codes."""
    offer = await person.does("POST", "/me/passkeys/options", {"password": PASSWORD})
    body = {"challenge": offer["challenge"], "credential": key.create(offer["options"]), "name": name}
    made = await person.does("POST", "/me/passkeys", body)
    return made["passkey"]["passkey_id"], made["recovery_codes"]


def asked(page: httpx.Response) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the page's passkey form asks of the device, and its fields."""
    form = re.search(r"<form[^>]*data-passkey.*?</form>", page.text, re.S)
    assert form is not None, page.text
    options = re.search(r'data-options="([^"]*)"', form[0])
    assert options is not None
    return json.loads(unescape(options[1])), Form(form[0]).fields


async def answers(browser: Browser, page: httpx.Response, key: Authenticator, **lies: str) -> httpx.Response:
    """Do what the page's script does: have the device sign, and send the form."""
    options, fields = asked(page)
    return await sends(browser, fields, key.get(options, **lies))


async def sends(browser: Browser, fields: dict[str, str], credential: object) -> httpx.Response:
    headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
    form = {**fields, "credential": json.dumps(credential)}
    return await browser.http.post("/oauth/sign-in/passkey", data=form, headers=headers)


async def passkey_page(browser: Browser) -> httpx.Response:
    page = await browser.goes(PLACE)
    link = re.search(r'href="(/oauth/sign-in/passkey[^"]*)"', page.text)
    assert link is not None
    return await browser.goes(unescape(link[1]))


async def is_in(browser: Browser) -> bool:
    return 'value="begin-passkey"' in (await browser.goes(PLACE)).text


# ---------------------------------------------------------------- what they are for


@pytest.mark.parametrize("counts", [True, False])
async def test_a_passkey_signs_in_alone(either: Site, counts: bool) -> None:
    key = Authenticator(ISSUER, counts=counts)
    romeo = await either.enter("romeo")
    _, codes = await with_passkey(romeo, key)
    assert len(codes) == 10
    async with a_browser(either) as browser:
        for _ in range(2):
            page = await passkey_page(browser)
            policy = page.headers["content-security-policy"]
            assert re.search(r"script-src 'nonce-[\w-]{20,}'", policy)
            assert "unsafe" not in policy
            assert "needs a browser that runs scripts" in page.text
            options, _ = asked(page)
            assert not options.get("allowCredentials"), "nobody is asked who they are"
            done = await answers(browser, page, key)
            assert (done.status_code, done.headers["location"]) == (303, PLACE)
            assert await is_in(browser)
            browser.http.cookies.delete("hubbub-session")
    (listed,) = (await romeo.gets("/me/passkeys"))["passkeys"]
    assert (listed["name"], listed["used_ms"] > 0) == ("Phone", True)


async def test_a_passkey_is_the_second_step_after_a_password(either: Site) -> None:
    key = Authenticator(ISSUER, verifies=False)
    romeo = await either.enter("romeo")
    _, codes = await with_passkey(romeo, key)
    assert (await logs_in(either)).json()["code"] == "second_factor_needed"
    assert (await logs_in(either, second_factor=codes[0])).status_code == 200
    async with a_browser(either) as browser:
        second = await browser.sends(await browser.goes(PLACE), username="romeo", password=PASSWORD)
        options, _ = asked(second)
        assert len(options["allowCredentials"]) == 1
        done = await answers(browser, second, key)
        assert done.status_code == 303
        assert await is_in(browser)


async def test_a_page_makes_names_and_removes_them(site: Site) -> None:
    romeo, key = await site.enter("romeo"), Authenticator(ISSUER)
    async with a_browser(site) as browser:
        page = await browser.signs_in(await browser.goes(PLACE))
        offer = await changes(browser, page, "begin-passkey", password=PASSWORD, name="手机")
        options, fields = asked(offer)
        headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
        form = {**fields, "credential": json.dumps(key.create(options))}
        made = await browser.http.post(PLACE, data=form, headers=headers)
        codes = re.search(r"<pre>(.*?)</pre>", made.text, re.S)[1].split()  # type: ignore[index]
        assert len(codes) == 10
        page = await browser.goes(PLACE)
        assert "手机" in page.text
        page = await changes(browser, page, "rename-passkey", name="Tablet")
        assert "Tablet" in page.text
        last = await changes(browser, page, "drop-passkey", password=PASSWORD)
        assert last.status_code == 403, "the last second step goes only with a code"
        gone = await changes(browser, page, "drop-passkey", password=PASSWORD, code=codes[0])
        assert 'role="status"' in gone.text
    assert (await romeo.gets("/me/passkeys"))["passkeys"] == []
    assert (await logs_in(site)).status_code == 200


async def test_passkeys_are_listed_named_and_removed_over_the_api(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    phone, codes = await with_passkey(romeo, Authenticator(ISSUER))
    tablet, more = await with_passkey(romeo, Authenticator(ISSUER), "")
    assert more == []
    names = {one["passkey_id"]: one["name"] for one in (await romeo.gets("/me/passkeys"))["passkeys"]}
    assert names == {phone: "Phone", tablet: "Passkey"}
    assert (await romeo.does("PATCH", f"/me/passkeys/{phone}", {"name": "Orchard"}))["name"] == "Orchard"
    assert await juliet.is_refused("PATCH", f"/me/passkeys/{phone}", {"name": "x"}) == "not_found"
    remove = f"/me/passkeys/{phone}/remove"
    assert await juliet.is_refused("POST", remove, {"password": PASSWORD}) == "not_found"
    assert await romeo.is_refused("POST", remove, {"password": "guess"}) == "bad_credentials"
    await romeo.does("POST", remove, {"password": PASSWORD})
    last = f"/me/passkeys/{tablet}/remove"
    assert await romeo.is_refused("POST", last, {"password": PASSWORD}) == "second_factor_needed"
    assert await romeo.is_refused("POST", last, {"password": PASSWORD, "code": "000000"}) == "bad_second_factor"
    await romeo.does("POST", last, {"password": PASSWORD, "code": codes[0]})
    assert (await romeo.gets("/me/second-factor"))["recovery_codes_left"] == 0


async def test_a_passkey_is_enough_of_a_second_step_for_an_admin(site: Site) -> None:
    prince = await site.admin()
    site.accounts.use(fast_settings(admins_need_second_factor=True))
    assert await prince.is_refused("GET", "/nodes") == "second_factor_required"
    await with_passkey(prince, Authenticator(ISSUER))
    await prince.gets("/nodes")


# ---------------------------------------------------------------- what they are not good for


async def test_a_challenge_is_answered_once(site: Site) -> None:
    key = Authenticator(ISSUER)
    await with_passkey(await site.enter("romeo"), key)
    async with a_browser(site) as browser:
        options, fields = asked(await passkey_page(browser))
        answer = key.get(options)
        assert (await sends(browser, fields, answer)).status_code == 303
        browser.http.cookies.delete("hubbub-session")
        again = await sends(browser, fields, answer)
        assert (again.status_code, 'role="alert"' in again.text) == (400, True)
        assert not await is_in(browser)


@pytest.mark.parametrize(
    "lies",
    [{"origin": "https://evil.example"}, {"challenge": "AAAA"}, {"type": "webauthn.create"}],
    ids=["another origin", "another challenge", "another ceremony"],
)
async def test_what_was_signed_elsewhere_is_no_good(site: Site, lies: dict[str, str]) -> None:
    key = Authenticator(ISSUER)
    await with_passkey(await site.enter("romeo"), key)
    async with a_browser(site) as browser:
        assert (await answers(browser, await passkey_page(browser), key, **lies)).status_code == 400
        assert not await is_in(browser)


async def test_alone_it_takes_one_that_checks_whose_finger_it_is(site: Site) -> None:
    key = Authenticator(ISSUER, verifies=False)
    await with_passkey(await site.enter("romeo"), key)
    async with a_browser(site) as browser:
        assert (await answers(browser, await passkey_page(browser), key)).status_code == 400


async def test_a_count_that_goes_back_shows_a_copy(site: Site) -> None:
    key = Authenticator(ISSUER)
    await with_passkey(await site.enter("romeo"), key)
    stolen = copy.copy(key)
    async with a_browser(site) as browser:
        for _ in range(2):
            assert (await answers(browser, await passkey_page(browser), key)).status_code == 303
            browser.http.cookies.delete("hubbub-session")
        assert (await answers(browser, await passkey_page(browser), stolen)).status_code == 400


async def test_somebody_elses_passkey_is_no_second_step(site: Site) -> None:
    mine, hers = Authenticator(ISSUER), Authenticator(ISSUER)
    await with_passkey(await site.enter("romeo"), mine)
    await with_passkey(await site.enter("juliet"), hers)
    async with a_browser(site) as browser:
        second = await browser.sends(await browser.goes(PLACE), username="romeo", password=PASSWORD)
        wrong = await answers(browser, second, hers)
        assert wrong.status_code == 400
        assert (await answers(browser, wrong, mine)).status_code == 303


async def test_a_removed_passkey_and_a_closed_account_are_no_good(site: Site) -> None:
    romeo, key, other = await site.enter("romeo"), Authenticator(ISSUER), Authenticator(ISSUER)
    phone, _ = await with_passkey(romeo, key)
    await with_passkey(romeo, other)
    await romeo.does("POST", f"/me/passkeys/{phone}/remove", {"password": PASSWORD})
    async with a_browser(site) as browser:
        assert (await answers(browser, await passkey_page(browser), key)).status_code == 400
        await site.accounts.set_active(romeo.user_id, False)
        assert (await answers(browser, await passkey_page(browser), other)).status_code == 400


async def test_garbage_is_refused_and_never_an_error(site: Site) -> None:
    romeo, key = await site.enter("romeo"), Authenticator(ISSUER)
    await with_app(romeo)
    good = key.create({"user": {"id": "AAAA"}, "rp": {"id": "hubbub.test"}, "challenge": "AAAA"})
    garbage: list[object] = [None, 7, "x", [], {}, {"rawId": 7}, {"rawId": "é"}, {**good, "response": {}}, good]
    async with a_browser(site) as browser:
        for one in garbage:
            _, fields = asked(await passkey_page(browser))
            assert (await sends(browser, fields, one)).status_code == 400, one
    for one in garbage:
        if isinstance(one, dict):
            offer = await romeo.does("POST", "/me/passkeys/options", {"password": PASSWORD})
            body = {"challenge": offer["challenge"], "credential": one}
            assert await romeo.is_refused("POST", "/me/passkeys", body) == "bad_passkey"
            assert await romeo.is_refused("POST", "/me/passkeys", body) == "bad_passkey"


async def test_the_same_passkey_is_registered_once(site: Site) -> None:
    romeo, key = await site.enter("romeo"), Authenticator(ISSUER)
    await with_passkey(romeo, key)
    offer = await romeo.does("POST", "/me/passkeys/options", {"password": PASSWORD})
    assert len(offer["options"]["excludeCredentials"]) == 1
    body = {"challenge": offer["challenge"], "credential": key.create(offer["options"])}
    assert await romeo.is_refused("POST", "/me/passkeys", body) == "conflict"


async def test_passkeys_and_codes_that_were_not_good_are_in_the_audit_log_and_wait_longer(either: Site) -> None:
    key = Authenticator(ISSUER)
    prince, romeo = await either.admin(), await either.enter("romeo")
    await with_app(romeo)
    await with_passkey(romeo, key)
    async with a_browser(either) as browser:
        page = await passkey_page(browser)
        for _ in range(6):
            page = await answers(browser, page, key, origin="https://verona.example")
            assert page.status_code == 400
        assert (await answers(browser, page, key)).status_code == 429
        second = await browser.sends(await browser.goes(PLACE), username="romeo", password=PASSWORD)
        assert (await browser.sends(second, code="000000")).status_code == 400
    entries = (await prince.gets("/audit", act="session.refused", target=romeo.user_id))["entries"]
    assert [one["detail"] for one in entries] == ['{"why":"second step"}'] + ['{"why":"passkey"}'] * 6
    assert {one["address"] for one in entries} == {"127.0.0.1"}
