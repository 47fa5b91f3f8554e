"""What somebody may do on this server as a whole: named permissions, and the roles that are made of them.

A permission is one thing an operator gives or keeps, in words they decide by; every operation and frame that is not for
everybody names one, and `docs/permissions.md` is written from that.  What somebody may do inside a conversation is
decided by its members' roles, in the transaction that writes, and is no matter of this page but for
`channels.manage`.
"""

from __future__ import annotations

from enum import Enum

__all__ = [
    "ADMIN",
    "BUILT_IN",
    "EVERYDAY",
    "GUEST",
    "MEMBER",
    "MODERATOR",
    "NONE",
    "OWNER",
    "SENTENCES",
    "Permission",
    "effective",
]


class Permission(Enum):
    """Something that is given by name."""

    PLACE_OWN = "place.own"
    ROLES_MANAGE = "roles.manage"
    PEOPLE_ADD = "people.add"
    PEOPLE_MANAGE = "people.manage"
    PEOPLE_BAN = "people.ban"
    PEOPLE_MUTE = "people.mute"
    REPORTS_HANDLE = "reports.handle"
    FILTERS_CHANGE = "filters.change"
    EMOJI_MANAGE = "emoji.manage"
    CHANNELS_MANAGE = "channels.manage"
    ANNOUNCE = "announce"
    CLIENTS_MANAGE = "clients.manage"
    SETTINGS_CHANGE = "settings.change"
    NODES_MANAGE = "nodes.manage"
    METRICS_READ = "metrics.read"
    AUDIT_READ = "audit.read"
    RETENTION_CHANGE = "retention.change"
    HOLDS_MANAGE = "holds.manage"
    HOLDS_EXPORT = "holds.export"
    CONVERSATIONS_CREATE = "conversations.create"
    CHANNELS_JOIN = "channels.join"
    PEOPLE_FIND = "people.find"
    FILES_SEND = "files.send"


SENTENCES: dict[Permission, str] = {
    Permission.PLACE_OWN: "Make and unmake owners",
    Permission.ROLES_MANAGE: "Make roles and give them to people, within one's own permissions",
    Permission.PEOPLE_ADD: "Make accounts where registration is closed, invite people and let those in who wait",
    Permission.PEOPLE_MANAGE: (
        "See all accounts and where they are logged in, help who is locked out, end sessions, change and delete"
        " accounts, but of nobody who may do more than oneself"
    ),
    Permission.PEOPLE_BAN: "Ban people from the server and admit them again, but nobody who may do more than oneself",
    Permission.PEOPLE_MUTE: "Keep people from saying anything on the server, but nobody who may do more than oneself",
    Permission.REPORTS_HANDLE: "See reports and messages that are held for review, and decide about them",
    Permission.FILTERS_CHANGE: "Change the word filters",
    Permission.EMOJI_MANAGE: "Add emoji of the place's own and take them away",
    Permission.CHANNELS_MANAGE: "Have the rights of an owner in every public channel",
    Permission.ANNOUNCE: "Send announcements to everybody",
    Permission.CLIENTS_MANAGE: "Register programs that get tokens here, and remove them",
    Permission.SETTINGS_CHANGE: "See and change live settings",
    Permission.NODES_MANAGE: "See nodes, drain them, raise the cluster's level",
    Permission.METRICS_READ: "Read metrics from another machine",
    Permission.AUDIT_READ: "Read the audit log",
    Permission.RETENTION_CHANGE: "Say for how long a conversation keeps its messages, and see which say something else",
    Permission.HOLDS_MANAGE: "Open and close legal holds, over anybody and any conversation, and see them",
    Permission.HOLDS_EXPORT: (
        "Read everything a legal hold holds: other people's private chats, also what they took back"
    ),
    Permission.CONVERSATIONS_CREATE: "Make groups and channels",
    Permission.CHANNELS_JOIN: "Find and join public channels",
    Permission.PEOPLE_FIND: "Find people and begin private chats",
    Permission.FILES_SEND: "Send files",
}
"""Every permission, in the order the page lists them."""

NONE: frozenset[str] = frozenset()

_EVERYDAY = (
    Permission.CONVERSATIONS_CREATE,
    Permission.CHANNELS_JOIN,
    Permission.PEOPLE_FIND,
    Permission.FILES_SEND,
)
_MODERATING = (
    Permission.PEOPLE_BAN,
    Permission.PEOPLE_MUTE,
    Permission.REPORTS_HANDLE,
    Permission.FILTERS_CHANGE,
    Permission.EMOJI_MANAGE,
    Permission.CHANNELS_MANAGE,
)


_OWNERS = (Permission.PLACE_OWN, Permission.HOLDS_MANAGE, Permission.HOLDS_EXPORT)
"""What administrators have only if an owner gives it to them by a role: the last two lead to what people wrote."""


def _names(*permissions: Permission) -> frozenset[str]:
    return frozenset(one.value for one in permissions)


EVERYDAY = _names(*_EVERYDAY)
"""What needs no administrator, so that a registered client's token needs no scope of that name for it."""

OWNER, ADMIN, MODERATOR, MEMBER, GUEST = "owner", "admin", "moderator", "member", "guest"

BUILT_IN: dict[str, frozenset[str]] = {
    OWNER: _names(*Permission),
    ADMIN: _names(*(one for one in Permission if one not in _OWNERS)),
    MODERATOR: _names(*_EVERYDAY, *_MODERATING),
    MEMBER: EVERYDAY,
    GUEST: NONE,
}
"""The roles there always are.

Whoever has no role is a member; a guest talks where others let them in; any other role adds to either.
"""


def effective(*, is_admin: bool, roles: str, granted: str) -> frozenset[str]:
    """Return what a person may do.

    `is_admin` is the mark of owners; `roles` are the others, in one line; `granted` are the permissions of those of
    them that are not built in.
    """
    if is_admin:
        return BUILT_IN[OWNER]
    if not roles:
        return EVERYDAY
    named = roles.split()
    may = set(BUILT_IN[GUEST if GUEST in named else MEMBER])
    for role in named:
        may |= BUILT_IN.get(role, NONE)
    # What another version of this program knows and this one does not gives nothing here.
    return frozenset(may | (set(granted.split()) & BUILT_IN[OWNER]))
