"""`hubbub edge`: one public address for a cluster, kept as the nodes are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hubbub.client.login import Login
    from hubbub.server.edge.running import EdgeSettings
    from hubbub.server.settings import Address

_TIME = re.compile(r"[1-9][0-9]{0,5}[smhd]")


@click.group("edge")
def command() -> None:
    """Put one public address in front of a cluster's nodes.

    The nodes are read from the cluster's database and followed on its bus; both are usually given as variables
    (HUBBUB_DATABASE, HUBBUB_BUS), since they hold passwords.  A machine that reaches neither asks web nodes instead
    (--server), as an admin who has logged in on it.  While they are away, the edge serves with the nodes known last.
    """


_COMMON = (
    click.option(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:8080", show_default=True, help="HTTP and WebSocket."
    ),
    click.option("--listen-tcp", metavar="HOST:PORT", help="Raw TCP (default: none)."),
    click.option("--redirect", metavar="HOST:PORT", help="Plain HTTP that is sent to HTTPS (with --cert)."),
    click.option("--cert", metavar="PEM", default="", help="Chain and key: the public address is TLS."),
    click.option(
        "--tcp-tls/--no-tcp-tls", default=True, help="Whether --cert is for raw TCP too; not, when the nodes do TLS."
    ),
    click.option("--stop-after", metavar="TIME", default="24h", show_default=True, help="An old worker's last hour."),
    click.option("--database", metavar="URL", help="The cluster's database."),
    click.option("--bus", metavar="URL", help="The cluster's bus; without it changes are seen later."),
    click.option(
        "--server",
        "servers",
        metavar="URL",
        multiple=True,
        help="A web node to ask, instead of the database and the bus; several are asked in turn.",
    ),
    click.option(
        "--profile",
        metavar="NAME",
        envvar="HUBBUB_PROFILE",
        default="default",
        help="With --server: the admin's login, made by 'hubbub login'.",
    ),
    click.option(
        "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A TOML file of settings."
    ),
    click.option(
        "--folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("edge"),
        show_default=True,
        help="This edge's files.",
    ),
    click.option("--once", is_flag=True, help="Print the configuration for the nodes of now, and end."),
    click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The configuration file to keep."),
    click.option(
        "--reload", metavar="COMMAND", default="", help="What has it read, such as 'systemctl reload haproxy'."
    ),
)


def _common(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_COMMON):
        function = option(function)
    return function


@command.command("haproxy")
@_common
@click.option("--run", is_flag=True, help="Start an HAProxy, own it, and end it with this command.")
@click.option("--socket", metavar="PATH", default="", help="Admin socket of an HAProxy that is driven, not owned.")
@click.option(
    "--connections", metavar="N", type=click.IntRange(0), default=0, help="At most so many (default: by ulimit)."
)
@click.option("--binary", metavar="PATH", default="haproxy", show_default=True, help="The program.")
@click.option(
    "--grace",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    help="For connections at the end.",
)
def haproxy_command(
    run: bool,
    socket: str,
    connections: int,
    binary: str,
    grace: float,
    out: Path | None,
    once: bool,
    reload: str,
    **common: Any,
) -> None:
    """Keep an HAProxy as the nodes are: over its admin socket, without a reload as long as its slots suffice.

    \b
      hubbub edge haproxy --run --listen 0.0.0.0:443 --cert chat.pem
      hubbub edge haproxy --socket /run/haproxy/admin.sock --out /etc/haproxy/haproxy.cfg \\
          --reload 'systemctl reload haproxy'
      hubbub edge haproxy --run --server http://10.0.1.1:8080 --server http://10.0.1.2:8080
      hubbub edge haproxy --once > haproxy.cfg
    """
    from hubbub.server.edge.haproxy import HaproxyOptions
    from hubbub.server.edge.running import drive_haproxy, haproxy_text, run_haproxy

    if once + run + bool(socket) != 1:
        raise click.UsageError("say one of --run, --socket and --once")
    if socket and (out is None or not reload):
        raise click.UsageError("--socket needs --out FILE and --reload COMMAND")
    with _Sentences():
        settings = _settings(common)
        options = HaproxyOptions(**_addresses(common), **_tls(common), admin_socket=socket, connections=connections)
        if once:
            click.echo(haproxy_text(settings, options), nl=False)
        elif run:
            run_haproxy(settings, options, binary, grace)
        elif out is not None:
            drive_haproxy(settings, options, out, reload)


@command.command("nginx")
@_common
@click.option(
    "--connections", metavar="N", type=click.IntRange(64), default=16_384, show_default=True, help="Per worker."
)
@click.option("--pid-file", metavar="PATH", default="", help="Where nginx writes its process id (default: its own).")
def nginx_command(connections: int, pid_file: str, out: Path | None, once: bool, reload: str, **common: Any) -> None:
    """Keep nginx's configuration as the nodes are; every change is a reload, and old workers keep their connections.

    \b
      hubbub edge nginx --out /etc/nginx/nginx.conf --reload 'nginx -s reload'
      hubbub edge nginx --once > nginx.conf
    """
    from hubbub.server.edge.nginx import NginxOptions
    from hubbub.server.edge.running import drive_nginx, nginx_text

    if once == (out is not None):
        raise click.UsageError("say one of --once and --out")
    if out is not None and not reload:
        raise click.UsageError("--out needs --reload COMMAND")
    with _Sentences():
        settings = _settings(common)
        options = NginxOptions(**_addresses(common), **_tls(common), connections=connections, pid_file=pid_file)
        if out is None:
            click.echo(nginx_text(settings, options), nl=False)
        else:
            drive_nginx(settings, options, out, reload)


class _Sentences:
    """Turns what may go wrong outside the program into one sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> None:
        from hubbub.base.settings import SettingsError
        from hubbub.server.edge.keeper import RegistryAway
        from hubbub.server.edge.process import CannotRun

        if isinstance(problem, RegistryAway):
            raise click.ClickException(f"the nodes cannot be read: {problem}") from None
        if isinstance(problem, (SettingsError, CannotRun, ValueError)):
            raise click.ClickException(str(problem)) from None


def _settings(common: dict[str, Any]) -> EdgeSettings:
    from msgspec.structs import replace

    from hubbub.server.edge.running import EdgeSettings
    from hubbub.server.settings import read_settings

    flags = {"database": common["database"], "bus": common["bus"]}
    if common["servers"] and any(flags.values()):
        raise click.UsageError("--server is instead of --database and --bus")
    settings = EdgeSettings(server=read_settings(file=common["config"], flags=flags), folder=common["folder"])
    if common["servers"]:
        return replace(settings, servers=common["servers"], login=_login(common["profile"]))
    if not settings.server.database:
        raise click.UsageError(
            "say where the cluster's database is (--database URL, or HUBBUB_DATABASE), or which web node to ask"
            " (--server URL)"
        )
    return settings


def _login(profile: str) -> Login:
    from hubbub.cli.profile import NotLoggedIn, ProfileFile, ProfileLogin

    file = ProfileFile(profile)
    try:
        file.load()
    except NotLoggedIn as missing:
        raise click.ClickException(str(missing)) from None
    return ProfileLogin(file, "brief")


def _addresses(common: dict[str, Any]) -> dict[str, Any]:
    from hubbub.server.settings import Address

    found: dict[str, Address | None] = {}
    for name in ("listen", "listen_tcp", "redirect"):
        found[name] = Address.parse(common[name], setting=name) if common[name] else None
        if (address := found[name]) is not None and address.port == 0:
            raise click.UsageError(f"--{name.replace('_', '-')}: an edge needs a port that others can know")
    if found["redirect"] is not None and not common["cert"]:
        raise click.UsageError("--redirect sends people to HTTPS, which needs --cert")
    return found


def _tls(common: dict[str, Any]) -> dict[str, Any]:
    if not _TIME.fullmatch(common["stop_after"]):
        raise click.UsageError("--stop-after is a number with s, m, h or d")
    certificate = str(Path(common["cert"]).resolve()) if common["cert"] else ""
    return {"certificate": certificate, "streams_tls": common["tcp_tls"], "stop_after": common["stop_after"]}
