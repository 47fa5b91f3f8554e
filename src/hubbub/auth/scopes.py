"""What a token may be used for, in words a person decides by.

A scope is shown on the consent page as its sentence, so there are few, and each is one thing somebody understands.
This server's own clients need none: whoever types the password into them has said enough.  What no scope names (the
password, other clients) is theirs alone.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ACCOUNT", "ADMIN", "ANY", "FIRST_PARTY", "OFFLINE", "OPENID", "OWN", "PROFILE", "READ", "SCOPES", "WRITE"]

FIRST_PARTY = "hubbub"
"""`client_id` of this server's own clients, which may do whatever the person may."""

OPENID = "openid"
PROFILE = "profile"
OFFLINE = "offline_access"
READ = "read"
WRITE = "write"
ACCOUNT = "account"
ADMIN = "admin"

OWN = "(own clients)"
"""What an operation needs that says nothing: no scope is called so, and only this server's own clients pass."""

ANY = ""
"""What an operation needs that any good token is enough for."""


class Sentence(NamedTuple):
    """What a scope allows, as the consent page says it."""

    en: str
    zh: str


SCOPES: dict[str, Sentence] = {
    OPENID: Sentence("Know that it is you", "确认您的身份"),
    PROFILE: Sentence("See your username and your profile", "查看您的用户名和个人资料"),
    READ: Sentence("Read your conversations and find people", "读取您的会话并查找用户"),
    WRITE: Sentence("Send, change and organise in your name", "以您的名义发送、修改和管理消息与会话"),
    ACCOUNT: Sentence("Change your profile and see your devices", "修改您的个人资料并查看您的设备"),
    ADMIN: Sentence("Administer this server, where you may", "在您的权限内管理此服务器"),
    OFFLINE: Sentence("Stay connected while you are away", "在您离开时保持连接"),
}
"""Every scope there is, in the order a person reads them."""


def known(scope: str) -> str | None:
    """Return a list of scopes in its one order and without repetitions; None when one of them is not known."""
    asked = set(scope.split())
    return None if asked - SCOPES.keys() else " ".join(name for name in SCOPES if name in asked)


def within(scope: str, allowed: str) -> bool:
    """Whether all of `scope` is in `allowed`."""
    return set(scope.split()) <= set(allowed.split())
