"""Reading the memory store: the loops that say what SQL's statements mean."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

from hubbub.auth.names import name_key
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id, parse_id
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    UNREAD_CAP,
    Action,
    Coming,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    ConversationState,
    Created,
    Dissolved,
    Edit,
    Entry,
    EntryPage,
    HistoryPage,
    Listening,
    MemberRow,
    MemberState,
    MessageRow,
    MessageState,
    Own,
    Post,
    ReactionCount,
    ReactionRow,
    Revision,
    UserRow,
    UserState,
)
from hubbub.storage.bounds import LOOK_BACK, REACTORS_SHOWN, WINDOW
from hubbub.storage.chat.invites import may_answer
from hubbub.storage.chat.rows import SHOWN_KINDS, fold_title, kind_of
from hubbub.storage.chat.sight import (
    EVERYTHING,
    Spans,
    as_of_end,
    as_visitor,
    clip,
    end_of,
    implicit_member,
    is_over,
    kept,
    message_at_end,
    seq_before,
    within,
)
from hubbub.storage.memory.tables import EVERYBODY, MemoryTables, Seen

_Pair = tuple[ConversationRow, MemberRow]


class MemoryReader:
    """The reading half of `MemoryStore`."""

    def __init__(self, small_audience: int = SMALL_AUDIENCE) -> None:
        self._tables = MemoryTables(small_audience)
        self._epoch = new_id()

    async def epoch(self) -> str:
        return self._epoch

    # ------------------------------------------------------------ the log

    async def entries(self, user_id: str, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        seen = self._tables.look(user_id, conversation_id)
        return self._page(user_id, conversation_id, seen.spans, seen.end, after_seq, limit)

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        conversation = self._tables.conversations.get(conversation_id)
        if conversation is None:
            raise ChatError(Code.CONVERSATION_NOT_FOUND)
        spans = kept(conversation, EVERYTHING)
        return self._page("", conversation_id, spans, conversation.head, after_seq, limit)

    def _page(
        self, user_id: str, conversation_id: str, spans: Spans, end: int, after_seq: int, limit: int
    ) -> EntryPage:
        log = self._tables.log[conversation_id]
        found = [log[seq].entry for seq in range(after_seq + 1, end + 1) if within(spans, seq) and seq in log]
        to_seq = max(end, after_seq)
        if len(found) >= limit:
            found = found[:limit]
            to_seq = found[-1].seq
        shown = [entry for entry in found if (user_id, conversation_id, entry.seq) not in self._tables.hidden]
        return EntryPage(conversation_id, after_seq + 1, to_seq, end, tuple(shown))

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        rows = self._tables.conversations
        return {id_: rows[id_].head for id_ in conversation_ids if id_ in rows}

    async def audience(self, user_id: str) -> list[tuple[str, int, bool]]:
        found = []
        for id_, conversation in sorted(self._tables.conversations.items()):
            member = self._tables.members.get((id_, user_id))
            if conversation.kind is ConversationKind.SYSTEM:
                found.append((id_, conversation.head, True))
            elif member is not None and member.state is MemberState.JOINED:
                large = (
                    conversation.member_count > self._tables.small_audience
                    or conversation.kind is ConversationKind.CHANNEL
                )
                found.append((id_, conversation.head, large))
        return found

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        versions = self._tables.versions
        return [Listening(name, versions.get(name, 0), tuple(await self.audience(name))) for name in user_ids]

    async def small_audience(self, conversation_id: str) -> tuple[str, ...] | None:
        conversation = self._tables.conversations.get(conversation_id)
        if conversation is None or conversation.kind is ConversationKind.SYSTEM:
            return None
        joined = self._tables.joined(conversation_id)
        return tuple(joined) if len(joined) <= self._tables.small_audience else None

    # ------------------------------------------------------------ history

    async def history(
        self,
        user_id: str,
        conversation_id: str,
        *,
        before_seq: int = 0,
        after_seq: int = 0,
        around_seq: int = 0,
        thread_seq: int = 0,
        limit: int,
    ) -> HistoryPage:
        seen = self._tables.look(user_id, conversation_id)
        if around_seq:
            older, first = self._backwards(seen, thread_seq, around_seq, limit - limit // 2)
            newer, last = self._forwards(seen, thread_seq, around_seq + 1, limit // 2)
            if limit == 1:
                newer, last = [], around_seq
            found = older + newer
        elif after_seq:
            found, last = self._forwards(seen, thread_seq, after_seq + 1, limit)
            first = after_seq + 1
        else:
            last = min(before_seq - 1, seen.end) if before_seq else seen.end
            found, first = self._backwards(seen, thread_seq, last, limit)
        last = max(min(last, seen.end), first - 1)
        return HistoryPage(
            conversation_id,
            from_seq=first,
            to_seq=last,
            as_of=seen.end,
            items=tuple(
                self._item(user_id, seen, seq)
                for seq in found
                if (user_id, conversation_id, seq) not in self._tables.hidden
            ),
            more_before=bool(seen.spans) and first > max(thread_seq, seen.spans[0][0]),
            more_after=last < seen.end,
        )

    def _backwards(self, seen: Seen, thread_seq: int, last: int, limit: int) -> tuple[list[int], int]:
        last = min(last, seen.end)
        floor = 1 if thread_seq else max(1, last - WINDOW + 1)
        found = [seq for seq in range(last, floor - 1, -1) if self._is_shown(seen, thread_seq, seq)][:limit]
        return found[::-1], found[-1] if len(found) == limit else floor

    def _forwards(self, seen: Seen, thread_seq: int, first: int, limit: int) -> tuple[list[int], int]:
        ceiling = seen.end if thread_seq else min(seen.end, first + WINDOW - 1)
        found = [seq for seq in range(first, ceiling + 1) if self._is_shown(seen, thread_seq, seq)][:limit]
        return found, found[-1] if found and len(found) == limit else ceiling

    def _is_shown(self, seen: Seen, thread_seq: int, seq: int) -> bool:
        stored = self._tables.log[seen.conversation.id].get(seq)
        if stored is None or not within(seen.spans, seq):
            return False
        action = stored.entry.action
        if thread_seq:
            return isinstance(action, Post) and thread_seq in (seq, action.thread_seq)
        return kind_of(action) in SHOWN_KINDS

    def _item(self, user_id: str, seen: Seen, seq: int) -> MessageState | Entry:
        message = self._tables.message(seen.conversation.id, seq)
        if message is None:
            return self._tables.log[seen.conversation.id][seq].entry
        return self._state_of(user_id, seen.conversation, seen.spans, message)

    def _state_of(self, user_id: str, conversation: ConversationRow, spans: Spans, message: MessageRow) -> MessageState:
        end = end_of(spans, self._tables.conversations[conversation.id].head)
        if end < self._tables.conversations[conversation.id].head:
            message = self._cut_message(spans, end, message)
        return MessageState(message, self._reactions(user_id, message, end))

    def _cut_message(self, spans: Spans, end: int, message: MessageRow) -> MessageRow:
        log = self._tables.log[message.conversation_id]
        original = log[message.seq].entry.action
        assert isinstance(original, Post)
        entries = [log[seq].entry for seq in sorted(log) if seq <= end]
        edits = [
            (entry.time_ms, entry.action)
            for entry in entries
            if isinstance(entry.action, Edit) and entry.action.target_seq == message.seq and within(spans, entry.seq)
        ]
        replies = [
            entry.seq for entry in entries if isinstance(entry.action, Post) and entry.action.thread_seq == message.seq
        ]
        if not message.thread_replies:
            replies = []
        if not message.edits:
            edits, original = [], message.post
        return message_at_end(message, original, edits, len(replies), max(replies, default=0))

    def _reactions(self, user_id: str, message: MessageRow, end: int) -> tuple[ReactionCount, ...]:
        by_emoji: dict[str, list[ReactionRow]] = {}
        for row in sorted(self._tables.reactions.values(), key=lambda row: (row.seq, row.user_id)):
            if (row.conversation_id, row.target_seq) == (message.conversation_id, message.seq) and row.seq <= end:
                by_emoji.setdefault(row.emoji, []).append(row)
        return tuple(
            ReactionCount(
                emoji,
                len(rows),
                tuple(row.user_id for row in rows[:REACTORS_SHOWN]),
                any(row.user_id == user_id for row in rows),
            )
            for emoji, rows in sorted(by_emoji.items(), key=lambda item: (item[1][0].seq, item[0]))
        )

    async def revisions(self, user_id: str, conversation_id: str, target_seq: int) -> list[Revision]:
        seen = self._tables.look(user_id, conversation_id)
        message = self._tables.message(conversation_id, target_seq)
        withheld = (user_id, conversation_id, target_seq) in self._tables.hidden
        if message is None or withheld or target_seq > seen.end or not within(seen.spans, target_seq):
            raise ChatError(Code.MESSAGE_NOT_FOUND)
        if message.recalled:
            raise ChatError(Code.MESSAGE_RECALLED)
        log = self._tables.log[conversation_id]
        original = log[target_seq].entry.action
        assert isinstance(original, Post)
        found = [Revision(target_seq, message.time_ms, original.body)]
        for seq in sorted(log):
            entry = log[seq].entry
            if isinstance(entry.action, Edit) and entry.action.target_seq == target_seq and within(seen.spans, seq):
                found.append(Revision(seq, entry.time_ms, entry.action.body))
        return found

    async def pins(self, user_id: str, conversation_id: str, cursor: str, limit: int) -> tuple[list[MessageState], str]:
        before_seq = seq_before(cursor)
        seen = self._tables.look(user_id, conversation_id)
        if seen.end < seen.conversation.head:
            return [], ""
        log = self._tables.log[conversation_id]
        messages = [self._tables.message(conversation_id, seq) for seq in sorted(log, reverse=True) if seq < before_seq]
        pinned = [one for one in messages if one is not None and one.pinned and not one.recalled]
        shown = [
            self._state_of(user_id, seen.conversation, seen.spans, one)
            for one in pinned[:limit]
            if within(seen.spans, one.seq) and (user_id, conversation_id, one.seq) not in self._tables.hidden
        ]
        return shown, str(pinned[limit - 1].seq) if len(pinned) > limit else ""

    # ------------------------------------------------------------ conversations

    async def conversation(self, user_id: str, conversation_id: str) -> ConversationState:
        seen = self._tables.look(user_id, conversation_id)
        member = seen.member
        if member is None or member.state is MemberState.NONE:
            member = implicit_member(seen.conversation, user_id)
        return self._state(user_id, (seen.conversation, as_visitor(seen.conversation, member)))

    async def conversations(self, user_id: str, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        pairs = [
            pair
            for pair in self._pairs(user_id)
            if pair[1].state is MemberState.JOINED or pair[0].kind is ConversationKind.SYSTEM
        ]
        pairs.sort(key=lambda pair: (-pair[0].last_time_ms, pair[0].id))
        if cursor:
            try:
                time, last_id = cursor.split(".")
                position = (-int(time), parse_id(last_id))
            except ValueError:
                raise ChatError(Code.BAD_CURSOR) from None
            pairs = [pair for pair in pairs if (-pair[0].last_time_ms, pair[0].id) > position]
        states = [self._state(user_id, pair) for pair in pairs[:limit]]
        last = pairs[:limit][-1][0] if pairs else None
        return states, f"{last.last_time_ms}.{last.id}" if last and len(pairs) > limit else ""

    async def channels(self, user_id: str, query: str, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        found = [
            conversation
            for conversation in self._tables.conversations.values()
            if conversation.kind is ConversationKind.CHANNEL
            and not conversation.dissolved
            and fold_title(query) in fold_title(conversation.title)
        ]
        found.sort(key=lambda conversation: (fold_title(conversation.title), conversation.id))
        if cursor:
            names = [conversation.id for conversation in found]
            if cursor not in names:
                raise ChatError(Code.BAD_CURSOR)
            found = found[names.index(cursor) + 1 :]
        states = []
        for conversation in found[:limit]:
            row = copy.copy(conversation)
            member = self._tables.members.get((row.id, user_id)) or implicit_member(row, user_id)
            states.append(self._state(user_id, (row, as_visitor(row, copy.copy(member)))))
        return states, found[limit - 1].id if len(found) > limit else ""

    async def bans(self, conversation_id: str, cursor: str, limit: int) -> tuple[list[MemberRow], str]:
        try:
            after = parse_id(cursor) if cursor else ""
        except ValueError:
            raise ChatError(Code.BAD_CURSOR) from None
        found = [
            copy.copy(row)
            for (id_, user_id), row in sorted(self._tables.members.items())
            if id_ == conversation_id and row.state is MemberState.BANNED and user_id > after
        ]
        return found[:limit], found[limit - 1].user_id if len(found) > limit else ""

    async def members(
        self, user_id: str, conversation_id: str, cursor: str, limit: int
    ) -> tuple[int, list[MemberRow], str]:
        seen = self._tables.look(user_id, conversation_id)
        if is_over(seen.spans):
            raise ChatError(Code.NOT_A_MEMBER)
        try:
            after = parse_id(cursor) if cursor else ""
        except ValueError:
            raise ChatError(Code.BAD_CURSOR) from None
        names = [name for name in self._tables.joined(conversation_id) if name > after]
        rows = [copy.copy(self._tables.members[conversation_id, name]) for name in names[:limit]]
        if seen.conversation.kind is ConversationKind.DIRECT:
            for row in rows:
                if self._tables.has_blocked(row.user_id, user_id):
                    held = self._tables.held_marks[row.user_id, user_id]
                    row.read_seq, row.delivered_seq = min(row.read_seq, held[0]), min(row.delivered_seq, held[1])
        return seen.conversation.head, rows, names[limit - 1] if len(names) > limit else ""

    async def user_state(self, user_id: str, since_version: int, limit: int) -> UserState:
        changed = [pair for pair in self._pairs(user_id) if pair[1].version > since_version]
        changed.sort(key=lambda pair: (pair[1].version, pair[0].id))
        mine = [row for (owner, _), row in self._tables.contacts.items() if owner == user_id]
        known = sorted([row for row in mine if row.version > since_version], key=lambda row: (row.version, row.user_id))
        noted = [
            row for key, row in self._tables.reminders.items() if key[0] == user_id and row.version > since_version
        ]
        noted.sort(key=lambda row: (row.version, row.conversation_id, row.seq))
        newest = upto = self._tables.versions.get(user_id, 0)
        versions = sorted(
            [pair[1].version for pair in changed] + [row.version for row in known] + [row.version for row in noted]
        )
        more = len(versions) > limit
        if more:
            cut = versions[limit]
            upto = max([version for version in versions if version < cut], default=cut)
            changed = [pair for pair in changed if pair[1].version <= upto]
            known = [row for row in known if row.version <= upto]
            noted = [row for row in noted if row.version <= upto]
            more = upto < newest
        if since_version == 0:
            implicit = [
                pair
                for pair in self._pairs(user_id)
                if pair[0].kind is ConversationKind.SYSTEM and pair[1].version == 0
            ]
            changed = implicit + changed
        states = tuple(self._state(user_id, pair) for pair in changed)
        return UserState(since_version, upto, states, more, tuple(known), tuple(noted))

    async def resume(
        self, user_id: str, have: Sequence[tuple[str, int]], since_version: int, *, limit: int, state_limit: int
    ) -> tuple[UserState, list[EntryPage]]:
        state = await self.user_state(user_id, since_version, state_limit)
        pairs = {conversation.id: (conversation, member) for conversation, member in self._pairs(user_id, look_in=True)}
        pages = []
        for conversation_id, seq in sorted(dict(have).items()):
            if conversation_id not in pairs:
                continue
            conversation, member = pairs[conversation_id]
            end = end_of(member.intervals, conversation.head)
            spans = kept(conversation, member.intervals)
            missing = sum(last - first + 1 for first, last in clip(spans, seq + 1, end))
            if seq > conversation.head or missing > limit:
                pages.append(EntryPage(conversation_id, end + 1, end, end, (), reset=True))
            elif missing:
                pages.append(self._page(user_id, conversation_id, spans, end, seq, limit))
        return state, pages

    async def enter(
        self, coming: Coming, *, limit: int, state_limit: int
    ) -> tuple[Listening, UserState | None, list[EntryPage]]:
        (listening,) = await self.listening([coming.user_id])
        if coming.have is None:
            return listening, None, []
        state, pages = await self.resume(
            coming.user_id, coming.have, coming.since_version, limit=limit, state_limit=state_limit
        )
        return listening, state, pages

    def _pairs(self, user_id: str, *, look_in: bool = False) -> list[_Pair]:
        """Return every conversation this person has a row of, SYSTEM, and with `look_in` the open channels."""
        found: list[_Pair] = []
        for id_, conversation in sorted(self._tables.conversations.items()):
            member = self._tables.members.get((id_, user_id))
            open_to_all = conversation.kind is ConversationKind.SYSTEM or (
                look_in and conversation.kind is ConversationKind.CHANNEL
            )
            if member is not None or open_to_all:
                found.append((copy.copy(conversation), copy.copy(member) or implicit_member(conversation, user_id)))
        return found

    def _state(self, user_id: str, pair: _Pair) -> ConversationState:
        conversation, member = pair
        spans = member.intervals
        end = end_of(spans, conversation.head)
        log = self._tables.log[conversation.id]
        if end < conversation.head:
            conversation = self._cut_conversation(conversation, end)
        elif is_over(spans):
            conversation.member_count = 0
        unread = mentions = 0
        if member.state is MemberState.JOINED:
            for first, last in clip(spans, max(member.read_seq + 1, conversation.kept_from), end):
                for seq in range(first, last + 1):
                    stored = log[seq]
                    if stored.entry.sender_id != user_id:
                        unread += stored.counts and not stored.recalled
                        told = self._tables.mentions.get((conversation.id, seq), frozenset())
                        mentions += bool(told & {user_id, EVERYBODY})
        preview = None
        visible = clip(spans, max(1, conversation.kept_from), end)
        if visible:
            first, last = visible[-1]
            for seq in range(last, max(first, last - LOOK_BACK + 1) - 1, -1):
                stored = log[seq]
                is_post = isinstance(stored.entry.action, Post) and stored.counts and not stored.recalled
                if is_post and (user_id, conversation.id, seq) not in self._tables.hidden:
                    message = self._tables.message(conversation.id, seq)
                    assert message is not None
                    preview = self._state_of(user_id, conversation, spans, message)
                    break
        own = self._tables.own.get((conversation.id, user_id), Own())
        counts = min(unread, UNREAD_CAP), min(mentions, UNREAD_CAP)
        asked = len(self._tables.waiting(conversation.id)) if may_answer(conversation, member) else 0
        return ConversationState(conversation, member, *counts, preview, own, min(asked, UNREAD_CAP))

    def _cut_conversation(self, conversation: ConversationRow, end: int) -> ConversationRow:
        log = self._tables.log[conversation.id]
        actions = [(seq, log[seq].entry.action) for seq in sorted(log)]
        changed = [
            action for seq, action in actions if seq > end and isinstance(action, ConversationChange | Dissolved)
        ]
        earlier: list[Action] = [
            action for seq, action in reversed(actions) if seq <= end and isinstance(action, ConversationChange)
        ]
        if log and isinstance(log[1].entry.action, Created):
            earlier.append(log[1].entry.action)
        return as_of_end(conversation, end, log[end].entry.time_ms if end in log else 0, changed, earlier)

    # ------------------------------------------------------------ people

    async def users(self, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]:
        keys = {name_key(name) for name in usernames}
        return self._by_name(
            row for row in self._tables.users.values() if row.id in user_ids or name_key(row.username) in keys
        )

    async def find_users(self, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]:
        found = self._by_name(
            row
            for row in self._tables.users.values()
            if name_key(query) in name_key(row.username) or query.lower() in row.display_name.lower()
        )
        found = [row for row in found if not cursor or name_key(row.username) > cursor]
        return found[:limit], name_key(found[limit - 1].username) if len(found) > limit else ""

    def _by_name(self, rows: Iterable[UserRow]) -> list[UserRow]:
        return sorted(rows, key=lambda row: name_key(row.username))
