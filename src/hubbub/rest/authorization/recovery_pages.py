"""The pages that mailed links lead to, and the one that asks for them: no script, either language.

Following a link by itself changes nothing, because programs that look at mail follow links, too; a form does.
"""

from __future__ import annotations

from html import escape
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromQuery

from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.authorization.frame import field, page, warning
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.guards import address_of
from hubbub.rest.language import Language
from hubbub.rest.problems import headers_of
from hubbub.rest.recovery import language_of, recovery_of

__all__ = ["HANDLERS"]

_FORGOT = "/account/forgot"
_RESET = "/account/reset"
_VERIFY = "/account/verify"

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "forgot": "Forgot your password?",
        "forgot_lead": "Type in the e-mail address you gave here, and we send you a link to choose a new one.",
        "email": "E-mail address",
        "send": "Send the link",
        "sent": "Look into your mail",
        "sent_lead": "If the address is known here, a link is on its way to it. It is good for {minutes} minutes.",
        "reset": "Choose a new password",
        "reset_lead": "Every device of yours is logged out.",
        "password": "New password",
        "password_hint": "At least {chars} characters.",
        "save": "Save",
        "reset_done": "Your password is changed",
        "reset_done_lead": "Log in with it, {person}.",
        "log_in": "Log in",
        "verify": "Confirm your e-mail address",
        "verify_lead": "One click, so that we know the letter was read by you.",
        "confirm": "Confirm",
        "verify_done": "Your address is confirmed",
        "verify_done_lead": "You can close this page.",
        "again": "Ask for another link",
    },
    "zh": {
        "forgot": "忘记密码？",
        "forgot_lead": "请输入您在此处填写过的邮箱，我们会发送一个用于设置新密码的链接。",
        "email": "邮箱",
        "send": "发送链接",
        "sent": "请查收邮件",
        "sent_lead": "如果此邮箱已在此处登记，链接正在发送途中，有效期为 {minutes} 分钟。",
        "reset": "设置新密码",
        "reset_lead": "您的所有设备都将退出登录。",
        "password": "新密码",
        "password_hint": "至少 {chars} 个字符。",
        "save": "保存",
        "reset_done": "密码已更改",
        "reset_done_lead": "{person}，请使用新密码登录。",
        "log_in": "登录",
        "verify": "确认您的邮箱",
        "verify_lead": "请点击确认，表明邮件由您本人阅读。",
        "confirm": "确认",
        "verify_done": "邮箱已确认",
        "verify_done_lead": "您可以关闭此页面。",
        "again": "重新申请链接",
    },
}


def _sentence(error: ChatError, language: Language) -> str:
    """Return what a person reads of an error."""
    row = TABLE[error.code]
    exact = error.message if language == "en" else ""
    return exact or (row.zh if language == "zh" else row.en)


def _page(
    request: Request[Any, Any, Any], title: str, body: str, error: ChatError | None = None, extra: str = ""
) -> Response[str]:
    language = language_of(request)
    words = _WORDS[language]
    said = warning(_sentence(error, language)) if error else ""
    status = TABLE[error.code].http if error else 200
    shown = page(language, words[title], f"<h1>{words[title]}</h1>{said}{body}{extra}", status)
    if error is not None:
        shown.headers.update(headers_of(error))
    return shown


def _hidden(token: str) -> str:
    return f'<input type="hidden" name="token" value="{escape(token[:200], quote=True)}">'


def _form(action: str, fields: str, button: str) -> str:
    return (
        f'<form method="post" action="{action}" accept-charset="utf-8">{fields}<button type="submit">{button}</button>'
        "</form>"
    )


def _again(words: dict[str, str], error: ChatError) -> str:
    return f'<p><a href="{_FORGOT}">{words["again"]}</a></p>' if error.code is Code.BAD_LINK else ""


# ---------------------------------------------------------------- asking


def _forgot(request: Request[Any, Any, Any], error: ChatError | None = None) -> Response[str]:
    words = _WORDS[language_of(request)]
    form = _form(_FORGOT, field("email", words["email"], "email", "email"), words["send"])
    return _page(request, "forgot", f"<p>{words['forgot_lead']}</p>{form}", error)


@get(_FORGOT, include_in_schema=False)
async def forgot_page(request: Request[Any, Any, Any]) -> Response[str]:
    """Ask for the address."""
    return _forgot(request)


@post(_FORGOT, include_in_schema=False, status_code=200)
async def forgot(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Have a link mailed, and say the same whoever asks."""
    language = language_of(request)
    try:
        form = await read_form(request)
        await recovery_of(deps).ask(form.get("email", ""), language=language, address=address_of(request))
    except ChatError as error:
        return _forgot(request, error)
    minutes = deps.auth_settings.reset_link_s // 60
    return _page(request, "sent", f"<p>{_WORDS[language]['sent_lead'].format(minutes=minutes)}</p>")


# ---------------------------------------------------------------- a new password


def _reset(request: Request[Any, Any, Any], deps: Deps, token: str, error: ChatError | None = None) -> Response[str]:
    words = _WORDS[language_of(request)]
    hint = words["password_hint"].format(chars=deps.auth_settings.password_min_chars)
    fields = _hidden(token) + field("password", words["password"], "password", "new-password", hint=hint)
    body = f"<p>{words['reset_lead']}</p>{_form(_RESET, fields, words['save'])}"
    return _page(request, "reset", body, error, _again(words, error) if error else "")


@get(_RESET, include_in_schema=False)
async def reset_page(request: Request[Any, Any, Any], deps: DepsDep, token: FromQuery[str] = "") -> Response[str]:
    """Ask for the new password."""
    return _reset(request, deps, token)


@post(_RESET, include_in_schema=False, status_code=200)
async def reset(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Replace the password."""
    language, token = language_of(request), ""
    try:
        form = await read_form(request)
        token = form.get("token", "")
        account = await recovery_of(deps).reset(
            token, form.get("password", ""), language=language, address=address_of(request)
        )
    except ChatError as error:
        return _reset(request, deps, token, error)
    lead = escape(_WORDS[language]["reset_done_lead"].format(person=account.username))
    link = f'<p><a href="/">{_WORDS[language]["log_in"]}</a></p>' if deps.web_app is not None else ""
    return _page(request, "reset_done", f"<p>{lead}</p>{link}")


# ---------------------------------------------------------------- an address


def _verify(request: Request[Any, Any, Any], token: str, error: ChatError | None = None) -> Response[str]:
    words = _WORDS[language_of(request)]
    return _page(
        request, "verify", f"<p>{words['verify_lead']}</p>{_form(_VERIFY, _hidden(token), words['confirm'])}", error
    )


@get(_VERIFY, include_in_schema=False)
async def verify_page(request: Request[Any, Any, Any], token: FromQuery[str] = "") -> Response[str]:
    """Ask for the click."""
    return _verify(request, token)


@post(_VERIFY, include_in_schema=False, status_code=200)
async def verify(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Note that the address is theirs."""
    language, token = language_of(request), ""
    try:
        token = (await read_form(request)).get("token", "")
        await recovery_of(deps).prove(token, language=language, address=address_of(request))
    except ChatError as error:
        return _verify(request, token, error)
    return _page(request, "verify_done", f"<p>{_WORDS[language]['verify_done_lead']}</p>")


HANDLERS = [forgot_page, forgot, reset_page, reset, verify_page, verify]
