"""Apache's mod_auth_openidc signs people in here, and asks here what a token is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from support.apache import Apache
from unit.auth.people import PASSWORD
from unit.rest.browser import Form
from unit.rest.site import Site, a_site

from hubbub.lab.servers.binaries import MissingProgram
from hubbub.rest.app import create_app


@dataclass
class Both:
    """A Hubbub that serves, an Apache before its pages, and a person at a browser."""

    site: Site
    issuer: str
    apache: Apache
    client_id: str
    browser: httpx.AsyncClient

    async def signs_in(self, page: httpx.Response) -> httpx.Response:
        """Fill in what Hubbub asks, say yes, and follow to where it leads."""
        for filled in ({"username": "romeo", "password": PASSWORD}, {"decision": "allow"}):
            assert str(page.url).startswith(self.issuer), page.url
            form = Form(page.text)
            headers = {"origin": self.issuer, "sec-fetch-site": "same-origin"}
            address = f"{self.issuer}{form.action}"
            page = await self.browser.post(address, data={**form.fields, **filled}, headers=headers)
        return page


@asynccontextmanager
async def a_hubbub() -> AsyncIterator[tuple[Site, str]]:
    listener = socket.create_server(("127.0.0.1", 0))
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with a_site(issuer=issuer) as site:
        app = create_app(site.deps_without_metrics())
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            try:
                yield site, issuer
            finally:
                server.should_exit = True


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    try:
        await asyncio.to_thread(Apache.find)
    except MissingProgram as missing:
        pytest.skip(str(missing))
    apache = Apache()
    try:
        async with a_hubbub() as (site, issuer):
            await site.enter("romeo")
            prince = await site.admin()
            body = {
                "name": "Verona Wiki",
                "redirect_uris": [f"{apache.url}/secret/callback"],
                "post_logout_redirect_uris": [f"{apache.url}/bye"],
                "scopes": ["openid", "profile"],
                "resource_server": True,
            }
            made = await prince.does("POST", "/clients", body)
            await asyncio.to_thread(apache.register, issuer, made["client_id"], made["client_secret"])
            await asyncio.to_thread(apache.start)
            async with httpx.AsyncClient(follow_redirects=True) as browser:
                yield Both(site, issuer, apache, made["client_id"], browser)
            await asyncio.to_thread(apache.stop)
    finally:
        await asyncio.to_thread(apache.close)


async def test_a_page_behind_apache_learns_who_reads_it(both: Both) -> None:
    page = await both.browser.get(f"{both.apache.url}/secret/index.html")
    asked = parse_qs(urlsplit(str(page.url)).query)
    assert asked["code_challenge_method"] == ["S256"]
    page = await both.signs_in(page)
    assert (page.status_code, page.text) == (200, "the secret page"), both.apache.log()
    assert page.headers["x-person"] == "romeo"
    assert str(page.url) == f"{both.apache.url}/secret/index.html"
    # A second visitor is nobody to it.
    async with httpx.AsyncClient(follow_redirects=True) as other:
        assert "password" in Form((await other.get(f"{both.apache.url}/secret/index.html")).text).fields


async def test_logging_out_at_apache_logs_out_here(both: Both) -> None:
    await both.signs_in(await both.browser.get(f"{both.apache.url}/secret/index.html"))
    bye = f"{both.apache.url}/bye"
    left = await both.browser.get(f"{both.apache.url}/secret/callback", params={"logout": bye})
    assert str(left.url) == bye, left.text
    page = await both.browser.get(f"{both.apache.url}/secret/index.html")
    assert "password" in Form(page.text).fields


async def test_a_token_opens_what_apache_guards_for_as_long_as_it_is_good(both: Both) -> None:
    guarded = f"{both.apache.url}/guarded/index.html"
    prince = await both.site.log_in("prince")
    scopes = {"read": 200, "profile": 401}
    for scope, status in scopes.items():
        bot = await prince.does(
            "POST",
            "/clients",
            {"name": scope, "bot": f"bot-{scope}", "grants": ["client_credentials"], "scopes": [scope]},
        )
        form = {"grant_type": "client_credentials"}
        got = await both.site.http.post("/oauth/token", data=form, auth=(bot["client_id"], bot["client_secret"]))
        headers = {"authorization": f"Bearer {got.json()['access_token']}"}
        answer = await both.browser.get(guarded, headers=headers)
        assert answer.status_code == status, both.apache.log()[-3000:]
        if status == 200:
            assert answer.headers["x-person"] == "bot-read"
            await prince.does("DELETE", f"/clients/{bot['client_id']}")
            assert (await both.browser.get(guarded, headers=headers)).status_code == 401
    assert (await both.browser.get(guarded, headers={"authorization": "Bearer x"})).status_code == 401
    assert (await both.browser.get(guarded)).status_code == 401
