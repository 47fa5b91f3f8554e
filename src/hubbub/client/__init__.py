"""The Python SDK: everything a program needs to chat, and nothing of the server.

    async with connect("http://127.0.0.1:8080", username="romeo", password="...") as client: ...

`hubbub.client.blocking` is the same for programs without an event loop; docs/sdk.md shows how to use both.
"""

from hubbub.client.backoff import Backoff, ExponentialBackoff, Reconnect, when_it_helps
from hubbub.client.client import Client
from hubbub.client.connection import Transport
from hubbub.client.errors import HubbubError
from hubbub.client.events import EventStream, MessageStream
from hubbub.client.http import HttpApi, Tokens
from hubbub.client.log import LoggedMessage, MessageLog
from hubbub.client.login import FixedToken, KeptLogin, ProgramLogin
from hubbub.client.models import (
    Accepted,
    Contact,
    ContactEvent,
    ContactState,
    Conversation,
    ConversationEvent,
    Draft,
    Entry,
    EntryEvent,
    Event,
    File,
    Found,
    Invitation,
    Invite,
    JoinRequest,
    Kind,
    MarksEvent,
    Me,
    Member,
    MemberAction,
    Message,
    MessageEvent,
    Notify,
    Own,
    PresenceEvent,
    ProfileEvent,
    Reminder,
    ReminderEvent,
    ResetEvent,
    Role,
    SearchHit,
    SignedInEvent,
    State,
    StateEvent,
    TypingEvent,
    User,
)
from hubbub.client.outbox import Pending
from hubbub.client.start import connect

__all__ = [
    "Accepted",
    "Backoff",
    "Client",
    "Contact",
    "ContactEvent",
    "ContactState",
    "Conversation",
    "ConversationEvent",
    "Draft",
    "Entry",
    "EntryEvent",
    "Event",
    "EventStream",
    "ExponentialBackoff",
    "File",
    "FixedToken",
    "Found",
    "HttpApi",
    "HubbubError",
    "Invitation",
    "Invite",
    "JoinRequest",
    "KeptLogin",
    "Kind",
    "LoggedMessage",
    "MarksEvent",
    "Me",
    "Member",
    "MemberAction",
    "Message",
    "MessageEvent",
    "MessageLog",
    "MessageStream",
    "Notify",
    "Own",
    "Pending",
    "PresenceEvent",
    "ProfileEvent",
    "ProgramLogin",
    "Reconnect",
    "Reminder",
    "ReminderEvent",
    "ResetEvent",
    "Role",
    "SearchHit",
    "SignedInEvent",
    "State",
    "StateEvent",
    "Tokens",
    "Transport",
    "TypingEvent",
    "User",
    "connect",
    "when_it_helps",
]
