"""Nobody does anything to the account of somebody who may do more, whichever operation they try it with."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from unit.auth.people import PASSWORD
from unit.rest.site import Person, Site

from hubbub.auth.permissions import Permission

ALL_BUT = {Permission.PLACE_OWN, Permission.AUDIT_READ}
"""What the steward lacks, of which the keeper has one."""


async def a_role(prince: Person, name: str, permissions: list[str]) -> str:
    made = await prince.does("POST", "/roles", {"name": name, "permissions": permissions})
    return str(made["role"])


class Court:
    """A steward who may do all but a little, and people above and below."""

    def __init__(self, site: Site, prince: Person) -> None:
        self.site = site
        self.prince = prince
        self.number = 0
        self.keeper_role = ""
        self.steward: Person

    async def assemble(self) -> None:
        may = [one.value for one in Permission if one not in ALL_BUT]
        steward_role = await a_role(self.prince, "Steward", may)
        self.keeper_role = await a_role(self.prince, "Keeper", [Permission.AUDIT_READ.value])
        self.steward = await self.site.enter("steward")
        await self.prince.does("PUT", f"/roles/{steward_role}/people/{self.steward.user_id}")

    async def somebody(self, method: str, path: str, *, above: bool) -> dict[str, str]:
        """Return what fills a path: somebody fresh, in the state the operation is about."""
        self.number += 1
        name = f"person{self.number}"
        filled = {"role": "moderator"}
        if path.startswith("/api/v1/clients/"):
            body = {"name": name, "grants": ["client_credentials"], "scopes": ["read"], "bot": name}
            made = await self.prince.does("POST", "/clients", body)
            filled["client_id"], user_id = made["client_id"], made["bot_id"]
        elif path.startswith("/api/v1/registration/"):
            self.site.accounts.use(msgspec.structs.replace(self.site.deps.auth_settings, registration="approval"))
            waits = await self.site.http.post("/api/v1/accounts", json={"username": name, "password": PASSWORD})
            self.site.accounts.use(self.site.deps.auth_settings)
            user_id = waits.json()["user_id"]
        else:
            person = await self.site.enter(name)
            user_id = person.user_id
            filled["login_id"] = (await person.gets("/me/logins"))["logins"][0]["login_id"]
        if path.startswith("/api/v1/reports/"):
            report = await self.steward.does("POST", "/reports", {"reason": "spam", "user_id": user_id})
            filled["report_id"] = report["report_id"]
        if above:
            await self.prince.does("PUT", f"/roles/{self.keeper_role}/people/{user_id}")
        if (method, path) == ("DELETE", "/api/v1/bans/{user_id}"):
            await self.prince.does("PUT", f"/bans/{user_id}", {})
        if (method, path) == ("DELETE", "/api/v1/mutes/{user_id}"):
            await self.prince.does("PUT", f"/mutes/{user_id}", {})
        return {**filled, "user_id": user_id}

    async def tries(self, method: str, path: str, body: Any, *, above: bool) -> tuple[int, str]:
        filled = await self.somebody(method, path, above=above)
        url = re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], path).removeprefix("/api/v1")
        answer = await self.steward.ask(method, url, body)
        return answer.status_code, answer.json().get("code", "") if answer.content else ""


async def test_nothing_is_done_to_the_account_of_somebody_who_may_do_more(either: Site) -> None:
    document: dict[str, Any] = (await either.http.get("/api/openapi.json")).json()
    court = Court(either, await either.admin())
    await court.assemble()
    tried = []
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            method = verb.upper()
            about = "{user_id}" in path or path.startswith("/api/v1/clients/{") or path.endswith("/resolve")
            if operation.get("x-scope") != "admin" or not about or method == "GET":
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = content.get("example", {})
            if path.endswith("/resolve"):
                body = {"resolution": "acted", "ban_until_ms": 0}
            assert await court.tries(method, path, body, above=True) == (403, "forbidden"), (method, path)
            # The same is done to somebody who may do no more, so it was not refused for another reason.
            status, code = await court.tries(method, path, body, above=False)
            assert status < 300, (method, path, code)
            tried.append((method, path))
    # Whoever adds an operation on somebody else's account has it tried here; these were there when this was written.
    assert len(tried) >= 16, tried
    assert ("DELETE", "/api/v1/users/{user_id}/second-factor") in tried


async def test_a_trusted_client_that_could_do_more_is_not_registered(site: Site) -> None:
    court = Court(site, await site.admin())
    await court.assemble()
    body = {"name": "Wiki", "redirect_uris": ["https://wiki.example/back"], "trusted": True}
    assert await court.steward.is_refused("POST", "/clients", {**body, "scopes": ["openid", "admin"]}) == "forbidden"
    await court.steward.does("POST", "/clients", {**body, "scopes": ["openid", "profile"]})
    await court.prince.does("POST", "/clients", {**body, "scopes": ["openid", "admin"]})
