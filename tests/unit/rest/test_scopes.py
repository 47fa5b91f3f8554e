"""Every operation, tried with a token of each scope: it does what it was given for, and nothing else."""

from __future__ import annotations

import re
from typing import Any

from unit.rest.browser import Browser, a_browser, a_program
from unit.rest.site import Person, Site

from hubbub.auth.refresh import RefreshToken
from hubbub.auth.scopes import ANY, OWN, SCOPES
from hubbub.base.ids import new_id

ENDS_ITSELF = {"/api/v1/me/logout"}


async def a_token(site: Site, person: Person, scope: str) -> dict[str, str]:
    """Return headers with a token of some client for this person."""
    account = await site.accounts.profile(person.user_id)
    login = site.accounts.new_login(account, RefreshToken.first(), client_id=new_id(), scope=scope)
    await site.accounts.begin(account, login)
    return {"authorization": f"Bearer {site.accounts.grant(account, login, None).access_token}"}


async def test_every_operation_asks_for_its_scope(site: Site) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    prince = await site.admin()
    tokens = {scope: await a_token(site, prince, scope) for scope in SCOPES}
    tried: dict[str, int] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            needs = operation.get("x-scope")
            if needs is None or path in ENDS_ITSELF:
                continue
            assert needs in (ANY, OWN, *SCOPES), path
            tried[needs] = tried.get(needs, 0) + 1
            url = re.sub(r"\{\w+\}", "1", path)
            for scope, headers in tokens.items():
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
                content = {} if body is None else {"json": body}
                answer = await site.http.request(method.upper(), url, headers=headers, **content)
                refused = answer.status_code == 403 and answer.json()["code"] == "insufficient_scope"
                assert refused == (needs not in (ANY, scope)), (method, path, scope, answer.text)
    assert tried["read"] > 15
    assert tried["write"] > 20
    assert tried["admin"] > 10
    assert set(tried) >= {OWN, "profile", "account", "openid"}


async def test_what_only_own_clients_may_do_is_little_and_known(site: Site) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    own = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if operation.get("x-scope") == OWN
    }
    assert {"POST /api/v1/me/password", "GET /api/v1/me/apps"} <= own
    # Whoever adds an operation says what it is for; see CONTRIBUTING.md.
    assert {path for path in own if "/me/" not in path} == set()


async def test_what_is_for_admins_is_for_nobody_else(site: Site) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    romeo = await site.enter("romeo")
    tried = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get("x-scope") != "admin" or operation["security"] != [{"bearer": []}]:
                continue
            tried += 1
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            content = {} if body is None else {"json": body}
            url = re.sub(r"\{\w+\}", "1", path)
            answer = await site.http.request(method.upper(), url, headers=romeo.headers, **content)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)
    assert tried > 10


async def test_no_scope_makes_an_admin_of_anybody(site: Site) -> None:
    romeo = await site.enter("romeo")
    headers = await a_token(site, romeo, " ".join(SCOPES))
    answer = await site.http.get("/api/v1/nodes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_program_administers_only_with_the_admins_yes(site: Site) -> None:
    tool = await a_program(site, scopes=["openid", "read", "admin"])
    async with a_browser(site) as browser:
        for scope, status in (("openid read", 403), ("openid admin", 200)):
            assert await nodes_with(site, browser, tool, scope) == status


async def nodes_with(site: Site, browser: Browser, tool: Any, scope: str) -> int:
    tokens = (await tool.redeems((await browser.allows(tool.asks(scope=scope), "prince"))["code"])).json()
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    return (await site.http.get("/api/v1/nodes", headers=headers)).status_code
