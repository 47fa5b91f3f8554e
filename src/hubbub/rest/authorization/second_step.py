"""The second step of signing in, on a page of its own: a code of an app, a recovery code, or a passkey."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post

from hubbub.auth.browsers import SignedIn
from hubbub.auth.redirects import form_action
from hubbub.auth.sign_ins import Entered, Pending
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.authorization.asking import PASSKEY, is_ours, of_address, without_wish
from hubbub.rest.authorization.frame import field, warning
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.authorization.passkey_forms import SCRIPT, passkey_form
from hubbub.rest.authorization.visits import Visit, escaped
from hubbub.rest.deps import Deps, DepsDep

__all__ = ["HANDLERS", "code_page", "lead_on"]

_HERE = "/oauth/sign-in/code"


async def lead_on(
    visit: Visit, deps: Deps, taken: Entered | Pending, following: str, before: SignedIn | None
) -> Response[str]:
    """Go on with somebody who has taken a step: to where the browser was going, or to the next step."""
    if isinstance(taken, Pending):
        return await code_page(visit, deps, taken.secret, following)
    if before is not None:
        await deps.oauth.browsers.sign_out(before)
    return visit.go(without_wish(following), cookies=[visit.session(taken.cookie)])


@post(_HERE, include_in_schema=False)
async def sign_in_by_code(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Take the code, sign the browser in and go on to where it was going."""
    visit = Visit(request, deps)
    secret = following = ""
    try:
        form = await read_form(request)
        secret, following = form.get("step", ""), form.get("next", "")
        if not is_ours(following):
            raise ChatError(Code.BAD_REQUEST)
        visit.check(form, "second-step", secret, following)
        before = await visit.who()
        taken = await deps.oauth.sign_ins.by_code(secret, form.get("code", ""), visit.visitor)
    except ChatError as error:
        try:
            if error.code in (Code.BAD_SECOND_FACTOR, Code.RATE_LIMITED):
                return visit.later(await code_page(visit, deps, secret, following, error), error)
        except ChatError as late:
            error = late
        if error.code is Code.SESSION_ENDED:
            return await visit.sign_in_page(following, client=None, error=visit.words["too_late"], status=400)
        return visit.failed(error)
    return await lead_on(visit, deps, taken, following, before)


async def code_page(
    visit: Visit, deps: Deps, secret: str, following: str, error: ChatError | None = None
) -> Response[str]:
    """Return the page that asks for the second step.  Raises ChatError(SESSION_ENDED) when it is too late for it."""
    words = visit.words
    asked = await of_address(following, deps)
    account = await deps.oauth.sign_ins.pending(secret)
    have = await deps.oauth.factors.of(account.id)
    key = ""
    if have.passkeys:
        challenge = await deps.oauth.passkeys.ask(account)
        hidden = visit.hidden("passkey", secret, following) + _carried(secret, following)
        key = f"<h2>{words['passkey']}</h2>" + passkey_form(
            visit, "get", challenge, PASSKEY, hidden, words["passkey_use"]
        )
    body = (
        f"<h1>{words['second_step']}</h1>"
        + warning(visit.sentence(error) if error else "")
        + f"<p>{words['second_step_lead' if have.totp else 'second_step_key']}</p>"
        + key
        + (f"<h2>{words['code']}</h2>" if key else "")
        + f'<form method="post" action="{_HERE}" accept-charset="utf-8">'
        + visit.hidden("second-step", secret, following)
        + _carried(secret, following)
        + field("code", words["code"], "text", "one-time-code", hint=words["second_step_hint"])
        + f'<button type="submit">{words["sign_in"]}</button></form>'
    )
    return visit.page(
        words["second_step"],
        body,
        TABLE[error.code].http if error else 200,
        leads_to=form_action(asked.redirect_uri) if asked else "",
        script=SCRIPT if key else "",
    )


def _carried(secret: str, following: str) -> str:
    return (
        f'<input type="hidden" name="step" value="{escaped(secret)}">'
        f'<input type="hidden" name="next" value="{escaped(following)}">'
    )


HANDLERS = [sign_in_by_code]
