"""Letting a device in that has no browser (RFC 8628): where it begins, and the page on which a person decides."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromQuery

from hubbub.auth.browsers import SignedIn
from hubbub.auth.client_ports import Client, DeviceRequest
from hubbub.auth.devices import shown_code
from hubbub.base.errors import ChatError, Code
from hubbub.rest.authorization.client_auth import client_of
from hubbub.rest.authorization.frame import field, warning
from hubbub.rest.authorization.oauth import REFUSALS, OAuthError, read_form
from hubbub.rest.authorization.visits import Visit, escaped, scope_list
from hubbub.rest.deps import DepsDep
from hubbub.rest.guards import address_of
from hubbub.rest.refusals import BODY, refuses

__all__ = ["HANDLERS"]

_HERE = "/oauth/device"


class DeviceForm(msgspec.Struct, kw_only=True):
    """What a device asks for."""

    client_id: str = ""
    """None: one of this server's own clients."""
    scope: str = ""
    device_name: str = ""


class DeviceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a device shows, and what it keeps to itself (RFC 8628 section 3.2)."""

    device_code: str
    """For `/oauth/token`; nobody is shown it."""
    user_code: str
    """What a person types in at `verification_uri`."""
    verification_uri: str
    verification_uri_complete: str
    """The same with the code in it, for a QR code."""
    expires_in: int
    interval: int
    """Seconds between two questions at `/oauth/token`."""


@post(
    "/oauth/device_authorization",
    status_code=200,
    summary="Begin to log in a device without a browser",
    tags=["accounts"],
    exception_handlers=REFUSALS,
    opt=refuses(
        *BODY,
        Code.BAD_CLIENT,
        Code.BAD_SCOPE,
        Code.RATE_LIMITED,
        client_auth=True,
        form=DeviceForm,
        oauth=OAuthError,
    ),
)
async def device_authorization(request: Request[Any, Any, Any], deps: DepsDep) -> Response[DeviceAnswer]:
    """Return a code for a person to type in, and one for the device to ask `/oauth/token` with meanwhile.

    The grant is `urn:ietf:params:oauth:grant-type:device_code`.
    """
    form = await read_form(request)
    client = await client_of(request, form, deps)
    device_code, made = await deps.oauth.devices.begin(
        client, form.get("scope", ""), form.get("device_name", ""), address=address_of(request)
    )
    await deps.oauth.sweep()
    page, code = f"{deps.oauth.issuer}{_HERE}", shown_code(made.user_code)
    answer = DeviceAnswer(
        device_code=device_code,
        user_code=code,
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={code}",
        expires_in=deps.auth_settings.device_code_s,
        interval=made.interval_ms // 1000,
    )
    return Response(answer, headers={"cache-control": "no-store", "pragma": "no-cache"})


@get(_HERE, include_in_schema=False)
async def device_page(request: Request[Any, Any, Any], deps: DepsDep, user_code: FromQuery[str] = "") -> Response[str]:
    """Ask for the code, then whether the device may come in."""
    visit = Visit(request, deps)
    try:
        signed_in = await visit.who()
        if signed_in is None:
            following = f"{_HERE}?user_code={quote(user_code[:40])}" if user_code else _HERE
            return await visit.sign_in_page(following, client=None)
        if not user_code:
            return _code_page(visit)
        # Right or wrong, and whichever node is asked: a code is short.
        await deps.oauth.factors.count_guess("device", signed_in.account.id)
        asked = await deps.oauth.devices.asked(user_code)
        if asked is None:
            deps.accounts.try_once(address_of(request))
            return _code_page(visit, visit.words["code_unknown"], 404)
        return _decision_page(visit, signed_in, *asked)
    except ChatError as error:
        return visit.failed(error)


@post(_HERE, include_in_schema=False)
async def device_decision(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Let the device in, or not."""
    visit = Visit(request, deps)
    try:
        form = await read_form(request)
        signed_in = await visit.who()
        code = form.get("user_code", "")
        visit.check(form, "device", code, signed_in.login.id if signed_in else "")
        if signed_in is None:
            raise ChatError(Code.FORBIDDEN, visit.words["stale"])
        allowed = form.get("decision") == "allow"
        await deps.oauth.factors.count_guess("device", signed_in.account.id)
        if not await deps.oauth.devices.decide(signed_in.account, code, allowed):
            return _code_page(visit, visit.words["code_unknown"], 404)
    except ChatError as error:
        return visit.failed(error)
    title = visit.words["device_done" if allowed else "device_denied"]
    lead = f"<p>{visit.words['device_done_lead']}</p>" if allowed else ""
    return visit.page(title, f"<h1>{title}</h1>{lead}")


def _code_page(visit: Visit, error: str = "", status: int = 200) -> Response[str]:
    words = visit.words
    body = (
        f"<h1>{words['device']}</h1><p>{words['device_lead']}</p>{warning(error)}"
        f'<form method="get" action="{_HERE}" accept-charset="utf-8">'
        + field("user_code", words["code"], "text", "off", hint=words["code_hint"])
        + f'<button type="submit">{words["next"]}</button></form>'
    )
    return visit.page(words["device"], body, status)


def _decision_page(visit: Visit, signed_in: SignedIn, asked: DeviceRequest, client: Client) -> Response[str]:
    words = visit.words
    named = f"{client.name} ({asked.device_name})" if asked.device_name else client.name
    title = words["allow_title"].format(client=named)
    lead = escaped(words["allow_lead"], client=named, person=signed_in.account.username)
    body = (
        f"<h1>{escaped(title)}</h1><p>{lead}</p>"
        + scope_list(visit, client, asked.scope)
        + f'<p class="bad">{escaped(words["device_warning"], code=shown_code(asked.user_code))}</p>'
        + f'<form method="post" action="{_HERE}" accept-charset="utf-8">'
        + visit.hidden("device", asked.user_code, signed_in.login.id)
        + f'<input type="hidden" name="user_code" value="{asked.user_code}"><div class="row">'
        + f'<button type="submit" name="decision" value="allow">{words["allow"]}</button>'
        + f'<button type="submit" name="decision" value="deny" class="quiet">{words["deny"]}</button></div></form>'
    )
    return visit.page(title, body)


HANDLERS = [device_authorization, device_page, device_decision]
