"""The Python SDK: everything a program needs to chat, and nothing of the server.

async with Client("http://127.0.0.1:8080", username="romeo", password="...") as client: ...
"""

from hubbub.client.backoff import ExponentialBackoff
from hubbub.client.client import Client
from hubbub.client.connection import Transport
from hubbub.client.errors import HubbubError
from hubbub.client.http import HttpApi, Tokens
from hubbub.client.login import FixedToken, KeptLogin
from hubbub.client.models import (
    Accepted,
    Conversation,
    ConversationEvent,
    Draft,
    Entry,
    EntryEvent,
    Event,
    File,
    Found,
    Kind,
    MarksEvent,
    Member,
    MemberAction,
    Message,
    MessageEvent,
    Notify,
    Own,
    PresenceEvent,
    ResetEvent,
    Role,
    SearchHit,
    State,
    StateEvent,
    TypingEvent,
    User,
)
from hubbub.client.outbox import Pending

__all__ = [
    "Accepted",
    "Client",
    "Conversation",
    "ConversationEvent",
    "Draft",
    "Entry",
    "EntryEvent",
    "Event",
    "ExponentialBackoff",
    "File",
    "FixedToken",
    "Found",
    "HttpApi",
    "HubbubError",
    "KeptLogin",
    "Kind",
    "MarksEvent",
    "Member",
    "MemberAction",
    "Message",
    "MessageEvent",
    "Notify",
    "Own",
    "Pending",
    "PresenceEvent",
    "ResetEvent",
    "Role",
    "SearchHit",
    "State",
    "StateEvent",
    "Tokens",
    "Transport",
    "TypingEvent",
    "User",
]
