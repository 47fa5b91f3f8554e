"""What a member may do in a conversation: named rights, and the roles that are made of them.

Owner, admin and member are always there.  A conversation's owner makes further roles of the same rights and gives them
to members in place of `member`; such a role is a row of the conversation, so that a change of it holds for everybody
who has it with the next command, and one that was taken away leaves members behind.  Power flows downwards only: who
manages members by such a role does so to those who may do less than they, and never to admins.  What somebody may do on
the server as a whole is another matter (`auth.permissions`).
"""

from __future__ import annotations

from enum import Enum

import msgspec

__all__ = ["ALL", "NONE", "SENTENCES", "SPEAKING", "OwnRole", "Right"]

OWN_ROLES = 20
"""So many roles of its own a conversation has at most."""


class Right(Enum):
    """Something that is given by name inside a conversation."""

    SEND = "send"
    SPEAK_ALWAYS = "speak_always"
    RECALL = "recall"
    PIN = "pin"
    SETTINGS = "settings"
    INVITE = "invite"
    REMOVE = "remove"
    MUTE = "mute"


SENTENCES: dict[Right, str] = {
    Right.SEND: "Send, edit and react",
    Right.SPEAK_ALWAYS: "Speak while everybody is muted, and without waiting in slow mode",
    Right.RECALL: "Recall what others said",
    Right.PIN: "Pin and unpin",
    Right.SETTINGS: "Change title, topic, announcement and settings",
    Right.INVITE: "Add members, make links into it, answer who asks to come",
    Right.REMOVE: "Remove, ban and unban those who may do less",
    Right.MUTE: "Mute those who may do less",
}
"""Every right, in the order they are listed."""

NONE: frozenset[Right] = frozenset()
SPEAKING: frozenset[Right] = frozenset({Right.SEND})
"""A plain member's."""
ALL: frozenset[Right] = frozenset(Right)
"""An admin's and an owner's; only the owner gives roles, hands over and dissolves."""


class OwnRole(msgspec.Struct, frozen=True):
    """A role somebody made for one conversation."""

    id: str
    name: str
    rights: tuple[str, ...]
    """Names of rights; what this program does not know gives nothing."""

    @property
    def gives(self) -> frozenset[Right]:
        return frozenset([right for right in Right if right.value in self.rights])
