"""This server's own clients sign in by its pages as well: passkeys, providers and codes are ways in for all of them."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from support.authenticator import Authenticator
from unit.auth.people import PASSWORD
from unit.rest.browser import Browser, a_browser, a_program, told
from unit.rest.site import ISSUER, Person, Site, a_site
from unit.rest.test_passkeys import answers, asked, sends, with_passkey
from unit.rest.test_second_factor import Shifted, logs_in, with_app

from hubbub.base.ids import new_id

HOME = f"{ISSUER}/"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ONE_MORE = "urn:hubbub:oauth:grant-type:one-more"


class App:
    """The web app, as far as it signs people in by the pages of its server."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.verifier = secrets.token_urlsafe(32)

    def asks(self, **change: str) -> str:
        hashed = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": "hubbub",
            "redirect_uri": HOME,
            "state": "s",
            "prompt": "login",
            "code_challenge": base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **change,
        }
        return "/oauth/authorize?" + urlencode({name: value for name, value in asked.items() if value})

    async def redeems(self, code: str, **more: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME, "code_verifier": self.verifier}
        return await self.site.http.post("/oauth/token", data={**form, **more})


@pytest.fixture
def clock() -> Shifted:
    return Shifted()


@pytest.fixture(params=["memory", "sqlite"])
async def place(request: pytest.FixtureRequest, tmp_path: Path, clock: Shifted) -> AsyncIterator[Site]:
    async with a_site(tmp_path / "data" if request.param == "sqlite" else None, clock=clock) as site:
        yield site


async def signs_in(app: App, browser: Browser) -> dict[str, str]:
    """Go by a name and a password; return what the app is told."""
    page = await browser.goes(app.asks())
    done = await browser.sends(page, username="romeo", password=PASSWORD)
    return told(await browser.goes(done.headers["location"]), HOME)


def person_of(site: Site, answer: httpx.Response) -> Person:
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return Person(site.http, tokens["user_id"], tokens["username"], tokens)


async def test_who_has_only_a_passkey_signs_in_to_the_web_app(either: Site) -> None:
    key, app, device = Authenticator(ISSUER), App(either), new_id()
    romeo = await either.enter("romeo")
    await with_passkey(romeo, key)
    async with a_browser(either) as browser:
        link = (await browser.goes(app.asks())).text.partition('href="/oauth/sign-in/passkey')[2].partition('"')[0]
        page = await browser.goes("/oauth/sign-in/passkey" + link.replace("&amp;", "&"))
        options, fields = asked(page)
        done = await sends(browser, fields, key.get(options))
        # Nobody is asked whether this server may have what is this server's.
        answer = told(await browser.goes(done.headers["location"]), HOME)
        assert (answer["state"], answer["iss"]) == ("s", ISSUER)
    given = await app.redeems(answer["code"], device_id=device, device_name="Firefox")
    came = person_of(either, given)
    assert ("scope" in came.tokens, came.tokens["device_id"]) == (False, device)
    (there,) = [one for one in (await came.gets("/me/logins"))["logins"] if one["current"]]
    assert (there["device_name"], there["client_id"], there["scopes"]) == ("Firefox", "hubbub", [])
    renewed = {"grant_type": "refresh_token", "refresh_token": came.tokens["refresh_token"]}
    assert (await either.http.post("/oauth/token", data=renewed)).status_code == 200


async def test_a_code_of_the_web_app_is_good_once_and_for_who_began(either: Site) -> None:
    await either.enter("romeo")
    app = App(either)
    async with a_browser(either) as browser:
        code = (await signs_in(app, browser))["code"]
    stranger = await App(either).redeems(code)
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_grant")
    assert (await app.redeems(code, redirect_uri="")).status_code == 400
    wiki = await a_program(either)
    assert (await wiki.redeems(code, redirect_uri=HOME, code_verifier=app.verifier)).json()["error"] == "invalid_grant"
    came = person_of(either, await app.redeems(code))
    assert (await app.redeems(code)).json()["error"] == "invalid_grant"
    assert await came.is_refused("GET", "/me") == "session_ended"


@pytest.mark.parametrize("uri", [ISSUER, f"{HOME}?x=1", f"{HOME}#x", f"{ISSUER}//", "https://elsewhere.example/", ""])
async def test_the_web_app_is_returned_to_at_one_address_alone(site: Site, uri: str) -> None:
    await site.enter("romeo")
    async with a_browser(site) as browser:
        page = await browser.goes(App(site).asks(redirect_uri=uri))
        assert (page.status_code, "location" in page.headers) == (400, False)


@pytest.mark.parametrize(
    "change",
    [{"code_challenge": ""}, {"code_challenge_method": "plain"}, {"response_type": "token"}, {"prompt": "none"}],
)
async def test_what_the_web_app_must_not_ask_comes_back_as_an_error(site: Site, change: dict[str, str]) -> None:
    await site.enter("romeo")
    async with a_browser(site) as browser:
        assert "error" in told(await browser.goes(App(site).asks(**change)), HOME)


async def test_what_there_is_beside_a_password_is_told_to_anybody(site: Site) -> None:
    told_of = (await site.http.get("/api/v1/server")).json()["sign_in"]
    assert told_of == {
        "authorization_endpoint": f"{ISSUER}/oauth/authorize",
        "client_id": "hubbub",
        "redirect_uri": HOME,
        "device_authorization_endpoint": f"{ISSUER}/oauth/device_authorization",
        # Browsers keep them from what came without TLS.
        "passkeys": False,
        "provider": "",
    }


async def test_a_password_that_is_not_enough_says_what_would_be(site: Site) -> None:
    romeo = await site.enter("romeo")
    await with_passkey(romeo, Authenticator(ISSUER))
    refused = (await logs_in(site)).json()
    assert (refused["code"], refused["second_factors"]) == ("second_factor_needed", ["passkey", "recovery_code"])
    assert "hubbub login --device" in refused["error_description"]
    juliet = await site.enter("juliet")
    await with_app(juliet)
    refused = (await logs_in(site, "juliet")).json()
    assert refused["second_factors"] == ["app", "recovery_code"]
    wrong = (await logs_in(site, "juliet", password="not that one")).json()
    assert "second_factors" not in wrong


async def test_logging_out_of_the_web_app_leaves_no_browser_signed_in(either: Site) -> None:
    await either.enter("romeo")
    juliet, app = await either.enter("juliet"), App(either)
    async with a_browser(either) as browser:
        came = person_of(either, await app.redeems((await signs_in(app, browser))["code"]))
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())}
        # Somebody else's program cannot sign romeo's browser out.
        await juliet.does("POST", "/me/logout", headers=cookies)
        assert told(await browser.goes(app.asks(prompt="none")), HOME)["code"]
        await came.does("POST", "/me/logout", headers=cookies)
        assert told(await browser.goes(app.asks(prompt="none")), HOME)["error"] == "login_required"


# ---------------------------------------------------------------- one more device


async def lets_in(site: Site, browser: Browser) -> dict[str, Any]:
    """Have a device of this server's own let in by a code; return its tokens."""
    begun = (await site.http.post("/oauth/device_authorization", data={"device_name": "Verona"})).json()
    page = await browser.goes(f"/oauth/device?user_code={begun['user_code']}")
    if 'name="username"' in page.text:
        page = await browser.signs_in(page)
    await browser.sends(page, decision="allow")
    form = {"grant_type": DEVICE, "device_code": begun["device_code"], "device_id": new_id()}
    return dict((await site.http.post("/oauth/token", data=form)).json())


async def takes(site: Site, secret: str, **more: str) -> httpx.Response:
    return await site.http.post("/oauth/token", data={"grant_type": ONE_MORE, "one_more": secret, **more})


async def test_who_was_let_in_by_a_code_brings_one_more_device_and_only_one(either: Site) -> None:
    await either.enter("romeo")
    async with a_browser(either) as browser:
        tokens = await lets_in(either, browser)
    second = person_of(either, await takes(either, tokens["one_more"], device_name="Verona (commands)"))
    assert second.tokens["device_id"] != tokens["device_id"]
    assert "one_more" not in second.tokens, "there would be no end of devices"
    assert (await second.gets("/me"))["username"] == "romeo"
    assert (await takes(either, tokens["one_more"])).json()["code"] == "bad_token"


async def test_one_more_device_needs_the_first_one(place: Site, clock: Shifted) -> None:
    romeo = await place.enter("romeo")
    async with a_browser(place) as browser:
        tokens = await lets_in(place, browser)
        await Person(place.http, romeo.user_id, "romeo", tokens).does("POST", "/me/logout")
        assert (await takes(place, tokens["one_more"])).json()["code"] == "session_ended"
        tokens = await lets_in(place, browser)
        body = {"old_password": PASSWORD, "new_password": "another one, quite"}
        await romeo.does("POST", "/me/password", body)
        assert (await takes(place, tokens["one_more"])).json()["code"] == "session_ended"
    await place.http.post("/api/v1/accounts", json={"username": "juliet", "password": PASSWORD})
    async with a_browser(place) as browser:
        page = await browser.goes("/oauth/device")
        await browser.signs_in(page, "juliet")
        tokens = await lets_in(place, browser)
    clock.lets_devices_grow_old()
    assert (await takes(place, tokens["one_more"])).json()["code"] == "bad_token"


async def test_no_other_program_is_given_one_more_device(site: Site) -> None:
    await site.enter("romeo")
    wiki = await a_program(site)
    async with a_browser(site) as browser:
        answer = await browser.allows(wiki.asks())
        tokens = (await wiki.redeems(answer["code"])).json()
        assert "one_more" not in tokens
        own = await lets_in(site, browser)
    refused = await wiki.posts("token", grant_type=ONE_MORE, one_more=own["one_more"])
    assert refused.json()["error"] == "unauthorized_client"


async def test_somebody_who_lets_a_strangers_device_in_is_told_of_it(place: Site, clock: Shifted) -> None:
    romeo = await place.enter("romeo")
    clock.lets_devices_grow_old()
    async with a_browser(place) as browser:
        tokens = await lets_in(place, browser)
        heard = (await romeo.gets("/me/arrivals"))["arrivals"]
        assert "Verona" in [one["device_name"] for one in heard]
        app = App(place)
        await app.redeems((await signs_in(app, browser))["code"], device_name="Firefox")
    heard = (await romeo.gets("/me/arrivals"))["arrivals"]
    assert "Firefox" in [one["device_name"] for one in heard]
    assert tokens["user_id"] == romeo.user_id


async def test_a_second_step_is_asked_for_on_the_way_to_the_web_app(site: Site) -> None:
    key, app = Authenticator(ISSUER, verifies=False), App(site)
    romeo = await site.enter("romeo")
    await with_passkey(romeo, key)
    async with a_browser(site) as browser:
        second = await browser.sends(await browser.goes(app.asks()), username="romeo", password=PASSWORD)
        assert second.status_code == 200
        done = await answers(browser, second, key)
        assert (await app.redeems(told(await browser.goes(done.headers["location"]), HOME)["code"])).status_code == 200


async def test_the_app_may_come_back_to_whatever_host_it_left_from(site: Site) -> None:
    await site.enter("romeo")
    app, back = App(site), "/signed-in"
    async with a_browser(site) as browser:
        page = await browser.goes(app.asks(redirect_uri=back))
        sources = page.headers["content-security-policy"].partition("form-action ")[2].partition(";")[0].split()
        assert set(sources) == {"'self'"}
        answer = told(await browser.signs_in(page), back)
        assert (await app.redeems(answer["code"])).json()["error"] == "invalid_grant"
        assert person_of(site, await app.redeems(answer["code"], redirect_uri=back)).user_id
        for elsewhere in ("//evil.example/signed-in", f"{ISSUER}{back}", f"{back}/x", "https://evil.example/signed-in"):
            refused = await browser.goes(app.asks(redirect_uri=elsewhere))
            assert (refused.status_code, "location" in refused.headers) == (400, False)
