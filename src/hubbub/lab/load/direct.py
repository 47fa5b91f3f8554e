"""`direct`: pairs of people who write to each other, everybody with a few messages in flight.

With a rate the load is open: a message is due at its time whatever became of the ones before, and its latency counts
from that time, so a server that stalls cannot hide it by slowing the load down.
"""

from __future__ import annotations

import time
from collections import deque

from hubbub.lab.checker import check, owed
from hubbub.lab.columns import ACCEPTED, REJECTED, UNKNOWN
from hubbub.lab.frames import text_digest
from hubbub.lab.histogram import Histogram
from hubbub.lab.history import History
from hubbub.lab.load.client import Client, Seat, enter, parse
from hubbub.lab.load.messages import Sender, stamp_of
from hubbub.lab.load.processes import Usage
from hubbub.lab.load.sockets import Loop, Lost
from hubbub.lab.load.task import Figures, Progress, Task
from hubbub.wire import hubbub_pb2 as pb

DRAIN_S = 10.0


class Tally:
    """What all clients of the run count together."""

    def __init__(self) -> None:
        self.ack = Histogram()
        self.delivery = Histogram()
        self.sent = self.answered = self.accepted = self.delivered = 0
        self.highest = 0
        """The highest number given to a message of ours."""
        self.acked_inside = self.delivered_inside = 0
        self.begins_ns = self.ends_ns = 0
        """The measured window: rates count what happened inside, latencies what was due inside."""

    def acked(self, now_ns: int, due_ns: int) -> None:
        self.accepted += 1
        if self.begins_ns <= now_ns < self.ends_ns:
            self.acked_inside += 1
        if self.begins_ns <= due_ns < self.ends_ns:
            self.ack.add(now_ns - due_ns)

    def arrived(self, now_ns: int, due_ns: int) -> None:
        self.delivered += 1
        if self.begins_ns <= now_ns < self.ends_ns:
            self.delivered_inside += 1
        if self.begins_ns <= due_ns < self.ends_ns:
            self.delivery.add(now_ns - due_ns)


class Talker(Client):
    """One person of a pair."""

    tally: Tally
    sender: Sender
    window = 0
    """Messages kept in flight; 0 when the rate decides."""
    talking = False

    def __init__(self, loop: Loop, history: History, seat: Seat, address: str, transport: str) -> None:
        super().__init__(loop, history, seat, address, transport)
        self._flying: dict[int, tuple[int, int]] = {}
        self._json = transport == "json"

    def say(self, due_ns: int) -> None:
        """Send one message that was due at `due_ns`."""
        request = self.next_id()
        if self._json:
            frame, row = self.sender.make_frame(request, due_ns)
            self.link.send_frame(frame)
        else:
            payload, row = self.sender.make(request, due_ns)
            self.link.send(payload)
        self._flying[request] = (row, due_ns)
        self.tally.sent += 1

    def payload(self, payload: bytes) -> None:
        frame = parse(payload, self.link.transport)
        if frame.HasField("entries"):
            self._entries(frame.entries)
        elif frame.reply_to not in self._flying:
            self.frame(frame)
        elif frame.HasField("submitted"):
            self._answer(frame.reply_to, frame.submitted)
        else:
            row, _ = self._flying.pop(frame.reply_to)
            self.recorder.observer.answered(row, REJECTED)
            self.tally.answered += 1
            raise Lost(f"a message was refused: {frame.error.code} {frame.error.message}")

    def _answer(self, request: int, said: pb.Submitted) -> None:
        row, due_ns = self._flying.pop(request)
        now = time.monotonic_ns()
        tally = self.tally
        tally.answered += 1
        if said.status == pb.SUBMIT_STATUS_ACCEPTED:
            self.recorder.observer.answered(row, ACCEPTED, said.seq, repeated=said.repeated)
            tally.acked(now, due_ns)
            tally.highest = max(tally.highest, said.seq)
        else:
            rejected = said.status == pb.SUBMIT_STATUS_REJECTED
            self.recorder.observer.answered(row, REJECTED if rejected else UNKNOWN)
        if self.talking and self.window:
            self.say(now)

    def _entries(self, page: pb.EntryPage) -> None:
        now = time.monotonic_ns()
        me, tally, saw = self.seat.user_id, self.tally, self.recorder.observer.saw
        for entry in page.entries:
            sender = entry.sender_id
            message = entry.message
            text = message.body.text.text
            if not text or message.mentions or message.thread_seq:
                self.recorder.entry(entry, pushed=True)
                continue
            saw(entry.conversation_id, entry.seq, sender, entry.client_id, text_digest(text), entry.time_ms)
            if sender != me:
                tally.arrived(now, stamp_of(text))


def run(task: Task, progress: Progress) -> Figures:
    """Run `direct`."""
    loop, history, tally = Loop(), History(), Tally()
    talkers = _enter(loop, history, tally, task, progress)
    usage = Usage(task.server_pid)
    seconds = _talk(loop, tally, talkers, task, progress)
    busy = usage.percent()
    loop.until(
        lambda: tally.answered == tally.sent and (tally.delivered >= tally.accepted or not owed(history)),
        DRAIN_S,
        "the last answers",
    )
    loop.run_for(0.2)
    progress(0.95, "checking")
    report = check(history)
    loop.close()
    return Figures(
        bench="direct",
        transport=task.transport,
        users=len(talkers),
        in_flight=None if task.rate else task.in_flight,
        payload_bytes=task.size,
        duration_s=round(seconds, 2),
        messages=tally.accepted,
        offered_per_s=task.rate or None,
        acked_per_s=round(tally.acked_inside / seconds, 1),
        delivered_per_s=round(tally.delivered_inside / seconds, 1),
        ack_ms=tally.ack.summary(),
        delivery_ms=tally.delivery.summary(),
        load_cpu_percent=busy.load,
        server_cpu_percent=busy.server,
        other_cpu_percent=busy.others,
    ).judged(report)


def _enter(loop: Loop, history: History, tally: Tally, task: Task, progress: Progress) -> list[Talker]:
    seats = task.seats[: len(task.seats) // 2 * 2]
    talkers: list[Talker] = []

    def make(loop: Loop, history: History, seat: Seat, address: str, transport: str) -> Talker:
        talker = Talker(loop, history, seat, address, transport)
        talker.tally = tally
        talkers.append(talker)
        return talker

    enter(
        loop,
        history,
        seats,
        task.address,
        task.transport,
        kind=make,
        progress=lambda done: progress(0.1 * done / len(seats), "connecting"),
    )
    for one, other in zip(talkers[::2], talkers[1::2], strict=True):
        opened = one.call(pb.ClientFrame(open_direct=pb.OpenDirect(user_id=other.seat.user_id)))
        name = opened.conversation.conversation_id
        history.watch([name])
        one.sender = Sender(one.recorder.observer, name, task.size)
        other.sender = Sender(other.recorder.observer, name, task.size)
    loop.run_for(0.3)
    return talkers


def _talk(loop: Loop, tally: Tally, talkers: list[Talker], task: Task, progress: Progress) -> float:
    """Keep everybody talking; return the length of the measured window in seconds."""
    start_ns = time.monotonic_ns()
    tally.begins_ns = start_ns + int(task.warm_up_s * 1e9)
    tally.ends_ns = tally.begins_ns + int(task.duration_s * 1e9)
    if not task.rate:
        for talker in talkers:
            talker.talking, talker.window = True, task.in_flight
            for _ in range(task.in_flight):
                talker.say(time.monotonic_ns())
    step_ns = int(1e9 / task.rate) if task.rate else 0
    due_ns, shown_ns = start_ns, 0
    turn = deque(talkers)
    while (now_ns := time.monotonic_ns()) < tally.ends_ns and not 0 < task.messages <= tally.sent:
        wait_s = 0.05
        if step_ns:
            # Message k is due at start + k / rate, whoever still waits.
            while due_ns <= now_ns and due_ns < tally.ends_ns:
                turn[0].say(due_ns)
                turn.rotate(-1)
                due_ns += step_ns
            wait_s = min(0.05, max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
        loop.turn(wait_s)
        if now_ns - shown_ns > 200_000_000:
            shown_ns = now_ns
            progress(0.1 + 0.8 * (now_ns - start_ns) / (tally.ends_ns - start_ns), "talking")
    tally.ends_ns = min(tally.ends_ns, time.monotonic_ns())
    for talker in talkers:
        talker.talking = False
    return max((tally.ends_ns - tally.begins_ns) / 1e9, 1e-3)
