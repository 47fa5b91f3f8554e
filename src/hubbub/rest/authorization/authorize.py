"""The authorization endpoint: a person signs in, says yes or no, and goes back to the program that asked.

Every step judges the whole request again, from the address the browser holds: nothing is kept between them but who
signed in.  What may not be answered to the program's own address is said here (see `auth.authorization`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from litestar import Request, Response, get, post

from hubbub.auth.authorization import AuthorizationRequest, SentBack
from hubbub.auth.browsers import SignedIn
from hubbub.auth.redirects import form_action
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.authorization.asking import HERE, asked_in, is_ours, of_address
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.authorization.second_step import lead_on
from hubbub.rest.authorization.visits import Visit, escaped, scope_list
from hubbub.rest.deps import Deps, DepsDep

__all__ = ["HANDLERS"]


@get(HERE, include_in_schema=False)
async def authorize(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Ask whoever sits there what the program wants to know, as far as it is not known."""
    visit = Visit(request, deps)
    try:
        query = request.scope["query_string"].decode("ascii", "replace")
        asked, parameters = await asked_in(query, deps)
        visit = Visit(request, deps, languages=parameters.get("ui_locales", ""))
        return await _next_step(visit, asked, query, deps)
    except SentBack as sent:
        return visit.go(sent.address(deps.oauth.issuer))
    except ChatError as error:
        return visit.failed(error)


@post(HERE, include_in_schema=False)
async def authorize_by_post(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Take a request that came as a form (OpenID Connect Core 3.1.2.1) as if it had come in the address."""
    visit = Visit(request, deps)
    try:
        return visit.go(f"{HERE}?{urlencode(await read_form(request))}")
    except ChatError as error:
        return visit.failed(error)


@post("/oauth/sign-in", include_in_schema=False)
async def sign_in(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Sign the browser in and go on to where it was going."""
    visit = Visit(request, deps)
    try:
        form = await read_form(request)
        following = form.get("next", "")
        if not is_ours(following):
            raise ChatError(Code.BAD_REQUEST)
        visit.check(form, "sign-in", following)
    except ChatError as error:
        return visit.failed(error)
    before = await visit.who()
    try:
        taken = await deps.oauth.sign_ins.by_password(form.get("username", ""), form.get("password", ""), visit.visitor)
    except ChatError as error:
        asked = await of_address(following, deps)
        shown = await visit.sign_in_page(
            following,
            client=asked.client if asked else None,
            hint=form.get("username", ""),
            error=visit.sentence(error),
            # Not 401, which is for schemes of HTTP.
            status=400 if error.code is Code.BAD_CREDENTIALS else TABLE[error.code].http,
            leads_to=form_action(asked.redirect_uri) if asked else "",
        )
        return visit.later(shown, error)
    return await lead_on(visit, deps, taken, following, before)


@post("/oauth/consent", include_in_schema=False)
async def consent(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Take a person's yes or no, and go back to the program."""
    visit = Visit(request, deps)
    try:
        form = await read_form(request)
        query = form.get("request", "")
        signed_in = await visit.who()
        visit.check(form, "consent", query, signed_in.login.id if signed_in else "")
        asked, _ = await asked_in(query, deps)
        if signed_in is None:
            raise ChatError(Code.FORBIDDEN, visit.words["stale"])
        if form.get("decision") != "allow":
            return visit.go(_refused(asked, "access_denied", Code.ACCESS_DENIED, deps))
        await deps.oauth.codes.consent(asked, signed_in)
        return visit.go(await deps.oauth.codes.answer(asked, signed_in))
    except SentBack as sent:
        return visit.go(sent.address(deps.oauth.issuer))
    except ChatError as error:
        return visit.failed(error)


# ---------------------------------------------------------------- inside


async def _next_step(visit: Visit, asked: AuthorizationRequest, query: str, deps: Deps) -> Response[str]:
    signed_in = await visit.who()
    silent = "none" in asked.prompt
    if signed_in is None or _too_old(asked, signed_in, deps):
        if silent:
            return visit.go(_refused(asked, "login_required", Code.UNAUTHENTICATED, deps))
        following = f"{HERE}?{query}"
        leads_to = form_action(asked.redirect_uri)
        return await visit.sign_in_page(following, client=asked.client, hint=asked.login_hint, leads_to=leads_to)
    if await deps.oauth.codes.needs_consent(asked, signed_in):
        if silent:
            return visit.go(_refused(asked, "consent_required", Code.ACCESS_DENIED, deps))
        return _consent_page(visit, asked, signed_in, query)
    return visit.go(await deps.oauth.codes.answer(asked, signed_in))


def _too_old(asked: AuthorizationRequest, signed_in: SignedIn, deps: Deps) -> bool:
    if asked.prompt & {"login", "select_account"}:
        return True
    return asked.max_age_s is not None and deps.clock.now_ms() - signed_in.auth_ms > asked.max_age_s * 1000


def _refused(asked: AuthorizationRequest, error: str, code: Code, deps: Deps) -> str:
    return asked.answered(deps.oauth.issuer, error=error, error_description=TABLE[code].en)


def _consent_page(visit: Visit, asked: AuthorizationRequest, signed_in: SignedIn, query: str) -> Response[str]:
    words, client = visit.words, asked.client
    where = urlsplit(asked.redirect_uri)
    goes_to = escaped(words["goes_to"], where=where.netloc or f"{where.scheme}:")
    title = words["allow_title"].format(client=client.name)
    other = f"{HERE}?{_with_prompt(query, 'login')}"
    lead = escaped(words["allow_lead"], client=client.name, person=signed_in.account.username)
    body = (
        f"<h1>{escaped(title)}</h1><p>{lead}</p>"
        + scope_list(visit, client, asked.scope)
        + f"<p>{goes_to} {words['take_back']}</p>"
        + '<form method="post" action="/oauth/consent" accept-charset="utf-8">'
        + visit.hidden("consent", query, signed_in.login.id)
        + f'<input type="hidden" name="request" value="{escaped(query)}"><div class="row">'
        + f'<button type="submit" name="decision" value="allow">{words["allow"]}</button>'
        + f'<button type="submit" name="decision" value="deny" class="quiet">{words["deny"]}</button></div></form>'
        + f'<p><a href="{escaped(other)}">{words["not_you"]}</a></p>'
    )
    return visit.page(title, body, leads_to=form_action(asked.redirect_uri))


def _with_prompt(query: str, prompt: str) -> str:
    rest = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "prompt"]
    return urlencode([*rest, ("prompt", prompt)])


HANDLERS = [authorize, authorize_by_post, sign_in, consent]
