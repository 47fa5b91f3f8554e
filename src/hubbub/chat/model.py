"""The nouns of chat: what an entry says, and what the rows behind it hold.

These are plain values.  They know no encoding and no database; adapters turn them into frames and rows.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.chat.contacts import Contact
from hubbub.chat.reminders import Reminder
from hubbub.chat.rights import OwnRole

MAX_SEQ = 2**63 - 1
"""Stands for "no end" in an interval."""

AS_THE_PLACE = -1
"""Messages of a conversation are kept as long as the setting of the place says."""

UNREAD_CAP = 100
"""Counts are exact below this; at it they mean "more than 99"."""

SMALL_AUDIENCE = 16
"""Up to this many members, entries are addressed to people; above, to the conversation."""

RECEIPTS_LIMIT = 100
"""Up to this many members, each person's marks are shown to the others."""


class ConversationKind(IntEnum):
    """The numbers are those of the wire."""

    DIRECT = 1
    GROUP = 2
    CHANNEL = 3
    SYSTEM = 4


class Role(IntEnum):
    NONE = 0
    MEMBER = 1
    ADMIN = 2
    OWNER = 3


class MemberState(IntEnum):
    NONE = 0
    JOINED = 1
    LEFT = 2
    REMOVED = 3
    BANNED = 4


class MemberAction(IntEnum):
    ADD = 1
    JOIN = 2
    LEAVE = 3
    REMOVE = 4
    BAN = 5
    UNBAN = 6
    ROLE = 7
    TRANSFER = 8
    MUTE = 9


# ---------------------------------------------------------------- what an entry says


class FileRef(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A file that a message brings.  All but `id` are the server's."""

    id: str
    name: str = ""
    type: str = ""
    """Media type, by what the bytes say."""
    size_bytes: int = 0
    width: int = 0
    """Of pictures that were understood."""
    height: int = 0
    preview: bool = False
    """There is a small picture of it."""


class Body(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The content of a message: text or a typed JSON value, and files."""

    text: str = ""
    custom_type: str = ""
    custom_json: str = ""
    fallback: str = ""
    files: tuple[FileRef, ...] = ()


class Forwarded(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Which message is passed on.

    A client names it by conversation and seq.  What is stored says who wrote it and when, and where only if that was a
    public channel: who reads it elsewhere is not told of conversations they are not in.
    """

    conversation_id: str = ""
    seq: int = 0
    sender_id: str = ""
    time_ms: int = 0


class Post(msgspec.Struct, frozen=True, tag="post", omit_defaults=True):
    """A message."""

    body: Body
    reply_to_seq: int = 0
    thread_seq: int = 0
    also_in_conversation: bool = False
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    withdrawn: bool = False
    forwarded: Forwarded | None = None
    """It says what another message said; the body is the server's."""

    @property
    def counts(self) -> bool:
        """Whether it adds to the unread count: a message only in a thread does not."""
        return self.thread_seq == 0 or self.also_in_conversation


class Edit(msgspec.Struct, frozen=True, tag="edit", omit_defaults=True):
    """A new body for a message.  The fields after `mention_all` are the server's."""

    target_seq: int
    body: Body
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    withdrawn: bool = False
    previous_mentions: tuple[str, ...] = ()
    previous_mention_all: bool = False
    target_sender_id: str = ""
    target_counts: bool = False


class Recall(msgspec.Struct, frozen=True, tag="recall", omit_defaults=True):
    """A message taken back.  All but `target_seq` are the server's."""

    target_seq: int
    target_sender_id: str = ""
    target_counts: bool = False
    target_mentions: tuple[str, ...] = ()
    target_mention_all: bool = False


class React(msgspec.Struct, frozen=True, tag="react", omit_defaults=True):
    target_seq: int
    emoji: str
    set: bool = True


class Pin(msgspec.Struct, frozen=True, tag="pin", omit_defaults=True):
    target_seq: int
    set: bool = True


class MemberChange(msgspec.Struct, frozen=True, tag="member", omit_defaults=True):
    action: MemberAction
    user_ids: tuple[str, ...] = ()
    role: Role = Role.NONE
    muted_until_ms: int = 0
    own_role: str = ""
    """With ROLE: the role of the conversation's own that they have in place of member; empty: none."""


class ConversationChange(msgspec.Struct, frozen=True, tag="change", omit_defaults=True):
    """Only the fields that are not None change."""

    title: str | None = None
    topic: str | None = None
    announcement: str | None = None
    history_for_newcomers: bool | None = None
    mute_all: bool | None = None
    slow_mode_s: int | None = None
    roles: tuple[OwnRole, ...] | None = None
    """All roles of its own, from now on."""
    keep_days: int | None = None
    """How long messages are kept from now on, see `ConversationRow`.  The server's."""
    kept_from: int | None = None
    """Nothing below this seq is there any more.  The server's."""


class Created(msgspec.Struct, frozen=True, tag="created", omit_defaults=True):
    """Always the entry with seq 1."""

    kind: ConversationKind
    title: str = ""
    user_ids: tuple[str, ...] = ()


class Dissolved(msgspec.Struct, frozen=True, tag="dissolved"):
    """The end of a conversation; it stays readable to its members."""


Action = Post | Edit | Recall | React | Pin | MemberChange | ConversationChange | Created | Dissolved


class Entry(msgspec.Struct, frozen=True, tag="entry"):
    """One durable change of one conversation."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    """`NOBODY` when the system wrote it."""
    client_id: str
    action: Action


# ---------------------------------------------------------------- commands and their outcome


class Caller(msgspec.Struct, frozen=True):
    """Who asks.  It is made from a verified token and from nothing else."""

    user_id: str
    device_id: str = ""
    is_admin: bool = False
    """Has the rights of an owner in public channels."""
    scopes: frozenset[str] = frozenset()
    announces: bool | None = None
    """May write announcements; None, from a node that knows no such difference: whoever `is_admin`."""
    muted_until_ms: int = 0
    """Until when they may not say anything anywhere, as whoever keeps accounts says."""


class Submit(msgspec.Struct, frozen=True):
    """One command inside one conversation; accepted, it becomes exactly one entry."""

    conversation_id: str
    client_id: str
    action: Action
    after: str = ""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """Stored and durable.  `repeated` when an earlier submit with this client_id had stored it."""

    seq: int
    time_ms: int
    repeated: bool = False


# A refusal is a `ChatError`; an outcome that cannot be known is a ChatError with `Code.UNKNOWN_OUTCOME`.


# ---------------------------------------------------------------- rows


class ConversationRow(msgspec.Struct):
    """A conversation as the database holds it."""

    id: str
    kind: ConversationKind
    title: str = ""
    topic: str = ""
    announcement: str = ""
    dissolved: bool = False
    history_for_newcomers: bool = True
    mute_all: bool = False
    slow_mode_s: int = 0
    head: int = 0
    """The highest seq given out."""
    last_time_ms: int = 0
    member_count: int = 0
    members_version: int = 0
    """Rises with every change to any member row that matters to sending or addressing, so that both can be cached."""
    created_by: str = ""
    created_ms: int = 0
    peers: tuple[str, str] | None = None
    """With DIRECT: the two people, sorted; the same person twice for notes to oneself."""
    barred: tuple[str, ...] = ()
    """With DIRECT: who of the two was blocked by the other.  Known only where the row is locked for writing."""
    roles: tuple[OwnRole, ...] = ()
    """Roles of its own."""
    keep_days: int = AS_THE_PLACE
    """For how many days messages are kept; 0: for ever; AS_THE_PLACE."""
    kept_from: int = 0
    """What is below this seq was kept long enough: nobody sees it any more.  It only grows."""


class MemberRow(msgspec.Struct):
    """One person's place in one conversation.  The row stays when the person leaves."""

    conversation_id: str
    user_id: str
    role: Role = Role.MEMBER
    state: MemberState = MemberState.JOINED
    intervals: tuple[tuple[int, int], ...] = ()
    """Sequence numbers this person may see, ascending and disjoint, both ends included; the last may end in MAX_SEQ."""
    read_seq: int = 0
    delivered_seq: int = 0
    muted_until_ms: int = 0
    last_sent_ms: int = 0
    """Kept only while slow mode is on."""
    version: int = 0
    """The person's version at the last change of this row."""
    own_role: str = ""
    """A member's role of the conversation's own; one that is there no more gives what any member has."""

    def may_see(self, seq: int) -> bool:
        """Whether entry `seq` lies within this person's membership."""
        return any(low <= seq <= high for low, high in self.intervals)


class MessageRow(msgspec.Struct):
    """A message in its current state."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    post: Post
    """With the current body and mentions; `withdrawn` and empty once recalled."""
    recalled: bool = False
    edits: int = 0
    edited_ms: int = 0
    pinned: bool = False
    thread_replies: int = 0
    thread_last_seq: int = 0


class ReactionRow(msgspec.Struct, frozen=True):
    conversation_id: str
    target_seq: int
    user_id: str
    emoji: str
    seq: int
    """The entry that set it; people are listed in this order."""


class ScheduledRow(msgspec.Struct, frozen=True):
    """A submit that waits for its time.  Its client_id makes the sending idempotent, so a crash cannot double it."""

    user_id: str
    submit: Submit
    due_ms: int
    error: str = ""
    """The code it was refused with when it came due; the row then stays until it is cancelled."""


class UserRow(msgspec.Struct, frozen=True):
    """What chat needs to know of a person."""

    id: str
    username: str
    display_name: str = ""
    signature: str = ""
    bot: bool = False
    avatar: str = ""
    """The file that shows them; empty: none."""


# ---------------------------------------------------------------- what is read


class EntryPage(msgspec.Struct, frozen=True):
    """Entries as appended, covering every seq in [from_seq, to_seq]; absent ones are withheld or erased."""

    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    entries: tuple[Entry, ...]
    reset: bool = False


class ReactionCount(msgspec.Struct, frozen=True):
    emoji: str
    count: int
    user_ids: tuple[str, ...]
    mine: bool = False


class MessageState(msgspec.Struct, frozen=True, tag="message"):
    """A message as shown on a page."""

    message: MessageRow
    reactions: tuple[ReactionCount, ...] = ()


class HistoryPage(msgspec.Struct, frozen=True):
    """Messages in their current state `as_of` a head, covering [from_seq, to_seq]."""

    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    items: tuple[MessageState | Entry, ...]
    more_before: bool
    more_after: bool


class Revision(msgspec.Struct, frozen=True):
    seq: int
    time_ms: int
    body: Body


class Notify(IntEnum):
    """What one wants to be told of a conversation."""

    DEFAULT = 0
    ALL = 1
    MENTIONS = 2
    NOTHING = 3


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wrote and has not sent."""

    text: str = ""
    reply_to_seq: int = 0
    time_ms: int = 0
    thread_seq: int = 0
    """The thread it is to go into; 0: none."""


THREAD_DRAFTS = 20
THREAD_DRAFT_BYTES = 64 * 1024
"""How many drafts of threads are kept in one conversation, and how much text they have together."""


class Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one person keeps of a conversation for themselves."""

    pinned: bool = False
    archived: bool = False
    marked_unread: bool = False
    muted_until_ms: int = 0
    folder: str = ""
    notify: Notify = Notify.DEFAULT
    draft: Draft | None = None
    thread_drafts: tuple[Draft, ...] = ()
    """One for each thread, lowest first."""


class OwnChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """Only what is not None changes; a draft without text takes the draft away."""

    pinned: bool | None = None
    archived: bool | None = None
    marked_unread: bool | None = None
    muted_until_ms: int | None = None
    folder: str | None = None
    notify: Notify | None = None
    draft: Draft | None = None
    thread_draft: Draft | None = None
    """That of one thread; those of others stay."""

    def applied(self, own: Own, now_ms: int) -> Own:
        """Return what is kept after the change.

        Raises RATE_LIMITED and TEXT_TOO_LONG for more drafts of threads than are kept.
        """
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        if (begun := given.pop("thread_draft", None)) is not None:
            kept = msgspec.structs.replace(begun, time_ms=now_ms)
            given["thread_drafts"] = _with_thread_draft(own.thread_drafts, kept)
        if self.draft is not None:
            kept = msgspec.structs.replace(self.draft, time_ms=now_ms)
            given["draft"] = kept if self.draft.text else None
        return msgspec.structs.replace(own, **given)


def _with_thread_draft(before: tuple[Draft, ...], begun: Draft) -> tuple[Draft, ...]:
    others = [one for one in before if one.thread_seq != begun.thread_seq]
    if not begun.text:
        return tuple(others)
    if len(others) >= THREAD_DRAFTS:
        raise ChatError(Code.RATE_LIMITED, f"At most {THREAD_DRAFTS} drafts of threads are kept.")
    drafts = sorted([*others, begun], key=lambda one: one.thread_seq)
    if sum(len(one.text.encode()) for one in drafts) > THREAD_DRAFT_BYTES:
        raise ChatError(Code.TEXT_TOO_LONG, "The drafts of threads are too long together.")
    return tuple(drafts)


class OwnSet(msgspec.Struct, frozen=True):
    """A change of what one keeps, stored."""

    version: int
    """The person's new version."""
    outbox_id: int


class ConversationState(msgspec.Struct, frozen=True):
    """A conversation as one person sees it, all read in one snapshot."""

    conversation: ConversationRow
    """`head` is the `as_of` of everything here; for someone who left, it is the end of what they may see."""
    member: MemberRow
    unread: int
    mentions: int
    last_message: MessageState | None = None
    own: Own = Own()
    join_requests: int = 0
    """How many people wait to be let in, for those who may answer them; exact up to 99, 100 means more."""


class UserState(msgspec.Struct, frozen=True):
    """One person's rows changed since a version, complete up to `version`."""

    since_version: int
    version: int
    conversations: tuple[ConversationState, ...]
    more: bool = False
    contacts: tuple[Contact, ...] = ()
    reminders: tuple[Reminder, ...] = ()


class Mark(msgspec.Struct, frozen=True, gc=False):
    user_id: str
    read_seq: int
    delivered_seq: int


class Have(msgspec.Struct, frozen=True, gc=False):
    """What a client says it holds of a conversation: everything up to `seq`."""

    conversation_id: str
    seq: int


class Listening(msgspec.Struct, frozen=True):
    """What one person hears of, read in one snapshot: enough to tell whether something was missed."""

    user_id: str
    version: int
    """The person's version: their rows may have changed if it is higher than what was told."""
    conversations: tuple[tuple[str, int, bool], ...]
    """(conversation, head, large) of everything they have joined, SYSTEM included; see `chat.ports.LogReader`."""


class Coming(msgspec.Struct, frozen=True):
    """Somebody whose client connects, and what it says it holds."""

    user_id: str
    since_version: int = 0
    have: tuple[tuple[str, int], ...] | None = None
    """(conversation, seq); None: it holds nothing that can be trusted."""


class Resumed(msgspec.Struct, frozen=True):
    """What a returning client is missing."""

    epoch: str
    reset: bool
    """Nothing the client holds can be trusted; the other fields are empty."""
    user_version: int
    states: UserState | None = None
    pages: tuple[EntryPage, ...] = ()


class Entered(msgspec.Struct, frozen=True):
    """What somebody who connects hears of, and what their client is missing."""

    listening: Listening
    resumed: Resumed
    """Read in the same snapshot or in a later one."""
