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
    Entry,
    EntryEvent,
    Event,
    File,
    Kind,
    MarksEvent,
    Member,
    MemberAction,
    Message,
    MessageEvent,
    PresenceEvent,
    ResetEvent,
    Role,
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
    "Entry",
    "EntryEvent",
    "Event",
    "ExponentialBackoff",
    "File",
    "FixedToken",
    "HttpApi",
    "HubbubError",
    "KeptLogin",
    "Kind",
    "MarksEvent",
    "Member",
    "MemberAction",
    "Message",
    "MessageEvent",
    "Pending",
    "PresenceEvent",
    "ResetEvent",
    "Role",
    "State",
    "StateEvent",
    "Tokens",
    "Transport",
    "TypingEvent",
    "User",
]
