"""The `hubbub` command.  Each subcommand lives in a file of its own and is imported only when it is called."""

from __future__ import annotations

import importlib
from typing import Any

import click

COMMANDS: dict[str, str] = {
    "serve": "Run a server: everything in one process.",
    "setup": "Make the first admin of a fresh server.",
    "register": "Make an account.",
    "registration": "Invite people, and let them in (admins).",
    "login": "Log in and remember it.",
    "logout": "End this login.",
    "whoami": "Say who is logged in, and where.",
    "chat": "Talk, on the whole screen or line by line.",
    "send": "Send one message, with files or without.",
    "save": "Keep the files of a message on this machine.",
    "tail": "Print what is new, and what arrives.",
    "history": "Print what was said.",
    "search": "Find what was said.",
    "group": "Make groups and manage their members.",
    "invite": "Make links into groups, follow them, let in who asks.",
    "channel": "Find, join and leave public channels.",
    "users": "Find people; see who is online.",
    "user": "Look after everybody's accounts (admins).",
    "contact": "Ask, accept, name, group and block people.",
    "announce": "Tell everybody (admins).",
    "account": "One's e-mail address, a forgotten password, deleting one's account.",
    "session": "See and end one's logins.",
    "factor": "Set up a second step of signing in.",
    "client": "Register programs that get tokens here (admins).",
    "key": "See and renew the keys that sign tokens (admins).",
    "schedule": "Send a message later.",
    "remind": "Come back to a message later.",
    "nodes": "Show the nodes of the cluster (admins).",
    "drain": "Send a node's clients elsewhere and end it (admins).",
    "config": "See and change live configuration (admins).",
    "role": "Make roles of permissions and give them to people.",
    "ban": "Ban people from the server, for a time or for good (moderators).",
    "mute": "Keep people from saying anything, for a time or for good (moderators).",
    "report": "Report people and messages; see reports and resolve them.",
    "held": "See messages that word filters hold, and decide about them (moderators).",
    "retention": "Say for how long conversations keep their messages.",
    "hold": "Keep what people wrote for a court, and export it (legal holds).",
    "filter": "Refuse, mask or hold messages with certain words (moderators).",
    "emoji": "See the place's own emoji; add some and take them away (moderators).",
    "audit": "See who did what, and check that nobody changed it (admins).",
    "edge": "Put one public address in front of a cluster.",
    "db": "Check the database, bring its tables up to date, index it anew.",
    "grow": "Move the data of one machine into a cluster's database.",
    "conformance": "Check any server against the written protocol.",
    "bench": "Measure a server and check its promises.",
    "lab": "Run a whole cluster on this machine.",
}
"""Command, also the module below `hubbub.cli`, and what it does.  Listing the sentences here keeps `--help` fast."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        try:
            module = importlib.import_module(f"hubbub.cli.{cmd_name}")
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"`hubbub {cmd_name}` needs {error.name}, which is not installed: pip install 'hubbub[server,lab]'"
            ) from error
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hubbub", prog_name="hubbub")
def command() -> None:
    """Hubbub: instant messaging in which nothing acknowledged is lost, doubled or reordered."""


def main(args: list[str] | None = None, **options: Any) -> None:
    """Run the command line."""
    command.main(args=args, prog_name="hubbub", **options)


if __name__ == "__main__":
    main()
