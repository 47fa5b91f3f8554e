"""Asking a server where to connect, beside the loop that carries the load."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from urllib.parse import urlsplit

import msgspec

THREADS = 16
TIMEOUT_S = 10.0


class Door(msgspec.Struct):
    """Where to connect; without an address, why there is none."""

    node_id: str = ""
    websocket_url: str = ""
    why: str = ""
    wait_s: float = 0.0
    """How long the server asked to wait."""


Then = Callable[[Door], None]


class Doors:
    """Asks `POST /api/v1/connect` from a few threads; `turn` hands on what came."""

    def __init__(self, server: str) -> None:
        self._netloc = urlsplit(server).netloc
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="doors")
        self._own = threading.local()
        self._came: SimpleQueue[tuple[Then, Door]] = SimpleQueue()
        self.asking = 0
        """How many wait for an answer."""

    def ask(self, token: str, avoid: Sequence[str], then: Then) -> None:
        """Ask for a node; `then` is called in a later `turn`."""
        self.asking += 1
        self._threads.submit(self._ask, token, tuple(avoid), then)

    def turn(self) -> None:
        """Hand on the answers that came."""
        while not self._came.empty():
            then, door = self._came.get()
            self.asking -= 1
            then(door)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, token: str, avoid: tuple[str, ...], then: Then) -> None:
        try:
            door = self._answer(token, avoid)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self._own.connection = None
            door = Door(why=f"{type(problem).__name__}: {problem}")
        self._came.put((then, door))

    def _answer(self, token: str, avoid: tuple[str, ...]) -> Door:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = http.client.HTTPConnection(self._netloc, timeout=TIMEOUT_S)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        try:
            connection.request("POST", "/api/v1/connect", json.dumps({"avoid": avoid}), headers)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # A kept connection may have been closed meanwhile: once more on a new one.
            connection.close()
            connection.request("POST", "/api/v1/connect", json.dumps({"avoid": avoid}), headers)
            answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            return msgspec.json.decode(body, type=Door)
        wait_s = float(answer.headers.get("retry-after") or 0)
        return Door(why=f"HTTP {answer.status}", wait_s=wait_s)
