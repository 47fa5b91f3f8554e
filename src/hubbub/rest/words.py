"""The enumerations of chat as words, as REST writes them."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

__all__ = ["ActionName", "Kind", "NotifyName", "RoleName", "State", "word"]

Kind = Literal["direct", "group", "channel", "system"]
RoleName = Literal["none", "member", "admin", "owner"]
State = Literal["none", "joined", "left", "removed", "banned"]
NotifyName = Literal["default", "all", "mentions", "nothing"]
ActionName = Literal["add", "join", "leave", "remove", "ban", "unban", "role", "transfer", "mute"]


def word(value: Enum) -> Any:
    """Return the word for a value: its name in small letters."""
    return value.name.lower()
