"""Everything a person can ask for, as methods.

Two kinds: commands inside a conversation become entries and go through the outbox (`submit`), so they survive
reconnects and keep their order; everything else is a request (`ask`) that may be repeated safely and is, when the
connection is lost under it, until its deadline.  `Client` supplies the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from hubbub.base.ids import new_id
from hubbub.client.errors import HubbubError
from hubbub.client.models import (
    Action,
    Body,
    Conversation,
    ConversationChange,
    Dissolved,
    Edit,
    Entry,
    EntryPage,
    File,
    Forwarded,
    Found,
    HistoryPage,
    Kind,
    Member,
    MemberAction,
    MemberChange,
    Notify,
    Pin,
    Post,
    Presence,
    Reaction,
    Recall,
    Reminder,
    Revision,
    Role,
    Scheduled,
    ServerInfo,
    User,
)
from hubbub.client.outbox import Pending
from hubbub.client.translate import (
    body_of,
    conversation_of,
    entry_page_of,
    found_of,
    history_of,
    member_of,
    presence_of,
    reminder_of,
    scheduled_of,
    user_of,
    write_submit,
)
from hubbub.wire import hubbub_pb2 as pb


class Commands(ABC):
    """The methods of `Client` that do not concern the connection."""

    @abstractmethod
    def submit(
        self,
        conversation_id: str,
        action: Action,
        *,
        client_id: str = "",
        after: str = "",
        ordered: bool = True,
        timeout: float | None = None,
    ) -> Pending:
        """Put a command into the outbox; await what is returned for the outcome.

        Commands are sent in the order of the calls, several before the first is answered.  `after` names one that must
        be stored before this one; without it that is the `ordered` one put in before, if it has no answer yet.
        Raises HubbubError for a full outbox and for text that is not Unicode.
        """

    @abstractmethod
    async def ask(self, frame: pb.ClientFrame, *, timeout: float | None = None) -> Any:
        """Send a request that may safely be repeated, and return the body of its answer.

        Raises HubbubError: the refusal, or `timeout`.
        """

    # ------------------------------------------------------------ messages

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
    ) -> Pending:
        """Send a text, files that were uploaded, or both; the answer has its seq."""
        post = Post(
            Body(text, files=tuple(files)), reply_to, thread, also_in_conversation, tuple(mentions), mention_all
        )
        return self.submit(conversation_id, post, client_id=client_id, after=after, timeout=timeout)

    def reply(self, message: Entry, text: str, *, client_id: str = "", timeout: float | None = None) -> Pending:
        """Answer a message where it was said: in its thread, or quoting it."""
        thread = message.action.thread if isinstance(message.action, Post) else 0
        return self.send(
            message.conversation_id,
            text,
            reply_to=message.seq,
            thread=thread,
            client_id=client_id,
            timeout=timeout,
        )

    def send_custom(self, conversation_id: str, kind: str, json: str, *, fallback: str, client_id: str = "") -> Pending:
        """Send a JSON value of a program's own kind, with what to show those who do not know it."""
        post = Post(Body(custom_type=kind, custom_json=json, fallback=fallback))
        return self.submit(conversation_id, post, client_id=client_id)

    def forward(self, to: str, conversation_id: str, seq: int, *, client_id: str = "") -> Pending:
        """Pass on to the conversation `to` what the message `seq` of another one says."""
        post = Post(Body(), forwarded=Forwarded(conversation_id, seq))
        return self.submit(to, post, client_id=client_id)

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
    ) -> Pending:
        """Replace what one's own message says, files and all."""
        action = Edit(target, Body(text, files=tuple(files)), tuple(mentions), mention_all)
        return self.submit(conversation_id, action, client_id=client_id)

    def recall(self, conversation_id: str, target: int, *, client_id: str = "") -> Pending:
        """Take a message back."""
        return self.submit(conversation_id, Recall(target), client_id=client_id)

    def react(self, conversation_id: str, target: int, emoji: str, *, set: bool = True, client_id: str = "") -> Pending:
        """Set or unset a reaction."""
        return self.submit(conversation_id, Reaction(target, emoji, set), client_id=client_id, ordered=False)

    def pin(self, conversation_id: str, target: int, *, set: bool = True, client_id: str = "") -> Pending:
        """Pin or unpin a message."""
        return self.submit(conversation_id, Pin(target, set), client_id=client_id, ordered=False)

    async def hide(self, conversation_id: str, seq: int) -> None:
        """Delete a message for oneself."""
        await self.ask(pb.ClientFrame(hide_message=pb.HideMessage(conversation_id=conversation_id, seq=seq)))

    # ------------------------------------------------------------ conversations

    async def open_direct(self, user_id: str) -> Conversation:
        """Return the private chat with a person, making it the first time."""
        return await self._conversation(pb.ClientFrame(open_direct=pb.OpenDirect(user_id=user_id)))

    async def create_conversation(
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
        wish = pb.CreateConversation(
            client_id=client_id or new_id(),
            kind=kind.value,  # type: ignore[arg-type]
            title=title,
            topic=topic,
            user_ids=user_ids,
            history_for_newcomers=history_for_newcomers,
        )
        return await self._conversation(pb.ClientFrame(create_conversation=wish))

    async def create_group(self, title: str, user_ids: Sequence[str] = (), *, client_id: str = "") -> Conversation:
        """Make a group with these people."""
        return await self.create_conversation(Kind.GROUP, title, user_ids=user_ids, client_id=client_id)

    async def join(self, conversation_id: str) -> Conversation:
        """Join a channel."""
        wish = pb.JoinConversation(conversation_id=conversation_id)
        return await self._conversation(pb.ClientFrame(join_conversation=wish))

    async def leave(self, conversation_id: str, *, client_id: str = "") -> None:
        """Leave a group or a channel."""
        wish = pb.LeaveConversation(conversation_id=conversation_id, client_id=client_id or new_id())
        await self.ask(pb.ClientFrame(leave_conversation=wish))

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
    ) -> Pending:
        """Add, remove, ban, mute people or give them roles; `own_role` is the id of one of the conversation's own."""
        change = MemberChange(action, tuple(user_ids), role, muted_until_ms, own_role)
        return self.submit(conversation_id, change, client_id=client_id)

    def change_conversation(self, conversation_id: str, change: ConversationChange, *, client_id: str = "") -> Pending:
        """Change title, topic, announcement, settings or own roles: those fields that are not None."""
        return self.submit(conversation_id, change, client_id=client_id)

    def dissolve(self, conversation_id: str, *, client_id: str = "") -> Pending:
        """End a conversation for everybody."""
        return self.submit(conversation_id, Dissolved(), client_id=client_id)

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation as it is now."""
        wish = pb.GetConversation(conversation_id=conversation_id)
        return await self._conversation(pb.ClientFrame(get_conversation=wish))

    async def conversations(self) -> list[Conversation]:
        """Return all conversations of this person, most recent first."""
        found: list[Conversation] = []
        cursor = ""
        while True:
            wish = pb.ListConversations(cursor=cursor)
            page = await self.ask(pb.ClientFrame(list_conversations=wish))
            found += map(conversation_of, page.conversations)
            cursor = page.next_cursor
            if not cursor:
                return found

    async def channels(self, query: str = "", *, cursor: str = "", limit: int = 0) -> tuple[list[Conversation], str]:
        """Return public channels by title, joined or not, and the cursor of the next page."""
        wish = pb.ListChannels(query=query, cursor=cursor, limit=limit)
        page = await self.ask(pb.ClientFrame(list_channels=wish))
        return [conversation_of(state) for state in page.conversations], page.next_cursor

    async def members(self, conversation_id: str, *, cursor: str = "", limit: int = 0) -> tuple[list[Member], str]:
        """Return a page of members by id, and the cursor of the next page."""
        wish = pb.ListMembers(conversation_id=conversation_id, cursor=cursor, limit=limit)
        page = await self.ask(pb.ClientFrame(list_members=wish))
        return [member_of(member) for member in page.members], page.next_cursor

    async def all_members(self, conversation_id: str, *, at_most: int = 10_000) -> list[Member]:
        """Return the members, page after page, up to `at_most`."""
        found, cursor = await self.members(conversation_id)
        while cursor and len(found) < at_most:
            more, cursor = await self.members(conversation_id, cursor=cursor)
            found += more
        return found

    # ------------------------------------------------------------ reading

    async def history(
        self,
        conversation_id: str,
        *,
        before: int = 0,
        after: int = 0,
        around: int = 0,
        thread: int = 0,
        limit: int = 0,
    ) -> HistoryPage:
        """Return messages in their current state; the newest page without a position."""
        wish = pb.GetHistory(
            conversation_id=conversation_id,
            before_seq=before,
            after_seq=after,
            around_seq=around,
            thread_seq=thread,
            limit=limit,
        )
        return history_of(await self.ask(pb.ClientFrame(get_history=wish)))

    async def entries(self, conversation_id: str, *, after: int = 0, limit: int = 0) -> EntryPage:
        """Return entries as they were appended, oldest first."""
        wish = pb.GetEntries(conversation_id=conversation_id, after_seq=after, limit=limit)
        return entry_page_of(await self.ask(pb.ClientFrame(get_entries=wish)))

    async def edits(self, conversation_id: str, target: int) -> list[Revision]:
        """Return the versions of a message, the original first."""
        wish = pb.GetEdits(conversation_id=conversation_id, target_seq=target)
        page = await self.ask(pb.ClientFrame(get_edits=wish))
        return [Revision(r.seq, r.time_ms, body_of(r.body)) for r in page.revisions]

    # ------------------------------------------------------------ what belongs to this person

    async def mark(self, conversation_id: str, *, read: int = 0, delivered: int = 0) -> None:
        """Raise one's marks; they never fall."""
        wish = pb.SetMark(conversation_id=conversation_id, read_seq=read, delivered_seq=delivered)
        await self.ask(pb.ClientFrame(set_mark=wish))

    async def set_own(
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
        wish = pb.SetOwn(
            conversation_id=conversation_id,
            pinned=pinned,
            archived=archived,
            marked_unread=marked_unread,
            muted_until_ms=muted_until_ms,
            folder=folder,
            notify=None if notify is None else int(notify),  # type: ignore[arg-type]
        )
        await self.ask(pb.ClientFrame(set_own=wish))

    async def set_draft(self, conversation_id: str, text: str, *, reply_to_seq: int = 0, thread_seq: int = 0) -> None:
        """Keep what is written and not sent, in a conversation or a thread of it, for all devices.

        An empty text takes it away.
        """
        draft = pb.Draft(text=text, reply_to_seq=reply_to_seq, thread_seq=thread_seq)
        if thread_seq:
            change = pb.SetOwn(conversation_id=conversation_id, thread_draft=draft)
        else:
            change = pb.SetOwn(conversation_id=conversation_id, draft=draft)
        await self.ask(pb.ClientFrame(set_own=change))

    async def schedule(
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
        client_id = client_id or new_id()
        body = Body(text, files=tuple(files))
        post = Post(body, reply_to, thread, also_in_conversation, tuple(mentions), mention_all)
        try:
            submit = write_submit(conversation_id, client_id, post)
        except ValueError as exc:
            raise HubbubError("bad_request", str(exc)) from exc
        await self.ask(pb.ClientFrame(schedule=pb.Schedule(submit=submit, due_ms=due_ms)))
        return client_id

    async def cancel_scheduled(self, conversation_id: str, client_id: str) -> None:
        """Take back what was scheduled."""
        wish = pb.CancelScheduled(conversation_id=conversation_id, client_id=client_id)
        await self.ask(pb.ClientFrame(cancel_scheduled=wish))

    async def scheduled(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Scheduled], str]:
        """Return what waits for its time, in that order, and the cursor of the next page."""
        page = await self.ask(pb.ClientFrame(list_scheduled=pb.ListScheduled(cursor=cursor, limit=limit)))
        return [scheduled_of(row) for row in page.scheduled], page.next_cursor

    async def remind(self, conversation_id: str, seq: int, due_ms: int, *, note: str = "") -> None:
        """Be reminded of a message at `due_ms`, on all devices; another time moves it.

        `ReminderEvent` says when it is due.
        """
        wish = pb.SetReminder(conversation_id=conversation_id, seq=seq, due_ms=due_ms, note=note)
        await self.ask(pb.ClientFrame(set_reminder=wish))

    async def forget_reminder(self, conversation_id: str, seq: int) -> None:
        """Take a reminder away, whether it was due or not."""
        await self.ask(pb.ClientFrame(set_reminder=pb.SetReminder(conversation_id=conversation_id, seq=seq)))

    async def reminders(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Reminder], str]:
        """Return what one wants to be reminded of, soonest first, and the cursor of the next page."""
        page = await self.ask(pb.ClientFrame(list_reminders=pb.ListReminders(cursor=cursor, limit=limit)))
        return [reminder_of(row) for row in page.reminders], page.next_cursor

    # ------------------------------------------------------------ people

    async def users(self, user_ids: Sequence[str] = (), usernames: Sequence[str] = ()) -> list[User]:
        """Return the people with these ids or names; unknown ones are absent."""
        found: list[User] = []
        ids, names = list(user_ids), list(usernames)
        while ids or names:
            wish = pb.GetUsers(user_ids=ids[:100], usernames=names[: max(0, 100 - len(ids))])
            ids, names = ids[len(wish.user_ids) :], names[len(wish.usernames) :]
            page = await self.ask(pb.ClientFrame(get_users=wish))
            found += map(user_of, page.users)
        return found

    async def find_users(self, query: str = "", *, cursor: str = "", limit: int = 0) -> tuple[list[User], str]:
        """Return people whose name contains `query`, and the cursor of the next page."""
        page = await self.ask(pb.ClientFrame(find_users=pb.FindUsers(query=query, cursor=cursor, limit=limit)))
        return [user_of(user) for user in page.users], page.next_cursor

    async def search(
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
        """Return messages, people and conversations by words and filters such as `from:romeo`.

        The filters may be given apart: `sender` a username or `me`, `place` a title or an id, `before` and `after`
        dates, `has` is `file`.
        """
        wish = pb.Search(
            query=query,
            sender=sender,
            place=place,
            before=before,
            after=after,
            has=has,
            cursor=cursor,
            limit=limit,
        )
        return found_of(await self.ask(pb.ClientFrame(search=wish)))

    async def online(self, *, cursor: str = "", limit: int = 0) -> tuple[list[Presence], str]:
        """Return who is online, and the cursor of the next page."""
        page = await self.ask(pb.ClientFrame(list_online=pb.ListOnline(cursor=cursor, limit=limit)))
        return [presence_of(presence) for presence in page.presences], page.next_cursor

    async def server_info(self) -> ServerInfo:
        """Return the server's name, version and time."""
        info = await self.ask(pb.ClientFrame(get_server_info=pb.GetServerInfo()))
        return ServerInfo(info.name, info.version, info.server_time_ms, info.node_id, info.epoch)

    async def _conversation(self, frame: pb.ClientFrame) -> Conversation:
        return conversation_of(await self.ask(frame))
