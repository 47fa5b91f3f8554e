"""The rows a store would hold, without a store: enough to try the rules as pure functions."""

from __future__ import annotations

from copy import deepcopy
from itertools import count

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION, direct_id
from hubbub.chat import checks, rules
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    Accepted,
    Action,
    Body,
    Caller,
    ConversationKind,
    ConversationRow,
    Entry,
    MemberRow,
    MemberState,
    MessageRow,
    Post,
    ReactionRow,
    Submit,
)
from hubbub.chat.ports import Changes, EntriesAppended, Facts, Needs, StoredKey, StoredUserKey
from hubbub.chat.rules import Command, Create, Establish, OpenDirect, Outcome, Plan, Send, Settled

NOW = 1_700_000_000_000

_numbers = count(1)


def person(number: int) -> str:
    """Return the id of the n-th person of a test."""
    return f"{number:032x}".replace("0", "a", 1)


ANNA, BEN, CLEO, DORA = (person(number) for number in range(101, 105))


def fresh_id() -> str:
    """Return an id no other call returned."""
    return f"{next(_numbers):032x}".replace("0", "c", 1)


def text(words: str = "hello", **more: object) -> Post:
    """Return a plain message."""
    return Post(Body(text=words), **more)  # type: ignore[arg-type]


class World:
    """Rows in dictionaries, changed by plans as a store would change them."""

    def __init__(self, *people: str) -> None:
        self.people = set(people or (ANNA, BEN, CLEO, DORA))
        self.now_ms = NOW
        self.conversations: dict[str, ConversationRow] = {}
        self.keys: dict[tuple[str, str, str], StoredKey] = {}
        self.user_keys: dict[tuple[str, str], StoredUserKey] = {}
        self.members: dict[tuple[str, str], MemberRow] = {}
        self.messages: dict[tuple[str, int], MessageRow] = {}
        self.reactions: dict[tuple[str, int, str, str], ReactionRow] = {}
        self.log: dict[str, list[Entry]] = {}
        self.last: Plan

    # ------------------------------------------------------------ running

    def load(self, needs: Needs) -> Facts:
        """Return the rows that are needed, copied as a database would."""
        audiences = {}
        for each in needs.conversations & self.conversations.keys():
            joined = self.joined(each)
            if len(joined) <= SMALL_AUDIENCE:
                audiences[each] = joined
        return deepcopy(
            Facts(
                conversations={key: self.conversations[key] for key in needs.conversations & self.conversations.keys()},
                keys={key: self.keys[key] for key in needs.keys & self.keys.keys()},
                user_keys={key: self.user_keys[key] for key in needs.user_keys & self.user_keys.keys()},
                members={key: self.members[key] for key in needs.members & self.members.keys()},
                messages={key: self.messages[key] for key in needs.messages & self.messages.keys()},
                users=needs.users & self.people,
                audiences=audiences,
            )
        )

    def run(self, *commands: Command) -> list[Outcome]:
        """Decide one batch and store what comes of it."""
        plan = self.last = rules.plan(commands, self.load(rules.needs(commands)), self.now_ms)
        self.store(plan.changes)
        return plan.outcomes

    @property
    def told(self) -> list[EntriesAppended]:
        """The entries of the last batch as they are told."""
        return [event for event in self.last.appended if isinstance(event, EntriesAppended)]

    def store(self, changes: Changes) -> None:
        """Write what a plan says, in the order of its fields."""
        changes = deepcopy(changes)
        for new in changes.entries:
            entry = new.entry
            self.log.setdefault(entry.conversation_id, []).append(entry)
            self.keys[entry.conversation_id, entry.sender_id, entry.client_id] = StoredKey(
                entry.seq, entry.time_ms, new.digest
            )
            if isinstance(entry.action, Post):
                self.messages[entry.conversation_id, entry.seq] = MessageRow(
                    entry.conversation_id, entry.seq, entry.time_ms, entry.sender_id, entry.client_id, entry.action
                )
        self.conversations.update({row.id: row for row in changes.conversations})
        self.members.update({(row.conversation_id, row.user_id): row for row in changes.members})
        self.messages.update({(row.conversation_id, row.seq): row for row in changes.messages})
        for key in changes.reactions_unset:
            self.reactions.pop(key, None)
        for row in changes.reactions_set:
            self.reactions.setdefault((row.conversation_id, row.target_seq, row.user_id, row.emoji), row)
        for user_id, client_id, stored in changes.user_keys:
            self.user_keys[user_id, client_id] = stored

    def does(
        self,
        who: str,
        conversation_id: str,
        action: Action,
        *,
        client_id: str = "",
        after: str = "",
        admin: bool = False,
    ) -> Accepted | Code:
        """Submit one command in a batch of its own; return what was accepted, or why it was refused."""
        return answer(self.run(command(who, conversation_id, action, client_id=client_id, after=after, admin=admin))[0])

    # ------------------------------------------------------------ scenery

    def joined(self, conversation_id: str) -> tuple[str, ...]:
        """Return who is in a conversation now."""
        return tuple(
            sorted(
                user_id
                for (each, user_id), row in self.members.items()
                if each == conversation_id and row.state is MemberState.JOINED
            )
        )

    def group(
        self,
        owner: str,
        *others: str,
        kind: ConversationKind = ConversationKind.GROUP,
        history_for_newcomers: bool = True,
    ) -> str:
        """Make a group or a channel."""
        made = self.run(
            Create(Caller(owner), fresh_id(), fresh_id(), kind, "The group", "", others, history_for_newcomers)
        )[0]
        assert isinstance(made, Settled), made
        return made.conversation_id

    def direct(self, one: str, other: str) -> str:
        """Open a direct chat."""
        made = self.run(OpenDirect(Caller(one), other, direct_id(one, other)))[0]
        assert isinstance(made, Settled), made
        return made.conversation_id

    def system(self) -> str:
        """Make the announcements conversation."""
        self.run(Establish(SYSTEM_CONVERSATION, ConversationKind.SYSTEM, "Announcements"))
        return SYSTEM_CONVERSATION


def command(
    who: str, conversation_id: str, action: Action, *, client_id: str = "", after: str = "", admin: bool = False
) -> Send:
    """Return a checked submit."""
    submit = checks.submit(Submit(conversation_id, client_id or fresh_id(), action, after))
    return Send.of(Caller(who, is_admin=admin), submit)


def answer(outcome: Outcome) -> Accepted | Code:
    """Return the acceptance, or the code of the refusal."""
    if isinstance(outcome, ChatError):
        return outcome.code
    assert isinstance(outcome, Accepted), outcome
    return outcome
