"""Signing in with another OpenID provider: the way there, and the way back."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Request, Response, get, post

from hubbub.auth.foreign import CALLBACK, ProviderError
from hubbub.auth.redirects import form_action
from hubbub.base.errors import ChatError, Code
from hubbub.rest.authorization.asking import SECURITY, is_ours
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.authorization.second_step import lead_on
from hubbub.rest.authorization.visits import FOREIGN, Visit, escaped
from hubbub.rest.deps import DepsDep

__all__ = ["HANDLERS"]

log = logging.getLogger("hubbub.rest")

_FIELDS = ("state", "code", "iss", "error")


@post(FOREIGN, include_in_schema=False)
async def go_there(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Send the browser to the provider."""
    visit = Visit(request, deps)
    foreign = deps.oauth.foreign
    try:
        form = await read_form(request)
        following, connect = form.get("next", ""), form.get("connect", "")
        if foreign is None or not is_ours(following):
            raise ChatError(Code.BAD_REQUEST)
        visit.check(form, "foreign", following, connect)
        deps.accounts.try_once(visit.visitor.address)
        signed_in = await visit.who() if connect else None
        if connect and signed_in is None:
            raise ChatError(Code.FORBIDDEN, visit.words["stale"])
        there = await foreign.begin(following, visit.mark, login_id=signed_in.login.id if signed_in else "")
        if form_action(there) == deps.oauth.foreign_source:
            return visit.go(there)
        # A form leads on to no other host than its page has named; a link does.
        link = f'<p><a href="{escaped(there)}">{escaped(visit.words["foreign"], provider=foreign.name)}</a></p>'
        return visit.page(visit.words["sign_in"], f"<h1>{visit.words['sign_in']}</h1>{link}")
    except ChatError as error:
        return visit.failed(error)
    except ProviderError as error:
        return _failed(visit, error)


@get(CALLBACK, include_in_schema=False)
async def come_back(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Take somebody who comes back from the provider, and go on to where they were going."""
    visit = Visit(request, deps)
    foreign = deps.oauth.foreign
    try:
        if foreign is None:
            raise ChatError(Code.NOT_FOUND)
        # Only what came once: RFC 6749 section 3.1.
        given = {name: request.query_params.getall(name, []) for name in _FIELDS}
        answer = {name: values[0] for name, values in given.items() if len(values) == 1 and len(values[0]) <= 4000}
        claims, kept = await foreign.finish(answer, visit.mark)
        before = await visit.who()
        if kept["login"]:
            if before is None or before.login.id != kept["login"]:
                raise ChatError(Code.FORBIDDEN, visit.words["stale"])
            if not await foreign.link(before.account, claims):
                raise ChatError(Code.CONFLICT, visit.words["foreign_taken"])
            return visit.go(SECURITY)
        account = await foreign.person(claims, address=visit.visitor.address)
        taken = await deps.oauth.sign_ins.go_on(account, visit.visitor)
        return await lead_on(visit, deps, taken, kept["following"], before)
    except ChatError as error:
        return visit.failed(error)
    except ProviderError as error:
        return _failed(visit, error)


def _failed(visit: Visit, error: ProviderError) -> Response[str]:
    # Whoever operates the server can do something about it; whoever sits there can only try again.
    log.warning("signing in with the provider failed: %s", error)
    words = visit.words
    body = (
        f'<h1>{words["wrong"]}</h1><p class="bad" role="alert">{escaped(words["foreign_failed"])}</p>'
        f'<p><a href="{SECURITY}">{words["back"]}</a></p>'
    )
    return visit.page(words["wrong"], body, 400)


HANDLERS = [go_there, come_back]
