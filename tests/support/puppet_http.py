"""The HTTP side of a server in the hands of a test: files, and what is pinned."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import msgspec
from support.puppet import PuppetServer

from hubbub.base.ids import new_id
from hubbub.client.http1 import Answer, Content, HttpTrouble


class PuppetHttp:
    """An `Exchange` with a puppet server."""

    def __init__(self, puppet: PuppetServer) -> None:
        self._puppet = puppet

    @asynccontextmanager
    async def call(self, method: str, path: str, headers: Mapping[str, str], content: Content) -> AsyncIterator[Answer]:
        if not self._puppet.up:
            raise HttpTrouble("nobody listens")
        path, _, query = path.partition("?")
        status, body = 200, b""
        if method == "POST" and path == "/api/v1/files":
            body = msgspec.json.encode(self._take_file(parse_qs(query)["name"][0], await _whole(content)))
        elif found := re.fullmatch(r"/api/v1/files/(\w+)/content", path):
            body = self._puppet.files[found[1]][1]
        elif found := re.fullmatch(r"/api/v1/conversations/(\w+)/pins", path):
            body = msgspec.json.encode({"messages": self._pins(found[1]), "next_cursor": ""})
        else:
            status, body = 404, msgspec.json.encode({"code": "not_found", "title": "There is nothing here."})

        async def pieces() -> AsyncIterator[bytes]:
            yield body

        yield Answer(status, {}, pieces())

    async def close(self) -> None:
        return

    def _take_file(self, name: str, content: bytes) -> dict[str, Any]:
        file_id = new_id()
        self._puppet.files[file_id] = (name, content)
        more = {"type": "text/plain", "width": 0, "height": 0, "preview": False}
        return {"file_id": file_id, "name": name, "size_bytes": len(content), **more}

    def _pins(self, room_id: str) -> list[dict[str, Any]]:
        pinned = [state for state in self._puppet.rooms[room_id].states.values() if state.pinned]
        return [
            {
                "type": "message",
                "conversation_id": room_id,
                "seq": state.seq,
                "time_ms": state.time_ms,
                "sender_id": state.sender_id,
                "client_id": state.client_id,
                "body": {"text": state.message.body.text.text},
                "reply_to_seq": 0,
                "forwarded": None,
                "pinned": True,
                "reactions": [{"emoji": one.emoji, "count": one.count, "user_ids": []} for one in state.reactions],
            }
            for state in sorted(pinned, key=lambda state: -state.seq)
        ]


async def _whole(content: Content) -> bytes:
    if content is None or isinstance(content, bytes):
        return content or b""
    return b"".join([piece async for piece in content])
