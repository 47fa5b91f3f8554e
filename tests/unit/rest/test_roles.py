"""Roles and bans over HTTP, and every operation tried as each role, as an own one, and as nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.rest.site import Person, Site

from hubbub.auth.permissions import BUILT_IN, EVERYDAY, Permission

ENDS_ITSELF = {"/api/v1/me/logout", "/api/v1/me/password"}


async def in_role(site: Site, prince: Person, role: str) -> Person:
    """Return a person who was given a role."""
    person = await site.enter(f"the-{role[:20]}")
    if role != "member":
        await prince.does("PUT", f"/roles/{role}/people/{person.user_id}")
    return person


async def own_role(prince: Person, name: str, *permissions: str) -> str:
    made = await prince.does("POST", "/roles", {"name": name, "permissions": permissions})
    return str(made["role"])


@pytest.fixture
def permission_of() -> dict[tuple[str, str], str]:
    """Return what each operation needs by the page that is written from the code."""
    page = (Path(__file__).parents[3] / "docs/permissions.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+) (/\S*)` \| (.*?) \| .*\|$", page, re.MULTILINE)
    return {(method, path): who.strip("`") for method, path, who in rows}


async def test_every_operation_asks_each_role_for_its_permission(
    site: Site, permission_of: dict[tuple[str, str], str]
) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    prince = await site.admin()
    may = {**BUILT_IN, "keeper": EVERYDAY | {"audit.read", "metrics.read"}}
    keeper = await own_role(prince, "Keeper", "audit.read", "metrics.read")
    people = {name: await in_role(site, prince, keeper if name == "keeper" else name) for name in may}
    tried = refused = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            needs = permission_of.get((method.upper(), path), "anybody")
            if path in ENDS_ITSELF or needs not in {one.value for one in Permission}:
                continue
            # What a body would do is another test's matter: the permission is asked for before it is looked at.
            url = re.sub(r"\{\w+\}", "1", path)
            answer = await site.http.request(method.upper(), url)
            assert answer.status_code == 401, (method, path)
            for name, person in people.items():
                answer = await site.http.request(method.upper(), url, headers=person.headers, json={})
                was_refused = answer.status_code == 403 and answer.json()["code"] == "forbidden"
                assert was_refused == (needs not in may[name]), (method, path, name, answer.text)
                tried += 1
                refused += was_refused
            assert operation["responses"]["403"], path
    assert tried > 150
    assert refused > 60


async def test_a_role_is_made_given_changed_and_taken(either: Site) -> None:
    prince = await either.admin()
    romeo = await either.enter("romeo")
    assert (await romeo.gets("/me/roles"))["roles"] == ["member"]
    assert await romeo.is_refused("GET", "/audit") == "forbidden"
    keeper = await own_role(prince, "Keeper", "audit.read")
    person = await prince.does("PUT", f"/roles/{keeper}/people/{romeo.user_id}")
    assert person["roles"] == [keeper]
    # The same token: what it is good for is asked each time.
    assert (await romeo.gets("/audit"))["entries"]
    assert "audit.read" in (await romeo.gets("/me/roles"))["permissions"]
    await prince.does("PUT", f"/roles/{keeper}", {"name": "Crier", "permissions": ["announce"]})
    assert await romeo.is_refused("GET", "/audit") == "forbidden"
    await romeo.does("POST", "/announcements", {"text": "A plague o' both your houses!"})
    page = await prince.gets(f"/roles/{keeper}/people")
    assert [one["username"] for one in page["people"]] == ["romeo"]
    await prince.does("DELETE", f"/roles/{keeper}")
    assert await romeo.is_refused("POST", "/announcements", {"text": "x"}) == "forbidden"
    assert (await prince.gets("/roles"))["roles"][-1]["built_in"]


async def test_roles_are_refused_that_cannot_be(site: Site) -> None:
    prince = await site.admin()
    for body in (
        {"name": "", "permissions": []},
        {"name": "Admin", "permissions": []},
        {"name": "x", "permissions": ["fly"]},
        {"name": "x", "permissions": ["place.own"]},
    ):
        assert await prince.is_refused("POST", "/roles", body) == "bad_request", body
    assert await prince.is_refused("PUT", f"/roles/{'0' * 32}", {"name": "x", "permissions": []}) == "not_found"
    assert await prince.is_refused("PUT", f"/roles/member/people/{prince.user_id}") == "not_found"
    assert await prince.is_refused("DELETE", f"/roles/owner/people/{prince.user_id}") == "conflict"


async def test_nobody_gives_more_than_they_may(site: Site) -> None:
    prince = await site.admin()
    boss, romeo = await in_role(site, prince, "admin"), await site.enter("romeo")
    assert await boss.is_refused("PUT", f"/roles/owner/people/{romeo.user_id}") == "forbidden"
    assert await boss.is_refused("DELETE", f"/roles/owner/people/{prince.user_id}") == "forbidden"
    await boss.does("PUT", f"/roles/moderator/people/{romeo.user_id}")
    assert await romeo.is_refused("PUT", f"/roles/guest/people/{boss.user_id}") == "forbidden"


async def test_a_guest_talks_only_where_others_let_them_in(site: Site) -> None:
    prince = await site.admin()
    guest, romeo = await in_role(site, prince, "guest"), await site.enter("romeo")
    room = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Orchard"})
    await romeo.does("POST", f"/conversations/{room['conversation_id']}/members", {"user_ids": [guest.user_id]})
    await guest.does("POST", f"/conversations/{room['conversation_id']}/messages", {"text": "But soft!"})
    assert await guest.is_refused("POST", "/conversations", {"kind": "group", "title": "x"}) == "forbidden"
    assert await guest.is_refused("POST", "/conversations/direct", {"user_id": romeo.user_id}) == "forbidden"
    assert await guest.is_refused("GET", "/users", params={"query": "rom"}) == "forbidden"
    assert (await guest.gets("/users", username="romeo"))["users"]


async def test_a_moderator_manages_channels_and_does_not_announce(site: Site) -> None:
    prince = await site.admin()
    friar, romeo = await in_role(site, prince, "moderator"), await site.enter("romeo")
    street = await romeo.does("POST", "/conversations", {"kind": "channel", "title": "Street"})
    path = f"/conversations/{street['conversation_id']}"
    said = await romeo.does("POST", f"{path}/messages", {"text": "Do you bite your thumb at us, sir?"})
    await friar.does("POST", f"{path}/join")
    await friar.does("DELETE", f"{path}/messages/{said['seq']}")
    assert await friar.is_refused("POST", "/announcements", {"text": "x"}) == "forbidden"
    assert await friar.is_refused("POST", f"/conversations/{'0' * 31}1/messages", {"text": "x"}) != "internal_error"


async def test_a_ban_ends_logins_and_ends_itself(either: Site) -> None:
    prince = await either.admin()
    friar, romeo = await in_role(either, prince, "moderator"), await either.enter("romeo")
    until_ms = either.deps.clock.now_ms() + 3_600_000
    await friar.does("PUT", f"/bans/{romeo.user_id}", {"until_ms": until_ms, "reason": "Tybalt"})
    assert await romeo.is_refused("GET", "/me") == "session_ended"
    assert (romeo.user_id, romeo.tokens["device_id"]) in either.ended
    assert (await friar.gets("/bans"))["bans"] == [
        {"user_id": romeo.user_id, "username": "romeo", "until_ms": until_ms}
    ]
    form = {"grant_type": "password", "username": "romeo", "password": "wherefore art"}
    assert (await either.http.post("/oauth/token", data=form)).status_code == 400
    await friar.does("DELETE", f"/bans/{romeo.user_id}")
    assert await friar.is_refused("DELETE", f"/bans/{romeo.user_id}") == "not_found"
    assert (await (await either.log_in("romeo")).gets("/me"))["username"] == "romeo"
    entries = (await prince.gets("/audit", act="account", target=romeo.user_id))["entries"]
    assert [(one["act"], one["user_id"]) for one in entries[:2]] == [
        ("account.admitted", friar.user_id),
        ("account.banned", friar.user_id),
    ]
    assert '"reason":"Tybalt"' in entries[1]["detail"]


async def test_nobody_bans_themselves_or_those_above_or_into_the_past(site: Site) -> None:
    prince = await site.admin()
    friar, romeo = await in_role(site, prince, "moderator"), await site.enter("romeo")
    assert await friar.is_refused("PUT", f"/bans/{friar.user_id}", {}) == "bad_request"
    assert await friar.is_refused("PUT", f"/bans/{romeo.user_id}", {"until_ms": 5}) == "bad_request"
    assert await friar.is_refused("PUT", f"/bans/{prince.user_id}", {}) == "forbidden"
    assert await friar.is_refused("PUT", f"/bans/{'0' * 31}1", {}) == "user_not_found"


async def test_who_is_muted_on_the_server_says_nothing_anywhere_until_it_is_lifted(either: Site) -> None:
    prince = await either.admin()
    friar, romeo = await in_role(either, prince, "moderator"), await either.enter("romeo")
    room = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Orchard"})
    path = f"/conversations/{room['conversation_id']}/messages"
    until_ms = either.deps.clock.now_ms() + 3_600_000
    await friar.does("PUT", f"/mutes/{romeo.user_id}", {"until_ms": until_ms, "reason": "shouts"})
    # The same token, and the next request.
    assert await romeo.is_refused("POST", path, {"text": "x"}) == "muted"
    assert await romeo.is_refused("POST", "/conversations", {"kind": "group", "title": "x"}) == "muted"
    await romeo.gets(path)
    assert (await romeo.gets("/me"))["muted_until_ms"] == until_ms
    assert (await friar.gets("/mutes"))["mutes"] == [
        {"user_id": romeo.user_id, "username": "romeo", "until_ms": until_ms}
    ]
    await friar.does("DELETE", f"/mutes/{romeo.user_id}")
    assert await friar.is_refused("DELETE", f"/mutes/{romeo.user_id}") == "not_found"
    await romeo.does("POST", path, {"text": "But soft!"})
    assert await friar.is_refused("PUT", f"/mutes/{friar.user_id}", {}) == "bad_request"
    assert await friar.is_refused("PUT", f"/mutes/{romeo.user_id}", {"until_ms": 5}) == "bad_request"
    await friar.does("PUT", f"/mutes/{romeo.user_id}", {})
    assert (await friar.gets("/mutes"))["mutes"][0]["until_ms"] == 0


async def test_whoever_changes_what_somebody_may_say_tells_the_nodes(site: Site) -> None:
    prince, romeo = await site.admin(), await site.enter("romeo")
    told: list[str] = []
    assert site.deps.roles is not None

    async def tell(user_ids: Sequence[str]) -> None:
        told.extend(user_ids)

    site.deps.roles.on_rights_changed = tell
    await prince.does("PUT", f"/mutes/{romeo.user_id}", {})
    await prince.does("DELETE", f"/mutes/{romeo.user_id}")
    assert told == [romeo.user_id] * 2


async def test_logins_and_failures_are_in_the_audit_log_without_what_was_typed(either: Site) -> None:
    prince, romeo = await either.admin(), await either.enter("romeo")
    for name in ("romeo", "Tr0ub4dor&3"):
        form = {"grant_type": "password", "username": name, "password": "a guess of mine"}
        assert (await either.http.post("/oauth/token", data=form)).status_code == 400
    entries = (await prince.gets("/audit", act="session"))["entries"]
    mine = [one["act"] for one in entries if one["target"] == romeo.user_id]
    assert mine == ["session.refused", "session.begun"]
    assert not any("guess" in one["detail"] or "Tr0ub4dor" in one["detail"] for one in entries)
