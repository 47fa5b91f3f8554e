"""The server itself: set-up, pages, where to connect, health and metrics."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import httpx
import pytest
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from unit.auth.people import PASSWORD
from unit.rest.site import Site

from hubbub.auth.model import Identity
from hubbub.base.errors import ChatError, Code
from hubbub.chat.ports import StoreUnavailable
from hubbub.rest.app import create_app
from hubbub.rest.deps import Assignment, RestSettings


class _Page(HTMLParser):
    """What of a page matters here."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def fields(self) -> dict[str, str]:
        return {one["name"] or "": one["value"] or "" for one in self.all("input")}

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def test_the_first_admin_is_made_with_the_one_time_token(either: Site) -> None:
    assert (await either.http.get("/api/v1/setup")).json() == {"needed": True}
    token = await either.accounts.setup_token()
    body = {"token": token, "username": "prince", "password": PASSWORD, "name": "Verona"}
    wrong = await either.http.post("/api/v1/setup", json={**body, "token": "guess"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "bad_setup_token")
    made = await either.http.post("/api/v1/setup", json=body)
    assert (made.status_code, made.json()["is_admin"]) == (201, True)
    assert either.set_up == [True]
    again = await either.http.post("/api/v1/setup", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "setup_done")
    assert (await either.http.get("/api/v1/setup")).json() == {"needed": False}
    server = (await either.http.get("/api/v1/server")).json()
    assert (server["name"], server["needs_setup"], server["registration_open"]) == ("Verona", False, True)


async def test_a_browser_without_scripts_can_set_the_place_up(site: Site) -> None:
    token = await site.accounts.setup_token()
    shown = await site.http.get("/setup", params={"token": token})
    assert shown.status_code == 200
    page = _Page(shown.text)
    form = page.all("form")[0]
    assert (form["method"], form["action"]) == ("post", "/setup")
    fields = page.fields()
    assert fields["token"] == token
    labels = {one["for"] for one in page.all("label")}
    assert labels == {one["id"] for one in page.all("input") if one["type"] != "hidden"}
    mistake = await site.http.post(
        "/setup", data={**fields, "username": "p<", "password": PASSWORD, "name": '"Verona"'}
    )
    assert mistake.status_code == 400
    again = _Page(mistake.text).fields()
    assert (again["username"], again["name"], again["password"]) == ("p<", '"Verona"', "")
    assert 'role="alert"' in mistake.text
    done = await site.http.post("/setup", data={**again, "username": "prince", "password": PASSWORD})
    assert done.status_code == 200
    assert "&quot;Verona&quot;" in done.text
    assert site.set_up == [True]
    assert (await site.log_in("prince")).username == "prince"
    assert (await site.http.get("/setup", params={"token": token})).status_code == 409


async def test_the_pages_bring_nothing_from_anywhere_and_run_nothing(site: Site) -> None:
    for url in ("/", "/setup", "/setup?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = await site.http.get(url)
        page = _Page(answer.text)
        assert not page.all("script")
        assert not page.all("img")
        assert not page.all("link")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        found = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)
        assert found is not None
        allowed = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"'sha256-{allowed}'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_pages_speak_the_readers_language(site: Site) -> None:
    token = await site.accounts.setup_token()
    for language, word in (("zh-CN", "初始化服务器"), ("en", "Set up this server"), ("de", "Set up this server")):
        answer = await site.http.get("/setup", params={"token": token}, headers={"accept-language": language})
        assert word in answer.text
        assert f'<html lang="{"zh" if language == "zh-CN" else "en"}"' in answer.text
    form = {"token": token, "username": "prince", "password": "x", "name": ""}
    refused = await site.http.post("/setup", data=form, headers={"accept-language": "zh"})
    assert "密码至少需要 8 个字符" in refused.text


async def test_a_form_from_another_site_needs_the_token_like_everybody(site: Site) -> None:
    await site.accounts.setup_token()
    for content in (b"", b"token=x&username=prince&password=wherefore+art", b"%FF=1", b"a=1&a=2"):
        answer = await site.http.post(
            "/setup", content=content, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code in (400, 403)
    assert (await site.accounts.place()).set_up_ms == 0


async def test_a_device_is_told_where_to_connect(site: Site) -> None:
    romeo = await site.enter("romeo")
    told = await romeo.does("POST", "/connect")
    assert told["websocket_url"] == "ws://hubbub.test/ws"
    assert (told["tcp"], told["node_id"]) == ("127.0.0.1:8081", "node")
    assert told["protocols"] == ["hubbub.v1.protobuf", "hubbub.v1.json"]
    assert 0 < told["expires_ms"] - told["server_time_ms"] <= 900_000


async def test_an_absolute_address_is_passed_on_and_a_full_cluster_says_so(site: Site) -> None:
    async def elsewhere(identity: Identity, avoid: Sequence[str]) -> Assignment:
        return Assignment("other", websocket_url="wss://other.example/ws")

    async def nowhere(identity: Identity, avoid: Sequence[str]) -> Assignment:
        raise ChatError(Code.UNAVAILABLE, retry_after_s=2.5)

    romeo = await site.enter("romeo")
    for assign, expected in ((elsewhere, 200), (nowhere, 503)):
        deps = dataclasses.replace(site.deps, assign=assign, metrics=None)
        transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
            answer = await http.post("/api/v1/connect", headers=romeo.headers)
            assert answer.status_code == expected
            if expected == 200:
                assert answer.json()["websocket_url"] == "wss://other.example/ws"
                assert (await http.get("/metrics")).status_code == 404
            else:
                assert answer.headers["retry-after"] == "3"


async def test_a_client_says_which_nodes_it_could_not_reach(site: Site) -> None:
    told: list[list[str]] = []

    async def assign(identity: Identity, avoid: Sequence[str]) -> Assignment:
        told.append(list(avoid))
        return Assignment("other", websocket_url="/ws/n/other")

    romeo = await site.enter("romeo")
    deps = dataclasses.replace(site.deps, assign=assign, metrics=None)
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        for body in ({"avoid": ["gateway-1", "gateway-2"]}, {}, None, {"avoid": ["x"] * 9}):
            answer = await http.post("/api/v1/connect", headers=romeo.headers, json=body)
            assert answer.status_code == (400 if body and len(body.get("avoid", [])) > 8 else 200), answer.text
        assert (await http.post("/api/v1/connect", headers=romeo.headers)).status_code == 200
    assert told == [["gateway-1", "gateway-2"], [], [], []]


async def test_a_server_that_is_not_ready_says_so(site: Site) -> None:
    assert (await site.http.get("/healthz")).json() == {"status": "ok"}

    async def drains() -> None:
        raise ChatError(Code.GOING_AWAY)

    async def database_gone() -> None:
        raise StoreUnavailable("no such host")

    for ready in (drains, database_gone):
        transport = httpx.ASGITransport(
            create_app(dataclasses.replace(site.deps, ready=ready, metrics=None))  # type: ignore[arg-type]
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
            answer = await http.get("/healthz")
            assert answer.status_code == 503
            assert "no such host" not in answer.text


async def test_a_request_that_takes_too_long_is_ended(site: Site) -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    deps = dataclasses.replace(site.deps, ready=waits, metrics=None, settings=RestSettings(request_timeout_s=0.01))
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        answer = await http.get("/healthz")
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")


async def test_a_bug_is_logged_and_told_nobody(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def breaks() -> None:
        raise RuntimeError("secret path /etc")

    transport = httpx.ASGITransport(
        create_app(dataclasses.replace(site.deps, ready=breaks, metrics=None))  # type: ignore[arg-type]
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        answer = await http.get("/healthz")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert "secret" not in answer.text
    assert "secret path" in caplog.text


async def test_metrics_count_operations_and_not_addresses(site: Site) -> None:
    romeo = await site.enter("romeo")
    for n in range(3):
        await romeo.ask("GET", f"/users/{n}")
        await site.http.get(f"/nope/{n}")
    answer = await site.http.get("/metrics")
    assert answer.headers.get_list("content-type") == [CONTENT_TYPE_LATEST]
    text = answer.text
    route = 'method="GET",route="/api/v1/users/{user_id}"'
    assert f'hubbub_http_requests_total{{{route},status="404"}} 3.0' in text
    assert "nope" not in text
    assert f"hubbub_http_request_seconds_count{{{route}}} 3.0" in text


async def test_metrics_are_for_this_machine_and_for_admins(site: Site) -> None:
    romeo, prince = await site.enter("romeo"), await site.admin()
    proxied = {"x-forwarded-for": "192.0.2.1"}
    assert (await site.http.get("/metrics")).status_code == 200
    assert (await site.http.get("/metrics", headers=proxied)).json()["code"] == "forbidden"
    assert (await site.http.get("/metrics", headers=romeo.headers)).json()["code"] == "forbidden"
    assert (await site.http.get("/metrics", headers={**proxied, **prince.headers})).status_code == 200
    assert (await site.http.get("/metrics", headers={"authorization": "Bearer x"})).json()["code"] == "bad_token"
    deps = dataclasses.replace(site.deps, metrics=CollectorRegistry(), settings=RestSettings(metrics_public=True))
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        assert (await http.get("/metrics", headers=proxied)).status_code == 200


async def test_head_answers_what_get_would_without_the_content(site: Site) -> None:
    for url in ("/", "/healthz", "/api/v1/server", "/api/openapi.json"):
        got, head = await site.http.get(url), await site.http.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


async def test_no_answer_is_kept_or_sniffed(site: Site) -> None:
    romeo = await site.enter("romeo")
    for url in ("/", "/api/v1/me", "/nope", "/api/openapi.json", "/metrics"):
        answer = await site.http.get(url, headers=romeo.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get_list("cache-control") == ["no-store"]


async def test_who_hangs_up_within_a_request_is_no_fault_of_the_server(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[dict[str, object]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return events.pop(0)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/accounts",
        "raw_path": b"/api/v1/accounts",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
        "extensions": {},
    }
    await create_app(site.deps_without_metrics())(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 400
    assert not caplog.records
