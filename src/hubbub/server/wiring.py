"""The one place where the objects of a server are built and joined.

Plain constructor calls, in the order things depend on each other; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry

import hubbub
from hubbub.auth.accounts import Accounts
from hubbub.auth.model import Identity
from hubbub.auth.setup_link import remove_setup_link
from hubbub.base.clock import Clock
from hubbub.base.ids import new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import LoginEnded
from hubbub.cluster.sessions import SessionRegistry
from hubbub.gateway.gateway import Gateway
from hubbub.rest.app import create_app
from hubbub.rest.deps import Assignment, Deps, ServerFacts
from hubbub.server.settings import ServerSettings
from hubbub.storage.accounts import SqlAccounts
from hubbub.storage.sql_store import SqlStore
from hubbub.storage.sqlite_database import SqliteDatabase


@dataclass(slots=True)
class Reachable:
    """Where this server can be reached, known once it listens."""

    local_url: str = ""
    """From this machine."""
    public_url: str = ""
    """For people: what was set, or else the local one."""
    tcp: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A server whose parts run; what still lacks is listening."""

    app: ASGIApp
    """The ASGI application."""
    accounts: Accounts
    chat: ChatNode
    gateway: Gateway
    node_id: str


async def build(settings: ServerSettings, clock: Clock, reachable: Reachable, stack: AsyncExitStack) -> Server:
    """Start every part; `stack` stops them in the opposite order.

    Raises StoreUnavailable when the data folder cannot be used.
    """
    data = Path(settings.data)
    node_id = new_id()
    database = await SqliteDatabase.open(data, readers=settings.readers, clock=clock)
    stack.push_async_callback(database.close)

    store = SqlStore(database)
    account_store = SqlAccounts(database)
    bus = LocalBus()
    chat = ChatNode(store, bus, clock, settings.chat)

    async def login_ended(user_id: str, device_id: str) -> None:
        await bus.publish([LoginEnded(user_id, device_id)])

    accounts = Accounts(
        account_store, settings.auth, clock, on_login_ended=login_ended, on_registered=chat.add_new_user
    )
    await accounts.start()
    stack.push_async_callback(accounts.close)
    await chat.start()
    stack.push_async_callback(chat.stop)

    sessions = SessionRegistry(
        clock,
        settings.gateway.login_policy,
        save_last_seen=account_store.save_last_seen,
        load_last_seen=account_store.load_last_seen,
    )
    gateway = Gateway(
        chat,
        accounts,
        lambda handler, on_hole: bus.feed(handler, everything=True),
        sessions,
        clock,
        settings.gateway,
        node_id,
        end_login=accounts.log_out,
        version=hubbub.__version__,
    )
    await gateway.start()

    async def assign(identity: Identity, avoid: Sequence[str]) -> Assignment:
        return Assignment(
            node_id, websocket_url=f"{reachable.public_url.replace('http', 'ws', 1)}/ws", tcp=reachable.tcp
        )

    async def ready() -> None:
        await chat.epoch()

    app = create_app(
        Deps(
            chat=chat,
            accounts=accounts,
            authenticator=accounts,
            clock=clock,
            facts=ServerFacts(hubbub.__version__, node_id),
            assign=assign,
            ready=ready,
            on_set_up=lambda: remove_setup_link(data),
            settings=settings.rest,
            auth_settings=settings.auth,
            metrics=CollectorRegistry(),
        )
    )
    return Server(app, accounts, chat, gateway, node_id)
