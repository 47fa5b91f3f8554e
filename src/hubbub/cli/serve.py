"""`hubbub serve`: run a server."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("serve")
@click.option("--data", metavar="DIR", help="The data folder (default: ./data).")
@click.option("--listen", metavar="HOST:PORT", help="HTTP and WebSocket (default: 127.0.0.1:8080).")
@click.option("--listen-tcp", metavar="HOST:PORT", help="Raw TCP (default: none).")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A TOML file of settings.")
@click.option("--public-url", metavar="URL", help="How people reach this server, if not as it listens.")
@click.option("--public-tcp", metavar="HOST:PORT", help="The same for raw TCP.")
def command(
    data: str | None,
    listen: str | None,
    listen_tcp: str | None,
    config: Path | None,
    public_url: str | None,
    public_tcp: str | None,
) -> None:
    """Run a server: everything in one process, with its data in one folder.

    Every setting is also a variable (HUBBUB_LISTEN, HUBBUB_GATEWAY_HEARTBEAT_S ...) and a key of the TOML file; flags
    win over variables, variables over the file.
    """
    from hubbub.base.settings import SettingsError
    from hubbub.server.ground import CannotServe
    from hubbub.server.lifecycle import run
    from hubbub.server.settings import read_settings

    flags = {
        "data": data,
        "listen": listen,
        "listen_tcp": listen_tcp,
        "public_url": public_url,
        "public_tcp": public_tcp,
    }
    try:
        run(read_settings(file=config, flags=flags))
    except (SettingsError, CannotServe) as error:
        raise click.ClickException(str(error)) from None
