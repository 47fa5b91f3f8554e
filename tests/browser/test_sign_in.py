"""A browser that runs no script walks the code flow, as a person does, from a program and back to it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser.people import LONG_MS, PASSWORD, Place
from playwright.sync_api import Browser, Page, expect

VERIFIER = "v" * 48


@pytest.fixture(scope="module")
def built() -> None:
    """These pages need no web app."""


class Program:
    """A program on a port of its own: a registered client, and the address browsers return to."""

    def __init__(self, place: Place) -> None:
        self.issuer = place.address.replace("localhost", "127.0.0.1")
        self._serving = ThreadingHTTPServer(("127.0.0.1", 0), _Callback)
        self._thread = threading.Thread(target=self._serving.serve_forever, daemon=True)
        self._thread.start()
        self.callback = f"http://127.0.0.1:{self._serving.server_port}/cb"
        body = {"name": "Verona Wiki", "public": True, "redirect_uris": [self.callback], "scopes": ["openid", "read"]}
        self.client_id: str = place.post("/api/v1/clients", body, place.token_of("prince"))["client_id"]

    def close(self) -> None:
        self._serving.shutdown()
        self._serving.server_close()
        self._thread.join(LONG_MS / 1000)

    @property
    def address(self) -> str:
        """Where it sends people."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "scope": "openid read",
            "state": "s",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.issuer}/oauth/authorize?{urlencode(asked)}"

    def redeem(self, code: str) -> Any:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": VERIFIER,
        }
        request = urllib.request.Request(f"{self.issuer}/oauth/token", urlencode(form).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())


class _Callback(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<title>back</title>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture
def wiki(place: Place) -> Iterator[Program]:
    place.set_up()
    place.register("romeo")
    program = Program(place)
    yield program
    program.close()


def a_page(browser: Browser, **options: Any) -> Page:
    context = browser.new_context(java_script_enabled=False, **options)
    context.set_default_timeout(LONG_MS)
    return context.new_page()


def answer_of(page: Page, wiki: Program) -> dict[str, list[str]]:
    page.wait_for_url(f"{wiki.callback}?**")
    return parse_qs(urlsplit(page.url).query)


def test_a_person_signs_in_and_says_yes_with_the_keyboard_alone(browser: Browser, wiki: Program) -> None:
    page = a_page(browser, locale="en-GB")
    page.goto(wiki.address)
    page.get_by_label("Username").fill("romeo")
    page.get_by_label("Password").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    expect(page.get_by_label("Username")).to_have_value("romeo")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Allow Verona Wiki?")
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Allow", exact=True).focus()
    page.keyboard.press("Enter")
    answer = answer_of(page, wiki)
    assert (answer["state"], answer["iss"]) == (["s"], [wiki.issuer])
    assert wiki.redeem(answer["code"][0])["scope"] == "openid read"


def test_a_person_says_no_in_chinese(browser: Browser, wiki: Program) -> None:
    page = a_page(browser, locale="zh-CN")
    page.goto(wiki.address)
    page.get_by_label("用户名").fill("romeo")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading")).to_have_text("允许 Verona Wiki？")
    page.get_by_role("button", name="不允许").click()
    assert answer_of(page, wiki)["error"] == ["access_denied"]
    page.goto(f"{wiki.issuer}/oauth/logout")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading")).to_have_text("您已退出登录")
    page.goto(wiki.address)
    expect(page.get_by_label("密码")).to_be_visible()
