"""Every setting of a server, in one tree.

The tables of the file are the rooms of the program: each room declares its own settings and knows nothing of this file.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubbub.auth.settings import AuthSettings, MailSettings
from hubbub.base.settings import SettingsError, load
from hubbub.chat.settings import ChatSettings
from hubbub.cluster.model import ROLES
from hubbub.cluster.settings import ClusterSettings
from hubbub.files.settings import FilesSettings
from hubbub.gateway.settings import GatewaySettings
from hubbub.links.settings import LinksSettings
from hubbub.push.settings import PushSettings
from hubbub.rest.deps import RestSettings

_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
_DATABASES = ("postgresql", "mysql", "mariadb")
_BUSES = ("nats", "redis")


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one process needs to know to serve."""

    roles: tuple[str, ...] = ROLES
    """What this process does, with commas: `web`, `gateway`, `chat`, `worker`."""
    node: str = ""
    """This node's name, which no other living node has; empty: made of the host's name and the port."""
    database: str = ""
    """`postgresql://USER:PASSWORD@HOST:PORT/NAME` or `mysql://…`; empty: SQLite in the data folder."""
    database_unsafe: bool = False
    """Serve on a database that may forget what it committed, and say so in the log."""
    bus: str = ""
    """`nats://HOST:PORT` or `redis://HOST:PORT`; empty: none, for a process that does everything."""

    data: str = "data"
    """The data folder: the embedded database, the set-up link until it is used, and where the server listens."""
    listen: str = "127.0.0.1:8080"
    """HTTP and WebSocket; port 0 takes a free one."""
    listen_tcp: str = ""
    """Raw TCP; empty: none."""
    tcp_certificate: str = ""
    """PEM files; with both, raw TCP is TLS only."""
    tcp_key: str = ""
    advertise: str = ""
    """HOST:PORT by which the edge and other nodes reach this one's HTTP port; empty: as it listens.

    A node that listens on every address takes its own towards bus and database.
    """
    advertise_tcp: str = ""
    """The same for raw TCP."""
    public_url: str = ""
    """How people reach this server when something stands in front of it; empty: as it listens."""
    public_tcp: str = ""
    """HOST:PORT by which people reach raw TCP when something stands in front of it; empty: each node by its own."""
    trusted_proxies: str = ""
    """Addresses of proxies, with commas, whose X-Forwarded-For says who a request is from; empty: nobody's."""
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    header_bytes: int = 16 * 1024
    """Longest HTTP request head."""
    header_timeout_s: float = 10.0
    http_connections: int = 4_096
    """Connections that speak HTTP; one that became a WebSocket is the gateway's to count."""
    drain_s: float = 5.0
    """Over how long clients are sent elsewhere when the server stops; requests that are open have as long to end."""
    notice_s: float = 1.5
    """How long a node of a cluster still answers everything after it said that it drains."""
    readers: int = 2
    """Threads that read the embedded database, or connections that read from a server."""

    cluster: ClusterSettings = ClusterSettings()
    chat: ChatSettings = ChatSettings()
    gateway: GatewaySettings = GatewaySettings()
    auth: AuthSettings = AuthSettings()
    mail: MailSettings = MailSettings()
    rest: RestSettings = RestSettings()
    files: FilesSettings = FilesSettings()
    links: LinksSettings = LinksSettings()
    push: PushSettings = PushSettings()

    def does(self, role: str) -> bool:
        """Whether this process has that role."""
        return role in self.roles

    @property
    def node_name(self) -> str:
        """The name among other nodes."""
        return self.node or f"{socket.gethostname().lower()}-{self.listen.rpartition(':')[2]}"


class Address(msgspec.Struct, frozen=True):
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, *, setting: str) -> Address:
        """Read HOST:PORT or [IPV6]:PORT.  Raises SettingsError naming the setting."""
        host, colon, port = text.rpartition(":")
        host = host.strip("[]")
        if not colon or not host or not port.isdigit() or int(port) > 65535:
            raise SettingsError(f"setting {setting}: {text!r} is not HOST:PORT")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_settings(
    *, file: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> ServerSettings:
    """Return the settings from the file, the variables and the flags.  Raises SettingsError."""
    settings = load(ServerSettings, file=file, environ=os.environ if environ is None else environ, flags=flags)
    Address.parse(settings.listen, setting="listen")
    for name in ("listen_tcp", "advertise", "advertise_tcp", "public_tcp"):
        if getattr(settings, name):
            Address.parse(getattr(settings, name), setting=name)
    _check_cluster(settings)
    if bool(settings.auth.provider_issuer) != bool(settings.auth.provider_client_id):
        raise SettingsError("settings auth.provider_issuer and auth.provider_client_id go together")
    if bool(settings.tcp_certificate) != bool(settings.tcp_key):
        raise SettingsError("settings tcp_certificate and tcp_key go together")
    return settings


def _check_cluster(settings: ServerSettings) -> None:
    """Refuse combinations that cannot work, before anything is opened.  Raises SettingsError."""
    if unknown := [role for role in settings.roles if role not in ROLES]:
        raise SettingsError(f"setting roles: {unknown[0]!r} is none of {', '.join(ROLES)}")
    if not settings.roles:
        raise SettingsError(f"setting roles: name at least one of {', '.join(ROLES)}")
    if not _NODE.fullmatch(settings.node_name):
        raise SettingsError(
            f"setting node: {settings.node_name!r} is not made of up to 64 letters, digits, dots and dashes"
        )
    for name, schemes in (("database", _DATABASES), ("bus", _BUSES)):
        value: str = getattr(settings, name)
        if value and value.partition("://")[0] not in schemes:
            # Not the value: it may hold a password.
            raise SettingsError(f"setting {name}: it begins with none of {', '.join(f'{each}://' for each in schemes)}")
    if settings.bus and not settings.database:
        raise SettingsError("setting bus: several nodes need a database they share: set database as well")
    alone = set(settings.roles) == set(ROLES)
    if not settings.bus and not alone:
        raise SettingsError("setting roles: a process that does not do everything needs a bus to the others: set bus")
