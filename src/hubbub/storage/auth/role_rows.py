"""How a person's roles lie in their account, and who may change them: what both stores of roles decide by.

The names stand between spaces, each with one on either side, so that a name is found as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from hubbub.auth.permissions import ADMIN, BUILT_IN, GUEST, MEMBER, MODERATOR, OWNER, effective
from hubbub.auth.ports import Account
from hubbub.auth.role_ports import ROLES_PER_PERSON, OwnRole
from hubbub.base.errors import ChatError, Code

__all__ = ["can", "changed", "listed", "need_over", "need_within", "of_role", "spaced", "with_role", "without_role"]

_GIVEN = (OWNER, ADMIN, MODERATOR, GUEST)


def spaced(names: Iterable[str]) -> str:
    """Return names as they are kept."""
    joined = " ".join(names)
    return f" {joined} " if joined else ""


def listed(account: Account) -> list[str]:
    """Return a person's roles."""
    roles = [OWNER] if account.is_admin else []
    roles += account.roles.split()
    return roles or [MEMBER]


def can(account: Account) -> frozenset[str]:
    """Return what a person may do."""
    return effective(is_admin=account.is_admin, roles=account.roles, granted=account.granted)


def of_role(role: str, own: Mapping[str, OwnRole]) -> frozenset[str]:
    """Return what a role gives.  Raises ChatError(NOT_FOUND) for one that is not given."""
    if role in _GIVEN:
        return BUILT_IN[role]
    if role in own:
        return frozenset(own[role].permissions)
    raise ChatError(Code.NOT_FOUND, "There is no such role to give.")


def need_within(permissions: frozenset[str], within: frozenset[str]) -> None:
    """Refuse whoever may not do that themselves."""
    if beyond := sorted(permissions - within):
        raise ChatError(Code.FORBIDDEN, f"It needs what you may not do yourself: {', '.join(beyond)}.")


def need_over(account: Account | None, within: frozenset[str] | None) -> None:
    """Refuse whoever may do less than the person they would do something to; None: it is no other person's doing.

    Raises ChatError with FORBIDDEN, or USER_NOT_FOUND for somebody who is not there (any more).
    """
    if within is None:
        return
    if account is None or account.deleted_ms:
        raise ChatError(Code.USER_NOT_FOUND)
    need_within(can(account), within)


def with_role(account: Account, role: str, own: Mapping[str, OwnRole]) -> Account:
    """Return the person with one role more."""
    if role == OWNER:
        return msgspec.structs.replace(account, is_admin=True)
    roles = account.roles.split()
    if role in roles:
        return account
    if len(roles) >= ROLES_PER_PERSON:
        raise ChatError(Code.CONFLICT, f"A person has at most {ROLES_PER_PERSON} roles.")
    return _with(account, [*roles, role], own)


def without_role(account: Account, role: str, own: Mapping[str, OwnRole]) -> Account:
    """Return the person with one role less."""
    if role == OWNER:
        return msgspec.structs.replace(account, is_admin=False)
    return _with(account, [one for one in account.roles.split() if one != role], own)


def changed(account: Account, own: Mapping[str, OwnRole]) -> Account:
    """Return the person with what their roles give now; roles there are no more are gone."""
    return _with(account, [one for one in account.roles.split() if one in BUILT_IN or one in own], own)


def _with(account: Account, roles: list[str], own: Mapping[str, OwnRole]) -> Account:
    granted = {one for role in roles if role in own for one in own[role].permissions}
    return msgspec.structs.replace(account, roles=spaced(roles), granted=" ".join(sorted(granted)))
