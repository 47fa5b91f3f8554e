"""What REST is given: the services it speaks for, and nothing it could find by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from prometheus_client import CollectorRegistry

from hubbub.auth.accounts import Accounts
from hubbub.auth.audit import AuditLog
from hubbub.auth.model import Authenticator, Identity
from hubbub.auth.oauth import OAuth
from hubbub.auth.recovery import Recovery
from hubbub.auth.roles import Roles
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.chat.holding import Holding
from hubbub.chat.model import Caller
from hubbub.chat.moderating import Moderating
from hubbub.chat.retaining import Retaining
from hubbub.chat.service import Chat
from hubbub.cluster.live_config import LiveConfig
from hubbub.cluster.nodes import Nodes
from hubbub.cluster.sessions import SessionRegistry
from hubbub.files.links import Links
from hubbub.files.own_emoji import OwnEmoji
from hubbub.files.service import Files
from hubbub.links.service import LinkPreviews
from hubbub.push.service import Push
from hubbub.rest.events.listeners import Listeners
from hubbub.rest.settings import RestSettings
from hubbub.rest.web_app import Build

__all__ = ["Assignment", "CallerDep", "Deps", "DepsDep", "IdentityDep", "RestSettings", "ServerFacts"]


class ServerFacts(msgspec.Struct, frozen=True):
    """What a server says of itself to anybody."""

    version: str
    node_id: str
    name: str = ""
    """The operator's name for the place; empty leaves it to the one chosen at set-up."""


class Assignment(msgspec.Struct, frozen=True):
    """The node a device should connect to."""

    node_id: str
    websocket_url: str = ""
    """Absolute, or a path on the host the request came to."""
    tcp: str = ""
    """host:port; empty where the node does not listen for TCP."""


async def _ready() -> None: ...


def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything the REST application calls."""

    chat: Chat
    accounts: Accounts
    oauth: OAuth
    authenticator: Authenticator
    clock: Clock
    facts: ServerFacts
    assign: Callable[[Identity, Sequence[str]], Awaitable[Assignment]]
    """Choose where a device connects, but for the nodes it could not reach if there are others.

    Raises ChatError with UNAVAILABLE or OVERLOADED when no node takes new connections.
    """
    ready: Callable[[], Awaitable[None]] = _ready
    """Raises ChatError when the server should get no requests: its database does not answer, it drains."""
    on_set_up: Callable[[], None] = _nothing
    """Called once the one-time link was used, so that its file can go."""
    nodes: Nodes | None = None
    """None: there is no list of nodes."""
    config: LiveConfig | None = None
    """None: nothing can be changed while it runs."""
    settings: RestSettings = field(default_factory=RestSettings)
    auth_settings: AuthSettings = field(default_factory=AuthSettings)
    recovery: Recovery | None = None
    """None: this place writes no letters."""
    files: Files | None = None
    """None: this place takes no files."""
    emoji: OwnEmoji | None = None
    """Wherever there are files."""
    links: Links | None = None
    """Wherever there are files."""
    link_previews: LinkPreviews | None = None
    """None: nobody looks at links."""
    sessions: SessionRegistry | None = None
    """None: nobody is connected anywhere."""
    listeners: Listeners | None = None
    """None: there are no streams of events."""
    push: Push | None = None
    """None: nobody is called."""
    web_app: Build | None = None
    """None: it was not built; pages say how to."""
    socket_hosts: Callable[[], Iterable[str]] = tuple
    """Hosts, besides the one a request came to, whose sockets devices may be sent to."""
    audit: AuditLog | None = None
    """None: nothing is remembered."""
    moderating: Moderating | None = None
    """None: nobody reports and no word is filtered."""
    holding: Holding | None = None
    retaining: Retaining | None = None
    """None: nothing is held."""
    roles: Roles | None = None
    """None: there are owners and members."""
    metrics: CollectorRegistry | None = None
    """None: nothing is counted and `/metrics` is not served."""


# How handlers ask for them.
DepsDep = NamedDependency[SkipValidation[Deps]]
CallerDep = NamedDependency[SkipValidation[Caller]]
IdentityDep = NamedDependency[SkipValidation[Identity]]
