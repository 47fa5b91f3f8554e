"""The page on which a person sees to how they sign in, without script: an app, recovery codes, new devices."""

from __future__ import annotations

import time
from typing import Any

from litestar import Request, Response, get, post

from hubbub.auth.browsers import SignedIn
from hubbub.auth.factor_ports import Arrival, Passkey
from hubbub.auth.second_factor import Factors
from hubbub.auth.sign_ins import NO_PASSWORD
from hubbub.auth.totp import otpauth_uri, shown_secret
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.authorization.asking import SECURITY
from hubbub.rest.authorization.frame import field, warning
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.authorization.passkey_forms import SCRIPT, passkey_form
from hubbub.rest.authorization.qr import qr_svg
from hubbub.rest.authorization.visits import Visit, escaped
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.inputs import an_id
from hubbub.rest.place import place_name

__all__ = ["HANDLERS"]

_NAME_MAX = 100


@get(SECURITY, include_in_schema=False)
async def security_page(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Show how one signs in, to whoever has signed in."""
    visit = Visit(request, deps)
    try:
        signed_in = await visit.who()
        if signed_in is None:
            return await visit.sign_in_page(SECURITY, client=None)
        return await _overview(visit, deps, signed_in)
    except ChatError as error:
        return visit.failed(error)


@post(SECURITY, include_in_schema=False)
async def security_change(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Do what one of the page's forms asks."""
    visit = Visit(request, deps)
    try:
        form = await read_form(request)
        what = form.get("what", "")
        signed_in = await visit.who()
        visit.check(form, "security", what, form.get("about", ""), signed_in.login.id if signed_in else "")
        if signed_in is None:
            raise ChatError(Code.FORBIDDEN, visit.words["stale"])
    except ChatError as error:
        return visit.failed(error)
    try:
        does = _DOES.get(what)
        if does is None:
            raise ChatError(Code.BAD_REQUEST)
        return await does(visit, deps, signed_in, form)
    except ChatError as error:
        return visit.later(await _overview(visit, deps, signed_in, error=error), error)


# ---------------------------------------------------------------- what the forms do


async def _begin_app(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await _prove(visit, deps, signed_in, form)
    await deps.oauth.factors.begin_totp(signed_in.account)
    return await _app_page(visit, deps, signed_in)


async def _confirm_app(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    try:
        codes = await deps.oauth.factors.confirm_totp(
            signed_in.account, form.get("code", ""), address=visit.visitor.address
        )
    except ChatError as error:
        if error.code is Code.CONFLICT:
            raise
        return visit.later(await _app_page(visit, deps, signed_in, error), error)
    if codes:
        return _codes_page(visit, codes)
    return await _overview(visit, deps, signed_in, said=visit.words["app_done"])


async def _drop_app(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await _prove(visit, deps, signed_in, form)
    await deps.oauth.factors.drop_totp(
        signed_in.account, form.get("code", ""), device_id=visit.visitor.device_id, address=visit.visitor.address
    )
    return await _overview(visit, deps, signed_in, said=visit.words["app_gone"])


async def _renew_codes(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await _prove(visit, deps, signed_in, form)
    codes = await deps.oauth.factors.renew_recovery_codes(
        signed_in.account, form.get("code", ""), device_id=visit.visitor.device_id, address=visit.visitor.address
    )
    return _codes_page(visit, codes)


async def _begin_passkey(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await _prove(visit, deps, signed_in, form)
    challenge = await deps.oauth.passkeys.offer(signed_in.account, place=await place_name(deps))
    words, name = visit.words, form.get("name", "")[:_NAME_MAX]
    hidden = (
        visit.hidden("security", "add-passkey", "", signed_in.login.id)
        + '<input type="hidden" name="what" value="add-passkey"><input type="hidden" name="about" value="">'
        + f'<input type="hidden" name="name" value="{escaped(name)}">'
    )
    body = (
        f"<h1>{words['passkey_add']}</h1><p>{words['passkey_make_lead']}</p>"
        + passkey_form(visit, "create", challenge, SECURITY, hidden, words["passkey_make"])
        + f'<p><a href="{SECURITY}">{words["back"]}</a></p>'
    )
    return visit.page(words["passkey_add"], body, script=SCRIPT)


async def _add_passkey(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    passkey, codes = await deps.oauth.passkeys.register(
        signed_in.account, form.get("challenge", ""), form.get("credential", ""), form.get("name", "")
    )
    if codes:
        return _codes_page(visit, codes)
    said = visit.words["passkey_made"].format(name=passkey.name)
    return await _overview(visit, deps, signed_in, said=said)


async def _rename_passkey(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await deps.oauth.passkeys.rename(signed_in.account.id, _about(form), form.get("name", ""))
    return await _overview(visit, deps, signed_in)


async def _drop_passkey(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await _prove(visit, deps, signed_in, form)
    await deps.oauth.passkeys.remove(
        signed_in.account,
        _about(form),
        form.get("code", ""),
        device_id=visit.visitor.device_id,
        address=visit.visitor.address,
    )
    return await _overview(visit, deps, signed_in, said=visit.words["passkey_removed"])


async def _drop_foreign(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await _prove(visit, deps, signed_in, form)
    if deps.oauth.foreign is None or signed_in.account.password_hash == NO_PASSWORD:
        raise ChatError(Code.CONFLICT, visit.words["foreign_only"])
    await deps.oauth.foreign.unlink(signed_in.account.id)
    return await _overview(visit, deps, signed_in)


async def _was_me(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    if deps.accounts.arrivals is not None:
        await deps.accounts.arrivals.dismiss(signed_in.account.id, _about(form))
    return await _overview(visit, deps, signed_in)


async def _end_it(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> Response[str]:
    await deps.accounts.end_if_of(signed_in.account.id, _about(form))
    if _about(form) == signed_in.login.id:
        return visit.go(SECURITY)
    await _was_me(visit, deps, signed_in, form)
    return await _overview(visit, deps, signed_in, said=visit.words["arrival_ended"])


_DOES = {
    "begin-app": _begin_app,
    "confirm-app": _confirm_app,
    "drop-app": _drop_app,
    "renew-codes": _renew_codes,
    "begin-passkey": _begin_passkey,
    "add-passkey": _add_passkey,
    "rename-passkey": _rename_passkey,
    "drop-passkey": _drop_passkey,
    "drop-foreign": _drop_foreign,
    "was-me": _was_me,
    "end-it": _end_it,
}


def _about(form: dict[str, str]) -> str:
    return an_id(form.get("about", ""), Code.NOT_FOUND)


async def _prove(visit: Visit, deps: Deps, signed_in: SignedIn, form: dict[str, str]) -> None:
    await deps.oauth.sign_ins.prove_self(signed_in.login, form.get("password", ""), address=visit.visitor.address)


# ---------------------------------------------------------------- pages


async def _overview(
    visit: Visit, deps: Deps, signed_in: SignedIn, *, said: str = "", error: ChatError | None = None
) -> Response[str]:
    words, account = visit.words, signed_in.account
    have = await deps.oauth.factors.of(account.id)
    must = await deps.oauth.factors.must_enrol(account)
    place = await place_name(deps)
    lead = escaped(words["security_lead"], person=account.username, place=place)
    body = (
        f"<h1>{words['security']}</h1><p>{lead}</p>"
        + warning(visit.sentence(error) if error else "")
        + (f'<p role="status"><strong>{escaped(said)}</strong></p>' if said else "")
        + (warning(words["app_required"]) if must else "")
        + _app_part(visit, signed_in, have)
        + _passkeys_part(visit, signed_in, have)
        + (_codes_part(visit, signed_in, have) if have.any else "")
        + await _foreign_part(visit, deps, signed_in)
        + await _arrivals_part(visit, deps, signed_in)
        # Whoever was sent here before the app lets them in finds the way back once they may go it.
        + ("" if must or deps.web_app is None else f'<p><a href="/">{escaped(words["to_app"], place=place)}</a></p>')
    )
    status = 200 if error is None else 400 if error.code is Code.BAD_CREDENTIALS else TABLE[error.code].http
    return visit.page(words["security"], body, status)


def _app_part(visit: Visit, signed_in: SignedIn, have: Factors) -> str:
    words = visit.words
    if have.totp is None:
        inner = _password(visit, signed_in, "app") + f'<button type="submit">{words["app_set_up"]}</button>'
        return f"<h2>{words['app']}</h2><p>{words['app_off']}</p>" + _form(visit, signed_in, "begin-app", inner)
    told = escaped(words["app_on"], since=_day(have.totp.created_ms))
    inner = (
        _password(visit, signed_in, "off")
        + field("code", words["code"], "text", "one-time-code", hint=words["second_step_hint"], id="off-code")
        + f'<button type="submit" class="quiet">{words["app_turn_off"]}</button>'
    )
    return f"<h2>{words['app']}</h2><p>{told}</p>" + _form(visit, signed_in, "drop-app", inner)


def _passkeys_part(visit: Visit, signed_in: SignedIn, have: Factors) -> str:
    words = visit.words
    rows = "".join(f"<li>{_passkey(visit, signed_in, have, one)}</li>" for one in have.passkeys)
    inner = (
        _password(visit, signed_in, "key")
        + field("name", words["passkey_name"], "text", "off", hint=words["passkey_name_hint"], id="key-name")
        + f'<button type="submit">{words["passkey_add"]}</button>'
    )
    head = f"<h2>{words['passkeys']}</h2><p>{words['passkeys_lead']}</p>" + (f"<ul>{rows}</ul>" if rows else "")
    return head + _form(visit, signed_in, "begin-passkey", inner)


def _passkey(visit: Visit, signed_in: SignedIn, have: Factors, one: Passkey) -> str:
    words = visit.words
    rename = (
        field("name", words["passkey_name"], "text", "off", value=one.name, id=f"name-{one.id}")
        + f'<button type="submit" class="quiet">{words["passkey_rename"]}</button>'
    )
    remove = _password(visit, signed_in, f"drop-{one.id}")
    if have.totp is None and len(have.passkeys) == 1:
        hint = words["second_step_hint"]
        remove += field("code", words["code"], "text", "one-time-code", hint=hint, id=f"code-{one.id}")
    remove += f'<button type="submit" class="quiet">{words["passkey_remove"]}</button>'
    return (
        escaped(words["passkey_line"], name=one.name, since=_day(one.created_ms))
        + _folded(words["passkey_rename"], _form(visit, signed_in, "rename-passkey", rename, about=one.id))
        + _folded(words["passkey_remove"], _form(visit, signed_in, "drop-passkey", remove, about=one.id))
    )


def _folded(title: str, inner: str) -> str:
    return f"<details><summary>{escaped(title)}</summary>{inner}</details>"


def _codes_part(visit: Visit, signed_in: SignedIn, have: Factors) -> str:
    words = visit.words
    inner = (
        _password(visit, signed_in, "codes")
        + field("code", words["code"], "text", "one-time-code", hint=words["second_step_hint"], id="codes-code")
        + f'<button type="submit" class="quiet">{words["recovery_new"]}</button>'
    )
    left = escaped(words["recovery_left"], left=str(have.recovery_codes_left))
    return f"<h2>{words['recovery']}</h2><p>{left}</p>" + _form(visit, signed_in, "renew-codes", inner)


async def _foreign_part(visit: Visit, deps: Deps, signed_in: SignedIn) -> str:
    words, foreign = visit.words, deps.oauth.foreign
    if foreign is None:
        return ""
    rows = []
    for one in await foreign.of(signed_in.account.id):
        told = escaped(words["foreign_connected"], provider=foreign.name, since=_day(one.created_ms))
        drop = _password(visit, signed_in, "foreign") + f'<button class="quiet">{words["foreign_drop"]}</button>'
        rows.append(f"<p>{told}</p>" + _form(visit, signed_in, "drop-foreign", drop))
    if not rows:
        rows.append(visit.provider_button(SECURITY, words["foreign_connect"], connect=True))
    return f"<h2>{words['foreign_title']}</h2>{''.join(rows)}"


async def _arrivals_part(visit: Visit, deps: Deps, signed_in: SignedIn) -> str:
    words = visit.words
    found = await deps.accounts.arrivals.of(signed_in.account.id) if deps.accounts.arrivals else []
    if not found:
        return f"<h2>{words['arrivals']}</h2><p>{words['arrivals_none']}</p>"
    rows = "".join(f"<li>{_arrival(visit, signed_in, one)}</li>" for one in found)
    return f"<h2>{words['arrivals']}</h2><p>{words['arrivals_lead']}</p><ul>{rows}</ul>"


def _arrival(visit: Visit, signed_in: SignedIn, one: Arrival) -> str:
    words = visit.words
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(one.time_ms / 1000))
    told = escaped(words["arrival"], device=one.device_name or "?", address=one.address, time=when)
    mine = f'<button type="submit" class="quiet">{words["arrival_mine"]}</button>'
    end = f'<button type="submit" class="quiet">{words["arrival_end"]}</button>'
    return (
        f'{told}<div class="row">'
        + _form(visit, signed_in, "was-me", mine, about=one.id)
        + _form(visit, signed_in, "end-it", end, about=one.id)
        + "</div>"
    )


async def _app_page(visit: Visit, deps: Deps, signed_in: SignedIn, error: ChatError | None = None) -> Response[str]:
    """Show the secret that waits for its first code."""
    words = visit.words
    totp = await deps.oauth.factors.waiting_totp(signed_in.account.id)
    if totp is None:
        raise ChatError(Code.CONFLICT)
    uri = otpauth_uri(totp.secret, issuer=await place_name(deps), username=signed_in.account.username)
    inner = (
        field("code", words["code"], "text", "one-time-code") + f'<button type="submit">{words["app_confirm"]}</button>'
    )
    body = (
        f"<h1>{words['app_set_up']}</h1><p>{words['app_scan']}</p>"
        + warning(visit.sentence(error) if error else "")
        + f'<div class="qr" role="img" aria-label="{escaped(words["app_qr"])}">{qr_svg(uri)}</div>'
        + f"<p>{words['app_key']}: <code>{shown_secret(totp.secret)}</code></p>"
        + _form(visit, signed_in, "confirm-app", inner)
        + f'<p><a href="{SECURITY}">{words["back"]}</a></p>'
    )
    return visit.page(words["app_set_up"], body, TABLE[error.code].http if error else 200)


def _codes_page(visit: Visit, codes: list[str]) -> Response[str]:
    words = visit.words
    listed = "\n".join(codes)
    body = (
        f"<h1>{words['recovery']}</h1><p>{words['recovery_lead']}</p><pre>{listed}</pre>"
        f'<p><a href="{SECURITY}">{words["back"]}</a></p>'
    )
    return visit.page(words["recovery"], body)


def _form(visit: Visit, signed_in: SignedIn, what: str, inner: str, *, about: str = "") -> str:
    return (
        f'<form method="post" action="{SECURITY}" accept-charset="utf-8">'
        + visit.hidden("security", what, about, signed_in.login.id)
        + f'<input type="hidden" name="what" value="{what}"><input type="hidden" name="about" value="{about}">'
        + f"{inner}</form>"
    )


def _password(visit: Visit, signed_in: SignedIn, where: str) -> str:
    none = signed_in.account.password_hash == NO_PASSWORD
    hint = visit.words["no_password"] if none else ""
    label = visit.words["password_again"]
    return field("password", label, "password", "current-password", hint=hint, id=f"{where}-password", must=not none)


def _day(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at_ms / 1000))


HANDLERS = [security_page, security_change]
