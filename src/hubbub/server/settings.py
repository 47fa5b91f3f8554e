"""Every setting of a server, in one tree.

The tables of the file are the rooms of the program: each room declares its own settings and knows nothing of this file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubbub.auth.settings import AuthSettings
from hubbub.base.settings import SettingsError, load
from hubbub.chat.settings import ChatSettings
from hubbub.gateway.settings import GatewaySettings
from hubbub.rest.deps import RestSettings


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one process needs to know to serve."""

    data: str = "data"
    """The data folder: the database, and the set-up link until it is used."""
    listen: str = "127.0.0.1:8080"
    """HTTP and WebSocket; port 0 takes a free one."""
    listen_tcp: str = ""
    """Raw TCP; empty: none."""
    tcp_certificate: str = ""
    """PEM files; with both, raw TCP is TLS only."""
    tcp_key: str = ""
    public_url: str = ""
    """How people reach this server when something stands in front of it; empty: as it listens."""
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
    """How long clients are given to move when the server stops."""
    readers: int = 2
    """Threads that read the database."""

    chat: ChatSettings = ChatSettings()
    gateway: GatewaySettings = GatewaySettings()
    auth: AuthSettings = AuthSettings()
    rest: RestSettings = RestSettings()


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
    if settings.listen_tcp:
        Address.parse(settings.listen_tcp, setting="listen_tcp")
    if bool(settings.tcp_certificate) != bool(settings.tcp_key):
        raise SettingsError("settings tcp_certificate and tcp_key go together")
    return settings
