"""A store in dicts, for tests and for reading.

It keeps every promise of the ports but durability, in the plainest way there is: a commit runs the plan and writes its
changes without awaiting anything, so no other task comes in between.  The contract suite holds it and SQL together.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from hubbub.auth.audit import Act, Deed
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.invites import JoinRequest, Waiting
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    ConversationKind,
    Edit,
    Entry,
    Mark,
    MemberRow,
    MemberState,
    Own,
    OwnChange,
    OwnSet,
    Post,
    ScheduledRow,
    UserRow,
)
from hubbub.chat.ports import (
    Changes,
    Committed,
    DataRefused,
    Facts,
    MarkSet,
    MarksRaised,
    Needs,
    NewEntry,
    StoredKey,
    Untold,
)
from hubbub.storage.chat.invites import answering
from hubbub.storage.chat.marks import merge_marks, raise_row
from hubbub.storage.chat.rows import encode, withdraw
from hubbub.storage.chat.sight import EVERYTHING
from hubbub.storage.file_store import ref_of
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.files import MemoryFiles
from hubbub.storage.memory.holds import MemoryHolds
from hubbub.storage.memory.retention import MemoryRetention
from hubbub.storage.memory.tables import EVERYBODY, LogRow


class MemoryStore(MemoryRetention):
    """A `chat.ports.ChatStore` that forgets everything when it goes."""

    def __init__(self, clock: Clock, *, small_audience: int = SMALL_AUDIENCE) -> None:
        super().__init__(small_audience)
        self._clock = clock
        self._outbox_id = 0
        self._audit: MemoryAudit | None = None
        self.files = MemoryFiles(self._tables)
        """The files that its messages show."""

    def add_user(self, row: UserRow) -> None:
        """Make a person exist and be active."""
        self._tables.users[row.id] = row

    # ------------------------------------------------------------ the log

    async def commit(self, needs: Needs, plan: Callable[[Facts], Changes]) -> Committed:
        changes = plan(self._facts(needs))
        self._refuse_bad(changes)
        tables = self._tables
        for new in changes.entries:
            self._append(new)
        for conversation in changes.conversations:
            tables.conversations[conversation.id] = replace(conversation, barred=())
        versions = self._advance({row.user_id for row in changes.members})
        for member in changes.members:
            member.version = versions[member.user_id]
            self._write_member(member)
        for message in changes.messages:
            tables.messages[message.conversation_id, message.seq] = copy.copy(message)
            if message.recalled:
                self._blank(message.conversation_id, message.seq)
                self._unshow(message.conversation_id, message.seq)
        for conversation_id, seq, file_id in changes.files_shown:
            tables.file_uses.add((file_id, conversation_id, seq))
            tables.files[file_id] = replace(tables.files[file_id], unused_ms=0)
        for key in changes.reactions_unset:
            tables.reactions.pop(key, None)
        for reaction in changes.reactions_set:
            where = (reaction.conversation_id, reaction.target_seq, reaction.user_id, reaction.emoji)
            tables.reactions.setdefault(where, reaction)
        for conversation_id, seq, mention_all, user_ids in changes.mentions_changed:
            self._mention(conversation_id, seq, mention_all, user_ids)
        for user_id, client_id, user_key in changes.user_keys:
            tables.user_keys[user_id, client_id] = user_key
        for id_, before, after in changes.keeping_changed:
            if self._audit is not None:
                self._audit.note(Deed(Act.RETENTION_CHANGED, id_, {"before": before, "after": after}))
        if not changes.entries and not versions:
            return Committed(versions, 0)
        heads = {new.entry.conversation_id: new.entry.seq for new in changes.entries}
        return Committed(versions, self._leave_outbox(heads, versions))

    def _leave_outbox(self, heads: dict[str, int], versions: dict[str, int]) -> int:
        self._outbox_id += 1
        row = Untold(self._outbox_id, heads, dict(versions))
        self._tables.outbox[self._outbox_id] = (self._clock.now_ms(), row)
        return self._outbox_id

    def _facts(self, needs: Needs) -> Facts:
        tables = self._tables
        rows = {id_: tables.locked(id_) for id_ in needs.conversations & tables.conversations.keys()}
        messages = {key: tables.message(*key) for key in needs.messages}
        audiences = {id_: tables.audience(row) for id_, row in rows.items()}
        return Facts(
            conversations=rows,
            keys={key: tables.keys[key] for key in needs.keys & tables.keys.keys()},
            user_keys={key: tables.user_keys[key] for key in needs.user_keys & tables.user_keys.keys()},
            members={key: copy.copy(tables.members[key]) for key in needs.members & tables.members.keys()},
            messages={key: message for key, message in messages.items() if message is not None},
            users=needs.users & tables.users.keys(),
            audiences={id_: audience for id_, audience in audiences.items() if audience is not None},
            files={key: ref_of(row) for key in needs.files if (row := tables.file(*key)) is not None},
            small_audience=tables.small_audience,
            held={id_ for id_ in needs.held if tables.under_hold(id_)},
            blocks={pair for pair in needs.blocks if tables.has_blocked(*pair)},
        )

    def _refuse_bad(self, changes: Changes) -> None:
        """Raise DataRefused for what a database would refuse, before anything is written."""
        keys: set[object] = set()
        for new in changes.entries:
            entry = new.entry
            key = (entry.conversation_id, entry.sender_id, entry.client_id)
            place = (entry.conversation_id, entry.seq)
            taken = key in self._tables.keys or entry.seq in self._tables.log[entry.conversation_id]
            if taken or key in keys or place in keys:
                raise DataRefused("an entry with this key or number exists")
            keys |= {key, place}
        try:
            for new in changes.entries:
                encode(new.entry.action)
                for id_ in (new.entry.conversation_id, new.entry.sender_id, new.entry.client_id):
                    if parse_id(id_) != id_:
                        raise ValueError("not an id")
            for row in changes.conversations:
                f"{row.title}{row.topic}{row.announcement}".encode()
            for reaction in changes.reactions_set:
                reaction.emoji.encode()
        except ValueError as error:
            raise DataRefused(str(error)) from error

    def _append(self, new: NewEntry) -> None:
        entry = new.entry
        self._tables.log[entry.conversation_id][entry.seq] = LogRow(entry, new.counts)
        key = (entry.conversation_id, entry.sender_id, entry.client_id)
        self._tables.keys[key] = StoredKey(entry.seq, entry.time_ms, new.digest)
        self._mention(entry.conversation_id, entry.seq, new.mention_all, new.mentions)

    def _mention(self, conversation_id: str, seq: int, mention_all: bool, user_ids: Sequence[str]) -> None:
        told = frozenset({*user_ids, EVERYBODY} if mention_all else user_ids)
        self._tables.mentions[conversation_id, seq] = told

    def _advance(self, user_ids: set[str]) -> dict[str, int]:
        versions = {user_id: self._tables.versions.get(user_id, 0) + 1 for user_id in sorted(user_ids)}
        self._tables.versions |= versions
        return versions

    def _write_member(self, row: MemberRow) -> None:
        """Write a copy in which marks have not fallen."""
        row = copy.copy(row)
        known = self._tables.members.get((row.conversation_id, row.user_id))
        if known is not None:
            row.read_seq = max(row.read_seq, known.read_seq)
            row.delivered_seq = max(row.delivered_seq, known.delivered_seq)
        self._tables.members[row.conversation_id, row.user_id] = row

    def _blank(self, conversation_id: str, target_seq: int) -> None:
        for seq, stored in self._tables.log[conversation_id].items():
            entry = stored.entry
            action = entry.action
            is_target = isinstance(action, Post) and seq == target_seq
            if is_target or (isinstance(action, Edit) and action.target_seq == target_seq):
                assert isinstance(action, Post | Edit)
                if not action.withdrawn and self._tables.is_held(conversation_id, entry.time_ms):
                    self._keep(entry, target_seq)
                stored.recalled = True
                stored.entry = Entry(
                    conversation_id, seq, entry.time_ms, entry.sender_id, entry.client_id, withdraw(action)
                )

    def _keep(self, entry: Entry, message_seq: int) -> None:
        """Copy a held entry that is about to be withdrawn, and keep the files of its message."""
        conversation_id = entry.conversation_id
        self._tables.copies[conversation_id, entry.seq] = (entry, message_seq)
        shown = {use for use in self._tables.file_uses if use[1:] == (conversation_id, message_seq)}
        self._tables.kept_files |= shown

    def _unshow(self, conversation_id: str, seq: int) -> None:
        uses = self._tables.file_uses
        ended = {use for use in uses if use[1:] == (conversation_id, seq)}
        uses -= ended
        for file_id in {use[0] for use in ended} - {use[0] for use in uses}:
            self._tables.files[file_id] = replace(self._tables.files[file_id], unused_ms=self._clock.now_ms())

    def legal_holds(self, audit: MemoryAudit) -> MemoryHolds:
        """Return the one store of holds over what is said here; what it remembers, `audit` remembers."""
        self._audit = audit
        return MemoryHolds(self._tables, self._clock, audit)

    async def clear_outbox(self, outbox_id: int) -> None:
        self._tables.outbox.pop(outbox_id, None)

    async def stale_outbox(self, older_than_ms: int, limit: int) -> list[Untold]:
        before_ms = self._clock.now_ms() - older_than_ms
        rows = sorted(self._tables.outbox.values(), key=lambda made: (made[0], made[1].id))
        return [row for made_ms, row in rows if made_ms <= before_ms][:limit]

    # ------------------------------------------------------------ marks

    async def set_marks(self, marks: Sequence[tuple[str, Mark]]) -> MarksRaised:
        tables = self._tables
        risen: list[MemberRow] = []
        read: set[tuple[str, str]] = set()
        for key, mark in merge_marks(marks).items():
            conversation = tables.conversations.get(key[0])
            if conversation is None:
                continue
            row = tables.members.get(key)
            if row is None and conversation.kind is ConversationKind.SYSTEM:
                row = MemberRow(*key, intervals=EVERYTHING)
            if row is None or row.state is not MemberState.JOINED:
                continue
            rose, read_rose = raise_row(row, mark, conversation.head)
            if rose:
                risen.append(row)
                tables.members[key] = row
            if read_rose:
                read.add(key)
        versions = self._advance({user_id for _, user_id in read})
        for row in risen:
            if (row.conversation_id, row.user_id) in read:
                row.version = versions[row.user_id]
        rows = [
            MarkSet(
                row.conversation_id,
                Mark(row.user_id, row.read_seq, row.delivered_seq),
                tables.versions.get(row.user_id, 0),
                read_rose=(row.conversation_id, row.user_id) in read,
                member_count=tables.conversations[row.conversation_id].member_count,
                audience=(row.user_id,)
                if tables.locked(row.conversation_id).barred
                else tables.audience(tables.conversations[row.conversation_id]),
            )
            for row in risen
        ]
        return MarksRaised(rows, self._leave_outbox({}, versions) if versions else 0)

    async def set_own(self, user_id: str, conversation_id: str, change: OwnChange) -> OwnSet:
        seen = self._tables.look(user_id, conversation_id)
        key = (conversation_id, user_id)
        if seen.conversation.kind is ConversationKind.SYSTEM:
            self._tables.members.setdefault(key, MemberRow(*key, intervals=EVERYTHING))
        elif seen.member is None or seen.member.state is not MemberState.JOINED:
            raise ChatError(Code.NOT_A_MEMBER)
        after = change.applied(self._tables.own.get(key, Own()), self._clock.now_ms())
        version = self._advance({user_id})[user_id]
        self._tables.own[key] = after
        self._tables.members[key].version = version
        self._outbox_id += 1
        untold = Untold(self._outbox_id, {}, {user_id: version})
        self._tables.outbox[self._outbox_id] = (self._clock.now_ms(), untold)
        return OwnSet(version, self._outbox_id)

    async def ask_to_join(self, request: JoinRequest) -> Waiting:
        self._tables.join_requests[request.conversation_id, request.user_id] = request
        return self._tell_answering(request.conversation_id)

    async def drop_requests(self, conversation_id: str, user_ids: Sequence[str]) -> Waiting | None:
        gone = [self._tables.join_requests.pop((conversation_id, user_id), None) for user_id in user_ids]
        return self._tell_answering(conversation_id) if any(gone) else None

    def _tell_answering(self, conversation_id: str) -> Waiting:
        conversation = self._tables.conversations[conversation_id]
        rows = [row for row in self._tables.members.values() if row.conversation_id == conversation.id]
        told = answering(conversation, [row for row in rows if row.state is MemberState.JOINED])
        versions = self._advance(set(told))
        for user_id, version in versions.items():
            self._tables.members[conversation.id, user_id].version = version
        self._outbox_id += 1
        self._tables.outbox[self._outbox_id] = (self._clock.now_ms(), Untold(self._outbox_id, {}, versions))
        return Waiting(versions, self._outbox_id)

    async def hide(self, user_id: str, conversation_id: str, seq: int) -> None:
        self._tables.hidden.add((user_id, conversation_id, seq))

    # ------------------------------------------------------------ the schedule

    async def schedule(self, row: ScheduledRow, digest: bytes) -> bool:
        key = _schedule_key(row)
        known = self._tables.scheduled.get(key)
        if known is None:
            self._tables.scheduled[key] = (row, digest)
            if isinstance(row.submit.action, Post):
                self.files.keep_until(row.user_id, [file.id for file in row.submit.action.body.files], row.due_ms)
            return True
        if known[1] != digest:
            raise ChatError(Code.CONFLICT)
        return False

    async def cancel(self, user_id: str, conversation_id: str, client_id: str) -> bool:
        key = (user_id, conversation_id, client_id)
        return key not in self._tables.sending and self._tables.scheduled.pop(key, None) is not None

    async def scheduled(self, user_id: str, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]:
        def place(row: ScheduledRow) -> tuple[int, str, str]:
            return row.due_ms, row.submit.conversation_id, row.submit.client_id

        waiting = [row for key, (row, _) in self._tables.scheduled.items() if key not in self._tables.sending]
        rows = sorted((row for row in waiting if row.user_id == user_id), key=place)
        if cursor:
            try:
                due_ms, conversation_id, client_id = cursor.split(".")
                after = (int(due_ms), parse_id(conversation_id), parse_id(client_id))
            except ValueError:
                raise ChatError(Code.BAD_CURSOR) from None
            rows = [row for row in rows if place(row) > after]
        following = ".".join(map(str, place(rows[limit - 1]))) if len(rows) > limit else ""
        return rows[:limit], following

    async def due(self, now_ms: int, limit: int) -> list[ScheduledRow]:
        rows = [row for row, _ in self._tables.scheduled.values() if not row.error and row.due_ms <= now_ms]
        rows.sort(key=lambda row: (row.due_ms, *_schedule_key(row)))
        self._tables.sending.update(map(_schedule_key, rows[:limit]))
        return rows[:limit]

    async def settle(self, row: ScheduledRow, error: str) -> None:
        self._tables.sending.discard(_schedule_key(row))
        known = self._tables.scheduled.pop(_schedule_key(row), None)
        if known is not None and error:
            refused = ScheduledRow(row.user_id, row.submit, known[0].due_ms, error)
            self._tables.scheduled[_schedule_key(row)] = (refused, known[1])


def _schedule_key(row: ScheduledRow) -> tuple[str, str, str]:
    return row.user_id, row.submit.conversation_id, row.submit.client_id
