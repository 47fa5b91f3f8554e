"""The rows of one transaction while a batch of commands is decided over them.

Later commands of a batch see what earlier ones did, because both work on the same row objects and the same table of
keys.  Entries are grouped into runs that have one audience, so that nobody is told of an entry outside the membership:
a change of the audience ends a run.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Accepted,
    Action,
    Body,
    ConversationKind,
    ConversationRow,
    Entry,
    MemberRow,
    MemberState,
    MessageRow,
    Post,
    ReactionRow,
)
from hubbub.chat.ports import Changes, EntriesAppended, Facts, HeadsAnnounced, NewEntry, StoredKey, StoredUserKey

Audience = tuple[str, ...] | None


class Run(msgspec.Struct):
    """Consecutive entries of one conversation with one audience."""

    audience: Audience
    entries: list[Entry]


class Batch:
    """Facts that change while commands are decided, and the changes that come of it."""

    __slots__ = (
        "_conversations",
        "_files_shown",
        "_grown",
        "_members",
        "_mentions",
        "_messages",
        "_reactions",
        "_runs",
        "appended",
        "entries",
        "facts",
        "keeping_changed",
        "now_ms",
        "user_keys",
    )

    def __init__(self, facts: Facts, now_ms: int) -> None:
        self.facts = facts
        self.now_ms = now_ms
        self.entries: list[NewEntry] = []
        self.appended: list[EntriesAppended | HeadsAnnounced] = []
        self.user_keys: list[tuple[str, str, StoredUserKey]] = []
        self.keeping_changed: list[tuple[str, int, int]] = []
        self._runs: dict[str, Run] = {}
        self._files_shown: dict[tuple[str, int, str], None] = {}
        self._grown: dict[str, tuple[str, ...]] = {}
        self._conversations: dict[str, ConversationRow] = {}
        self._members: dict[tuple[str, str], MemberRow] = {}
        self._messages: dict[tuple[str, int], MessageRow] = {}
        self._mentions: dict[tuple[str, int], tuple[bool, tuple[str, ...]]] = {}
        self._reactions: dict[tuple[str, int, str, str], tuple[bool, ReactionRow | None]] = {}

    # ------------------------------------------------------------ time

    def moment(self, conversation: ConversationRow) -> int:
        """Return the time an entry would get now: it never runs backwards within a conversation."""
        now, last = self.now_ms, conversation.last_time_ms
        return now if now > last else last

    # ------------------------------------------------------------ entries

    def append(
        self,
        conversation: ConversationRow,
        key: tuple[str, str, str],
        action: Action,
        digest: bytes,
        counts: bool = False,
        mention_all: bool = False,
        mentions: tuple[str, ...] = (),
        *,
        quiet: bool = False,
    ) -> Accepted:
        """Give the next seq to an entry that nothing can refuse any more.

        A `quiet` one has the time of the one before: it makes the conversation none of those in which something
        happened.
        """
        conversation_id, sender_id, client_id = key
        seq = conversation.head = conversation.head + 1
        time_ms, last = self.now_ms, conversation.last_time_ms
        if time_ms > last and not quiet:
            conversation.last_time_ms = time_ms
        else:
            time_ms = last
        entry = Entry(conversation_id, seq, time_ms, sender_id, client_id, action)
        self.entries.append(NewEntry(entry, digest, counts, mention_all, mentions))
        self.facts.keys[key] = StoredKey(seq, time_ms, digest)
        run = self._runs.get(conversation_id)
        if run is None:
            self._conversations[conversation_id] = conversation
            self._runs[conversation_id] = Run(self._audience(conversation), [entry])
        else:
            run.entries.append(entry)
        return Accepted(seq, time_ms)

    def append_membership(
        self,
        conversation: ConversationRow,
        key: tuple[str, str, str],
        action: Action,
        digest: bytes,
        *,
        arrived: Iterable[str] = (),
        departed: Iterable[str] = (),
    ) -> Accepted:
        """Append an entry that changes who is in the conversation.

        Those who were in it and those who are now are told of this entry, the removed included; of later ones only
        those who are in it now.
        """
        conversation_id = conversation.id
        self._end_run(conversation_id)
        before = self._audience(conversation)
        accepted = self.append(conversation, key, action, digest)
        run = self._runs.pop(conversation_id)
        if before is None:
            # Large before; if it shrank, the next transaction finds the small audience again.
            self._tell(conversation_id, run.entries, None)
            return accepted
        arrivals = frozenset(arrived)
        after = (arrivals | frozenset(before)).difference(departed)
        self._tell(conversation_id, run.entries, tuple(sorted(arrivals.union(before))))
        if len(after) <= self.facts.small_audience:
            self.facts.audiences[conversation_id] = tuple(sorted(after))
        else:
            # Crossing the threshold: told to the people and to the conversation, so that neither route has a hole.
            self._grown[conversation_id] = tuple(sorted(after))
            self.facts.audiences.pop(conversation_id, None)
            self._tell(conversation_id, run.entries, None)
        return accepted

    def change_audience(
        self, conversation: ConversationRow, *, arrived: Iterable[str] = (), departed: Iterable[str] = ()
    ) -> None:
        """Note a change of membership that is no entry.

        Where it makes a conversation large, its people are told the head: from it their gateways learn that they must
        follow the conversation from now on, which no entry says.
        """
        self._end_run(conversation.id)
        before = self._audience(conversation)
        if before is None:
            return
        after = frozenset(before).union(arrived).difference(departed)
        if len(after) <= self.facts.small_audience:
            self.facts.audiences[conversation.id] = tuple(sorted(after))
        else:
            names = self._grown[conversation.id] = tuple(sorted(after))
            self.appended.append(HeadsAnnounced({conversation.id: conversation.head}, {conversation.id: names}))
            del self.facts.audiences[conversation.id]

    def _audience(self, conversation: ConversationRow) -> Audience:
        if conversation.kind is ConversationKind.SYSTEM:
            return None
        return self.facts.audiences.get(conversation.id)

    def _tell(self, conversation_id: str, entries: list[Entry], audience: Audience) -> None:
        self.appended.append(EntriesAppended(conversation_id, tuple(entries), audience))

    def _end_run(self, conversation_id: str) -> None:
        run = self._runs.pop(conversation_id, None)
        if run is not None:
            self._tell(conversation_id, run.entries, run.audience)

    # ------------------------------------------------------------ rows

    def touch(self, conversation: ConversationRow) -> None:
        """Write this conversation at the end."""
        self._conversations[conversation.id] = conversation

    def make(self, conversation: ConversationRow) -> None:
        """Add a conversation that did not exist."""
        self.facts.conversations[conversation.id] = conversation
        self.facts.audiences[conversation.id] = ()
        self._conversations[conversation.id] = conversation

    def member(self, conversation_id: str, user_id: str) -> MemberRow | None:
        """Return somebody's place, if there ever was one."""
        return self.facts.members.get((conversation_id, user_id))

    def place(self, conversation_id: str, user_id: str) -> MemberRow:
        """Return somebody's place, made on first use, to be changed and then given to `touch_member`."""
        row = self.facts.members.get((conversation_id, user_id))
        if row is None:
            row = MemberRow(conversation_id, user_id, state=MemberState.NONE)
        return row

    def touch_member(self, conversation: ConversationRow, row: MemberRow) -> None:
        """Write this place at the end; whoever caches members of the conversation forgets them."""
        key = (row.conversation_id, row.user_id)
        self.facts.members[key] = row
        self._members[key] = row
        conversation.members_version += 1
        self._conversations[conversation.id] = conversation

    def message(self, conversation_id: str, seq: int) -> MessageRow | None:
        """Return a message in its current state, one of this very batch included."""
        row = self.facts.messages.get((conversation_id, seq))
        if row is not None:
            return row
        for new in reversed(self.entries):
            entry = new.entry
            if entry.seq == seq and entry.conversation_id == conversation_id:
                if isinstance(entry.action, Post):
                    row = MessageRow(
                        conversation_id, seq, entry.time_ms, entry.sender_id, entry.client_id, entry.action
                    )
                    self.facts.messages[conversation_id, seq] = row
                return row
        return None

    def touch_message(self, row: MessageRow) -> None:
        """Write this message's state at the end."""
        self._messages[row.conversation_id, row.seq] = row

    def mention(self, row: MessageRow, mention_all: bool, user_ids: tuple[str, ...]) -> None:
        """Replace the mentions of a message."""
        self._mentions[row.conversation_id, row.seq] = (mention_all, user_ids)

    def files(self, user_id: str, body: Body) -> Body:
        """Return the body with what is known of its files.

        Raises FILE_NOT_FOUND for one that is not this person's to show.
        """
        if not body.files:
            return body
        known = [self.facts.files.get((user_id, each.id)) for each in body.files]
        found = tuple([each for each in known if each is not None])
        if len(found) < len(known):
            raise ChatError(Code.FILE_NOT_FOUND)
        return msgspec.structs.replace(body, files=found)

    def show_files(self, conversation_id: str, seq: int, body: Body) -> None:
        """Give the files of a message to whoever may see it."""
        self._files_shown.update(dict.fromkeys([(conversation_id, seq, each.id) for each in body.files]))

    def react(self, row: ReactionRow) -> None:
        """Set a reaction; setting it twice keeps its first place."""
        key = (row.conversation_id, row.target_seq, row.user_id, row.emoji)
        cleared, current = self._reactions.get(key, (False, None))
        self._reactions[key] = (cleared, current or row)

    def unreact(self, key: tuple[str, int, str, str]) -> None:
        """Take a reaction back."""
        self._reactions[key] = (True, None)

    # ------------------------------------------------------------ the end

    def changes(self) -> Changes:
        """Return what to write, and finish `appended`."""
        for conversation_id in list(self._runs):
            self._end_run(conversation_id)
        return Changes(
            entries=self.entries,
            conversations=list(self._conversations.values()),
            members=list(self._members.values()),
            messages=list(self._messages.values()),
            reactions_set=[row for _, row in self._reactions.values() if row is not None],
            reactions_unset=[key for key, (cleared, _) in self._reactions.items() if cleared],
            mentions_changed=[(*key, *value) for key, value in self._mentions.items()],
            files_shown=list(self._files_shown),
            user_keys=self.user_keys,
            keeping_changed=self.keeping_changed,
            audiences={row.id: self._grown.get(row.id, self._audience(row)) for row in self._conversations.values()},
        )
