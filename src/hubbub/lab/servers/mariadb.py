"""MariaDB: a data folder and a server of one's own, with a user `hubbub` who may do everything."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.process import run
from hubbub.lab.servers.server import Server, ServerFailed

COMMAND_S = 60.0
PACKAGE = "mariadb-server"
FIRST_STATEMENTS = """\
DROP USER IF EXISTS ''@'localhost';
CREATE USER IF NOT EXISTS 'hubbub'@'%' IDENTIFIED BY 'hubbub';
GRANT ALL ON *.* TO 'hubbub'@'%' WITH GRANT OPTION;
CREATE DATABASE IF NOT EXISTS hubbub;
"""


class MariaDbServer(Server):
    """One mariadbd."""

    name = "mariadb"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        durable: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        """`settings` are options of mariadbd without their dashes."""
        super().__init__(folder, port=port, durable=durable)
        self._settings = settings or {}
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return self.url_of("hubbub")

    def url_of(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"mysql://hubbub:hubbub@{self.host}:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"hubbub_{os.getpid()}_{next(self._numbers)}"
        self.query(f"CREATE DATABASE `{name}`")
        return self.url_of(name)

    def query(self, sql: str, database: str = "") -> str:
        """Run one statement; return what it answers, one line per row, tabs between values.  Raises ServerFailed."""
        client = find("mariadb", package=PACKAGE)
        where = ["-h", self.host, "-P", str(self.port), "--protocol=tcp", "--connect-timeout=5", "-u", "hubbub"]
        command = [client, "--no-defaults", *where, "-N", "-B", "-e", sql, *([database] if database else [])]
        environ = {**os.environ, "MYSQL_PWD": "hubbub"}
        done = run(command, timeout_s=COMMAND_S, environ=environ)
        if done.returncode:
            raise ServerFailed(self.name, f"refused {sql!r}: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        if (self.data / "mysql").is_dir():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        install = find("mariadb-install-db", package=PACKAGE)
        options = [f"--datadir={self.data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
        command = [install, "--no-defaults", *options, *self._user()]
        done = run(command, timeout_s=COMMAND_S)
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ServerFailed("mariadb-install-db", f"failed: {done.stdout.strip()} {done.stderr.strip()}")

    def _command(self) -> Sequence[object]:
        first = self.folder / "first.sql"
        first.write_text(FIRST_STATEMENTS, "utf-8")
        settings = {
            "datadir": str(self.data),
            "bind-address": self.host,
            "port": str(self.port),
            # Below the data folder, by a relative name: the path of a socket has a limit of 107 bytes.
            "socket": "mariadb.sock",
            "pid-file": str(self.folder / "mariadb.pid"),
            "init-file": str(first),
            "max-connections": "300",
            "innodb-flush-log-at-trx-commit": "1",
            "sync-binlog": "1",
            "innodb-buffer-pool-size": "128M",
            **self._settings,
        }
        options = [f"--{key}={value}" for key, value in settings.items()]
        return [find("mariadbd", package=PACKAGE), "--no-defaults", *options, "--skip-name-resolve", *self._user()]

    def _answers(self) -> bool:
        self._connect().close()
        try:
            return self.query("SELECT 1") == "1"
        except ServerFailed:
            return False

    @staticmethod
    def _user() -> list[str]:
        # It does run as root, but only if told so.
        return ["--user=root"] if os.geteuid() == 0 else []
