"""A bot that writes down everything that happens in its conversations, one JSON object a line.

    python examples/archive_bot.py http://127.0.0.1:8080 scribe archive.jsonl   # password in HUBBUB_PASSWORD

It begins with the first entry it may see and goes on where it stopped.  Each entry is in the file exactly once: the
file itself says how far it goes.  A line that was cut by a crash is taken off before the next one is written; what was
on disk already is recognised by its conversation and number, whatever the client's own memory says.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

import hubbub
from hubbub.client import Entry, EntryEvent, ResetEvent

GATHERED = 500
"""So many events are made durable together."""


class Archive:
    """A file of entries; it knows how far each conversation has got."""

    def __init__(self, path: Path) -> None:
        self._seen: dict[str, int] = {}
        self._file: BinaryIO = path.open("a+b")
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            entry = msgspec.json.decode(line, type=Entry)
            self._seen[entry.conversation_id] = entry.seq
            whole += len(line)
        self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)

    def write(self, entry: Entry) -> None:
        """Add an entry, unless it is there."""
        if entry.seq > self._seen.get(entry.conversation_id, 0):
            self._file.write(msgspec.json.encode(entry) + b"\n")
            self._seen[entry.conversation_id] = entry.seq

    def sync(self) -> None:
        """Return once everything is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self.sync()
        self._file.close()


async def run(server: str, username: str, password: str, path: Path, store: Path) -> None:
    archive = Archive(path)
    try:
        async with hubbub.connect(
            server, username=username, password=password, store=store, since="beginning", name="archive bot"
        ) as client:
            print(f"{username} writes {path}", flush=True)
            events = client.events(explicit=True)
            gathered = 0
            async for event in events:
                if isinstance(event, EntryEvent):
                    archive.write(event.entry)
                elif isinstance(event, ResetEvent):
                    # Numbers of the old log mean nothing in the new one; a hole must not be taken for a whole.
                    raise SystemExit(f"what is in the archive and what comes do not belong together: {event.reason}")
                gathered += 1
                if gathered >= GATHERED or not len(events):
                    # What is not on disk is not dealt with, and comes again after a crash.
                    await asyncio.to_thread(archive.sync)
                    events.done()
                    gathered = 0
        if client.error is not None and client.error.code != "closed":
            raise client.error
    finally:
        archive.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("server")
    parser.add_argument("username")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--store", type=Path, help="where to keep how far it has read; default: beside the archive")
    chosen = parser.parse_args()
    store = chosen.store or chosen.archive.with_suffix(".db")
    try:
        asyncio.run(run(chosen.server, chosen.username, os.environ["HUBBUB_PASSWORD"], chosen.archive, store))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
