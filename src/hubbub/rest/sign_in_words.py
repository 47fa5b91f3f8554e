"""What the pages of the authorization server say, in both languages."""

from __future__ import annotations

from hubbub.rest.language import Language

__all__ = ["WORDS"]

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "sign_in": "Sign in",
        "sign_in_for": "To go on to {client}, sign in at {place}.",
        "sign_in_here": "Sign in at {place}.",
        "username": "Username",
        "password": "Password",
        "allow_title": "Allow {client}?",
        "allow_lead": "{client} asks to be allowed, as {person}, to:",
        "allow_all": "Do everything you can do: it is one of this server's own programs.",
        "goes_to": "You will be sent back to {where}.",
        "take_back": "You can take this back at any time.",
        "allow": "Allow",
        "deny": "Do not allow",
        "not_you": "Sign in as somebody else",
        "wrong": "That did not work",
        "stale": "This page is too old, or was not made for this browser. Go back and try again.",
        "device": "Let a device in",
        "device_lead": "Type in the code that the device shows.",
        "code": "Code",
        "code_hint": "Eight letters, such as BCDF-GHJK.",
        "code_unknown": "No device waits under that code.",
        "device_warning": "Go on only if the device is before you and shows the code {code}. Whoever sent you a code or"
        " a link wants to come in as you.",
        "device_done": "The device is let in",
        "device_done_lead": "It goes on by itself. You can close this page.",
        "device_denied": "The device was not let in",
        "next": "Next",
        "log_out": "Log out?",
        "log_out_lead": "You are signed in as {person}.",
        "log_out_do": "Log out",
        "logged_out": "You are logged out",
    },
    "zh": {
        "sign_in": "登录",
        "sign_in_for": "请登录 {place} 以继续使用 {client}。",
        "sign_in_here": "请登录 {place}。",
        "username": "用户名",
        "password": "密码",
        "allow_title": "允许 {client}？",
        "allow_lead": "{client} 请求以 {person} 的身份：",
        "allow_all": "执行您能执行的一切操作：这是本服务器自己的程序。",
        "goes_to": "您将被带回 {where}。",
        "take_back": "您可以随时撤销此授权。",
        "allow": "允许",
        "deny": "不允许",
        "not_you": "以其他身份登录",
        "wrong": "操作未成功",
        "stale": "此页面已失效，或不是为此浏览器生成的。请返回重试。",
        "device": "允许设备登录",
        "device_lead": "请输入设备上显示的代码。",
        "code": "代码",
        "code_hint": "八个字母，例如 BCDF-GHJK。",
        "code_unknown": "没有设备在等待此代码。",
        "device_warning": "仅当设备就在您面前并显示代码 {code} 时才继续。"
        "若有人发给您代码或链接，那是想冒用您的身份登录。",
        "device_done": "设备已登录",
        "device_done_lead": "设备将自动继续。您可以关闭此页面。",
        "device_denied": "已拒绝该设备",
        "next": "下一步",
        "log_out": "退出登录？",
        "log_out_lead": "您当前以 {person} 的身份登录。",
        "log_out_do": "退出登录",
        "logged_out": "您已退出登录",
    },
}
