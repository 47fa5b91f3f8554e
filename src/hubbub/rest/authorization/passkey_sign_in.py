"""Signing a browser in with a passkey: alone, or as the second step after a password."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromQuery

from hubbub.auth.redirects import form_action
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.authorization.asking import PASSKEY, is_ours, of_address
from hubbub.rest.authorization.frame import warning
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.authorization.passkey_forms import SCRIPT, passkey_form
from hubbub.rest.authorization.second_step import code_page, lead_on
from hubbub.rest.authorization.visits import Visit, escaped
from hubbub.rest.deps import Deps, DepsDep

__all__ = ["HANDLERS"]


@get(PASSKEY, include_in_schema=False)
async def passkey_page(request: Request[Any, Any, Any], deps: DepsDep, following: FromQuery[str] = "") -> Response[str]:
    """Ask for a passkey, whosever it is."""
    visit = Visit(request, deps)
    try:
        if not is_ours(following):
            raise ChatError(Code.BAD_REQUEST)
        return await _page(visit, deps, following)
    except ChatError as error:
        return visit.failed(error)


@post(PASSKEY, include_in_schema=False)
async def sign_in_by_passkey(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Take what a passkey answered, sign the browser in and go on to where it was going."""
    visit = Visit(request, deps)
    proven = following = ""
    try:
        form = await read_form(request)
        proven, following = form.get("step", ""), form.get("next", "")
        if not is_ours(following):
            raise ChatError(Code.BAD_REQUEST)
        visit.check(form, "passkey", proven, following)
        before = await visit.who()
        answer = (form.get("challenge", ""), form.get("credential", ""))
        if proven:
            account = await deps.oauth.sign_ins.pending(proven)
            await deps.oauth.passkeys.prove(*answer, account, address=visit.visitor.address)
            taken = await deps.oauth.sign_ins.finish(proven, account, visit.visitor)
        else:
            account = await deps.oauth.passkeys.prove(*answer, address=visit.visitor.address)
            taken = await deps.oauth.sign_ins.enter(account, visit.visitor)
    except ChatError as error:
        if error.code is Code.SESSION_ENDED:
            return await visit.sign_in_page(following, client=None, error=visit.words["too_late"], status=400)
        if error.code is not Code.BAD_PASSKEY:
            return visit.failed(error)
        return await _again(visit, deps, proven, following, error)
    return await lead_on(visit, deps, taken, following, before)


async def _again(visit: Visit, deps: Deps, proven: str, following: str, error: ChatError) -> Response[str]:
    """Say what went wrong where it can be tried again."""
    try:
        if not proven:
            return await _page(visit, deps, following, error)
        deps.accounts.try_once(visit.visitor.address)
        return await code_page(visit, deps, proven, following, error)
    except ChatError as limited:
        return visit.failed(limited)


async def _page(visit: Visit, deps: Deps, following: str, error: ChatError | None = None) -> Response[str]:
    words = visit.words
    asked = await of_address(following, deps)
    deps.accounts.try_once(visit.visitor.address)
    challenge = await deps.oauth.passkeys.ask()
    hidden = (
        visit.hidden("passkey", "", following)
        + '<input type="hidden" name="step" value="">'
        + f'<input type="hidden" name="next" value="{escaped(following)}">'
    )
    body = (
        f"<h1>{words['passkey_sign_in']}</h1><p>{words['passkey_lead']}</p>"
        + warning(visit.sentence(error) if error else "")
        + passkey_form(visit, "get", challenge, PASSKEY, hidden, words["passkey_use"])
        + f'<p><a href="{escaped(following)}">{words["back"]}</a></p>'
    )
    return visit.page(
        words["passkey_sign_in"],
        body,
        TABLE[error.code].http if error else 200,
        leads_to=form_action(asked.redirect_uri) if asked else "",
        script=SCRIPT,
    )


HANDLERS = [passkey_page, sign_in_by_passkey]
