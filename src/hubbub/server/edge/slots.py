"""Find the commands that turn a running HAProxy into what a plan wants.

What HAProxy says of itself is the only memory: whoever restarted it, changed it by hand or stopped halfway, the next
look finds the difference.  A slot's address changes only while the slot is disabled, so an address is the identity of
whoever is in a slot, and no connection ever ends up with somebody else.  Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address

import msgspec

from hubbub.server.edge.haproxy import POOLS
from hubbub.server.edge.plan import Place, Plan

_MAINTENANCE = 0x01 | 0x02 | 0x20 | 0x40
"""Bits of `srv_admin_state`: disabled by command, by inheritance, without a resolved name, by a changed host name."""

_DRAIN = 0x08 | 0x10


class Slot(msgspec.Struct, frozen=True):
    """One server line of a running HAProxy."""

    pool: str
    name: str
    host: str
    port: int
    weight: int
    disabled: bool
    draining: bool

    @property
    def where(self) -> tuple[str, int]:
        return _canonical(self.host), self.port


class NoSlot(Exception):
    """A pool has fewer slots than nodes, or none at all: only a new configuration helps."""

    def __init__(self, pool: str) -> None:
        super().__init__(pool)
        self.pool = pool

    def __str__(self) -> str:
        return f"the pool {self.pool} has too few slots"


def read_slots(table: str) -> list[Slot]:
    """Return the slots of the pools from the answer to `show servers state`.  Raises ValueError."""
    lines = table.splitlines()
    header = next((line for line in lines if line.startswith("# be_id")), None)
    if header is None:
        raise ValueError("HAProxy did not list its servers")
    names = header.removeprefix("# ").split()
    known = {pool for pool, _ in POOLS}
    slots = []
    for line in lines:
        fields = dict(zip(names, line.split(), strict=False))
        if line.startswith("#") or fields.get("be_name") not in known:
            continue
        state = int(fields["srv_admin_state"])
        slots.append(
            Slot(
                pool=fields["be_name"],
                name=fields["srv_name"],
                host=fields["srv_addr"],
                port=int(fields["srv_port"]),
                weight=int(fields["srv_uweight"]),
                disabled=bool(state & _MAINTENANCE),
                draining=bool(state & _DRAIN),
            )
        )
    return slots


def read_map(table: str) -> dict[str, str]:
    """Return a map from the answer to `show map`: lines of a reference, a key and a value."""
    pairs = (line.split() for line in table.splitlines())
    return {pair[1]: pair[2] for pair in pairs if len(pair) == 3}


def commands(
    plan: Plan, slots: Sequence[Slot], nodes: Mapping[str, str], *, pools: Sequence[str], map_file: str
) -> list[str]:
    """Return what to say to HAProxy, in order; nothing when it is as the plan wants it.

    `nodes` is the map as HAProxy has it, `pools` are those it should have.  The places' hosts are addresses.
    Raises NoSlot.
    """
    said: list[str] = []
    seats: dict[str, str] = {}
    for pool in pools:
        mine = [slot for slot in slots if slot.pool == pool]
        if not mine:
            raise NoSlot(pool)
        places: tuple[Place, ...] = getattr(plan, pool)
        wanted = {(_canonical(place.host), place.port) for place in places}
        leaving = [slot for slot in mine if not slot.disabled and slot.where not in wanted]
        for slot in leaving:
            said += _vacate(slot, plan.buried)
            # Last among the free ones: its last connections may still be ending.
            mine.remove(slot)
            mine.append(msgspec.structs.replace(slot, disabled=True))
        for place, slot in _seat(pool, places, mine):
            said += _occupy(place, slot)
            if pool == "sockets" and not place.draining:
                seats[place.node_id] = slot.name
    # Names follow what they name, so that no name points to a slot that is not yet theirs.
    return said + list(_rename(seats, nodes, map_file))


def _seat(pool: str, places: Iterable[Place], slots: Sequence[Slot]) -> list[tuple[Place, Slot]]:
    """Give each place its slot: the one it has, else the one it had, else a free one."""
    taken = {slot.where: slot for slot in slots if not slot.disabled}
    free = [slot for slot in slots if slot.disabled]
    seated = []
    arriving = []
    for place in places:
        slot = taken.get((_canonical(place.host), place.port))
        if slot is None:
            arriving.append(place)
        else:
            seated.append((place, slot))
    for place in arriving:
        if not free:
            raise NoSlot(pool)
        where = (_canonical(place.host), place.port)
        slot = next((each for each in free if each.where == where), free[0])
        free.remove(slot)
        seated.append((place, slot))
    return seated


def _occupy(place: Place, slot: Slot) -> Iterable[str]:
    name = f"{slot.pool}/{slot.name}"
    if slot.where != (_canonical(place.host), place.port):
        yield f"set server {name} addr {place.host} port {place.port}"
    if not place.draining and slot.weight != place.weight:
        yield f"set server {name} weight {place.weight}"
    if place.draining and (slot.disabled or not slot.draining):
        yield f"set server {name} state drain"
    elif not place.draining and (slot.disabled or slot.draining):
        yield f"set server {name} state ready"


def _vacate(slot: Slot, buried: frozenset[str]) -> Iterable[str]:
    name = f"{slot.pool}/{slot.name}"
    yield f"set server {name} state maint"
    if Place("", slot.host, slot.port).address in buried:
        # A machine that lost its power sends no reset: its clients would wait for their own heartbeats.
        yield f"shutdown sessions server {name}"


def _rename(seats: Mapping[str, str], nodes: Mapping[str, str], map_file: str) -> Iterable[str]:
    if not map_file:
        return
    for node in nodes.keys() - seats.keys():
        yield f"del map {map_file} {node}"
    for node, slot in seats.items():
        if node not in nodes:
            yield f"add map {map_file} {node} {slot}"
        elif nodes[node] != slot:
            yield f"set map {map_file} {node} {slot}"


def _canonical(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host
