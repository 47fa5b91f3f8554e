"""Nodes and live configuration, for admins.

The list of nodes is the one this node has in memory; asking for it asks nobody else.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.live_config import LiveConfig
from hubbub.cluster.model import ConfigVersion, NodeState, NodeView
from hubbub.cluster.nodes import Nodes
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

_ADMIN = (Code.FORBIDDEN, Code.NOT_FOUND)
_CHANGE = (*_ADMIN, *BODY, Code.CONFLICT, Code.UNKNOWN_OUTCOME, Code.USER_NOT_FOUND)

Note = Annotated[str, msgspec.Meta(max_length=1000)]
Expect = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Version = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Value = bool | int | float | str


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How busy a node is."""

    sessions: int
    users: int
    acked_per_s: float
    delivered_per_s: float
    cpu: float
    """Share of one core, 1.0 being all of it."""
    rss_mib: float
    pending: int
    """Commands and calls that wait."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node as the one that answers sees it."""

    node_id: str
    incarnation: str
    roles: list[str]
    state: str
    """`up`, `draining`, `suspect` or `dead`."""
    draining: bool
    """It takes nobody new, whatever else is thought of it."""
    starting: bool
    """It takes nobody yet, because it does not listen."""
    http: str
    tcp: str
    version: str
    level: int
    weight: float
    started_ms: int
    """By its own clock."""
    heard_ms: int | None
    """How long ago it was heard last; null: never."""
    lease_ms: int
    """How long its lease still ran when it was read last; negative once it ended."""
    load: Load

    @classmethod
    def of(cls, view: NodeView) -> Node:
        record, load = view.record, view.load
        return cls(
            node_id=record.node_id,
            incarnation=record.incarnation,
            roles=list(record.roles),
            state=view.state.value,
            draining=record.draining or view.state is NodeState.DRAINING,
            starting=record.starting,
            http=record.http,
            tcp=record.tcp,
            version=record.version,
            level=record.level,
            weight=record.weight,
            started_ms=record.started_ms,
            heard_ms=_ms(view.heard_s),
            lease_ms=_ms(view.lease_s) or 0,
            load=Load(
                sessions=load.sessions,
                users=load.users,
                acked_per_s=load.acked_per_s,
                delivered_per_s=load.delivered_per_s,
                cpu=load.cpu,
                rss_mib=load.rss_mib,
                pending=load.pending,
            ),
        )


class NodeList(msgspec.Struct, frozen=True, kw_only=True):
    """Every node by name, those that died within the last hour included."""

    node_id: str
    """The one that answers."""
    server_time_ms: int
    level: int
    """The level up to which entry kinds and bus fields may be written."""
    nodes: list[Node]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster's level."""

    level: int


class NewLevel(msgspec.Struct, kw_only=True):
    """The level that is wanted; 0 is the highest that every living node understands."""

    level: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One live setting."""

    key: str
    value: Value
    default: Value
    """What it is at the node that answers when it is not set."""
    is_set: bool
    description: str
    allowed: str
    """The good values, in words."""


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Every live setting, at a version."""

    version: int
    settings: list[Setting]


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the live configuration, whole."""

    version: int
    values: dict[str, Any]
    """What is set; every other key has its default."""
    author: str
    made_ms: int
    note: str

    @classmethod
    def of(cls, made: ConfigVersion) -> ConfigChange:
        return cls(version=made.version, values=made.values, author=made.author, made_ms=made.made_ms, note=made.note)


class ConfigHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first."""

    versions: list[ConfigChange]
    next_cursor: str
    """Empty on the last page."""


class NewValue(msgspec.Struct, kw_only=True):
    """A value for a key, why, and which version it may replace."""

    value: Value
    note: Note = ""
    expect: Expect | None = None
    """Refuse the change (`conflict`) unless this is the newest version."""


class Rollback(msgspec.Struct, kw_only=True):
    """The version whose values are wanted again; 0 is before anything was set."""

    version: Version
    note: Note = ""
    expect: Expect | None = None


NoteQuery = Annotated[str, QueryParameter(name="note", max_length=1000, description="Why.")]
ExpectQuery = Annotated[
    int | None,
    QueryParameter(name="expect", ge=0, le=MAX_NUMBER, description="Refuse unless this is the newest version."),
]


@get(
    "/nodes",
    summary="List the nodes",
    tags=["cluster"],
    opt=refuses(*_ADMIN, scope=scopes.ADMIN, permission=Permission.NODES_MANAGE),
)
async def list_nodes(deps: DepsDep) -> NodeList:
    """Return every node with its roles, state and load, as the node that answers sees them."""
    return NodeList(
        node_id=deps.facts.node_id,
        server_time_ms=deps.clock.now_ms(),
        level=_nodes(deps).level,
        nodes=[Node.of(view) for view in _nodes(deps).view()],
    )


@post(
    "/nodes/{node_id:str}/drain",
    status_code=202,
    summary="Drain a node",
    tags=["cluster"],
    opt=refuses(
        *_ADMIN, Code.UNKNOWN_OUTCOME, Code.STORAGE_FULL, scope=scopes.ADMIN, permission=Permission.NODES_MANAGE
    ),
)
async def drain_node(node_id: FromPath[str], deps: DepsDep) -> Node:
    """Have a node take nobody new, send its clients elsewhere, and end.

    The answer comes once the wish is stored; the node's state follows in the list.
    """
    return Node.of(await _nodes(deps).ask_drain(node_id))


@post(
    "/level",
    status_code=200,
    summary="Raise the cluster's level",
    tags=["cluster"],
    opt=refuses(
        *_ADMIN,
        *BODY,
        Code.CONFLICT,
        Code.UNKNOWN_OUTCOME,
        Code.STORAGE_FULL,
        scope=scopes.ADMIN,
        permission=Permission.NODES_MANAGE,
        example={"level": 0},
    ),
)
async def raise_level(data: JSONBody[NewLevel], deps: DepsDep) -> Level:
    """Let nodes write what older versions do not understand.

    Refused (`conflict`) while a living node does not understand it.  There is no way back: afterwards nodes of an older
    version cannot join.
    """
    return Level(level=await _nodes(deps).raise_level(data.level))


@get(
    "/config",
    summary="Read the live configuration",
    tags=["cluster"],
    opt=refuses(*_ADMIN, scope=scopes.ADMIN, permission=Permission.SETTINGS_CHANGE),
)
async def read_config(deps: DepsDep) -> Configuration:
    """Return every live setting: its value, its default, and what it takes."""
    config = _config(deps)
    settings = [
        Setting(
            key=one.key,
            value=one.value,  # type: ignore[arg-type]
            default=one.default,  # type: ignore[arg-type]
            is_set=one.is_set,
            description=one.description,
            allowed=one.allowed,
        )
        for one in config.settings()
    ]
    return Configuration(version=config.version, settings=settings)


@put(
    "/config/{key:str}",
    summary="Change a live setting",
    tags=["cluster"],
    opt=refuses(
        *_CHANGE,
        scope=scopes.ADMIN,
        permission=Permission.SETTINGS_CHANGE,
        example={"value": "reject", "note": "One device each, for the feast."},
    ),
)
async def set_config(
    key: FromPath[str], data: JSONBody[NewValue], identity: IdentityDep, deps: DepsDep
) -> ConfigChange:
    """Set one key at every node, as a new version.

    Setting what is set already makes no version.
    """
    author = await _author(deps, identity.user_id)
    made = await _config(deps).set(key, data.value, author=author, note=data.note, expect=data.expect)
    return ConfigChange.of(made)


@delete(
    "/config/{key:str}",
    status_code=200,
    summary="Give a live setting its default again",
    tags=["cluster"],
    opt=refuses(*_CHANGE, scope=scopes.ADMIN, permission=Permission.SETTINGS_CHANGE),
)
async def unset_config(
    key: FromPath[str], identity: IdentityDep, deps: DepsDep, note: NoteQuery = "", expect: ExpectQuery = None
) -> ConfigChange:
    """Unset one key at every node, as a new version."""
    author = await _author(deps, identity.user_id)
    return ConfigChange.of(await _config(deps).unset(key, author=author, note=note, expect=expect))


@get(
    "/config/history",
    summary="Read how the live configuration changed",
    tags=["cluster"],
    opt=refuses(*_ADMIN, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.SETTINGS_CHANGE),
)
async def config_history(deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> ConfigHistory:
    """Return versions with their values, author and note, newest first."""
    size = deps.settings.page_size(limit)
    found = await _config(deps).history(_before(cursor), size + 1)
    following = str(found[size - 1].version) if len(found) > size else ""
    return ConfigHistory(versions=[ConfigChange.of(one) for one in found[:size]], next_cursor=following)


@post(
    "/config/rollback",
    status_code=200,
    summary="Go back to an older live configuration",
    tags=["cluster"],
    opt=refuses(
        *_CHANGE,
        scope=scopes.ADMIN,
        permission=Permission.SETTINGS_CHANGE,
        example={"version": 0, "note": "The feast is over."},
    ),
)
async def rollback_config(data: JSONBody[Rollback], identity: IdentityDep, deps: DepsDep) -> ConfigChange:
    """Make a new version with the values of an older one; history only grows."""
    author = await _author(deps, identity.user_id)
    made = await _config(deps).rollback(data.version, author=author, note=data.note, expect=data.expect)
    return ConfigChange.of(made)


def _nodes(deps: Deps) -> Nodes:
    if deps.nodes is None:
        raise ChatError(Code.NOT_FOUND)
    return deps.nodes


def _config(deps: Deps) -> LiveConfig:
    if deps.config is None:
        raise ChatError(Code.NOT_FOUND)
    return deps.config


async def _author(deps: Deps, user_id: str) -> str:
    return (await deps.accounts.profile(user_id)).username


def _before(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or not 0 < len(cursor) < 16:
        raise ChatError(Code.BAD_CURSOR)
    return int(cursor)


def _ms(seconds: float) -> int | None:
    return round(seconds * 1000) if math.isfinite(seconds) else None


GUARDED = [list_nodes, drain_node, raise_level, read_config, set_config, unset_config, config_history, rollback_config]
