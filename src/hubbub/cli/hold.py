"""`hubbub hold`: keep what people wrote though they may take it back, and read what is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hubbub.cli.evidence import Evidence
from hubbub.cli.named import Named
from hubbub.cli.pages import pages, rows
from hubbub.cli.run import Ask, Context, common
from hubbub.cli.show import clock_time, line
from hubbub.cli.until import moment

_PATH = "/api/v1/holds"
_person = click.option(
    "--person",
    "people",
    multiple=True,
    metavar="USERNAME",
    help="All that somebody can read in private and wrote in public; of who is deleted, the id.",
)
_conversation = click.option(
    "--conversation", "conversations", multiple=True, metavar="ID", help="All of a conversation."
)


@click.group("hold")
def command() -> None:
    """Legal holds: open and close them, and export what they hold. Nobody who is held is told."""


@command.command("open")
@click.argument("name")
@click.option("--reason", required=True, help="Why; it is in the audit log.")
@_person
@_conversation
@click.option("--from", "since", default="", metavar="TIME", help="Only what was written then or later.")
@click.option("--until", default="", metavar="TIME", help="Only what was written before.")
@common
async def open_(
    context: Context,
    name: str,
    reason: str,
    people: tuple[str, ...],
    conversations: tuple[str, ...],
    since: str,
    until: str,
) -> None:
    """Open a hold: from then on nothing it is over is lost."""
    body: dict[str, Any] = {"name": name, "reason": reason, "from_ms": moment(since), "until_ms": moment(until)}
    async with context.api() as ask:
        made = await ask("POST", _PATH, json={**body, **await _subjects(ask, people, conversations)})
    context.show(made, f"hold  {made['hold_id']}")


@command.command("list")
@click.option("--closed", is_flag=True, help="Those that are closed.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@common
async def list_(context: Context, closed: bool, limit: int) -> None:
    """Print holds, the oldest first."""
    async with context.api() as ask:
        async for hold in rows(ask, _PATH, "holds", limit, asked={"state": "closed" if closed else "open"}):
            context.show(hold, _shown(hold))


@command.command("show")
@click.argument("hold_id")
@common
async def show(context: Context, hold_id: str) -> None:
    """Print a hold and whom and what it is over."""
    async with context.api() as ask:
        found = await ask("GET", f"{_PATH}/{hold_id}")
        if context.as_json:
            context.show(found)
            return
        hold, names = found["hold"], Named(ask)
        await names.learn([hold["created_by"], hold["closed_by"]])
        said = [
            _shown(hold),
            f"    reason {line(hold['reason'])}",
            f"    opened by @{line(names.of(hold['created_by']))}",
        ]
        if hold["closed_ms"]:
            said.append(f"    closed by @{line(names.of(hold['closed_by']))} {clock_time(hold['closed_ms'])}")
        said += [f"    {one['kind']:<12} {one['subject_id']}  {line(one['name'])}" for one in found["subjects"]]
        context.show(found, "\n".join(said))


@command.command("add")
@click.argument("hold_id")
@_person
@_conversation
@common
async def add(context: Context, hold_id: str, people: tuple[str, ...], conversations: tuple[str, ...]) -> None:
    """Put more people or conversations under an open hold."""
    async with context.api() as ask:
        subjects = await _subjects(ask, people, conversations)
        hold = await ask("POST", f"{_PATH}/{hold_id}/subjects", json=subjects)
    context.show(hold, _shown(hold))


@command.command("remove")
@click.argument("hold_id")
@_person
@_conversation
@common
async def remove(context: Context, hold_id: str, people: tuple[str, ...], conversations: tuple[str, ...]) -> None:
    """Let people or conversations go."""
    async with context.api() as ask:
        subjects = await _subjects(ask, people, conversations)
        for id_ in (*subjects["user_ids"], *subjects["conversation_ids"]):
            hold = await ask("DELETE", f"{_PATH}/{hold_id}/subjects/{id_}")
            context.show(hold, _shown(hold))


@command.command("close")
@click.argument("hold_id")
@common
async def close(context: Context, hold_id: str) -> None:
    """End a hold for good: what only it kept is deleted."""
    async with context.api() as ask:
        hold = await ask("POST", f"{_PATH}/{hold_id}/close")
    context.show(hold, _shown(hold))


@command.command("export")
@click.argument("hold_id")
@click.option("--to", "where", type=click.Path(path_type=Path), default=None, help="A folder that is not there yet.")
@click.option(
    "--files/--no-files", default=True, show_default=True, help="With the bytes of files, or only what is said of them."
)
@common
async def export(context: Context, hold_id: str, where: Path | None, files: bool) -> None:
    """Write what a hold holds into a folder: other people's private chats, also what they took back.

    entries.jsonl has a conversation or an entry on each line; manifest.json says what the export is of and the digest
    of everything in it. `sha256sum -c SHA256SUMS` checks the folder. The manifest's own digest is in the audit log.
    """
    begun = f"{_PATH}/{hold_id}/exports"
    async with context.api() as ask:
        made = await ask("POST", begun)
        at = datetime.fromtimestamp(made["created_ms"] / 1000, UTC)
        evidence = Evidence(where or Path(f"hold-{hold_id[:8]}-{at:%Y%m%dT%H%M%SZ}"), made)
        path = f"{begun}/{made['export_id']}"
        with evidence:
            async for page in pages(ask, f"{path}/entries", "entries"):
                evidence.write(page)
        if files:
            async with context.pieces() as pieces:
                for file_id in evidence.wanted:
                    await evidence.keep(file_id, pieces(f"{path}/files/{file_id}"))
        done = evidence.close()
        await ask("POST", f"{path}/finish", json=done)
    context.show(
        {**done, "export_id": made["export_id"], "path": str(evidence.folder)},
        f"{done['entries']} entries, {done['files']} files  {evidence.folder}\nmanifest sha256 {done['sha256']}",
    )


async def _subjects(ask: Ask, people: tuple[str, ...], conversations: tuple[str, ...]) -> dict[str, list[str]]:
    """Return whom and what was named, by id."""
    if not people and not conversations:
        raise click.UsageError("Name somebody with --person or something with --conversation.")
    names = Named(ask)
    ids = [each if _is_id(each) else await names.id_of(each) for each in people]
    return {"user_ids": ids, "conversation_ids": list(conversations)}


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(character in "0123456789abcdef" for character in text)


def _shown(hold: dict[str, Any]) -> str:
    over = f"{hold['people']} people, {hold['conversations']} conversations"
    span = " ".join(
        f"{word} {clock_time(hold[key])}" for word, key in (("from", "from_ms"), ("until", "until_ms")) if hold[key]
    )
    state = "closed" if hold["closed_ms"] else "open"
    parts = [hold["hold_id"], state, line(hold["name"]), over, span, clock_time(hold["created_ms"])]
    return "  ".join(part for part in parts if part)
