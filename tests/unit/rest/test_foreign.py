"""Signing in with another provider: a second Hubbub, as a stranger sees it, and one that lies."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec
import pytest
from joserfc import jws
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.browser import Browser, Form, a_browser
from unit.rest.site import ISSUER, Site, a_site
from unit.rest.test_second_factor import App, changes

from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import SystemClock
from hubbub.fetch.openid import HttpProvider
from hubbub.rest.app import create_app

MANTUA = "http://mantua.test"
HERE = "http://localhost:8080"
"""Addresses without TLS lead back to this machine alone."""

PLACE = "/oauth/security"


class Changed(httpx.AsyncBaseTransport):
    """A way to a provider on which answers can be changed."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.changes: dict[str, Any] = {}
        """By the end of a path: what replaces the members of the JSON object it answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        change = next((one for end, one in self.changes.items() if request.url.path.endswith(end)), None)
        if change is None:
            return answer
        await answer.aread()
        told = {**answer.json(), **change} if isinstance(change, dict) else change
        return httpx.Response(200, json=told)


@dataclass
class Both:
    """Here, there, and the browser of somebody who goes from one to the other."""

    here: Site
    there: Site
    way: Changed
    at_home: Browser
    away: Browser
    asked: dict[str, str] = field(default_factory=dict)

    async def goes(self, page: httpx.Response, *, connect: bool = False) -> str:
        """Press the button on a page here; return the address of the answer with which the browser comes back."""
        form = re.search(r'<form method="post" action="/oauth/foreign".*?</form>', page.text, re.S)
        assert form is not None, page.text
        fields = Form(form[0]).fields
        assert fields["connect"] == ("yes" if connect else "")
        headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
        sent = await self.at_home.http.post("/oauth/foreign", data=fields, headers=headers)
        assert sent.status_code == 303, sent.text
        address = sent.headers["location"]
        assert address.startswith(f"{MANTUA}/oauth/authorize?")
        self.asked = dict(parse_qsl(urlsplit(address).query))
        found = await self.away.goes(address)
        if found.status_code == 200 and "password" in Form(found.text).fields:
            found = await self.away.signs_in(found)
        if found.status_code == 200:
            found = await self.away.sends(found, decision="allow")
        back: str = found.headers["location"]
        assert back.startswith(f"{HERE}/oauth/foreign/callback?")
        return back.removeprefix(HERE)

    async def signs_in(self) -> httpx.Response:
        return await self.at_home.goes(await self.goes(await self.at_home.goes(PLACE)))

    async def name_here(self) -> str:
        """Return as whom the browser is signed in here; nothing if it is not."""
        told = re.search(r"<p>How (\S+) signs in", (await self.at_home.goes(PLACE)).text)
        return unescape(told[1]) if told else ""


class Away(Browser):
    """A browser at the other place."""

    async def sends(self, page: httpx.Response, **filled: str) -> httpx.Response:
        form = Form(page.text)
        headers = {"origin": MANTUA, "sec-fetch-site": "same-origin"}
        return await self.http.post(f"{MANTUA}{form.action}", data={**form.fields, **filled}, headers=headers)


@asynccontextmanager
async def both_places(**more: Any) -> AsyncIterator[Both]:
    async with a_site(issuer=MANTUA) as there:
        prince = await there.admin()
        client = await prince.does(
            "POST",
            "/clients",
            {"name": "Verona", "redirect_uris": [f"{HERE}/oauth/foreign/callback"], "scopes": ["openid", "profile"]},
        )
        await there.enter("romeo")
        auth = settings(client, **more)
        transport = httpx.ASGITransport(create_app(there.deps_without_metrics()))  # type: ignore[arg-type]
        way = Changed(transport)
        provider = HttpProvider(auth, SystemClock(), transport=way)
        async with (
            a_site(auth=auth, provider=provider, issuer=HERE) as here,
            a_browser(here) as at_home,
            httpx.AsyncClient(transport=transport, base_url=MANTUA) as http,
        ):
            yield Both(here, there, way, at_home, Away(http))
        await provider.close()


def settings(client: dict[str, Any], **more: Any) -> AuthSettings:
    return fast_settings(
        **{
            "provider_issuer": MANTUA,
            "provider_name": "Mantua",
            "provider_client_id": client["client_id"],
            "provider_client_secret": client["client_secret"],
            **more,
        }
    )


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with both_places() as both:
        yield both


async def test_somebody_from_there_gets_an_account_and_has_it_the_next_time(both: Both) -> None:
    page = await both.at_home.goes(PLACE)
    assert "Sign in with Mantua" in page.text
    assert f"form-action 'self' {MANTUA}" in page.headers["content-security-policy"]
    done = await both.signs_in()
    assert (done.status_code, done.headers["location"]) == (303, PLACE)
    assert await both.name_here() == "romeo"
    both.at_home.http.cookies.delete("hubbub-session")
    assert await both.name_here() == ""
    await both.signs_in()
    assert await both.name_here() == "romeo"
    everybody = await (await both.here.enter("juliet")).gets("/users", query="romeo")
    assert len(everybody["users"]) == 1, "the second time made another account"


async def test_a_name_there_is_no_claim_to_the_account_of_that_name_here(both: Both) -> None:
    await both.here.enter("romeo")
    await both.signs_in()
    name = await both.name_here()
    assert name != "romeo"
    assert name.startswith("romeo-")


@pytest.mark.parametrize("how", [{"registration_open": False}, {"registration": "approval"}], ids=str)
async def test_where_registration_is_not_open_only_those_who_are_known_come_in(how: dict[str, Any]) -> None:
    async with both_places(**how) as both:
        refused = await both.signs_in()
        assert refused.status_code == 403
        assert await both.name_here() == ""


async def test_an_account_is_connected_by_who_is_signed_in_and_disconnected(both: Both) -> None:
    mercutio = await both.here.enter("mercutio")
    page = await signs_in_here(both, "mercutio")
    back = await both.goes(page, connect=True)
    assert (await both.at_home.goes(back)).headers["location"] == PLACE
    both.at_home.http.cookies.delete("hubbub-session")
    await both.signs_in()
    assert await both.name_here() == "mercutio"
    page = await both.at_home.goes(PLACE)
    assert "You sign in with Mantua as well" in page.text
    await drops(both, page)
    assert "Connect your account at Mantua" in (await both.at_home.goes(PLACE)).text
    both.at_home.http.cookies.delete("hubbub-session")
    await both.signs_in()
    assert await both.name_here() == "romeo"
    assert mercutio.username == "mercutio"


async def test_an_account_is_disconnected_over_the_api_by_whoever_has_another_way_in(both: Both) -> None:
    mercutio = await both.here.enter("mercutio")
    back = await both.goes(await signs_in_here(both, "mercutio"), connect=True)
    await both.at_home.goes(back)
    have = await mercutio.gets("/me/second-factor")
    assert (have["has_password"], len(have["linked"])) == (True, 1)
    assert await mercutio.is_refused("POST", "/me/provider/unlink", {"password": "guess"}) == "bad_credentials"
    await mercutio.does("POST", "/me/provider/unlink", {"password": PASSWORD})
    assert (await mercutio.gets("/me/second-factor"))["linked"] == []


async def signs_in_here(both: Both, name: str) -> httpx.Response:
    """Sign in with the password, by the first of the page's two forms."""
    first = re.search(r"<form.*?</form>", (await both.at_home.goes(PLACE)).text, re.S)
    assert first is not None
    form = {**Form(first[0]).fields, "username": name, "password": PASSWORD}
    headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
    assert (await both.at_home.http.post("/oauth/sign-in", data=form, headers=headers)).status_code == 303
    return await both.at_home.goes(PLACE)


async def drops(both: Both, page: httpx.Response) -> None:
    for text in re.findall(r"<form.*?</form>", page.text, re.S):
        fields = Form(text).fields
        if fields.get("what") == "drop-foreign":
            headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
            form = {**fields, "password": PASSWORD}
            assert (await both.at_home.http.post(PLACE, data=form, headers=headers)).status_code == 200
            return
    raise AssertionError(page.text)


async def test_an_account_that_is_somebodys_is_connected_to_nobody_else(both: Both) -> None:
    await both.signs_in()
    both.at_home.http.cookies.delete("hubbub-session")
    await both.here.enter("tybalt")
    page = await signs_in_here(both, "tybalt")
    back = await both.goes(page, connect=True)
    assert (await both.at_home.goes(back)).status_code == 409


async def test_a_second_step_here_is_asked_for_all_the_same(both: Both) -> None:
    page = await both.at_home.goes((await both.signs_in()).headers["location"])
    # Without a password here, having just signed in is enough to set it up.
    shown = await changes(both.at_home, page, "begin-app", password="")
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", shown.text)
    assert key is not None
    done = await changes(both.at_home, shown, "confirm-app", code=App(key[1]).code())
    assert "<pre>" in done.text
    both.at_home.http.cookies.delete("hubbub-session")
    second = await both.signs_in()
    assert second.status_code == 200
    assert "one-time-code" in second.text
    assert await both.name_here() == ""


# ---------------------------------------------------------------- attacks


async def is_refused(both: Both, back: str) -> bool:
    answer = await both.at_home.goes(back)
    return answer.status_code in (400, 403) and await both.name_here() == ""


def changed(address: str, **values: str) -> str:
    """Return an address with other parameters; an empty one is left out."""
    parts = urlsplit(address)
    told = {**dict(parse_qsl(parts.query)), **values}
    return parts._replace(query=urlencode({name: one for name, one in told.items() if one})).geturl()


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.example"}, {"iss": ""}, {"state": "x"}, {"state": ""}, {"code": "x"}, {"error": "no"}],
    ids=["mixed up", "without iss", "another state", "without state", "another code", "an error"],
)
async def test_an_answer_that_was_tampered_with_signs_nobody_in(both: Both, change: dict[str, str]) -> None:
    back = await both.goes(await both.at_home.goes(PLACE))
    assert await is_refused(both, changed(back, **change))
    if "state" not in change:
        assert await is_refused(both, back), "the state was good a second time"


async def test_an_answer_is_good_once_and_only_in_the_browser_that_went(both: Both) -> None:
    back = await both.goes(await both.at_home.goes(PLACE))
    async with a_browser(both.here) as victim:
        await victim.goes(PLACE)
        assert (await victim.goes(back)).status_code == 400
    assert await is_refused(both, back)


async def test_nobody_starts_it_from_another_page(both: Both) -> None:
    await both.at_home.goes(PLACE)
    form = {"next": PLACE, "connect": "", "form": secrets.token_hex(32)}
    assert (await both.at_home.http.post("/oauth/foreign", data=form)).status_code == 403


def signed_there(both: Both, lie: dict[str, Any]) -> str:
    """Return an id token with the provider's own signature, that says something else than it ought to."""
    ring = both.there.accounts.signing.tokens.ring
    key = ring.find(ring.signing_kid)
    assert key is not None
    now_s = SystemClock().now_ms() // 1000
    good = {
        "iss": MANTUA,
        "aud": both.asked["client_id"],
        "sub": "somebody",
        "nonce": both.asked["nonce"],
        "iat": now_s,
        "exp": now_s + 60,
    }
    told = {name: one for name, one in {**good, **lie}.items() if one is not None}
    if isinstance(told["aud"], list):
        told["aud"] = [both.asked["client_id"] if one == "CLIENT" else one for one in told["aud"]]
    header = {"alg": "RS256", "kid": ring.signing_kid}
    return jws.serialize_compact(header, msgspec.json.encode(told), key)


async def test_an_id_token_that_is_good_signs_somebody_in(both: Both) -> None:
    back = await both.goes(await both.at_home.goes(PLACE))
    both.way.changes["/oauth/token"] = {"id_token": signed_there(both, {"name": "R", "preferred_username": "a b@c"})}
    assert (await both.at_home.goes(back)).status_code == 303
    assert await both.name_here() == "a-b"


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["CLIENT", "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"iat": 9_999_999_999},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(both: Both, lie: dict[str, Any]) -> None:
    back = await both.goes(await both.at_home.goes(PLACE))
    both.way.changes["/oauth/token"] = {"id_token": signed_there(both, lie)}
    assert await is_refused(both, back)


async def test_an_id_token_needs_the_providers_signature(both: Both) -> None:
    keys = (await both.there.http.get("/oauth/jwks.json")).content
    for algorithm, key in (
        ("none", b""),
        ("HS256", keys),
        ("HS256", both.here.deps.auth_settings.provider_client_secret.encode()),
    ):
        back = await both.goes(await both.at_home.goes(PLACE))
        _, claims, _ = signed_there(both, {}).split(".")
        head = text({"alg": algorithm, "kid": both.there.accounts.signing.tokens.ring.signing_kid})
        mac = hmac.digest(key, f"{head}.{claims}".encode(), "sha256") if key else b""
        both.way.changes["/oauth/token"] = {"id_token": f"{head}.{claims}.{text(mac)}"}
        assert await is_refused(both, back), algorithm


def text(value: object) -> str:
    data = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "ftp://mantua.test/token"},
        {"jwks_uri": 7},
        [],
    ],
    ids=str,
)
async def test_metadata_that_are_not_the_issuers_are_not_believed(both: Both, metadata: Any) -> None:
    both.way.changes["/.well-known/openid-configuration"] = metadata
    page = await both.at_home.goes(PLACE)
    form = re.search(r'<form method="post" action="/oauth/foreign".*?</form>', page.text, re.S)
    assert form is not None
    headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
    sent = await both.at_home.http.post("/oauth/foreign", data=Form(form[0]).fields, headers=headers)
    assert (sent.status_code, 'role="alert"' in sent.text) == (400, True)
