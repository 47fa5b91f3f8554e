"""People who talk through the SDK, one message after another, with every raw frame recorded."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from hubbub.client.backoff import ExponentialBackoff
from hubbub.client.client import Client
from hubbub.client.connection import Direction
from hubbub.client.errors import HubbubError
from hubbub.lab.frames import FrameRecorder
from hubbub.lab.history import History
from hubbub.lab.load.client import Seat
from hubbub.wire import hubbub_pb2 as pb


class Voice:
    """One SDK client that sends and waits for the answer, again and again."""

    def __init__(self, server: str, history: History, seat: Seat) -> None:
        self.seat = seat
        self.acked_ns: list[int] = []
        self.errors: Counter[str] = Counter()
        """What the SDK raised for a send, by code."""
        self._recorder = FrameRecorder(history, seat.user_id)
        self.client = Client(
            server, token=seat.token, on_raw=self._tap, backoff=ExponentialBackoff(), send_timeout_s=60.0
        )

    def _tap(self, direction: Direction, data: bytes, _: int) -> None:
        if direction == "out":
            self._recorder.sent(pb.ClientFrame.FromString(data))
        else:
            self._recorder.received(pb.ServerFrame.FromString(data))

    async def talks(self, room: str, pause_s: float, until: asyncio.Event) -> None:
        """Send until told to stop."""
        number = 0
        while not until.is_set():
            number += 1
            try:
                await self.client.send(room, f"{number}")
            except HubbubError as error:
                self.errors[error.code] += 1
            else:
                self.acked_ns.append(time.monotonic_ns())
            await asyncio.sleep(pause_s)
