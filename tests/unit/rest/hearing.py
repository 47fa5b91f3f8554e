"""A reader of a stream of events: it calls the application and takes what it sends, as fast as it likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from unit.rest.site import Person

PATIENCE_S = 10.0


class Heard(NamedTuple):
    """One event."""

    name: str
    cursor: str
    data: Any


class Hearing:
    """One open stream."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.alive = 0
        """Comments that came."""
        self.retry_ms = 0
        self.written = 0
        """How often the application wrote."""
        self.reads = asyncio.Event()
        """Cleared: the reader takes nothing, and whoever writes waits."""
        self.reads.set()
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()
        self._text = ""
        self._gone = asyncio.Event()

    async def receive(self) -> Any:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            return
        self.written += 1
        await self.reads.wait()
        self._text += message.get("body", b"").decode()
        *whole, self._text = self._text.split("\n\n")
        for text in whole:
            self._texts.put_nowait(text)
        if not message.get("more_body"):
            self._texts.put_nowait(None)

    def hang_up(self) -> None:
        self._gone.set()

    async def next(self, *names: str) -> Heard:
        """Return the next event; with names, the next of these, whatever comes before.

        Raises EOFError at the end of the stream.
        """
        async with asyncio.timeout(PATIENCE_S):
            while True:
                text = await self._texts.get()
                if text is None:
                    raise EOFError
                fields = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line)
                if "retry" in fields:
                    self.retry_ms = int(fields["retry"])
                if "event" not in fields:
                    self.alive += 1
                    continue
                if not names or fields["event"] in names:
                    return Heard(fields["event"], fields.get("id", ""), json.loads(fields["data"]))

    async def entries(self, most: int, conversation_id: str = "") -> tuple[list[dict[str, Any]], str]:
        """Return at least so many entries, as whole events, and the cursor after them."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while len(found) < most:
            event = await self.next("entries")
            if not conversation_id or event.data["conversation_id"] == conversation_id:
                found += event.data["entries"]
            cursor = event.cursor
        return found, cursor


@asynccontextmanager
async def listening(
    app: Any, person: Person, *, cursor: str = "", headers: Mapping[str, str] | None = None, method: str = "GET"
) -> AsyncIterator[Hearing]:
    """Keep a stream open while the block runs."""
    hearing = Hearing()
    all_headers = {"host": "hubbub.test", **person.headers, **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/api/v1/events",
        "raw_path": b"/api/v1/events",
        "query_string": urlencode({"cursor": cursor} if cursor else {}).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in all_headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("hubbub.test", 80),
        "extensions": {},
    }
    task = asyncio.create_task(app(scope, hearing.receive, hearing.send))
    try:
        yield hearing
    finally:
        hearing.reads.set()
        hearing.hang_up()
        async with asyncio.timeout(PATIENCE_S):
            await task
