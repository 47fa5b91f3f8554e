"""Whatever is thrown at an operation, it answers something its document says, and never a 5xx."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from unit.rest.site import Site

from hubbub.base.error_table import TABLE, Code
from hubbub.base.ids import GENERAL_CHANNEL, new_id

GARBAGE_TOKENS = ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é" * 10, "x" * 5000]

GARBAGE_BODIES: list[bytes] = [
    b"",
    b"\xff\xfe",
    b'{"text": "\xff"}',
    b"{",
    b"null",
    b"7",
    b"[]",
    b"{}",
    b'"text"',
    b"[" * 20_000,
    b'{"text":' * 5_000,
    b'{"text": "\\ud800", "username": "\\ud800", "title": "\\ud800"}',
    b'{"text": "a\\u0000b", "username": "a\\u0000b", "password": "a\\u0000b", "title": "\\u0000", "kind": "group"}',
    b'{"username": 7, "text": [], "user_ids": {}, "title": null, "kind": "secret", "due_ms": "x"}',
    b'{"read_seq": -1, "delivered_seq": 1e400, "user_ids": ["x"], "user_id": "x", "due_ms": 9223372036854775808}',
    b'{"text": "x", "client_id": "\'; DROP TABLE users; --"}',
    b'{"text": "x", "mentions": ["\\u0000"]}',
    b"x" * 2 * 1024 * 1024,
]


@pytest.fixture
async def document(site: Site) -> dict[str, Any]:
    answer = await site.http.get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def filled(path: str, **values: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "1"), path)


def check(answer: httpx.Response, operation: dict[str, Any], about: str) -> None:
    about = f"{about}: {answer.status_code} {answer.text[:200]}"
    assert answer.status_code < 500, about
    assert str(answer.status_code) in operation["responses"], about
    if answer.status_code >= 400:
        described = operation["responses"][str(answer.status_code)]
        assert answer.headers["content-type"] in described["content"], about
        problem = answer.json()
        code = Code(problem["code"])
        assert f"`{code.value}`" in described["description"], about
        assert problem["retry"] is TABLE[code].retry
        if answer.status_code == 401:
            scheme = "Basic" if code is Code.BAD_CLIENT else "Bearer"
            assert answer.headers["www-authenticate"].startswith(scheme), about


async def test_the_document_is_openapi_31_with_nothing_dangling(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in document["components"]["schemas"], name
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 45
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        described = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", path)), path
        errors = {status: one for status, one in operation["responses"].items() if int(status) >= 400}
        assert {"400", "500", "503"} <= set(errors), path
        for one in errors.values():
            kind = "application/json" if path.startswith("/oauth/") and method == "POST" else "application/problem+json"
            assert list(one["content"]) == [kind], path
        schemes = {name for one in operation["security"] for name in one}
        assert ("401" in errors) == bool(schemes), path


async def test_types_and_fields_say_what_the_code_says_of_them(document: dict[str, Any]) -> None:
    types = document["components"]["schemas"]
    assert types["NewMessage"]["description"] == "A message to send."
    fields = types["NewMessage"]["properties"]
    assert fields["after"]["description"].startswith("The client_id of the command this one must follow;")
    assert fields["files"]["description"].startswith("Ids of files that were uploaded"), "a field of its base"
    assert types["Reminder"]["properties"]["due"]["description"] == "Whether its time has come."
    assert types["Reminder"]["description"].startswith("A message that the caller wants to come back to")
    said = sum("description" in field for one in types.values() for field in one.get("properties", {}).values())
    assert said > 200
    assert all(text.strip() == text for one in types.values() if (text := one.get("description", "")))


async def test_examples_fit_their_operations(site: Site, document: dict[str, Any]) -> None:
    """A reader who copies an example gets something better than `bad_request`."""
    prince = await site.admin()
    tried = 0
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" not in content or path == "/api/v1/setup":
            continue
        url = filled(path, conversation_id=GENERAL_CHANNEL, user_id=new_id(), seq="1", key="gateway.login_policy")
        answer = await site.http.request(method, url, json=content["example"], headers=prince.headers)
        said = answer.json() if answer.content else {}
        assert said.get("code") not in ("bad_request", "internal_error"), (path, answer.text)
        tried += 1
    assert tried >= 14


async def test_nothing_guarded_answers_without_a_good_token(site: Site, document: dict[str, Any]) -> None:
    guarded = 0
    for method, path, operation in operations(document):
        if {"bearer": []} not in operation["security"]:
            continue
        guarded += 1
        url = filled(path)
        for token in GARBAGE_TOKENS:
            answer = await site.http.request(
                method, url, headers={b"authorization": f"Bearer {token}".encode()}, json={}
            )
            if {} in operation["security"] and answer.json()["code"] == "bad_request":
                continue
            assert answer.json()["code"] == "bad_token", path
            check(answer, operation, f"{method} {path}")
        if {} in operation["security"]:
            continue
        answer = await site.http.request(method, url)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
        for header in ("Basic YTpi", "Bearer", "Bearer ", "bearer"):
            answer = await site.http.request(method, url, headers={"authorization": header})
            assert answer.json()["code"] == "unauthenticated", path
    assert guarded >= 35


async def test_no_body_makes_an_operation_fail(site: Site, document: dict[str, Any]) -> None:
    romeo = await site.enter("romeo")
    for method, path, operation in operations(document):
        if path in ("/api/v1/me/logout", "/api/v1/me/password"):
            continue  # They would end the token the others need.
        for number, body in enumerate(GARBAGE_BODIES):
            for conversation in (GENERAL_CHANNEL, new_id()):
                url = filled(path, conversation_id=conversation, user_id=romeo.user_id, client_id=new_id())
                for kind in ("application/json", "application/x-www-form-urlencoded"):
                    headers = {**romeo.headers, "content-type": kind}
                    answer = await site.http.request(method, url, content=body, headers=headers)
                    check(answer, operation, f"{method} {path} body {number} as {kind}")


PATHS = ["x", "0", "-1", "9" * 30, "%00", "%FF", "%ED%A0%80", "..", "'", "%F0%9F%8C%B9", "a" * 500, "0" * 32]


async def test_no_path_makes_an_operation_fail(site: Site) -> None:
    document = (await site.http.get("/api/openapi.json")).json()
    romeo = await site.enter("romeo")
    for method, path, operation in operations(document):
        if "{" not in path:
            continue
        for piece in PATHS:
            for values in (
                dict.fromkeys(("conversation_id", "user_id", "client_id", "seq", "emoji"), piece),
                {"conversation_id": GENERAL_CHANNEL, "user_id": piece, "seq": piece, "client_id": piece},
                {"conversation_id": GENERAL_CHANNEL, "user_id": romeo.user_id, "seq": "1", "emoji": piece},
            ):
                answer = await site.http.request(method, filled(path, **values), json={}, headers=romeo.headers)
                if answer.status_code == 404 and answer.json()["code"] == "not_found":
                    continue  # It fits no path at all.
                if answer.status_code == 405 or piece == "..":
                    continue
                check(answer, operation, f"{method} {path} with {piece}")


QUERIES = ["x", "-1", "1e9", "9" * 30, "9" * 5000, "%00", "%FF", "%ED%A0%80", "", "%F0%9F%8C%B9", "a" * 3000, "'"]


async def test_no_query_makes_an_operation_fail(site: Site) -> None:
    document = (await site.http.get("/api/openapi.json")).json()
    romeo = await site.enter("romeo")
    tried = 0
    for method, path, operation in operations(document):
        if method != "GET":
            continue
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "query":
                continue
            for value in QUERIES:
                url = f"{filled(path, conversation_id=GENERAL_CHANNEL)}?{parameter['name']}={value}"
                answer = await site.http.get(url, headers=romeo.headers)
                check(answer, operation, url)
                tried += 1
    assert tried > 200


async def test_no_header_makes_an_operation_fail(site: Site) -> None:
    romeo = await site.enter("romeo")
    path = f"/api/v1/conversations/{GENERAL_CHANNEL}/messages"
    for value in (b"\xff\xfe", b"", b'""', b"x" * 5000, "键".encode(), b"a" * 256):
        headers = {**{k.encode(): v.encode() for k, v in romeo.headers.items()}, b"idempotency-key": value}
        answer = await site.http.post(path, json={"text": "x"}, headers=headers)
        assert answer.status_code in (201, 400, 409), answer.text
    for name in (b"accept-language", b"content-type", b"accept", b"x-forwarded-for", b"cookie"):
        for value in (b"\xff", b"", b"zh;q=x,en;q=9", b"," * 2000, b"=;=;"):
            answer = await site.http.get("/api/v1/server", headers={name: value})
            assert answer.status_code == 200, (name, value, answer.text)
            answer = await site.http.get("/setup", headers={name: value})
            assert answer.status_code == 403


async def test_unknown_paths_and_methods_are_problems(site: Site) -> None:
    for url in ("/nope", "/api/v1/nope", "/api", "/api/nope", "/oauth", "/api/v1/conversations/x/y/z"):
        answer = await site.http.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), url
    answer = await site.http.put("/api/v1/accounts")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "OPTIONS, POST"
    answer = await site.http.put(f"/api/v1/conversations/{GENERAL_CHANNEL}/messages/7")
    assert answer.headers["allow"] == "DELETE, GET, OPTIONS, PATCH"


async def test_a_sentence_comes_in_the_readers_language(site: Site) -> None:
    for language, title in (
        ("zh-CN,zh;q=0.9,en;q=0.8", "请先登录。"),
        ("en-GB", "Log in first."),
        ("fr", "Log in first."),
    ):
        answer = await site.http.get("/api/v1/me", headers={"accept-language": language})
        assert answer.json()["title"] == title


async def test_a_problem_names_the_field_and_not_the_code_behind_it(site: Site) -> None:
    answer = await site.http.post("/api/v1/accounts", json={"username": 7, "password": "x"})
    assert answer.json()["detail"].startswith("username: ")
    assert "msgspec" not in answer.text.lower()
    answer = await site.http.post("/api/v1/accounts")
    assert answer.json()["detail"] == "A JSON body is needed."
