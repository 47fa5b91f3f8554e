"""What people wrote, made safe for a terminal, and who and where in words.

A message may hold anything, escape sequences included; none of it reaches the terminal as it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from hubbub.client import Client, Conversation, Entry, HubbubError, Kind, MemberAction, Message, User
from hubbub.client.models import (
    Action,
    ConversationChange,
    Created,
    Dissolved,
    Edit,
    MemberChange,
    Pin,
    Post,
    Reaction,
    Recall,
)
from hubbub.terminal.safe import line as line
from hubbub.terminal.safe import safe as safe


def indented(text: str, indent: str = "    ") -> str:
    """Return `text` safe, its later lines set in so that none can pass for a line of ours."""
    return safe(text).replace("\n", "\n" + indent)


def clock_time(time_ms: int) -> str:
    """Return a moment in this machine's time zone."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ms / 1000))


class Names:
    """What people and conversations are called; asks once for each."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._users: dict[str, User] = {}
        self._conversations: dict[str, Conversation] = {}

    async def learn(self, user_ids: Iterable[str]) -> None:
        """Ask for those that are not known yet, together."""
        unknown = sorted({user_id for user_id in user_ids if user_id and user_id not in self._users})
        if unknown:
            for user in await self._client.users(unknown):
                self._users[user.id] = user

    def user(self, user_id: str) -> str:
        """Return a person's name, or the beginning of an id nobody goes by."""
        if not user_id.strip("0"):
            return "hubbub"
        user = self._users.get(user_id)
        return line(user.username) if user else user_id[:8]

    async def conversation(self, conversation_id: str) -> str:
        """Return what a conversation is called: #title, or @name for a private chat."""
        held = self._client.known.get(conversation_id) or self._conversations.get(conversation_id)
        if held is None:
            try:
                held = self._conversations[conversation_id] = await self._client.conversation(conversation_id)
            except HubbubError as error:
                if error.retry:
                    raise
                return f"#{conversation_id[:8]}"
        return await self.title(held)

    async def title(self, conversation: Conversation) -> str:
        """Return what a conversation is called."""
        if conversation.kind is Kind.DIRECT:
            await self.learn([conversation.peer_id])
            return f"@{self.user(conversation.peer_id)}"
        return f"#{line(conversation.title) or conversation.id[:8]}"

    async def of_entry(self, entry: Entry) -> None:
        """Learn everybody an entry names."""
        action = entry.action
        named = action.user_ids if isinstance(action, MemberChange | Created) else ()
        await self.learn([entry.sender_id, *named])

    def saying(self, action: Action) -> str:
        """Return what an entry says, in words; several lines for a text of several."""
        match action:
            case Post() if action.withdrawn:
                return "(recalled)"
            case Post():
                quoted = f"(to {action.reply_to}) " if action.reply_to else ""
                return quoted + indented(action.body.shown or "(unsupported message)")
            case Edit() if action.withdrawn:
                return f"* edited {action.target} (recalled)"
            case Edit():
                return f"* edited {action.target}: {indented(action.body.shown)}"
            case Recall():
                return f"* recalled {action.target}"
            case Reaction():
                return f"* {'reacted' if action.set else 'took back'} {line(action.emoji)} to {action.target}"
            case Pin():
                return f"* {'pinned' if action.set else 'unpinned'} {action.target}"
            case Created():
                return "* made this conversation"
            case Dissolved():
                return "* dissolved this conversation"
            case MemberChange():
                people = ", ".join(map(self.user, action.user_ids))
                return f"* {_MEMBER_VERBS.get(action.action, 'changed')} {people}".rstrip()
            case ConversationChange(kept_from=int(seq)):
                return f"* what was said before {seq} was kept long enough, and is gone"
            case ConversationChange():
                fields = msgspec.to_builtins(action)
                said = (f"{key} = {line(str(value))}" for key, value in fields.items() if key != "type")
                return f"* changed {', '.join(said)}"
        return "* (a newer kind of entry)"


_MEMBER_VERBS = {
    MemberAction.ADD: "added",
    MemberAction.JOIN: "joined",
    MemberAction.LEAVE: "left",
    MemberAction.REMOVE: "removed",
    MemberAction.BAN: "banned",
    MemberAction.UNBAN: "unbanned",
    MemberAction.ROLE: "changed the role of",
    MemberAction.TRANSFER: "handed over to",
    MemberAction.MUTE: "muted",
}


async def entry_line(names: Names, entry: Entry, *, place: bool = True) -> str:
    """Return one entry as a line for people, with or without where it happened."""
    await names.of_entry(entry)
    where = f"{await names.conversation(entry.conversation_id)} " if place else ""
    who = names.user(entry.sender_id)
    return f"{clock_time(entry.time_ms)} {where}{entry.seq} <{who}> {names.saying(entry.action)}"


async def entry_object(names: Names, entry: Entry) -> dict[str, Any]:
    """Return one entry as a JSON object for programs."""
    await names.of_entry(entry)
    return {
        "conversation_id": entry.conversation_id,
        "conversation": await names.conversation(entry.conversation_id),
        "seq": entry.seq,
        "time_ms": entry.time_ms,
        "sender_id": entry.sender_id,
        "sender": names.user(entry.sender_id),
        "client_id": entry.client_id,
        "text": entry.text,
        "action": msgspec.to_builtins(entry.action),
    }


async def message_object(names: Names, message: Message) -> dict[str, Any]:
    """Return one message in its present state as a JSON object for programs."""
    await names.learn([message.sender_id])
    shown = {"sender": names.user(message.sender_id), "text": message.text}
    return {**msgspec.to_builtins(message), **shown}
