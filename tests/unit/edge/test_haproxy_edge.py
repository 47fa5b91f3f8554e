"""What is changed over the admin socket, what by a reload, and what when neither works."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from unit.edge.pretended import Pretended

from hubbub.server.edge.haproxy import HaproxyOptions
from hubbub.server.edge.haproxy_edge import HaproxyEdge
from hubbub.server.edge.plan import Place, Plan
from hubbub.server.edge.process import CannotRun
from hubbub.server.edge.runtime import AdminSocket


class Admin(AdminSocket):
    """An admin socket that needs no process."""

    def __init__(self, haproxy: Pretended) -> None:
        super().__init__("/nowhere")
        self._haproxy = haproxy
        self.said: list[str] = []

    async def say(self, command: str) -> str:
        if not command.startswith("show"):
            self.said.append(command)
        return self._haproxy.answer(command)


class Master:
    """Reloads: HAProxy has as many slots as its file says, all of them free."""

    def __init__(self, haproxy: Pretended) -> None:
        self._haproxy = haproxy
        self.reloads = 0
        self.fails = False

    async def reload(self) -> None:
        self.reloads += 1
        if self.fails:
            raise CannotRun("not now")
        self._haproxy.slots = Pretended(64).slots
        self._haproxy.map = {}


class Scene:
    """An edge over a pretended HAProxy of four slots."""

    def __init__(self, folder: Path) -> None:
        self.haproxy = Pretended(4)
        self.haproxy.map_file = str(folder / "nodes.map")
        self.admin = Admin(self.haproxy)
        self.master = Master(self.haproxy)
        options = HaproxyOptions(map_file=self.haproxy.map_file)
        self.edge = HaproxyEdge(folder / "haproxy.cfg", options, self.admin, self.master)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A scene whose HAProxy has read its file."""
    scene = Scene(tmp_path)
    scene.edge.write(Plan())
    return scene


def nodes(count: int) -> Plan:
    return Plan(sockets=tuple(Place(f"gateway-{n}", f"10.0.0.{n}", 8080) for n in range(1, count + 1)))


async def test_nodes_that_come_and_go_need_no_reload(scene: Scene) -> None:
    for count in (1, 4, 2, 3, 0):
        await scene.edge.apply(nodes(count))
        scene.haproxy.shows(nodes(count))
    assert scene.master.reloads == 0


async def test_a_pool_without_a_free_slot_is_reloaded_once(scene: Scene) -> None:
    await scene.edge.apply(nodes(5))
    scene.haproxy.shows(nodes(5))
    assert scene.master.reloads == 1


async def test_what_the_socket_cannot_change_is_reloaded(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(file.read_text("utf-8").replace("timeout tunnel 1h", "timeout tunnel 2h"), "utf-8")
    await scene.edge.apply(nodes(1))
    assert scene.master.reloads == 1
    assert "timeout tunnel 1h" in file.read_text("utf-8")


async def test_a_reload_that_fails_is_tried_again(scene: Scene) -> None:
    scene.master.fails = True
    for _ in range(2):
        with pytest.raises(CannotRun):
            await scene.edge.apply(nodes(5))
    scene.master.fails = False
    await scene.edge.apply(nodes(5))
    assert scene.master.reloads == 3
    scene.haproxy.shows(nodes(5))


async def test_a_haproxy_that_does_not_obey_is_noticed(scene: Scene) -> None:
    scene.haproxy.deaf = True
    with pytest.raises(CannotRun, match="did not obey"):
        await scene.edge.apply(nodes(1))


async def test_files_that_cannot_be_written_keep_nobody_from_being_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path / "gone")
    for count in (1, 2):
        await scene.edge.apply(nodes(count))
        scene.haproxy.shows(nodes(count))
    assert caplog.text.count("the files of the edge cannot be written") == 1


async def test_the_log_says_who_came_and_who_went(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hubbub.edge")
    leaving = Plan(sockets=(Place("gateway-1", "10.0.0.1", 8080, draining=True),))
    for wanted in (nodes(2), nodes(2), leaving, Plan()):
        await scene.edge.apply(wanted)
    assert [record.message for record in caplog.records] == [
        "sockets/gateway-1 at 10.0.0.1:8080; sockets/gateway-2 at 10.0.0.2:8080",
        "sockets/gateway-1 drains; sockets/gateway-2 is gone",
        "sockets/gateway-1 is gone",
    ]
