"""A second step of signing in: over the API, at the password, on the pages, and for admins who must have one."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.browser import Browser, Form, a_browser, a_program, told
from unit.rest.site import ISSUER, Person, Site, a_site
from unit.rest.test_recovery import proved

from hubbub.auth.second_factor import SecondFactor
from hubbub.auth.totp import code_at, step_of
from hubbub.base.clock import SystemClock
from hubbub.base.errors import ChatError


class App:
    """An authenticator app, which shows each code once."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b32decode(secret.replace(" ", ""))
        self._last = 0

    def code(self) -> str:
        """Return a code that is good now and was not shown before."""
        step = step_of(time.time_ns() // 1_000_000)
        self._last = max(self._last + 1, step - 1)
        assert self._last <= step + 1, "too many codes for one moment"
        return code_at(self._secret, self._last)


async def with_app(person: Person) -> tuple[App, list[str]]:
    """Set an app up."""
    offer = await person.does("POST", "/me/totp", {"password": PASSWORD})
    app = App(offer["secret"])
    answer = await person.does("POST", "/me/totp/confirm", {"code": app.code()})
    return app, answer["recovery_codes"]


async def logs_in(site: Site, name: str = "romeo", **more: str) -> httpx.Response:
    form = {"grant_type": "password", "username": name, "password": PASSWORD, **more}
    return await site.http.post("/oauth/token", data=form)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


# ---------------------------------------------------------------- setting it up


async def test_an_app_is_set_up_and_then_asked_for(either: Site) -> None:
    romeo = await either.enter("romeo")
    assert not (await romeo.gets("/me/second-factor"))["totp"]
    offer = await romeo.does("POST", "/me/totp", {"password": PASSWORD})
    assert offer["uri"].startswith("otpauth://totp/")
    kind, _, picture = offer["qr_svg"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    # An <img> shows it only if it says what it is.
    assert ElementTree.fromstring(base64.b64decode(picture)).tag == "{http://www.w3.org/2000/svg}svg"
    assert (await logs_in(either)).status_code == 200, "it is not asked for before a code was shown"
    app = App(offer["secret"])
    assert await romeo.is_refused("POST", "/me/totp/confirm", {"code": "000000"}) == "bad_second_factor"
    codes = (await romeo.does("POST", "/me/totp/confirm", {"code": app.code()}))["recovery_codes"]
    assert len(set(codes)) == 10
    have = await romeo.gets("/me/second-factor")
    assert (have["totp"], have["recovery_codes_left"], have["required"]) == (True, 10, False)

    refused = await logs_in(either)
    assert (refused.status_code, refused.json()["error"]) == (400, "interaction_required")
    assert code_of(refused) == "second_factor_needed"
    assert code_of(await logs_in(either, second_factor="000000")) == "bad_second_factor"
    code = app.code()
    assert (await logs_in(either, second_factor=code)).status_code == 200
    assert code_of(await logs_in(either, second_factor=code)) == "bad_second_factor", "a code was replayed"


async def test_a_wrong_password_says_nothing_of_the_second_step(site: Site) -> None:
    await with_app(await site.enter("romeo"))
    assert code_of(await logs_in(site, password="guess")) == "bad_credentials"


async def test_a_recovery_code_is_good_once_in_place_of_a_code(either: Site) -> None:
    romeo = await either.enter("romeo")
    _, codes = await with_app(romeo)
    assert (await logs_in(either, second_factor=codes[3].upper())).status_code == 200
    assert code_of(await logs_in(either, second_factor=codes[3])) == "bad_second_factor"
    assert (await romeo.gets("/me/second-factor"))["recovery_codes_left"] == 9
    body = {"password": PASSWORD, "code": codes[0]}
    fresh = (await romeo.does("POST", "/me/recovery-codes", body))["recovery_codes"]
    assert code_of(await logs_in(either, second_factor=codes[1])) == "bad_second_factor"
    assert (await logs_in(either, second_factor=fresh[0])).status_code == 200


async def test_what_a_code_gave_lets_one_more_device_in_and_only_one(either: Site) -> None:
    await with_app(await either.enter("romeo"))
    juliet = await either.enter("juliet")
    _, hers = await with_app(juliet)
    ticket = (await logs_in(either, "juliet", second_factor=hers[0])).json()["second_factor"]
    assert code_of(await logs_in(either, "romeo", second_factor=ticket)) == "bad_second_factor"
    ticket = (await logs_in(either, "juliet", second_factor=hers[1])).json()["second_factor"]
    again = await logs_in(either, "juliet", second_factor=ticket)
    assert again.status_code == 200
    assert "second_factor" not in again.json()
    assert code_of(await logs_in(either, "juliet", second_factor=ticket)) == "bad_second_factor"


async def test_turning_it_off_takes_the_password_and_a_code(either: Site) -> None:
    romeo = await either.enter("romeo")
    app, codes = await with_app(romeo)
    assert await romeo.is_refused("POST", "/me/totp", {"password": PASSWORD}) == "conflict"
    for body, code in (
        ({"password": "guess", "code": app.code()}, "bad_credentials"),
        ({"password": PASSWORD, "code": "000000"}, "bad_second_factor"),
        ({"password": PASSWORD, "code": ""}, "bad_second_factor"),
    ):
        assert await romeo.is_refused("POST", "/me/totp/off", body) == code
    await romeo.does("POST", "/me/totp/off", {"password": PASSWORD, "code": codes[0]})
    assert (await logs_in(either)).status_code == 200
    assert (await romeo.gets("/me/second-factor"))["recovery_codes_left"] == 0
    assert await romeo.is_refused("POST", "/me/totp/off", {"password": PASSWORD, "code": codes[1]}) == "conflict"


async def test_a_program_with_every_scope_cannot_touch_it(site: Site) -> None:
    wiki = await a_program(site, scopes=["openid", "profile", "account", "read", "write", "admin", "offline_access"])
    await site.enter("romeo")
    async with a_browser(site) as browser:
        answer = await browser.allows(wiki.asks(scope="openid account write"))
    tokens = (await wiki.redeems(answer["code"])).json()
    program = Person(site.http, tokens["user_id"], tokens["username"], tokens)
    assert not (await program.gets("/me/second-factor"))["totp"]
    for path, body in (
        ("/me/totp", {"password": PASSWORD}),
        ("/me/totp/off", {"password": PASSWORD, "code": "1"}),
        ("/me/recovery-codes", {"password": PASSWORD, "code": "1"}),
    ):
        assert await program.is_refused("POST", path, body) == "insufficient_scope"


# ---------------------------------------------------------------- guessing


async def test_guessing_waits_and_keeps_nobody_out_but_the_guesser() -> None:
    async with a_site(auth=fast_settings(codes_per_hour=8.0)) as site:
        romeo = await site.enter("romeo")
        app, codes = await with_app(romeo)
        for _ in range(6):
            assert code_of(await logs_in(site, second_factor="000000")) == "bad_second_factor"
        assert code_of(await logs_in(site, second_factor=codes[0])) == "rate_limited"
        # The owner's device has a count of its own, whatever others do at whatever address.
        device = romeo.tokens["device_id"]
        assert (await logs_in(site, second_factor=app.code(), device_id=device)).status_code == 200


async def test_a_stolen_password_tries_only_so_many_codes_from_everywhere() -> None:
    async with a_site(auth=fast_settings(codes_per_hour=4.0, free_failures=1000)) as site:
        romeo = await site.enter("romeo")
        app, codes = await with_app(romeo)
        got = [code_of(await logs_in(site, second_factor="000000")) for _ in range(6)]
        assert got == ["bad_second_factor"] * 4 + ["rate_limited"] * 2
        assert (await logs_in(site, second_factor=codes[0])).status_code == 200
        device = romeo.tokens["device_id"]
        assert (await logs_in(site, second_factor=app.code(), device_id=device)).status_code == 200


async def test_codes_are_counted_over_all_nodes(tmp_path: Path) -> None:
    """A second node over the same database, as behind an edge that sends each request elsewhere."""
    settings = fast_settings(codes_per_hour=4.0, free_failures=1000)
    async with a_site(tmp_path / "data", auth=settings) as site:
        romeo = await site.enter("romeo")
        await with_app(romeo)
        elsewhere = SecondFactor(site.factor_store, settings, site.deps.clock)
        account = await site.accounts.profile(romeo.user_id)
        got = []
        for number in range(6):
            if number % 2:
                got.append(code_of(await logs_in(site, second_factor="000000")))
                continue
            with pytest.raises(ChatError) as refused:
                await elsewhere.check(account, "000000", address="203.0.113.9")
            got.append(refused.value.code.value)
        assert got == ["bad_second_factor"] * 4 + ["rate_limited"] * 2


# ---------------------------------------------------------------- admins


async def test_an_admin_without_one_may_only_set_one_up_where_that_is_demanded(either: Site) -> None:
    prince, romeo = await either.admin(), await either.enter("romeo")
    await prince.gets("/nodes")
    either.accounts.use(fast_settings(admins_need_second_factor=True))
    for path in ("/nodes", "/conversations", "/me/logins"):
        assert await prince.is_refused("GET", path) == "second_factor_required"
    await romeo.gets("/conversations")
    assert (await prince.gets("/me"))["is_admin"]
    assert (await prince.gets("/me/second-factor"))["required"]
    await with_app(prince)
    assert not (await prince.gets("/me/second-factor"))["required"]
    await prince.gets("/nodes")


async def test_an_admin_takes_it_away_from_who_has_lost_it(either: Site) -> None:
    prince, romeo = await either.admin(), await either.enter("romeo")
    await with_app(romeo)
    await prince.does("DELETE", f"/users/{romeo.user_id}/second-factor")
    entries = (await prince.gets("/audit"))["entries"]
    assert [one["target"] for one in entries if one["act"] == "account.second_step"] == [romeo.user_id]
    assert (await logs_in(either)).status_code == 200
    have = await romeo.gets("/me/second-factor")
    assert (have["totp"], have["recovery_codes_left"]) == (False, 0)
    assert await romeo.is_refused("DELETE", f"/users/{prince.user_id}/second-factor") == "forbidden"
    assert await prince.is_refused("DELETE", "/users/x/second-factor") == "user_not_found"


async def test_nothing_of_it_is_left_of_who_deletes_their_account(either: Site) -> None:
    romeo = await either.enter("romeo")
    await with_app(romeo)
    await romeo.does("POST", "/me/delete", {"password": PASSWORD})
    have = await either.deps.oauth.factors.of(romeo.user_id)
    assert (have.any, have.recovery_codes_left) == (False, 0)


# ---------------------------------------------------------------- pages


def form_of(page: httpx.Response, what: str) -> dict[str, str]:
    """Return the fields of the first form of a page that does this."""
    for text in re.findall(r"<form.*?</form>", page.text, re.S):
        fields = Form(text).fields
        if fields.get("what") == what:
            return fields
    raise AssertionError(f"no form does {what}: {page.text}")


async def changes(browser: Browser, page: httpx.Response, what: str, **filled: str) -> httpx.Response:
    headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
    return await browser.http.post("/oauth/security", data={**form_of(page, what), **filled}, headers=headers)


async def sets_up(browser: Browser, page: httpx.Response) -> tuple[App, list[str]]:
    shown = await changes(browser, page, "begin-app", password=PASSWORD)
    assert "<svg" in shown.text
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", shown.text)
    assert key is not None
    app = App(key[1])
    wrong = await changes(browser, shown, "confirm-app", code="000000")
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)
    done = await changes(browser, wrong, "confirm-app", code=app.code())
    listed = re.search(r"<pre>(.*?)</pre>", done.text, re.S)
    assert listed is not None
    return app, unescape(listed[1]).split()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_page_without_script_sets_it_up_and_takes_it_away(either: Site, language: str) -> None:
    await either.enter("romeo")
    async with a_browser(either) as browser:
        browser.http.headers["accept-language"] = language
        page = await browser.signs_in(await browser.goes("/oauth/security"))
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert "<script" not in page.text
        assert "style=" not in page.text
        policy = page.headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        for form in re.findall(r"<form.*?</form>", page.text, re.S):
            parsed = Form(form)
            named = {name for name in parsed.fields if name not in ("form", "what", "about")}
            assert len(parsed.labels) == len(named), form
        _, codes = await sets_up(browser, page)
        assert len(codes) == 10
        page = await browser.goes("/oauth/security")
        wrong = await changes(browser, page, "drop-app", password="guess", code=codes[0])
        assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)
        fresh = await changes(browser, page, "renew-codes", password=PASSWORD, code=codes[0])
        assert fresh.status_code == 200
        codes = re.search(r"<pre>(.*?)</pre>", fresh.text, re.S)[1].split()  # type: ignore[index]
        gone = await changes(browser, page, "drop-app", password=PASSWORD, code=codes[0])
        assert 'role="status"' in gone.text
        assert form_of(gone, "begin-app")
    assert (await logs_in(either)).status_code == 200


async def test_a_browser_is_asked_for_the_code_before_it_goes_on(either: Site) -> None:
    wiki = await a_program(either)
    _, codes = await with_app(await either.enter("romeo"))
    async with a_browser(either) as browser:
        page = await browser.goes(wiki.asks())
        second = await browser.sends(page, username="romeo", password=PASSWORD)
        assert second.status_code == 200
        assert "one-time-code" in second.text
        assert "form-action 'self' https://wiki.example" in second.headers["content-security-policy"]
        assert "hubbub-session" not in str(second.headers.get_list("set-cookie"))
        assert "password" in Form((await browser.goes(wiki.asks())).text).fields, "half a sign-in signs nobody in"
        wrong = await browser.sends(second, code="000000")
        assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)
        answer = await browser.sends(wrong, code=codes[0])
        assert answer.status_code == 303
        consent = await browser.goes(answer.headers["location"])
        assert "code" in told(await browser.sends(consent, decision="allow"))
        # The step was spent by the sign-in it led to.
        late = await browser.sends(second, code=codes[1])
        assert (late.status_code, "password" in Form(late.text).fields) == (400, True)


async def test_a_step_of_one_browser_is_no_good_in_another(site: Site) -> None:
    _, codes = await with_app(await site.enter("romeo"))
    async with a_browser(site) as browser, a_browser(site) as thief:
        second = await browser.sends(await browser.goes("/oauth/security"), username="romeo", password=PASSWORD)
        await thief.goes("/oauth/security")
        assert (await thief.sends(second, code=codes[0])).status_code == 403


async def test_a_password_changed_meanwhile_ends_the_first_step(site: Site) -> None:
    romeo = await site.enter("romeo")
    _, codes = await with_app(romeo)
    async with a_browser(site) as browser:
        second = await browser.sends(await browser.goes("/oauth/security"), username="romeo", password=PASSWORD)
        await romeo.does("POST", "/me/password", {"old_password": PASSWORD, "new_password": "thou, Romeo?"})
        late = await browser.sends(second, code=codes[0])
        assert (late.status_code, "password" in Form(late.text).fields) == (400, True)


async def test_nobody_sends_the_page_a_form_of_their_own(site: Site) -> None:
    await site.enter("romeo")
    async with a_browser(site) as browser:
        page = await browser.signs_in(await browser.goes("/oauth/security"))
        fields = form_of(page, "begin-app")
        forged: list[dict[str, Any]] = [
            {**fields, "form": "0" * 64},
            {**fields, "what": "drop-app"},
            {**fields, "about": "x"},
        ]
        for form in forged:
            headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
            assert (await browser.http.post("/oauth/security", data=form, headers=headers)).status_code == 403
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert (await browser.http.post("/oauth/security", data=fields, headers=foreign)).status_code == 403


# ---------------------------------------------------------------- was this you


class Shifted(SystemClock):
    """The system's clock, ahead of its time."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def lets_devices_grow_old(self) -> None:
        self.ahead_ms += 120_000


@pytest.fixture
def clock() -> Shifted:
    return Shifted()


@pytest.fixture(params=["memory", "sqlite"])
async def place(request: pytest.FixtureRequest, tmp_path: Path, clock: Shifted) -> AsyncIterator[Site]:
    async with a_site(tmp_path / "data" if request.param == "sqlite" else None, clock=clock) as site:
        yield site


async def test_a_sign_in_from_a_new_device_is_told_of_and_can_be_ended(place: Site, clock: Shifted) -> None:
    romeo = await place.enter("romeo")
    assert (await romeo.gets("/me/arrivals"))["arrivals"] == []
    clock.lets_devices_grow_old()
    thief = await place.log_in("romeo")
    (told_of,) = (await romeo.gets("/me/arrivals"))["arrivals"]
    assert told_of["active"]
    await romeo.does("DELETE", f"/me/logins/{told_of['login_id']}")
    assert await thief.is_refused("GET", "/me") == "session_ended"
    assert not (await romeo.gets("/me/arrivals"))["arrivals"][0]["active"]
    await romeo.does("DELETE", f"/me/arrivals/{told_of['login_id']}")
    assert (await romeo.gets("/me/arrivals"))["arrivals"] == []
    assert await romeo.is_refused("DELETE", f"/me/arrivals/{told_of['login_id']}") == "not_found"


async def test_who_proved_an_address_is_written_to(place: Site, clock: Shifted) -> None:
    romeo = await place.enter("romeo")
    await place.enter("juliet")
    await proved(place, romeo)
    clock.lets_devices_grow_old()
    before = len(place.letters)
    await place.log_in("juliet")
    assert len(place.letters) == before, "she has told nobody where to write"
    await logs_in(place, device_name="Bank. http://evil.example/ <b>me</b>")
    (letter,) = place.letters[before:]
    assert letter.to == "Romeo@verona.example"
    assert "new to you: Bank http evil example b me b, at the address" in letter.text
    assert letter.text.count(f"{ISSUER}/oauth/security") == 2
    assert "新设备" in letter.text
    assert letter.text.count("://") == 2
    # Whoever knows the password floods nobody's mailbox.
    for _ in range(9):
        await logs_in(place)
    assert len(place.letters) == before + 5
    assert len((await romeo.gets("/me/arrivals"))["arrivals"]) == 10


async def test_a_device_that_was_there_before_is_not_told_of(place: Site, clock: Shifted) -> None:
    romeo = await place.enter("romeo")
    clock.lets_devices_grow_old()
    assert (await logs_in(place, device_id=romeo.tokens["device_id"])).status_code == 200
    again = await place.log_in("romeo")
    assert len((await again.gets("/me/arrivals"))["arrivals"]) == 1, "only the last one had no id of its own"


async def test_a_browser_is_a_new_device_once_and_says_what_it_is(place: Site, clock: Shifted) -> None:
    romeo = await place.enter("romeo")
    clock.lets_devices_grow_old()
    async with a_browser(place) as browser:
        browser.http.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        page = await browser.signs_in(await browser.goes("/oauth/security"))
        assert "Firefox on Linux" in page.text
        browser.http.cookies.delete("hubbub-session")
        page = await browser.signs_in(await browser.goes("/oauth/security"))
        (told_of,) = (await romeo.gets("/me/arrivals"))["arrivals"]
        assert told_of["device_name"] == "Firefox on Linux"
        mine = await changes(browser, page, "was-me", about=told_of["login_id"])
        assert mine.status_code == 200
    assert (await romeo.gets("/me/arrivals"))["arrivals"] == []


async def test_the_page_ends_the_session_of_a_stranger(place: Site, clock: Shifted) -> None:
    await place.enter("romeo")
    async with a_browser(place) as browser:
        await browser.signs_in(await browser.goes("/oauth/security"))
        clock.lets_devices_grow_old()
        thief = await place.log_in("romeo")
        page = await browser.goes("/oauth/security")
        ended = await changes(browser, page, "end-it")
        assert 'role="status"' in ended.text
    assert await thief.is_refused("GET", "/me") == "session_ended"
