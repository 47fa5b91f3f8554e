"""The commands that change a log, and what becomes of them.

Everything that writes a conversation goes through one queue as one of these, so that a removal and a message of the
removed are decided in one order.  A command is made at the edge, already checked; it carries the digest of what the
client asked for, so that a retry can be told from another request under the same key.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from hubbub.base.errors import ChatError
from hubbub.chat.model import Accepted, Action, Caller, ConversationKind, MemberAction, MemberChange, Submit
from hubbub.chat.words import Verdict

_encode = msgspec.json.Encoder().encode

ROW_BYTES = 160
"""What an entry costs beside its content, roughly; batches are bounded by bytes."""


def digest_of(content: bytes) -> bytes:
    """Return the eight bytes that stand for a command's content."""
    return blake2b(content, digest_size=8).digest()


def digest_of_action(action: Action) -> bytes:
    """Return the digest of a normalised action; what the server fills in later is not part of it."""
    return digest_of(_encode(action))


class Send(msgspec.Struct):
    """A submit: accepted, it becomes exactly one entry."""

    caller: Caller
    submit: Submit
    key: tuple[str, str, str]
    digest: bytes
    size: int
    verdict: Verdict | None = None
    """What the word filters say of it."""

    @staticmethod
    def of(caller: Caller, submit: Submit) -> Send:
        """Make the command for a checked submit."""
        content = _encode(submit.action)
        return Send(
            caller,
            submit,
            (submit.conversation_id, caller.user_id, submit.client_id),
            blake2b(content, digest_size=8).digest(),
            len(content) + ROW_BYTES,
        )


class Create(msgspec.Struct):
    """Make a group or a channel.  `conversation_id` was chosen by the server; a retry answers with the first one's."""

    caller: Caller
    client_id: str
    conversation_id: str
    kind: ConversationKind
    title: str
    topic: str
    user_ids: tuple[str, ...]
    history_for_newcomers: bool
    digest: bytes = b""
    size: int = 0

    def __post_init__(self) -> None:
        content = _encode([self.kind, self.title, self.topic, self.user_ids, self.history_for_newcomers])
        self.digest = digest_of(content)
        self.size = len(content) + ROW_BYTES * (2 + len(self.user_ids))


class OpenDirect(msgspec.Struct):
    """Find or make the private chat of two people."""

    caller: Caller
    user_id: str
    conversation_id: str
    size: int = ROW_BYTES * 4


class Join(msgspec.Struct):
    """Join a channel, or a group one was invited to; joining twice is no error."""

    caller: Caller
    conversation_id: str
    client_id: str = ""
    """With an invite: the key of the entry that says so in a group."""
    size: int = ROW_BYTES


class Leave(msgspec.Struct):
    """Leave: an entry in a group, only a row in a channel."""

    caller: Caller
    conversation_id: str
    client_id: str
    size: int = ROW_BYTES

    def as_send(self) -> Send:
        """Return the submit this is in a group, so that either way of leaving has the same key and digest."""
        return Send.of(self.caller, Submit(self.conversation_id, self.client_id, MemberChange(MemberAction.LEAVE)))


class Establish(msgspec.Struct):
    """Make a conversation that exists from the start, unless it does already."""

    conversation_id: str
    kind: ConversationKind
    title: str
    size: int = ROW_BYTES * 2


class Keep(msgspec.Struct):
    """Keep the messages of a conversation for so many days from now on; whoever runs the place decides it."""

    conversation_id: str
    client_id: str
    keep_days: int
    size: int = ROW_BYTES


class Expire(msgspec.Struct):
    """Let go of what a conversation no longer keeps: everything below a seq."""

    conversation_id: str
    client_id: str
    kept_from: int
    days: int
    """For how many days messages were taken to be kept when that seq was found."""
    place_days: int
    """What the place says of conversations that say nothing of their own."""
    size: int = ROW_BYTES


Command = Send | Create | OpenDirect | Join | Leave | Establish | Keep | Expire


class Settled(msgspec.Struct, frozen=True):
    """A command that concerns a whole conversation was done; it may have been done before."""

    conversation_id: str
    changed: bool


Outcome = Accepted | Settled | ChatError
