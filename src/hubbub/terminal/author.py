"""What one person says: messages, files, and changes of what was said before.

Everything but a file goes through the client's outbox, so it may be said without a connection and is shown at once.
Messages keep the order in which they were written, also while somebody's name is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hubbub.client import Client, Conversation, HubbubError, Message, State
from hubbub.terminal.carrier import Carrier
from hubbub.terminal.outgoing import Outgoing
from hubbub.terminal.people import People
from hubbub.terminal.whom import EVERYBODY, names_in

ASK_S: Final = 3.0
"""How long a message waits for who is meant by a name in it."""


class Author:
    """Says things in what is open."""

    def __init__(
        self,
        client: Client,
        people: People,
        outgoing: Outgoing,
        carrier: Carrier,
        *,
        me: str,
        where: Callable[[], tuple[str, int]],
    ) -> None:
        """`where`: returns the open conversation, and its open thread or 0."""
        self._client = client
        self._people = people
        self._outgoing = outgoing
        self._carrier = carrier
        self._me = me
        self._where = where
        self._writing = asyncio.Lock()

    # ------------------------------------------------------------ something new

    async def say(self, text: str, *, reply_to: int = 0) -> None:
        """Send a text.  Raises HubbubError."""
        here, thread = self._where()
        async with self._writing:
            mentions, everybody = await self._mentioned(text)
            pending = self._client.send(
                here, text, reply_to=reply_to, thread=thread, mentions=mentions, mention_all=everybody
            )
            self._outgoing.follow(pending)
        self._client.typing(here, False)

    async def say_file(self, path: Path, text: str, *, reply_to: int = 0) -> None:
        """Send a file, with a text or without.  It goes where it was meant to go, whatever is opened meanwhile.

        Raises HubbubError.
        """
        here, thread = self._where()
        file = await self._carrier.upload(path)
        async with self._writing:
            mentions, everybody = await self._mentioned(text)
            pending = self._client.send(
                here,
                text,
                reply_to=reply_to,
                thread=thread,
                mentions=mentions,
                mention_all=everybody,
                files=[file],
            )
            self._outgoing.follow(pending)

    def forward(self, message: Message, to: Conversation) -> None:
        """Pass a message on to another conversation."""
        pending = self._client.forward(to.id, message.conversation_id, message.seq)
        self._outgoing.follow(pending, passed_on=message)

    # ------------------------------------------------------------ about what was said

    async def edit(self, target: Message, text: str) -> None:
        """Replace the text of a message of one's own; its files stay.  Raises HubbubError."""
        async with self._writing:
            mentions, everybody = await self._mentioned(text)
            self._outgoing.follow(
                self._client.edit(
                    target.conversation_id,
                    target.seq,
                    text,
                    mentions=mentions,
                    mention_all=everybody,
                    files=target.post.body.files,
                )
            )

    def recall(self, message: Message) -> None:
        """Take a message back."""
        self._outgoing.follow(self._client.recall(message.conversation_id, message.seq))

    def react(self, message: Message, emoji: str) -> None:
        """Set a reaction, or take one's own back."""
        mine = any(one.emoji == emoji and (one.mine or self._me in one.user_ids) for one in message.reactions)
        self._outgoing.follow(self._client.react(message.conversation_id, message.seq, emoji, set=not mine))

    def pin(self, message: Message) -> None:
        """Pin a message, or unpin it."""
        self._outgoing.follow(self._client.pin(message.conversation_id, message.seq, set=not message.pinned))

    def discard(self, client_id: str) -> str:
        """Forget a message that was refused; return its text."""
        return self._outgoing.discard(client_id)

    async def _mentioned(self, text: str) -> tuple[list[str], bool]:
        """Return who is named in a text, and whether everybody is; a name never met is asked for."""
        names = names_in(text)
        people = [name for name in names if name not in EVERYBODY]
        unknown = [name for name in people if self._people.named(name) is None][:100]
        if unknown and self._client.state is State.ONLINE:
            # Without an answer it is said all the same, to those who are known.
            with contextlib.suppress(HubbubError, TimeoutError):
                async with asyncio.timeout(ASK_S):
                    await self._people.met(await self._client.users(usernames=unknown))
        found = [user.id for name in people if (user := self._people.named(name)) is not None]
        return found[:100], len(people) < len(names)
