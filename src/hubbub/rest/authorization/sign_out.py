"""Logging out from a program's side (OpenID Connect RP-Initiated Logout).

A program that shows an id token of whoever is signed in ends it at once; anything else is asked, because a link alone
must not log anybody out.  The browser goes on only to an address that was registered for this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post

from hubbub.auth.id_tokens import Hint
from hubbub.auth.redirects import form_action, with_parameters
from hubbub.base.errors import ChatError, Code
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.authorization.visits import Visit, escaped
from hubbub.rest.deps import Deps, DepsDep

__all__ = ["HANDLERS"]

_HERE = "/oauth/logout"
_FIELDS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


@get(_HERE, include_in_schema=False)
async def log_out_page(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Log out, or ask whether to."""
    query = {name: request.query_params[name] for name in _FIELDS if name in request.query_params}
    return await _log_out(request, deps, query)


@post(_HERE, include_in_schema=False)
async def log_out_by_post(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Do the same for a request that came as a form."""
    try:
        form = await read_form(request)
    except ChatError as error:
        return Visit(request, deps).failed(error)
    if "form" in form:
        return await _confirmed(request, deps, form)
    return Visit(request, deps).go(f"{_HERE}?{urlencode({name: form[name] for name in _FIELDS if name in form})}")


async def _log_out(request: Request[Any, Any, Any], deps: Deps, asked: Mapping[str, str]) -> Response[str]:
    visit = Visit(request, deps, languages=asked.get("ui_locales", ""))
    try:
        hint, onward = await _onward(asked, deps)
        signed_in = await visit.who()
    except ChatError as error:
        return visit.failed(error)
    if signed_in is not None and (hint is None or hint.sub != signed_in.account.id):
        return _question(visit, signed_in.account.username, signed_in.login.id, onward)
    if signed_in is not None and hint is not None:
        await deps.oauth.browsers.sign_out(signed_in, *([hint.sid] if hint.sid else ()))
    return _done(visit, onward if hint is not None else "")


async def _confirmed(request: Request[Any, Any, Any], deps: Deps, form: dict[str, str]) -> Response[str]:
    visit = Visit(request, deps)
    try:
        signed_in = await visit.who()
        onward = form.get("onward", "")
        # What was checked when the page was made cannot have been changed since: the form's token is bound to it.
        visit.check(form, "log-out", onward, signed_in.login.id if signed_in else "")
    except ChatError as error:
        return visit.failed(error)
    if signed_in is not None:
        await deps.oauth.browsers.sign_out(signed_in)
    return _done(visit, onward)


async def _onward(asked: Mapping[str, str], deps: Deps) -> tuple[Hint | None, str]:
    """Return what the id token says, and where the browser may go afterwards; empty: nowhere.

    Raises ChatError(BAD_REQUEST) for an address that is not the client's.
    """
    hint = deps.oauth.id_tokens.read_hint(asked.get("id_token_hint", ""))
    named = asked.get("client_id", "")
    if hint is not None and named and named != hint.aud:
        raise ChatError(Code.BAD_REQUEST, "The id token was issued to another client.")
    uri = asked.get("post_logout_redirect_uri", "")
    if not uri:
        return hint, ""
    name = hint.aud if hint is not None else named
    client = await deps.oauth.clients.find(name) if name else None
    if client is None or uri not in client.logout_uris:
        raise ChatError(Code.BAD_REQUEST, "The address to return to is not one of that program's.")
    return hint, with_parameters(uri, {"state": asked.get("state", "")[:2000]})


def _question(visit: Visit, person: str, login_id: str, onward: str) -> Response[str]:
    words = visit.words
    body = (
        f"<h1>{words['log_out']}</h1><p>{escaped(words['log_out_lead'], person=person)}</p>"
        f'<form method="post" action="{_HERE}" accept-charset="utf-8">'
        + visit.hidden("log-out", onward, login_id)
        + f'<input type="hidden" name="onward" value="{escaped(onward)}">'
        + f'<button type="submit">{words["log_out_do"]}</button></form>'
    )
    return visit.page(words["log_out"], body, leads_to=form_action(onward) if onward else "")


def _done(visit: Visit, onward: str) -> Response[str]:
    gone = [visit.session("")]
    if onward:
        return visit.go(onward, cookies=gone)
    title = visit.words["logged_out"]
    return visit.page(title, f"<h1>{title}</h1>", cookies=gone)


HANDLERS = [log_out_page, log_out_by_post]
