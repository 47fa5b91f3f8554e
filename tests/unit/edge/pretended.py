"""An HAProxy without a process: its slots and its map, and what becomes of them by the commands it is given."""

from __future__ import annotations

from hubbub.server.edge.plan import Plan
from hubbub.server.edge.slots import Slot, commands


def slots(pool: str, count: int, prefix: str) -> list[Slot]:
    return [Slot(pool, f"{prefix}{n}", "127.0.0.1", 1, 1, disabled=True, draining=False) for n in range(1, count + 1)]


class Pretended:
    """What a HAProxy becomes by the commands it is given."""

    def __init__(self, count: int = 4) -> None:
        self.slots = slots("web", count, "web") + slots("sockets", count, "ws")
        self.map: dict[str, str] = {}
        self.shut: list[str] = []
        self.pid = 1
        self.map_file = ""
        self.deaf = False
        """It takes commands and does nothing."""

    def answer(self, command: str) -> str:
        """Do as HAProxy does on its admin socket."""
        if command == "show servers state":
            rows = [
                f"3 {one.pool} 1 {one.name} {one.host} 2 {one.disabled + 8 * one.draining} {one.weight} {one.port}"
                for one in self.slots
            ]
            head = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port"
            return "\n".join(["1", head, *rows])
        if command.startswith("show map "):
            return "\n".join(f"0x1 {node} {slot}" for node, slot in self.map.items())
        if command == "show info":
            return f"Name: HAProxy\nVersion: 2.6\nPid: {self.pid}"
        if not self.deaf:
            self.obey(command.replace(self.map_file, "/m") if self.map_file else command)
        return ""

    def follow(self, plan: Plan) -> list[str]:
        said = commands(plan, self.slots, self.map, pools=("web", "sockets"), map_file="/m")
        for command in said:
            self.obey(command)
        return said

    def obey(self, command: str) -> None:
        match command.split():
            case ["set", "server", name, "addr", host, "port", port]:
                assert self.slot(name).disabled, "an address changes under nobody's feet"
                self.change(name, host=host, port=int(port))
            case ["set", "server", name, "weight", weight]:
                self.change(name, weight=int(weight))
            case ["set", "server", name, "state", state]:
                self.change(name, disabled=state == "maint", draining=state == "drain")
            case ["shutdown", "sessions", "server", name]:
                self.shut.append(name)
            case ["add", "map", "/m", node, slot]:
                assert node not in self.map
                self.map[node] = slot
            case ["set", "map", "/m", node, slot]:
                assert node in self.map
                self.map[node] = slot
            case ["del", "map", "/m", node]:
                del self.map[node]
            case _:
                raise AssertionError(command)

    def slot(self, name: str) -> Slot:
        return next(slot for slot in self.slots if f"{slot.pool}/{slot.name}" == name)

    def change(self, name: str, **changes: object) -> None:
        old = self.slot(name)
        fields = {field: getattr(old, field) for field in old.__struct_fields__}
        self.slots[self.slots.index(old)] = Slot(**{**fields, **changes})

    def shows(self, plan: Plan) -> None:
        """Assert that it serves the plan, and that every name leads to its node."""
        for pool in ("web", "sockets"):
            open_slots = [slot for slot in self.slots if slot.pool == pool and not slot.disabled]
            want = {(place.host, place.port, place.draining) for place in getattr(plan, pool)}
            assert {(slot.host, slot.port, slot.draining) for slot in open_slots} == want
            assert len(open_slots) == len(want)
        named = {node: self.slot(f"sockets/{slot}") for node, slot in self.map.items()}
        assert {node: (slot.host, slot.port) for node, slot in named.items()} == {
            place.node_id: (place.host, place.port) for place in plan.sockets if not place.draining
        }
