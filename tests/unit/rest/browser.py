"""A person at a browser, without script: cookies, forms, and redirects that are looked at before they are followed."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from unit.auth.people import PASSWORD
from unit.rest.site import ISSUER, Site

from hubbub.rest.app import create_app

CALLBACK = "https://wiki.example/cb"


class Form(HTMLParser):
    """The one form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.method = self.action = ""
        self.fields: dict[str, str] = {}
        self.labels: set[str] = set()
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.method, self.action = given["method"], given["action"]
        elif tag == "input":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "label":
            self.labels.add(given["for"])
        elif tag == "script":
            self.scripts += 1


class Browser:
    """One browser, with its cookies."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def goes(self, address: str, **more: Any) -> httpx.Response:
        return await self.http.get(address, **more)

    async def sends(self, page: httpx.Response, **filled: str) -> httpx.Response:
        """Fill in the form of a page and send it, as its own page does."""
        form = Form(page.text)
        values = {**form.fields, **filled}
        action = urljoin(str(page.url), form.action)
        if form.method == "get":
            return await self.http.get(action, params=values)
        headers = {"origin": ISSUER, "sec-fetch-site": "same-origin"}
        return await self.http.post(action, data=values, headers=headers)

    async def signs_in(self, page: httpx.Response, name: str = "romeo", password: str = PASSWORD) -> httpx.Response:
        """Sign in on a page and follow it to where it leads."""
        answer = await self.sends(page, username=name, password=password)
        assert answer.status_code == 303, answer.text
        return await self.http.get(answer.headers["location"])

    async def allows(self, address: str, name: str = "romeo") -> dict[str, str]:
        """Go through everything and return what the program is told."""
        page = await self.goes(address)
        if page.status_code == 200 and "password" in Form(page.text).fields:
            page = await self.signs_in(page, name)
        if page.status_code == 200:
            page = await self.sends(page, decision="allow")
        return told(page)


@asynccontextmanager
async def a_browser(site: Site) -> AsyncIterator[Browser]:
    """Open a browser at a site."""
    transport = httpx.ASGITransport(create_app(site.deps_without_metrics()))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Browser(http)


def told(answer: httpx.Response, callback: str = CALLBACK) -> dict[str, str]:
    """Return what a redirect tells the program, in its query or its fragment."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(callback), location
    parts = urlsplit(location)
    assert not (parts.query and parts.fragment)
    return dict(parse_qsl(parts.query or parts.fragment))


class Program:
    """A registered client, as it asks."""

    def __init__(self, registered: dict[str, Any], site: Site) -> None:
        self.id: str = registered["client_id"]
        self.secret: str = registered["client_secret"]
        self.verifier = secrets.token_urlsafe(32)
        self._site = site

    def asks(self, **change: str) -> str:
        """Return the address a person is sent to; an empty value leaves a parameter out."""
        hashed = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "scope": "openid profile read offline_access",
            "state": "a state & more",
            "nonce": "n-1",
            "code_challenge": base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **change,
        }
        return "/oauth/authorize?" + urlencode({name: value for name, value in asked.items() if value})

    async def posts(self, path: str, **form: str) -> httpx.Response:
        """Ask an endpoint as this client."""
        if self.secret:
            return await self._site.http.post(f"/oauth/{path}", data=form, auth=(self.id, self.secret))
        return await self._site.http.post(f"/oauth/{path}", data={**form, "client_id": self.id})

    async def redeems(self, code: str, **change: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            **change,
        }
        return await self.posts("token", **{name: value for name, value in form.items() if value})

    async def refreshes(self, token: str, **more: str) -> httpx.Response:
        return await self.posts("token", grant_type="refresh_token", refresh_token=token, **more)


async def a_program(site: Site, **more: Any) -> Program:
    """Register a client, by an admin who is made for it the first time."""
    if not (await site.accounts.place()).set_up_ms:
        site.prince = await site.admin()
    body = {
        "name": "Verona <Wiki>",
        "redirect_uris": [CALLBACK, "https://wiki.example/other"],
        "post_logout_redirect_uris": ["https://wiki.example/bye"],
        "scopes": ["openid", "profile", "read", "write", "offline_access"],
        **more,
    }
    return Program(await site.prince.does("POST", "/clients", body), site)
