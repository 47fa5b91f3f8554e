"""Frames on a socket, written from `spec/protocol.md` alone: two transports, no library.

Both wires carry the same frames as dictionaries with the names of the JSON dialect.  Over TCP they are protobuf,
written and read field by field from the small part of the schema below; over WebSocket they are JSON text.  Nothing of
Hubbub is imported here: if this file works, the document is enough.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
from typing import Any

Frame = dict[str, Any]

# message -> JSON name -> (field number, type); "*" marks a list.  Only what a plain chat client needs.
SCHEMA: dict[str, dict[str, tuple[int, str]]] = {
    "ClientFrame": {
        "id": (1, "int"),
        "hello": (2, "Hello"),
        "ping": (3, "Ping"),
        "pong": (4, "Pong"),
        "logout": (6, "Empty"),
        "submit": (10, "Submit"),
        "createConversation": (11, "CreateConversation"),
        "openDirect": (12, "OpenDirect"),
        "setMark": (15, "SetMark"),
        "getEntries": (30, "GetEntries"),
        "getHistory": (31, "GetHistory"),
        "getUserState": (34, "GetUserState"),
        "getServerInfo": (39, "Empty"),
        "getConversation": (42, "GetConversation"),
        # A frame that nobody knows, to see what a server makes of it.
        "teleport": (99, "Empty"),
    },
    "Hello": {
        "protocol": (1, "int"),
        "token": (2, "str"),
        "client": (3, "str"),
        "heartbeatMs": (4, "int"),
        "resume": (5, "Resume"),
    },
    "Resume": {"epoch": (1, "str"), "userVersion": (2, "int"), "have": (3, "*Head")},
    "Head": {"conversationId": (1, "str"), "seq": (2, "int")},
    "Ping": {"data": (1, "bytes")},
    "Pong": {"data": (1, "bytes"), "serverTimeMs": (2, "int")},
    "Empty": {},
    "Submit": {
        "conversationId": (1, "str"),
        "clientId": (2, "str"),
        "after": (3, "str"),
        "message": (11, "Message"),
        "edit": (12, "Edit"),
        "recall": (13, "Recall"),
        "reaction": (14, "Reaction"),
    },
    "Message": {
        "body": (1, "Body"),
        "replyToSeq": (2, "int"),
        "threadSeq": (3, "int"),
        "alsoInConversation": (4, "bool"),
        "mentions": (5, "*str"),
        "mentionAll": (6, "bool"),
        "withdrawn": (7, "bool"),
    },
    "Body": {"text": (1, "Text"), "fallback": (15, "str")},
    "Text": {"text": (1, "str")},
    "Edit": {
        "targetSeq": (1, "int"),
        "body": (2, "Body"),
        "mentions": (3, "*str"),
        "mentionAll": (4, "bool"),
        "withdrawn": (5, "bool"),
        "previousMentions": (6, "*str"),
        "previousMentionAll": (7, "bool"),
        "targetSenderId": (8, "str"),
    },
    "Recall": {
        "targetSeq": (1, "int"),
        "targetSenderId": (2, "str"),
        "targetCounts": (3, "bool"),
        "targetMentions": (4, "*str"),
        "targetMentionAll": (5, "bool"),
    },
    "Reaction": {"targetSeq": (1, "int"), "emoji": (2, "str"), "set": (3, "bool")},
    "CreateConversation": {"clientId": (1, "str"), "kind": (2, "int"), "title": (3, "str"), "userIds": (5, "*str")},
    "OpenDirect": {"userId": (1, "str")},
    "SetMark": {"conversationId": (1, "str"), "readSeq": (2, "int"), "deliveredSeq": (3, "int")},
    "GetEntries": {"conversationId": (1, "str"), "afterSeq": (2, "int"), "limit": (3, "int")},
    "GetHistory": {"conversationId": (1, "str"), "beforeSeq": (2, "int"), "limit": (5, "int")},
    "GetUserState": {"sinceVersion": (1, "int")},
    "GetConversation": {"conversationId": (1, "str")},
    "ServerFrame": {
        "replyTo": (1, "int"),
        "welcome": (2, "Welcome"),
        "ping": (3, "Ping"),
        "pong": (4, "Pong"),
        "error": (5, "Error"),
        "done": (6, "Empty"),
        "reset": (8, "Reset"),
        "ready": (9, "Empty"),
        "submitted": (10, "Submitted"),
        "conversation": (11, "ConversationState"),
        "entryPage": (30, "EntryPage"),
        "historyPage": (31, "HistoryPage"),
        "userState": (34, "UserState"),
        "serverInfo": (37, "ServerInfo"),
        "entries": (50, "EntryPage"),
        "userChanged": (51, "UserState"),
        "heads": (55, "Heads"),
        "resync": (56, "Empty"),
    },
    "Welcome": {
        "userId": (1, "str"),
        "sessionId": (3, "str"),
        "epoch": (5, "str"),
        "userVersion": (6, "int"),
        "heartbeatMs": (8, "int"),
    },
    "Error": {"code": (1, "str"), "message": (2, "str"), "retry": (3, "bool"), "retryAfterMs": (4, "int")},
    "Reset": {"epoch": (1, "str"), "reason": (2, "str")},
    "Submitted": {
        "status": (1, "SubmitStatus"),
        "conversationId": (2, "str"),
        "clientId": (3, "str"),
        "seq": (4, "int"),
        "timeMs": (5, "int"),
        "error": (6, "Error"),
        "repeated": (7, "bool"),
    },
    "EntryPage": {
        "conversationId": (1, "str"),
        "fromSeq": (2, "int"),
        "toSeq": (3, "int"),
        "asOf": (4, "int"),
        "entries": (5, "*Entry"),
        "reset": (6, "bool"),
    },
    "Entry": {
        "conversationId": (1, "str"),
        "seq": (2, "int"),
        "timeMs": (3, "int"),
        "senderId": (4, "str"),
        "clientId": (5, "str"),
        "message": (11, "Message"),
        "edit": (12, "Edit"),
        "recall": (13, "Recall"),
        "reaction": (14, "Reaction"),
    },
    "HistoryPage": {
        "conversationId": (1, "str"),
        "fromSeq": (2, "int"),
        "toSeq": (3, "int"),
        "asOf": (4, "int"),
        "items": (5, "*HistoryItem"),
    },
    "HistoryItem": {"message": (1, "MessageState"), "entry": (2, "Entry")},
    "MessageState": {
        "seq": (1, "int"),
        "senderId": (3, "str"),
        "message": (5, "Message"),
        "recalled": (6, "bool"),
        "edits": (7, "int"),
    },
    "UserState": {
        "sinceVersion": (1, "int"),
        "version": (2, "int"),
        "conversations": (3, "*ConversationState"),
        "more": (4, "bool"),
    },
    "ConversationState": {
        "conversationId": (1, "str"),
        "title": (3, "str"),
        "peerId": (11, "str"),
        "asOf": (20, "int"),
        "readSeq": (33, "int"),
        "unread": (35, "int"),
        "mentions": (36, "int"),
        "version": (38, "int"),
    },
    "ServerInfo": {"name": (1, "str"), "version": (2, "str"), "epoch": (5, "str")},
    "Heads": {"heads": (1, "*Head")},
}
STATUS = {1: "SUBMIT_STATUS_ACCEPTED", 2: "SUBMIT_STATUS_REJECTED", 3: "SUBMIT_STATUS_UNKNOWN"}


class Gone(Exception):
    """The server ended the connection; `code` is a WebSocket's close code, 0 where there is none."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(f"the connection ended ({code})")
        self.code = code


# ---------------------------------------------------------------- protobuf


def varint(value: int) -> bytes:
    """Write seven bits per byte, the least significant first (3.4)."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def encode(message: str, values: Frame) -> bytes:
    """Return a message as protobuf."""
    out = b""
    for name, value in values.items():
        number, kind = SCHEMA[message][name]
        for item in value if kind.startswith("*") else [value]:
            plain = kind.lstrip("*")
            if plain in ("int", "bool"):
                out += varint(number << 3) + varint(int(item))
                continue
            if plain == "str":
                item = item.encode()
            elif plain == "bytes":
                item = base64.b64decode(item)
            else:
                item = encode(plain, item)
            out += varint(number << 3 | 2) + varint(len(item)) + item
    return out


def decode(message: str, data: bytes) -> Frame:
    """Return what is known of a protobuf message; the rest is ignored (19.2)."""
    known = {number: (name, kind) for name, (number, kind) in SCHEMA[message].items()}
    values: Frame = {}
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value: Any
        if tag & 7 == 0:
            value, at = read_varint(data, at)
        elif tag & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise AssertionError(f"wire type {tag & 7} is not used by the schema")
        if tag >> 3 not in known:
            continue
        name, kind = known[tag >> 3]
        plain = kind.lstrip("*")
        if plain == "str":
            value = value.decode()
        elif plain == "bytes":
            value = base64.b64encode(value).decode()
        elif plain == "bool":
            value = bool(value)
        elif plain == "SubmitStatus":
            value = STATUS.get(value, "")
        elif plain != "int":
            value = decode(plain, value)
        if kind.startswith("*"):
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return values


# ---------------------------------------------------------------- transports


class _Wire:
    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the socket as they are."""
        self._socket.sendall(data)

    def drop(self) -> None:
        """End the connection without a word."""
        self._socket.close()

    def _take(self, size: int, timeout_s: float) -> bytes:
        self._socket.settimeout(timeout_s)
        while len(self._buffer) < size:
            try:
                more = self._socket.recv(65536)
            except ConnectionError:
                raise Gone from None
            if not more:
                raise Gone
            self._buffer += more
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


class TcpWire(_Wire):
    """Protobuf behind a varint length (3.4)."""

    def send(self, frame: Frame) -> None:
        data = encode("ClientFrame", frame)
        self.send_raw(varint(len(data)) + data)

    def receive(self, timeout_s: float) -> Frame:
        """Return the next frame.  Raises TimeoutError before a frame began, and Gone."""
        size = shift = 0
        while True:
            byte = self._take(1, timeout_s)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        return decode("ServerFrame", self._take(size, 10))


class WebSocketWire(_Wire):
    """JSON text messages on a WebSocket (3.2, RFC 6455)."""

    def __init__(self, host: str, port: int, *, subprotocol: str = "hubbub.v1.json", origin: str = "") -> None:
        super().__init__(host, port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        if subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        if origin:
            lines.append(f"Origin: {origin}")
        self.send_raw("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._take(1, 10)
        status, *headers = head.decode().split("\r\n")
        self.status = int(status.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}
        if self.status == 101:
            digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            assert self.headers["sec-websocket-accept"] == base64.b64encode(digest).decode()

    def send(self, frame: Frame) -> None:
        self.send_message(1, json.dumps(frame).encode())

    def send_message(self, opcode: int, payload: bytes) -> None:
        """Send one masked message, as clients must."""
        mask = os.urandom(4)
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | opcode, 0x80 | size))
        elif size < 65536:
            head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
        masked = bytes(byte ^ mask[n & 3] for n, byte in enumerate(payload))
        self.send_raw(head + mask + masked)

    def receive(self, timeout_s: float) -> Frame:
        """Return the next frame.  Raises TimeoutError before a frame began, and Gone."""
        message = b""
        while True:
            first, size = self._take(2, timeout_s)
            assert size < 128, "a server must not mask"
            if size == 126:
                size = int.from_bytes(self._take(2, 10), "big")
            elif size == 127:
                size = int.from_bytes(self._take(8, 10), "big")
            payload = self._take(size, 10)
            opcode = first & 0x0F
            if opcode == 8:
                raise Gone(int.from_bytes(payload[:2], "big"))
            if opcode == 9:
                self.send_message(10, payload)
            elif opcode in (0, 1):
                message += payload
                if first & 0x80:
                    frame: Frame = json.loads(message)
                    return frame


Wire = TcpWire | WebSocketWire
