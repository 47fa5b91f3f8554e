"""The built web app, served: its pages, its files, and that it stands in nobody's way."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from unit.auth.people import fast_settings
from unit.rest.browser import Browser
from unit.rest.site import Site
from unit.rest.test_second_factor import with_app

from hubbub.rest.app import create_app
from hubbub.rest.web_app import read_build

PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
INDEX = "<!doctype html><title>Hubbub</title><script type=module src=/assets/app-1a2b.js></script>"
SCRIPT = "export const words = 'soft';\n" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    for name, text in {
        "index.html": INDEX,
        "sw.js": "self.addEventListener('fetch', () => {})",
        "manifest.webmanifest": json.dumps({"name": "Hubbub"}),
        "assets/app-1a2b.js": SCRIPT,
        "assets/app-1a2b.css": "body { margin: 0 }",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "assets/app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode(), mtime=0))
    # What matters here is which one is sent; no decoder has to take it.
    (tmp_path / "assets/app-1a2b.js.br").write_bytes(b"brotli")
    return tmp_path


@pytest.fixture
async def app(site: Site, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    hosts = ["node-2.example:8080", "bad host; script-src *"]
    deps = dataclasses.replace(
        site.deps, web_app=read_build(folder), metrics=CollectorRegistry(), socket_hosts=lambda: hosts
    )
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        yield http


async def test_every_page_of_the_app_is_its_index(app: httpx.AsyncClient) -> None:
    for path in ("/", "/index.html", "/setup?token=x", "/c/0123/456", "/settings/devices", "/apiary", "/wsx"):
        answer = await app.get(path, headers=PAGE)
        assert (answer.status_code, answer.text) == (200, INDEX), path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers.get_list("cache-control") == ["no-cache"]
    # A link checker that takes anything sees the front page, too.
    assert (await app.get("/")).text == INDEX


async def test_an_admin_who_must_set_up_a_second_step_finds_the_way_to_the_app_after_it(
    site: Site, app: httpx.AsyncClient
) -> None:
    prince, browser = await site.admin(), Browser(app)
    site.accounts.use(fast_settings(admins_need_second_factor=True))
    page = await browser.signs_in(await browser.goes("/oauth/security"), "prince")
    assert '<a href="/">' not in page.text, "it would send them here again"
    await with_app(prince)
    assert '<a href="/">Open' in (await browser.goes("/oauth/security")).text


async def test_the_app_hides_nothing_that_was_there_before(app: httpx.AsyncClient) -> None:
    for path, status in {
        "/api/v1/server": 200,
        "/api/openapi.json": 200,
        "/healthz": 200,
        "/oauth/device": 200,
        "/metrics": 200,
        "/oauth/jwks.json": 200,
        "/api/v1/nope": 404,
        "/api/nope": 404,
        "/api": 404,
        "/oauth/nope": 404,
        "/.well-known/nope": 404,
        "/ws": 404,
        "/ws/n/node": 404,
        "/assets/nope.js": 404,
        "/assets/": 404,
    }.items():
        answer = await app.get(path, headers=PAGE)
        assert (answer.status_code, answer.text == INDEX) == (status, False), path
    # Programs that lost their way are told so, and nothing but reading reaches the app.
    assert (await app.get("/nope")).json()["code"] == "not_found"
    assert (await app.post("/c/0123", headers=PAGE)).json()["code"] == "not_found"
    assert (await app.get("/../../etc/passwd")).status_code == 404
    assert (await app.get("/assets/%2e%2e/index.html")).status_code == 404


async def test_the_set_up_form_without_script_is_still_there(app: httpx.AsyncClient, site: Site) -> None:
    token = await site.accounts.setup_token()
    shown = await app.get("/setup/form", headers=PAGE)
    assert 'name="token" type="text"' in shown.text
    form = {"token": token, "username": "prince", "password": "a glooming peace", "name": "Verona"}
    assert (await app.post("/setup", data=form)).status_code == 200
    assert (await app.get("/setup/form", headers=PAGE)).status_code == 409


async def test_what_has_its_hash_in_its_name_is_kept_for_ever_and_nothing_else_is(app: httpx.AsyncClient) -> None:
    kept = await app.get("/assets/app-1a2b.css")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path, kind in {
        "/sw.js": "text/javascript; charset=utf-8",
        "/manifest.webmanifest": "application/manifest+json",
    }.items():
        answer = await app.get(path)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_copy_that_is_still_good_is_not_sent_again(app: httpx.AsyncClient) -> None:
    first = await app.get("/", headers=PAGE)
    again = await app.get("/", headers={**PAGE, "if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    # Under another address the policy is another one, and so the copy is none.
    other = await app.get("/", headers={**PAGE, "host": "chat.example", "if-none-match": first.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("br;q=0.0, *;q=0.1", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
async def test_the_best_packing_that_the_browser_takes_is_sent(
    app: httpx.AsyncClient, accepts: str, coding: str | None
) -> None:
    async with app.stream("GET", "/assets/app-1a2b.js", headers={"accept-encoding": accepts}) as answer:
        body = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == coding
    assert body == {"br": b"brotli", "gzip": gzip.compress(SCRIPT.encode(), mtime=0), None: SCRIPT.encode()}[coding]
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-length"] == str(len(body))


async def test_codings_have_names_of_their_own_and_head_says_what_get_would(app: httpx.AsyncClient) -> None:
    plain = await app.head("/assets/app-1a2b.js", headers={"accept-encoding": "identity"})
    packed = await app.head("/assets/app-1a2b.js", headers={"accept-encoding": "gzip"})
    assert plain.headers["etag"] != packed.headers["etag"]
    assert (plain.content, plain.headers["content-length"]) == (b"", str(len(SCRIPT)))


async def test_a_page_may_run_and_reach_only_what_comes_from_its_own_server(app: httpx.AsyncClient) -> None:
    for path in ("/", "/sw.js", "/assets/app-1a2b.js"):
        answer = await app.get(path, headers=PAGE)
        policy = {
            name: sources.split(" ")
            for name, _, sources in (
                each.partition(" ") for each in answer.headers["content-security-policy"].split("; ")
            )
        }
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == ["'self'"]
        assert policy["img-src"] == ["'self'", "blob:", "data:"]
        assert policy["media-src"] == ["'self'", "blob:"]
        assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert policy["connect-src"] == [
            "'self'",
            "ws://hubbub.test",
            "wss://hubbub.test",
            "ws://node-2.example:8080",
            "wss://node-2.example:8080",
        ]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "geolocation=()" in answer.headers["permissions-policy"]


async def test_a_host_that_is_none_gets_no_place_in_the_policy(app: httpx.AsyncClient) -> None:
    answer = await app.get("/", headers={**PAGE, "host": "x; script-src *"})
    assert "*" not in answer.headers["content-security-policy"]


async def test_pages_are_counted_by_kind(app: httpx.AsyncClient) -> None:
    for path in ("/", "/c/1", "/c/2", "/assets/app-1a2b.js", "/nope.txt"):
        await app.get(path, headers=PAGE if "." not in path else {})
    text = (await app.get("/metrics")).text
    assert 'hubbub_http_requests_total{method="GET",route="/{page}",status="200"} 3.0' in text
    assert 'hubbub_http_requests_total{method="GET",route="/assets/{file}",status="200"} 1.0' in text
    assert "nope" not in text


async def test_without_a_build_the_front_page_says_how_to_make_one(site: Site, tmp_path: Path) -> None:
    assert read_build(tmp_path / "nowhere") is None
    for language, word in (("en", "Install Node.js"), ("zh", "请安装 Node.js")):
        answer = await site.http.get("/", headers={**PAGE, "accept-language": language})
        assert word in answer.text
        assert "<pre>make web</pre>" in answer.text
