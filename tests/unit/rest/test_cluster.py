"""Nodes and live configuration over HTTP, and that they are for admins alone."""

from __future__ import annotations

import dataclasses
import json

import httpx
import pytest
from unit.rest.site import Person, Site

from hubbub.rest.app import create_app

POLICY = "gateway.login_policy"

OPERATIONS = [
    ("GET", "/nodes"),
    ("POST", "/nodes/node/drain"),
    ("POST", "/level"),
    ("GET", "/config"),
    ("PUT", f"/config/{POLICY}"),
    ("DELETE", f"/config/{POLICY}"),
    ("GET", "/config/history"),
    ("POST", "/config/rollback"),
]


@pytest.fixture
async def prince(site: Site) -> Person:
    return await site.admin()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_only_admins_may(site: Site, method: str, path: str) -> None:
    romeo = await site.enter("romeo")
    assert await romeo.is_refused(method, path, {"value": "reject", "version": 0}) == "forbidden"
    assert (await site.http.request(method, f"/api/v1{path}")).status_code == 401


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_a_server_without_them_says_so(site: Site, prince: Person, method: str, path: str) -> None:
    deps = dataclasses.replace(site.deps, nodes=None, config=None, metrics=None)
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        elsewhere = dataclasses.replace(prince, http=http)
        assert await elsewhere.is_refused(method, path, {"value": "reject", "version": 0}) == "not_found"


async def test_a_single_server_is_one_node(prince: Person) -> None:
    listed = await prince.gets("/nodes")
    (node,) = listed["nodes"]
    assert listed["node_id"] == "node"
    assert (node["node_id"], node["state"]) == ("node", "up")
    assert node["heard_ms"] < 60_000
    assert node["roles"] == ["web", "gateway", "chat", "worker"]
    assert 0 < node["lease_ms"] <= 86_400_000
    assert node["load"]["sessions"] == 0


async def test_a_wish_to_drain_is_taken_and_reaches_the_node(site: Site, prince: Person) -> None:
    asked: list[bool] = []
    assert site.deps.nodes is not None
    site.deps.nodes.on_drain(lambda: asked.append(True))
    answer = await prince.ask("POST", "/nodes/node/drain")
    assert (answer.status_code, answer.json()["node_id"]) == (202, "node")
    await site.deps.nodes.look()
    assert asked == [True]
    assert await prince.is_refused("POST", "/nodes/nobody/drain") == "not_found"


async def test_a_level_that_somebody_does_not_understand_is_refused(site: Site, prince: Person) -> None:
    assert (await prince.gets("/nodes"))["level"] == 1
    assert (await prince.ask("POST", "/level", {})).json() == {"level": 1}
    answer = await prince.ask("POST", "/level", {"level": 2})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "Not every node understands level 2: node (" in answer.json()["detail"]


async def test_every_setting_says_what_it_is_and_takes(prince: Person) -> None:
    config = await prince.gets("/config")
    assert config["version"] == 0
    policy = next(one for one in config["settings"] if one["key"] == POLICY)
    assert (policy["value"], policy["default"], policy["is_set"]) == ("many", "many", False)
    assert policy["allowed"] == "one of many, reject, replace"
    assert policy["description"]


async def test_a_change_is_made_and_named_after_its_author(prince: Person) -> None:
    made = await prince.does("PUT", f"/config/{POLICY}", {"value": "reject", "note": "for the feast"})
    assert (made["version"], made["values"]) == (1, {POLICY: "reject"})
    assert (made["author"], made["note"]) == ("prince", "for the feast")
    config = await prince.gets("/config")
    assert [one["value"] for one in config["settings"] if one["is_set"]] == ["reject"]
    unset = await prince.does("DELETE", f"/config/{POLICY}", params={"note": "over"})
    assert (unset["version"], unset["values"], unset["note"]) == (2, {}, "over")


@pytest.mark.parametrize("value", [0, "x", "everybody", True, 1.5])
async def test_a_bad_value_is_refused_with_what_is_allowed(prince: Person, value: object) -> None:
    answer = await prince.ask("PUT", f"/config/{POLICY}", {"value": value})
    assert answer.status_code == 400
    assert answer.json()["detail"] == f"{POLICY} is one of many, reject, replace."
    assert (await prince.gets("/config"))["version"] == 0


async def test_an_unknown_key_is_refused_with_those_there_are(prince: Person) -> None:
    answer = await prince.ask("PUT", "/config/gateway.policy", {"value": "reject"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert POLICY in answer.json()["detail"]
    assert await prince.is_refused("DELETE", "/config/gateway.policy") == "bad_request"


async def test_a_change_of_what_somebody_else_changed_is_a_conflict(prince: Person) -> None:
    await prince.does("PUT", f"/config/{POLICY}", {"value": "reject", "expect": 0})
    changes = [
        ("PUT", f"/config/{POLICY}", {"value": "many", "expect": 0}),
        ("POST", "/config/rollback", {"version": 0, "expect": 0}),
    ]
    for method, path, body in changes:
        assert await prince.is_refused(method, path, body) == "conflict"
    assert await prince.is_refused("DELETE", f"/config/{POLICY}", params={"expect": 0}) == "conflict"


async def test_history_is_paged_and_can_be_gone_back_to(prince: Person) -> None:
    for number in range(1, 6):
        await prince.does("PUT", "/config/chat.submits_per_s", {"value": number})
    seen, cursor = [], ""
    while True:
        page = await prince.gets("/config/history", limit=2, cursor=cursor)
        seen += [one["version"] for one in page["versions"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == [5, 4, 3, 2, 1]
    made = await prince.does("POST", "/config/rollback", {"version": 2})
    assert (made["version"], made["values"]["chat.submits_per_s"]) == (6, 2.0)
    assert await prince.is_refused("POST", "/config/rollback", {"version": 99}) == "not_found"
    for cursor in ("x", "-1", "9" * 30, "٣"):
        assert await prince.is_refused("GET", "/config/history", params={"cursor": cursor}) == "bad_cursor"


BODIES = ["", "null", "7", "[]", "{}", '{"value": null}', '{"value": []}', '{"value": {}}', '{"value": 1e400}']
BODIES += ['{"value": "x", "note": 7}', '{"value": "x", "expect": -1}', '{"version": -1}', '{"version": "x"}']
BODIES += ['{"version": 1e300}', json.dumps({"value": "x", "note": "n" * 2000}), '{"value": "\\ud800"}']


async def test_no_body_path_or_query_makes_an_admins_operation_fail(site: Site, prince: Person) -> None:
    headers = {**prince.headers, "content-type": "application/json"}
    for method, path in OPERATIONS:
        for body in BODIES:
            answer = await site.http.request(method, f"/api/v1{path}", content=body, headers=headers)
            assert answer.status_code < 500, (method, path, body, answer.text)
    for piece in ("x", "%00", "%FF", "%ED%A0%80", "a" * 3000, "flags.%F0%9F%8C%B9", "flags." + "a" * 65):
        for method, path in (("PUT", "/config/"), ("DELETE", "/config/"), ("POST", "/nodes/drain/")):
            url = f"/api/v1{path}{piece}"
            answer = await site.http.request(method, url, content=b'{"value": true}', headers=headers)
            assert 400 <= answer.status_code < 500, (url, answer.text)
        answer = await site.http.request("POST", f"/api/v1/nodes/{piece}/drain", headers=headers)
        assert 400 <= answer.status_code < 500
        for name in ("cursor", "limit"):
            answer = await site.http.get(f"/api/v1/config/history?{name}={piece}", headers=headers)
            assert 400 <= answer.status_code < 500
