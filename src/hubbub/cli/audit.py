"""`hubbub audit`: who did what, and whether anybody changed what is remembered of it."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from hubbub.auth.audit import ORIGIN, AuditEntry, Chain, Fault, Head
from hubbub.cli.named import Named
from hubbub.cli.pages import pages
from hubbub.cli.run import Ask, Context, Exit, common
from hubbub.cli.show import clock_time, line
from hubbub.client import HubbubError

_PATH = "/api/v1/audit"
_PAGE = "200"


@click.group("audit")
def command() -> None:
    """The audit log: who did what to whom, when and from where."""


@command.command("list")
@click.option("--act", default="", help="Only this, such as account.banned, or its kind, such as account.")
@click.option("--by", "who", default="", metavar="USERNAME", help="Only what this person did.")
@click.option("--target", default="", metavar="ID", help="Only what was done to this person or thing.")
@click.option("--oldest", is_flag=True, help="Begin with the oldest entry.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="How many at most.")
@common
async def list_(context: Context, act: str, who: str, target: str, oldest: bool, limit: int) -> None:
    """Print entries, the newest first."""
    async with context.api() as ask:
        names = Named(ask)
        asked = {"act": act, "target": target, "order": "oldest" if oldest else "newest"}
        if who:
            asked["by"] = await names.id_of(who)
        async for page in pages(ask, _PATH, "entries", limit, asked=asked):
            await names.learn(one["user_id"] for one in page["entries"])
            await names.learn(one["target"] for one in page["entries"])
            for entry in page["entries"]:
                context.show(entry, _shown(entry, names))


@command.command("verify")
@click.option(
    "--since", default="", metavar="SEQ:HASH", help="Begin behind an entry that was found good before, as it was said."
)
@click.option(
    "--expect", default="", metavar="SEQ:HASH", help="An entry that was the newest once and must still be there."
)
@common
async def verify(context: Context, since: str, expect: str) -> None:
    """Walk the whole log and name the first entry that was changed, removed or added.

    The end is said as SEQ:HASH. Keep it elsewhere and give it as --expect the next time: then not even who can write
    to the database can write the log anew.
    """
    begin, wanted = _place(since) or ORIGIN, _place(expect)
    chain, fault = Chain(begin), None
    async with context.api() as ask:
        cursor = str(begin.seq) if since else ""
        while fault is None:
            params = {"order": "oldest", "limit": _PAGE, "cursor": cursor}
            page = await ask("GET", _PATH, params=params)
            for one in page["entries"]:
                fault = chain.follow(_entry(one)) or _unexpected(wanted, one)
                if fault is not None:
                    break
            cursor = page["next_cursor"]
            if not cursor:
                break
        if fault is None:
            # What was written since the last page was read is in the head and was not walked.
            head = await _settled(ask, chain)
            fault = chain.end(head)
        if fault is None and wanted is not None and wanted.seq > chain.last.seq:
            fault = Fault(wanted.seq, "removed", f"Entry {wanted.seq} is missing.")
    last = chain.last
    if fault is not None:
        found = {"ok": False, "seq": fault.seq, "what": fault.what, "good": last.seq}
        context.show(found, f"{fault.what} at entry {fault.seq}: {fault.sentence}")
        sys.exit(Exit.FAILED)
    end = f"{last.seq}:{last.hash.hex()}"
    context.show({"ok": True, "seq": last.seq, "hash": last.hash.hex()}, f"good up to {end}")


async def _settled(ask: Ask, chain: Chain) -> Head:
    """Follow what was written meanwhile and return the newest entry."""
    for _ in range(20):
        page = await ask("GET", _PATH, params={"order": "oldest", "limit": _PAGE, "cursor": str(chain.last.seq)})
        head = Head(page["head"]["seq"], 0, bytes.fromhex(page["head"]["hash"]))
        if not page["entries"]:
            return head
        for one in page["entries"]:
            if chain.follow(_entry(one)) is not None:
                return head
    return head


def _unexpected(wanted: Head | None, entry: dict[str, Any]) -> Fault | None:
    if wanted is None or entry["seq"] != wanted.seq or entry["hash"] == wanted.hash.hex():
        return None
    return Fault(wanted.seq, "changed", f"Entry {wanted.seq} is another one than it was when it was the newest.")


def _place(text: str) -> Head | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,15}:[0-9a-f]{64}", text):
        raise click.UsageError("An entry is given as SEQ:HASH, as `hubbub audit verify` says it.")
    seq, _, digits = text.partition(":")
    return Head(int(seq), 0, bytes.fromhex(digits))


def _entry(one: dict[str, Any]) -> AuditEntry:
    try:
        return AuditEntry(**{**one, "previous": bytes.fromhex(one["previous"]), "hash": bytes.fromhex(one["hash"])})
    except (ValueError, TypeError):
        raise HubbubError("bad_request", "The server's answer is not an entry of an audit log.") from None


def _shown(entry: dict[str, Any], names: Named) -> str:
    who = names.of(entry["user_id"]) if entry["user_id"] else "-"
    whom = names.of(entry["target"]) if entry["target"] else ""
    detail = "" if entry["detail"] == "{}" else entry["detail"]
    parts = [str(entry["seq"]), clock_time(entry["time_ms"]), who, entry["act"], whom, entry["address"], detail]
    return line("  ".join(part for part in parts if part))
