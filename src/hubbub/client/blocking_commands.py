"""The methods of the client for programs without an event loop.  Made by `make generate`; do not edit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hubbub.client.client import Client
from hubbub.client.models import (
    Accepted,
    Contact,
    Conversation,
    ConversationChange,
    Emoji,
    Entry,
    EntryPage,
    File,
    Found,
    HistoryPage,
    Invitation,
    Invite,
    JoinRequest,
    Kind,
    Me,
    Member,
    MemberAction,
    Message,
    Notify,
    Presence,
    Reminder,
    Revision,
    Role,
    Scheduled,
    ServerInfo,
    User,
)

T = TypeVar("T")


class BlockingCommands(ABC):
    """Each does what the client's method of that name does, and returns once that is done.  Raises HubbubError."""

    @abstractmethod
    def call(self, work: Callable[[Client], Awaitable[T]], *, timeout: float | None = None) -> T:
        """Run `work` with the client in its event loop, and return what it gives."""

    @abstractmethod
    def do(self, work: Callable[[Client], None]) -> None:
        """Have the client do something in its event loop that takes no time."""

    def send(
        self,
        conversation_id: str,
        text: str,
        *,
        reply_to: int = 0,
        thread: int = 0,
        also_in_conversation: bool = False,
        mentions: Sequence[str] = (),
        mention_all: bool = False,
        files: Sequence[File] = (),
        client_id: str = "",
        after: str = "",
        timeout: float | None = None,
    ) -> Accepted:
        """Send a text, files that were uploaded, or both; the answer has its seq."""
        return self.call(
            lambda client: client.send(
                conversation_id,
                text,
                reply_to=reply_to,
                thread=thread,
                also_in_conversation=also_in_conversation,
                mentions=mentions,
                mention_all=mention_all,
                files=files,
                client_id=client_id,
                after=after,
            ),
            timeout=timeout,
        )

    def reply(self, message: Entry, text: str, *, client_id: str = "", timeout: float | None = None) -> Accepted:
        """Answer a message where it was said: in its thread, or quoting it."""
        return self.call(lambda client: client.reply(message, text, client_id=client_id), timeout=timeout)

    def send_custom(
        self, conversation_id: str, kind: str, json: str, *, fallback: str, client_id: str = ""
    ) -> Accepted:
        """Send a JSON value of a program's own kind, with what to show those who do not know it."""
        return self.call(
            lambda client: client.send_custom(conversation_id, kind, json, fallback=fallback, client_id=client_id)
        )

    def forward(self, to: str, conversation_id: str, seq: int, *, client_id: str = "") -> Accepted:
        """Pass on to the conversation `to` what the message `seq` of another one says."""
        return self.call(lambda client: client.forward(to, conversation_id, seq, client_id=client_id))

    def edit(
        self,
        conversation_id: str,
        target: int,
        text: str,
        *,
        mentions: Sequence[str] = (),
        mention_all: bool = False,
        files: Sequence[File] = (),
        client_id: str = "",
    ) -> Accepted:
        """Replace what one's own message says, files and all."""
        return self.call(
            lambda client: client.edit(
                conversation_id,
                target,
                text,
                mentions=mentions,
                mention_all=mention_all,
                files=files,
                client_id=client_id,
            )
        )

    def recall(self, conversation_id: str, target: int, *, client_id: str = "") -> Accepted:
        """Take a message back."""
        return self.call(lambda client: client.recall(conversation_id, target, client_id=client_id))

    def react(
        self, conversation_id: str, target: int, emoji: str, *, set: bool = True, client_id: str = ""
    ) -> Accepted:
        """Set or unset a reaction."""
        return self.call(lambda client: client.react(conversation_id, target, emoji, set=set, client_id=client_id))

    def pin(self, conversation_id: str, target: int, *, set: bool = True, client_id: str = "") -> Accepted:
        """Pin or unpin a message."""
        return self.call(lambda client: client.pin(conversation_id, target, set=set, client_id=client_id))

    def hide(self, conversation_id: str, seq: int) -> None:
        """Delete a message for oneself."""
        self.call(lambda client: client.hide(conversation_id, seq))

    def open_direct(self, user_id: str) -> Conversation:
        """Return the private chat with a person, making it the first time."""
        return self.call(lambda client: client.open_direct(user_id))

    def create_conversation(
        self,
        kind: Kind,
        title: str,
        *,
        user_ids: Sequence[str] = (),
        topic: str = "",
        history_for_newcomers: bool = True,
        client_id: str = "",
    ) -> Conversation:
        """Make a group or a channel of one's own.  The same `client_id` makes it only once."""
        return self.call(
            lambda client: client.create_conversation(
                kind,
                title,
                user_ids=user_ids,
                topic=topic,
                history_for_newcomers=history_for_newcomers,
                client_id=client_id,
            )
        )

    def create_group(self, title: str, user_ids: Sequence[str] = (), *, client_id: str = "") -> Conversation:
        """Make a group with these people."""
        return self.call(lambda client: client.create_group(title, user_ids, client_id=client_id))

    def join(self, conversation_id: str) -> Conversation:
        """Join a channel."""
        return self.call(lambda client: client.join(conversation_id))

    def leave(self, conversation_id: str, *, client_id: str = "") -> None:
        """Leave a group or a channel."""
        self.call(lambda client: client.leave(conversation_id, client_id=client_id))

    def change_members(
        self,
        conversation_id: str,
        action: MemberAction,
        user_ids: Sequence[str],
        *,
        role: Role = Role.NONE,
        muted_until_ms: int = 0,
        own_role: str = "",
        client_id: str = "",
    ) -> Accepted:
        """Add, remove, ban, mute people or give them roles; `own_role` is the id of one of the conversation's own."""
        return self.call(
            lambda client: client.change_members(
                conversation_id,
                action,
                user_ids,
                role=role,
                muted_until_ms=muted_until_ms,
                own_role=own_role,
                client_id=client_id,
            )
        )

    def change_conversation(self, conversation_id: str, change: ConversationChange, *, client_id: str = "") -> Accepted:
        """Change title, topic, announcement, settings or own roles: those fields that are not None."""
        return self.call(lambda client: client.change_conversation(conversation_id, change, client_id=client_id))

    def dissolve(self, conversation_id: str, *, client_id: str = "") -> Accepted:
        """End a conversation for everybody."""
        return self.call(lambda client: client.dissolve(conversation_id, client_id=client_id))

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation as it is now."""
        return self.call(lambda client: client.conversation(conversation_id))

    def conversations(self) -> list[Conversation]:
        """Return all conversations of this person, most recent first."""
        return self.call(lambda client: client.conversations())

    def channels(self, query: str = "", *, cursor: str = "", limit: int = 0) -> tuple[list[Conversation], str]:
        """Return public channels by title, joined or not, and the cursor of the next page."""
        return self.call(lambda client: client.channels(query, cursor=cursor, limit=limit))

    def members(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[Member], str]:
        """Return a page of members by id, and the cursor of the next page."""
        return self.call(lambda client: client.members(conversation_id, cursor=cursor, limit=limit))

    def all_members(self, conversation_id: str, *, at_most: int = 10000) -> list[Member]:
        """Return the members, page after page, up to `at_most`."""
        return self.call(lambda client: client.all_members(conversation_id, at_most=at_most))

    def history(
        self, conversation_id: str, *, before: int = 0, after: int = 0, around: int = 0, thread: int = 0, limit: int = 0
    ) -> HistoryPage:
        """Return messages in their current state; the newest page without a position."""
        return self.call(
            lambda client: client.history(
                conversation_id, before=before, after=after, around=around, thread=thread, limit=limit
            )
        )

    def entries(self, conversation_id: str, *, after: int = 0, limit: int = 0) -> EntryPage:
        """Return entries as they were appended, oldest first."""
        return self.call(lambda client: client.entries(conversation_id, after=after, limit=limit))

    def edits(self, conversation_id: str, target: int) -> list[Revision]:
        """Return the versions of a message, the original first."""
        return self.call(lambda client: client.edits(conversation_id, target))

    def mark(self, conversation_id: str, *, read: int = 0, delivered: int = 0) -> None:
        """Raise one's marks; they never fall."""
        self.call(lambda client: client.mark(conversation_id, read=read, delivered=delivered))

    def set_own(
        self,
        conversation_id: str,
        *,
        pinned: bool | None = None,
        archived: bool | None = None,
        marked_unread: bool | None = None,
        muted_until_ms: int | None = None,
        folder: str | None = None,
        notify: Notify | None = None,
    ) -> None:
        """Change what one keeps of a conversation for oneself; what is None stays."""
        self.call(
            lambda client: client.set_own(
                conversation_id,
                pinned=pinned,
                archived=archived,
                marked_unread=marked_unread,
                muted_until_ms=muted_until_ms,
                folder=folder,
                notify=notify,
            )
        )

    def set_draft(self, conversation_id: str, text: str, *, reply_to_seq: int = 0, thread_seq: int = 0) -> None:
        """Keep what is written and not sent, in a conversation or a thread of it, for all devices."""
        self.call(
            lambda client: client.set_draft(conversation_id, text, reply_to_seq=reply_to_seq, thread_seq=thread_seq)
        )

    def schedule(
        self,
        conversation_id: str,
        text: str,
        due_ms: int,
        *,
        reply_to: int = 0,
        thread: int = 0,
        also_in_conversation: bool = False,
        mentions: Sequence[str] = (),
        mention_all: bool = False,
        files: Sequence[File] = (),
        client_id: str = "",
    ) -> str:
        """Have a message sent at `due_ms`; return the client_id it will have."""
        return self.call(
            lambda client: client.schedule(
                conversation_id,
                text,
                due_ms,
                reply_to=reply_to,
                thread=thread,
                also_in_conversation=also_in_conversation,
                mentions=mentions,
                mention_all=mention_all,
                files=files,
                client_id=client_id,
            )
        )

    def cancel_scheduled(self, conversation_id: str, client_id: str) -> None:
        """Take back what was scheduled."""
        self.call(lambda client: client.cancel_scheduled(conversation_id, client_id))

    def scheduled(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Scheduled], str]:
        """Return what waits for its time, in that order, and the cursor of the next page."""
        return self.call(lambda client: client.scheduled(cursor=cursor, limit=limit))

    def remind(self, conversation_id: str, seq: int, due_ms: int, *, note: str = "") -> None:
        """Be reminded of a message at `due_ms`, on all devices; another time moves it."""
        self.call(lambda client: client.remind(conversation_id, seq, due_ms, note=note))

    def forget_reminder(self, conversation_id: str, seq: int) -> None:
        """Take a reminder away, whether it was due or not."""
        self.call(lambda client: client.forget_reminder(conversation_id, seq))

    def reminders(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Reminder], str]:
        """Return what one wants to be reminded of, soonest first, and the cursor of the next page."""
        return self.call(lambda client: client.reminders(cursor=cursor, limit=limit))

    def users(self, user_ids: Sequence[str] = (), usernames: Sequence[str] = ()) -> list[User]:
        """Return the people with these ids or names; unknown ones are absent."""
        return self.call(lambda client: client.users(user_ids, usernames))

    def find_users(self, query: str = "", *, cursor: str = "", limit: int = 0) -> tuple[list[User], str]:
        """Return people whose name contains `query`, and the cursor of the next page."""
        return self.call(lambda client: client.find_users(query, cursor=cursor, limit=limit))

    def search(
        self,
        query: str = "",
        *,
        sender: str = "",
        place: str = "",
        before: str = "",
        after: str = "",
        has: str = "",
        cursor: str = "",
        limit: int = 0,
    ) -> Found:
        """Return messages, people and conversations by words and filters such as `from:romeo`."""
        return self.call(
            lambda client: client.search(
                query, sender=sender, place=place, before=before, after=after, has=has, cursor=cursor, limit=limit
            )
        )

    def online(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Presence], str]:
        """Return who is online, and the cursor of the next page."""
        return self.call(lambda client: client.online(cursor=cursor, limit=limit))

    def server_info(self) -> ServerInfo:
        """Return the server's name, version and time."""
        return self.call(lambda client: client.server_info())

    def http(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | list[str]] | None = None,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that an operation of the HTTP API answers; empty where it answers nothing."""
        return self.call(lambda client: client.http(method, path, json=json, params=params, content=content))

    def me(self) -> Me:
        """Return one's own account."""
        return self.call(lambda client: client.me())

    def change_me(self, *, display_name: str | None = None, signature: str | None = None) -> Me:
        """Change how others see one; what is None stays."""
        return self.call(lambda client: client.change_me(display_name=display_name, signature=signature))

    def contacts(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Contact], str]:
        """Return whom one keeps something of: contacts, requests either way, names, blocks; and the next cursor."""
        return self.call(lambda client: client.contacts(cursor=cursor, limit=limit))

    def ask_contact(self, user_id: str, *, note: str = "") -> Contact:
        """Ask somebody to be a contact; where they have asked already, that is a yes."""
        return self.call(lambda client: client.ask_contact(user_id, note=note))

    def answer_contact(self, user_id: str, *, accept: bool) -> Contact:
        """Accept or decline what somebody has asked."""
        return self.call(lambda client: client.answer_contact(user_id, accept=accept))

    def arrange_contact(
        self, user_id: str, *, blocked: bool | None = None, name: str | None = None, group: str | None = None
    ) -> Contact:
        """Block, name or group somebody, for oneself alone; what is None stays."""
        return self.call(lambda client: client.arrange_contact(user_id, blocked=blocked, name=name, group=group))

    def remove_contact(self, user_id: str) -> None:
        """End being contacts, or take a request back."""
        self.call(lambda client: client.remove_contact(user_id))

    def create_invite(
        self, conversation_id: str, *, uses: int = 0, expires_ms: int = 0, approval: bool = False
    ) -> Invite:
        """Make a link into a conversation one is an admin of; 0: without end."""
        return self.call(
            lambda client: client.create_invite(conversation_id, uses=uses, expires_ms=expires_ms, approval=approval)
        )

    def invites(self, conversation_id: str) -> list[Invite]:
        """Return the links into a conversation that are still good, the newest first."""
        return self.call(lambda client: client.invites(conversation_id))

    def revoke_invite(self, conversation_id: str, invite_id: str) -> None:
        """Take a link back."""
        self.call(lambda client: client.revoke_invite(conversation_id, invite_id))

    def look_at_invite(self, invite_id: str) -> Invitation:
        """Return where a link leads."""
        return self.call(lambda client: client.look_at_invite(invite_id))

    def follow_invite(self, invite_id: str, *, note: str = "") -> Invitation:
        """Come in by a link, or ask to be let in where that needs approval."""
        return self.call(lambda client: client.follow_invite(invite_id, note=note))

    def withdraw_join_request(self, invite_id: str) -> None:
        """Take back what one asked by a link."""
        self.call(lambda client: client.withdraw_join_request(invite_id))

    def join_requests(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[JoinRequest], str]:
        """Return who asks to be let in, and the cursor of the next page."""
        return self.call(lambda client: client.join_requests(conversation_id, cursor=cursor, limit=limit))

    def answer_join_request(self, conversation_id: str, user_id: str, *, accept: bool) -> None:
        """Let somebody in who asked, or not."""
        self.call(lambda client: client.answer_join_request(conversation_id, user_id, accept=accept))

    def bans(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[str], str]:
        """Return the ids of who is banned from a conversation, and the cursor of the next page."""
        return self.call(lambda client: client.bans(conversation_id, cursor=cursor, limit=limit))

    def emoji(self) -> list[Emoji]:
        """Return the place's own emoji, by packs and names; an `EmojiEvent` says when they are others."""
        return self.call(lambda client: client.emoji())

    def add_emoji(self, name: str, picture: bytes, *, aliases: Sequence[str] = (), pack: str = "") -> Emoji:
        """Add an emoji, as somebody who may: a PNG, GIF, WebP, JPEG or AVIF, which may move."""
        return self.call(lambda client: client.add_emoji(name, picture, aliases=aliases, pack=pack))

    def add_emoji_pack(self, pack: str, archive: bytes) -> list[Emoji]:
        """Add every picture of a ZIP, called as its file is: all of them or none."""
        return self.call(lambda client: client.add_emoji_pack(pack, archive))

    def remove_emoji(self, name: str) -> None:
        """Take an emoji away, or one of its other names."""
        self.call(lambda client: client.remove_emoji(name))

    def remove_emoji_pack(self, pack: str) -> None:
        """Take every emoji of a pack away."""
        self.call(lambda client: client.remove_emoji_pack(pack))

    def pins(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[Message], str]:
        """Return what is pinned there, the newest message first, and the cursor of the next page."""
        return self.call(lambda client: client.pins(conversation_id, cursor=cursor, limit=limit))

    def typing(self, conversation_id: str, typing: bool = True) -> None:
        """Show others that one is typing, if there is a connection; repeat it every 3 seconds."""
        self.do(lambda client: client.typing(conversation_id, typing))

    def saw(self, conversation_id: str, seq: int) -> None:
        """Say that a person saw what is here up to `seq`; it is told within a second or two, merged."""
        self.do(lambda client: client.saw(conversation_id, seq))

    def watch_presence(self, user_ids: Sequence[str]) -> list[Presence]:
        """Say whose coming and going to hear of, instead of those named before; return how it is now."""
        return self.call(lambda client: client.watch_presence(user_ids))

    def log_out(self) -> None:
        """End the login on the server, and with it this client."""
        self.call(lambda client: client.log_out())

    def upload(self, source: str | Path | bytes, *, name: str = "") -> File:
        """Give the server a file, to be sent with a message.  Raises HubbubError."""
        return self.call(lambda client: client.upload(source, name=name))

    def download(self, file_id: str, target: str | Path, *, preview: bool = False) -> None:
        """Write a file that a message brought, or its small picture, to `target`.  Raises HubbubError."""
        self.call(lambda client: client.download(file_id, target, preview=preview))
