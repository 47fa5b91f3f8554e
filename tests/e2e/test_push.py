"""A server calls a browser that is closed, over a push service that is pretended here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from support.house import PASSWORD, House
from support.push_service import PretendedBrowser, decode, signed_by

LONG_S = 30.0


class Service:
    """A push service on a port of its own."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.put_nowait((headers, body))
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        finally:
            writer.close()


async def test_a_browser_that_is_closed_is_called(tmp_path: Path) -> None:
    service = Service()
    listening = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    house = House(tmp_path, push_grace_s="0.2", push_poll_s="0.1", push_private_addresses="true")
    await house.opens()
    try:
        async with httpx.AsyncClient(base_url=house.http, timeout=LONG_S) as http:

            async def enters(name: str) -> dict[str, str]:
                await http.post("/api/v1/accounts", json={"username": name, "password": PASSWORD})
                form = {"grant_type": "password", "username": name, "password": PASSWORD}
                tokens = (await http.post("/oauth/token", data=form)).json()
                return {"authorization": f"Bearer {tokens['access_token']}", "user": tokens["user_id"]}

            async def asks(who: dict[str, str], method: str, path: str, body: Any = None) -> Any:
                answer = await http.request(
                    method, f"/api/v1{path}", json=body, headers={"authorization": who["authorization"]}
                )
                assert answer.is_success, answer.text
                return answer.json() if answer.content else None

            romeo, juliet = await enters("romeo"), await enters("juliet")
            browser = PretendedBrowser(f"http://127.0.0.1:{port}/v1/juliet")
            key = (await asks(juliet, "GET", "/me/push"))["public_key"]
            await asks(juliet, "PUT", "/me/push", {**browser.to_json(), "content": True})
            chat = await asks(romeo, "POST", "/conversations/direct", {"user_id": juliet["user"]})
            await asks(romeo, "POST", f"/conversations/{chat['conversation_id']}/messages", {"text": "Soft!"})
            headers, body = await asyncio.wait_for(service.got.get(), LONG_S)
            call = browser.decrypt(body)
            assert b'"text":"Soft!"' in call
            assert chat["conversation_id"].encode() in call
            claims, signer = signed_by(headers["authorization"])
            assert (signer, len(decode(key))) == (key, 65)
            assert claims["aud"] == f"http://127.0.0.1:{port}"
            assert headers["content-encoding"] == "aes128gcm"
    finally:
        assert await house.closes() == 0
        listening.close()
