"""The picture somebody shows of themselves: a file of theirs that is for everybody."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import put
from litestar.params import JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import DepsDep, IdentityDep
from hubbub.rest.inputs import an_id
from hubbub.rest.models import Me
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]


class Avatar(msgspec.Struct, kw_only=True):
    file_id: Annotated[str, msgspec.Meta(max_length=64)]
    """A picture the caller has uploaded (`POST /files`); empty: none."""


@put(
    "/me/avatar",
    summary="Show a picture of oneself",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        Code.USER_NOT_FOUND,
        Code.FILE_NOT_FOUND,
        Code.FILES_OFF,
        scope=scopes.ACCOUNT,
        example={"file_id": "0190b2f8c1f07a3e8f0d2a4b6c8e0f12"},
    ),
)
async def set_avatar(data: JSONBody[Avatar], identity: IdentityDep, deps: DepsDep) -> Me:
    """Let an uploaded picture show the caller; everybody may have the file, and its small picture, from then on.

    The one before is for nobody any more, and deleted after a while.
    """
    files = deps.files
    if files is None:
        raise ChatError(Code.FILES_OFF)
    file_id = an_id(data.file_id, Code.FILE_NOT_FOUND) if data.file_id else ""
    if file_id:
        # Kept before it is named, and the one before let go after: whatever dies in between, no name leads nowhere.
        await files.portray(identity.user_id, file_id)
    account = await deps.accounts.set_avatar(identity.user_id, file_id)
    await files.unportray(identity.user_id, but=file_id)
    return Me.of_account(account)


GUARDED = [set_avatar]
