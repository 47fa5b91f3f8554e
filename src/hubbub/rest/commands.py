"""Commands inside a conversation, from a request to the entry they became."""

from __future__ import annotations

import asyncio

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import Action, Caller, Submit
from hubbub.rest.deps import Deps
from hubbub.rest.inputs import an_id, conversation_of
from hubbub.rest.log_models import Stored

__all__ = ["store"]


async def store(
    deps: Deps, caller: Caller, conversation_id: str, client_id: str, action: Action, *, after: str = ""
) -> Stored:
    """Submit one command and wait until it is durable or refused.

    Raises ChatError(UNKNOWN_OUTCOME) when that takes too long; the same client_id then finds what became of it.
    """
    command = Submit(
        conversation_id=conversation_of(conversation_id),
        client_id=client_id,
        action=action,
        after=an_id(after, Code.BAD_REQUEST, "after is a client_id.") if after else "",
    )
    try:
        async with asyncio.timeout(deps.settings.commit_timeout_s):
            return Stored.of(command, await deps.chat.submit(caller, command))
    except TimeoutError:
        raise _unknown(client_id) from None
    except ChatError as error:
        if error.code is not Code.UNKNOWN_OUTCOME:
            raise
        raise _unknown(client_id) from error


def _unknown(client_id: str) -> ChatError:
    """Name the client_id, which the server may have made.

    Without it a retry could store a second time.
    """
    return ChatError(Code.UNKNOWN_OUTCOME, f"The outcome is not known; try again with client_id {client_id}.")
