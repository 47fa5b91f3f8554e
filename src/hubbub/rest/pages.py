"""The pages a browser finds where there is no web app, or no script: the set-up form, and a sign of life.

They are whole in themselves: no script, no image, no font, one style sheet allowed by its hash.  The form is an
ordinary form post, and works in any browser and with any screen reader.
"""

from __future__ import annotations

from html import escape
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromQuery

from hubbub.base.errors import TABLE, ChatError
from hubbub.rest.authorization.frame import page
from hubbub.rest.authorization.oauth import read_form
from hubbub.rest.deps import DepsDep
from hubbub.rest.guards import address_of
from hubbub.rest.language import Language, preferred
from hubbub.rest.place import place_name

__all__ = ["HANDLERS"]

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Set up this server",
        "lead": "You are its first administrator. This link works once.",
        "name": "Name of this place",
        "name_hint": "What people see, for example your team's name.",
        "username": "Your username",
        "username_hint": "2 to 32 letters, digits, dots, dashes or underscores.",
        "password": "Password",
        "password_hint": "At least 8 characters.",
        "submit": "Set up",
        "done": "The server is set up",
        "done_lead": "is ready. Log in with the name",
        "over": "This server is already set up.",
        "invalid": "The set-up link is not valid. The newest one is in the file setup-link in the data folder.",
        "token": "Set-up token",
        "token_hint": "What follows token= in the set-up link.",
        "runs": "The server runs. Connect from a terminal:",
        "no_app": "The web app was not built. Install Node.js 22.12 or newer, run this where the server came from, and"
        " start the server again:",
        "api": "Description of the HTTP interface",
    },
    "zh": {
        "title": "初始化服务器",
        "lead": "您将成为首位管理员。此链接只能使用一次。",
        "name": "服务器名称",
        "name_hint": "所有人可见，例如团队名称。",
        "username": "您的用户名",
        "username_hint": "2 到 32 个字母、汉字、数字、点、短横线或下划线。",
        "password": "密码",
        "password_hint": "至少 8 个字符。",
        "submit": "完成设置",
        "done": "服务器已就绪",
        "done_lead": "已可使用。请用此用户名登录：",
        "over": "服务器已完成初始化。",
        "invalid": "初始化链接无效。最新链接在数据目录的 setup-link 文件中。",
        "token": "初始化令牌",
        "token_hint": "初始化链接中 token= 之后的内容。",
        "runs": "服务器正在运行。请在终端中连接：",
        "no_app": "网页应用尚未构建。请安装 Node.js 22.12 或更高版本，在源码目录中运行以下命令，然后重新启动服务器：",
        "api": "HTTP 接口说明",
    },
}


def _language(request: Request[Any, Any, Any]) -> Language:
    return preferred(request.headers.get("accept-language", ""))


def _form(language: Language, given: dict[str, str], error: str = "") -> str:
    words = _WORDS[language]

    def field(key: str, kind: str, complete: str, required: str = " required") -> str:
        shown = "" if kind == "password" else escape(given.get(key, ""), quote=True)
        return (
            f'<label for="{key}">{words[key]}</label>'
            f'<input id="{key}" name="{key}" type="{kind}" value="{shown}" autocomplete="{complete}"'
            f' aria-describedby="{key}-hint"{required}><small id="{key}-hint">{words[key + "_hint"]}</small>'
        )

    warning = f'<p class="bad" role="alert">{escape(error)}</p>' if error else ""
    token = field("token", "text", "off")
    if given.get("token"):
        token = f'<input type="hidden" name="token" value="{escape(given["token"], quote=True)}">'
    return (
        f"<h1>{words['title']}</h1><p>{words['lead']}</p>{warning}"
        '<form method="post" action="/setup" accept-charset="utf-8">'
        + token
        + field("name", "text", "organization", "")
        + field("username", "text", "username")
        + field("password", "password", "new-password")
        + f'<button type="submit">{words["submit"]}</button></form>'
    )


@get(["/setup", "/setup/form"], include_in_schema=False)
async def setup_form(request: Request[Any, Any, Any], deps: DepsDep, token: FromQuery[str] = "") -> Response[str]:
    """Show the form, or why there is none.

    Where there is a web app, `/setup` is its page, and the form is what it offers those without script.
    """
    language = _language(request)
    words = _WORDS[language]
    if (await deps.accounts.place()).set_up_ms:
        return page(language, words["over"], f"<h1>{words['over']}</h1>", 409)
    if not token and request.scope["path"] == "/setup":
        return page(language, words["title"], f"<h1>{words['title']}</h1><p>{words['invalid']}</p>", 403)
    return page(language, words["title"], _form(language, {"token": token}))


@post("/setup", include_in_schema=False)
async def setup_submit(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Set the place up from the form; what is wrong is said above it."""
    language = _language(request)
    words = _WORDS[language]
    given: dict[str, str] = {}
    try:
        given = await read_form(request)
        account = await deps.accounts.set_up(
            given.get("token", ""),
            given.get("username", ""),
            given.get("password", ""),
            given.get("name", ""),
            address=address_of(request),
        )
    except ChatError as error:
        row = TABLE[error.code]
        sentence = row.zh if language == "zh" else str(error)
        return page(language, words["title"], _form(language, given, sentence), row.http)
    deps.on_set_up()
    name = escape(await place_name(deps))
    lead = f"<p>{name} {words['done_lead']} <strong>{escape(account.username)}</strong></p>"
    commands = f"<pre>hubbub login {escape(account.username)}\nhubbub chat</pre>"
    return page(language, words["done"], f"<h1>{words['done']}</h1>{lead}{commands}")


@get("/", include_in_schema=False)
async def front(request: Request[Any, Any, Any], deps: DepsDep) -> Response[str]:
    """Say that the server runs and how to reach it."""
    language = _language(request)
    words = _WORDS[language]
    name = escape(await place_name(deps))
    server = escape(str(request.base_url).rstrip("/"))
    body = (
        f"<h1>{name}</h1><p>{words['runs']}</p>"
        f"<pre>hubbub register --server {server} NAME\nhubbub login --server {server} NAME\nhubbub chat</pre>"
        f"<p>{words['no_app']}</p><pre>make web</pre>"
        f'<p><a href="/api/openapi.json">{words["api"]}</a></p>'
    )
    return page(language, name, body)


HANDLERS = [setup_form, setup_submit, front]
