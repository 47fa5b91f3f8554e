"""One connected device of the load: it says hello, records every frame, and answers heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from google.protobuf import json_format

from hubbub.lab.frames import FrameRecorder
from hubbub.lab.history import History
from hubbub.lab.load.sockets import Link, Loop, Lost
from hubbub.wire import hubbub_pb2 as pb


class Seat(msgspec.Struct, frozen=True):
    """A person who may connect."""

    user_id: str
    username: str
    token: str


AGAIN_S = 0.5
"""When a page that could not be read is asked for again."""

Answer = Callable[[pb.ServerFrame], None]


class Client:
    """A seat with a connection."""

    def __init__(self, loop: Loop, history: History, seat: Seat, address: str, transport: str) -> None:
        self.seat = seat
        self.link = Link(loop, address, transport)
        self.link.on_payload = self.payload
        self.link.on_lost = self._lost
        self.recorder = FrameRecorder(history, seat.user_id)
        self.ready = False
        self.hello_ns = 0
        self.ready_ns = 0
        self.user_version = 0
        self.epoch = ""
        self.states: dict[str, pb.ConversationState] = {}
        """The conversations it was told of on this connection, as they stood then."""
        self._loop = loop
        self._ids = 0
        self._waiting: dict[int, Answer] = {}
        self._catching: set[str] = set()
        self._pushed: dict[str, int] = {}
        self.caught_up = 0
        """How often it had to ask for what pushes had left out."""

    def hello(self, resume: pb.Resume | None = None) -> None:
        """Log in on the socket; `ready` follows."""
        hello = pb.Hello(protocol=1, token=self.seat.token, client="hubbub bench", resume=resume)
        self.hello_ns = time.monotonic_ns()
        self.ask(pb.ClientFrame(hello=hello), lambda answer: None)

    def ask(self, frame: pb.ClientFrame, then: Answer) -> None:
        """Send a request; `then` gets its answer."""
        self._ids += 1
        frame.id = self._ids
        self._waiting[frame.id] = then
        self.recorder.sent(frame)
        self.link.send_frame(frame)

    def call(self, frame: pb.ClientFrame, timeout_s: float = 30) -> pb.ServerFrame:
        """Send a request and turn the loop until its answer; raises Lost when it is an error."""
        answers: list[pb.ServerFrame] = []
        self.ask(frame, answers.append)
        self._loop.until(lambda: bool(answers or self.link.closed), timeout_s, "an answer")
        if not answers:
            raise Lost(self.link.closed)
        if answers[0].HasField("error"):
            raise Lost(f"{frame.WhichOneof('body')}: {answers[0].error.code} {answers[0].error.message}")
        return answers[0]

    def list_conversations(self) -> dict[str, pb.ConversationState]:
        """Read all of one's conversations, as a client that holds nothing does after `ready`."""
        cursor = ""
        while True:
            asked = pb.ListConversations(cursor=cursor, limit=100)
            page = self.call(pb.ClientFrame(list_conversations=asked)).conversation_page
            self.states |= {state.conversation_id: state for state in page.conversations}
            cursor = page.next_cursor
            if not cursor:
                return self.states

    def next_id(self) -> int:
        """Return a request id for a frame that is built elsewhere."""
        self._ids += 1
        return self._ids

    def payload(self, payload: bytes) -> None:
        """One frame arrived."""
        self.frame(parse(payload, self.link.transport))

    def frame(self, frame: pb.ServerFrame) -> None:
        """One frame arrived and was decoded."""
        self.recorder.received(frame)
        kind = frame.WhichOneof("body")
        if kind == "ping":
            self.link.send_frame(pb.ClientFrame(pong=pb.Pong(data=frame.ping.data)))
        elif kind == "ready":
            self.ready = True
            self.ready_ns = time.monotonic_ns()
        elif kind == "welcome":
            self.epoch, self.user_version = frame.welcome.epoch, frame.welcome.user_version
        elif kind == "entries":
            self._pushes(frame.entries)
        elif kind == "heads":
            for head in frame.heads.heads:
                self.catch_up(head.conversation_id, head.seq)
        elif kind == "resync":
            # The heads that follow name the conversations; rows of this person may be missing as well.
            self.ask(
                pb.ClientFrame(get_user_state=pb.GetUserState(since_version=self.user_version)), lambda answer: None
            )
        elif kind == "user_changed" or kind == "user_state":
            state = frame.user_changed if kind == "user_changed" else frame.user_state
            self.user_version = max(self.user_version, state.version)
            for conversation in state.conversations:
                self.states[conversation.conversation_id] = conversation
        if frame.reply_to:
            then = self._waiting.pop(frame.reply_to, None)
            if then is not None:
                then(frame)
        if kind == "error" and not self.ready:
            raise Lost(f"{self.seat.username} was refused: {frame.error.code} {frame.error.message}")

    def has(self, conversation_id: str) -> int:
        """Return the number up to which nothing is missing here."""
        view = self.recorder.observer.view(conversation_id)
        complete = view.floor or 0
        for low, high in view.got():
            if low <= complete + 1:
                complete = max(complete, high)
        return complete

    def catch_up(self, conversation_id: str, head: int) -> None:
        """Ask for what is missing up to `head`; 0: whatever there is."""
        after = self.has(conversation_id)
        if (head and head <= after) or conversation_id in self._catching:
            return
        self._catching.add(conversation_id)
        self.caught_up += 1
        asked = pb.GetEntries(conversation_id=conversation_id, after_seq=after, limit=200)

        def page(answer: pb.ServerFrame) -> None:
            self._catching.discard(conversation_id)
            got = answer.entry_page
            if answer.HasField("error") and answer.error.retry:
                # A head is announced once: who does not ask again never hears of it.
                self._loop.later(AGAIN_S, lambda: self._ask_again(conversation_id, head))
            if answer.HasField("entry_page") and got.to_seq < max(got.as_of, head) and got.to_seq > after:
                self.catch_up(conversation_id, max(got.as_of, head))

        self.ask(pb.ClientFrame(get_entries=asked), page)

    def _ask_again(self, conversation_id: str, head: int) -> None:
        if not self.link.closed:
            self.catch_up(conversation_id, head)

    def _pushes(self, page: pb.EntryPage) -> None:
        """See whether a push leaves a gap before it: nobody announces what a later push lets one know."""
        name = page.conversation_id
        if page.from_seq > self._pushed.get(name, 0) + 1:
            view = self.recorder.observer.view(name)
            if view.floor is not None:
                self.catch_up(name, page.to_seq)
        self._pushed[name] = max(page.to_seq, self._pushed.get(name, 0))

    def _lost(self) -> None:
        self.recorder.closed()


def parse(payload: bytes, transport: str) -> pb.ServerFrame:
    """Decode one server frame."""
    if transport != "json":
        return pb.ServerFrame.FromString(payload)
    frame = pb.ServerFrame()
    json_format.Parse(payload, frame, ignore_unknown_fields=True)
    return frame


def enter(
    loop: Loop,
    history: History,
    seats: list[Seat],
    address: str,
    transport: str,
    *,
    at_once: int = 64,
    timeout_s: float = 60,
    progress: Callable[[int], None] = lambda done: None,
    kind: Callable[[Loop, History, Seat, str, str], Client] | None = None,
) -> list[Client]:
    """Connect everybody and wait until all are ready, `at_once` at a time."""
    clients: list[Client] = []
    make = kind or Client
    settled = 0

    def step() -> int:
        nonlocal settled
        while settled < len(clients) and clients[settled].ready:
            settled += 1
        return settled

    for seat in seats:
        client = make(loop, history, seat, address, transport)
        clients.append(client)
        client.hello()
        loop.turn(0)
        loop.until(lambda: len(clients) - step() < at_once, timeout_s, "connecting")
        progress(settled)
    loop.until(lambda: step() == len(seats), timeout_s, "connecting")
    progress(settled)
    return clients
