"""What chat needs from the world: a log to append to, a place to read from, a bus to tell others.

The write path has one shape for every command.  `rules` says which rows a batch needs (`Needs`); the store opens one
transaction, locks the conversations in id order, loads the rows (`Facts`) and hands them to a pure planning function,
which answers with the rows to write (`Changes`); the store writes them and commits.  So every rule is decided once,
inside the transaction, over rows that cannot change under it, and no store knows a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.chat.contacts import ContactStore
from hubbub.chat.invites import InviteStore
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    Coming,
    ConversationRow,
    ConversationState,
    Entry,
    EntryPage,
    FileRef,
    HistoryPage,
    Listening,
    Mark,
    MemberRow,
    MessageRow,
    MessageState,
    OwnChange,
    OwnSet,
    ReactionRow,
    Revision,
    ScheduledRow,
    UserRow,
    UserState,
)
from hubbub.chat.reminders import ReminderStore
from hubbub.chat.retention import RetentionStore
from hubbub.chat.search.found import Wanted

# ---------------------------------------------------------------- the write path


class Needs(msgspec.Struct):
    """The rows a batch of commands must see.  Naming a row that does not exist is no error: it is absent from Facts."""

    conversations: set[str] = msgspec.field(default_factory=set)
    """Locked `ORDER BY id FOR UPDATE` before anything else is read."""
    keys: set[tuple[str, str, str]] = msgspec.field(default_factory=set)
    """(conversation, sender, client_id) of this batch's submits and of their `after`."""
    user_keys: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """(user, client_id) of commands outside a conversation."""
    members: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """(conversation, user)."""
    messages: set[tuple[str, int]] = msgspec.field(default_factory=set)
    """(conversation, seq) of the messages the batch points at."""
    users: set[str] = msgspec.field(default_factory=set)
    """People who must exist and be active."""
    files: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """(user, file) of what these people want to show; locked, so that nothing sweeps them away meanwhile."""
    blocks: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """(blocker, blocked): whether the one has blocked the other.  In a private chat its row says it: `barred`."""
    held: set[str] = msgspec.field(default_factory=set)
    """Conversations of which it matters whether a legal hold is over them."""


class StoredKey(msgspec.Struct, frozen=True, gc=False):
    """What an idempotency key was used for."""

    seq: int
    time_ms: int
    digest: bytes
    """8 bytes over the normalised content; another digest under the same key is a conflict."""


class StoredUserKey(msgspec.Struct, frozen=True):
    """What a per-user key was used for: the conversation it made or changed."""

    digest: bytes
    conversation_id: str


class Facts(msgspec.Struct):
    """The rows a plan decides over.  The planner may change the row objects; they belong to it."""

    conversations: dict[str, ConversationRow]
    keys: dict[tuple[str, str, str], StoredKey]
    user_keys: dict[tuple[str, str], StoredUserKey]
    members: dict[tuple[str, str], MemberRow]
    messages: dict[tuple[str, int], MessageRow]
    users: set[str]
    audiences: dict[str, tuple[str, ...]]
    """The joined members of every needed conversation that is small, sorted; of others, absent."""
    files: dict[tuple[str, str], FileRef] = msgspec.field(default_factory=dict)
    """Those of `Needs.files` that are there and for this person: uploaded by them, or in a message they may see."""
    small_audience: int = SMALL_AUDIENCE
    """Up to how many members a conversation is small: told to its people one by one."""
    blocks: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """Those of `Needs.blocks` that are so."""
    held: set[str] = msgspec.field(default_factory=set)
    """Those of `Needs.held` that a legal hold is over: what was said in them stays, however old it is."""


class NewEntry(msgspec.Struct, frozen=True):
    """An entry to insert."""

    entry: Entry
    digest: bytes
    counts: bool = False
    """Whether it adds to unread counts: a message that is not only in a thread."""
    mention_all: bool = False
    mentions: tuple[str, ...] = ()
    """People who get a mention row (messages only; an edit's changes come as `mentions_changed`)."""


class Changes(msgspec.Struct):
    """What a plan writes.  Lists are in order; a row appears once, in its final state.

    They are written in the order of the fields: a message may be posted and edited, a reaction unset and set anew, in
    one plan.
    """

    entries: list[NewEntry] = msgspec.field(default_factory=list)
    conversations: list[ConversationRow] = msgspec.field(default_factory=list)
    """Inserted or updated."""
    members: list[MemberRow] = msgspec.field(default_factory=list)
    """Inserted or updated; each one's user advances by one version, and the row is stamped with it."""
    messages: list[MessageRow] = msgspec.field(default_factory=list)
    """Messages whose state differs from what their entry said.  `recalled` ones lose their body in the log as well,
    and so do their edits."""
    reactions_unset: list[tuple[str, int, str, str]] = msgspec.field(default_factory=list)
    """(conversation, target_seq, user, emoji); absent ones are no error."""
    reactions_set: list[ReactionRow] = msgspec.field(default_factory=list)
    """One that is set already keeps its row, and so its place in the list of people."""
    mentions_changed: list[tuple[str, int, bool, tuple[str, ...]]] = msgspec.field(default_factory=list)
    """(conversation, target_seq, mention_all, users): replaces the mention rows of a message; empty after a recall."""
    files_shown: list[tuple[str, int, str]] = msgspec.field(default_factory=list)
    """(conversation, seq, file): whoever may see the message may from now on have the file.  Recalling the message ends
    it; an edit leaves what was shown before."""
    user_keys: list[tuple[str, str, StoredUserKey]] = msgspec.field(default_factory=list)
    keeping_changed: list[tuple[str, int, int]] = msgspec.field(default_factory=list)
    """(conversation, days before, days from now on): what whoever runs the place has said, for the audit log."""
    audiences: dict[str, tuple[str, ...] | None] = msgspec.field(default_factory=dict)
    """Who hears of each conversation from now on; None: the conversation's own topic.  Where the plan made it large,
    the people in it, who must be told so once more.  Returned untouched."""


class Committed(msgspec.Struct):
    """What a commit gave out."""

    user_versions: dict[str, int]
    """The new version of every person with a row in `Changes.members`."""
    outbox_id: int
    """The outbox row that says what there is to tell; 0 when there is nothing."""


class Untold(msgspec.Struct, frozen=True):
    """An outbox row: what was committed, and perhaps never told."""

    id: int
    heads: dict[str, int]
    """The heads of the conversations with new entries."""
    people: dict[str, int]
    """The new versions of the people whose rows changed."""


class StoreError(ChatError):
    """The store could not do its work.

    A peer is told the code of its class and that sentence alone; `detail` names files and databases, and is for the
    log and the operator.
    """

    told: ClassVar[Code] = Code.UNAVAILABLE

    def __init__(self, *detail: object) -> None:
        super().__init__(self.told, retry_after_s=1.0 if self.told is Code.UNAVAILABLE else 0.0)
        self.detail = detail

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.detail))})"


class DataRefused(StoreError):
    """Some value of this batch cannot be stored: split the batch and try its parts."""

    told = Code.BAD_REQUEST


class OutcomeUnknown(StoreError):
    """The connection broke during COMMIT: run the batch again and let its keys decide."""

    told = Code.UNKNOWN_OUTCOME


class StoreBusy(StoreError):
    """A deadlock or lock time-out; nothing was stored; run the batch again."""


class StoreFull(StoreError):
    """The disk is full; nothing was stored."""

    told = Code.STORAGE_FULL


class StoreUnavailable(StoreError):
    """The database does not answer; nothing was stored."""


class LogWriter(Protocol):
    """The write path of the log."""

    async def commit(self, needs: Needs, plan: Callable[[Facts], Changes]) -> Committed:
        """Run `plan` over the rows `needs` names, write what it says, and commit durably.

        `plan` runs inside the transaction, possibly in another thread, and may run again if the transaction does.
        Calls made at the same time are serialised per conversation.  Nothing is stored when it raises, except with
        `OutcomeUnknown`.  An exception from `plan` rolls back and comes through unchanged.
        """

    async def set_marks(self, marks: Sequence[tuple[str, Mark]]) -> MarksRaised:
        """Raise (conversation, mark) rows to at least these values, durably; marks never fall.

        A mark of somebody who is not a joined member is skipped, one above the head is lowered to it.  For SYSTEM
        conversations the row is made on first use.
        """

    async def set_own(self, user_id: str, conversation_id: str, change: OwnChange) -> OwnSet:
        """Change what one person keeps of a conversation, durably.

        Raises NOT_A_MEMBER for one they have not joined, and as `LogReader` does; SYSTEM is everybody's.
        """

    async def hide(self, user_id: str, conversation_id: str, seq: int) -> None:
        """Withhold one entry from one person's pages for good.  Idempotent."""

    async def clear_outbox(self, outbox_id: int) -> None:
        """Forget an outbox row after all of it was told.  May be lost: the sweep then tells it again."""

    async def stale_outbox(self, older_than_ms: int, limit: int) -> list[Untold]:
        """Return outbox rows older than this by the store's own clock, oldest first."""


class MarkSet(msgspec.Struct, frozen=True):
    """A mark row after it rose, with the person's new version and counts as of `head`."""

    conversation_id: str
    mark: Mark
    user_version: int
    read_rose: bool = True
    """Whether the person's version advanced with it; a delivered mark alone advances nothing."""
    member_count: int = 0
    audience: tuple[str, ...] | None = None
    """Who may be told: the joined members if it is small, as read in the same transaction; where one of two people has
    blocked the other, only this one."""


class MarksRaised(msgspec.Struct, frozen=True):
    """What a transaction of marks changed."""

    rows: list[MarkSet]
    """Only those that rose."""
    outbox_id: int
    """The outbox row that names the people whose versions advanced; 0 when nobody's did."""


class ScheduleStore(Protocol):
    """Submits that wait for their time."""

    async def schedule(self, row: ScheduledRow, digest: bytes) -> bool:
        """Store it; False if its (user, conversation, client_id) was scheduled already with the same digest.

        Raises ChatError(CONFLICT) for another digest.
        """

    async def cancel(self, user_id: str, conversation_id: str, client_id: str) -> bool:
        """Forget a row; False when there is none, or `due` has returned it and it was not refused."""

    async def scheduled(self, user_id: str, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]:
        """Return a page of what can be cancelled, in due order, and the next cursor, empty at the end."""

    async def due(self, now_ms: int, limit: int) -> list[ScheduledRow]:
        """Return rows that are due and not refused, oldest first: they cannot be cancelled any more.

        Whoever gets them sends them.  They are returned again, to whichever node asks, until they are settled.
        """

    async def settle(self, row: ScheduledRow, error: str) -> None:
        """Delete it after it was sent (`error` empty), or keep it with the code it was refused with."""


# ---------------------------------------------------------------- reading


class LogReader(Protocol):
    """Snapshot reads.  Every method reads in one snapshot and withholds what lies outside the reader's membership.

    `user_id` is always the reader.  Methods that take a conversation raise ChatError(CONVERSATION_NOT_FOUND) if there
    is none and ChatError(NOT_A_MEMBER) if the reader has never been in it (CHANNEL: any reader may look, within the
    conversation's whole log; SYSTEM: everybody is a member from seq 1).  Limits are already within bounds.
    """

    async def epoch(self) -> str: ...

    async def entries(self, user_id: str, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """Return entries above `after_seq`, oldest first; `to_seq` is the head once the page reaches it.

        Recalled messages and their edits come `withdrawn`; hidden ones are absent.
        """

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """Return entries for a gateway's feed, whoever listens; membership is the feed's business."""

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]: ...

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
        """Return a page of messages in their current state and lines about the conversation, ascending by seq.

        Without a position it is the newest page.  Edits, recalls, reactions and pins are folded into their messages.
        `thread_seq` keeps the opening message of that thread and its replies.
        """

    async def revisions(self, user_id: str, conversation_id: str, target_seq: int) -> list[Revision]: ...

    async def pins(self, user_id: str, conversation_id: str, cursor: str, limit: int) -> tuple[list[MessageState], str]:
        """Return pinned messages, the newest first, and the next cursor; none to somebody who has left.

        A page may be short where something is withheld.
        """

    async def conversations(self, user_id: str, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        """Return the conversations this person is in, most recent first, SYSTEM included, and the next cursor."""

    async def conversation(self, user_id: str, conversation_id: str) -> ConversationState: ...

    async def channels(self, user_id: str, query: str, cursor: str, limit: int) -> tuple[list[ConversationState], str]:
        """Return public channels by title, whether joined or not."""

    async def members(
        self, user_id: str, conversation_id: str, cursor: str, limit: int
    ) -> tuple[int, list[MemberRow], str]:
        """Return (head, joined members by user id, next cursor).

        To somebody who was blocked the other's marks stand still where they stood then.
        """

    async def bans(self, conversation_id: str, cursor: str, limit: int) -> tuple[list[MemberRow], str]:
        """Return (banned people by user id, next cursor)."""

    async def user_state(self, user_id: str, since_version: int, limit: int) -> UserState: ...

    async def resume(
        self, user_id: str, have: Sequence[tuple[str, int]], since_version: int, *, limit: int, state_limit: int
    ) -> tuple[UserState, list[EntryPage]]:
        """Return in one snapshot the state rows changed since a version and the missing entries of what is held.

        Conversations whose head is what the client has are absent.  One that misses more than `limit` entries gets an
        empty page with `reset`.  Ones the reader may no longer see are cut at the end of the membership.
        """

    async def enter(
        self, coming: Coming, *, limit: int, state_limit: int
    ) -> tuple[Listening, UserState | None, list[EntryPage]]:
        """Return in one snapshot what this person hears of and, where their client holds something, see `resume`."""

    async def audience(self, user_id: str) -> list[tuple[str, int, bool]]:
        """Return (conversation, head, large) of every joined conversation; `large`: it has a feed of its own.

        Those are the ones that are not small, and every CHANNEL: joining one is no entry, so its members
        would not learn that it outgrew the small ones.
        """

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        """Return what each of these people hears of, with their versions, all in one snapshot."""

    async def small_audience(self, conversation_id: str) -> tuple[str, ...] | None:
        """Return the joined members if it is small, else None."""

    async def users(self, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]: ...

    async def find_users(self, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]:
        """Return active people whose username or display name contains `query`, by username."""

    async def search(self, user_id: str, wanted: Wanted, cursor: str, limit: int) -> tuple[list[MessageRow], str]:
        """Return messages in their current state, newest first, and the next cursor.

        Only what is within the reader's intervals and neither recalled nor hidden.  A page may be short, or empty, and
        still have a cursor: then the search goes on there.  What was stored a moment ago may not be found yet.
        """

    async def find_conversations(self, user_id: str, query: str, limit: int) -> list[ConversationState]:
        """Return conversations this person is in whose title, or whose other person's name, contains `query`.

        Most recent first; letter case, accents and widths do not matter.
        """


class SearchIndex(Protocol):
    """What makes messages findable, behind the log and beside it."""

    async def index(self, conversation_ids: Sequence[str], most: int) -> set[str]:
        """Take at most so many of the next entries into the index; return the conversations that are still behind.

        Any number of nodes may do it at once.
        """

    async def behind(self, after: str, limit: int) -> tuple[list[str], str]:
        """Look at so many conversations by id; return those with entries that are not in the index, and where to go on.

        Both strings are ids; empty is the beginning and the end.
        """


class ChatStore(
    LogWriter,
    LogReader,
    ScheduleStore,
    ReminderStore,
    SearchIndex,
    InviteStore,
    ContactStore,
    RetentionStore,
    Protocol,
):
    """Everything chat keeps."""


# ---------------------------------------------------------------- telling others


class EntriesAppended(msgspec.Struct, frozen=True):
    """Entries of one conversation, ascending and without a gap among themselves."""

    conversation_id: str
    entries: tuple[Entry, ...]
    audience: tuple[str, ...] | None
    """The people to tell, as read in the append's transaction; None: whoever follows the conversation."""


class UserChanged(msgspec.Struct, frozen=True):
    """Rows of one person changed; all that changed with `version`."""

    user_id: str
    state: UserState


class MarksMoved(msgspec.Struct, frozen=True):
    """Marks of people in a conversation of at most RECEIPTS_LIMIT members, merged."""

    conversation_id: str
    marks: tuple[Mark, ...]
    audience: tuple[str, ...] | None


class TypingChanged(msgspec.Struct, frozen=True):
    conversation_id: str
    user_id: str
    typing: bool
    audience: tuple[str, ...] | None


class HeadsAnnounced(msgspec.Struct, frozen=True):
    """Whoever follows these conversations and has pushed less than this fetches the rest."""

    heads: dict[str, int]
    audiences: dict[str, tuple[str, ...] | None]


RIGHTS_CHANGED = "token_expired"
"""The code of a `LoginEnded` that ends nothing: what the person may do changed, and is to be looked at again.

A node that does not know it ends the socket with that code, and the client comes again with a fresh token.
"""


class LoginEnded(msgspec.Struct, frozen=True):
    """Sockets of this person end now: all, or those of one device."""

    user_id: str
    device_id: str = ""
    code: str = "session_ended"


Event = EntriesAppended | UserChanged | MarksMoved | TypingChanged | HeadsAnnounced | LoginEnded


class Bus(Protocol):
    """Tells the other nodes, at most once; receivers recover from the log."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Offer events to the nodes that follow their people or conversations.

        Call it only after the transaction that stored what they speak of has committed.  Events of one publisher keep
        their order.  Returns when the bus has taken them (NATS: after a flush).
        """


class Topic(msgspec.Struct, frozen=True):
    """What a feed may follow: ("user", id), ("conversation", id) or ("all", "")."""

    scope: str
    id: str = ""


class Feed(Protocol):
    """One node's ear on the bus.  Its handler is called in the event loop and never blocks.

    A bus that may have lost something for this feed (it reconnected, it dropped what came too fast) says so by the
    `on_hole` the feed was made with; whoever listens then compares heads with the log.
    """

    async def follow(self, topics: Sequence[Topic]) -> None:
        """Return once every later publish on these topics will be heard (subscribe, flush, then read)."""

    async def unfollow(self, topics: Sequence[Topic]) -> None: ...
