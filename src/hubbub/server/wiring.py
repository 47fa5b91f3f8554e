"""The one place where the objects of a server are built and joined.

Plain constructor calls, in the order things depend on each other; nothing here decides anything.  Every process has the
ground, a chat to ask (its own or one over the bus), accounts and a place among the nodes; its roles say what it does
with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry

import hubbub
from hubbub.auth.accounts import Accounts
from hubbub.auth.arrivals import NewDevice
from hubbub.auth.audit import By, by
from hubbub.auth.model import Identity
from hubbub.auth.oauth import OAuth
from hubbub.auth.ports import Account, Login
from hubbub.auth.roles import Roles
from hubbub.auth.sealing import CannotOpen
from hubbub.auth.setup_link import remove_setup_link
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.bus.chat_server import ChatServer
from hubbub.bus.remote_chat import RemoteChat
from hubbub.chat.holding import Holding
from hubbub.chat.moderating import CHANGED as MODERATION_CHANGED
from hubbub.chat.moderating import Moderating
from hubbub.chat.node import ChatNode
from hubbub.chat.outbox import Outbox
from hubbub.chat.ports import RIGHTS_CHANGED, LoginEnded
from hubbub.chat.retaining import Retaining
from hubbub.chat.service import Chat
from hubbub.cluster.assignment import Assigner
from hubbub.cluster.caretaker import Caretaker
from hubbub.cluster.live_config import LiveConfig
from hubbub.cluster.live_settings import LiveSettings
from hubbub.cluster.locks import Locks
from hubbub.cluster.model import LEVEL, NodeRecord, NodeState, TooOld
from hubbub.cluster.nodes import Nodes
from hubbub.cluster.roll import Roll, sweep_sessions
from hubbub.cluster.sessions import SessionRegistry
from hubbub.cluster.tickets import SOCKET_PATH, Tickets
from hubbub.fetch.ldap import LdapDirectory
from hubbub.fetch.openid import HttpProvider
from hubbub.files.links import Links
from hubbub.files.own_emoji import CHANGED as EMOJI_CHANGED
from hubbub.files.own_emoji import OwnEmoji
from hubbub.files.service import Files
from hubbub.gateway.gateway import Gateway
from hubbub.push.noting import Noting
from hubbub.rest.app import create_app, create_probe
from hubbub.rest.deps import Assignment, Deps, ServerFacts
from hubbub.rest.events.listeners import Listeners
from hubbub.rest.web_app import Build, read_build
from hubbub.server.erasing import Erasing
from hubbub.server.files import open_files
from hubbub.server.ground import CannotServe, Ground, agree_on_small, lay_ground
from hubbub.server.links import open_links, start_link_worker
from hubbub.server.live import live_defaults, live_settings
from hubbub.server.load import LoadMeter
from hubbub.server.mail import open_recovery
from hubbub.server.metrics import AskingMetrics, BusMetrics, GatewayMetrics, ListenerMetrics
from hubbub.server.push import open_push, start_noting, start_push_worker
from hubbub.server.releasing import Releasing
from hubbub.server.retaining import RetentionJob
from hubbub.server.settings import ServerSettings
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.auth.clients import SqlClients
from hubbub.storage.auth.factors import SqlFactors
from hubbub.storage.auth.letters import SqlLetters
from hubbub.storage.auth.roles import SqlRoles
from hubbub.storage.chat.holds import SqlHolds
from hubbub.storage.chat.moderation import SqlModeration
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.cluster_store import SqlConfig, SqlLocks, SqlNodes
from hubbub.storage.database import Database
from hubbub.storage.emoji_store import SqlEmoji
from hubbub.storage.session_store import SqlSessions

INCARNATION_FILE = "incarnation"
"""In the data folder: which incarnation of this node had it last."""

PROFILE_CHANGED = "people.profile"
NEW_DEVICE = "people.device"
"""The signal that somebody is called or shown another way now; its payload is their id."""

_READY_S = 2.0
_CHAT_AGAIN_S = 0.5
_CARETAKER_LEASE_S = 60.0
_CARETAKER_ALONE_S = 86_400.0
"""Nobody misses who tidies, so the lock is renewed rarely; on a disk that is one process's alone, next to never."""

_logger = structlog.stdlib.get_logger("hubbub.server")


@dataclass(slots=True)
class Reachable:
    """Where this server can be reached; its ports are taken before it is built."""

    listen: str = ""
    """HOST:PORT of the HTTP port as it was bound."""
    listen_tcp: str = ""
    local_url: str = ""
    """From this machine."""
    public_url: str = ""
    """For people: what was set, or else the local one."""
    http: str = ""
    """HOST:PORT of the HTTP port for other nodes and the edge."""
    tcp: str = ""
    """HOST:PORT of the TCP port for clients; empty: none."""


@dataclass(slots=True)
class Server:
    """A server whose parts run; what still lacks is serving its ports."""

    app: ASGIApp
    accounts: Accounts
    chat: Chat
    gateway: Gateway | None
    listeners: Listeners | None
    nodes: Nodes
    live: LiveConfig
    database: Database
    ticketed: Callable[[str], bool] | None = None
    """Whether a ticket was given to a login for this node; None where none are given."""
    setup_secret: bytes = b""
    """From which all web nodes make the same set-up link."""
    draining: bool = False

    async def ready(self) -> None:
        """Raise ChatError when nothing new should come here: it starts, it drains, or its database does not answer."""
        if self.draining:
            raise ChatError(Code.GOING_AWAY)
        if not self.nodes.offered:
            raise ChatError(Code.UNAVAILABLE)
        try:
            async with asyncio.timeout(_READY_S):
                await self.database.read(self.database.now_ms)
        except TimeoutError:
            raise ChatError(Code.UNAVAILABLE) from None

    async def serve(self) -> None:
        """Take people and calls: the ports are served."""
        await self.nodes.serve()

    async def drain(self) -> None:
        """Take nothing new, and let everybody know."""
        self.draining = True
        await self.nodes.drain()


Again = Callable[[str], None]
"""Called with the reason why everything this process holds is void, so that it must begin anew."""


async def build(
    settings: ServerSettings, own_clock: Clock, reachable: Reachable, stack: AsyncExitStack, again: Again
) -> Server:
    """Start every part; `stack` stops them in the opposite order.

    Raises StoreUnavailable or CannotServe when something outside stands in the way.
    """
    ground = await lay_ground(settings, own_clock, stack, lambda: again("the log was replaced"))
    meter = LoadMeter(own_clock)
    live = await _live_config(settings, ground, stack)
    nodes = _nodes(settings, ground, reachable, meter, own_clock)
    nodes.on_declared_dead(lambda old, new: _begin_anew(again))
    roll = _roll(settings, ground, nodes)
    metrics = CollectorRegistry()
    if ground.remote is not None:
        metrics.register(BusMetrics(lambda: ground.remote.stats))  # type: ignore[union-attr]

    noting = await start_noting(settings, ground, stack)
    chat: Chat
    if settings.does("chat"):
        chat = await _own_chat(settings, ground, stack, noting)
        await _enter(settings, ground, nodes, stack)
    else:
        await _enter(settings, ground, nodes, stack)
        chat = _remote_chat(ground, nodes, stack)
        metrics.register(AskingMetrics(chat))
    if settings.does("worker") and not settings.does("chat"):
        sweeping = Outbox(
            SqlStore(ground.database, small_audience=settings.chat.small_audience),
            ground.bus,
            ground.clock,
            settings.chat,
            noting.heard,
        )
        sweeping.start()
        stack.push_async_callback(sweeping.stop)
    if settings.does("worker"):
        _take_care(settings, ground, live, own_clock, stack)

    account_store = SqlAccounts(ground.database)
    accounts = await _accounts(settings, ground, account_store, chat, stack)
    # Without a gateway it has no seats, and knows who is at other nodes.
    sessions = SessionRegistry(
        ground.clock,
        lambda: live.current.login_policy,
        roll=roll,
        save_last_seen=account_store.save_last_seen,
        load_last_seen=account_store.load_last_seen,
    )
    if settings.does("worker"):
        erasing = Erasing(account_store, chat)
        erasing.start()
        stack.push_async_callback(erasing.stop)
        releasing = Releasing(SqlHolds(ground.database))
        releasing.start()
        stack.push_async_callback(releasing.stop)
    gateway: Gateway | None = None
    if settings.does("gateway"):
        if roll is not None:
            await roll.start()
            stack.push_async_callback(roll.stop)
        gateway = meter.gateway = Gateway(
            chat,
            accounts,
            ground.feed,
            sessions,
            ground.clock,
            settings.gateway,
            settings.node_name,
            end_login=partial(_log_out, accounts),
            version=hubbub.__version__,
            small_audience=settings.chat.small_audience,
        )
        metrics.register(GatewayMetrics(gateway))
        await _start_gateway(gateway)
        stack.callback(await ground.signals.listen(PROFILE_CHANGED, gateway.profile_changed))
        stack.callback(await ground.signals.listen(NEW_DEVICE, gateway.signed_in))
        stack.callback(await ground.signals.listen(EMOJI_CHANGED, gateway.emoji_changed))

    listeners: Listeners | None = None
    if settings.does("web"):
        listeners = Listeners(
            chat,
            accounts,
            ground.feed,
            ground.clock,
            settings.rest,
            small_audience=settings.chat.small_audience,
        )
        await listeners.start()
        stack.push_async_callback(listeners.stop)
        metrics.register(ListenerMetrics(listeners))

    files = await open_files(settings, ground, stack)
    link_previews = open_links(settings, ground)
    link_worker = await start_link_worker(settings, ground, stack) if settings.does("worker") else None
    push = await open_push(settings, ground)
    if settings.does("worker"):
        await start_push_worker(settings, ground, chat, sessions, stack)

    async def ready() -> None:
        await server.ready()

    deps = Deps(
        chat=chat,
        accounts=accounts,
        oauth=OAuth(
            SqlClients(ground.database),
            SqlFactors(ground.database),
            accounts,
            settings.auth,
            ground.clock,
            issuer=_issuer(settings, reachable),
            provider=_provider(settings, ground, stack),
            directory=_directory(settings, stack),
        ),
        recovery=open_recovery(
            settings,
            accounts,
            account_store,
            SqlLetters(ground.database),
            ground.clock,
            _issuer(settings, reachable),
            stack,
        )
        if settings.does("web")
        else None,
        authenticator=accounts,
        clock=ground.clock,
        facts=ServerFacts(hubbub.__version__, settings.node_name),
        assign=_assign(settings, ground, nodes, roll, live, reachable, own_clock),
        nodes=nodes,
        config=live,
        ready=ready,
        on_set_up=lambda: remove_setup_link(Path(settings.data)),
        settings=settings.rest,
        auth_settings=settings.auth,
        files=files,
        emoji=_emoji(settings, ground, files),
        link_previews=link_previews,
        sessions=sessions,
        listeners=listeners,
        audit=SqlAudit(ground.database),
        roles=await _roles(settings, ground, accounts, stack),
        moderating=Moderating(
            SqlModeration(ground.database),
            chat,
            ground.clock,
            partial(ground.signals.signal, MODERATION_CHANGED, b""),
        ),
        holding=Holding(SqlHolds(ground.database), ground.clock),
        retaining=_retaining(settings, ground, live),
        push=push,
        links=Links(ground.identity.secret, ground.clock, settings.files.link_s),
        web_app=await _web_app(settings),
        socket_hosts=_socket_hosts(settings, nodes, roll),
        metrics=metrics,
    )

    def changed(current: LiveSettings) -> None:
        now = live_settings(settings, current)
        accounts.use(now.auth)
        if isinstance(chat, ChatNode):
            chat.use(now.chat)
        if gateway is not None:
            gateway.use(now.gateway)
        if files is not None:
            files.use(now.files)
        link_previews.use(now.links)
        if link_worker is not None:
            link_worker.use(now.links)

    live.on_change(changed)
    changed(live.current)
    app = create_app(deps) if settings.does("web") else create_probe(deps)
    server = Server(app, accounts, chat, gateway, listeners, nodes, live, ground.database)
    if ground.remote is not None:
        tickets = Tickets(ground.identity.secret, ground.clock)
        server.ticketed = lambda ticket: bool(tickets.login(ticket, nodes.record))
        server.setup_secret = ground.identity.secret
    return server


def _nodes(settings: ServerSettings, ground: Ground, reachable: Reachable, meter: LoadMeter, own_clock: Clock) -> Nodes:
    record = NodeRecord(
        node_id=settings.node_name,
        incarnation=ground.identity.incarnation,
        roles=settings.roles,
        http=reachable.http,
        tcp=reachable.tcp if settings.does("gateway") else "",
        version=hubbub.__version__,
        level=LEVEL,
        weight=settings.cluster.weight,
        started_ms=ground.clock.now_ms(),
        # Nobody is to be sent here before the ports are served.
        draining=True,
        starting=True,
    )
    store = SqlNodes(ground.database)
    sole = not ground.database.shared
    return Nodes(record, store, ground.signals, own_clock, settings.cluster, load=meter.read, sole=sole)


async def _enter(settings: ServerSettings, ground: Ground, nodes: Nodes, stack: AsyncExitStack) -> None:
    """Take this node's place among the others.

    The data folder is this process's alone, so the incarnation that was written there before is gone, however it ended:
    its lease need not be waited for.
    """
    written = Path(settings.data) / INCARNATION_FILE
    try:
        if ground.database.shared and (before := await asyncio.to_thread(_read, written)):
            await SqlNodes(ground.database).leave(before)
        await nodes.start()
        await asyncio.to_thread(written.write_text, nodes.incarnation, "ascii")
    except ChatError as refused:
        if refused.code is not Code.CONFLICT:
            raise
        raise CannotServe(f"setting node: {refused}") from None
    except TooOld as refused:
        raise CannotServe(str(refused)) from None
    # Of two that start at once with two numbers, one has had its number replaced by now.
    await agree_on_small(ground.database, settings.chat.small_audience, alone=False)
    stack.push_async_callback(nodes.stop)
    if ground.remote is not None:
        return
    others = [view for view in nodes.view() if view.record.incarnation != nodes.incarnation]
    if others := [view for view in others if view.state is not NodeState.DEAD]:
        raise CannotServe(
            f"the node {others[0].record.node_id} serves this database as well, and without a bus neither would hear"
            " of the other's messages: set bus"
        )


def _read(path: Path) -> str:
    """Return the id in a file, or nothing where there is none."""
    try:
        return parse_id(path.read_text("ascii").strip())
    except (FileNotFoundError, ValueError):
        return ""


async def _own_chat(settings: ServerSettings, ground: Ground, stack: AsyncExitStack, noting: Noting) -> ChatNode:
    chat = ChatNode(
        SqlStore(ground.database, small_audience=settings.chat.small_audience),
        ground.bus,
        ground.clock,
        settings.chat,
        SqlModeration(ground.database),
        noting.heard,
    )
    await chat.start()
    stack.push_async_callback(chat.stop)
    assert chat.filtering is not None
    filtering = chat.filtering
    stack.callback(await ground.signals.listen(MODERATION_CHANGED, lambda _: filtering.wake()))
    if ground.remote is not None:
        serving = ChatServer(chat, ground.calls, ground.clock)
        await serving.start(ground.identity.incarnation)
        stack.push_async_callback(serving.stop)
    return chat


def _remote_chat(ground: Ground, nodes: Nodes, stack: AsyncExitStack) -> RemoteChat:
    known: tuple[str, ...] = ()
    answering: frozenset[str] = frozenset()

    def look() -> None:
        nonlocal known, answering
        known = tuple(view.record.incarnation for view in nodes.live("chat"))
        # A node that drains takes nothing new and answers what it has.
        draining = [view.record.incarnation for view in nodes.view() if view.state is NodeState.DRAINING]
        before, answering = answering, frozenset((*known, *draining))
        for incarnation in before - answering:
            chat.node_lost(incarnation)

    chat = RemoteChat(ground.calls, lambda: known, ground.clock)
    nodes.on_change(look)
    look()
    chat.start()
    stack.push_async_callback(chat.stop)
    return chat


def _roll(settings: ServerSettings, ground: Ground, nodes: Nodes) -> Roll | None:
    """Return the roll of all nodes' sessions, which every node helps to keep; None for a process that is alone."""
    store = SqlSessions(ground.database)
    if ground.remote is None:
        if ground.database.shared:
            # It was a cluster's before, or is one's own after a crash: nobody else is there to clean up.
            nodes.on_dead(partial(sweep_sessions, store))
        return None
    roll = Roll(
        store,
        ground.signals,
        node_id=settings.node_name,
        incarnation=ground.identity.incarnation,
        buckets=settings.cluster.buckets,
    )
    nodes.on_dead(roll.node_died)
    return roll


def _take_care(
    settings: ServerSettings, ground: Ground, live: LiveConfig, own_clock: Clock, stack: AsyncExitStack
) -> None:
    """Have this node tidy for all, and let go of messages, when it is its turn."""
    database = ground.database
    lease_s = _CARETAKER_LEASE_S if database.shared else _CARETAKER_ALONE_S
    locks = Locks(SqlLocks(database), ground.signals, own_clock, lease_s=lease_s)
    caretaker = Caretaker(locks, SqlNodes(database), SqlSessions(database))
    caretaker.start()
    stack.push_async_callback(caretaker.stop)
    job = RetentionJob(locks, _retaining(settings, ground, live).step, every_s=settings.chat.retention_look_s)
    job.start()
    stack.push_async_callback(job.stop)


def _retaining(settings: ServerSettings, ground: Ground, live: LiveConfig) -> Retaining:
    """Return how long messages are kept, with a store of its own: whoever runs this may not have the role `chat`."""
    store = SqlStore(ground.database, small_audience=settings.chat.small_audience)
    return Retaining(store, ground.clock, lambda: live_settings(settings, live.current).chat)


def _assign(
    settings: ServerSettings,
    ground: Ground,
    nodes: Nodes,
    roll: Roll | None,
    live: LiveConfig,
    reachable: Reachable,
    own_clock: Clock,
) -> Callable[[Identity, Sequence[str]], Awaitable[Assignment]]:
    """Return what chooses where a device connects."""
    base = reachable.public_url.replace("http", "ws", 1)
    # Without a public address it is the one by which the request came: a browser may connect to no other.
    own = f"{base}{SOCKET_PATH}" if settings.public_url else SOCKET_PATH

    async def here(identity: Identity, avoid: Sequence[str]) -> Assignment:
        tcp = settings.public_tcp or reachable.tcp
        return Assignment(settings.node_name, websocket_url=own, tcp=tcp)

    if roll is None:
        return here
    assigner = Assigner(
        lambda: nodes.live("gateway"),
        own_clock,
        strategy=lambda: live.current.strategy,
        connects_per_s=lambda: live.current.connects_per_s,
        assigners=lambda: len(nodes.live("web")),
        seat_of=roll.seat_of,
    )
    tickets = Tickets(ground.identity.secret, ground.clock)

    async def among_all(identity: Identity, avoid: Sequence[str]) -> Assignment:
        node = await assigner.assign(identity.login_id, identity.user_id, identity.device_id, avoid=avoid)
        path = tickets.path(node, identity.login_id)
        # Behind an edge its address leads to every node; without one each node is reached by its own.
        address = f"{base}{path}" if settings.public_url else f"ws://{node.http}{path}"
        # No edge sees who it is that comes over raw TCP: it leads to any gateway, and each serves everybody.
        return Assignment(node.node_id, websocket_url=address, tcp=settings.public_tcp or node.tcp)

    return among_all


def _socket_hosts(settings: ServerSettings, nodes: Nodes, roll: Roll | None) -> Callable[[], Iterable[str]]:
    """Return what names the hosts that `_assign` sends devices to, for the policy of the web app."""
    if settings.public_url:
        return lambda: [urlsplit(settings.public_url).netloc]
    if roll is None:
        return tuple
    return lambda: [view.record.http for view in nodes.live("gateway")]


async def _web_app(settings: ServerSettings) -> Build | None:
    """Return the web app this program was installed with; None where it was not built."""
    if not settings.does("web"):
        return None
    build = await asyncio.to_thread(read_build, Path(hubbub.__file__).with_name("web_app"))
    if build is None:
        _logger.warning("there is no web app: build it with `make web`, then start again")
    return build


async def _live_config(settings: ServerSettings, ground: Ground, stack: AsyncExitStack) -> LiveConfig:
    live = LiveConfig(SqlConfig(ground.database), ground.signals, live_defaults(settings))
    await live.start()
    stack.push_async_callback(live.stop)
    return live


async def _accounts(
    settings: ServerSettings, ground: Ground, store: SqlAccounts, chat: Chat, stack: AsyncExitStack
) -> Accounts:
    async def login_ended(user_id: str, device_id: str) -> None:
        try:
            await ground.bus.publish([LoginEnded(user_id, device_id)])
        except ChatError as problem:
            # The login is over in the database; who did not hear of it looks there once the bus is back.
            _logger.warning("an ended login could not be told", problem=repr(problem))

    async def profile_changed(user_id: str) -> None:
        await ground.signals.signal(PROFILE_CHANGED, user_id.encode())

    async def signed_in(account: Account, login: Login, address: str) -> None:
        await ground.signals.signal(NEW_DEVICE, NewDevice.of(login, address).encoded())

    accounts = Accounts(store, settings.auth, ground.clock, on_login_ended=login_ended, on_registered=chat.add_new_user)
    accounts.on_profile_changed = profile_changed
    accounts.on_arrival.append(signed_in)
    try:
        await accounts.start()
    except CannotOpen as problem:
        raise CannotServe(str(problem)) from None
    stack.push_async_callback(accounts.close)
    return accounts


def _provider(settings: ServerSettings, ground: Ground, stack: AsyncExitStack) -> HttpProvider | None:
    """Return the other OpenID provider whose people may sign in here."""
    if not settings.auth.provider_issuer or not settings.does("web"):
        return None
    provider = HttpProvider(settings.auth, ground.clock)
    stack.push_async_callback(provider.close)
    return provider


async def _roles(settings: ServerSettings, ground: Ground, accounts: Accounts, stack: AsyncExitStack) -> Roles:
    async def rights_changed(user_ids: Sequence[str]) -> None:
        try:
            await ground.bus.publish([LoginEnded(user_id, code=RIGHTS_CHANGED) for user_id in user_ids])
        except ChatError as problem:
            # Requests ask the database each time, and sockets at the latest when their token ends.
            _logger.warning("changed rights could not be told", problem=repr(problem))
        if len(user_ids) == 1:
            # Their apps look again at what they may do; of many, each does so when it comes next.
            await accounts.on_profile_changed(user_ids[0])

    roles = Roles(SqlRoles(ground.database), accounts, ground.clock, on_rights_changed=rights_changed)
    if settings.does("worker"):
        roles.start()
        stack.push_async_callback(roles.stop)
    return roles


def _emoji(settings: ServerSettings, ground: Ground, files: Files | None) -> OwnEmoji | None:
    """Return the place's own emoji, wherever there are files."""
    if files is None:
        return None

    async def changed(version: int) -> None:
        await ground.signals.signal(EMOJI_CHANGED, str(version).encode())

    return OwnEmoji(SqlEmoji(ground.database), files, ground.clock, settings.files, changed)


async def _log_out(accounts: Accounts, identity: Identity) -> None:
    """End the login of a socket, by whoever it belongs to."""
    with by(By(identity.user_id, identity.client_id)):
        await accounts.log_out(identity)


def _directory(settings: ServerSettings, stack: AsyncExitStack) -> LdapDirectory | None:
    """Return the directory whose passwords are good here."""
    if not settings.auth.ldap_url or not settings.does("web"):
        return None
    try:
        directory = LdapDirectory(settings.auth)
    except ValueError as wrong:
        raise CannotServe(f"setting {wrong}") from None
    stack.callback(directory.close)
    return directory


def _issuer(settings: ServerSettings, reachable: Reachable) -> str:
    """Return the name by which clients know this server: where people reach it, unless it was set."""
    return settings.auth.issuer if "://" in settings.auth.issuer else reachable.public_url


async def _start_gateway(gateway: Gateway) -> None:
    """Start it as soon as there is a chat to ask; nodes of a cluster start in any order."""
    said = False
    while True:
        try:
            await gateway.start()
            return
        except ChatError as problem:
            if not problem.retry:
                raise
            if not said:
                said = True
                _logger.info("waiting for a node with the role chat", problem=repr(problem))
            await asyncio.sleep(_CHAT_AGAIN_S)


async def _begin_anew(again: Again) -> None:
    again("this node was declared dead")
