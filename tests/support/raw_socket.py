"""A WebSocket client that can misbehave: every byte is the test's own."""

from __future__ import annotations

import asyncio
import struct

from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, SUBPROTOCOL_BINARY

PATIENCE_S = 5.0
MASK = b"\x01\x02\x03\x04"


def upgrade_request(
    *,
    path: str = "/ws",
    subprotocol: str | None = SUBPROTOCOL_BINARY,
    connection: str = "Upgrade",
    headers: tuple[str, ...] = (),
) -> bytes:
    """Return the head of an upgrade request."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: example.test",
        "Upgrade: websocket",
        f"Connection: {connection}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """Return one client frame."""
    first = (0x80 if fin else 0) | rsv | opcode
    size = len(payload)
    bit = 0x80 if masked else 0
    if size < 126:
        head = bytes((first, bit | size))
    elif size < 65536:
        head = bytes((first, bit | 126)) + struct.pack("!H", size)
    else:
        head = bytes((first, bit | 127)) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))


def hello(token: str, *, frame_id: int = 1) -> bytes:
    """Return a hello as a WebSocket message."""
    return frame(2, BINARY.encode(pb.ClientFrame(id=frame_id, hello=pb.Hello(protocol=1, token=token))))


class RawSocket:
    """One TCP connection to the HTTP port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> RawSocket:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def upgraded(cls, port: int) -> RawSocket:
        """Return a connection that is a WebSocket already."""
        raw = await cls.connect(port)
        raw.writer.write(upgrade_request())
        status, _, _ = await raw.head()
        assert status == 101
        return raw

    async def head(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an HTTP answer."""
        text = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)).decode()
        lines = text.split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = b""
        if "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(lines[0].split()[1]), headers, body

    async def frame(self) -> tuple[int, bytes]:
        """Return (opcode, payload) of the next server frame."""
        async with asyncio.timeout(PATIENCE_S):
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            assert not second & 0x80, "a server masks nothing"
            return first & 0x0F, await self.reader.readexactly(size)

    async def until(self, kind: str) -> pb.ServerFrame:
        """Return the next server frame of a kind."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 2:
                frame, name = BINARY.decode_server(payload)
                if name == kind:
                    return frame

    async def close_code(self) -> tuple[int, str]:
        """Return what the close frame says, reading whatever comes before."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                return int.from_bytes(payload[:2]), payload[2:].decode()

    async def enter(self, token: str) -> None:
        self.writer.write(hello(token))
        await self.until("ready")

    async def ended(self) -> bool:
        """Whether the server closes the connection, reading to its end."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.reader.read(65536):
                pass
        return True

    async def leave(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)
