"""Decide from the registry which node gets what from the public address.

A plan is a list of places for HTTP, for WebSockets and for raw TCP.  A node that starts has none yet: health checks
would find it ill and take their time to find it well.  Nodes that drain keep a place so that their open connections
last, and get nothing new.  A suspect node keeps its place: its heartbeats may have been lost on the way,
and the edge's own health checks know better whether it answers.  Not so over raw TCP, where the system of a process
that stands still takes connections on: there a suspect gets nothing new while another is there to get it.  The dead
have no place.  Nothing here does I/O, and nothing that a record holds reaches a configuration or a command unless it
looks like a name and an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from hubbub.cluster.model import NodeState, NodeView

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# The underscore is in the names that Swarm gives.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")

_WHOLE_WEIGHT = 100
_MOST_WEIGHT = 256
"""HAProxy's greatest."""


class Place(msgspec.Struct, frozen=True):
    """Where one node is reached for one purpose."""

    node_id: str
    host: str
    """An address, IPv6 without brackets, or a name."""
    port: int
    weight: int = _WHOLE_WEIGHT
    """0 to 256; an ordinary node has 100."""
    draining: bool = False

    @property
    def address(self) -> str:
        """host:port, as configurations write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Plan(msgspec.Struct, frozen=True):
    """Who gets what, each list by node and without two places of one address."""

    web: tuple[Place, ...] = ()
    sockets: tuple[Place, ...] = ()
    """Gateways by their HTTP port."""
    streams: tuple[Place, ...] = ()
    """Gateways by their raw TCP port."""
    buried: frozenset[str] = frozenset()
    """Addresses of nodes that were declared dead: whatever is still open to them leads nowhere."""


def plan(views: Iterable[NodeView]) -> Plan:
    """Return the plan for these nodes, whatever their order."""
    # Of two that claim one address the livelier has it: the other is what ran there before.
    ranks = {NodeState.UP: 0, NodeState.DRAINING: 1, NodeState.SUSPECT: 2, NodeState.DEAD: 3}
    ordered = sorted(views, key=lambda view: (ranks[view.state], view.record.node_id, view.record.incarnation))
    alive = [view for view in ordered if view.state is not NodeState.DEAD and not view.record.starting]
    pools = (
        _pool(alive, lambda view: view.record.http if "web" in view.record.roles else ""),
        _pool(alive, lambda view: view.record.http if "gateway" in view.record.roles else ""),
        _sparing_suspects(_pool(alive, lambda view: view.record.tcp if "gateway" in view.record.roles else ""), alive),
    )
    living = {place.address for pool in pools for place in pool}
    buried = {
        place.address
        for view in ordered
        if view.state is NodeState.DEAD
        for address in (view.record.http, view.record.tcp)
        if (place := _place(view, address)) is not None
    }
    return Plan(*pools, buried=frozenset(buried - living))


def _pool(views: Iterable[NodeView], address: Callable[[NodeView], str]) -> tuple[Place, ...]:
    found: dict[str, Place] = {}
    for view in views:
        place = _place(view, address(view))
        if place is not None:
            found.setdefault(place.address, place)
    return tuple(sorted(found.values(), key=lambda place: (place.node_id, place.address)))


def _sparing_suspects(places: tuple[Place, ...], views: Iterable[NodeView]) -> tuple[Place, ...]:
    """Give what is new to those that were heard, if there are any: nobody else finds out who stands still."""
    suspects = {view.record.node_id for view in views if view.state is NodeState.SUSPECT}
    if all(place.draining or not place.weight or place.node_id in suspects for place in places):
        return places
    return tuple(
        msgspec.structs.replace(place, draining=True) if place.node_id in suspects else place for place in places
    )


def _place(view: NodeView, address: str) -> Place | None:
    host, _, port = address.rpartition(":")
    record = view.record
    if not _HOST.fullmatch(host) or not _NAME.fullmatch(record.node_id):
        return None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        return None
    weight = min(_MOST_WEIGHT, max(1, round(_WHOLE_WEIGHT * record.weight))) if record.weight > 0 else 0
    draining = record.draining or view.state is NodeState.DRAINING
    return Place(record.node_id, host.strip("[]"), int(port), weight, draining)
