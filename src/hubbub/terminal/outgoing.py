"""What is on its way: commands without an answer, shown as what they will be.

A message stands at the end of its conversation until its entry comes, which takes its place; an edit, a reaction, a
recall or a pin is folded into the message it is about.  What was refused stays, with why, until its person takes it
back.  Nothing is sent from here, and nothing waits here that is not in the client's outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import msgspec
from msgspec.structs import replace

from hubbub.base.clock import Clock
from hubbub.client import Entry, HubbubError, Message, Pending
from hubbub.client.models import Action, Body, Edit, Forwarded, Pin, Post, Reaction, Recall


class Waiting(msgspec.Struct):
    """A message of one's own that is not in the log yet."""

    conversation_id: str
    client_id: str
    post: Post
    made_ms: int
    refused: str = ""
    """Why it never will be."""


class Outgoing:
    """Everything of one person that has no answer."""

    def __init__(
        self, me: str, clock: Clock, *, changed: Callable[[], None], refused: Callable[[HubbubError], None]
    ) -> None:
        """`refused`: called with why a change of something said earlier will not happen."""
        self._me = me
        self._clock = clock
        self._changed = changed
        self._refused = refused
        self._waiting: dict[str, Waiting] = {}
        self._changes: dict[str, Pending] = {}

    def follow(self, pending: Pending, *, passed_on: Message | None = None) -> None:
        """Show a command until its outcome is known; `passed_on`: what a message says that says it once more."""
        action: Action = pending.command.action
        if isinstance(action, Post):
            if passed_on is not None:
                first = passed_on.post.forwarded or Forwarded(sender_id=passed_on.sender_id)
                action = replace(action, body=passed_on.post.body, forwarded=first)
            self._waiting[pending.client_id] = Waiting(
                pending.conversation_id, pending.client_id, action, self._clock.now_ms()
            )
        elif isinstance(action, Edit | Recall | Reaction | Pin):
            self._changes[pending.client_id] = pending
        pending.future.add_done_callback(lambda _: self._settled(pending))
        self._changed()

    def discard(self, client_id: str) -> str:
        """Forget a message that was refused; return its text."""
        one = self._waiting.pop(client_id, None)
        self._changed()
        return one.post.body.text if one is not None else ""

    def came(self, entry: Entry) -> None:
        """The entry of a command came: it is shown from now on."""
        self._waiting.pop(entry.client_id, None)
        self._changes.pop(entry.client_id, None)

    def messages(self, conversation_id: str, thread: int, stored: Collection[str]) -> list[Waiting]:
        """Return what will stand at the end of a conversation or a thread, but for client_ids that stand there."""
        return [
            one
            for one in self._waiting.values()
            if one.conversation_id == conversation_id
            and one.client_id not in stored
            and (one.post.thread == thread if thread else not one.post.thread or one.post.also_in_conversation)
        ]

    def changes(self, conversation_id: str) -> Iterator[Entry]:
        """Yield edits, reactions and so on that wait, as the entries they will be."""
        for pending in self._changes.values():
            if pending.conversation_id == conversation_id:
                action = pending.command.action
                yield Entry(conversation_id, 2**62, self._clock.now_ms(), self._me, pending.client_id, action)

    def _settled(self, pending: Pending) -> None:
        error = None if pending.future.cancelled() else pending.future.exception()
        if isinstance(error, HubbubError) and error.code != "closed":
            self._changes.pop(pending.client_id, None)
            if (one := self._waiting.get(pending.client_id)) is not None:
                one.refused = str(error)
            else:
                self._refused(error)
        # What was stored stays until its entry comes, which takes its place.
        self._changed()


def says_nothing_yet(post: Post) -> bool:
    """Whether a message passes on another whose words are not known here: an earlier run put it into the outbox."""
    return post.forwarded is not None and post.body == Body()
