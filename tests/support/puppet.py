"""A server in the hands of a test: it answers what a client asks, and says what the test has people say.

The client is the real one, over an in-memory connection with real protobuf bytes.  A room may be of any length: entries
that were never said are made up when somebody asks for them, so a million of them cost nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hubbub.base.ids import direct_id, new_id
from hubbub.client import HubbubError
from hubbub.client.connection import Link, Receiver, Tap
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY

ROMEO = "a" * 32
JULIET = "b" * 32
LIN = "c" * 32
VERONA = "d" * 32
PEOPLE = {ROMEO: "romeo", JULIET: "juliet", LIN: "林晓雨"}
DIRECT = direct_id(ROMEO, JULIET)
NOON_MS = 1_790_000_000_000


class Room:
    """One conversation."""

    def __init__(self, id_: str, kind: Any, members: list[str], *, title: str = "", made_up: int = 0) -> None:
        """`made_up`: how many entries there are that nobody said."""
        self.id = id_
        self.kind = kind
        self.title = title
        self.members = members
        self.made_up = made_up
        self.said: list[pb.Entry] = []
        self.states: dict[int, pb.MessageState] = {}
        self.read: dict[str, int] = {}
        self.own = pb.Own()
        self.version = 1

    @property
    def head(self) -> int:
        return self.made_up + len(self.said)

    def entry(self, seq: int) -> pb.Entry:
        """Return an entry, made up if nobody said it."""
        if seq > self.made_up:
            return self.said[seq - self.made_up - 1]
        text = pb.Message(body=pb.Body(text=pb.Text(text=f"line {seq}")))
        sender = self.members[seq % len(self.members)]
        return pb.Entry(
            conversation_id=self.id,
            seq=seq,
            time_ms=NOON_MS + seq,
            sender_id=sender,
            client_id=f"{seq:032x}",
            message=text,
        )

    def item(self, seq: int) -> pb.HistoryItem | None:
        """Return what a history page shows for a seq."""
        entry = self.entry(seq)
        if entry.HasField("message"):
            state = pb.MessageState()
            state.CopyFrom(self.states.get(seq) or state_of(entry))
            state.thread_replies = sum(one.message.thread_seq == seq for one in self.said)
            return pb.HistoryItem(message=state)
        return pb.HistoryItem(entry=entry) if entry.WhichOneof("kind") in ("created", "member_change") else None

    def state(self, me: str) -> pb.ConversationState:
        """Return the conversation as a person sees it."""
        read = self.read.get(me, 0)
        peer = next((one for one in self.members if one != me), "")
        return pb.ConversationState(
            conversation_id=self.id,
            kind=self.kind,
            title=self.title,
            member_count=len(self.members),
            peer_id=peer if self.kind == pb.CONVERSATION_KIND_DIRECT else "",
            as_of=self.head,
            last_time_ms=NOON_MS + self.head,
            state=pb.MEMBER_STATE_JOINED,
            role=pb.ROLE_MEMBER,
            intervals=[pb.Interval(from_seq=1)],
            read_seq=read,
            unread=max(0, min(100, self.head - read)),
            version=self.version,
            own=self.own,
        )


def state_of(entry: pb.Entry) -> pb.MessageState:
    """Return a message as it is when it is posted."""
    return pb.MessageState(
        seq=entry.seq,
        time_ms=entry.time_ms,
        sender_id=entry.sender_id,
        client_id=entry.client_id,
        message=entry.message,
    )


class _Link:
    def __init__(self, server: PuppetServer, receiver: Receiver) -> None:
        self._server = server
        self.receiver = receiver
        self.ended = False

    def send(self, data: bytes) -> None:
        if not self.ended:
            # A turn later, as from a socket.
            asyncio.get_running_loop().call_soon(self._server.take, self, BINARY.decode_client(data)[0])

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.end(code)

    def abort(self) -> None:
        self.end(1006)

    def end(self, code: int) -> None:
        if not self.ended:
            self.ended = True
            self.receiver.link_lost(code, "")


class PuppetServer:
    """Answers one person, Romeo; a `Connector`."""

    def __init__(self, *, made_up: int = 3) -> None:
        self.me = ROMEO
        self.rooms = {
            DIRECT: Room(DIRECT, pb.CONVERSATION_KIND_DIRECT, [ROMEO, JULIET], made_up=made_up),
            VERONA: Room(VERONA, pb.CONVERSATION_KIND_GROUP, [ROMEO, JULIET, LIN], title="Verona", made_up=made_up),
        }
        for room in self.rooms.values():
            room.read[ROMEO] = room.head
        self.up = True
        self.epoch = "e1"
        self.version = 1
        """Of the person's rows."""
        self.reminders: dict[tuple[str, int], pb.Reminder] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        """By id: the name and the content of what was given to it over HTTP."""
        self.holding = False
        """Whether submits get no answer for now."""
        self.refusing = ""
        """The code with which submits are refused."""
        self.asked: list[pb.ClientFrame] = []
        self.links: list[_Link] = []
        self._held: list[tuple[_Link, int, pb.Submit]] = []

    # ------------------------------------------------------------ what the test does

    async def __call__(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        if not self.up:
            raise ConnectionRefusedError("nobody listens")
        link = _Link(self, receiver)
        self.links.append(link)
        return link

    def goes_down(self) -> None:
        """Be gone."""
        self.up = False
        for link in list(self.links):
            link.end(1006)

    def comes_up(self) -> None:
        """Be there again, with everything."""
        self.up = True

    def says(self, room_id: str, text: str, sender: str = JULIET, **more: Any) -> int:
        """Have somebody say something; return its seq."""
        message = pb.Message(body=pb.Body(text=pb.Text(text=text)), **more)
        return self._append(room_id, sender, new_id(), message=message)

    def does(self, room_id: str, sender: str = JULIET, **kind: Any) -> int:
        """Append an entry of any kind."""
        return self._append(room_id, sender, new_id(), **kind)

    def types(self, room_id: str, sender: str = JULIET) -> None:
        """Have somebody type."""
        self.push(typing=pb.Typing(conversation_id=room_id, user_id=sender, typing=True))

    def reads(self, room_id: str, sender: str = JULIET, *, delivered: int = 0) -> None:
        """Have somebody read everything, or only receive it."""
        room = self.rooms[room_id]
        mark = pb.Mark(user_id=sender, read_seq=0 if delivered else room.head, delivered_seq=delivered or room.head)
        self.push(marks=pb.Marks(conversation_id=room_id, marks=[mark]))

    def arranges(self, wish: pb.SetOwn) -> None:
        """Have the person arrange a conversation, here or on another device."""
        room = self.rooms[wish.conversation_id]
        for field, value in wish.ListFields():
            if field.name == "draft":
                room.own.ClearField("draft")
                if value.text:
                    room.own.draft.CopyFrom(value)
            elif field.name == "thread_draft":
                others = [one for one in room.own.thread_drafts if one.thread_seq != value.thread_seq]
                del room.own.thread_drafts[:]
                room.own.thread_drafts.extend([*others, value] if value.text else others)
            elif field.name != "conversation_id":
                setattr(room.own, field.name, value)
        room.version += 1
        before, self.version = self.version, self.version + 1
        rows = [room.state(self.me)]
        self.push(user_changed=pb.UserState(since_version=before, version=self.version, conversations=rows))

    def reminds(self, room_id: str, seq: int, **more: Any) -> None:
        """Have a reminder be set, come due or go (`due_ms` 0), here or on another device."""
        before, self.version = self.version, self.version + 1
        row = pb.Reminder(conversation_id=room_id, seq=seq, version=self.version, **more)
        self.reminders[room_id, seq] = row
        self.push(user_changed=pb.UserState(since_version=before, version=self.version, reminders=[row]))

    def answers_held(self) -> None:
        """Answer the submits that waited."""
        self.holding = False
        held, self._held = self._held, []
        for link, request, submit in held:
            self._submit(link, request, submit)

    def push(self, **body: Any) -> None:
        """Send a frame nobody asked for."""
        for link in self.links:
            self._send(link, 0, **body)

    # ------------------------------------------------------------ what it answers

    def take(self, link: _Link, frame: pb.ClientFrame) -> None:
        """Answer one frame."""
        kind = frame.WhichOneof("body")
        self.asked.append(frame)
        del self.asked[:-500]
        body = getattr(frame, kind) if kind else None
        answer = getattr(self, f"_{kind}", None)
        if kind == "submit" and self.holding:
            self._held.append((link, frame.id, frame.submit))
        elif answer is not None:
            answer(link, frame.id, body)
        elif kind not in ("ping", "pong", "set_typing"):
            self._send(link, frame.id, done=pb.Done())

    def _send(self, link: _Link, reply_to: int, **body: Any) -> None:
        if not link.ended:
            link.receiver.frame_received(BINARY.encode(pb.ServerFrame(reply_to=reply_to, **body)))

    def _hello(self, link: _Link, request: int, hello: pb.Hello) -> None:
        welcome = pb.Welcome(
            user_id=self.me, device_id="e" * 32, session_id=new_id(), epoch=self.epoch, user_version=self.version
        )
        self._send(link, request, welcome=welcome)
        for have in hello.resume.have if hello.resume.epoch == self.epoch else ():
            room = self.rooms[have.conversation_id]
            if have.seq < room.head:
                self._send(link, 0, heads=pb.Heads(heads=[pb.Head(conversation_id=room.id, seq=room.head)]))
        self._send(link, 0, ready=pb.Ready())

    def _list_conversations(self, link: _Link, request: int, _: object) -> None:
        states = [room.state(self.me) for room in self.rooms.values()]
        self._send(link, request, conversation_page=pb.ConversationPage(conversations=states))

    def _get_conversation(self, link: _Link, request: int, wish: pb.GetConversation) -> None:
        self._send(link, request, conversation=self.rooms[wish.conversation_id].state(self.me))

    def _open_direct(self, link: _Link, request: int, wish: pb.OpenDirect) -> None:
        self._send(link, request, conversation=self.rooms[direct_id(self.me, wish.user_id)].state(self.me))

    def _set_own(self, link: _Link, request: int, wish: pb.SetOwn) -> None:
        self.arranges(wish)
        self._send(link, request, done=pb.Done())

    def _set_reminder(self, link: _Link, request: int, wish: pb.SetReminder) -> None:
        self.reminds(wish.conversation_id, wish.seq, due_ms=wish.due_ms, note=wish.note)
        self._send(link, request, done=pb.Done())

    def _list_reminders(self, link: _Link, request: int, _: object) -> None:
        rows = sorted((row for row in self.reminders.values() if row.due_ms), key=lambda row: row.due_ms)
        self._send(link, request, reminder_page=pb.ReminderPage(reminders=rows))

    def _get_user_state(self, link: _Link, request: int, _: object) -> None:
        self._send(link, request, user_state=pb.UserState(version=self.version))

    def _get_entries(self, link: _Link, request: int, wish: pb.GetEntries) -> None:
        room = self.rooms[wish.conversation_id]
        last = min(room.head, wish.after_seq + 200)
        entries = [room.entry(seq) for seq in range(wish.after_seq + 1, last + 1)]
        page = pb.EntryPage(
            conversation_id=room.id, from_seq=wish.after_seq + 1, to_seq=last, as_of=room.head, entries=entries
        )
        self._send(link, request, entry_page=page)

    def _get_history(self, link: _Link, request: int, wish: pb.GetHistory) -> None:
        room, limit = self.rooms[wish.conversation_id], wish.limit or 50
        if wish.after_seq:
            first, last = wish.after_seq + 1, min(room.head, wish.after_seq + limit)
        elif wish.around_seq:
            first = max(1, wish.around_seq - limit // 2)
            last = min(room.head, first + limit - 1)
        else:
            last = wish.before_seq - 1 if wish.before_seq else room.head
            first = max(1, last - limit + 1)
        seqs = range(first, last + 1)
        if wish.thread_seq:
            seqs = range(1, room.head + 1)
        items = [item for item in map(room.item, seqs) if item is not None]
        if wish.thread_seq:
            thread = wish.thread_seq
            items = [one for one in items if thread in (one.message.seq, one.message.message.thread_seq)]
        page = pb.HistoryPage(
            conversation_id=room.id,
            from_seq=first,
            to_seq=last,
            as_of=room.head,
            items=items,
            more_before=first > 1 and not wish.thread_seq,
            more_after=last < room.head and not wish.thread_seq,
        )
        self._send(link, request, history_page=page)

    def _list_members(self, link: _Link, request: int, wish: pb.ListMembers) -> None:
        room = self.rooms[wish.conversation_id]
        members = [
            pb.Member(user_id=one, role=pb.ROLE_MEMBER, state=pb.MEMBER_STATE_JOINED, read_seq=room.read.get(one, 0))
            for one in room.members
        ]
        self._send(link, request, member_page=pb.MemberPage(members=members))

    def _get_users(self, link: _Link, request: int, wish: pb.GetUsers) -> None:
        wanted = [id_ for id_, name in PEOPLE.items() if id_ in wish.user_ids or name in wish.usernames]
        self._people(link, request, wanted)

    def _find_users(self, link: _Link, request: int, wish: pb.FindUsers) -> None:
        self._people(link, request, [id_ for id_, name in PEOPLE.items() if wish.query in name])

    def _people(self, link: _Link, request: int, ids: list[str]) -> None:
        users = [pb.User(user_id=id_, username=PEOPLE[id_]) for id_ in ids]
        self._send(link, request, user_page=pb.UserPage(users=users))

    def _watch_presence(self, link: _Link, request: int, wish: pb.WatchPresence) -> None:
        online = [pb.Presence(user_id=id_, state=pb.PRESENCE_STATE_ONLINE) for id_ in wish.user_ids if id_ != LIN]
        self._send(link, request, presence_page=pb.PresencePage(presences=online))

    def _list_online(self, link: _Link, request: int, _: object) -> None:
        online = [pb.Presence(user_id=id_, state=pb.PRESENCE_STATE_ONLINE) for id_ in (JULIET, ROMEO)]
        self._send(link, request, presence_page=pb.PresencePage(presences=online))

    def _get_server_info(self, link: _Link, request: int, _: object) -> None:
        self._send(link, request, server_info=pb.ServerInfo(name="Verona", version="0.1", node_id="node-1"))

    def _set_mark(self, link: _Link, request: int, wish: pb.SetMark) -> None:
        room = self.rooms[wish.conversation_id]
        room.read[self.me] = max(room.read.get(self.me, 0), wish.read_seq)
        self._send(link, request, done=pb.Done())

    def _submit(self, link: _Link, request: int, submit: pb.Submit) -> None:
        room = self.rooms[submit.conversation_id]
        stored = next((one for one in room.said if one.client_id == submit.client_id), None)
        answer = pb.Submitted(conversation_id=room.id, client_id=submit.client_id)
        if self.refusing:
            error = HubbubError(self.refusing)
            answer.status = pb.SUBMIT_STATUS_REJECTED
            answer.error.CopyFrom(pb.Error(code=error.code, message=error.message, retry=False))
        else:
            kind = submit.WhichOneof("action") or "message"
            if stored is None:
                seq = self._append(room.id, self.me, submit.client_id, **{kind: getattr(submit, kind)})
                stored = room.entry(seq)
            answer.status, answer.seq, answer.time_ms = pb.SUBMIT_STATUS_ACCEPTED, stored.seq, stored.time_ms
        self._send(link, request, submitted=answer)

    def _append(self, room_id: str, sender: str, client_id: str, **kind: Any) -> int:
        room = self.rooms[room_id]
        seq = room.head + 1
        entry = pb.Entry(
            conversation_id=room_id, seq=seq, time_ms=NOON_MS + seq, sender_id=sender, client_id=client_id, **kind
        )
        for file in (*entry.message.body.files, *entry.edit.body.files):
            if file.id in self.files:
                file.name, file.size_bytes = self.files[file.id][0], len(self.files[file.id][1])
        room.said.append(entry)
        target = next((body.target_seq for body in kind.values() if hasattr(body, "target_seq")), 0)
        if target:
            state = room.states.setdefault(target, state_of(room.entry(target)))
            if "edit" in kind:
                state.message.body.CopyFrom(entry.edit.body)
                state.edits += 1
            elif "recall" in kind:
                state.recalled = True
                state.message.ClearField("body")
            elif "pin" in kind:
                state.pinned = entry.pin.set
            elif entry.reaction.set:
                state.reactions.add(emoji=entry.reaction.emoji, count=1, user_ids=[sender], mine=sender == self.me)
        page = pb.EntryPage(conversation_id=room_id, from_seq=seq, to_seq=seq, as_of=seq, entries=[entry])
        self.push(entries=page)
        return seq
