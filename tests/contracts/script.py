"""What happens on the stage of the contract tests: conversations are made, people speak, edit, leave.

The plans are written by hand and as small as they can be: they follow the rules of the ports and decide nothing, so
that what is tested is the store.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable

import msgspec
from sqlalchemy import insert, update

from hubbub.base.clock import ManualClock
from hubbub.base.ids import NOBODY, SYSTEM_CONVERSATION
from hubbub.chat.model import (
    MAX_SEQ,
    Action,
    Body,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    Created,
    Edit,
    Entry,
    MemberAction,
    MemberChange,
    MemberRow,
    MemberState,
    MessageRow,
    Pin,
    Post,
    React,
    ReactionRow,
    Recall,
    UserRow,
)
from hubbub.chat.ports import Changes, ChatStore, Committed, Facts, Needs, NewEntry, StoredUserKey
from hubbub.storage.database import Database
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import outbox


class Ids:
    """Gives ids, each once until it begins anew."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def begin_anew(self) -> None:
        """Give the same ids again, in the same order."""
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"{next(self._numbers):032x}".replace("0", "c", 1)


an_id = Ids()
"""Returns an id no other call returned."""


def person(name: str) -> str:
    """Return the id of somebody, the same for the same name."""
    return name.encode().hex().ljust(32, "0")[:32]


ANNA, BEN, CLEO, DORA = map(person, ("anna", "ben", "cleo", "dora"))


def digest(action: Action) -> bytes:
    return hashlib.blake2b(repr(action).encode("utf-8", "surrogatepass"), digest_size=8).digest()


class Script:
    """Acts on a store."""

    def __init__(self, store: ChatStore, clock: ManualClock, db: Database | None = None) -> None:
        self.store = store
        self.clock = clock
        self.db = db

    async def time_passes(self, seconds: float) -> None:
        """Let it be later, also by the clock of a database that nobody can turn: what it stored becomes older."""
        self.clock.advance(seconds)
        if self.db is not None and self.db.shared:
            older = update(outbox).values(created_ms=outbox.c.created_ms - round(seconds * 1000))
            await self.db.write(lambda conn: conn.execute(older))

    # ------------------------------------------------------------ people

    async def there_is(self, *people: UserRow) -> None:
        """Make accounts exist."""
        for row in people:
            if isinstance(self.store, MemoryStore):
                self.store.add_user(row)
                continue
            assert self.db is not None
            values = {
                **msgspec.structs.asdict(row),
                "username_key": row.username.casefold(),
                "is_admin": False,
                "active": True,
                "password_hash": "",
                "auth_epoch": 0,
                "created_ms": 0,
                "last_seen_ms": 0,
                "welcomed": True,
            }
            await self.db.write(lambda conn, values=values: conn.execute(insert(users), values))  # type: ignore[misc]

    # ------------------------------------------------------------ conversations

    async def make(
        self,
        *people: str,
        kind: ConversationKind = ConversationKind.GROUP,
        title: str = "stage",
        id_: str = "",
        history: bool = True,
    ) -> str:
        """Make a conversation of these people, the first its owner; return its id."""
        id_ = id_ or an_id()
        creator = people[0] if people else NOBODY
        action = Created(kind, title, people)

        def plan(facts: Facts) -> Changes:
            row = ConversationRow(
                id_,
                kind,
                title,
                head=1,
                last_time_ms=self.clock.now_ms(),
                member_count=len(people),
                members_version=1,
                created_by=creator,
                created_ms=self.clock.now_ms(),
                history_for_newcomers=history,
                peers=(min(people), max(people)) if kind is ConversationKind.DIRECT else None,
            )
            return Changes(
                entries=[NewEntry(Entry(id_, 1, row.last_time_ms, creator, an_id(), action), digest(action))],
                conversations=[row],
                members=[MemberRow(id_, user, intervals=((1, MAX_SEQ),)) for user in people],
            )

        await self.store.commit(Needs(conversations={id_}), plan)
        return id_

    async def make_system(self) -> str:
        return await self.make(kind=ConversationKind.SYSTEM, id_=SYSTEM_CONVERSATION)

    # ------------------------------------------------------------ entries

    async def act(
        self,
        id_: str,
        sender: str,
        action: Action,
        *,
        client_id: str = "",
        target_seq: int = 0,
        others: Iterable[str] = (),
        then: Callable[[Facts, Changes, int], None] | None = None,
    ) -> tuple[int, Committed]:
        """Append one entry; `then` adds to the changes.  Return its seq and what was committed."""
        key = (id_, sender, client_id or an_id())
        needs = Needs(
            conversations={id_},
            keys={key},
            members={(id_, sender), *((id_, other) for other in others)},
            messages={(id_, target_seq)} if target_seq else set(),
        )
        seq = 0

        def plan(facts: Facts) -> Changes:
            nonlocal seq
            changes = Changes()
            if key in facts.keys:
                seq = facts.keys[key].seq
                return changes
            conversation = facts.conversations[id_]
            conversation.head = seq = conversation.head + 1
            conversation.last_time_ms = max(conversation.last_time_ms, self.clock.now_ms())
            post = action if isinstance(action, Post) else None
            entry = Entry(id_, seq, conversation.last_time_ms, sender, key[2], action)
            changes.entries.append(
                NewEntry(
                    entry,
                    digest(action),
                    counts=post is not None and post.counts,
                    mention_all=post is not None and post.mention_all,
                    mentions=post.mentions if post else (),
                )
            )
            changes.conversations.append(conversation)
            if then is not None:
                then(facts, changes, seq)
            return changes

        committed = await self.store.commit(needs, plan)
        return seq, committed

    async def say(self, id_: str, sender: str, text: str = "hello", **more: object) -> int:
        """Post a message; return its seq."""
        post = Post(Body(text=text), **more)  # type: ignore[arg-type]
        return (await self.act(id_, sender, post, target_seq=post.thread_seq, then=_counts_reply))[0]

    async def edit(
        self,
        id_: str,
        sender: str,
        target_seq: int,
        text: str,
        mentions: tuple[str, ...] = (),
        mention_all: bool = False,
    ) -> int:
        action = Edit(target_seq, Body(text=text), mentions, mention_all)

        def then(facts: Facts, changes: Changes, seq: int) -> None:
            message = facts.messages[id_, target_seq]
            message.post = msgspec.structs.replace(
                message.post, body=action.body, mentions=mentions, mention_all=mention_all
            )
            message.edits += 1
            message.edited_ms = changes.entries[0].entry.time_ms
            changes.messages.append(message)
            changes.mentions_changed.append((id_, target_seq, mention_all, mentions))

        return (await self.act(id_, sender, action, target_seq=target_seq, then=then))[0]

    async def recall(self, id_: str, sender: str, target_seq: int) -> int:
        def then(facts: Facts, changes: Changes, seq: int) -> None:
            message = facts.messages[id_, target_seq]
            message.post = Post(Body(), withdrawn=True)
            message.recalled = True
            changes.messages.append(message)
            changes.mentions_changed.append((id_, target_seq, False, ()))

        return (await self.act(id_, sender, Recall(target_seq), target_seq=target_seq, then=then))[0]

    async def react(self, id_: str, user: str, target_seq: int, emoji: str, set_: bool = True) -> int:
        def then(facts: Facts, changes: Changes, seq: int) -> None:
            if set_:
                changes.reactions_set.append(ReactionRow(id_, target_seq, user, emoji, seq))
            else:
                changes.reactions_unset.append((id_, target_seq, user, emoji))

        return (await self.act(id_, user, React(target_seq, emoji, set_), then=then))[0]

    async def pin(self, id_: str, user: str, target_seq: int, set_: bool = True) -> int:
        def then(facts: Facts, changes: Changes, seq: int) -> None:
            message = facts.messages[id_, target_seq]
            message.pinned = set_
            changes.messages.append(message)

        return (await self.act(id_, user, Pin(target_seq, set_), target_seq=target_seq, then=then))[0]

    async def change(self, id_: str, user: str, action: ConversationChange) -> int:
        def then(facts: Facts, changes: Changes, seq: int) -> None:
            for name in ConversationChange.__struct_fields__:
                value = getattr(action, name)
                if value is not None:
                    setattr(changes.conversations[0], name, value)

        return (await self.act(id_, user, action, then=then))[0]

    # ------------------------------------------------------------ membership

    async def remove(self, id_: str, user: str, other: str, state: MemberState = MemberState.REMOVED) -> int:
        """Put somebody out; the entry that says so is the last they see."""

        def then(facts: Facts, changes: Changes, seq: int) -> None:
            row = facts.members[id_, other]
            row.state = state
            row.intervals = (*row.intervals[:-1], (row.intervals[-1][0], seq))
            changes.members.append(row)
            changes.conversations[0].member_count -= 1
            changes.conversations[0].members_version += 1

        action = MemberChange(MemberAction.REMOVE, (other,))
        return (await self.act(id_, user, action, others=[other], then=then))[0]

    async def add(self, id_: str, user: str, other: str) -> int:
        """Let somebody in; the entry that says so is the first they see."""

        def then(facts: Facts, changes: Changes, seq: int) -> None:
            row = facts.members.get((id_, other)) or MemberRow(id_, other)
            row.state = MemberState.JOINED
            row.intervals = (*row.intervals, (seq, MAX_SEQ))
            changes.members.append(row)
            changes.conversations[0].member_count += 1
            changes.conversations[0].members_version += 1

        action = MemberChange(MemberAction.ADD, (other,))
        return (await self.act(id_, user, action, others=[other], then=then))[0]

    async def join(self, id_: str, user: str, state: MemberState = MemberState.JOINED) -> Committed:
        """Join or leave a channel: no entry, only the member row."""

        def plan(facts: Facts) -> Changes:
            conversation = facts.conversations[id_]
            row = facts.members.get((id_, user)) or MemberRow(id_, user, state=MemberState.NONE)
            if state is MemberState.JOINED:
                first = 1 if conversation.history_for_newcomers else conversation.head + 1
                row.intervals = ((first, MAX_SEQ),)
                conversation.member_count += 1
            else:
                row.intervals = ((row.intervals[-1][0], conversation.head),)
                conversation.member_count -= 1
            row.state = state
            conversation.members_version += 1
            return Changes(conversations=[conversation], members=[row])

        return await self.store.commit(Needs(conversations={id_}, members={(id_, user)}), plan)

    async def touch(self, *keys: tuple[str, str]) -> Committed:
        """Write the member rows of these (conversation, user) again, so that their versions advance."""

        def plan(facts: Facts) -> Changes:
            return Changes(members=[facts.members[key] for key in keys])

        return await self.store.commit(Needs(conversations={key[0] for key in keys}, members=set(keys)), plan)

    async def facts(self, needs: Needs) -> Facts:
        """Return what a plan would see."""
        seen: list[Facts] = []

        def plan(facts: Facts) -> Changes:
            seen.append(facts)
            return Changes()

        await self.store.commit(needs, plan)
        return seen[0]

    async def use_key(self, user: str, client_id: str, key: StoredUserKey) -> None:
        await self.store.commit(
            Needs(user_keys={(user, client_id)}), lambda _: Changes(user_keys=[(user, client_id, key)])
        )

    # ------------------------------------------------------------ looking

    async def texts(self, user: str, id_: str) -> list[str]:
        """Return the words of every message a person's log has."""
        page = await self.store.entries(user, id_, 0, 1000)
        return [entry.action.body.text for entry in page.entries if isinstance(entry.action, Post)]

    async def counts(self, user: str, id_: str) -> tuple[int, int]:
        """Return (unread, mentions)."""
        state = await self.store.conversation(user, id_)
        return state.unread, state.mentions


def _counts_reply(facts: Facts, changes: Changes, seq: int) -> None:
    """Count a message of a thread at the message that opened it."""
    for (_, target_seq), message in facts.messages.items():
        if isinstance(message, MessageRow) and target_seq != seq:
            message.thread_replies += 1
            message.thread_last_seq = seq
            changes.messages.append(message)
