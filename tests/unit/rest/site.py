"""What the tests of REST share: a whole site in this process, over memory or over a database."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from unit.auth.people import PASSWORD, a_key, fast_settings

from hubbub.auth.accounts import Accounts
from hubbub.auth.directory import Directory
from hubbub.auth.foreign import Provider
from hubbub.auth.letters import Letter
from hubbub.auth.model import Identity
from hubbub.auth.oauth import OAuth
from hubbub.auth.recovery import Recovery
from hubbub.auth.roles import Roles
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock, SystemClock
from hubbub.base.ids import new_id
from hubbub.blobs.memory import MemoryBlobs
from hubbub.bus.local import LocalBus, LocalSignals
from hubbub.chat.holding import Holding
from hubbub.chat.model import UserRow
from hubbub.chat.moderating import Moderating
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import LoginEnded
from hubbub.chat.retaining import Retaining
from hubbub.chat.settings import ChatSettings
from hubbub.cluster.live_config import LiveConfig
from hubbub.cluster.live_settings import LiveSettings
from hubbub.cluster.model import ROLES, NodeRecord
from hubbub.cluster.nodes import Nodes
from hubbub.cluster.sessions import SessionRegistry
from hubbub.cluster.settings import ClusterSettings
from hubbub.files.links import Links
from hubbub.files.own_emoji import CHANGED as EMOJI_CHANGED
from hubbub.files.own_emoji import OwnEmoji
from hubbub.files.pictures import PictureProcesses
from hubbub.files.service import Files
from hubbub.files.settings import FilesSettings
from hubbub.links.ports import LinkStore
from hubbub.links.service import LinkPreviews
from hubbub.links.settings import LinksSettings
from hubbub.push.service import Push
from hubbub.push.settings import PushSettings
from hubbub.rest.app import create_app
from hubbub.rest.deps import Assignment, Deps, RestSettings, ServerFacts
from hubbub.rest.events.listeners import Listeners
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.auth.clients import SqlClients
from hubbub.storage.auth.factors import SqlFactors
from hubbub.storage.auth.roles import SqlRoles
from hubbub.storage.chat.holds import SqlHolds
from hubbub.storage.chat.moderation import SqlModeration
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.emoji_store import SqlEmoji
from hubbub.storage.file_store import SqlFiles
from hubbub.storage.link_store import SqlLinks
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.clients import MemoryClients
from hubbub.storage.memory.cluster import MemoryConfig, MemoryNodes
from hubbub.storage.memory.emoji import MemoryEmoji
from hubbub.storage.memory.factors import MemoryFactors
from hubbub.storage.memory.links import MemoryLinks
from hubbub.storage.memory.moderation import MemoryModeration
from hubbub.storage.memory.push import MemoryPush
from hubbub.storage.memory.roles import MemoryRoles
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.push_store import SqlPush
from hubbub.storage.sqlite_database import SqliteDatabase

ISSUER = "http://hubbub.test"
PUSH_KEY = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"


@dataclass
class Person:
    """Somebody with a token, who asks."""

    http: httpx.AsyncClient
    user_id: str
    username: str
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens['access_token']}"}

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Make a request below /api/v1."""
        headers = {**self.headers, **more.pop("headers", {})}
        content = {} if body is None else {"json": body}
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **content, **more)

    async def gets(self, path: str, **params: Any) -> Any:
        """Return what a GET answers, which must be 200."""
        answer = await self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def does(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Return what a request answers, which must be a success."""
        answer = await self.ask(method, path, body, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def is_refused(self, method: str, path: str, body: Any = None, **more: Any) -> str:
        """Return the code of a refusal."""
        answer = await self.ask(method, path, body, **more)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert problem["status"] == answer.status_code
        return str(problem["code"])


class Woken:
    """Counts how often the workers were told that a link waits."""

    times = 0

    async def tell(self) -> None:
        self.times += 1


class Posted:
    """An office that keeps the letters."""

    def __init__(self, kept: Callable[[], list[Letter]]) -> None:
        self._kept = kept

    async def post(self, letter: Letter) -> None:
        self._kept().append(letter)


@dataclass
class Site:
    """A server without sockets."""

    http: httpx.AsyncClient
    accounts: Accounts
    chat: ChatNode
    deps: Deps
    signals: LocalSignals
    node_rows: MemoryNodes
    ended: list[tuple[str, str]] = field(default_factory=list)
    set_up: list[bool] = field(default_factory=list)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    link_rows: LinkStore = field(default_factory=MemoryLinks)
    letters: list[Letter] = field(default_factory=list)
    recovery: Recovery = field(init=False, repr=False)
    account_store: SqlAccounts | MemoryAccounts = field(init=False, repr=False)
    factor_store: SqlFactors | MemoryFactors = field(init=False, repr=False)
    woken: Woken = field(default_factory=lambda: Woken())
    app: Any = field(init=False, repr=False)
    store: SqlStore | MemoryStore = field(init=False, repr=False)
    listeners: Listeners = field(init=False, repr=False)
    prince: Person = field(init=False, repr=False)
    """The admin, for tests that need one and do not care who."""

    async def enter(self, name: str) -> Person:
        """Register and log in."""
        made = await self.http.post("/api/v1/accounts", json={"username": name, "password": PASSWORD})
        assert made.status_code == 201, made.text
        return await self.log_in(name)

    async def log_in(self, name: str, password: str = PASSWORD) -> Person:
        form = {"grant_type": "password", "username": name, "password": password}
        answer = await self.http.post("/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        return Person(self.http, tokens["user_id"], tokens["username"], tokens)

    def deps_without_metrics(self) -> Deps:
        """Return what a second application over the same services is given."""
        return dataclasses.replace(self.deps, metrics=None)

    async def admin(self) -> Person:
        """Set the place up and return its admin."""
        token = await self.accounts.setup_token()
        assert token is not None
        await self.accounts.set_up(token, "prince", PASSWORD, "Verona")
        return await self.log_in("prince")


@asynccontextmanager
async def a_site(
    folder: Path | None = None,
    *,
    auth: AuthSettings | None = None,
    rest: RestSettings | None = None,
    file_settings: FilesSettings | None = None,
    issuer: str = ISSUER,
    clock: Clock | None = None,
    provider: Provider | None = None,
    directory: Directory | None = None,
) -> AsyncIterator[Site]:
    """Open a site over a database in `folder`, or over memory."""
    clock = clock or SystemClock()
    auth = auth or fast_settings()
    database = await SqliteDatabase.open(folder, clock=clock) if folder else None
    memory = MemoryStore(clock)
    store = SqlStore(database) if database else memory
    memory_audit = MemoryAudit(clock)
    memory_accounts = MemoryAccounts(memory_audit)
    bus = LocalBus()
    moderation = SqlModeration(database) if database else MemoryModeration(clock, memory_audit)
    chat = ChatNode(store, bus, clock, ChatSettings(limits_on=False), moderation)
    # Whoever asks for a stream of events gets what there is, and its end, unless a test wants to listen.
    rest = rest or RestSettings(event_longest_s=0.0)
    account_store: SqlAccounts | MemoryAccounts = SqlAccounts(database) if database else memory_accounts
    accounts = Accounts(account_store, auth, clock)
    client_store = SqlClients(database) if database else MemoryClients(memory_accounts)
    factor_store = SqlFactors(database) if database else MemoryFactors(memory_accounts)
    oauth = OAuth(
        client_store, factor_store, accounts, auth, clock, issuer=issuer, provider=provider, directory=directory
    )

    async def on_registered(user_id: str) -> None:
        person = await accounts.profile(user_id)
        memory.add_user(UserRow(person.id, person.username, person.display_name))
        await chat.add_new_user(user_id)

    async def on_ended(user_id: str, device_id: str) -> None:
        site.ended.append((user_id, device_id))
        await bus.publish([LoginEnded(user_id, device_id)])

    async def filters_changed() -> None:
        assert chat.filtering is not None
        await chat.filtering.step()

    async def assign(identity: Identity, avoid: Sequence[str]) -> Assignment:
        return Assignment("node", websocket_url="/ws", tcp="127.0.0.1:8081")

    accounts.on_registered, accounts.on_login_ended = on_registered, on_ended
    record = NodeRecord("node", new_id(), ROLES, http="127.0.0.1:8080", version="0", started_ms=clock.now_ms())
    signals = LocalSignals()
    node_rows = MemoryNodes(clock)
    nodes = Nodes(record, node_rows, signals, clock, ClusterSettings(), sole=True)
    config = LiveConfig(MemoryConfig(clock, memory_audit), signals, LiveSettings())
    blobs = MemoryBlobs()
    secret, spool = bytes(32), tempfile.TemporaryDirectory()
    files = Files(
        SqlFiles(database) if database else memory.files,
        blobs,
        PictureProcesses(FilesSettings()),
        clock,
        file_settings or FilesSettings(),
        Path(spool.name) / "uploads",
    )

    async def emoji_changed(version: int) -> None:
        await signals.signal(EMOJI_CHANGED, str(version).encode())

    emoji = OwnEmoji(
        SqlEmoji(database) if database else MemoryEmoji(memory.files, memory_audit),
        files,
        clock,
        file_settings or FilesSettings(),
        emoji_changed,
    )
    woken, link_rows = Woken(), SqlLinks(database) if database else MemoryLinks()
    listeners = Listeners(
        chat, accounts, lambda hear, on_hole: bus.feed(hear, everything=True, on_hole=on_hole), clock, rest
    )
    recovery = Recovery(account_store, accounts, Posted(lambda: site.letters), clock, auth, url=issuer)
    accounts.on_arrival.append(recovery.tell_arrival)
    push_rows = SqlPush(database) if database else MemoryPush(memory, memory_accounts)
    deps = Deps(
        chat=chat,
        listeners=listeners,
        sessions=SessionRegistry(clock),
        recovery=recovery,
        files=files,
        emoji=emoji,
        links=Links(secret, clock, 3600.0),
        link_previews=LinkPreviews(link_rows, clock, LinksSettings(), woken.tell),
        push=Push(push_rows, clock, PushSettings(), PUSH_KEY, woken.tell),
        accounts=accounts,
        oauth=oauth,
        authenticator=accounts,
        clock=clock,
        facts=ServerFacts("0", "node"),
        assign=assign,
        on_set_up=lambda: site.set_up.append(True),
        settings=rest,
        auth_settings=auth,
        metrics=CollectorRegistry(),
        nodes=nodes,
        config=config,
        audit=SqlAudit(database) if database else memory_audit,
        moderating=Moderating(moderation, chat, clock, filters_changed),
        holding=Holding(SqlHolds(database) if database else memory.legal_holds(memory_audit), clock),
        retaining=Retaining(
            store,
            clock,
            lambda: ChatSettings(keep_days=config.current.keep_days),
        ),
        roles=Roles(SqlRoles(database) if database else MemoryRoles(memory_accounts), accounts, clock),
    )
    app: Any = create_app(deps)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    await account_store.add_signing_key(a_key(), expect="")
    await accounts.start()
    await chat.start()
    await nodes.enter()
    await config.start()
    await files.start(sweeps=False)
    await listeners.start()
    try:
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            site = Site(http, accounts, chat, deps, signals, node_rows, link_rows=link_rows, woken=woken, blobs=blobs)
            site.app, site.store, site.listeners = app, store, listeners
            site.recovery, site.account_store, site.factor_store = recovery, account_store, factor_store
            yield site
    finally:
        await listeners.stop()
        await files.stop()
        spool.cleanup()
        await config.stop()
        await nodes.stop()
        await chat.stop()
        await accounts.close()
        if database:
            await database.close()
