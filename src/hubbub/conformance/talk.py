"""One connection of a check: requests with their answers, and the pushes that came meanwhile.

It applies no rule of the protocol but two that nothing could be checked without: answers are found by `reply_to`, and
the server's pings are answered.  Everything is read in the check's own task; what was not asked for is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from hubbub.base.ids import new_id
from hubbub.conformance.check import Broken, broken, equal
from hubbub.conformance.wires import End, Kind, Wire
from hubbub.wire import hubbub_pb2 as pb

ANSWER_S: Final = 8.0
"""How long an answer, a push or an end may take."""

ACCEPTED: Final = pb.SUBMIT_STATUS_ACCEPTED
REJECTED: Final = pb.SUBMIT_STATUS_REJECTED


class Talk:
    """Speaks over one wire."""

    def __init__(self, wire: Wire, kind: Kind) -> None:
        self.wire = wire
        self.kind = kind
        self.welcome = pb.Welcome()
        self.frames: list[pb.ServerFrame] = []
        """Received and not yet looked for, in their order."""
        self.end: End | None = None
        self.answers_pings = True
        self._last_id = 0

    # ------------------------------------------------------------ out

    async def send(self, *, frame_id: int | None = None, **body: Any) -> int:
        """Send one frame, whose body the keyword names; return its id."""
        if frame_id is None:
            self._last_id += 1
            frame_id = self._last_id
        data = self.kind.codec.encode(pb.ClientFrame(id=frame_id, **body))
        await self.wire.send(data.decode() if self.kind is Kind.JSON else data)
        return frame_id

    async def ask(self, **body: Any) -> pb.ServerFrame:
        """Send a request and return its answer, whatever that is."""
        return await self.answer(await self.send(**body))

    async def asks(self, wanted: str, **body: Any) -> Any:
        """Send a request and return the body of its answer, which must be `wanted`."""
        frame = await self.ask(**body)
        kind = frame.WhichOneof("body")
        if kind != wanted:
            said = f"{kind} {frame.error.code}" if kind == "error" else str(kind)
            broken(f"{next(iter(body))} was answered by {said}, not by {wanted}")
        return getattr(frame, wanted)

    async def refused(self, code: str, **body: Any) -> pb.Error:
        """Send a request that must be refused with this code."""
        error: pb.Error = await self.asks("error", **body)
        equal(f"the error of {next(iter(body))}", error.code, code)
        return error

    async def hello(self, token: str, *, protocol: int = 1, **more: Any) -> pb.ServerFrame:
        """Send a hello and return its answer."""
        return await self.ask(hello=pb.Hello(protocol=protocol, token=token, client="conformance", **more))

    async def enters(self, token: str, **more: Any) -> None:
        """Say hello and wait until the session is ready."""
        frame = await self.hello(token, **more)
        if frame.WhichOneof("body") != "welcome":
            broken(f"hello was answered by {frame.WhichOneof('body')} {frame.error.code}")
        self.welcome = frame.welcome
        await self.push("ready")

    # ------------------------------------------------------------ commands

    async def submits(self, room: str, client_id: str = "", after: str = "", **action: Any) -> pb.Submitted:
        """Submit an action and return the answer."""
        submit = pb.Submit(conversation_id=room, client_id=client_id or new_id(), after=after, **action)
        answer: pb.Submitted = await self.asks("submitted", submit=submit)
        return answer

    async def says(self, room: str, said: str, **more: Any) -> pb.Submitted:
        """Submit a text, which must be accepted."""
        return accepted(await self.submits(room, message=text(said), **more))

    async def group(self, *others: str, title: str = "conformance", history: bool = True) -> str:
        """Make a group with these people and return its id."""
        wish = pb.CreateConversation(
            client_id=new_id(),
            kind=pb.CONVERSATION_KIND_GROUP,
            title=title,
            user_ids=others,
            history_for_newcomers=history,
        )
        return str((await self.asks("conversation", create_conversation=wish)).conversation_id)

    async def log(self, room: str, after: int = 0) -> list[pb.Entry]:
        """Return every entry of a conversation above `after`, page after page."""
        entries: list[pb.Entry] = []
        while True:
            page = await self.asks("entry_page", get_entries=pb.GetEntries(conversation_id=room, after_seq=after))
            entries += page.entries
            if page.to_seq >= page.as_of or page.to_seq <= after:
                return entries
            after = page.to_seq

    # ------------------------------------------------------------ in

    async def answer(self, frame_id: int) -> pb.ServerFrame:
        """Return the answer to a request."""
        return await self._find(f"an answer to request {frame_id}", lambda frame: frame.reply_to == frame_id)

    async def push(self, kind: str, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the body of the first push of a kind that is wanted."""

        def fits(frame: pb.ServerFrame) -> bool:
            return not frame.reply_to and frame.WhichOneof("body") == kind and wanted(getattr(frame, kind))

        return getattr(await self._find(f"a push of {kind}", fits), kind)

    async def ends(self) -> tuple[str, End]:
        """Wait for the end; return the code of the error that was said before, and the end."""
        said = ""
        try:
            async with asyncio.timeout(ANSWER_S):
                while self.end is None:
                    await self._read()
        except TimeoutError:
            raise Broken(f"the connection did not end within {ANSWER_S:g} s") from None
        for frame in self.frames:
            if frame.WhichOneof("body") == "error":
                said = frame.error.code
        return said, self.end

    async def quiet(self, wanted: Callable[[pb.ServerFrame], bool], seconds: float) -> bool:
        """Whether nothing that is wanted comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                while not any(map(wanted, self.frames)):
                    if self.end is not None:
                        return True
                    await self._read()
        except TimeoutError:
            return True
        return False

    async def _find(self, what: str, wanted: Callable[[pb.ServerFrame], bool]) -> pb.ServerFrame:
        place = 0
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    while place < len(self.frames):
                        if wanted(self.frames[place]):
                            return self.frames.pop(place)
                        place += 1
                    if self.end is not None:
                        said = [frame.error.code for frame in self.frames if frame.WhichOneof("body") == "error"]
                        broken(f"the connection ended ({self.end.code} {self.end.reason} {said}) without {what}")
                    await self._read()
        except TimeoutError:
            raise Broken(f"{what} did not come within {ANSWER_S:g} s") from None

    async def _read(self) -> None:
        data = await self.wire.receive()
        if isinstance(data, End):
            self.end = data
            return
        frame, kind = self.kind.codec.decode_server(data)
        if kind == "ping" and self.answers_pings:
            await self.send(frame_id=0, pong=pb.Pong(data=frame.ping.data))
        self.frames.append(frame)


def text(said: str) -> pb.Message:
    """Return a message that says this."""
    return pb.Message(body=pb.Body(text=pb.Text(text=said)))


def accepted(submitted: pb.Submitted) -> pb.Submitted:
    """Return an answer that must be ACCEPTED."""
    if submitted.status != ACCEPTED:
        broken(f"a submit was answered by {pb.SubmitStatus.Name(submitted.status)} {submitted.error.code}")
    return submitted


def rejected(submitted: pb.Submitted, code: str) -> pb.Submitted:
    """Return an answer that must be REJECTED with this code."""
    equal("the status", pb.SubmitStatus.Name(submitted.status), pb.SubmitStatus.Name(REJECTED))
    equal("the error", submitted.error.code, code)
    return submitted
