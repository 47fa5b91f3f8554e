from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MemberAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBER_ACTION_UNSPECIFIED: _ClassVar[MemberAction]
    MEMBER_ACTION_ADD: _ClassVar[MemberAction]
    MEMBER_ACTION_JOIN: _ClassVar[MemberAction]
    MEMBER_ACTION_LEAVE: _ClassVar[MemberAction]
    MEMBER_ACTION_REMOVE: _ClassVar[MemberAction]
    MEMBER_ACTION_BAN: _ClassVar[MemberAction]
    MEMBER_ACTION_UNBAN: _ClassVar[MemberAction]
    MEMBER_ACTION_ROLE: _ClassVar[MemberAction]
    MEMBER_ACTION_TRANSFER: _ClassVar[MemberAction]
    MEMBER_ACTION_MUTE: _ClassVar[MemberAction]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_MEMBER: _ClassVar[Role]
    ROLE_ADMIN: _ClassVar[Role]
    ROLE_OWNER: _ClassVar[Role]

class SubmitStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBMIT_STATUS_UNSPECIFIED: _ClassVar[SubmitStatus]
    SUBMIT_STATUS_ACCEPTED: _ClassVar[SubmitStatus]
    SUBMIT_STATUS_REJECTED: _ClassVar[SubmitStatus]
    SUBMIT_STATUS_UNKNOWN: _ClassVar[SubmitStatus]

class ConversationKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONVERSATION_KIND_UNSPECIFIED: _ClassVar[ConversationKind]
    CONVERSATION_KIND_DIRECT: _ClassVar[ConversationKind]
    CONVERSATION_KIND_GROUP: _ClassVar[ConversationKind]
    CONVERSATION_KIND_CHANNEL: _ClassVar[ConversationKind]
    CONVERSATION_KIND_SYSTEM: _ClassVar[ConversationKind]

class MemberState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBER_STATE_UNSPECIFIED: _ClassVar[MemberState]
    MEMBER_STATE_JOINED: _ClassVar[MemberState]
    MEMBER_STATE_LEFT: _ClassVar[MemberState]
    MEMBER_STATE_REMOVED: _ClassVar[MemberState]
    MEMBER_STATE_BANNED: _ClassVar[MemberState]

class ContactState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTACT_STATE_UNSPECIFIED: _ClassVar[ContactState]
    CONTACT_STATE_ASKED: _ClassVar[ContactState]
    CONTACT_STATE_ASKING: _ClassVar[ContactState]
    CONTACT_STATE_ACCEPTED: _ClassVar[ContactState]

class Notify(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTIFY_UNSPECIFIED: _ClassVar[Notify]
    NOTIFY_ALL: _ClassVar[Notify]
    NOTIFY_MENTIONS: _ClassVar[Notify]
    NOTIFY_NOTHING: _ClassVar[Notify]

class PresenceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESENCE_STATE_UNSPECIFIED: _ClassVar[PresenceState]
    PRESENCE_STATE_ONLINE: _ClassVar[PresenceState]
    PRESENCE_STATE_OFFLINE: _ClassVar[PresenceState]
    PRESENCE_STATE_DROPPED: _ClassVar[PresenceState]
MEMBER_ACTION_UNSPECIFIED: MemberAction
MEMBER_ACTION_ADD: MemberAction
MEMBER_ACTION_JOIN: MemberAction
MEMBER_ACTION_LEAVE: MemberAction
MEMBER_ACTION_REMOVE: MemberAction
MEMBER_ACTION_BAN: MemberAction
MEMBER_ACTION_UNBAN: MemberAction
MEMBER_ACTION_ROLE: MemberAction
MEMBER_ACTION_TRANSFER: MemberAction
MEMBER_ACTION_MUTE: MemberAction
ROLE_UNSPECIFIED: Role
ROLE_MEMBER: Role
ROLE_ADMIN: Role
ROLE_OWNER: Role
SUBMIT_STATUS_UNSPECIFIED: SubmitStatus
SUBMIT_STATUS_ACCEPTED: SubmitStatus
SUBMIT_STATUS_REJECTED: SubmitStatus
SUBMIT_STATUS_UNKNOWN: SubmitStatus
CONVERSATION_KIND_UNSPECIFIED: ConversationKind
CONVERSATION_KIND_DIRECT: ConversationKind
CONVERSATION_KIND_GROUP: ConversationKind
CONVERSATION_KIND_CHANNEL: ConversationKind
CONVERSATION_KIND_SYSTEM: ConversationKind
MEMBER_STATE_UNSPECIFIED: MemberState
MEMBER_STATE_JOINED: MemberState
MEMBER_STATE_LEFT: MemberState
MEMBER_STATE_REMOVED: MemberState
MEMBER_STATE_BANNED: MemberState
CONTACT_STATE_UNSPECIFIED: ContactState
CONTACT_STATE_ASKED: ContactState
CONTACT_STATE_ASKING: ContactState
CONTACT_STATE_ACCEPTED: ContactState
NOTIFY_UNSPECIFIED: Notify
NOTIFY_ALL: Notify
NOTIFY_MENTIONS: Notify
NOTIFY_NOTHING: Notify
PRESENCE_STATE_UNSPECIFIED: PresenceState
PRESENCE_STATE_ONLINE: PresenceState
PRESENCE_STATE_OFFLINE: PresenceState
PRESENCE_STATE_DROPPED: PresenceState

class ClientFrame(_message.Message):
    __slots__ = ("id", "hello", "ping", "pong", "reauthenticate", "logout", "submit", "create_conversation", "open_direct", "join_conversation", "leave_conversation", "set_mark", "schedule", "cancel_scheduled", "list_scheduled", "hide_message", "set_typing", "set_own", "set_reminder", "get_entries", "get_history", "list_conversations", "list_members", "get_user_state", "find_users", "get_users", "list_online", "watch_presence", "get_server_info", "list_channels", "get_edits", "get_conversation", "search", "list_reminders")
    ID_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    REAUTHENTICATE_FIELD_NUMBER: _ClassVar[int]
    LOGOUT_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_FIELD_NUMBER: _ClassVar[int]
    CREATE_CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    OPEN_DIRECT_FIELD_NUMBER: _ClassVar[int]
    JOIN_CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    LEAVE_CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    SET_MARK_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    LIST_SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    HIDE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SET_TYPING_FIELD_NUMBER: _ClassVar[int]
    SET_OWN_FIELD_NUMBER: _ClassVar[int]
    SET_REMINDER_FIELD_NUMBER: _ClassVar[int]
    GET_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    GET_HISTORY_FIELD_NUMBER: _ClassVar[int]
    LIST_CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    LIST_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    GET_USER_STATE_FIELD_NUMBER: _ClassVar[int]
    FIND_USERS_FIELD_NUMBER: _ClassVar[int]
    GET_USERS_FIELD_NUMBER: _ClassVar[int]
    LIST_ONLINE_FIELD_NUMBER: _ClassVar[int]
    WATCH_PRESENCE_FIELD_NUMBER: _ClassVar[int]
    GET_SERVER_INFO_FIELD_NUMBER: _ClassVar[int]
    LIST_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    GET_EDITS_FIELD_NUMBER: _ClassVar[int]
    GET_CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    LIST_REMINDERS_FIELD_NUMBER: _ClassVar[int]
    id: int
    hello: Hello
    ping: Ping
    pong: Pong
    reauthenticate: Reauthenticate
    logout: Logout
    submit: Submit
    create_conversation: CreateConversation
    open_direct: OpenDirect
    join_conversation: JoinConversation
    leave_conversation: LeaveConversation
    set_mark: SetMark
    schedule: Schedule
    cancel_scheduled: CancelScheduled
    list_scheduled: ListScheduled
    hide_message: HideMessage
    set_typing: SetTyping
    set_own: SetOwn
    set_reminder: SetReminder
    get_entries: GetEntries
    get_history: GetHistory
    list_conversations: ListConversations
    list_members: ListMembers
    get_user_state: GetUserState
    find_users: FindUsers
    get_users: GetUsers
    list_online: ListOnline
    watch_presence: WatchPresence
    get_server_info: GetServerInfo
    list_channels: ListChannels
    get_edits: GetEdits
    get_conversation: GetConversation
    search: Search
    list_reminders: ListReminders
    def __init__(self, id: _Optional[int] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ..., pong: _Optional[_Union[Pong, _Mapping]] = ..., reauthenticate: _Optional[_Union[Reauthenticate, _Mapping]] = ..., logout: _Optional[_Union[Logout, _Mapping]] = ..., submit: _Optional[_Union[Submit, _Mapping]] = ..., create_conversation: _Optional[_Union[CreateConversation, _Mapping]] = ..., open_direct: _Optional[_Union[OpenDirect, _Mapping]] = ..., join_conversation: _Optional[_Union[JoinConversation, _Mapping]] = ..., leave_conversation: _Optional[_Union[LeaveConversation, _Mapping]] = ..., set_mark: _Optional[_Union[SetMark, _Mapping]] = ..., schedule: _Optional[_Union[Schedule, _Mapping]] = ..., cancel_scheduled: _Optional[_Union[CancelScheduled, _Mapping]] = ..., list_scheduled: _Optional[_Union[ListScheduled, _Mapping]] = ..., hide_message: _Optional[_Union[HideMessage, _Mapping]] = ..., set_typing: _Optional[_Union[SetTyping, _Mapping]] = ..., set_own: _Optional[_Union[SetOwn, _Mapping]] = ..., set_reminder: _Optional[_Union[SetReminder, _Mapping]] = ..., get_entries: _Optional[_Union[GetEntries, _Mapping]] = ..., get_history: _Optional[_Union[GetHistory, _Mapping]] = ..., list_conversations: _Optional[_Union[ListConversations, _Mapping]] = ..., list_members: _Optional[_Union[ListMembers, _Mapping]] = ..., get_user_state: _Optional[_Union[GetUserState, _Mapping]] = ..., find_users: _Optional[_Union[FindUsers, _Mapping]] = ..., get_users: _Optional[_Union[GetUsers, _Mapping]] = ..., list_online: _Optional[_Union[ListOnline, _Mapping]] = ..., watch_presence: _Optional[_Union[WatchPresence, _Mapping]] = ..., get_server_info: _Optional[_Union[GetServerInfo, _Mapping]] = ..., list_channels: _Optional[_Union[ListChannels, _Mapping]] = ..., get_edits: _Optional[_Union[GetEdits, _Mapping]] = ..., get_conversation: _Optional[_Union[GetConversation, _Mapping]] = ..., search: _Optional[_Union[Search, _Mapping]] = ..., list_reminders: _Optional[_Union[ListReminders, _Mapping]] = ...) -> None: ...

class ServerFrame(_message.Message):
    __slots__ = ("reply_to", "welcome", "ping", "pong", "error", "done", "goaway", "reset", "ready", "submitted", "conversation", "scheduled_page", "entry_page", "history_page", "conversation_page", "member_page", "user_state", "user_page", "presence_page", "server_info", "edit_page", "search_page", "reminder_page", "entries", "user_changed", "marks", "typing", "presence", "heads", "resync", "profile_changed", "signed_in", "emoji_changed")
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    GOAWAY_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_PAGE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_PAGE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_PAGE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_PAGE_FIELD_NUMBER: _ClassVar[int]
    MEMBER_PAGE_FIELD_NUMBER: _ClassVar[int]
    USER_STATE_FIELD_NUMBER: _ClassVar[int]
    USER_PAGE_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_PAGE_FIELD_NUMBER: _ClassVar[int]
    SERVER_INFO_FIELD_NUMBER: _ClassVar[int]
    EDIT_PAGE_FIELD_NUMBER: _ClassVar[int]
    SEARCH_PAGE_FIELD_NUMBER: _ClassVar[int]
    REMINDER_PAGE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    USER_CHANGED_FIELD_NUMBER: _ClassVar[int]
    MARKS_FIELD_NUMBER: _ClassVar[int]
    TYPING_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    HEADS_FIELD_NUMBER: _ClassVar[int]
    RESYNC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    SIGNED_IN_FIELD_NUMBER: _ClassVar[int]
    EMOJI_CHANGED_FIELD_NUMBER: _ClassVar[int]
    reply_to: int
    welcome: Welcome
    ping: Ping
    pong: Pong
    error: Error
    done: Done
    goaway: Goaway
    reset: Reset
    ready: Ready
    submitted: Submitted
    conversation: ConversationState
    scheduled_page: ScheduledPage
    entry_page: EntryPage
    history_page: HistoryPage
    conversation_page: ConversationPage
    member_page: MemberPage
    user_state: UserState
    user_page: UserPage
    presence_page: PresencePage
    server_info: ServerInfo
    edit_page: EditPage
    search_page: SearchPage
    reminder_page: ReminderPage
    entries: EntryPage
    user_changed: UserState
    marks: Marks
    typing: Typing
    presence: Presence
    heads: Heads
    resync: Resync
    profile_changed: User
    signed_in: SignIn
    emoji_changed: EmojiChanged
    def __init__(self, reply_to: _Optional[int] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ..., pong: _Optional[_Union[Pong, _Mapping]] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., goaway: _Optional[_Union[Goaway, _Mapping]] = ..., reset: _Optional[_Union[Reset, _Mapping]] = ..., ready: _Optional[_Union[Ready, _Mapping]] = ..., submitted: _Optional[_Union[Submitted, _Mapping]] = ..., conversation: _Optional[_Union[ConversationState, _Mapping]] = ..., scheduled_page: _Optional[_Union[ScheduledPage, _Mapping]] = ..., entry_page: _Optional[_Union[EntryPage, _Mapping]] = ..., history_page: _Optional[_Union[HistoryPage, _Mapping]] = ..., conversation_page: _Optional[_Union[ConversationPage, _Mapping]] = ..., member_page: _Optional[_Union[MemberPage, _Mapping]] = ..., user_state: _Optional[_Union[UserState, _Mapping]] = ..., user_page: _Optional[_Union[UserPage, _Mapping]] = ..., presence_page: _Optional[_Union[PresencePage, _Mapping]] = ..., server_info: _Optional[_Union[ServerInfo, _Mapping]] = ..., edit_page: _Optional[_Union[EditPage, _Mapping]] = ..., search_page: _Optional[_Union[SearchPage, _Mapping]] = ..., reminder_page: _Optional[_Union[ReminderPage, _Mapping]] = ..., entries: _Optional[_Union[EntryPage, _Mapping]] = ..., user_changed: _Optional[_Union[UserState, _Mapping]] = ..., marks: _Optional[_Union[Marks, _Mapping]] = ..., typing: _Optional[_Union[Typing, _Mapping]] = ..., presence: _Optional[_Union[Presence, _Mapping]] = ..., heads: _Optional[_Union[Heads, _Mapping]] = ..., resync: _Optional[_Union[Resync, _Mapping]] = ..., profile_changed: _Optional[_Union[User, _Mapping]] = ..., signed_in: _Optional[_Union[SignIn, _Mapping]] = ..., emoji_changed: _Optional[_Union[EmojiChanged, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("protocol", "token", "client", "heartbeat_ms", "resume", "run", "attempt")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    token: str
    client: str
    heartbeat_ms: int
    resume: Resume
    run: str
    attempt: int
    def __init__(self, protocol: _Optional[int] = ..., token: _Optional[str] = ..., client: _Optional[str] = ..., heartbeat_ms: _Optional[int] = ..., resume: _Optional[_Union[Resume, _Mapping]] = ..., run: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class Resume(_message.Message):
    __slots__ = ("epoch", "user_version", "have")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    USER_VERSION_FIELD_NUMBER: _ClassVar[int]
    HAVE_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    user_version: int
    have: _containers.RepeatedCompositeFieldContainer[Head]
    def __init__(self, epoch: _Optional[str] = ..., user_version: _Optional[int] = ..., have: _Optional[_Iterable[_Union[Head, _Mapping]]] = ...) -> None: ...

class Head(_message.Message):
    __slots__ = ("conversation_id", "seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("user_id", "device_id", "session_id", "node_id", "epoch", "user_version", "server_time_ms", "heartbeat_ms", "token_expires_ms", "limits")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    USER_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    device_id: str
    session_id: str
    node_id: str
    epoch: str
    user_version: int
    server_time_ms: int
    heartbeat_ms: int
    token_expires_ms: int
    limits: Limits
    def __init__(self, user_id: _Optional[str] = ..., device_id: _Optional[str] = ..., session_id: _Optional[str] = ..., node_id: _Optional[str] = ..., epoch: _Optional[str] = ..., user_version: _Optional[int] = ..., server_time_ms: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ..., token_expires_ms: _Optional[int] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("frame_bytes", "text_bytes", "page_entries", "page_rows")
    FRAME_BYTES_FIELD_NUMBER: _ClassVar[int]
    TEXT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAGE_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    PAGE_ROWS_FIELD_NUMBER: _ClassVar[int]
    frame_bytes: int
    text_bytes: int
    page_entries: int
    page_rows: int
    def __init__(self, frame_bytes: _Optional[int] = ..., text_bytes: _Optional[int] = ..., page_entries: _Optional[int] = ..., page_rows: _Optional[int] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Ping(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class Pong(_message.Message):
    __slots__ = ("data", "server_time_ms")
    DATA_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    server_time_ms: int
    def __init__(self, data: _Optional[bytes] = ..., server_time_ms: _Optional[int] = ...) -> None: ...

class Reauthenticate(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class Logout(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "message", "retry", "retry_after_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    retry: bool
    retry_after_ms: int
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., retry: _Optional[bool] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Goaway(_message.Message):
    __slots__ = ("reason", "within_ms", "url")
    REASON_FIELD_NUMBER: _ClassVar[int]
    WITHIN_MS_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    reason: str
    within_ms: int
    url: str
    def __init__(self, reason: _Optional[str] = ..., within_ms: _Optional[int] = ..., url: _Optional[str] = ...) -> None: ...

class Reset(_message.Message):
    __slots__ = ("epoch", "reason")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    reason: str
    def __init__(self, epoch: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Resync(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfo(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ServerInfo(_message.Message):
    __slots__ = ("name", "version", "server_time_ms", "node_id", "epoch")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    server_time_ms: int
    node_id: str
    epoch: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., server_time_ms: _Optional[int] = ..., node_id: _Optional[str] = ..., epoch: _Optional[str] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("conversation_id", "seq", "time_ms", "sender_id", "client_id", "created", "message", "edit", "recall", "reaction", "pin", "member_change", "conversation_change", "dissolved")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    REACTION_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    MEMBER_CHANGE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_CHANGE_FIELD_NUMBER: _ClassVar[int]
    DISSOLVED_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    created: Created
    message: Message
    edit: Edit
    recall: Recall
    reaction: Reaction
    pin: Pin
    member_change: MemberChange
    conversation_change: ConversationChange
    dissolved: Dissolved
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., time_ms: _Optional[int] = ..., sender_id: _Optional[str] = ..., client_id: _Optional[str] = ..., created: _Optional[_Union[Created, _Mapping]] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ..., recall: _Optional[_Union[Recall, _Mapping]] = ..., reaction: _Optional[_Union[Reaction, _Mapping]] = ..., pin: _Optional[_Union[Pin, _Mapping]] = ..., member_change: _Optional[_Union[MemberChange, _Mapping]] = ..., conversation_change: _Optional[_Union[ConversationChange, _Mapping]] = ..., dissolved: _Optional[_Union[Dissolved, _Mapping]] = ...) -> None: ...

class Body(_message.Message):
    __slots__ = ("text", "custom", "files", "fallback")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    text: Text
    custom: Custom
    files: _containers.RepeatedCompositeFieldContainer[File]
    fallback: str
    def __init__(self, text: _Optional[_Union[Text, _Mapping]] = ..., custom: _Optional[_Union[Custom, _Mapping]] = ..., files: _Optional[_Iterable[_Union[File, _Mapping]]] = ..., fallback: _Optional[str] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("id", "name", "type", "size_bytes", "width", "height", "preview")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    size_bytes: int
    width: int
    height: int
    preview: bool
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., preview: _Optional[bool] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Custom(_message.Message):
    __slots__ = ("type", "json")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    type: str
    json: str
    def __init__(self, type: _Optional[str] = ..., json: _Optional[str] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("body", "reply_to_seq", "thread_seq", "also_in_conversation", "mentions", "mention_all", "withdrawn", "forwarded")
    BODY_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_SEQ_FIELD_NUMBER: _ClassVar[int]
    THREAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    ALSO_IN_CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    MENTION_ALL_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    FORWARDED_FIELD_NUMBER: _ClassVar[int]
    body: Body
    reply_to_seq: int
    thread_seq: int
    also_in_conversation: bool
    mentions: _containers.RepeatedScalarFieldContainer[str]
    mention_all: bool
    withdrawn: bool
    forwarded: Forwarded
    def __init__(self, body: _Optional[_Union[Body, _Mapping]] = ..., reply_to_seq: _Optional[int] = ..., thread_seq: _Optional[int] = ..., also_in_conversation: _Optional[bool] = ..., mentions: _Optional[_Iterable[str]] = ..., mention_all: _Optional[bool] = ..., withdrawn: _Optional[bool] = ..., forwarded: _Optional[_Union[Forwarded, _Mapping]] = ...) -> None: ...

class Forwarded(_message.Message):
    __slots__ = ("conversation_id", "seq", "sender_id", "time_ms")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    sender_id: str
    time_ms: int
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., sender_id: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Edit(_message.Message):
    __slots__ = ("target_seq", "body", "mentions", "mention_all", "withdrawn", "previous_mentions", "previous_mention_all", "target_sender_id", "target_counts")
    TARGET_SEQ_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    MENTION_ALL_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_MENTIONS_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_MENTION_ALL_FIELD_NUMBER: _ClassVar[int]
    TARGET_SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_COUNTS_FIELD_NUMBER: _ClassVar[int]
    target_seq: int
    body: Body
    mentions: _containers.RepeatedScalarFieldContainer[str]
    mention_all: bool
    withdrawn: bool
    previous_mentions: _containers.RepeatedScalarFieldContainer[str]
    previous_mention_all: bool
    target_sender_id: str
    target_counts: bool
    def __init__(self, target_seq: _Optional[int] = ..., body: _Optional[_Union[Body, _Mapping]] = ..., mentions: _Optional[_Iterable[str]] = ..., mention_all: _Optional[bool] = ..., withdrawn: _Optional[bool] = ..., previous_mentions: _Optional[_Iterable[str]] = ..., previous_mention_all: _Optional[bool] = ..., target_sender_id: _Optional[str] = ..., target_counts: _Optional[bool] = ...) -> None: ...

class Recall(_message.Message):
    __slots__ = ("target_seq", "target_sender_id", "target_counts", "target_mentions", "target_mention_all")
    TARGET_SEQ_FIELD_NUMBER: _ClassVar[int]
    TARGET_SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_COUNTS_FIELD_NUMBER: _ClassVar[int]
    TARGET_MENTIONS_FIELD_NUMBER: _ClassVar[int]
    TARGET_MENTION_ALL_FIELD_NUMBER: _ClassVar[int]
    target_seq: int
    target_sender_id: str
    target_counts: bool
    target_mentions: _containers.RepeatedScalarFieldContainer[str]
    target_mention_all: bool
    def __init__(self, target_seq: _Optional[int] = ..., target_sender_id: _Optional[str] = ..., target_counts: _Optional[bool] = ..., target_mentions: _Optional[_Iterable[str]] = ..., target_mention_all: _Optional[bool] = ...) -> None: ...

class Reaction(_message.Message):
    __slots__ = ("target_seq", "emoji", "set")
    TARGET_SEQ_FIELD_NUMBER: _ClassVar[int]
    EMOJI_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    target_seq: int
    emoji: str
    set: bool
    def __init__(self, target_seq: _Optional[int] = ..., emoji: _Optional[str] = ..., set: _Optional[bool] = ...) -> None: ...

class Pin(_message.Message):
    __slots__ = ("target_seq", "set")
    TARGET_SEQ_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    target_seq: int
    set: bool
    def __init__(self, target_seq: _Optional[int] = ..., set: _Optional[bool] = ...) -> None: ...

class MemberChange(_message.Message):
    __slots__ = ("action", "user_ids", "role", "muted_until_ms", "own_role")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    OWN_ROLE_FIELD_NUMBER: _ClassVar[int]
    action: MemberAction
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    role: Role
    muted_until_ms: int
    own_role: str
    def __init__(self, action: _Optional[_Union[MemberAction, str]] = ..., user_ids: _Optional[_Iterable[str]] = ..., role: _Optional[_Union[Role, str]] = ..., muted_until_ms: _Optional[int] = ..., own_role: _Optional[str] = ...) -> None: ...

class ConversationChange(_message.Message):
    __slots__ = ("title", "topic", "announcement", "history_for_newcomers", "mute_all", "slow_mode_s", "roles", "keep_days", "kept_from")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCEMENT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FOR_NEWCOMERS_FIELD_NUMBER: _ClassVar[int]
    MUTE_ALL_FIELD_NUMBER: _ClassVar[int]
    SLOW_MODE_S_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    KEEP_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEPT_FROM_FIELD_NUMBER: _ClassVar[int]
    title: str
    topic: str
    announcement: str
    history_for_newcomers: bool
    mute_all: bool
    slow_mode_s: int
    roles: ConversationRoles
    keep_days: int
    kept_from: int
    def __init__(self, title: _Optional[str] = ..., topic: _Optional[str] = ..., announcement: _Optional[str] = ..., history_for_newcomers: _Optional[bool] = ..., mute_all: _Optional[bool] = ..., slow_mode_s: _Optional[int] = ..., roles: _Optional[_Union[ConversationRoles, _Mapping]] = ..., keep_days: _Optional[int] = ..., kept_from: _Optional[int] = ...) -> None: ...

class ConversationRole(_message.Message):
    __slots__ = ("id", "name", "rights")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    rights: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., rights: _Optional[_Iterable[str]] = ...) -> None: ...

class ConversationRoles(_message.Message):
    __slots__ = ("roles",)
    ROLES_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedCompositeFieldContainer[ConversationRole]
    def __init__(self, roles: _Optional[_Iterable[_Union[ConversationRole, _Mapping]]] = ...) -> None: ...

class Created(_message.Message):
    __slots__ = ("kind", "title", "user_ids")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    kind: ConversationKind
    title: str
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[_Union[ConversationKind, str]] = ..., title: _Optional[str] = ..., user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Dissolved(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Submit(_message.Message):
    __slots__ = ("conversation_id", "client_id", "after", "message", "edit", "recall", "reaction", "pin", "member_change", "conversation_change", "dissolve")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    REACTION_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    MEMBER_CHANGE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_CHANGE_FIELD_NUMBER: _ClassVar[int]
    DISSOLVE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    client_id: str
    after: str
    message: Message
    edit: Edit
    recall: Recall
    reaction: Reaction
    pin: Pin
    member_change: MemberChange
    conversation_change: ConversationChange
    dissolve: Dissolved
    def __init__(self, conversation_id: _Optional[str] = ..., client_id: _Optional[str] = ..., after: _Optional[str] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ..., recall: _Optional[_Union[Recall, _Mapping]] = ..., reaction: _Optional[_Union[Reaction, _Mapping]] = ..., pin: _Optional[_Union[Pin, _Mapping]] = ..., member_change: _Optional[_Union[MemberChange, _Mapping]] = ..., conversation_change: _Optional[_Union[ConversationChange, _Mapping]] = ..., dissolve: _Optional[_Union[Dissolved, _Mapping]] = ...) -> None: ...

class Submitted(_message.Message):
    __slots__ = ("status", "conversation_id", "client_id", "seq", "time_ms", "error", "repeated")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    status: SubmitStatus
    conversation_id: str
    client_id: str
    seq: int
    time_ms: int
    error: Error
    repeated: bool
    def __init__(self, status: _Optional[_Union[SubmitStatus, str]] = ..., conversation_id: _Optional[str] = ..., client_id: _Optional[str] = ..., seq: _Optional[int] = ..., time_ms: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., repeated: _Optional[bool] = ...) -> None: ...

class GetEntries(_message.Message):
    __slots__ = ("conversation_id", "after_seq", "limit")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    after_seq: int
    limit: int
    def __init__(self, conversation_id: _Optional[str] = ..., after_seq: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class EntryPage(_message.Message):
    __slots__ = ("conversation_id", "from_seq", "to_seq", "as_of", "entries", "reset")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQ_FIELD_NUMBER: _ClassVar[int]
    TO_SEQ_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    entries: _containers.RepeatedCompositeFieldContainer[Entry]
    reset: bool
    def __init__(self, conversation_id: _Optional[str] = ..., from_seq: _Optional[int] = ..., to_seq: _Optional[int] = ..., as_of: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ..., reset: _Optional[bool] = ...) -> None: ...

class GetHistory(_message.Message):
    __slots__ = ("conversation_id", "before_seq", "after_seq", "around_seq", "limit", "thread_seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SEQ_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    AROUND_SEQ_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    THREAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    before_seq: int
    after_seq: int
    around_seq: int
    limit: int
    thread_seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., before_seq: _Optional[int] = ..., after_seq: _Optional[int] = ..., around_seq: _Optional[int] = ..., limit: _Optional[int] = ..., thread_seq: _Optional[int] = ...) -> None: ...

class HistoryPage(_message.Message):
    __slots__ = ("conversation_id", "from_seq", "to_seq", "as_of", "items", "more_before", "more_after")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQ_FIELD_NUMBER: _ClassVar[int]
    TO_SEQ_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    MORE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    MORE_AFTER_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    items: _containers.RepeatedCompositeFieldContainer[HistoryItem]
    more_before: bool
    more_after: bool
    def __init__(self, conversation_id: _Optional[str] = ..., from_seq: _Optional[int] = ..., to_seq: _Optional[int] = ..., as_of: _Optional[int] = ..., items: _Optional[_Iterable[_Union[HistoryItem, _Mapping]]] = ..., more_before: _Optional[bool] = ..., more_after: _Optional[bool] = ...) -> None: ...

class HistoryItem(_message.Message):
    __slots__ = ("message", "entry")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    message: MessageState
    entry: Entry
    def __init__(self, message: _Optional[_Union[MessageState, _Mapping]] = ..., entry: _Optional[_Union[Entry, _Mapping]] = ...) -> None: ...

class MessageState(_message.Message):
    __slots__ = ("seq", "time_ms", "sender_id", "client_id", "message", "recalled", "edits", "edited_ms", "pinned", "reactions", "thread_replies", "thread_last_seq")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RECALLED_FIELD_NUMBER: _ClassVar[int]
    EDITS_FIELD_NUMBER: _ClassVar[int]
    EDITED_MS_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    REACTIONS_FIELD_NUMBER: _ClassVar[int]
    THREAD_REPLIES_FIELD_NUMBER: _ClassVar[int]
    THREAD_LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    message: Message
    recalled: bool
    edits: int
    edited_ms: int
    pinned: bool
    reactions: _containers.RepeatedCompositeFieldContainer[ReactionCount]
    thread_replies: int
    thread_last_seq: int
    def __init__(self, seq: _Optional[int] = ..., time_ms: _Optional[int] = ..., sender_id: _Optional[str] = ..., client_id: _Optional[str] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., recalled: _Optional[bool] = ..., edits: _Optional[int] = ..., edited_ms: _Optional[int] = ..., pinned: _Optional[bool] = ..., reactions: _Optional[_Iterable[_Union[ReactionCount, _Mapping]]] = ..., thread_replies: _Optional[int] = ..., thread_last_seq: _Optional[int] = ...) -> None: ...

class ReactionCount(_message.Message):
    __slots__ = ("emoji", "count", "user_ids", "mine")
    EMOJI_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    MINE_FIELD_NUMBER: _ClassVar[int]
    emoji: str
    count: int
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    mine: bool
    def __init__(self, emoji: _Optional[str] = ..., count: _Optional[int] = ..., user_ids: _Optional[_Iterable[str]] = ..., mine: _Optional[bool] = ...) -> None: ...

class GetEdits(_message.Message):
    __slots__ = ("conversation_id", "target_seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    target_seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., target_seq: _Optional[int] = ...) -> None: ...

class EditPage(_message.Message):
    __slots__ = ("revisions",)
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[Revision]
    def __init__(self, revisions: _Optional[_Iterable[_Union[Revision, _Mapping]]] = ...) -> None: ...

class Revision(_message.Message):
    __slots__ = ("seq", "time_ms", "body")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    seq: int
    time_ms: int
    body: Body
    def __init__(self, seq: _Optional[int] = ..., time_ms: _Optional[int] = ..., body: _Optional[_Union[Body, _Mapping]] = ...) -> None: ...

class ConversationState(_message.Message):
    __slots__ = ("conversation_id", "kind", "title", "topic", "announcement", "dissolved", "history_for_newcomers", "mute_all", "slow_mode_s", "member_count", "peer_id", "roles", "keep_days", "kept_from", "as_of", "last_time_ms", "last_message", "state", "role", "intervals", "read_seq", "delivered_seq", "unread", "mentions", "muted_until_ms", "version", "own", "own_role", "join_requests")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCEMENT_FIELD_NUMBER: _ClassVar[int]
    DISSOLVED_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FOR_NEWCOMERS_FIELD_NUMBER: _ClassVar[int]
    MUTE_ALL_FIELD_NUMBER: _ClassVar[int]
    SLOW_MODE_S_FIELD_NUMBER: _ClassVar[int]
    MEMBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    KEEP_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEPT_FROM_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    UNREAD_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OWN_FIELD_NUMBER: _ClassVar[int]
    OWN_ROLE_FIELD_NUMBER: _ClassVar[int]
    JOIN_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    kind: ConversationKind
    title: str
    topic: str
    announcement: str
    dissolved: bool
    history_for_newcomers: bool
    mute_all: bool
    slow_mode_s: int
    member_count: int
    peer_id: str
    roles: _containers.RepeatedCompositeFieldContainer[ConversationRole]
    keep_days: int
    kept_from: int
    as_of: int
    last_time_ms: int
    last_message: MessageState
    state: MemberState
    role: Role
    intervals: _containers.RepeatedCompositeFieldContainer[Interval]
    read_seq: int
    delivered_seq: int
    unread: int
    mentions: int
    muted_until_ms: int
    version: int
    own: Own
    own_role: str
    join_requests: int
    def __init__(self, conversation_id: _Optional[str] = ..., kind: _Optional[_Union[ConversationKind, str]] = ..., title: _Optional[str] = ..., topic: _Optional[str] = ..., announcement: _Optional[str] = ..., dissolved: _Optional[bool] = ..., history_for_newcomers: _Optional[bool] = ..., mute_all: _Optional[bool] = ..., slow_mode_s: _Optional[int] = ..., member_count: _Optional[int] = ..., peer_id: _Optional[str] = ..., roles: _Optional[_Iterable[_Union[ConversationRole, _Mapping]]] = ..., keep_days: _Optional[int] = ..., kept_from: _Optional[int] = ..., as_of: _Optional[int] = ..., last_time_ms: _Optional[int] = ..., last_message: _Optional[_Union[MessageState, _Mapping]] = ..., state: _Optional[_Union[MemberState, str]] = ..., role: _Optional[_Union[Role, str]] = ..., intervals: _Optional[_Iterable[_Union[Interval, _Mapping]]] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ..., unread: _Optional[int] = ..., mentions: _Optional[int] = ..., muted_until_ms: _Optional[int] = ..., version: _Optional[int] = ..., own: _Optional[_Union[Own, _Mapping]] = ..., own_role: _Optional[str] = ..., join_requests: _Optional[int] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("from_seq", "to_seq")
    FROM_SEQ_FIELD_NUMBER: _ClassVar[int]
    TO_SEQ_FIELD_NUMBER: _ClassVar[int]
    from_seq: int
    to_seq: int
    def __init__(self, from_seq: _Optional[int] = ..., to_seq: _Optional[int] = ...) -> None: ...

class CreateConversation(_message.Message):
    __slots__ = ("client_id", "kind", "title", "topic", "user_ids", "history_for_newcomers")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FOR_NEWCOMERS_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    kind: ConversationKind
    title: str
    topic: str
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    history_for_newcomers: bool
    def __init__(self, client_id: _Optional[str] = ..., kind: _Optional[_Union[ConversationKind, str]] = ..., title: _Optional[str] = ..., topic: _Optional[str] = ..., user_ids: _Optional[_Iterable[str]] = ..., history_for_newcomers: _Optional[bool] = ...) -> None: ...

class OpenDirect(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class JoinConversation(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class LeaveConversation(_message.Message):
    __slots__ = ("conversation_id", "client_id")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    client_id: str
    def __init__(self, conversation_id: _Optional[str] = ..., client_id: _Optional[str] = ...) -> None: ...

class GetConversation(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class ListConversations(_message.Message):
    __slots__ = ("cursor", "limit")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListChannels(_message.Message):
    __slots__ = ("cursor", "limit", "query")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    query: str
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ..., query: _Optional[str] = ...) -> None: ...

class ConversationPage(_message.Message):
    __slots__ = ("conversations", "next_cursor")
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    conversations: _containers.RepeatedCompositeFieldContainer[ConversationState]
    next_cursor: str
    def __init__(self, conversations: _Optional[_Iterable[_Union[ConversationState, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListMembers(_message.Message):
    __slots__ = ("conversation_id", "cursor", "limit")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    cursor: str
    limit: int
    def __init__(self, conversation_id: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("user_id", "role", "state", "read_seq", "delivered_seq", "muted_until_ms", "own_role")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    OWN_ROLE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    role: Role
    state: MemberState
    read_seq: int
    delivered_seq: int
    muted_until_ms: int
    own_role: str
    def __init__(self, user_id: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., state: _Optional[_Union[MemberState, str]] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ..., muted_until_ms: _Optional[int] = ..., own_role: _Optional[str] = ...) -> None: ...

class MemberPage(_message.Message):
    __slots__ = ("as_of", "members", "next_cursor")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    as_of: int
    members: _containers.RepeatedCompositeFieldContainer[Member]
    next_cursor: str
    def __init__(self, as_of: _Optional[int] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class GetUserState(_message.Message):
    __slots__ = ("since_version", "limit")
    SINCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    since_version: int
    limit: int
    def __init__(self, since_version: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class UserState(_message.Message):
    __slots__ = ("since_version", "version", "conversations", "more", "contacts", "reminders")
    SINCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    REMINDERS_FIELD_NUMBER: _ClassVar[int]
    since_version: int
    version: int
    conversations: _containers.RepeatedCompositeFieldContainer[ConversationState]
    more: bool
    contacts: _containers.RepeatedCompositeFieldContainer[Contact]
    reminders: _containers.RepeatedCompositeFieldContainer[Reminder]
    def __init__(self, since_version: _Optional[int] = ..., version: _Optional[int] = ..., conversations: _Optional[_Iterable[_Union[ConversationState, _Mapping]]] = ..., more: _Optional[bool] = ..., contacts: _Optional[_Iterable[_Union[Contact, _Mapping]]] = ..., reminders: _Optional[_Iterable[_Union[Reminder, _Mapping]]] = ...) -> None: ...

class Contact(_message.Message):
    __slots__ = ("user_id", "state", "blocked", "name", "group", "note", "time_ms", "version")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    state: ContactState
    blocked: bool
    name: str
    group: str
    note: str
    time_ms: int
    version: int
    def __init__(self, user_id: _Optional[str] = ..., state: _Optional[_Union[ContactState, str]] = ..., blocked: _Optional[bool] = ..., name: _Optional[str] = ..., group: _Optional[str] = ..., note: _Optional[str] = ..., time_ms: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class SetMark(_message.Message):
    __slots__ = ("conversation_id", "read_seq", "delivered_seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    read_seq: int
    delivered_seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ...) -> None: ...

class Marks(_message.Message):
    __slots__ = ("conversation_id", "marks")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MARKS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    marks: _containers.RepeatedCompositeFieldContainer[Mark]
    def __init__(self, conversation_id: _Optional[str] = ..., marks: _Optional[_Iterable[_Union[Mark, _Mapping]]] = ...) -> None: ...

class Mark(_message.Message):
    __slots__ = ("user_id", "read_seq", "delivered_seq")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    read_seq: int
    delivered_seq: int
    def __init__(self, user_id: _Optional[str] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ...) -> None: ...

class Own(_message.Message):
    __slots__ = ("pinned", "archived", "marked_unread", "muted_until_ms", "folder", "notify", "draft", "thread_drafts")
    PINNED_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    MARKED_UNREAD_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    THREAD_DRAFTS_FIELD_NUMBER: _ClassVar[int]
    pinned: bool
    archived: bool
    marked_unread: bool
    muted_until_ms: int
    folder: str
    notify: Notify
    draft: Draft
    thread_drafts: _containers.RepeatedCompositeFieldContainer[Draft]
    def __init__(self, pinned: _Optional[bool] = ..., archived: _Optional[bool] = ..., marked_unread: _Optional[bool] = ..., muted_until_ms: _Optional[int] = ..., folder: _Optional[str] = ..., notify: _Optional[_Union[Notify, str]] = ..., draft: _Optional[_Union[Draft, _Mapping]] = ..., thread_drafts: _Optional[_Iterable[_Union[Draft, _Mapping]]] = ...) -> None: ...

class Draft(_message.Message):
    __slots__ = ("text", "reply_to_seq", "time_ms", "thread_seq")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    THREAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    text: str
    reply_to_seq: int
    time_ms: int
    thread_seq: int
    def __init__(self, text: _Optional[str] = ..., reply_to_seq: _Optional[int] = ..., time_ms: _Optional[int] = ..., thread_seq: _Optional[int] = ...) -> None: ...

class SetOwn(_message.Message):
    __slots__ = ("conversation_id", "pinned", "archived", "marked_unread", "muted_until_ms", "folder", "notify", "draft", "thread_draft")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    MARKED_UNREAD_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    THREAD_DRAFT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    pinned: bool
    archived: bool
    marked_unread: bool
    muted_until_ms: int
    folder: str
    notify: Notify
    draft: Draft
    thread_draft: Draft
    def __init__(self, conversation_id: _Optional[str] = ..., pinned: _Optional[bool] = ..., archived: _Optional[bool] = ..., marked_unread: _Optional[bool] = ..., muted_until_ms: _Optional[int] = ..., folder: _Optional[str] = ..., notify: _Optional[_Union[Notify, str]] = ..., draft: _Optional[_Union[Draft, _Mapping]] = ..., thread_draft: _Optional[_Union[Draft, _Mapping]] = ...) -> None: ...

class HideMessage(_message.Message):
    __slots__ = ("conversation_id", "seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class Schedule(_message.Message):
    __slots__ = ("submit", "due_ms")
    SUBMIT_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    submit: Submit
    due_ms: int
    def __init__(self, submit: _Optional[_Union[Submit, _Mapping]] = ..., due_ms: _Optional[int] = ...) -> None: ...

class CancelScheduled(_message.Message):
    __slots__ = ("client_id", "conversation_id")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    conversation_id: str
    def __init__(self, client_id: _Optional[str] = ..., conversation_id: _Optional[str] = ...) -> None: ...

class ListScheduled(_message.Message):
    __slots__ = ("cursor", "limit")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class Scheduled(_message.Message):
    __slots__ = ("submit", "due_ms", "error")
    SUBMIT_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    submit: Submit
    due_ms: int
    error: Error
    def __init__(self, submit: _Optional[_Union[Submit, _Mapping]] = ..., due_ms: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class ScheduledPage(_message.Message):
    __slots__ = ("scheduled", "next_cursor")
    SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    scheduled: _containers.RepeatedCompositeFieldContainer[Scheduled]
    next_cursor: str
    def __init__(self, scheduled: _Optional[_Iterable[_Union[Scheduled, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class Reminder(_message.Message):
    __slots__ = ("conversation_id", "seq", "due_ms", "note", "due", "version")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    due_ms: int
    note: str
    due: bool
    version: int
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., due_ms: _Optional[int] = ..., note: _Optional[str] = ..., due: _Optional[bool] = ..., version: _Optional[int] = ...) -> None: ...

class SetReminder(_message.Message):
    __slots__ = ("conversation_id", "seq", "due_ms", "note")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    due_ms: int
    note: str
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., due_ms: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class ListReminders(_message.Message):
    __slots__ = ("cursor", "limit")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ReminderPage(_message.Message):
    __slots__ = ("reminders", "next_cursor")
    REMINDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    reminders: _containers.RepeatedCompositeFieldContainer[Reminder]
    next_cursor: str
    def __init__(self, reminders: _Optional[_Iterable[_Union[Reminder, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class User(_message.Message):
    __slots__ = ("user_id", "username", "display_name", "signature", "bot", "avatar")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    BOT_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    username: str
    display_name: str
    signature: str
    bot: bool
    avatar: str
    def __init__(self, user_id: _Optional[str] = ..., username: _Optional[str] = ..., display_name: _Optional[str] = ..., signature: _Optional[str] = ..., bot: _Optional[bool] = ..., avatar: _Optional[str] = ...) -> None: ...

class FindUsers(_message.Message):
    __slots__ = ("query", "cursor", "limit")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    query: str
    cursor: str
    limit: int
    def __init__(self, query: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class GetUsers(_message.Message):
    __slots__ = ("user_ids", "usernames")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    USERNAMES_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    usernames: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., usernames: _Optional[_Iterable[str]] = ...) -> None: ...

class UserPage(_message.Message):
    __slots__ = ("users", "next_cursor")
    USERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    users: _containers.RepeatedCompositeFieldContainer[User]
    next_cursor: str
    def __init__(self, users: _Optional[_Iterable[_Union[User, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class Search(_message.Message):
    __slots__ = ("query", "sender", "place", "before", "after", "has", "cursor", "limit")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    HAS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    query: str
    sender: str
    place: str
    before: str
    after: str
    has: str
    cursor: str
    limit: int
    def __init__(self, query: _Optional[str] = ..., sender: _Optional[str] = ..., place: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., has: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class SearchPage(_message.Message):
    __slots__ = ("messages", "people", "conversations", "next_cursor")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[SearchHit]
    people: _containers.RepeatedCompositeFieldContainer[User]
    conversations: _containers.RepeatedCompositeFieldContainer[ConversationState]
    next_cursor: str
    def __init__(self, messages: _Optional[_Iterable[_Union[SearchHit, _Mapping]]] = ..., people: _Optional[_Iterable[_Union[User, _Mapping]]] = ..., conversations: _Optional[_Iterable[_Union[ConversationState, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class SearchHit(_message.Message):
    __slots__ = ("conversation_id", "seq", "time_ms", "sender_id", "thread_seq", "has_file", "snippet")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    HAS_FILE_FIELD_NUMBER: _ClassVar[int]
    SNIPPET_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    thread_seq: int
    has_file: bool
    snippet: _containers.RepeatedCompositeFieldContainer[Piece]
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., time_ms: _Optional[int] = ..., sender_id: _Optional[str] = ..., thread_seq: _Optional[int] = ..., has_file: _Optional[bool] = ..., snippet: _Optional[_Iterable[_Union[Piece, _Mapping]]] = ...) -> None: ...

class Piece(_message.Message):
    __slots__ = ("text", "hit")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    HIT_FIELD_NUMBER: _ClassVar[int]
    text: str
    hit: bool
    def __init__(self, text: _Optional[str] = ..., hit: _Optional[bool] = ...) -> None: ...

class Heads(_message.Message):
    __slots__ = ("heads",)
    HEADS_FIELD_NUMBER: _ClassVar[int]
    heads: _containers.RepeatedCompositeFieldContainer[Head]
    def __init__(self, heads: _Optional[_Iterable[_Union[Head, _Mapping]]] = ...) -> None: ...

class EmojiChanged(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class SetTyping(_message.Message):
    __slots__ = ("conversation_id", "typing")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TYPING_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    typing: bool
    def __init__(self, conversation_id: _Optional[str] = ..., typing: _Optional[bool] = ...) -> None: ...

class Typing(_message.Message):
    __slots__ = ("conversation_id", "user_id", "typing")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TYPING_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    user_id: str
    typing: bool
    def __init__(self, conversation_id: _Optional[str] = ..., user_id: _Optional[str] = ..., typing: _Optional[bool] = ...) -> None: ...

class Presence(_message.Message):
    __slots__ = ("user_id", "state", "last_seen_ms")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_MS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    state: PresenceState
    last_seen_ms: int
    def __init__(self, user_id: _Optional[str] = ..., state: _Optional[_Union[PresenceState, str]] = ..., last_seen_ms: _Optional[int] = ...) -> None: ...

class WatchPresence(_message.Message):
    __slots__ = ("user_ids",)
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListOnline(_message.Message):
    __slots__ = ("cursor", "limit")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class PresencePage(_message.Message):
    __slots__ = ("presences", "next_cursor")
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    presences: _containers.RepeatedCompositeFieldContainer[Presence]
    next_cursor: str
    def __init__(self, presences: _Optional[_Iterable[_Union[Presence, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class SignIn(_message.Message):
    __slots__ = ("login_id", "device_name", "address", "time_ms")
    LOGIN_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    login_id: str
    device_name: str
    address: str
    time_ms: int
    def __init__(self, login_id: _Optional[str] = ..., device_name: _Optional[str] = ..., address: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...
