"""What a program sees of the chat: entries, messages, conversations, people.

They are plain frozen values made from frames by `translate`; nothing here refers to protobuf, so the wire may grow
fields without touching programs.  The numbers of the enums are those of the wire.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec


class Kind(IntEnum):
    """What sort of conversation it is."""

    UNKNOWN = 0
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
    UNKNOWN = 0
    ADD = 1
    JOIN = 2
    LEAVE = 3
    REMOVE = 4
    BAN = 5
    UNBAN = 6
    ROLE = 7
    TRANSFER = 8
    MUTE = 9


class PresenceState(IntEnum):
    UNKNOWN = 0
    ONLINE = 1
    OFFLINE = 2
    DROPPED = 3


class State(StrEnum):
    """Where the client stands.  `closed` is the end; every other state leads on by itself."""

    CONNECTING = "connecting"
    SYNCING = "syncing"
    ONLINE = "online"
    WAITING = "waiting"
    CLOSED = "closed"


# ---------------------------------------------------------------- what an entry says


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of a message; to send one only `id` is needed."""

    id: str
    name: str = ""
    type: str = ""
    """Media type, by what the bytes say."""
    size_bytes: int = 0
    width: int = 0
    height: int = 0
    preview: bool = False
    """The server has a small picture of it."""


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of a message: text, or a typed JSON value with a fallback text; and files."""

    text: str = ""
    custom_type: str = ""
    custom_json: str = ""
    fallback: str = ""
    files: tuple[File, ...] = ()

    @property
    def shown(self) -> str:
        """What to show somebody who knows only text."""
        said = self.text or self.fallback
        if not self.files:
            return said
        return "\n".join([*([said] if said else []), *(f"[{file.name or file.id}]" for file in self.files)])


class Forwarded(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose words a message passes on; where they were said, if that is a public channel."""

    conversation_id: str = ""
    seq: int = 0
    sender_id: str = ""
    time_ms: int = 0


class Post(msgspec.Struct, frozen=True, tag="message", omit_defaults=True):
    """A message."""

    body: Body
    reply_to: int = 0
    thread: int = 0
    also_in_conversation: bool = False
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    withdrawn: bool = False
    forwarded: Forwarded | None = None


class Edit(msgspec.Struct, frozen=True, tag="edit", omit_defaults=True):
    """A new body for the message `target`."""

    target: int
    body: Body
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    withdrawn: bool = False
    previous_mentions: tuple[str, ...] = ()
    previous_mention_all: bool = False
    target_sender_id: str = ""
    target_counts: bool = False


class Recall(msgspec.Struct, frozen=True, tag="recall", omit_defaults=True):
    """The message `target` was taken back."""

    target: int
    target_sender_id: str = ""
    target_counts: bool = False
    target_mentions: tuple[str, ...] = ()
    target_mention_all: bool = False


class Reaction(msgspec.Struct, frozen=True, tag="reaction"):
    target: int
    emoji: str
    set: bool


class Pin(msgspec.Struct, frozen=True, tag="pin"):
    target: int
    set: bool


class MemberChange(msgspec.Struct, frozen=True, tag="member_change", omit_defaults=True):
    action: MemberAction
    user_ids: tuple[str, ...] = ()
    role: Role = Role.NONE
    muted_until_ms: int = 0
    own_role: str = ""
    """With ROLE: the role of the conversation's own that they have in place of member; empty: none."""


class OwnRole(msgspec.Struct, frozen=True):
    """A role somebody made for one conversation, of rights by name."""

    id: str
    name: str
    rights: tuple[str, ...] = ()


class ConversationChange(msgspec.Struct, frozen=True, tag="conversation_change", omit_defaults=True):
    """Only the fields that are not None changed."""

    title: str | None = None
    topic: str | None = None
    announcement: str | None = None
    history_for_newcomers: bool | None = None
    mute_all: bool | None = None
    slow_mode_s: int | None = None
    roles: tuple[OwnRole, ...] | None = None
    """All roles of its own, from now on."""
    keep_days: int | None = None
    """For how many days messages are kept from now on, see `Conversation`; only the server says it."""
    kept_from: int | None = None
    """Nothing below this seq is there any more; only the server says it."""


class Created(msgspec.Struct, frozen=True, tag="created", omit_defaults=True):
    """The first entry of every conversation."""

    kind: Kind
    title: str = ""
    user_ids: tuple[str, ...] = ()


class Dissolved(msgspec.Struct, frozen=True, tag="dissolved"):
    """The end of a conversation."""


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """A kind of entry that this version does not know; it counts in the order like any other."""


Action = Post | Edit | Recall | Reaction | Pin | MemberChange | ConversationChange | Created | Dissolved | Unknown


class Entry(msgspec.Struct, frozen=True):
    """One durable change of one conversation."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    """Empty when the system wrote it."""
    client_id: str
    action: Action

    @property
    def text(self) -> str:
        """The text of a message or an edit; empty for everything else."""
        return self.action.body.shown if isinstance(self.action, Post | Edit) else ""


class EntryPage(msgspec.Struct, frozen=True):
    """Entries as appended; every seq in [from_seq, to_seq] that is absent is withheld or erased."""

    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    entries: tuple[Entry, ...]
    reset: bool = False


# ---------------------------------------------------------------- messages in their current state


class ReactionCount(msgspec.Struct, frozen=True):
    emoji: str
    count: int
    user_ids: tuple[str, ...]
    mine: bool = False


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message as it stands now."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    post: Post
    recalled: bool = False
    edits: int = 0
    edited_ms: int = 0
    pinned: bool = False
    reactions: tuple[ReactionCount, ...] = ()
    thread_replies: int = 0
    thread_last_seq: int = 0

    @property
    def text(self) -> str:
        return self.post.body.shown


class HistoryPage(msgspec.Struct, frozen=True):
    """Messages in their current state; an entry applies to them only if its seq is above `as_of`."""

    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    items: tuple[Message | Entry, ...]
    more_before: bool
    more_after: bool

    @property
    def messages(self) -> list[Message]:
        """The messages alone, without lines about the conversation."""
        return [item for item in self.items if isinstance(item, Message)]


class Revision(msgspec.Struct, frozen=True):
    seq: int
    time_ms: int
    body: Body


# ---------------------------------------------------------------- conversations and people


class Notify(IntEnum):
    """What one wants to be told of a conversation."""

    DEFAULT = 0
    ALL = 1
    MENTIONS = 2
    NOTHING = 3


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was written and not sent; `time_ms` says when the server kept it."""

    text: str = ""
    reply_to_seq: int = 0
    time_ms: int = 0
    thread_seq: int = 0
    """The thread it is to go into; 0: none."""


class Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this person keeps of a conversation for themselves, the same on all devices."""

    pinned: bool = False
    archived: bool = False
    marked_unread: bool = False
    muted_until_ms: int = 0
    """No notifications until then."""
    folder: str = ""
    notify: Notify = Notify.DEFAULT
    draft: Draft | None = None
    thread_drafts: tuple[Draft, ...] = ()
    """What was written in threads and not sent, one for each."""


class Conversation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A conversation as this person sees it, `as_of` a sequence number."""

    id: str
    kind: Kind
    title: str = ""
    topic: str = ""
    announcement: str = ""
    dissolved: bool = False
    history_for_newcomers: bool = False
    mute_all: bool = False
    slow_mode_s: int = 0
    member_count: int = 0
    peer_id: str = ""
    """With DIRECT: the other person."""
    as_of: int = 0
    last_time_ms: int = 0
    last_message: Message | None = None
    state: MemberState = MemberState.NONE
    role: Role = Role.NONE
    intervals: tuple[tuple[int, int], ...] = ()
    """Sequence numbers this person may see, both ends included; an end of 0 means: no end."""
    read_seq: int = 0
    delivered_seq: int = 0
    unread: int = 0
    """Exact up to 99; 100 means more than 99."""
    mentions: int = 0
    muted_until_ms: int = 0
    version: int = 0
    own: Own = Own()
    roles: tuple[OwnRole, ...] = ()
    """Roles of its own."""
    own_role: str = ""
    """The one of them this person has in place of member; empty: none."""
    join_requests: int = 0
    """How many people wait to be let in, for those who may answer them; 100 means more than 99."""
    keep_days: int = 0
    """For how many days messages are kept; 0: for ever, -1: as long as the place says."""
    kept_from: int = 0
    """Nothing below this seq is there any more."""


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    user_id: str
    role: Role
    state: MemberState
    read_seq: int = 0
    delivered_seq: int = 0
    muted_until_ms: int = 0
    own_role: str = ""


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    username: str
    display_name: str = ""
    signature: str = ""
    bot: bool = False
    avatar: str = ""
    """The file that shows them; empty: none."""


class ContactState(StrEnum):
    """What another person is to this one."""

    NONE = "none"
    ASKED = "asked"
    """This person has asked them."""
    ASKING = "asking"
    """They have asked, and wait for an answer."""
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> ContactState:
        return cls.UNKNOWN


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this person keeps of another; nobody else sees it."""

    user_id: str
    state: ContactState = ContactState.NONE
    blocked: bool = False
    name: str = ""
    group: str = ""
    note: str = ""
    time_ms: int = 0
    version: int = 0


class Emoji(msgspec.Struct, frozen=True):
    """One of the place's own emoji, written `:name:` in texts and reactions."""

    name: str
    aliases: list[str] = []
    """Other names of it."""
    pack: str = ""
    """What it is sorted under."""
    picture: str = ""
    """Path of its picture, a WebP, for a bearer of a token."""
    moving: bool = False
    created_by: str = ""
    created_ms: int = 0


class Invite(msgspec.Struct, frozen=True):
    """A link into a conversation; its id is a secret."""

    invite_id: str
    conversation_id: str
    created_by: str
    created_ms: int
    expires_ms: int = 0
    """0: for ever."""
    uses_left: int = -1
    """-1: without end."""
    approval: bool = False


class Invitation(msgspec.Struct, frozen=True):
    """Where a link leads, and whether this person is there already or has asked."""

    conversation_id: str
    kind: str
    title: str
    member_count: int
    approval: bool
    joined: bool
    asked: bool


class JoinRequest(msgspec.Struct, frozen=True):
    """Somebody who asks to be let in."""

    user_id: str
    time_ms: int
    note: str = ""


class Me(msgspec.Struct, frozen=True):
    """One's own account."""

    user_id: str
    username: str
    display_name: str = ""
    signature: str = ""
    bot: bool = False
    avatar: str = ""
    is_admin: bool = False
    created_ms: int = 0
    email: str = ""


class Piece(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a snippet."""

    text: str
    hit: bool = False


class SearchHit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that was found."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str = ""
    thread_seq: int = 0
    has_file: bool = False
    snippet: tuple[Piece, ...] = ()


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a query finds: messages newest first, and on the first page people and conversations."""

    messages: tuple[SearchHit, ...] = ()
    people: tuple[User, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    next_cursor: str = ""


class Presence(msgspec.Struct, frozen=True):
    user_id: str
    state: PresenceState
    last_seen_ms: int


class Scheduled(msgspec.Struct, frozen=True):
    """A message that waits for its time; `error` says why it was refused when it came due."""

    conversation_id: str
    client_id: str
    action: Action
    due_ms: int
    error: str = ""


class Reminder(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that this person wants to come back to."""

    conversation_id: str
    seq: int
    due_ms: int = 0
    """When; 0: not at all any more."""
    note: str = ""
    due: bool = False
    """Its time has come."""
    version: int = 0


class ServerInfo(msgspec.Struct, frozen=True):
    name: str
    version: str
    server_time_ms: int
    node_id: str
    epoch: str


class Mark(msgspec.Struct, frozen=True):
    user_id: str
    read_seq: int
    delivered_seq: int


class Accepted(msgspec.Struct, frozen=True):
    """A command is stored and durable.  `repeated`: an earlier try with this client_id had stored it."""

    conversation_id: str
    client_id: str
    seq: int
    time_ms: int
    repeated: bool = False


# ---------------------------------------------------------------- events


class EntryEvent(msgspec.Struct, frozen=True):
    """An entry, once and in its conversation's order."""

    entry: Entry


class MessageEvent(msgspec.Struct, frozen=True):
    """For `Client.on` alone: an entry that is a message.  A stream of events carries it as an `EntryEvent`."""

    entry: Entry

    @property
    def text(self) -> str:
        return self.entry.text


class ConversationEvent(msgspec.Struct, frozen=True):
    """A conversation appeared, or something of it that belongs to this person changed."""

    conversation: Conversation


class ContactEvent(msgspec.Struct, frozen=True):
    """What this person keeps of another changed; one that says nothing any more was taken away."""

    contact: Contact


class ReminderEvent(msgspec.Struct, frozen=True):
    """A reminder of this person is due, or was set, moved or taken away on some device."""

    reminder: Reminder


class MarksEvent(msgspec.Struct, frozen=True):
    conversation_id: str
    marks: tuple[Mark, ...]


class TypingEvent(msgspec.Struct, frozen=True):
    conversation_id: str
    user_id: str
    typing: bool


class ProfileEvent(msgspec.Struct, frozen=True):
    """Somebody one watches, or oneself, is called or shown another way now."""

    user: User


class SignedInEvent(msgspec.Struct, frozen=True):
    """Somebody signed in to one's account from a device it had not been used from: "was this you"?

    What came while one was away is listed by `GET /api/v1/me/arrivals`.
    """

    login_id: str
    """`DELETE /api/v1/me/logins/{login_id}` ends it."""
    device_name: str
    """As whoever signed in calls it."""
    address: str
    time_ms: int


class EmojiEvent(msgspec.Struct, frozen=True):
    """The place's own emoji are others now: `client.emoji()` has them."""

    version: int


class PresenceEvent(msgspec.Struct, frozen=True):
    presence: Presence


class StateEvent(msgspec.Struct, frozen=True):
    """The connection changed state; `error` says why it was lost."""

    state: State
    error: str = ""


class ResetEvent(msgspec.Struct, frozen=True):
    """What was cached of this conversation (empty: of all) is stale; load history again before showing it."""

    conversation_id: str
    reason: str = ""


Event = (
    EntryEvent
    | ConversationEvent
    | ContactEvent
    | ReminderEvent
    | MarksEvent
    | TypingEvent
    | PresenceEvent
    | ProfileEvent
    | EmojiEvent
    | SignedInEvent
    | StateEvent
    | ResetEvent
)
