"""A gateway without sockets, whose time passes only when it is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.gateways import House, until
from support.recorded_link import RecordedLink

from hubbub.base.clock import ManualClock
from hubbub.gateway.settings import GatewaySettings
from hubbub.wire import hubbub_pb2 as pb

INTERVAL_S = 10.0


class Quiet(House):
    """A gateway whose time passes only when it is told so, without sockets."""

    def __init__(self, clock: ManualClock, **settings: object) -> None:
        super().__init__(GatewaySettings(tick_s=0.25, **settings), clock)  # type: ignore[arg-type]
        self.hands = clock

    async def let_in(self, token: str) -> RecordedLink:
        """Return the link of a session that is ready and has heard nothing else."""
        link = await self.let_in_slowly(token)
        assert link.kinds() == ["welcome", "ready"]
        return link

    def resume(self, have: dict[str, int]) -> pb.Resume:
        """Return the resume of a client that holds this much of each conversation."""
        heads = [pb.Head(conversation_id=name, seq=seq) for name, seq in have.items()]
        return pb.Resume(epoch=self.chat.the_epoch, have=heads)

    async def let_in_slowly(self, token: str, resume: pb.Resume | None = None) -> RecordedLink:
        """Return the link of a session once it is ready, with whatever it heard."""
        link = RecordedLink(self.gateway)
        hello = pb.Hello(protocol=1, token=token, heartbeat_ms=int(INTERVAL_S * 1000), resume=resume)
        link.say(pb.ClientFrame(id=1, hello=hello))
        await until(lambda: any(frame.HasField("ready") for frame in link.frames))
        await settle()
        return link

    async def pass_s(self, seconds: float) -> None:
        """Let time pass, a quarter of a second after another."""
        for _ in range(int(seconds * 4)):
            self.hands.advance(0.25)
            self.gateway.tick()
            await asyncio.sleep(0)


async def settle() -> None:
    """Let everything that is ready run."""
    for _ in range(30):
        await asyncio.sleep(0)


@asynccontextmanager
async def a_quiet_house(**settings: object) -> AsyncIterator[Quiet]:
    house = Quiet(ManualClock(), **settings)
    await house.gateway.start()
    try:
        yield house
    finally:
        await house.gateway.stop()
